package tiff

import (
	"encoding/binary"
	"image/color"
	"testing"
)

// The right values are those of libvips 8.14 for 16 bits. ImageMagick 6.9.11 differs from them by up to 3 levels within
// sRGB.
func TestLab(t *testing.T) {
	for _, c := range []struct {
		l, a, b int // 0 to 100, -128 to 127
		want    color.NRGBA
	}{
		{0, 0, 0, color.NRGBA{0, 0, 0, 255}}, {100, 0, 0, color.NRGBA{255, 255, 255, 255}},
		{50, 0, 0, color.NRGBA{119, 119, 119, 255}}, {53, 80, 67, color.NRGBA{254, 0, 0, 255}},
		{88, -86, 83, color.NRGBA{8, 255, 5, 255}}, {32, 79, -108, color.NRGBA{0, 0, 254, 255}},
		{52, -40, -10, color.NRGBA{0, 142, 140, 255}}, {60, 20, 30, color.NRGBA{193, 130, 93, 255}},
		{2, 0, 0, color.NRGBA{7, 7, 7, 255}}, {100, 127, 127, color.NRGBA{255, 70, 0, 255}},
		{0, -128, -128, color.NRGBA{0, 64, 194, 255}},
	} {
		for _, order := range orders {
			for _, bits := range []int{8, 16} {
				for _, photometric := range []uint32{cieLab, iccLab} {
					for _, planar := range []bool{false, true} {
						for _, extra := range []int{0, 1} {
							top := c.l * (1<<bits - 1) / 100
							a, b := c.a<<(bits-8), c.b<<(bits-8)
							if photometric == iccLab {
								if bits == 16 {
									top = c.l * 0xff00 / 100
								}
								a, b = a+1<<(bits-1), b+1<<(bits-1)
							}
							var blocks [][]byte
							for _, v := range []int{top, a, b, 200 << (bits - 8)}[:3+extra] {
								raw := []byte{byte(v)}
								if bits == 16 {
									raw = order.AppendUint16(nil, uint16(v))
								}
								if planar || len(blocks) == 0 {
									blocks = append(blocks, nil)
								}
								blocks[len(blocks)-1] = append(blocks[len(blocks)-1], raw...)
							}
							config := uint32(1)
							if planar {
								config = 2
							}
							tags := []tag{
								{Width, []uint32{1}}, {Height, []uint32{1}},
								{SamplesPerPixel, []uint32{uint32(3 + extra)}},
								{BitsPerSample, []uint32{uint32(bits)}}, {Photometric, []uint32{photometric}},
								{PlanarConfig, []uint32{config}},
							}
							want := c.want
							if extra == 1 {
								want.A = 200
							}
							img, err := decode(file(order, tags, blocks...), Options{})
							if err != nil {
								t.Errorf("%+v: %v", c, err)
								continue
							}
							if got := img.NRGBAAt(0, 0); apart(got, want) > 3 || got.A != want.A && bits == 8 {
								t.Errorf("%+v, photometric %d, %d bits, %v, planes %v: %v", c, photometric, bits, order,
									planar, got)
							}
						}
					}
				}
			}
		}
	}
	tags := []tag{
		{Width, []uint32{1}}, {Height, []uint32{1}}, {SamplesPerPixel, []uint32{3}}, {BitsPerSample, []uint32{32}},
		{Photometric, []uint32{cieLab}},
	}
	_, err := decode(file(binary.LittleEndian, tags, make([]byte, 12)), Options{})
	if err == nil || err.Error() != "L*a*b* of 32 bits cannot be read" {
		t.Errorf("32 bits: %v", err)
	}
}

// apart is the largest difference of two colors.
func apart(a, b color.NRGBA) int {
	most := 0
	for _, d := range []int{int(a.R) - int(b.R), int(a.G) - int(b.G), int(a.B) - int(b.B)} {
		most = max(most, d, -d)
	}
	return most
}
