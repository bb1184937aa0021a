package transform

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// FuzzDo holds the laws of Do: no fault escapes or is found, every error has a class, the same Task gives the same
// bytes, the outputs have the size they claim, stay within the limits, and can be read again.
func FuzzDo(f *testing.F) {
	specs := []string{
		"", "size=16", "format=png", "size=20x10,fit=cover,gravity=smart;format=jpeg", "format=gif",
		"rotate=30;blur=1;format=tiff",
		"format=bmp;crop=50%x50%,x=1", "orient=off;size=8;size=4x;hue=20;format=png",
	}
	for i := range specs {
		for _, format := range outputFormats {
			f.Add(encoded(f, scene(24, 16), format), uint8(i))
		}
		f.Add(tinyWebP, uint8(i))
		f.Add(lossyWebP(f), uint8(i))
	}
	// Without the corpus the seeds above remain.
	hostile, _ := filepath.Glob(filepath.Join("..", "..", "shared", "corpus", "hostile", "*", "*"))
	for i, path := range hostile {
		if data, err := os.ReadFile(path); err == nil && len(data) < 4096 && i%4 == 0 {
			f.Add(data, uint8(i))
		}
	}
	const maxPixels = 1 << 16
	f.Fuzz(func(t *testing.T, data []byte, which uint8) {
		spec := mustSpec(t, specs[int(which)%len(specs)])
		task := Task{Data: data, Spec: spec, Limits: Limits{MaxPixels: maxPixels}}
		before := bytes.Clone(data)
		res, err := Do(context.Background(), task)
		if !bytes.Equal(before, data) {
			t.Fatal("the input was changed")
		}
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Kind == "" || e.Kind == ClassTimeout || len(res.Outputs) > 0 {
				t.Fatalf("%d outputs and error %v", len(res.Outputs), err)
			}
			if e.Kind == ClassPanic {
				t.Fatalf("%v\n%s", err, e.Stack)
			}
			return
		}
		// Sizes with the same pixels are made once.
		if most := len(spec.Variants()); len(res.Outputs) < 1 || len(res.Outputs) > most {
			t.Fatalf("%d outputs: expected 1 to %d", len(res.Outputs), most)
		}
		again, err := Do(context.Background(), task)
		if err != nil {
			t.Fatalf("the second time: %v", err)
		}
		for i, out := range res.Outputs {
			if !bytes.Equal(out.Data, again.Outputs[i].Data) {
				t.Fatalf("output %d differs the second time", i)
			}
			h, err := ReadHeader(out.Data)
			if err != nil || h.Width != out.Width || h.Height != out.Height || h.Orientation != 1 ||
				out.CheckFile() != nil {
				t.Fatalf("output %d, %s %dx%d, has header %+v, error %v", i, out.Format, out.Width, out.Height, h, err)
			}
			if h.Width*h.Height > maxPixels {
				t.Fatalf("output %d has %dx%d pixels", i, h.Width, h.Height)
			}
			if out.Format != TIFF {
				decoded(t, out.Data, out.Format)
			} else if _, _, err := wholeTIFF(t, out.Data); err != nil { // x/image knows no gray with alpha
				t.Fatalf("read the tiff made: %v", err)
			}
		}
	})
}
