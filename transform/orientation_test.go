package transform

import (
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"imgpipe/transform/internal/tiff"
)

// exifWith is a TIFF structure with the one tag.
func exifWith(order binary.AppendByteOrder, orientation uint16) []byte {
	b := []byte("II*\x00")
	if order == binary.AppendByteOrder(binary.BigEndian) {
		b = []byte("MM\x00*")
	}
	b = order.AppendUint32(b, 8)
	b = order.AppendUint16(b, 1)
	b = order.AppendUint16(b, tiff.Orientation)
	b = order.AppendUint16(b, 3)
	b = order.AppendUint32(b, 1)
	b = order.AppendUint16(b, orientation)
	b = order.AppendUint16(b, 0)
	return order.AppendUint32(b, 0)
}

// withOrientation puts the tag into a JPEG.
func withOrientation(file []byte, orientation uint16) []byte {
	exif := append([]byte("Exif\x00\x00"), exifWith(binary.BigEndian, orientation)...)
	out := append(bytes.Clone(file[:2]), 0xff, 0xe1)
	out = binary.BigEndian.AppendUint16(out, uint16(2+len(exif)))
	return append(append(out, exif...), file[2:]...)
}

// stored returns the picture as a camera stores it that was held so: what EXIF's table says of row 0 and column 0.
func stored(upright *image.NRGBA, orientation int) *image.NRGBA {
	w, h := upright.Rect.Dx(), upright.Rect.Dy()
	sw, sh := w, h
	if orientation > 4 {
		sw, sh = h, w
	}
	out := image.NewNRGBA(image.Rect(0, 0, sw, sh))
	for row := range sh {
		for col := range sw {
			x, y := 0, 0
			switch orientation {
			case 1: // row 0 is the top, column 0 the left
				x, y = col, row
			case 2: // top, right
				x, y = w-1-col, row
			case 3: // bottom, right
				x, y = w-1-col, h-1-row
			case 4: // bottom, left
				x, y = col, h-1-row
			case 5: // left, top
				x, y = row, col
			case 6: // right, top
				x, y = w-1-row, col
			case 7: // right, bottom
				x, y = w-1-row, h-1-col
			case 8: // left, bottom
				x, y = row, h-1-col
			}
			out.SetNRGBA(col, row, upright.NRGBAAt(x, y))
		}
	}
	return out
}

func TestEveryOrientationComesOutUpright(t *testing.T) {
	upright := scene(64, 40)
	for o := 1; o <= 8; o++ {
		data := withOrientation(encoded(t, stored(upright, o), JPEG), uint16(o))
		res := do(t, data, "")
		out := res.Outputs[0]
		if res.Source.Orientation != o {
			t.Errorf("orientation %d is read as %d", o, res.Source.Orientation)
		}
		if d := difference(decoded(t, out.Data, JPEG), upright); d < 0 || d > 4 {
			t.Errorf("orientation %d: differs by %.1f levels", o, d)
		}
		if h, err := ReadHeader(out.Data); err != nil || h.Orientation != 1 ||
			bytes.Contains(out.Data, []byte("Exif")) {
			t.Errorf("orientation %d: the output has orientation %d, error %v", o, h.Orientation, err)
		}
		asStored := do(t, data, "orient=off").Outputs[0]
		if d := difference(decoded(t, asStored.Data, JPEG), stored(upright, o)); d < 0 || d > 4 {
			t.Errorf("orientation %d, not applied: differs by %.1f levels", o, d)
		}
	}
}

func TestOrientationIsReadWhereverItStands(t *testing.T) {
	little, big := exifWith(binary.LittleEndian, 6), exifWith(binary.BigEndian, 6)
	for name, c := range map[string]struct {
		exif, xmp []byte
		want      int
	}{
		"little-endian":   {little, nil, 6},
		"big-endian":      {big, nil, 6},
		"with its name":   {append([]byte("Exif\x00\x00"), big...), nil, 6},
		"XMP attribute":   {nil, []byte(`<rdf:Description tiff:Orientation="3"/>`), 3},
		"XMP element":     {nil, []byte(`<tiff:Orientation>8</tiff:Orientation>`), 8},
		"EXIF before XMP": {big, []byte(`tiff:Orientation="3"`), 6},
		"0":               {exifWith(binary.BigEndian, 0), nil, 1},
		"9":               {exifWith(binary.BigEndian, 9), nil, 1},
		"XMP 12":          {nil, []byte(`tiff:Orientation="12"`), 1},
		"nothing":         {nil, nil, 1},
		"garbage":         {[]byte("II*\x00\xff\xff\xff\xff"), []byte("tiff:Orientation="), 1},
		"cut":             {big[:12], nil, 1},
	} {
		if got := orientation(c.exif, c.xmp); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

// TestCorpusOrientation compares the pictures of each family, which differ in nothing but how they are stored.
func TestCorpusOrientation(t *testing.T) {
	dir := corpus(t, "orientation")
	// The name of a family is all that stands before the orientation. Files named _out are what others made of theirs.
	member := regexp.MustCompile(`^(.+_)\d\.(jpg|png|tif|webp)$`)
	first := map[string]image.Image{}
	compared := 0
	for _, path := range files(t, dir) {
		name := filepath.Base(path)
		if underRace && !strings.Contains(name, "hopper") {
			continue
		}
		res, err := Do(context.Background(),
			Task{Data: mustRead(t, path), Spec: mustSpec(t, "size=120x120,fit=fill,upscale;size=32x")})
		if class(err) == ClassDecode {
			t.Logf("%s: %v", name, err)
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, out := range res.Outputs {
			if h, err := ReadHeader(out.Data); err != nil || h.Orientation != 1 {
				t.Errorf("%s: orientation %d is left, error %v", name, h.Orientation, err)
			}
		}
		match := member.FindStringSubmatch(name)
		if match == nil {
			continue
		}
		picture := decoded(t, res.Outputs[0].Data, res.Outputs[0].Format)
		if other, ok := first[match[1]]; !ok {
			first[match[1]] = picture
		} else if d := difference(picture, other); d < 0 || d > 8 {
			t.Errorf("%s differs by %.1f levels from another of its family", name, d)
		} else {
			compared++
		}
	}
	if compared < 20 && !underRace {
		t.Errorf("only %d pictures were compared", compared)
	}
}
