package transform

import (
	"bytes"
	"context"
	"image"
	"image/color"
	stdpng "image/png"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	xtiff "golang.org/x/image/tiff"
)

// TestDeepOperations holds that each operation that can be done with 16 bits does what it does with 8: on pictures of
// levels that both have, the results are a level apart at the most. Every operation without such a form is named in a
// warning.
func TestDeepOperations(t *testing.T) {
	in := image.NewNRGBA(image.Rect(0, 0, 64, 48))
	for i := range in.Pix {
		in.Pix[i] = byte(i*7 + i/64*31)
		if i%4 == 3 {
			in.Pix[i] |= 0x80
		}
	}
	deep := image.NewNRGBA64(in.Rect)
	for i, v := range in.Pix {
		deep.Pix[2*i], deep.Pix[2*i+1] = v, v
	}
	file := deepFile(t, deep, PNG)
	values := map[string][]string{
		"brightness": {"-40", "25.5"}, "contrast": {"-60", "35", "100"}, "gamma": {"0.4", "2.2"},
		"crop": {"20x30", "20x30,gravity=smart"}, "resize": {"30", "30x30,fit=contain", "100,upscale=on"},
		"rotate": {"90", "180", "-90", "33"}, "blur": {"1"}, "hue": {"40"}, "saturation": {"50"}, "sharpen": {"1"},
		"text": {"Ho"},
	}
	done := 0
	for i := range operations {
		o := &operations[i]
		if slices.ContainsFunc(o.args, func(a argument) bool { return a.kind == kindAsset }) {
			continue // which needs an asset; none such is done with 16 bits
		}
		if len(o.args) > 0 && o.args[0].required && values[o.name] == nil {
			t.Errorf("%s: no value to try", o.name)
		}
		for _, v := range append(values[o.name], "")[:max(1, len(values[o.name]))] {
			text := strings.TrimSuffix(o.name+"="+v, "=")
			op, err := ParseOp(text)
			if err != nil {
				t.Fatal(err)
			}
			res := do(t, file, text)
			if op.deep() == nil {
				if want := "worked in 8 bits: " + o.name; !slices.Equal(res.Warnings, []string{want}) {
					t.Errorf("%s: warnings %q, want %q", text, res.Warnings, want)
				}
				continue
			}
			done++
			got := deepPixels(t, res.Outputs[0].Data)
			j := newJob(context.Background(), Spec{}, Limits{})
			flat, err := j.operate(in, []Op{op})
			if err != nil {
				t.Fatal(err)
			}
			if d := levelsApart(t, got, flat); d > 1 && !strings.Contains(text, "smart") {
				t.Errorf("%s: %d levels apart", text, d)
			}
		}
	}
	if done < 15 {
		t.Errorf("%d operations were done with 16 bits", done)
	}
}

// TestDeepFilesOfTheCorpus writes each PNG and TIFF of 16 bits again, as both. Other decoders see the same pixels in
// both, as far as they read such files.
func TestDeepFilesOfTheCorpus(t *testing.T) {
	notUnderRace(t)
	root, n, confirmed := corpus(t, "conformance"), 0, 0
	for _, path := range append(files(t, filepath.Join(root, "png")), files(t, filepath.Join(root, "tiff"))...) {
		data := mustRead(t, path)
		m, err := inspect(data)
		if err != nil || !m.deep {
			continue
		}
		spec := mustSpec(t, "orient=off;animate=first;format=png,tiff")
		res, err := Do(context.Background(), Task{Data: data, Spec: spec})
		if err != nil || res.Damaged {
			continue // which the table of conformance knows
		}
		n++
		want := deepPixels(t, data)
		for _, out := range res.Outputs {
			if got := deepPixels(t, out.Data); !bytes.Equal(got.Pix, want.Pix) {
				t.Errorf("%s: the %s has other pixels", path, out.Format)
			}
		}
		in, err := otherDecoder(m.Format, data)
		if err != nil {
			continue
		}
		out, err := stdpng.Decode(bytes.NewReader(res.Outputs[0].Data))
		if err != nil {
			t.Fatal(err)
		}
		confirmed++
		if strings.HasSuffix(path, "16bit.r.tif") {
			continue // which x/image reads as no other reader in the table of conformance does
		}
	pixels:
		for y := range m.Height {
			for x := range m.Width {
				p := color.RGBA64Model.Convert(in.At(x, y)).(color.RGBA64)
				q := color.RGBA64Model.Convert(out.At(x, y)).(color.RGBA64)
				if stepsApart(p.R, q.R) > 1 || stepsApart(p.G, q.G) > 1 || stepsApart(p.B, q.B) > 1 || p.A != q.A {
					t.Errorf("%s: %v at %d,%d, and another decoder reads %v", path, q, x, y, p)
					break pixels
				}
			}
		}
	}
	if n < 15 || confirmed < 12 {
		t.Errorf("%d files of 16 bits were there, %d of which other decoders read", n, confirmed)
	}
}

func stepsApart(a, b uint16) int { return max(int(a)-int(b), int(b)-int(a)) }

// otherDecoder reads a file without this package's decoders.
func otherDecoder(f Format, data []byte) (image.Image, error) {
	if f == PNG {
		return stdpng.Decode(bytes.NewReader(data))
	}
	return xtiff.Decode(bytes.NewReader(data))
}
