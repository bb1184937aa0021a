package transform

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"imgpipe/transform/internal/tiff"
)

// A camera raw file holds what the sensor saw, which takes a program of its own to develop. Most hold a JPEG besides,
// as the camera made it, often of the full size.

// rawMagics are how the files of some cameras begin. Others are TIFF files.
var rawMagics = []magic{
	{0, "II*\x00\x10\x00\x00\x00CR", "a Canon CR2"},
	{4, "ftypcrx", "a Canon CR3"},
	{0, "FUJIFILMCCD-RAW", "a Fujifilm RAF"},
	{0, "IIRO", "an Olympus ORF"},
	{0, "IIRS", "an Olympus ORF"},
	{0, "MMOR", "an Olympus ORF"},
	{0, "IIU\x00", "a Panasonic RW2"},
	{0, "\x00MRM", "a Minolta MRW"},
	{0, "FOVb", "a Sigma X3F"},
}

// rawMakers are the files of cameras that are TIFF files, by the first word of who made the camera.
var rawMakers = map[string]string{
	"nikon": "a Nikon NEF", "sony": "a Sony ARW", "pentax": "a Pentax PEF", "ricoh": "a Ricoh PEF",
	"samsung": "a Samsung SRW", "hasselblad": "a Hasselblad 3FR", "leica": "a Leica RWL", "canon": "a Canon TIF",
}

// RawExtensions are the extensions of camera raw files, each with its dot and in lower case. They are read for a Spec
// with RawPreview alone.
func RawExtensions() []string {
	return []string{".cr2", ".cr3", ".nef", ".nrw", ".arw", ".sr2", ".dng", ".raf", ".orf", ".rw2", ".pef", ".srw"}
}

// rawKind returns what kind of camera raw file data is; "" if it is none.
func rawKind(data []byte) string {
	if kind, ok := match(rawMagics, data); ok {
		return kind
	}
	d, ok := tiff.Open(data)
	switch {
	case !ok:
		return ""
	case d.Has(tiff.DNGVersion):
		return "a DNG"
	case d.Number(tiff.SubfileType, 0)&1 == 0 || !d.Has(tiff.SubIFDs):
		return ""
	}
	// Its first image is a smaller version of one that is kept apart: the TIFF of a scanner has none such first.
	maker, _ := d.Field(tiff.Make)
	first, _, _ := strings.Cut(strings.ToLower(string(maker.Bytes[:min(len(maker.Bytes), 40)])), " ")
	if kind := rawMakers[strings.TrimRight(first, "\x00")]; kind != "" {
		return kind
	}
	return "a camera"
}

// NotDeveloped is in the message of each error about a camera raw file for which Spec.RawPreview is not set.
const NotDeveloped = "which cannot be developed"

// rawRefusal returns the error of a camera raw file.
func rawRefusal(kind string) error {
	return fmt.Errorf("this is %s raw file, %s: the JPEG in it can be used", kind, NotDeveloped)
}

// A rawPreview is the largest JPEG in a camera raw file.
type rawPreview struct {
	kind        string
	file        []byte
	width       int
	height      int
	orientation int // of the raw file; 0 if it names none
}

// preview finds the preview of data if s asks for those and data is a camera raw file. It is nil for other files.
func (s Spec) preview(data []byte) (*rawPreview, error) {
	if !s.RawPreview {
		return nil, nil
	}
	p := &rawPreview{kind: rawKind(data)}
	if p.kind == "" {
		return nil, nil
	}
	d, ok := tiff.OpenRaw(data)
	switch {
	case ok:
		if o := d.Number(tiff.Orientation, 0); o >= 1 && o <= 8 {
			p.orientation = int(o)
		}
		d.All(p.fromDirectory)
	case len(data) >= 92 && bytes.HasPrefix(data, []byte("FUJIFILM")):
		// The header names where the JPEG is, and how long (as in the tables of ExifTool for RAF).
		at, n := binary.BigEndian.Uint32(data[84:]), binary.BigEndian.Uint32(data[88:])
		if uint64(at) < uint64(len(data)) {
			p.offer(data[at:][:min(uint64(n), uint64(len(data))-uint64(at))])
		}
	}
	const thumbnail = 1024 // sides; where a directory names no more, the preview is in notes of the camera's maker
	if max(p.width, p.height) <= thumbnail {
		p.search(data)
	}
	if p.file == nil {
		err := fmt.Errorf("this is %s raw file without a JPEG that can be read: expected one as its preview", p.kind)
		return nil, &Error{Kind: ClassUnsupported, Doing: "read header", Err: err}
	}
	return p, nil
}

// fromDirectory offers the JPEGs that a directory names: in a field of their own, or as its only strip.
func (p *rawPreview) fromDirectory(d tiff.Directory) {
	p.offer(d.Part(d.Number(tiff.JPEGAt, 0), d.Number(tiff.JPEGLength, 0)))
	if f, ok := d.Field(tiff.PanasonicJPEG); ok {
		p.offer(f.Bytes)
	}
	at, _ := d.Field(tiff.StripOffsets)
	n, _ := d.Field(tiff.StripByteCounts)
	if at.Len() == 1 && n.Len() == 1 {
		p.offer(d.Part(at.At(0), n.At(0)))
	}
}

// search offers what looks like a JPEG anywhere in a file, of which so many are looked at.
func (p *rawPreview) search(data []byte) {
	const most = 256
	start := []byte{0xff, 0xd8, 0xff}
	for range most {
		at := bytes.Index(data, start)
		if at < 0 {
			return
		}
		p.offer(data[at:])
		data = data[at+len(start):]
	}
}

// offer takes a file if it is a JPEG that can be decoded and has more pixels than the last. The picture of the sensor
// itself may be a JPEG too, of the lossless kind.
func (p *rawPreview) offer(file []byte) {
	if !bytes.HasPrefix(file, []byte{0xff, 0xd8, 0xff}) {
		return
	}
	const most = 64 // segments before the frame
	rest := file[2:]
	for range most {
		marker, body, after, err := nextSegment(rest)
		if err != nil || marker == endOfImage || marker == startOfScan {
			return
		}
		if startsFrame(marker) {
			if marker > 0xc2 || len(body) < 6 || body[0] != 8 {
				return
			}
			w, h := int(binary.BigEndian.Uint16(body[3:])), int(binary.BigEndian.Uint16(body[1:]))
			if w*h > p.width*p.height {
				p.file, p.width, p.height = file, w, h
			}
			return
		}
		rest = after
	}
}

// inspect reads the header of the preview, which is turned as the raw file is.
func (p *rawPreview) inspect() (meta, error) {
	m, err := inspect(p.file)
	if err != nil {
		return m, err
	}
	if p.orientation != 0 {
		m.Orientation = p.orientation
	}
	const said = "this is %s raw file, of which the JPEG of %dx%d pixels in it was used"
	m.remarks = slices.Insert(m.remarks, 0, fmt.Sprintf(said, p.kind, m.Width, m.Height))
	return m, nil
}

// source returns the file that s takes the pixels of data from, and its header: data, or the preview in it.
func (s Spec) source(data []byte) ([]byte, meta, error) {
	p, err := s.preview(data)
	switch {
	case err != nil:
		return nil, meta{}, err
	case p == nil:
		m, err := inspect(data)
		return data, m, err
	}
	m, err := p.inspect()
	return p.file, m, err
}
