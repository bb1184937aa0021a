package exif

import (
	"regexp"
	"strings"
	"sync"
)

// Facts are what people ask for of a picture. What is not known is "" or false.
type Facts struct {
	// Camera is maker and model.
	Camera string
	// Taken is when the picture was taken, as the camera's clock had it: 2006-01-02 15:04:05.
	Taken string
	// Artist and Copyright are the names of the author and of the holder of rights.
	Artist, Copyright string
	// GPS reports whether the place is named where the picture was taken.
	GPS bool
	// Thumbnail reports whether there is a smaller picture.
	Thumbnail bool
}

// FactsOf returns the facts of blocks. It never fails.
func FactsOf(b Blocks) Facts {
	m := Read(b, All)
	f := CameraOf(b.EXIF)
	f.Artist, f.Copyright = m.rights.artist(), m.rights.notice()
	_, there := find(m.tags.GPS, tagLatitude)
	f.GPS = there || m.xmp.gps
	return f
}

// maxCamera bounds the name of a maker, and that of a model.
const maxCamera = 100

// CameraOf returns the Camera and the time of an EXIF block alone, for a fraction of the time of FactsOf.
func CameraOf(exif []byte) (f Facts) {
	if len(exif) == 0 {
		return f
	}
	t, _ := readTags(exif)
	maker, model := text(t.Image, tagMake), text(t.Image, tagModel)
	maker, model = maker[:min(len(maker), maxCamera)], model[:min(len(model), maxCamera)]
	f.Camera = strings.TrimSpace(maker + " " + model)
	first, _, _ := strings.Cut(maker, " ")
	if first != "" && len(model) >= len(first) && strings.EqualFold(model[:len(first)], first) {
		f.Camera = model // which names the maker, too
	}
	for _, tag := range []uint16{tagTaken, tagDigitized} {
		if m := moment().FindStringSubmatch(text(t.Photo, tag)); m != nil && f.Taken == "" && m[1] != "0000" {
			f.Taken = strings.Join(m[1:4], "-") + " " + strings.Join(m[4:], ":")
		}
	}
	f.Thumbnail = t.second
	return f
}

// moment is a time in EXIF (CIPA DC-008, section 4.6.4).
var moment = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([0-9]{4})[:-](0[1-9]|1[0-2])[:-](0[1-9]|[12][0-9]|3[01])[ T]` +
		`([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])`)
})
