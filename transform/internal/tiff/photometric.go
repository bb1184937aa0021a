package tiff

import (
	"errors"
	"fmt"

	"imgpipe/transform/internal/codec"
)

// Photometric interpretations.
const (
	whiteIsZero = 0
	blackIsZero = 1
	rgb         = 2
	paletted    = 3
	mask        = 4
	separated   = 5
	ycbcr       = 6
	cieLab      = 8
	iccLab      = 9
)

// likely is the photometric interpretation of a file that names none, as in libtiff.
func (l *Layout) likely() uint64 {
	switch l.compression {
	case huffmanCoded, huffmanWordsCoded, group3Coded, group4Coded:
		return whiteIsZero
	}
	if l.samples >= 3 {
		return rgb
	}
	return blackIsZero
}

func (l *Layout) checkColors() error {
	l.colors = 1
	if l.photometric == rgb && l.samples < 3 {
		l.photometric, l.odd = blackIsZero, "it has no samples for three colors, and was read as gray"
	}
	if l.photometric == paletted {
		if err := l.checkPalette(); err != nil {
			return err
		}
	}
	switch l.photometric {
	case whiteIsZero, blackIsZero, mask:
	case rgb:
		l.colors = 3
	case paletted:
	case separated:
		if l.d.Number(InkSet, 1) > 1 {
			return codec.Unsupported("inks that are not CMYK")
		}
		l.CMYK = true
		l.colors = 4
	case ycbcr:
		if err := l.checkYCbCr(); err != nil {
			return err
		}
	case cieLab, iccLab:
		l.colors = 3
		if l.bits != 8 && l.bits != 16 || l.format == 3 {
			return codec.Unsupported(fmt.Sprintf("L*a*b* of %d bits", l.bits))
		}
	case 10:
		return codec.Unsupported("the color model ITU L*a*b*")
	case 32844, 32845:
		return codec.Unsupported("the color model LogLuv")
	case 32803, 34892:
		return codec.Unsupported("the raw data of a camera")
	default:
		return codec.Unsupported(fmt.Sprintf("color model %d", l.photometric))
	}
	if l.samples < l.colors {
		return errInconsistent
	}
	if l.samples > l.colors {
		// Where it is not said what the next sample means, it is alpha. CorelDRAW says 999.
		kind := uint64(straightAlpha)
		if extra, ok := l.d.Field(ExtraSamples); ok && extra.At(0) != 999 {
			kind = extra.At(0)
		}
		if kind == premultiplied || kind == straightAlpha {
			l.alpha, l.associated, l.Alpha = l.colors, kind == premultiplied, true
		}
	}
	return nil
}

// checkPalette finds the palette. As in libtiff, samples of a file that has none are levels of gray if they have 8 bits
// or more.
func (l *Layout) checkPalette() error {
	l.palette, _ = l.d.Field(ColorMap)
	switch {
	case l.bits > 16:
		return codec.Unsupported(fmt.Sprintf("a palette for samples of %d bits", l.bits))
	case l.entries() > 0:
	case l.bits < 8:
		return errors.New("it has no palette")
	default:
		l.photometric, l.odd = blackIsZero, "it has no palette, and was read as gray"
	}
	return nil
}

// entries is how many colors the palette has.
func (l *Layout) entries() int { return l.palette.Len() / 3 }

// What a sample behind the colors means (TIFF 6.0, section 18).
const (
	premultiplied = 1
	straightAlpha = 2
)

func (l *Layout) checkYCbCr() error {
	l.colors = 3
	x, y := uint64(2), uint64(2)
	if s, ok := l.d.Field(Subsampling); ok && s.Len() >= 2 {
		x, y = s.At(0), s.At(1)
	}
	if l.compression == jpegCoded && !l.planar {
		if l.samples != 3 {
			return codec.Unsupported("this layout of YCbCr")
		}
		l.photometric, l.fromYCbCr = rgb, true // each JPEG says itself how its chroma stands
		return nil
	}
	if l.compression == webpCoded {
		x, y = 1, 1 // its samples are whole pixels
	}
	valid := func(s uint64) bool { return s == 1 || s == 2 || s == 4 }
	if !valid(x) || !valid(y) {
		return errInconsistent
	}
	l.subX, l.subY = int(x), int(y)
	if l.bits != 8 || l.samples != 3 || x*y > 1 && (l.planar || l.predictor != 1) {
		return codec.Unsupported("this layout of YCbCr")
	}
	return nil
}

// indirect reports whether colors are not made of samples of 8 bits.
func (l *Layout) indirect() bool {
	return l.photometric == paletted || l.photometric == cieLab || l.photometric == iccLab
}
