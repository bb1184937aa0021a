package transform

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// A magic is how the files of a kind begin.
type magic struct {
	offset int
	prefix string
	kind   string
}

const jpegXL = "a JPEG XL image"

// helpful says what helps with a kind of image, where something does.
var helpful = map[string]string{jpegXL: "no decoder for Go exists; djxl converts it"}

// foreignImages are images, or documents of images, that cannot be read.
var foreignImages = []magic{
	{4, "ftypmif1", "a HEIF image"},
	{4, "ftypmsf1", "a HEIF sequence"},
	{0, "\xff\x0a", jpegXL},
	{0, "\x00\x00\x00\x0cJXL \r\n\x87\n", jpegXL},
	{0, "\x00\x00\x00\x0cjP  \r\n\x87\n", "a JPEG 2000 image"},
	{0, "\xff\x4f\xff\x51", "a JPEG 2000 codestream"},
	{0, "\xff\xd8\xff\xf7", "a JPEG-LS image"},
	{0, "8BPS", "a Photoshop image"},
	{0, "\x00\x00\x01\x00", "an ICO icon"},
	{0, "\x00\x00\x02\x00", "a CUR cursor"},
	{0, "%PDF", "a PDF document"},
	{0, "%!PS", "a PostScript document"},
	{0, "\xc5\xd0\xd3\xc6", "an EPS document"},
	{0, "II\xbc", "a JPEG XR image"},
	{0, "qoif", "a QOI image"},
	{0, "farbfeld", "a farbfeld image"},
	{0, "#?RADIANCE", "a Radiance HDR image"},
	{0, "v/1\x01", "an OpenEXR image"},
	{0, "DDS ", "a DDS texture"},
	{0, "\xabKTX ", "a KTX texture"},
	{0, "\x8aMNG", "an MNG animation"},
	{0, "\x8bJNG", "a JNG image"},
	{0, "gimp xcf", "a GIMP image"},
	{0, "BPG\xfb", "a BPG image"},
	{0, "FLIF", "a FLIF image"},
	{0, "SIMPLE  =", "a FITS image"},
	{128, "DICM", "a DICOM image"},
	{0, "\x59\xa6\x6a\x95", "a Sun raster image"},
	{0, "AT&TFORM", "a DjVu document"},
	{14, "BM", "an OS/2 bitmap array"},
}

// foreignFiles are no images.
var foreignFiles = []magic{
	{4, "ftyp", "an MP4 video or a relative of it"},
	{0, "\x1aE\xdf\xa3", "a Matroska or WebM video"},
	{0, "OggS", "an Ogg file"},
	{0, "PK\x03\x04", "a ZIP archive"},
	{0, "\x1f\x8b", "a gzip file"},
	{0, "7z\xbc\xaf", "a 7z archive"},
	{0, "Rar!", "a RAR archive"},
	{0, "\x7fELF", "a program"},
	{0, "ID3", "an MP3 file"},
	{0, "RIFF", "a RIFF file that holds no WebP"},
}

func match(list []magic, data []byte) (string, bool) {
	for _, m := range list {
		if len(data) > m.offset && bytes.HasPrefix(data[m.offset:], []byte(m.prefix)) {
			return m.kind, true
		}
	}
	return "", false
}

// refusal returns the error for a file that Sniff does not know. It says what the file is.
func refusal(data []byte) *Error {
	none := func(what string) *Error {
		err := errors.New("this is " + what + ", not an image")
		return &Error{Kind: ClassNotAnImage, Doing: "read header", Err: err}
	}
	if len(data) == 0 {
		return &Error{Kind: ClassNotAnImage, Doing: "read header", Err: errors.New("the file is empty")}
	}
	if kind := rawKind(data); kind != "" {
		return &Error{Kind: ClassUnsupported, Doing: "read header", Err: rawRefusal(kind)}
	}
	kind, ok := match(foreignImages, data)
	if !ok && netpbm(data) {
		kind, ok = "a Netpbm image", true
	}
	if ok {
		err := fmt.Errorf("this is %s, which cannot be read: %s", kind,
			cmp.Or(helpful[kind], "expected "+readableTitles()))
		return &Error{Kind: ClassUnsupported, Doing: "read header", Err: err}
	}
	if kind, ok := match(foreignFiles, data); ok {
		return none(kind)
	}
	if text := textKind(data); text != "" {
		return none(text)
	}
	err := fmt.Errorf("no image that is known begins with the bytes % x", data[:min(len(data), 8)])
	return &Error{Kind: ClassNotAnImage, Doing: "read header", Err: err}
}

func netpbm(data []byte) bool {
	return len(data) > 2 && data[0] == 'P' && (data[1] >= '1' && data[1] <= '7' || data[1] == 'F' || data[1] == 'f') &&
		(data[2] == '\n' || data[2] == '\r' || data[2] == ' ')
}

// textKind returns the kind of text that data is; "" if it is not text.
func textKind(data []byte) string {
	head := data[:min(len(data), 1024)]
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		return "text in UTF-16"
	}
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	trimmed := strings.ToLower(string(bytes.TrimSpace(head)))
	for strings.HasPrefix(trimmed, "<!--") {
		_, after, found := strings.Cut(trimmed, "-->")
		if !found {
			break
		}
		trimmed = strings.TrimSpace(after)
	}
	starts := func(words ...string) bool {
		for _, w := range words {
			if strings.HasPrefix(trimmed, w) {
				return true
			}
		}
		return false
	}
	switch {
	case starts("<!doctype html", "<html", "<head", "<body", "<script", "<title", "<meta",
		"<div", "<iframe", "<h1", "<p>"):
		return "an HTML page"
	case starts("<svg", "<!doctype svg"), starts("<?xml") && strings.Contains(trimmed, "<svg"):
		return "an SVG drawing"
	case starts("<?xml") && strings.Contains(trimmed, "<html"):
		return "an HTML page"
	case starts("<?xml", "<rss", "<error"):
		return "an XML document"
	}
	if !printable(head, len(data) > len(head)) {
		return ""
	}
	if starts("{", "[") {
		return "a JSON document"
	}
	if trimmed == "" {
		return "an empty text"
	}
	return "text"
}

// printable reports whether b is UTF-8 without control characters. If cut is set, b may end inside a character.
func printable(b []byte, cut bool) bool {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			return cut && !utf8.FullRune(b)
		}
		if r < ' ' && r != '\n' && r != '\r' && r != '\t' && r != '\f' && r != 0x1b || r == 0x7f {
			return false
		}
		b = b[n:]
	}
	return true
}
