package transform

import (
	"fmt"
	"image"
	"math"

	"github.com/disintegration/imaging"
)

func findOperation(name string) *operation {
	for i := range operations {
		if operations[i].name == name {
			return &operations[i]
		}
	}
	return nil
}

// imageBytes is the memory of an image of w × h pixels.
func imageBytes(_ args, w, h int) int64 { return 4 * int64(w) * int64(h) }

// blurExtra counts a smaller image, or the lines that are blurred at a time.
func blurExtra(a args, w, h int) int64 {
	r := 6*int64(a.num("sigma")) + 8
	return imageBytes(a, w, h) + 16*(int64(w)+r) + 16*abreast*(int64(h)+r)
}

// pointwise returns the apply of an operation that looks at one pixel at a time and has one number.
func pointwise(name string, f func(image.Image, float64) *image.NRGBA) applyFunc {
	return func(_ *job, img *image.NRGBA, a args) (*image.NRGBA, error) { return f(img, a.num(name)), nil }
}

// soften returns the apply of an operation that has a sigma.
func soften(f func(*image.NRGBA, float64) *image.NRGBA) applyFunc {
	return func(_ *job, img *image.NRGBA, a args) (*image.NRGBA, error) { return f(img, a.num("sigma")), nil }
}

// plain returns the apply of an operation without arguments.
func plain(f func(image.Image) *image.NRGBA) applyFunc {
	return func(_ *job, img *image.NRGBA, _ args) (*image.NRGBA, error) { return f(img), nil }
}

// operations is the table, in alphabetical order. A sigma is bounded because a Gaussian of more leaves nothing to see.
var operations = []operation{
	{
		name: "blur", doc: "soften with a Gaussian", example: "blur=1.5",
		args: []argument{
			{name: "sigma", kind: kindNumber, min: 0.1, max: 50, required: true, doc: "standard deviation in pixels"},
		},
		extra: blurExtra, apply: soften(blurred), softening: theBlur,
	},
	{
		name: "brightness", doc: "make lighter or darker", example: "brightness=10",
		args: []argument{
			{
				name: "percent", kind: kindNumber, min: -100, max: 100, required: true,
				doc: "-100 is black, 100 is white",
			},
		},
		apply: pointwise("percent", imaging.AdjustBrightness), deep: deepLevels("percent", brighter),
	},
	{
		name: "contrast", doc: "move colors away from middle gray or towards it", example: "contrast=15",
		args: []argument{
			{
				name: "percent", kind: kindNumber, min: -100, max: 100, required: true,
				doc: "-100 is gray, 100 the strongest",
			},
		},
		apply: pointwise("percent", imaging.AdjustContrast), deep: deepLevels("percent", contrasted),
	},
	{
		name: "crop", doc: "cut out a part", example: "crop=400x300,gravity=north",
		args: []argument{
			{name: "size", kind: kindBox, required: true, doc: "of the part; more than the image has is cut to it"},
			{
				name: "gravity", kind: kindChoice, choices: gravityWords, def: "center",
				doc: "which part, unless x or y is given",
			},
			{name: "x", kind: kindLength, doc: "distance of its left side from that of the image"},
			{name: "y", kind: kindLength, doc: "distance of its top from that of the image"},
		},
		size: cropSize, apply: applyCrop, deep: always(deepCrop),
	},
	{
		name: "flip", doc: "mirror top to bottom", example: "flip", apply: plain(imaging.FlipV),
		deep: deepTurn(4),
	},
	{
		name: "flop", doc: "mirror left to right", example: "flop", apply: plain(imaging.FlipH),
		deep: deepTurn(2),
	},
	{
		name: "gamma", doc: "correct the gamma: lighter or darker in the middle tones", example: "gamma=1.2",
		args: []argument{
			{
				name: "gamma", kind: kindNumber, min: 0.1, max: 10, required: true,
				doc: "1 changes nothing, more is lighter",
			},
		},
		apply: pointwise("gamma", imaging.AdjustGamma), deep: deepLevels("gamma", gammaOf),
	},
	{
		name: "grayscale", doc: "take the colors away", example: "grayscale", apply: plain(imaging.Grayscale),
		deep: always(deepGrayscale),
	},
	{
		name: "hue", doc: "turn the color wheel", example: "hue=60",
		args: []argument{
			{name: "degrees", kind: kindNumber, min: -180, max: 180, required: true, doc: "60 makes red yellow"},
		},
		apply: pointwise("degrees", imaging.AdjustHue),
	},
	{
		name: "invert", doc: "invert the colors", example: "invert", apply: plain(imaging.Invert),
		deep: always(deepInvert),
	},
	{
		name: "resize", doc: "change the size", example: "resize=800x600,fit=cover,gravity=smart",
		args: []argument{
			{
				name: "size", kind: kindSize, required: true,
				doc: "WxH is a box; the missing side of Wx or xH follows the image's shape",
			},
			{
				name: "fit", kind: kindChoice, choices: fitWords, def: string(FitInside),
				doc: "how an image of another shape is brought into the box",
			},
			{
				name: "gravity", kind: kindChoice, choices: gravityWords, def: "center",
				doc: "what cover keeps, and where contain puts the image",
			},
			{name: "filter", kind: kindChoice, choices: filterWords, def: "lanczos", doc: "method of resampling"},
			{name: "upscale", kind: kindSwitch, def: "off", doc: "allow an image to become larger"},
		},
		size: resizeSize, extra: resizeExtra, apply: applyResize, deep: always(deepResize),
		check: func(a args) error {
			size := a.at("size")
			if size.w.percent && size.w.n > 100 && !a.on("upscale") {
				return &ValueError{
					What: "size", Value: size.text, Problem: "makes images larger",
					Expected: "at most 100%, or upscale=on",
				}
			}
			return nil
		},
	},
	{
		name: "rotate", doc: "turn to the right", example: "rotate=90",
		args: []argument{
			{
				name: "degrees", kind: kindNumber, min: -360, max: 360, required: true,
				doc: "multiples of 90 are exact; others show the background in the corners",
			},
		},
		size: rotateSize, apply: applyRotate, deep: deepRotate,
	},
	{
		name: "saturation", doc: "make colors stronger or weaker", example: "saturation=20",
		args: []argument{
			{
				name: "percent", kind: kindNumber, min: -100, max: 500, required: true,
				doc: "-100 is gray, 100 twice as strong",
			},
		},
		apply: pointwise("percent", imaging.AdjustSaturation),
	},
	{
		name: "sharpen", doc: "sharpen with an unsharp mask", example: "sharpen=0.5",
		args: []argument{
			{
				name: "sigma", kind: kindNumber, min: 0.1, max: 10, def: "0.5",
				doc: "standard deviation of the mask in pixels",
			},
		},
		extra: blurExtra, apply: soften(sharpened), softening: lessTheBlur,
	},
	{
		name: "text", doc: "write text over the image", example: "text={date},size=3%,outline=black",
		args: []argument{
			{name: "text", kind: kindText, required: true, doc: "what to write; of each image: " + textFieldsDoc()},
			{name: "font", kind: kindFont, doc: "the font; without it Go Regular, for Latin, Greek and Cyrillic"},
			{
				name: "size", kind: kindLength, def: "4%",
				doc: "height of the font; a percentage is of the shorter side; smaller if the text would not fit",
			},
			{name: "color", kind: kindColor, def: "#ffffff", doc: "of the letters"},
			{name: "outline", kind: kindColor, doc: "a line around the letters, in that color"},
			{name: "opacity", kind: kindNumber, min: 0, max: 1, def: "1", doc: "0 is invisible, 1 as it is"},
			{
				name: "gravity", kind: kindChoice, choices: compassWords, def: "southeast",
				doc: "at which side or corner",
			},
			{
				name: "margin", kind: kindLength, def: "2%",
				doc: "distance from the sides; a percentage is of the shorter side",
			},
			{name: "sha256", kind: kindHash},
		},
		check: checkText, extra: textExtra, apply: applyText,
	},
	{
		name: "watermark", doc: "lay another image over this one",
		example: "watermark=logo.png,opacity=0.5,gravity=southeast",
		args: []argument{
			{name: "image", kind: kindAsset, required: true, doc: "the image file"},
			{name: "opacity", kind: kindNumber, min: 0, max: 1, def: "1", doc: "0 is invisible, 1 as it is"},
			{
				name: "gravity", kind: kindChoice, choices: compassWords, def: "southeast",
				doc: "at which side or corner",
			},
			{
				name: "scale", kind: kindNumber, min: 0, max: 100, def: "0",
				doc: "its width in percent of this image's; 0 is its own size",
			},
			{
				name: "margin", kind: kindLength, def: "0",
				doc: "distance from the sides; a percentage is of the shorter side",
			},
			{name: "sha256", kind: kindHash},
		},
		extra: watermarkExtra, apply: applyWatermark,
	},
}

// cropRect returns the part that a crop keeps, without smart gravity.
func cropRect(a args, w, h int) (image.Rectangle, error) {
	size := a.at("size")
	cw, ch := min(w, max(1, size.w.of(w))), min(h, max(1, size.h.of(h)))
	r := place(w, h, cw, ch, a.text("gravity"))
	x, y := a.at("x"), a.at("y")
	if x.text == "" && y.text == "" {
		return r, nil
	}
	left, top := x.w.of(w), y.w.of(h)
	r = image.Rect(left, top, left+cw, top+ch).Intersect(image.Rect(0, 0, w, h))
	if r.Empty() {
		return r, fmt.Errorf("crop at %d,%d is outside the image: expected a place inside %dx%d", left, top, w, h)
	}
	return r, nil
}

func cropSize(a args, w, h int) (int, int, error) {
	r, err := cropRect(a, w, h)
	return r.Dx(), r.Dy(), err
}

func applyCrop(j *job, img *image.NRGBA, a args) (*image.NRGBA, error) {
	b := img.Bounds()
	r, err := cropRect(a, b.Dx(), b.Dy())
	if err != nil || r == b {
		return img, err
	}
	if a.text("gravity") == "smart" && a.text("x") == "" && a.text("y") == "" {
		r = j.smartPlace(img, r.Dx(), r.Dy())
	}
	return imaging.Crop(img, r), nil
}

// turns returns the number of quarter turns to the right, and whether the angle is a multiple of 90 degrees.
func turns(a args) (int, bool) {
	q := a.num("degrees") / 90
	return (int(q)%4 + 4) % 4, q == math.Trunc(q)
}

// rotateSize returns the box around the turned centers of the corner pixels. It may be a tenth of a pixel too small,
// which is how imaging rounds.
func rotateSize(a args, w, h int) (int, int, error) {
	if q, exact := turns(a); exact {
		if q%2 == 1 {
			w, h = h, w
		}
		return w, h, nil
	}
	sin, cos := math.Sincos(a.num("degrees") * math.Pi / 180)
	sin, cos = math.Abs(sin), math.Abs(cos)
	sideOf := func(p, q float64) int { return int(math.Ceil(p + q + 1 - 0.1)) }
	dw, dh := float64(w-1), float64(h-1)
	return sideOf(dw*cos, dh*sin), sideOf(dw*sin, dh*cos), nil
}

func applyRotate(j *job, img *image.NRGBA, a args) (*image.NRGBA, error) {
	// imaging turns to the left.
	switch q, exact := turns(a); {
	case exact && q == 0:
		return img, nil
	case exact && q == 1:
		return imaging.Rotate270(img), nil
	case exact && q == 2:
		return imaging.Rotate180(img), nil
	case exact:
		return imaging.Rotate90(img), nil
	}
	return imaging.Rotate(img, -a.num("degrees"), j.background), nil
}
