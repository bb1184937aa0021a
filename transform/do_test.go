package transform

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func do(t testing.TB, data []byte, spec string) Result {
	t.Helper()
	res, err := Do(context.Background(), Task{Data: data, Spec: mustSpec(t, spec)})
	if err != nil {
		t.Fatalf("%q: %v", spec, err)
	}
	return res
}

// one returns the picture that a Spec makes of another, through files without loss.
func one(t testing.TB, img image.Image, spec string) image.Image {
	t.Helper()
	return decoded(t, do(t, encoded(t, img, PNG), spec+";format=png").Outputs[0].Data, PNG)
}

func class(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Class()
	}
	return ""
}

// sourcesOf returns a file of each format that can be read.
func sourcesOf(t *testing.T) map[Format][]byte {
	pic := scene(96, 64)
	sources := map[Format][]byte{}
	for _, f := range formatsThat(readable) {
		sources[f] = encoded(t, pic, f)
	}
	return sources
}

// tinyWebP is a lossless image of one red pixel, put together by hand from RFC 9649: five codes of one symbol each.
var tinyWebP = func() []byte {
	var bits, n uint64
	var out []byte
	put := func(v uint64, width uint) {
		bits |= v << n
		for n += uint64(width); n >= 8; n -= 8 {
			out = append(out, byte(bits))
			bits >>= 8
		}
	}
	put(0x2f, 8)
	put(0, 14)                                           // width - 1
	put(0, 14)                                           // height - 1
	put(0, 1)                                            // alpha is not used
	put(0, 3)                                            // version
	put(0, 1)                                            // no transform
	put(0, 1)                                            // no color cache
	put(0, 1)                                            // no meta image
	for _, symbol := range []uint64{0, 255, 0, 255, 0} { // green, red, blue, alpha, distance
		put(1, 1) // simple code
		put(0, 1) // of one symbol
		put(1, 1) // of eight bits
		put(symbol, 8)
	}
	put(0, 7)
	return webpOf(riffChunk("VP8L", out))
}()

func TestEverySourceFormatToEveryTarget(t *testing.T) {
	for source, data := range sourcesOf(t) {
		h, err := ReadHeader(data)
		if err != nil {
			t.Fatalf("%s: %v", source, err)
		}
		want := one(t, decodedAny(t, data), "size=40")
		for _, target := range append([]Format{""}, outputFormats...) {
			t.Run(fmt.Sprintf("%s to %s", source, target), func(t *testing.T) {
				spec := Spec{Formats: listOf(target), Sizes: []Resize{{Width: 40, Height: 40}}}
				res, err := Do(context.Background(), Task{Data: data, Spec: spec})
				if err != nil {
					t.Fatal(err)
				}
				out := res.Outputs[0]
				if out.Format != spec.Outputs(h)[0] || res.Source.Format != source || out.CheckFile() != nil {
					t.Errorf("source %q, output %q: %v", res.Source.Format, out.Format, out.CheckFile())
				}
				got := decoded(t, out.Data, out.Format)
				if got.Bounds().Dx() != out.Width || got.Bounds().Dy() != out.Height {
					t.Errorf("the file is %v, the output says %dx%d", got.Bounds(), out.Width, out.Height)
				}
				tolerance := map[Format]float64{JPEG: 7, GIF: 6, WebP: 7, AVIF: 7}[out.Format]
				switch source {
				case JPEG: // whose planes are resampled before they become RGB
					tolerance = max(tolerance, 1)
				case TIFF: // which has room for transparency, and so is resampled premultiplied
					tolerance = max(tolerance, 0.01)
				}
				if d := difference(got, want); d < 0 || d > tolerance {
					t.Errorf("the picture differs by %.2f levels: expected at most %g", d, tolerance)
				}
			})
		}
	}
}

// decodedAny reads any source by way of this package, without any operation.
func decodedAny(t testing.TB, data []byte) image.Image {
	return decoded(t, do(t, data, "format=png").Outputs[0].Data, PNG)
}

// TestSizesShareOneDecode also shows that no branch changes what the next one gets.
func TestSizesShareOneDecode(t *testing.T) {
	data := encoded(t, scene(200, 100), PNG)
	res := do(t, data, "size=100;size=50;size=10x10,fit=cover;invert;format=png")
	if len(res.Outputs) != 3 {
		t.Fatalf("%d outputs", len(res.Outputs))
	}
	for i, size := range []string{"100", "50", "10x10,fit=cover"} {
		alone := do(t, data, "size="+size+";invert;format=png").Outputs[0]
		if !bytes.Equal(alone.Data, res.Outputs[i].Data) || alone.Label != res.Outputs[i].Label {
			t.Errorf("size %s is not what it is alone", size)
		}
	}
}

func TestSameTaskSameBytes(t *testing.T) {
	spec := mustSpec(t, "size=60;size=30x30,fit=cover,gravity=smart;blur=1;rotate=10;sharpen")
	for _, f := range outputFormats {
		data := encoded(t, scene(150, 100), f)
		want, err := Do(context.Background(), Task{Data: data, Spec: spec})
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				got, err := Do(context.Background(), Task{Data: data, Spec: spec})
				if err != nil {
					t.Error(err)
					return
				}
				for i := range want.Outputs {
					if !bytes.Equal(got.Outputs[i].Data, want.Outputs[i].Data) {
						t.Errorf("%s: output %d differs from one run to the next", f, i)
					}
				}
			})
		}
		wg.Wait()
	}
}

// TestPaletteThatIsTooShortIsSaid has pixels of colors that there are none of. They are black, and no panic.
func TestPaletteThatIsTooShortIsSaid(t *testing.T) {
	img := image.NewPaletted(image.Rect(0, 0, 4, 4), slices.Repeat(color.Palette{color.White}, 20))
	img.Pix[7] = 200
	res := do(t, encoded(t, img, PNG), "format=png")
	if res.Damaged || len(res.Warnings) != 1 || !strings.Contains(res.Warnings[0], "palette") {
		t.Errorf("damaged %t with warnings %q", res.Damaged, res.Warnings)
	}
	pic := decoded(t, res.Outputs[0].Data, PNG)
	for i := range img.Pix {
		want := uint32(0xffff)
		if i == 7 {
			want = 0
		}
		if r, g, b, a := pic.At(i%4, i/4).RGBA(); r != want || g != want || b != want || a != 0xffff {
			t.Errorf("pixel %d is %d, %d, %d, %d", i, r, g, b, a)
		}
	}
}

func TestPanicBecomesAnError(t *testing.T) {
	j := newJob(context.Background(), Spec{}, Limits{})
	j.doing = "blur"
	err := guard(&j.doing, func() error { return errors.New([]string{}[len(j.doing)]) })
	var e *Error
	if !errors.As(err, &e) || e.Kind != ClassPanic || len(e.Stack) == 0 ||
		!strings.HasPrefix(e.Error(), "blur: fault: ") {
		t.Errorf("error %v", err)
	}
	if strings.Contains(e.Error(), "\n") {
		t.Errorf("error of several lines: %q", e)
	}
}

// TestContextThatEndsIsNoticed ends the context at each of the moments at which Do looks at it, one after the other: by
// its deadline and by a cancel in turn.
func TestContextThatEndsIsNoticed(t *testing.T) {
	for _, f := range outputFormats {
		data := encoded(t, scene(90, 60), f)
		spec := mustSpec(t, "size=30;size=20;blur=1;format="+string(f))
		counter := &endsAfter{Context: context.Background(), left: math.MaxInt}
		if _, err := Do(counter, Task{Data: data, Spec: spec}); err != nil {
			t.Fatal(err)
		}
		looks := math.MaxInt - counter.left
		if looks < 9 { // the encoder of AVIF does not look
			t.Errorf("%s: the context was looked at %d times", f, looks)
		}
		for n := range looks {
			why := []error{context.DeadlineExceeded, context.Canceled}[n%2]
			_, err := Do(&endsAfter{context.Background(), n, why}, Task{Data: data, Spec: spec})
			if why == context.DeadlineExceeded && class(err) != ClassTimeout {
				t.Errorf("%s, deadline at look %d: %v", f, n, err)
			}
			if why == context.Canceled && (class(err) != "" || !errors.Is(err, context.Canceled)) {
				t.Errorf("%s, cancelled at look %d: class %q, %v", f, n, class(err), err)
			}
		}
	}
}

// endsAfter is a context that ends when it has been looked at some number of times.
type endsAfter struct {
	context.Context
	left int
	err  error
}

func (c *endsAfter) Err() error {
	if c.left == 0 {
		return c.err
	}
	c.left--
	return nil
}

func (c *endsAfter) Deadline() (time.Time, bool) { return time.Time{}, false }

func TestMissingEndMarkerIsForgiven(t *testing.T) {
	data := encoded(t, scene(64, 64), JPEG)
	want := decoded(t, do(t, data, "format=png").Outputs[0].Data, PNG)
	for name, changed := range map[string][]byte{
		"no end": data[:len(data)-2], "half an end": data[:len(data)-1],
		"more": append(bytes.Clone(data), "trailing"...),
	} {
		res, err := Do(context.Background(), Task{Data: changed, Spec: Spec{Formats: []Format{PNG}}})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d := difference(decoded(t, res.Outputs[0].Data, PNG), want); d != 0 {
			t.Errorf("%s: differs by %v levels", name, d)
		}
	}
	_, err := Do(context.Background(), Task{Data: data[:len(data)/2], Limits: Limits{RefuseDamaged: true}})
	if class(err) != ClassDecode {
		t.Errorf("half a file: %v", err)
	}
}
