package transform

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"imgpipe/transform/internal/tiff"
)

// A rawFile describes a camera raw file of a test: a directory with a second one as its part.
type rawFile struct {
	magic       string // of eight bytes, of which the last four are where the directory is
	maker       string
	first, part map[uint16][]byte // fields that hold bytes
	orientation uint32
	tags        [][2]uint32 // further fields of the first directory
}

// build returns the file. The fields of bytes are put behind the directories; tiff.JPEGAt has its length besides.
func (r rawFile) build() []byte {
	le := binary.LittleEndian
	data := []byte(r.magic)
	directory := func(fields map[uint16][]byte, tags [][2]uint32) int {
		var bodies []byte
		n := len(tags)
		for tag := range fields {
			n++
			if tag == tiff.JPEGAt {
				n++
			}
		}
		at := len(data)
		behind := at + 2 + 12*n + 4
		out := le.AppendUint16(nil, uint16(n))
		entry := func(tag, kind uint16, count, value uint32) {
			out = le.AppendUint16(le.AppendUint16(out, tag), kind)
			out = le.AppendUint32(le.AppendUint32(out, count), value)
		}
		for tag, body := range fields {
			place := uint32(behind + len(bodies))
			if tag == tiff.JPEGAt {
				entry(tag, 4, 1, place)
				entry(tiff.JPEGLength, 4, 1, uint32(len(body)))
			} else {
				entry(tag, 7, uint32(len(body)), place)
			}
			bodies = append(bodies, body...)
		}
		for _, t := range tags {
			entry(uint16(t[0]), 4, 1, t[1])
		}
		data = append(append(append(data, out...), 0, 0, 0, 0), bodies...)
		return at
	}
	tags := append([][2]uint32{{tiff.SubfileType, 1}}, r.tags...)
	if r.part != nil {
		tags = append(tags, [2]uint32{tiff.SubIFDs, uint32(directory(r.part, nil))})
	}
	if r.orientation != 0 {
		tags = append(tags, [2]uint32{tiff.Orientation, r.orientation})
	}
	fields := map[uint16][]byte{tiff.Make: []byte(r.maker + "\x00")}
	for tag, body := range r.first {
		fields[tag] = body
	}
	at := directory(fields, tags)
	le.PutUint32(data[4:], uint32(at))
	return data
}

// lossless returns the head of a JPEG of the lossless kind, in which cameras keep what the sensor saw.
func losslessJPEG() []byte {
	return []byte("\xff\xd8\xff\xc3\x00\x0b\x08\x20\x00\x20\x00\x01\x01\x11\x00" +
		"\xff\xda\x00\x08\x01\x01\x00\x01\x00\x00")
}

func TestPreviewOfARawFileIsUsedIfAsked(t *testing.T) {
	small, large := encoded(t, scene(16, 12), JPEG), encoded(t, scene(120, 80), JPEG)
	raf := append([]byte("FUJIFILMCCD-RAW "), make([]byte, 84)...)
	binary.BigEndian.PutUint32(raf[84:], uint32(len(raf)+len(small)))
	binary.BigEndian.PutUint32(raf[88:], uint32(len(large)))
	raf = append(append(raf, small...), large...)
	thumbs := map[uint16][]byte{tiff.JPEGAt: small}
	both := map[uint16][]byte{tiff.JPEGAt: large, 700: losslessJPEG()}
	for name, c := range map[string]struct {
		data        []byte
		orientation int
		kind        string
	}{
		"nef": {rawFile{"II*\x00....", "NIKON CORPORATION", thumbs, both, 6, nil}.build(), 6, "a Nikon NEF"},
		"arw": {rawFile{"II*\x00....", "SONY", both, thumbs, 8, nil}.build(), 8, "a Sony ARW"},
		"dng": {
			rawFile{"II*\x00....", "Apple", thumbs, both, 1, [][2]uint32{{tiff.DNGVersion, 0x401}}}.build(), 1, "a DNG",
		},
		"cr2": {rawFile{"II*\x00....CR\x02\x00\x00\x00\x00\x00", "Canon", both, nil, 3, nil}.build(), 3,
			"a Canon CR2"},
		"rw2": {rawFile{"IIU\x00....", "Panasonic", map[uint16][]byte{tiff.PanasonicJPEG: large}, nil, 6, nil}.build(),
			6, "a Panasonic RW2"},
		"orf": {rawFile{"IIRO....", "OLYMPUS", map[uint16][]byte{37500: large}, thumbs, 0, nil}.build(), 1,
			"an Olympus ORF"},
		"raf":     {raf, 1, "a Fujifilm RAF"},
		"unknown": {rawFile{"II*\x00....", "Nobody", both, thumbs, 0, nil}.build(), 1, "a camera"},
	} {
		plain := Task{Data: c.data, Spec: mustSpec(t, "format=png")}
		_, err := Do(context.Background(), plain)
		if class(err) != ClassUnsupported || !strings.Contains(err.Error(), c.kind+" raw file") ||
			!strings.Contains(err.Error(), NotDeveloped) {
			t.Errorf("%s, not asked: %v", name, err)
		}
		asked := mustSpec(t, "format=png;raw-preview=on")
		res, err := Do(context.Background(), Task{Data: c.data, Spec: asked})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		h, err := asked.ReadHeader(c.data)
		if err != nil || h.plain() != res.Source || h.Format != JPEG || h.Orientation != c.orientation {
			t.Errorf("%s: header %+v, %v", name, h, err)
		}
		want := do(t, withOrientation(large, uint16(c.orientation)), "format=png").Outputs[0]
		if !bytes.Equal(res.Outputs[0].Data, want.Data) {
			t.Errorf("%s: the output has %dx%d pixels and is not that of the preview alone", name,
				res.Outputs[0].Width, res.Outputs[0].Height)
		}
		const form = "decode jpeg: this is %s raw file, of which the JPEG of 120x80 pixels in it was used"
		said := fmt.Sprintf(form, c.kind)
		if len(res.Warnings) != 1 || res.Warnings[0] != said {
			t.Errorf("%s: warnings %q, want %q", name, res.Warnings, said)
		}
	}
}

func TestRawFileWithoutAPreviewIsRefused(t *testing.T) {
	data := rawFile{"II*\x00....", "SONY", nil, map[uint16][]byte{tiff.JPEGAt: losslessJPEG()}, 8, nil}.build()
	spec := mustSpec(t, "raw-preview=on")
	_, err := Do(context.Background(), Task{Data: data, Spec: spec})
	if class(err) != ClassUnsupported || !strings.Contains(err.Error(), "without a JPEG that can be read") {
		t.Errorf("%v", err)
	}
	for n := range data {
		Do(context.Background(), Task{Data: data[:n], Spec: spec})
	}
}

// TestRawPreviewChangesNothingElse has files that are no camera raw files, and one that is a ring.
func TestRawPreviewChangesNothingElse(t *testing.T) {
	for _, f := range []Format{JPEG, PNG, TIFF} {
		data := encoded(t, scene(40, 30), f)
		with, without := do(t, data, "raw-preview=on;format=png"), do(t, data, "format=png")
		if !bytes.Equal(with.Outputs[0].Data, without.Outputs[0].Data) || len(with.Warnings) > 0 {
			t.Errorf("%s: %q", f, with.Warnings)
		}
	}
	ring := rawFile{"IIRO....", "OLYMPUS", nil, nil, 0, nil}.build()
	copy(ring[len(ring)-12:], ring[4:8])
	spec := mustSpec(t, "raw-preview=on")
	if _, err := Do(context.Background(), Task{Data: ring, Spec: spec}); class(err) != ClassUnsupported {
		t.Errorf("%v", err)
	}
	many := bytes.Repeat([]byte("\xff\xd8\xff\xe0\x00\x02"), 100_000)
	if _, err := Do(context.Background(), Task{Data: append([]byte("FOVb"), many...), Spec: spec}); err == nil {
		t.Error("a file of nothing but starts of JPEGs was done")
	}
}
