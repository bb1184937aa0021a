package transform

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"strings"
	"testing"
)

// A WebP of a TIFF is read, lossy or not, and damage of one leaves the others alone.
func TestWebPInATIFF(t *testing.T) {
	lossy := lossyWebP(t)
	h, err := ReadHeader(lossy)
	if err != nil {
		t.Fatal(err)
	}
	want := decodedWebP(t, lossy)
	for _, samples := range []uint32{3, 4} {
		numbers := map[uint16][]uint32{
			256: {uint32(h.Width)}, 257: {uint32(2 * h.Height)}, 258: {8}, 259: {50001}, 262: {2}, 277: {samples},
			278: {uint32(h.Height)},
		}
		img, warnings := bothWays(t, "sound", tiffOf(binary.BigEndian, numbers, nil, false, lossy, lossy))
		if len(warnings) > 0 || !bytes.Equal(img.Pix, append(bytes.Clone(want.Pix), want.Pix...)) {
			t.Errorf("%d samples: other pixels, warnings %q", samples, warnings)
		}
		broken := bytes.Clone(lossy)
		copy(broken[20:], "no lossy image")
		img, warnings = bothWays(t, "broken", tiffOf(binary.BigEndian, numbers, nil, false, broken, lossy))
		if len(warnings) != 1 || !strings.Contains(warnings[0], "strip 1 of 2: ") ||
			!strings.Contains(warnings[0], fmt.Sprintf("the first %d are missing", h.Height)) {
			t.Errorf("%d samples: warnings %q", samples, warnings)
		}
		alpha := byte(255)
		if samples == 4 {
			alpha = 0
		}
		if p := img.Pix[:4]; !bytes.Equal(p, []byte{0, 0, 0, alpha}) ||
			!bytes.Equal(img.Pix[len(want.Pix):], want.Pix) {
			t.Errorf("%d samples: the first pixel is %v", samples, p)
		}
	}
	numbers := map[uint16][]uint32{256: {uint32(h.Width)}, 257: {uint32(h.Height)}, 258: {8}, 259: {50001}, 262: {6},
		277: {3}}
	img, _ := bothWays(t, "YCbCr", tiffOf(binary.BigEndian, numbers, nil, false, lossy))
	for i := range h.Width * h.Height {
		x, y := i%h.Width, i/h.Width
		c := want.NRGBAAt(x, y)
		r, g, b := color.YCbCrToRGB(c.R, c.G, c.B)
		if got := img.NRGBAAt(x, y); !near(got, color.NRGBA{r, g, b, 255}, 1) {
			t.Fatalf("YCbCr at %d,%d: %v of %v", x, y, got, c)
		}
	}
	small := map[uint16][]uint32{256: {40}, 257: {30}, 258: {8}, 259: {50001}, 262: {2}, 277: {3}}
	_, _, err = wholeTIFF(t, tiffOf(binary.BigEndian, small, nil, false, lossy))
	if err == nil || !strings.Contains(err.Error(), "expected at most 40x30") {
		t.Errorf("a WebP that is larger than its strip: %v", err)
	}
}

func decodedWebP(t *testing.T, data []byte) *image.NRGBA {
	res, err := wholeWebP(data)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func wholeWebP(data []byte) (*image.NRGBA, error) {
	j := newJob(context.Background(), Spec{}, Limits{})
	m, err := inspect(data)
	if err != nil {
		return nil, err
	}
	return j.readWebP(data, &m)
}
