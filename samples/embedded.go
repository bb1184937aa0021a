package samples

import (
	"embed"
	"image"
	"sync"
)

//go:generate go test -run ^TestEmbeddedPicturesAreWhatTheCodeDraws$ -args -update

//go:embed embedded/*.jpg
var embedded embed.FS

// A plate is what an embedded picture was drawn from.
type plate struct {
	kind        string
	seed        uint64
	w, h        int // as seen
	orientation int
}

// plates are the embedded pictures, in order; their seeds were chosen by eye.
var plates = []plate{
	{"landscape", 4, 1800, 1200, 1},
	{"glass", 3, 1440, 1600, 1},
	{"galaxy", 2, 1920, 1200, 1},
	{"dunes", 3, 1800, 1200, 1},
	{"mandelbrot", 2, 1800, 1200, 1},
	{"city", 3, 1920, 1080, 1},
	{"stilllife", 2, 1800, 1200, 1},
	{"sea", 4, 1920, 1200, 1},
	{"marble", 4, 1200, 1800, 6},
	{"aurora", 2, 1800, 1200, 8},
	{"meadow", 4, 1280, 1680, 1},
	{"julia", 4, 1800, 1200, 3},
}

func (p plate) name() string { return p.kind + ".jpg" }

// draw paints the part r of the upright picture.
func (p plate) draw(r image.Rectangle) *image.RGBA {
	return drawPart(kinds[indexOf(p.kind)], p.seed, p.w, p.h, r)
}

func rectOf(w, h int) image.Rectangle { return image.Rect(0, 0, w, h) }

// file paints the picture and encodes it.
func (p plate) file() []byte {
	img := lay(p.draw(rectOf(p.w, p.h)), p.orientation)
	return withOrientation(encodeJPEG(img, 90), p.orientation, false)
}

var loadEmbedded = sync.OnceValue(func() []File {
	list := make([]File, len(plates))
	for i, p := range plates {
		data, err := embedded.ReadFile("embedded/" + p.name())
		if err != nil {
			// The compiler has put the folder in; a missing file is a fault of the table above, which a test finds.
			panic(err)
		}
		list[i] = File{Name: p.name(), Data: data, Doc: docOf(p.kind, p.w, p.h, p.orientation), Width: p.w, Height: p.h}
	}
	return list
})

// drawSmall draws one thumbnail of each kind.
var drawSmall = sync.OnceValue(func() []File {
	var list []File
	for i, k := range kinds {
		w, h := 160, 107
		if i%3 == 2 {
			w, h = h, w
		}
		data := encodeJPEG(drawPart(k, 1, w, h, rectOf(w, h)), 85)
		list = append(list, File{Name: k.name + ".jpg", Data: data, Doc: docOf(k.name, w, h, 1), Width: w, Height: h})
	}
	return list
})

// Embedded returns a dozen pictures that are part of the program, JPEG of 2 to 4 megapixels, upright, on their side and
// on their head. The caller owns the slice, but not the Data in it.
func Embedded() []File { return append([]File(nil), loadEmbedded()...) }
