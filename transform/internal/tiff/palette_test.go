package tiff

import (
	"fmt"
	"image"
	"image/color"
	"strings"
	"testing"
)

// A color that the palette does not have is black, or clear where the image has alpha, and is said to be so. A palette
// that is longer than it must be, or shorter than it could be, is no fault.
func TestPaletteOfAnyLength(t *testing.T) {
	notUnderRace(t)
	n := 0
	layouts(func(name string, c layout) {
		size := 1 << c.bits
		for _, third := range []int{1, size/2 + 1, size + 1} {
			for samples := 1; samples <= 2; samples++ {
				palette := make([]uint32, 3*third)
				for i := range palette {
					palette[i] = uint32(40+i*7) % 256 * 257
				}
				palette[0] = 0xff00 // the values have 16 bits
				tags, blocks := c.write(40, 30, samples, sample, tag{Photometric, []uint32{paletted}},
					tag{ColorMap, palette})
				name := fmt.Sprintf("%s, %d colors, %d samples", name, third, samples)
				img, report, remarks := decoded(t, name, file(c.order, tags, blocks...))
				if report.Err != nil {
					t.Errorf("%s: %v", name, report.Err)
				}
				n++
				beyond := 0
				checked(t, name, img, func(x, y int) color.NRGBA {
					i := int(sample(x, y, 0)) >> (8 - c.bits)
					alpha := uint8(255)
					if samples == 2 {
						alpha = levels(c.bits)(x, y, 1)
					}
					if i >= third {
						return color.NRGBA{A: uint8(255 * (2 - samples))}
					}
					of := func(i int) uint8 { return uint8(palette[i] >> 8) }
					return color.NRGBA{of(i), of(third + i), of(2*third + i), alpha}
				})
				for y := range 30 {
					for x := range 40 {
						if int(sample(x, y, 0))>>(8-c.bits) >= third {
							beyond++
						}
					}
				}
				want := ""
				if beyond > 0 {
					want = fmt.Sprintf("are %s: %d", []string{"black", "transparent"}[samples-1], beyond)
				}
				if got := strings.Join(remarks, "; "); want == "" && got != "" || !strings.HasSuffix(got, want) {
					t.Errorf("%s: %q is said, want %q", name, got, want)
				}
			}
		}
	}, 2, 4, 8)
	t.Logf("%d files", n)
}

// Samples that cannot be what the color model says are gray, and that is said.
func TestColorsThatCannotBe(t *testing.T) {
	n := 0
	layouts(func(name string, c layout) {
		at := levels(c.bits)
		for _, k := range []struct {
			photometric uint32
			samples     int
			want        string
		}{
			{paletted, 1, "it has no palette"}, {paletted, 2, "it has no palette"},
			{rgb, 1, "three colors"}, {rgb, 2, "three colors"},
		} {
			tags, blocks := c.write(40, 30, k.samples, sample, tag{Photometric, []uint32{k.photometric}})
			name := fmt.Sprintf("%s, photometric %d, %d samples", name, k.photometric, k.samples)
			img, report, remarks := decoded(t, name, file(c.order, tags, blocks...))
			if report.Err != nil || len(remarks) != 1 || !strings.Contains(remarks[0], k.want) {
				t.Errorf("%s: %v, and %q is said, want %q", name, report.Err, remarks, k.want)
			}
			n++
			checked(t, name, img, func(x, y int) color.NRGBA {
				v, alpha := at(x, y, 0), uint8(255)
				if k.samples == 2 {
					alpha = at(x, y, 1)
				}
				return color.NRGBA{v, v, v, alpha}
			})
		}
	}, 8, 16)
	t.Logf("%d files", n)
	c := layout{order: orders[0], compression: 1, pack: packers[0].pack, bits: 4}
	c.tile.Y = 30
	tags, blocks := c.write(40, 30, 1, sample, tag{Photometric, []uint32{paletted}})
	_, err := decode(file(c.order, tags, blocks...), Options{})
	if err == nil || !strings.Contains(err.Error(), "it has no palette") {
		t.Errorf("4 bits without a palette: %v", err)
	}
}

// The tag of planes is copied from other files as predictors are. Pixels are together where the file has blocks for one
// plane alone, of which each has as many bytes as all planes take.
func TestPlanesThatAreNone(t *testing.T) {
	n := 0
	for turn, samples := range []int{2, 3, 4, 5, 3, 4} {
		for _, tile := range []image.Point{{0, 30}, {0, 7}, {16, 16}, {64, 32}} {
			for _, depth := range []int{1, 2, 4, 8, 16} {
				c := layout{orders[turn%2], 1, packers[0].pack, false, tile, depth, turn%3 == 0, false}
				photometric := uint32(rgb)
				if samples == 2 {
					photometric = blackIsZero
				}
				meaning := tag{ExtraSamples, []uint32{0}}
				tags, blocks := c.write(40, 30, samples, sample, tag{Photometric, []uint32{photometric}}, meaning)
				name := fmt.Sprintf("%s, %d samples", c, samples)
				img, report, remarks := decoded(t, name, file(c.order, append(tags, tag{PlanarConfig, []uint32{2}}),
					blocks...))
				if report.Err != nil || len(remarks) != 1 || !strings.Contains(remarks[0], "planes") {
					t.Errorf("%s: %v, and %q is said", name, &report, remarks)
				}
				n++
				at := levels(depth)
				checked(t, name, img, func(x, y int) color.NRGBA {
					if samples == 2 {
						return color.NRGBA{at(x, y, 0), at(x, y, 0), at(x, y, 0), 255}
					}
					return color.NRGBA{at(x, y, 0), at(x, y, 1), at(x, y, 2), 255}
				})
			}
		}
	}
	t.Logf("%d files", n)
}
