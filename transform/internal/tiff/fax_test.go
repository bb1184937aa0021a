package tiff

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math/bits"
	"strings"
	"testing"

	"imgpipe/transform/internal/codec"
)

// faxes are 12x6 pixels in each coding of fax: black where (x div 3 + y div 2) is even.
var faxes = map[string]struct {
	tags []tag
	data string
}{
	"modified Huffman":          {[]tag{{Compression, []uint32{2}}}, "35a28035a2808a208a2035a28035a280"},
	"modified Huffman in words": {[]tag{{Compression, []uint32{32771}}}, "35a2800035a280008a208a2035a2800035a280"},
	"Group 3": {[]tag{{Compression, []uint32{3}}, {T4Options, []uint32{4}}},
		"000135a2800135a280018a20018a200135a2800135a2800100010001000100010001"},
	"Group 3, two dimensions": {[]tag{{Compression, []uint32{3}}, {T4Options, []uint32{1}}},
		"0019ad14000be002060814005e00335a280017c006003001800c006003"},
	"Group 4": {[]tag{{Compression, []uint32{4}}}, "26b18bf060817c102040bf001001"},
}

// faxFile is a file of strips that are all the same.
func faxFile(tags []tag, strip []byte, photometric, order, strips uint32) []byte {
	if order == 2 {
		for i, b := range strip {
			strip[i] = bits.Reverse8(b)
		}
	}
	tags = append([]tag{{Width, []uint32{12}}, {Height, []uint32{6 * strips}}, {BitsPerSample, []uint32{1}},
		{Photometric, []uint32{photometric}}, {FillOrder, []uint32{order}}, {RowsPerStrip, []uint32{6}}}, tags...)
	blocks := make([][]byte, strips)
	for i := range blocks {
		blocks[i] = strip
	}
	return file(binary.LittleEndian, tags, blocks...)
}

// Each coding gives its pixels in both orders of bits, with white as 0 or 1, in one strip or several.
func TestFaxOfEachCoding(t *testing.T) {
	for name, c := range faxes {
		for _, photometric := range []uint32{whiteIsZero, blackIsZero} {
			for _, order := range []uint32{1, 2} {
				for _, strips := range []uint32{1, 3} {
					strip, _ := hex.DecodeString(c.data)
					img, err := decode(faxFile(c.tags, strip, photometric, order, strips), Options{})
					if err != nil {
						t.Errorf("%s: %v", name, err)
						continue
					}
					for y := range img.Rect.Dy() {
						for x := range 12 {
							// What is not black in a run is 0.
							black := (x/3+y%6/2)%2 == 0
							want := uint8(255)
							if black == (photometric == whiteIsZero) {
								want = 0
							}
							if got := img.NRGBAAt(x, y).R; got != want {
								t.Fatalf("%s, photometric %d, order %d, %d strips: %d,%d is %d, want %d",
									name, photometric, order, strips, x, y, got, want)
							}
						}
					}
				}
			}
		}
	}
}

// Rows that fax data lacks are black, whatever is 0, and are said to be missing in the strip where they are.
func TestFaxThatEndsEarly(t *testing.T) {
	for name, c := range faxes {
		for _, photometric := range []uint32{whiteIsZero, blackIsZero} {
			strip, _ := hex.DecodeString(c.data)
			data := faxFile(c.tags, strip, photometric, 1, 2)
			// The second strip is the first half of the bytes of the first.
			counts := indexOfTag(data, StripByteCounts)
			binary.LittleEndian.PutUint32(data[counts+4:], 9)
			img, report, _ := decoded(t, name, data)
			n, first, last := report.Missing()
			said := strings.Contains(report.String(), "strip 2 of 2: it ends too early")
			if n == 0 || n > 5 || last != 11 || first != 12-n || !said {
				t.Errorf("%s: %s", name, report.String())
			}
			for y := first; y < 12; y++ {
				for x := range 12 {
					if got := img.NRGBAAt(x, y).R; got != 0 {
						t.Fatalf("%s, photometric %d: at %d,%d: %d, want 0", name, photometric, x, y, got)
					}
				}
			}
		}
	}
}

// indexOfTag is where the values of a tag begin that do not fit its entry.
func indexOfTag(data []byte, id uint16) int {
	le := binary.LittleEndian
	at := int(le.Uint32(data[4:])) + 2
	for le.Uint16(data[at:]) != id {
		at += 12
	}
	return int(le.Uint32(data[at+8:]))
}

// The uncompressed mode is refused by name where the file says that it is used; else such a code is a bad one.
func TestUncompressedFax(t *testing.T) {
	for options, refused := range map[uint32]bool{0: false, 2: true} {
		tags := []tag{{Compression, []uint32{4}}, {T6Options, []uint32{options}}}
		_, err := decode(faxFile(tags, []byte{0b11000000, 0b11110000}, 0, 1, 1), Options{})
		var unsupported codec.Unsupported
		if errors.As(err, &unsupported) != refused {
			t.Errorf("options %d: %v", options, err)
		}
	}
	// A file that only says so is read.
	strip, _ := hex.DecodeString(faxes["Group 4"].data)
	tags := []tag{{Compression, []uint32{4}}, {T6Options, []uint32{2}}}
	if _, err := decode(faxFile(tags, strip, 0, 1, 1), Options{}); err != nil {
		t.Error(err)
	}
}

// A bad row of Group 3 is said to be missing in its strip, and is black. Those behind it are there.
func TestFaxWithABadRow(t *testing.T) {
	c := faxes["Group 3"]
	for _, photometric := range []uint32{whiteIsZero, blackIsZero} {
		strip, _ := hex.DecodeString(c.data)
		strip[13] ^= 0x10 // in row 3
		data := faxFile(c.tags, strip, photometric, 1, 2)
		img, report, _ := decoded(t, "a bad row", data)
		if n, first, last := report.Missing(); n != 2 || first != 3 || last != 9 ||
			!strings.Contains(report.String(), "strip 1 of 2: ") {
			t.Error(report.String())
		}
		for y := range 12 {
			want := uint8(0)
			if y%6 != 3 && (y%6/2%2 == 0) == (photometric == blackIsZero) {
				want = 255
			}
			if got := img.NRGBAAt(0, y).R; got != want {
				t.Errorf("photometric %d: row %d begins with %d, want %d", photometric, y, got, want)
			}
		}
	}
}
