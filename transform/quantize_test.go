package transform

import (
	"image"
	"image/color"
	"math"
	"testing"
)

// meanChange returns by how many levels each color of a picture is lighter on average once it is a GIF.
func meanChange(t *testing.T, pixel func(x, y int) color.NRGBA) (mean [3]float64) {
	t.Helper()
	const w, h = 256, 192
	pic := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			pic.SetNRGBA(x, y, pixel(x, y))
		}
	}
	got := decoded(t, do(t, encoded(t, pic, PNG), "format=gif").Outputs[0].Data, GIF)
	for y := range h {
		for x := range w {
			r, g, b, _ := got.At(x, y).RGBA()
			p := pic.NRGBAAt(x, y)
			for c, d := range [3]int{int(r>>8) - int(p.R), int(g>>8) - int(p.G), int(b>>8) - int(p.B)} {
				mean[c] += float64(d) / (w * h)
			}
		}
	}
	return mean
}

// What dithering does to pixels next to each other cancels out: pictures become neither darker nor lighter. A palette
// does not reach the ends of a gradient, which changes a picture and its negative in opposite ways; so both are taken.
func TestDitheringKeepsTheMean(t *testing.T) {
	notUnderRace(t)
	worst, sum, n := 0.0, [3]float64{}, 0
	for base := 16; base < 240; base += 16 {
		v := uint8(base)
		for name, pixel := range map[string]func(x, y int) color.NRGBA{
			"flat": func(x, y int) color.NRGBA {
				if x < 48 && y < 48 { // colors that fill the palette
					return color.NRGBA{uint8(60 + 3*x), uint8(60 + 3*y), uint8(60 + x + 2*y), 255}
				}
				return color.NRGBA{v, 255 - v, v/2 + 60, 255}
			},
			"gradient": func(x, y int) color.NRGBA {
				return color.NRGBA{v/2 + uint8(x/3), 40 + uint8(y), v/2 + uint8((x+y)/4), 255}
			},
			"slow gradient": func(x, y int) color.NRGBA {
				return color.NRGBA{v/2 + 40 + uint8(x/9), 130 + uint8(y/5), 200 - v/2 + uint8(x/17), 255}
			},
		} {
			positive := meanChange(t, pixel)
			negative := meanChange(t, func(x, y int) color.NRGBA {
				c := pixel(x, y)
				return color.NRGBA{255 - c.R, 255 - c.G, 255 - c.B, 255}
			})
			for c := range 3 {
				m := (positive[c] + negative[c]) / 2
				worst = max(worst, math.Abs(m))
				sum[c] += 2 * m
				most := 0.12
				if name == "flat" {
					most = 0.05
				}
				if math.Abs(m) > most {
					t.Errorf("%s around %d: color %d became %.3f levels lighter", name, base, c, m)
				}
			}
			n += 2
		}
	}
	for c, s := range sum {
		if m := s / float64(n); math.Abs(m) > 0.06 {
			t.Errorf("over %d pictures, color %d became %.3f levels lighter", n, c, m)
		}
	}
	t.Logf("%d pictures: at most %.3f levels, all together %.4f %.4f %.4f", n, worst, sum[0]/float64(n),
		sum[1]/float64(n), sum[2]/float64(n))
}
