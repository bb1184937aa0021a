package transform

import (
	"cmp"

	"imgpipe/transform/internal/exif"
	"imgpipe/transform/internal/icc"
)

// An About is what a file says of itself besides its pixels. What it does not say is the zero value. Its texts come
// from the file, and have no control characters but tabs and ends of lines.
type About struct {
	Header
	// Bits is how many bits a sample has, or a place in a palette.
	Bits int
	// Several reports that there are frames or pages behind the first.
	Several bool
	// Profile is the name of the color profile, or "unnamed". ProfileProblem says why one cannot be used.
	Profile, ProfileProblem string
	// EXIF, XMP and IPTC report which kinds of metadata there are.
	EXIF, XMP, IPTC bool
	// Camera is its maker and model. Taken is when the picture was taken by the clock of the camera: 2006-01-02
	// 15:04:05.
	Camera, Taken string
	// Artist and Copyright are the names of the author and of the holder of rights.
	Artist, Copyright string
	// GPS reports whether the place is named where the picture was taken, Thumbnail whether EXIF has a smaller picture.
	GPS, Thumbnail bool
	// Remarks are sentences about what is odd in the file.
	Remarks []string
}

// ReadAbout reads what a file says of itself, and no pixel. Every error is an *Error, and so is a panic.
func ReadAbout(data []byte) (a About, err error) {
	doing := "read header"
	err = guard(&doing, func() error {
		m, err := inspect(data)
		if err != nil {
			return err
		}
		b := m.blocks(data)
		facts := exif.FactsOf(b)
		a = About{
			Header: m.Header, Bits: m.bits, Several: m.more,
			EXIF: len(b.EXIF) > 0, XMP: len(b.XMP) > 0, IPTC: len(b.IPTC) > 0,
			Camera: facts.Camera, Taken: facts.Taken, Artist: facts.Artist, Copyright: facts.Copyright,
			GPS: facts.GPS, Thumbnail: facts.Thumbnail,
			Remarks: m.remarks,
		}
		if m.icc != nil {
			p, _ := icc.Parse(m.icc)
			a.Profile = exif.Clean([]byte(cmp.Or(p.Name, "unnamed")))
		}
		a.ProfileProblem = m.colors.why
		return nil
	})
	return a, err
}
