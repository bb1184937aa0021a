package transform

import (
	"context"
	"os"
	"path/filepath"
	"testing"
)

// TestWatermarkIsReadAsAnInputIs compares the picture of a watermark with what Do makes of the same file, for every
// format that can be read: the two must succeed or fail alike. An input whose planes are resampled by themselves may
// differ by a level.
func TestWatermarkIsReadAsAnInputIs(t *testing.T) {
	files := map[string][]byte{}
	for _, f := range append([]Format{AVIF}, outputFormats...) {
		files[string(f)] = encoded(t, scene(70, 50), f)
	}
	odd, err := filepath.Glob("testdata/odd/*")
	if err != nil || len(odd) == 0 {
		t.Fatal(err, odd)
	}
	for _, name := range append(odd, "testdata/lossy.webp") {
		if files[name], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[Format]bool{}
	for name, data := range files {
		task := Task{Data: data, Spec: mustSpec(t, "format=png"), Limits: Limits{RefuseDamaged: true}}
		res, wantErr := Do(context.Background(), task)
		a, err := newAsset(kindAsset, name, data)
		if class(err) != class(wantErr) {
			t.Errorf("%s: a watermark: %v; an input: %v", name, err, wantErr)
		}
		if err != nil || wantErr != nil {
			continue
		}
		seen[res.Source.Format] = true
		if d := difference(a.img, decoded(t, res.Outputs[0].Data, PNG)); d < 0 || d > 1 {
			t.Errorf("%s differs by %v levels", name, d)
		}
	}
	for _, f := range Formats() {
		if f.Readable() && !seen[f] {
			t.Errorf("no watermark was a %s", f)
		}
	}
}
