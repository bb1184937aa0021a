package transform

import "imgpipe/transform/internal/exif"

// An Effort is how much time an encoder may take for a smaller file of the same quality. "" is EffortFast.
type Effort string

// The efforts.
const (
	EffortFast   Effort = "fast"
	EffortNormal Effort = "normal"
	EffortHigh   Effort = "high"
)

// A Chroma is the resolution of color in a JPEG or lossy WebP or AVIF, relative to that of brightness. "" is
// ChromaAuto.
type Chroma string

// The resolutions of chroma.
const (
	ChromaAuto Chroma = "auto" // half in both directions; full from quality 90 on, where the source has it
	ChromaHalf Chroma = "420"  // half in both directions
	ChromaFull Chroma = "444"  // full
)

// A ProfileRule says what becomes of the color profile of an image. Pixels of inks (CMYK) are always converted to sRGB,
// through their profile if there is one. "" is ProfileKeep.
type ProfileRule string

// The rules for color profiles.
const (
	// ProfileKeep means that pixels keep their values, and the file its profile. Pixels for a format without a place
	// for one are converted to sRGB.
	ProfileKeep  ProfileRule = "keep"
	ProfileSRGB  ProfileRule = "srgb"  // pixels are converted to sRGB, and the file has no profile
	ProfileStrip ProfileRule = "strip" // pixels keep their values, and the file has no profile
)

// A Depth says how many bits the samples of outputs have. "" is DepthKeep.
type Depth string

// The depths.
const (
	// DepthKeep means that outputs of a source with 16 bits a sample have 16 bits, too. It is for gray and RGB, with
	// alpha or without it, of formats that can have them, and for operations that can be done with them. What takes
	// bits away is said in a warning. A palette, and the smallest of several files, have 8 bits.
	DepthKeep Depth = "keep"
	Depth8    Depth = "8" // all outputs have 8 bits
)

// A Metadata says which metadata goes into outputs. A color profile is none, and an orientation is never kept. "" is
// MetadataStrip.
type Metadata string

// The amounts of metadata.
const (
	MetadataStrip     Metadata = "strip"     // none
	MetadataCopyright Metadata = "copyright" // the names of the author and of the holder of rights
	MetadataAll       Metadata = "all"       // EXIF, IPTC and XMP, with the place where a photo was taken
)

// An Animation says what becomes of an animated image. "" is AnimationKeep.
type Animation string

// What becomes of animations.
const (
	AnimationKeep  Animation = "keep"  // all frames, where the format of the output holds an animation
	AnimationFirst Animation = "first" // the first frame
)

// An encoding is what an encoder is asked for besides the pixels. Each encoder reads what it has a use for.
type encoding struct {
	quality     int // 1 to 100; 0 if the format has none
	effort      Effort
	chroma      Chroma
	wantsChroma bool // all columns and rows of chroma are asked for, which the format does not have
	progressive bool
	compression int         // 1 to 9; 0 is the format's default
	colors      int         // 2 to 256; 0 is any number, of a format that has no palette or need not have one
	profile     *profile    // to embed, nil for none
	metadata    exif.Output // as far as the format has a place for it
	animated    bool        // the source is an animation that is to stay one
}

// encoding returns what s asks of an encoder of format f.
func (s Spec) encoding(f *format) encoding {
	e := encoding{
		quality: f.quality, effort: s.Effort, chroma: s.Chroma, progressive: s.Progressive,
		compression: s.Compression, colors: s.Colors,
	}
	if f.halfChroma {
		e.chroma, e.wantsChroma = ChromaHalf, s.Chroma == ChromaFull
	}
	if f.quality != 0 && s.Quality != 0 {
		e.quality = s.Quality
	}
	if e.colors == 0 {
		e.colors = f.colors
	}
	return e
}

// subsampling returns 2 if chroma is to have half of the columns and rows, and 1 if it is to have all. full reports
// whether the source has all of it.
func (e encoding) subsampling(full bool) int {
	switch {
	case e.chroma == ChromaFull, e.chroma != ChromaHalf && e.quality >= fineQuality && full:
		return 1
	}
	return 2
}
