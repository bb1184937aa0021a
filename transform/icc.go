package transform

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
)

// A profile is an ICC color profile (ICC.1:2022) that goes into the outputs, because the pixels keep its colors. A nil profile
// stands for sRGB, and puts nothing into a file.
type profile struct {
	data []byte
	gray bool
}

// newProfile gives the profile that must be carried along; nil where there is none, where it is sRGB, or where it does not fit the
// pixels.
func newProfile(m meta) *profile {
	d := m.icc
	if m.cmyk || len(d) < 132 || string(d[36:40]) != "acsp" {
		return nil
	}
	space := string(d[16:20])
	if space != "RGB " && space != "GRAY" || space == "RGB " && isSRGB(d) {
		return nil
	}
	return &profile{data: d, gray: space == "GRAY"}
}

// isSRGB looks for the name in the profile's description, which is ASCII in version 2 and UTF-16 in version 4.
func isSRGB(d []byte) bool {
	n := min(int(binary.BigEndian.Uint32(d[128:])), 100)
	for i := 0; i < n && 132+12*i+12 <= len(d); i++ {
		entry := d[132+12*i:]
		at, size := uint64(binary.BigEndian.Uint32(entry[4:])), uint64(binary.BigEndian.Uint32(entry[8:]))
		if string(entry[:4]) != "desc" || at+size > uint64(len(d)) {
			continue
		}
		text := d[at : at+size]
		wide := make([]byte, 0, 8)
		for _, u := range utf16.Encode([]rune("sRGB")) {
			wide = binary.BigEndian.AppendUint16(wide, u)
		}
		return bytes.Contains(text, []byte("sRGB")) || bytes.Contains(text, wide)
	}
	return false
}
