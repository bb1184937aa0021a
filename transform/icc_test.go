package transform

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"slices"
	"testing"
)

// iccProfile is a profile with a header and a description of the given size.
func iccProfile(space, description string, size int) []byte {
	b := make([]byte, 128, size)
	copy(b[16:], space+"XYZ ")
	copy(b[36:], "acsp")
	b = binary.BigEndian.AppendUint32(b, 1)
	b = append(b, "desc"...)
	b = binary.BigEndian.AppendUint32(b, 144)
	b = binary.BigEndian.AppendUint32(b, uint32(len(description)))
	b = append(b, description...)
	for len(b) < size {
		b = append(b, byte(len(b)*7))
	}
	binary.BigEndian.PutUint32(b, uint32(len(b)))
	return b
}

func TestColorProfileIsKept(t *testing.T) {
	wide := iccProfile("RGB ", "Display P3", 600)
	huge := iccProfile("RGB ", "Printer", 150_000) // three segments of a JPEG
	srgb := iccProfile("RGB ", "sRGB IEC61966-2.1", 600)
	srgb4 := iccProfile("RGB ", "\x00s\x00R\x00G\x00B", 600)
	dot := iccProfile("GRAY", "Dot Gain 20%", 600)
	cmyk := iccProfile("CMYK", "FOGRA39", 600)
	pic := scene(24, 16)
	gray := image.NewGray(image.Rect(0, 0, 24, 16))
	for i := range gray.Pix {
		gray.Pix[i] = uint8(i)
	}
	for _, c := range []struct {
		name    string
		pic     image.Image
		profile []byte
		spec    string
		want    []byte
	}{
		{"P3", pic, wide, "size=10", wide},
		{"P3 and gray pixels", pic, wide, "grayscale", wide},
		{"P3 and few colors", solid(24, 16, color.NRGBA{10, 200, 30, 255}), wide, "", wide},
		{"long", pic, huge, "", huge},
		{"sRGB", pic, srgb, "", nil},
		{"sRGB in version 4", pic, srgb4, "", nil},
		{"gray", gray, dot, "", dot},
		{"gray with color laid under", gray, dot, "background=red;rotate=20", nil},
		{"inks", pic, cmyk, "", nil},
		{"cut", pic, wide[:100], "", nil},
	} {
		for _, source := range []Format{JPEG, PNG} {
			data := encoded(t, c.pic, source)
			if source == JPEG {
				data = intoJPEG(data, c.profile)
			} else {
				data = intoPNG(data, c.profile)
			}
			for _, target := range []Format{JPEG, PNG} {
				spec := c.spec + ";format=" + string(target)
				out := do(t, data, spec).Outputs[0].Data
				m, err := inspect(out)
				want := c.want
				if err != nil || !bytes.Equal(m.icc, want) {
					t.Errorf("%s, %s, %q: %d bytes of profile, error %v: want %d", c.name, source, spec, len(m.icc),
						err, len(want))
				}
				decoded(t, out, target)
			}
		}
	}
}

func TestProfileWithAMissingPartIsDropped(t *testing.T) {
	data := intoJPEG(encoded(t, scene(8, 8), JPEG), iccProfile("RGB ", "Printer", 150_000))
	second := bytes.Index(data, []byte("ICC_PROFILE\x00\x02"))
	copy(data[second:], "ICC_PROFILX")
	m, err := inspect(data)
	if err != nil || m.icc != nil {
		t.Errorf("%d bytes, error %v", len(m.icc), err)
	}
	if _, err := Do(context.Background(), Task{Data: data}); err != nil {
		t.Error(err)
	}
}

// intoPNG puts a profile behind the header of a file.
func intoPNG(file, profile []byte) []byte {
	const header = 8 + 25
	body := bytes.NewBufferString("iCCPprofile\x00\x00")
	z := zlib.NewWriter(body)
	z.Write(profile) // into memory: it cannot fail
	z.Close()
	chunk := binary.BigEndian.AppendUint32(nil, uint32(body.Len()-4))
	chunk = append(chunk, body.Bytes()...)
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(body.Bytes()))
	return slices.Insert(file, header, chunk...)
}

// intoJPEG puts a profile behind the first marker of a file, in parts that fit a segment (ICC.1, annex B.4).
func intoJPEG(file, profile []byte) []byte {
	const most = 65533 - 14
	out := bytes.Clone(file[:2])
	parts := (len(profile) + most - 1) / most
	for i := range parts {
		part := profile[i*most : min((i+1)*most, len(profile))]
		out = append(out, 0xff, 0xe2)
		out = binary.BigEndian.AppendUint16(out, uint16(2+14+len(part)))
		out = append(append(out, "ICC_PROFILE\x00"...), byte(i+1), byte(parts))
		out = append(out, part...)
	}
	return append(out, file[2:]...)
}
