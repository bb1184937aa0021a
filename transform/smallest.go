package transform

import "image"

// This file is about the smallest of several formats, of which one file is kept.
//
// The lossy formats are tried at the qualities that they have otherwise. Which formats are tried follows from the
// picture, so that none is written that cannot win: photos of 320 to 800 pixels had 6 to 7 times the bytes of a JPEG
// of quality 85 as a PNG.

// A look is what a picture looks like to those who choose a format for it.
type look int

const (
	lookPhoto   look = iota // opaque, with many colors
	lookDrawing             // opaque, with few colors, so that a palette or one gray sample holds a pixel
	lookClear               // some of it is transparent
)

// lookOf returns the look of an image.
func lookOf(img *image.NRGBA) look {
	if !img.Opaque() {
		return lookClear
	}
	if _, few := exactPalette(img, 256); few {
		return lookDrawing
	}
	return lookPhoto
}

// suits reports whether a file of a picture in format f can be worth having.
func (f *format) suits(l look) bool {
	switch l {
	case lookClear:
		return f.alpha == alphaFull
	case lookPhoto:
		return f.quality != 0
	}
	return true
}

// suit decides which legs are tried for a picture, if the smallest file is to be kept: those that suit it, or all if
// none does.
func (s *sizing) suit(l look) {
	if !s.smallest {
		return
	}
	s.suits = make([]bool, len(s.legs))
	some := false
	for i := range s.legs {
		s.suits[i] = s.legs[i].row.suits(l)
		some = some || s.suits[i]
	}
	for i := range s.suits {
		s.suits[i] = s.suits[i] || !some
	}
}

// todo reports whether the file of leg i is to be made, and is not made yet.
func (s *sizing) todo(i int) bool { return s.files[i].Data == nil && (s.suits == nil || s.suits[i]) }

// kept returns the files that are kept.
func (s *sizing) kept() []Output {
	if !s.smallest {
		return s.files
	}
	return smallestOf(s.files)
}

// smallestOf returns the smallest of the files that were made, and of equal ones the first.
func smallestOf(files []Output) []Output {
	best := -1
	for i := range files {
		if data := files[i].Data; data != nil && (best < 0 || len(data) < len(files[best].Data)) {
			best = i
		}
	}
	return files[best : best+1]
}
