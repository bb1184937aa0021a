package transform

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"
	"testing"

	"imgpipe/transform/internal/jpeg"
	"imgpipe/transform/internal/pixel"
)

// stripes draws a JPEG of w × h pixels with stripes as fine as period, in pixels, that lie across the direction of
// angle, in degrees: in its luma, or in its chroma alone.
func stripes(t testing.TB, w, h int, period, angle float64, colored bool) []byte {
	t.Helper()
	flat, p := make([]byte, w*h), make([]byte, w*h)
	sin, cos := math.Sincos(angle * math.Pi / 180)
	for y := range h {
		for x := range w {
			flat[y*w+x] = 128
			p[y*w+x] = uint8(math.Round(127 + 110*math.Sin(2*math.Pi*(float64(x)*cos+float64(y)*sin)/period)))
		}
	}
	planes := &pixel.Planes{Kind: pixel.Gray, Plane: [4]pixel.Plane{{Pix: p, Stride: w, W: w, H: h}}}
	if colored {
		planes.Kind = pixel.YCbCr
		planes.Plane[1] = planes.Plane[0]
		planes.Plane[0].Pix = flat
		planes.Plane[2] = planes.Plane[0]
	}
	data, err := new(jpeg.Encoder).Append(nil, planes, jpeg.EncodeOptions{Quality: 90})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// swing is how far apart the levels of m are, but for the outermost half per cent and a border of 4 pixels.
func swing(m image.Image, colored bool) int {
	var levels []int
	b := m.Bounds().Inset(4)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			c := color.YCbCrModel.Convert(m.At(x, y)).(color.YCbCr)
			if colored {
				c.Y = c.Cb
			}
			levels = append(levels, int(c.Y))
		}
	}
	slices.Sort(levels)
	n := float64(len(levels) - 1)
	return levels[int(math.Floor(0.995*n))] - levels[int(math.Ceil(0.005*n))]
}

// TestFineStripesLeaveNoBands looks at stripes of which nothing is left when all of the file is decoded: where less
// is, they must not come back as bands that were never there.
func TestFineStripesLeaveNoBands(t *testing.T) {
	if underRace {
		t.Skip("it looks at many pictures, one after the other")
	}
	const w, h = 640, 360
	widths := []int{213, 186, 160, 128, 107, 100, 87, 80, 72, 67, 53, 47, 40}
	sizes := ""
	for _, width := range widths {
		sizes += fmt.Sprintf("size=%dx;", width)
	}
	for _, colored := range []bool{false, true} {
		count, many, worst, where := 0, 0, 0, ""
		for _, angle := range []float64{0, 10, 45, 90} {
			for _, period := range []float64{2.5, 3.5, 4.5, 5, 5.5, 6.3, 8, 10} {
				data := stripes(t, w, h, period, angle, colored)
				whole := generally(t, Task{Data: data, Spec: mustSpec(t, sizes+"format=png")})
				for i, width := range widths {
					if swing(decoded(t, whole.Outputs[i].Data, PNG), colored) > 2 {
						continue
					}
					res := do(t, data, fmt.Sprintf("size=%dx;format=png", width))
					got := swing(decoded(t, res.Outputs[0].Data, PNG), colored)
					if count++; got > 8 {
						many++
					}
					if got > worst {
						worst, where = got, fmt.Sprintf("a period of %v, at %v degrees, to %d px", period, angle, width)
					}
				}
			}
		}
		t.Logf("colored %v: %d pictures, %d over 8 levels, at most %d", colored, count, many, worst)
		if count < 100 || worst > 18 || many > count/5 {
			t.Errorf("colored %v: %d of %d pictures have bands of over 8 levels, at most %d with %s: "+
				"expected a fifth and 18",
				colored, many, count, worst, where)
		}
	}
}
