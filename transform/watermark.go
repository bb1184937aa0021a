package transform

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"maps"
	"slices"

	"github.com/disintegration/imaging"

	"imgpipe/transform/internal/lettering"
	"imgpipe/transform/internal/resample"
)

// hashDigits is how many digits of an asset's SHA-256 are in the text of a Spec: enough to see that a logo has changed.
const hashDigits = 16

// maxAssetPixels bounds the images that are laid over others: each is kept decoded, and resampled for each output.
const maxAssetPixels = 25_000_000

// An asset is a file that operations use: an image, or a font. It does not change.
type asset struct {
	data   []byte
	hash   string
	img    *image.NRGBA // nil of a font
	colors coloring     // of img
	font   *lettering.Font
}

// newAsset reads the file that an argument of that kind names.
func newAsset(k kind, name string, data []byte) (*asset, error) {
	sum := sha256.Sum256(data)
	a := &asset{data: data, hash: hex.EncodeToString(sum[:])[:hashDigits]}
	if k == kindFont {
		var err error
		if a.font, err = lettering.Parse(data); err != nil {
			return nil, fmt.Errorf("font %q: %w", name, err)
		}
		return a, nil
	}
	return a, a.decode(name)
}

// decode decodes the image.
func (a *asset) decode(name string) error {
	// A damaged mark would be laid over all pictures, so it is refused.
	j := newJob(context.Background(), Spec{}, Limits{MaxPixels: maxAssetPixels, RefuseDamaged: true})
	j.space = workspaces.Get().(*workspace)
	defer j.space.release()
	if err := guard(&j.doing, func() error {
		m, err := inspect(a.data)
		if err != nil {
			return err
		}
		if err := j.limits.check(m.Width, m.Height); err != nil {
			return err
		}
		a.colors, j.inks = m.colors, m.colors.inks
		a.img, err = j.load(a.data, m, m.Orientation)
		return err
	}); err != nil {
		return fmt.Errorf("image %q: %w", name, err)
	}
	return nil
}

// file returns the name of the file that o uses, and of what kind it is; "" for none.
func (o Op) file() (name string, k kind) {
	for i, v := range o.values {
		if o.op.args[i].names() {
			return v.text, o.op.args[i].kind
		}
	}
	return "", 0
}

// AssetNames returns the names of the files that s needs, each once, in alphabetical order: the images of its
// watermarks, and the fonts of its texts. Do opens no file, so WithAssets must be called with their bytes.
func (s Spec) AssetNames() []string {
	names := map[string]bool{}
	for _, op := range s.Ops {
		if name, _ := op.file(); name != "" {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// WithAssets returns a copy of s that holds the bytes of the files that AssetNames lists; it ignores other files. The
// text of the copy names the SHA-256 of each, so that a changed logo changes the Spec. It is an error if a file is
// missing, cannot be read as an image or as a font, does not have the SHA-256 that s names, or is a font without the
// letters that are to be written in it. The bytes may not change afterwards.
func (s Spec) WithAssets(files map[string][]byte) (Spec, error) {
	held := map[string]*asset{}
	ops := slices.Clone(s.Ops)
	for i, op := range ops {
		name, k := op.file()
		if name == "" {
			continue
		}
		data, ok := files[name]
		if !ok {
			return Spec{}, fmt.Errorf("file %q: its bytes are missing: expected them in WithAssets", name)
		}
		a, err := held[name], error(nil)
		if a == nil || (k == kindFont) != (a.font != nil) {
			if a, err = newAsset(k, name, data); err != nil {
				return Spec{}, err
			}
		}
		if hash := args(op).text("sha256"); hash != "" && hash != a.hash {
			return Spec{}, fmt.Errorf("file %q: its SHA-256 begins with %s: expected %s", name, a.hash, hash)
		}
		if a.font != nil {
			text := args(op).text("text")
			if err := cmp.Or(spelled(text, a.font), a.font.Check(text)); err != nil {
				return Spec{}, fmt.Errorf("font %q: %w", name, err)
			}
		}
		held[name], ops[i] = a, op.with("sha256", value{text: a.hash})
	}
	s.Ops, s.assets = ops, held
	return s, nil
}

// Assets returns the files of WithAssets by name. With them and its text, a Spec can be made again elsewhere. The
// caller owns the map, but not the bytes.
func (s Spec) Assets() map[string][]byte {
	files := make(map[string][]byte, len(s.assets))
	for name, a := range s.assets {
		files[name] = a.data
	}
	return files
}

// watermarkSize returns the size that a mark of mw × mh pixels has on an image of w × h, and its distance from the
// sides.
func watermarkSize(a args, w, h, mw, mh int) (width, height, margin int) {
	margin = min(a.at("margin").w.of(min(w, h)), (w-1)/2, (h-1)/2)
	f := Resize{Width: w - 2*margin, Height: h - 2*margin}.frame(mw, mh)
	if scale := a.num("scale"); scale > 0 {
		wanted := min(side(float64(w)*scale/100), w-2*margin)
		f = Resize{Width: wanted, Height: h - 2*margin, Upscale: true}.frame(mw, mh)
	}
	return f.width, f.height, margin
}

func watermarkExtra(a args, w, h int) int64 {
	// The mark, which may be converted to sRGB, is not larger than the image, and the image between the passes is not
	// higher than the mark's file.
	return 8*int64(w)*int64(h) + 4*int64(w)*5000
}

var errNoAsset = errors.New("a file of the operation is not in the Spec: expected WithAssets to have been called")

// suited returns a mark with the colors of the picture that it is laid over: as it is if both have one profile, and
// otherwise in sRGB. What then looks different is noted.
func (j *job) suited(name string, mark *image.NRGBA, c coloring) (*image.NRGBA, error) {
	if c.why != "" {
		j.color(fmt.Sprintf("image %q: %s", name, c.why))
	}
	p := c.profile
	if p == nil || j.pixels != nil && bytes.Equal(p.Data, j.pixels.Data) {
		return mark, nil
	}
	if p.why != "" || j.pixels != nil {
		j.color(leftOut(p.Name, fmt.Sprintf(" of the image %q that was laid over this one, which has another", name)))
	}
	if p.why != "" {
		return mark, nil
	}
	op := conversion(p)
	return op.op.apply(j, mark, args(op))
}

func applyWatermark(j *job, img *image.NRGBA, a args) (*image.NRGBA, error) {
	held := j.assets[a.text("image")]
	if held == nil || held.img == nil {
		return nil, errNoAsset
	}
	b, m := img.Bounds(), held.img.Bounds()
	w, h, margin := watermarkSize(a, b.Dx(), b.Dy(), m.Dx(), m.Dy())
	mark := held.img
	if w != m.Dx() || h != m.Dy() {
		mark = resized(mark, w, h, resample.Lanczos3)
	}
	mark, err := j.suited(a.text("image"), mark, held.colors)
	if err != nil {
		return nil, err
	}
	at := place(b.Dx()-2*margin, b.Dy()-2*margin, w, h, a.text("gravity")).Min.Add(image.Pt(margin, margin))
	return imaging.Overlay(img, mark, at, a.num("opacity")), nil
}
