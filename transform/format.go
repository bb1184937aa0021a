package transform

import (
	"bytes"
	"image"
	"slices"
	"strings"

	"imgpipe/transform/internal/avif"
	"imgpipe/transform/internal/exif"
	"imgpipe/transform/internal/pixel"
	"imgpipe/transform/internal/webp"
)

// A Format is a file format of images, by the name that it has in flags and messages.
type Format string

// The formats. HEIC can be read in some builds, and cannot be written.
const (
	JPEG Format = "jpeg"
	PNG  Format = "png"
	GIF  Format = "gif"
	TIFF Format = "tiff"
	BMP  Format = "bmp"
	WebP Format = "webp" // lossy as an output; an input may be either
	// WebPLossless is that of outputs alone: as inputs, its files are of WebP.
	WebPLossless Format = "webp-lossless"
	AVIF         Format = "avif"
	HEIC         Format = "heic"
)

// formats is the table: a row for each format, in the order in which lists name them. Nothing else in the program lists
// formats. A new one is a row here and a file of its own, beside jpeg.go and the others, with the functions of the row
// and its constant. What unpacks pixels is a package in internal, in the manner of internal/codec.
var formats = []format{
	{
		name: JPEG, title: "JPEG", aliases: []string{"jpg"}, extensions: []string{"jpg", "jpeg", "jpe", "jfif"},
		mime: "image/jpeg", sniff: beginsWith("\xff\xd8"), // bytes that belong to no segment may follow
		header: (*meta).jpeg, decode: (*job).readJPEG,
		encode: (*job).encodeJPEG, encodePlanes: (*job).encodeJPEGPlanes, measure: measureJPEG, bare: bareJPEG,
		auto: true, web: 1, profile: true, quality: 85, maxSide: 65535, work: 6, copies: 3, need: jpegNeed,
		gather: gatherJPEG, blocks: blockEXIF | blockXMP | blockIPTC, maxBlock: jpegBlock,
		settings: []string{"chroma", "progressive", "effort"},
	},
	{
		name: PNG, title: "PNG", extensions: []string{"png", "apng"},
		mime: "image/png", sniff: beginsWith("\x89PNG\r\n\x1a\n"), frames: "frame of the animation",
		header: (*meta).png, decode: (*job).readPNG,
		encode: (*job).encodePNG, encodeDeep: (*job).encodeDeepPNG, measure: measurePNG, bare: barePNG,
		animate: animatePNG,
		alpha:   alphaFull, auto: true, web: 1, profile: true, work: 10,
		copies: 2, need: paletteNeed, // of a palette's indexes, and of gray
		settings: []string{"colors", "compression"}, gather: gatherPNG, blocks: blockEXIF | blockXMP,
	},
	{
		name: GIF, title: "GIF", extensions: []string{"gif"},
		mime: "image/gif", sniff: beginsWith("GIF87a", "GIF89a"), frames: "frame of the animation",
		header: (*meta).gif, decode: (*job).readGIF,
		encode: (*job).encodeGIF, measure: measureGIF, animate: animateGIF,
		alpha: alphaBinary, web: 1, maxSide: 65535, work: 10, copies: 1, need: paletteNeed,
		settings: []string{"colors"}, colors: 256,
	},
	{
		name: TIFF, title: "TIFF", aliases: []string{"tif"}, extensions: []string{"tiff", "tif"},
		mime: "image/tiff", sniff: isTIFF, frames: "page",
		header: (*meta).tiff, decode: (*job).readTIFF,
		encode: (*job).encodeTIFF, encodeDeep: (*job).encodeDeepTIFF, measure: measureTIFF,
		alpha: alphaFull, profile: true, work: 10, need: packedNeed,
		blocks:   blockTags | blockXMP | blockIPTC,
		settings: []string{"compression"},
	},
	{
		name: BMP, title: "BMP", extensions: []string{"bmp"},
		mime: "image/bmp", sniff: isBMP,
		header: (*meta).bmp, decode: (*job).readBMP,
		encode: (*job).encodeBMP, measure: measureBMP,
		work: 10, copies: 1, need: plainNeed,
	},
	{
		name: WebP, title: "WebP", extensions: []string{"webp"},
		mime: "image/webp", sniff: webp.Is, frames: "frame of the animation", lossless: WebPLossless,
		header: (*meta).webp, decode: (*job).readWebP,
		encode: (*job).encodeWebP, encodePlanes: (*job).encodeWebPPlanes, measure: measureWebP,
		animate: animateWebP,
		alpha:   alphaFull, auto: true, web: 2, profile: true, quality: 80, halfChroma: true, maxSide: maxWebPSide,
		work: 25, copies: 2,
		need: webpNeed, blocks: blockEXIF | blockXMP, settings: []string{"effort"}, colored: true,
	},
	{
		name: WebPLossless, title: "lossless WebP", extensions: []string{"webp"},
		mime: "image/webp", kind: WebP,
		encode: (*job).encodeWebPLossless, measure: measureWebPLossless, animate: animateWebPLossless,
		alpha: alphaFull, auto: true, web: 2, profile: true, maxSide: maxWebPSide, work: 10, // that of what is flat
		copies: losslessWebPBytes, need: packedNeed, blocks: blockEXIF | blockXMP, settings: []string{"effort"},
		colored: true,
	},
	{
		name: AVIF, title: "AVIF", extensions: []string{"avif"},
		mime: "image/avif", sniff: isAVIF, frames: "image of the sequence",
		header: (*meta).avif, decode: (*job).readAVIF,
		encode: (*job).encodeAVIF, measure: measureAVIF,
		alpha: alphaFull, web: 3, profile: true, quality: 55, maxSide: 65536, maxPixels: avif.MaxEncoded, work: 100,
		copies: 4, need: avifNeed, settings: []string{"chroma", "effort"}, blocks: blockEXIF | blockXMP, colored: true,
	},
	{
		name: HEIC, title: "HEIC", extensions: []string{"heic", "heif"},
		mime: "image/heic", sniff: isHEIC, frames: "image of the sequence",
		header: (*meta).heic, decode: readHEIC, missing: heicMissing,
	},
}

// A format is a row of the table.
type format struct {
	name       Format
	title      string   // its name in a sentence
	aliases    []string // further names that a user may ask for it by
	extensions []string // of its files, without a dot and in lower case; the first is that of outputs
	mime       string   // media type (IANA)

	// sniff reports whether a file that begins with head is of this format. head has 64 bytes, or all of a shorter
	// file.
	sniff func(head []byte) bool
	// header reads into m all that is known before a pixel is decoded: Width and Height, and whatever else of a meta
	// applies. It allocates next to nothing, whatever the file claims. It sets m.price.least, and m.price.work where
	// pixels cost more than to copy them: without both, a file of few bytes may promise any number of pixels.
	header func(m *meta, data []byte) error
	// decode returns the pixels of m.view as they are stored. It calls j.stop every few rows, ends with j.damaged, and
	// notes with j.remark what is odd.
	decode  func(j *job, data []byte, m *meta) (*image.NRGBA, error)
	missing string // what to say where decode is nil, as it can be in some builds
	// gather adds to b the metadata that lies apart from the rest in a file whose header was read, if there is such.
	gather func(data []byte, b *exif.Blocks)
	frames string // what a file may have several of, such as "page"

	// lossless is the format of outputs that keep the format of a source whose Header is Lossless, if that is another.
	lossless Format
	// kind is the format that Sniff returns for files of this one, if that is another. Such a format is for outputs
	// alone: it has no sniff, header and decode.
	kind Format

	// What follows is for outputs. All of it is zero for a format that cannot be written.

	// encode returns a file of an image. It embeds the profile of e, by j.embed, unless that does not suit the pixels.
	encode func(j *job, img *image.NRGBA, e encoding) ([]byte, error)
	// encodeDeep returns a file of 16 bits a sample. It is nil for a format of 8 bits.
	encodeDeep func(j *job, img *image.NRGBA64, e encoding) ([]byte, error)
	// encodePlanes returns a file of Y, Cb and Cr, or of Y alone. It is nil if the encoder takes only RGB. It changes
	// neither pic nor the planes of the workspace: encoders of other formats get them after it.
	encodePlanes func(j *job, pic *pixel.Planes, e encoding) ([]byte, error)
	// measure reads the size from a file that encode made, in constant time. ends reports whether the file ends as it
	// should. data may be anything that sniff takes for this format, however short.
	measure func(data []byte) (w, h int, ends bool)
	// bare returns a file of the format with nothing but its picture and, if profile is set, its color profile: as
	// outputs are. It is nil for a format whose sources are never copied.
	bare func(data []byte, profile bool) (file []byte, ok bool)
	// animate begins a file of several frames, which is shown so many times, 0 for ever. It is nil for a format without
	// animations.
	animate func(j *job, e encoding, size image.Point, plays int) (animator, error)
	alpha   alpha
	auto    bool // every browser reads it, and it takes little time: for the smallest of several
	web     int  // 0 if pages cannot show it, 1 if every browser can, more for a format that newer browsers alone read
	profile bool // a file can hold a color profile
	colored bool // pixels always have colors, so that the profile must be one for colors
	// blocks are the kinds of metadata that a file can hold, each of maxBlock bytes at most; 0 is exif.MaxBlock.
	blocks   blockKind
	maxBlock int
	quality  int // the default of the quality that encode uses; 0 if it uses none
	colors   int // so many a file has at most; 0 is any number
	// halfChroma reports that chroma always has half of the columns and rows.
	halfChroma bool
	maxSide    int // the longest side in pixels; 0 is any
	// maxPixels is the largest picture that the encoder has memory for; 0 is any.
	maxPixels int64
	work      int64 // nanoseconds that encode takes for a pixel, roughly
	copies    int64 // bytes for each pixel that encode uses besides the image and its file
	// settings are the names of those that encode reads, besides quality: effort, chroma, progressive, compression and
	// colors.
	settings []string
	// need estimates the bytes of a file of so many pixels, and the bytes that encoding uses besides the image.
	need func(n *needs, l *leg, pixels int64) (file, encoder int64)
}

// An alpha is the kind of transparency that a format can hold.
type alpha int

const (
	alphaNone   alpha = iota
	alphaBinary       // a pixel is transparent or it is not
	alphaFull
)

// beginsWith returns a function that reports whether a file begins with one of some texts.
func beginsWith(prefixes ...string) func(head []byte) bool {
	return func(head []byte) bool {
		return slices.ContainsFunc(prefixes, func(p string) bool { return bytes.HasPrefix(head, []byte(p)) })
	}
}

// row returns the row of f; one with nothing but its name if there is none.
func (f Format) row() *format {
	for i := range formats {
		if formats[i].name == f {
			return &formats[i]
		}
	}
	return &format{name: f}
}

// Formats returns all formats. Each can be read or written, and most can be both.
func Formats() []Format { return formatsThat(func(*format) bool { return true }) }

// formatsThat returns the formats whose rows pass a test.
func formatsThat(pass func(*format) bool) (list []Format) {
	for i := range formats {
		if pass(&formats[i]) {
			list = append(list, formats[i].name)
		}
	}
	return list
}

// Extensions returns the extensions of files that can be read in some build, each with its dot and in lower case.
func Extensions() (list []string) {
	for _, f := range formatsThat(func(r *format) bool { return r.sniff != nil }) {
		for _, ext := range f.row().extensions {
			list = append(list, "."+ext)
		}
	}
	return list
}

// Sniff returns a file's format by its first bytes, of which 64 are enough. It returns "" if that is no image that can
// be read in some build.
func Sniff(head []byte) Format {
	for i := range formats {
		if sniff := formats[i].sniff; sniff != nil && sniff(head) {
			return formats[i].name
		}
	}
	return ""
}

// ParseFormat reads the name of a format to write, or an alias such as "jpg". It returns "" for "keep", which is the
// format of the source.
func ParseFormat(s string) (Format, error) {
	asked := strings.ToLower(s)
	if asked == "keep" {
		return "", nil
	}
	problem := ""
	for i := range formats {
		r := &formats[i]
		if string(r.name) != asked && !slices.Contains(r.aliases, asked) {
			continue
		}
		if r.name.Writable() {
			return r.name, nil
		}
		if r.decode != nil {
			problem = "can be read but not written"
		}
	}
	names := []string{"keep"}
	for _, f := range formatsThat(writable) {
		names = append(names, string(f))
	}
	return "", &ValueError{What: "format", Value: s, Problem: problem, Expected: inWords(names, "or")}
}

// Ext returns the extension of an output of format f, without a dot.
func (f Format) Ext() string {
	if r := f.row(); len(r.extensions) > 0 {
		return r.extensions[0]
	}
	return string(f)
}

// Title returns the name of f in a sentence, such as "JPEG".
func (f Format) Title() string { return f.row().title }

// MIME returns the media type of f's files, such as "image/jpeg".
func (f Format) MIME() string { return f.row().mime }

// Readable reports whether inputs can be of format f.
func (f Format) Readable() bool { return readable(f.row()) }

func readable(r *format) bool { return r.decode != nil }

// Writable reports whether outputs can be of format f.
func (f Format) Writable() bool { return writable(f.row()) }

func writable(r *format) bool { return r.encode != nil }

// HasQuality reports whether the Quality of a Spec means something for outputs of format f.
func (f Format) HasQuality() bool { return f.row().quality != 0 }

// Web returns 0 if browsers do not show files of format f and 1 if all do. A format that newer browsers alone read, in
// fewer bytes, has a higher number: a page offers it first.
func (f Format) Web() int { return f.row().web }

// InAuto reports whether f is tried where the smallest file is asked for and no formats are named.
func (f Format) InAuto() bool { return f.row().auto }

// DefaultQuality is the quality of outputs of format f if a Spec names none; 0 if f has none.
func (f Format) DefaultQuality() int { return f.row().quality }

// HasProfile reports whether a file of format f can hold a color profile.
func (f Format) HasProfile() bool { return f.row().profile }

// Heeds reports whether a setting, by its name in the text of a Spec, changes anything in outputs of format f. It is
// for those that an encoder reads: quality, effort, chroma, progressive, compression, colors and depth.
func (f Format) Heeds(setting string) bool {
	return slices.Contains(f.row().settings, setting) || setting == "quality" && f.HasQuality() ||
		setting == "depth" && f.row().encodeDeep != nil
}

// HoldsMetadata reports whether a file of format f that is written here can hold metadata of any kind.
func (f Format) HoldsMetadata() bool { return holdsMetadata(f.row()) }

// Animates reports whether a file of format f that is written here can hold an animation.
func (f Format) Animates() bool { return f.row().animate != nil }

// HasAlpha reports whether a file of format f can be transparent.
func (f Format) HasAlpha() bool { return f.row().alpha != alphaNone }

// asked returns the formats that s names, whatever the image; those to try, if the smallest is asked for.
func (s Spec) asked() []Format {
	if s.Smallest && len(s.Formats) == 0 {
		return formatsThat(func(r *format) bool { return r.auto && writable(r) })
	}
	return s.Formats
}

// Outputs returns the formats in which each size of an image with header h is written, or those of which it is written
// in one, if the smallest is asked for.
func (s Spec) Outputs(h Header) []Format {
	asked := s.asked()
	switch {
	case len(asked) > 0:
		return asked
	case h.Lossless && h.Format.row().lossless != "":
		return []Format{h.Format.row().lossless}
	case h.Format == "" || h.Format.Writable():
		return []Format{h.Format}
	case h.Alpha:
		return []Format{PNG}
	}
	return []Format{JPEG}
}

// keeping returns the names of the formats whose rows pass a test, in words: "jpeg, png and tiff".
func keeping(pass func(*format) bool) string {
	var names []string
	for _, f := range formatsThat(pass) {
		names = append(names, string(f))
	}
	return inWords(names, "and")
}

// readableTitles returns the titles of the formats that can be read, in words.
func readableTitles() string {
	var titles []string
	for _, f := range formatsThat(readable) {
		titles = append(titles, f.Title())
	}
	return inWords(titles, "or")
}

// inWords returns a list in words: "jpeg, png and tiff", where last is "and".
func inWords(list []string, last string) string {
	n := len(list) - 1
	if n < 1 {
		return strings.Join(list, "")
	}
	return strings.Join(list[:n], ", ") + " " + last + " " + list[n]
}
