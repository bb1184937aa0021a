package vp8l

import (
	"bytes"
	"image"
	"testing"
)

// FuzzWhatCanBeSeenComesBack makes pictures of arbitrary bytes, which repeat if there are too few.
func FuzzWhatCanBeSeenComesBack(f *testing.F) {
	f.Add([]byte{1, 2, 3, 255}, uint16(3), uint16(4), uint8(0))
	f.Add(bytes.Repeat([]byte{0, 9, 7}, 50), uint16(40), uint16(30), uint8(1))
	f.Add([]byte("a longer text that repeats after its end, and so has matches"), uint16(100), uint16(3), uint8(2))
	f.Fuzz(func(t *testing.T, data []byte, w, h uint16, effort uint8) {
		img := image.NewNRGBA(image.Rect(0, 0, 1+int(w%300), 1+int(h%100)))
		for i := range img.Pix {
			if len(data) > 0 {
				img.Pix[i] = data[i%len(data)]
			}
		}
		file, err := new(Encoder).Append(nil, sourceOf(img), EncodeOptions{Effort: Effort(effort % 3)})
		if err != nil {
			t.Fatal(err)
		}
		head, err := ReadHeader(file)
		if err != nil {
			t.Fatal(err)
		}
		p, err := head.Decode(nil)
		if err != nil || p.Damage.Err != nil || !bytes.Equal(p.Pix, visible(img)) {
			t.Errorf("%v, %v, or other pixels", err, p.Damage.Err)
		}
	})
}
