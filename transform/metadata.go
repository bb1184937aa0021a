package transform

import (
	"bytes"
	"fmt"
	"slices"

	"imgpipe/transform/internal/exif"
	"imgpipe/transform/internal/png"
	"imgpipe/transform/internal/tiff"
)

// A described is the metadata that was met while the header of a file was read: slices of the file, which nobody has
// looked into. A header function sets it at no cost, whatever becomes of it.
type described struct {
	exif []byte // a TIFF structure, with or without "Exif\0\0" before it
	xmp  []byte
	iptc []byte
	// more reports that there is metadata which gather finds.
	more bool
}

// any reports whether the file has metadata.
func (d *described) any() bool { return d.exif != nil || d.xmp != nil || d.iptc != nil || d.more }

// A blockKind is a kind of metadata.
type blockKind int

// The kinds of metadata that a format may have a place for, added up.
const (
	blockEXIF blockKind = 1 << iota
	blockXMP
	blockIPTC
	blockTags // EXIF tag by tag, in a file that is a TIFF structure itself
)

// room returns how many bytes files of format f have for metadata of a kind.
func (f *format) room(kind blockKind) int {
	switch {
	case f.blocks&kind == 0:
		return 0
	case f.maxBlock != 0:
		return f.maxBlock
	}
	return exif.MaxBlock
}

// blocks returns the metadata of a file with header m.
func (m *meta) blocks(data []byte) exif.Blocks {
	d := &m.described
	b := exif.Blocks{EXIF: structure(d.exif), XMP: d.xmp, IPTC: d.iptc}
	if gather := m.Format.row().gather; d.more && gather != nil {
		gather(data, &b)
	}
	return b
}

// describe reads the metadata of a file that is to go into its outputs. What cannot be read is noted: metadata never
// fails an image.
func (j *job) describe(s Spec, m *meta, data []byte) {
	amount := exif.All
	switch s.Metadata {
	case MetadataCopyright:
		amount = exif.Copyright
	case MetadataAll:
	default:
		return
	}
	if !m.described.any() {
		return
	}
	doing := "read metadata"
	err := guard(&doing, func() error {
		b := m.blocks(data)
		if len(b.XMP) > freeXMP+len(data) {
			b.XMP = nil
			j.lose("XMP was left out: it is larger than its file")
		}
		j.metadata, j.srgb = exif.Read(b, amount), s.ICC == ProfileSRGB
		return nil
	})
	if err != nil {
		j.lose("metadata was left out: it cannot be read")
		return
	}
	for _, why := range j.metadata.Lost() {
		j.lose(why)
	}
}

// freeXMP is how much larger than its file XMP may be that was packed: to read a byte of it takes some 50 ns.
const freeXMP = 64 << 10

// KeepsMetadata reports whether outputs have any metadata of their input.
func (s Spec) KeepsMetadata() bool {
	return s.Metadata == MetadataCopyright || s.Metadata == MetadataAll
}

// strips reports whether the outputs of a file lose metadata because s says so.
func (s Spec) strips(m *meta) bool {
	return !s.KeepsMetadata() && m.described.any()
}

// lose notes what was lost of the metadata, once for all outputs.
func (j *job) lose(why string) {
	if !slices.Contains(j.lost, why) {
		j.lost = append(j.lost, why)
	}
}

// describing returns e with the metadata of an output of w × h pixels and format f. What has no place there is noted.
func (j *job) describing(e encoding, f *format, w, h int) encoding {
	if j.metadata == nil {
		return e
	}
	if f.blocks == 0 {
		if j.metadata.Any() {
			j.lose(fmt.Sprintf("metadata was left out of the %s: %s keep it", f.name, keeping(holdsMetadata)))
		}
		return e
	}
	out, lost := j.metadata.Output(exif.Place{
		Width: w, Height: h, EXIF: f.room(blockEXIF), XMP: f.room(blockXMP), IPTC: f.room(blockIPTC),
		SRGB: j.srgb, Native: f.blocks&blockTags != 0,
	})
	for _, why := range lost {
		j.lose(fmt.Sprintf("%s (%s)", why, f.name))
	}
	e.metadata = out
	return e
}

func holdsMetadata(r *format) bool { return r.blocks != 0 }

// maxMetadata bounds the bytes of metadata in an output: a block of each kind.
const maxMetadata = 3 * exif.MaxBlock

// xmpCost is how many bytes it takes at most to read a byte of XMP: nearly all of it are attributes.
const xmpCost = 40

// metadataNeed estimates the bytes that the metadata of so many outputs takes, and reading it.
func (s Spec) metadataNeed(h Header, outputs int) int64 {
	if !s.KeepsMetadata() || h.traits == nil {
		return 0
	}
	d, bytes := &h.traits.described, h.traits.price.bytes
	xmp := min(int64(len(d.xmp)), exif.MaxBlock)
	out := min(int64(len(d.exif)), exif.MaxBlock) + xmp + min(int64(len(d.iptc)), exif.MaxBlock)
	if d.more { // somewhere in the file
		out += min(bytes, exif.MaxBlock)
	}
	return int64(outputs)*2*out + xmpCost*xmp
}

// photoshopName is what the segments of a JPEG begin with that hold resources of Photoshop.
const photoshopName = "Photoshop 3.0\x00"

// jpegBlock is how many bytes of metadata a segment of a JPEG has room for, beside the longest of its names.
const jpegBlock = 65535 - 2 - len(xmpName)

// gatherJPEG collects the data sets of IPTC from the resources of Photoshop, which may lie in several segments.
func gatherJPEG(data []byte, b *exif.Blocks) {
	var resources []byte
	rest := data[2:]
	for range maxParts {
		marker, body, after, err := nextSegment(rest)
		if err != nil || marker == endOfImage || marker == startOfScan {
			break
		}
		if part, ok := bytes.CutPrefix(body, []byte(photoshopName)); ok && marker == 0xed {
			if len(resources)+len(part) > exif.MaxBlock {
				break
			}
			resources = append(resources, part...)
		}
		rest = after
	}
	b.IPTC = exif.FromPhotoshop(resources)
}

// gatherPNG collects names from the texts of a PNG (PNG, third edition, section 11.3.3.1), and IPTC from the raw
// profile in which ImageMagick keeps it.
func gatherPNG(data []byte, b *exif.Blocks) {
	texts := pngTexts{}
	png.ReadHeader(data, func(name string, body []byte) { // it was read before
		keyword, text, _ := bytes.Cut(body, []byte{0})
		switch key := string(keyword[:min(len(keyword), 79)]); {
		case name != "tEXt" && name != "zTXt":
		case key == "Raw profile type iptc" && b.IPTC == nil && len(text) > 0:
			if name == "zTXt" {
				text = texts.inflate(text[1:])
			}
			b.IPTC = rawProfile(text)
			if sets := exif.FromPhotoshop(b.IPTC); sets != nil {
				b.IPTC = sets
			}
		case name == "tEXt" && key == "Author" && b.Artist == "":
			b.Artist = exif.Clean(text)
		case name == "tEXt" && key == "Copyright" && b.Copyright == "":
			b.Copyright = exif.Clean(text)
		}
	})
}

// pngMore reports whether gatherPNG has a use for a chunk of texts.
func pngMore(body []byte) bool {
	return bytes.HasPrefix(body, []byte("Author\x00")) || bytes.HasPrefix(body, []byte("Copyright\x00")) ||
		bytes.HasPrefix(body, []byte("Raw profile type iptc\x00"))
}

// Tags of a TIFF that are metadata, and not what decoders need.
const (
	tiffXMP       = 700
	tiffIPTC      = 33723
	tiffPhotoshop = 34377
)

// tiffMetadata are those that lead to EXIF, or are a part of it.
var tiffMetadata = []uint16{270, 271, 272, 315, 33432, 34665, 34853}

// describeTIFF finds the metadata of a TIFF: the file itself is the TIFF structure.
func (m *meta) describeTIFF(data []byte, d tiff.Directory) {
	if slices.ContainsFunc(tiffMetadata, d.Names) {
		m.described.exif = data
	}
	if f, ok := d.Field(tiffXMP); ok {
		m.described.xmp = f.Bytes
	}
	if f, ok := d.Field(tiffIPTC); ok {
		m.described.iptc = f.Bytes
	} else if f, ok := d.Field(tiffPhotoshop); ok {
		m.described.iptc = exif.FromPhotoshop(f.Bytes)
	}
}

// tiffDescription returns the metadata of e as a TIFF file has it.
func (e encoding) tiffDescription() tiff.Description {
	tags := e.metadata.Tags
	convert := func(fields []exif.Field) (list []tiff.Entry) {
		for _, f := range fields {
			list = append(list, tiff.Entry{Tag: f.Tag, Kind: f.Kind, Count: f.Count, Value: f.Value})
		}
		return list
	}
	return tiff.Description{
		Image: convert(tags.Image), Photo: convert(tags.Photo), GPS: convert(tags.GPS), Interop: convert(tags.Interop),
		XMP: e.metadata.XMP, IPTC: e.metadata.IPTC,
	}
}
