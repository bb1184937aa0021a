package transform

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/color"
	"path/filepath"
	"slices"
	"testing"
)

// TestWhatDoMakesIsAsExpected holds Expected, CheckFile and MaxFile against what Do makes, of every format to every
// format, by every kind of operation. An input goes to each format by a third of the operations, and by each operation
// to a third of the formats: any two of the three meet.
func TestWhatDoMakesIsAsExpected(t *testing.T) {
	var inputs [][]byte
	for _, f := range outputFormats {
		for _, img := range []*testImage{{97, 61}, {1, 1}, {300, 4}} {
			inputs = append(inputs, encoded(t, scene(img.w, img.h), f))
		}
	}
	inputs = append(inputs, encoded(t, solid(40, 30, color.NRGBA{200, 10, 10, 100}), PNG))
	for _, sub := range []string{"conformance"} {
		for i, path := range files(t, corpus(t, sub)) {
			if i%23 == 0 || filepath.Ext(path) == ".webp" {
				inputs = append(inputs, mustRead(t, path))
			}
		}
	}
	specs := []string{"", "size=64", "size=30;size=20x20,fit=cover;size=50%", "size=40x40,fit=contain",
		"size=40x30,fit=fill", "orient=off;size=33",
		"grayscale;size=10;blur=1.5", "rotate=90", "rotate=30", "crop=50%x50%", "size=20x20,upscale=on;flip",
		"quality=100"}
	made := 0
	for j, text := range specs {
		for k, f := range append([]Format{""}, outputFormats...) {
			full := text
			if f != "" {
				full += ";format=" + string(f)
			}
			spec, err := ParseSpec(full)
			if err != nil {
				t.Logf("%q: %v", full, err)
				continue
			}
			for i, data := range inputs {
				if (i+j+k)%3 != 0 {
					continue
				}
				task := Task{Data: data, Spec: spec, Limits: Limits{MaxPixels: 1 << 17}}
				r, err := Do(context.Background(), task)
				if err != nil {
					if e, ok := errors.AsType[*Error](err); !ok || !slices.Contains(Classes, e.Kind) {
						t.Errorf("%q: error %v of a class that is not listed", full, err)
					}
					continue
				}
				want, err := task.Expected(r.Source)
				if err != nil {
					t.Errorf("%q: expected of %+v: %v", full, r.Source, err)
					continue
				}
				for i, o := range r.Outputs {
					made++
					if err := o.CheckFile(); err != nil {
						t.Errorf("%q: output %d of %+v: %v", full, i, r.Source, err)
					}
					if most := MaxFile(o.Width, o.Height); int64(len(o.Data)) > most {
						t.Errorf("%q: %d bytes for %dx%d, over %d", full, len(o.Data), o.Width, o.Height, most)
					}
					o.Data = nil
					if fmt.Sprint(o) != fmt.Sprint(want[i]) || len(want) != len(r.Outputs) {
						t.Errorf("%q: output %d of %+v is %v, expected %v", full, i, r.Source, o, want[i])
					}
				}
			}
		}
	}
	if made < 1000 {
		t.Errorf("only %d outputs were looked at", made)
	}
}

type testImage struct{ w, h int }

func TestWhatDoWouldNotMakeIsTold(t *testing.T) {
	for _, f := range outputFormats {
		data := encoded(t, scene(97, 61), f)
		if f != TIFF && f != JPEG && f != WebP { // the encoders of the tests write other headers
			if err := (Output{Format: f, Width: 97, Height: 61, Data: data}).CheckFile(); err != nil {
				t.Errorf("%s: %v", f, err)
			}
		}
		for name, o := range map[string]Output{
			"empty": {Format: f, Width: 97, Height: 61},
			"html": {Format: f, Width: 97, Height: 61,
				Data: []byte("<html><script>alert(1)</script></html>")},
			"a program": {Format: f, Width: 97, Height: 61,
				Data: append([]byte("MZ this is a program"), make([]byte, 100)...)},
			"its head alone":  {Format: f, Width: 97, Height: 61, Data: data[:20]},
			"another width":   {Format: f, Width: 98, Height: 61, Data: data},
			"another height":  {Format: f, Width: 97, Height: 60, Data: data},
			"an unknown name": {Format: "exe", Width: 97, Height: 61, Data: data},
			"only ones":       {Format: f, Width: 97, Height: 61, Data: bytes.Repeat([]byte{0xff}, 1000)},
			"start, then ones": {Format: f, Width: 97, Height: 61,
				Data: append(bytes.Clone(data[:8]), bytes.Repeat([]byte{0xff}, 1000)...)},
		} {
			if o.CheckFile() == nil {
				t.Errorf("%s, %s: it passed", f, name)
			}
		}
	}
}

// TestNoStartOfAFileIsAFile cuts outputs off after each of their first bytes, which a broken worker could send.
func TestNoStartOfAFileIsAFile(t *testing.T) {
	for _, f := range outputFormats {
		o := do(t, encoded(t, scene(97, 61), PNG), "format="+string(f)).Outputs[0]
		whole := o.Data
		for n := range 40 {
			if o.Data = whole[:n]; o.CheckFile() == nil {
				t.Errorf("the first %d bytes of a %s passed", n, f)
			}
		}
	}
}
