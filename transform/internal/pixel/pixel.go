// Package pixel holds the planar picture that decoders make, the resampler changes and encoders take, and converts it
// to and from RGB. Start with [Planes], the picture, and [Shape], which describes one before it is decoded.
//
//	file -> header -> Shape -> Scale: how large to decode -> Planes -> resampled Planes -> file, or RGB and alpha
//
// Samples of planes have 8 bits. Pictures of 16 bits come row by row, with two bytes for a sample, the high one first,
// as in image.NRGBA64 and image.Gray16; [Shallow] rounds them.
//
// The package knows no file format, allocates nothing but what it returns, and keeps no state.
package pixel

import "fmt"

// A Kind says what the components of a picture mean.
type Kind uint8

// The kinds of pictures. Planes hold samples as they are stored: those of CMYK and YCCK may be inverted, so that 255 is
// no ink, which the file says and the Kind does not.
const (
	Gray  Kind = 1 + iota // one component
	YCbCr                 // three components, as JFIF (ITU-T T.871) defines them
	RGB                   // three components
	CMYK                  // four components
	YCCK                  // four components: the complements of C, M and Y as YCbCr, and K
	Two                   // two components, whose meaning only the container of the picture knows
)

// N returns the number of components: 1 to 4, and 0 for the zero Kind.
func (k Kind) N() int {
	switch k {
	case Gray:
		return 1
	case Two:
		return 2
	case YCbCr, RGB:
		return 3
	case CMYK, YCCK:
		return 4
	}
	return 0
}

// String returns the name of k's constant.
func (k Kind) String() string {
	switch k {
	case Gray:
		return "Gray"
	case YCbCr:
		return "YCbCr"
	case RGB:
		return "RGB"
	case CMYK:
		return "CMYK"
	case YCCK:
		return "YCCK"
	case Two:
		return "two of no known meaning"
	}
	return "unknown"
}

// A Plane is a rectangle of samples, one byte each, the first row at the top. The sample of column x in row y is
// Pix[y*Stride+x]. The last row may end at its W-th sample. The zero Plane has no samples.
type Plane struct {
	Pix []byte
	// Stride is the distance between rows, at least W.
	Stride int
	// W and H are the numbers of columns and rows. If the picture ends within a sample, that sample counts.
	W, H int
}

// NewPlane returns a plane of zeros.
func NewPlane(w, h int) Plane { return Plane{Pix: make([]byte, w*h), Stride: w, W: w, H: h} }

// Row returns the samples of row y, which share p's memory.
func (p Plane) Row(y int) []byte { return p.Pix[y*p.Stride:][:p.W:p.W] }

// Crop returns the rectangle of p from (x, y), w wide and h high. It shares p's memory. Crop panics if the rectangle
// does not lie in p.
func (p Plane) Crop(x, y, w, h int) Plane {
	if x < 0 || y < 0 || w < 0 || h < 0 || x > p.W-w || y > p.H-h {
		panic(fmt.Sprintf("pixel: crop %dx%d at %d,%d of a plane of %dx%d", w, h, x, y, p.W, p.H))
	}
	if w == 0 || h == 0 {
		return Plane{Stride: p.Stride, W: w, H: h}
	}
	return Plane{Pix: p.Pix[y*p.Stride+x:], Stride: p.Stride, W: w, H: h}
}

// Planes are the components of a picture, in the order of its Kind.
type Planes struct {
	Kind Kind
	// Video reports that samples have the range of video: luma 16 to 235, chroma 16 to 240 (ITU-R BT.601). Otherwise
	// they have all of 0 to 255.
	Video bool
	// Plane holds one plane for each component; those beyond are zero.
	Plane [4]Plane
	// Extent is what the picture measures in samples of each plane. Only decoders set it, and only a resampler needs
	// it.
	Extent [4]Extent
}

// N returns the number of planes.
func (p *Planes) N() int { return p.Kind.N() }

// An Extent is the exact size of a picture in samples of one plane: its width or height, times the scale of decoding,
// times the sampling factor of the component, divided by the largest factor. It is at most the plane's W and H. A
// resampler that took these instead would shift the picture by part of a sample.
type Extent struct{ W, H float64 }

// A Shape describes a picture that a decoder can decode to Planes. It is known before anything is decoded.
type Shape struct {
	// Width and Height are those of the picture in pixels, at least 1 each.
	Width, Height int
	Kind          Kind
	// Sampling has one entry for each component; those beyond are zero.
	Sampling [4]Sampling
	// Scales reports that the decoder can decode at every [Scale]. Otherwise it decodes at full size alone.
	Scales bool
	// Halves reports that the decoder can decode at a half as well, which is 4 as a [Scale].
	Halves bool
	// Video reports that samples have the range of video, as in Planes.
	Video bool
}

// Sampling is how many samples a component has in each direction, relative to the other components.
type Sampling struct{ H, V int }

// Finest returns the largest sampling factor of each direction.
func (s *Shape) Finest() (h, v int) {
	for _, c := range s.Sampling[:s.Kind.N()] {
		h, v = max(h, c.H), max(v, c.V)
	}
	return h, v
}

// A Scale is the size at which to decode: Luma/8 and Chroma/8 of the full size. Each is 1 to 8; 0 means 8. Chroma is
// for the second and third component of YCbCr and YCCK, Luma for all others.
type Scale struct {
	Luma, Chroma int
	// Rough reports that each sample of the result is made of several. A decoder may then leave out what only smooths
	// the picture between neighbors.
	Rough bool
}
