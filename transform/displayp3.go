package transform

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
)

// displayP3 returns a color profile for pictures that name Display P3 by numbers: SMPTE EG 432-1 primaries, the white
// of D65 and the curve of sRGB. It is a profile of version 4 with a matrix and one curve (ICC.1:2022, 8.3.3).
func displayP3() []byte {
	be := binary.BigEndian
	fixed := func(values ...float64) (b []byte) {
		for _, v := range values {
			if v < 0 {
				v -= 1.0 / 65536
			}
			b = be.AppendUint32(b, uint32(int32(v*65536+0.5)))
		}
		return b
	}
	text := func(s string) []byte { // multiLocalizedUnicodeType, 10.15
		b := []byte("mluc\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x0cenUS")
		b = be.AppendUint32(be.AppendUint32(b, uint32(2*len(s))), 28)
		for _, c := range utf16.Encode([]rune(s)) {
			b = be.AppendUint16(b, c)
		}
		return b
	}
	xyz := func(x, y, z float64) []byte { return append([]byte("XYZ \x00\x00\x00\x00"), fixed(x, y, z)...) }
	curve := append([]byte("para\x00\x00\x00\x00\x00\x03\x00\x00"),
		fixed(2.4, 1/1.055, 0.055/1.055, 1/12.92, 0.04045)...)
	adapted := append([]byte("sf32\x00\x00\x00\x00"), fixed( // from D65 to D50, after Bradford
		1.047882, 0.022918, -0.050217, 0.029587, 0.990479, -0.017059, -0.009232, 0.015076, 0.751678)...)
	tags := []struct {
		name string
		body []byte
	}{
		{"desc", text("Display P3")}, {"cprt", text("No copyright")}, {"wtpt", xyz(0.96420, 1, 0.82491)},
		{"rXYZ", xyz(0.515121, 0.241196, -0.001053)}, {"gXYZ", xyz(0.291977, 0.692245, 0.041885)},
		{"bXYZ", xyz(0.157104, 0.066574, 0.784073)}, {"rTRC", curve}, {"gTRC", curve}, {"bTRC", curve},
		{"chad", adapted},
	}
	const head = 128
	table := be.AppendUint32(nil, uint32(len(tags)))
	var bodies []byte
	first := head + 4 + 12*len(tags)
	places := map[string]int{}
	for _, t := range tags {
		at, known := places[string(t.body)] // the curves are one
		if !known {
			at = first + len(bodies)
			places[string(t.body)] = at
			bodies = append(bodies, t.body...)
			bodies = append(bodies, make([]byte, -len(bodies)&3)...)
		}
		table = be.AppendUint32(be.AppendUint32(append(table, t.name...), uint32(at)), uint32(len(t.body)))
	}
	p := make([]byte, head, first+len(bodies))
	be.PutUint32(p, uint32(first+len(bodies)))
	copy(p[8:], "\x04\x40\x00\x00mntrRGB XYZ ")
	copy(p[24:], "\x07\xea\x00\x01\x00\x01") // the date is of no meaning, and must be one
	copy(p[36:], "acsp")
	copy(p[68:], fixed(0.96420, 1, 0.82491))
	return append(append(bytes.Clone(p), table...), bodies...)
}
