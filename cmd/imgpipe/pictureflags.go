package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"imgpipe/cmd/imgpipe/internal/flags"
	"imgpipe/transform"
)

// pictureFlags say what is made of an image. The zero value of a field is the default of transform.
type pictureFlags struct {
	resize            transform.Resize // the zero Resize is none
	sizes             []transform.Resize
	fit               transform.Fit
	gravity           transform.Gravity
	filter            transform.Filter
	upscale, noOrient bool
	background        transform.Color
	ops               []transform.Op
	format            formatChoice
	quality           int // 0 is the default of each format
	effort            transform.Effort
	chroma            transform.Chroma
	progressive       bool
	compression       int
	colors            int
	icc               transform.ProfileRule
	depth             transform.Depth
	linear            bool
	metadata          transform.Metadata
	animate           transform.Animation
	rawPreview        bool
	ifSmaller         transform.IfSmaller
}

// check looks at the flags together.
func (f *pictureFlags) check(changed func(string) bool) error {
	sized := f.resize != (transform.Resize{}) || len(f.sizes) > 0
	switch {
	case changed("resize") && changed("size"):
		return errors.New("--resize and --size exclude each other: expected one --resize, or a --size for each output")
	case sized && changed("gravity") && !f.placed():
		return errors.New("--gravity says what --fit cover keeps and where --fit contain puts it: " +
			"expected one of them with it")
	case f.linear && !sized && !f.resizes():
		return errors.New("--linear says how to resize: expected --resize, --size or --op resize=SIZE with it")
	case f.linear && f.filter == "nearest":
		return errors.New("--linear changes nothing with --filter nearest, which adds no pixels up: " +
			"expected another filter with it")
	case f.metadata != "" && f.metadata != transform.MetadataStrip && len(f.format.list) > 0 &&
		!slices.ContainsFunc(f.format.list, transform.Format.HoldsMetadata):
		return fmt.Errorf("--metadata %s is for %s files: expected no --format %s with it",
			f.metadata, metadataFormats(), f.format)
	}
	if err := f.heeded(changed); err != nil || sized {
		return err
	}
	for _, name := range []string{"fit", "gravity", "filter", "upscale"} {
		if changed(name) {
			return fmt.Errorf("--%s says how to resize: expected --resize or --size with it", name)
		}
	}
	return nil
}

// heeded returns an error if a flag changes nothing in any of the formats.
func (f *pictureFlags) heeded(changed func(string) bool) error {
	for _, name := range []string{"quality", "effort", "chroma", "progressive", "compression", "colors", "depth"} {
		heeds := func(t transform.Format) bool { return t.Heeds(name) }
		if changed(name) && len(f.format.list) > 0 && !slices.ContainsFunc(f.format.list, heeds) {
			return fmt.Errorf("--%s is for %s files: expected no --format %s with it",
				name, formatsThat(heeds, transform.Format.Title, " or "), f.format)
		}
	}
	return nil
}

// resizes reports whether an operation resizes.
func (f *pictureFlags) resizes() bool {
	return slices.ContainsFunc(f.ops, func(op transform.Op) bool { return op.Name() == "resize" })
}

// placed reports whether gravity has a say: a picture is cut, or put on a larger canvas.
func (f *pictureFlags) placed() bool {
	fits := []transform.Fit{f.fit, f.resize.Fit}
	for _, s := range f.sizes {
		fits = append(fits, s.Fit)
	}
	return slices.Contains(fits, transform.FitCover) || slices.Contains(fits, transform.FitContain)
}

// spec returns the Spec that the flags ask for, with the files that its operations need. A flag such as --fit goes
// before what a size says itself, as in 800x600,fit=cover.
func (f *pictureFlags) spec() (transform.Spec, error) {
	s := transform.Spec{
		NoOrient: f.noOrient, Background: f.background, Sizes: slices.Clone(f.sizes), Ops: f.ops,
		Formats: f.format.list, Smallest: f.format.smallest, Quality: f.quality, Effort: f.effort, Chroma: f.chroma,
		Progressive: f.progressive, Compression: f.compression, Colors: f.colors, ICC: f.icc, Depth: f.depth,
		Linear: f.linear, Metadata: f.metadata, Animate: f.animate, RawPreview: f.rawPreview, IfSmaller: f.ifSmaller,
	}
	if f.resize != (transform.Resize{}) {
		s.Sizes = []transform.Resize{f.resize}
	}
	for i := range s.Sizes {
		r := &s.Sizes[i]
		r.Fit = cmp.Or(f.fit, r.Fit)
		r.Gravity = cmp.Or(f.gravity, r.Gravity)
		r.Filter = cmp.Or(f.filter, r.Filter)
		r.Upscale = r.Upscale || f.upscale
	}
	if err := s.Validate(); err != nil {
		return s, err
	}
	files := map[string][]byte{}
	for _, name := range s.AssetNames() {
		b, err := readAsset(name)
		if err != nil {
			return s, fmt.Errorf("--op: %w", err)
		}
		files[name] = b
	}
	return s.WithAssets(files)
}

// maxAsset bounds the file of an operation, such as a watermark or a font: each worker holds it.
const maxAsset = 64e6

func readAsset(name string) ([]byte, error) {
	info, err := os.Stat(name)
	var failed *fs.PathError
	switch {
	case errors.As(err, &failed):
		return nil, fmt.Errorf("read %s: %w", name, failed.Err)
	case !info.Mode().IsRegular() || info.Size() > maxAsset:
		return nil, fmt.Errorf("read %s: expected a file of at most 64MB", name)
	}
	return os.ReadFile(name)
}

// ofTransform returns a parser of transform whose errors leave out the value where the flag shows it anyway.
func ofTransform[T any](parse func(string) (T, error)) func(string) (T, error) {
	return func(s string) (T, error) {
		t, err := parse(s)
		if e, ok := errors.AsType[*transform.ValueError](err); ok && e.Value == s {
			err = &flags.ValueError{Value: e.Value, Problem: e.Problem, Expected: e.Expected}
		}
		return t, err
	}
}

// textOf returns the text of a value whose zero value has none.
func textOf[T ~string](t T) string { return string(t) }
