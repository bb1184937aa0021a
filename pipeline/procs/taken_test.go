//go:build linux

package procs

import (
	"bytes"
	"context"
	"errors"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"imgpipe/pipeline"
	"imgpipe/pipeline/executor"
	"imgpipe/samples"
	"imgpipe/transform"
)

// A lie is what a worker answers that an image has taken over, in place of what became of it.
type lie struct {
	name string
	tell func(r *transform.Result) error
}

var lies = []lie{
	{"none", func(r *transform.Result) error { r.Outputs = nil; return nil }},
	{"fewer", func(r *transform.Result) error { r.Outputs = r.Outputs[:1]; return nil }},
	{"more", func(r *transform.Result) error { r.Outputs = append(r.Outputs, r.Outputs[0]); return nil }},
	{"twice", func(r *transform.Result) error { r.Outputs[1] = r.Outputs[0]; return nil }},
	{"label", func(r *transform.Result) error { r.Outputs[0].Label = "../../etc/passwd"; return nil }},
	{"html", func(r *transform.Result) error {
		r.Outputs[0].Data = []byte("<html><script>alert(1)</script></html>")
		return nil
	}},
	{"program", func(r *transform.Result) error {
		r.Outputs[0].Format, r.Outputs[0].Data = transform.WebP, []byte("MZ this is a program")
		return nil
	}},
	{"empty", func(r *transform.Result) error { r.Outputs[0].Data = nil; return nil }},
	{"omitted", func(r *transform.Result) error {
		r.Outputs[0].Omitted, r.Outputs[0].Data = true, nil
		return nil
	}},
	{"copied", func(r *transform.Result) error { r.Outputs[0].Copied = true; return nil }},
	{"no-swatch", func(r *transform.Result) error { r.Swatch = ""; return nil }},
	{"swatch", func(r *transform.Result) error { r.Swatch = "\"><script>alert(1)</script>"; return nil }},
	{"wider", func(r *transform.Result) error { r.Outputs[0].Width++; return nil }},
	{"larger-file", func(r *transform.Result) error {
		r.Outputs[0].Data, r.Outputs[1].Data = r.Outputs[1].Data, r.Outputs[0].Data
		return nil
	}},
	{"longer", func(r *transform.Result) error {
		r.Outputs[0].Data = append(r.Outputs[0].Data, make([]byte, 64<<20)...)
		return nil
	}},
	{"tail", func(r *transform.Result) error {
		r.Outputs[0].Data = append(r.Outputs[0].Data, "#!/bin/sh"...)
		return nil
	}},
	{"source", func(r *transform.Result) error { r.Source.Width = math.MaxInt; return nil }},
	{"nothing", func(r *transform.Result) error { r.Source.Width = 0; return nil }},
	{"format", func(r *transform.Result) error { r.Source.Format = "\x1b[31m"; return nil }},
	{"path", func(r *transform.Result) error { r.Path = "\x1b[31m"; return nil }},
	{"time", func(r *transform.Result) error { r.Decode = -time.Hour; return nil }},
	{"years", func(r *transform.Result) error { r.Encode = math.MaxInt64; return nil }},
	{"warnings", func(r *transform.Result) error { r.Warnings = slices.Repeat([]string{"noise"}, 40000); return nil }},
	{"stripped-kept", func(r *transform.Result) error { r.Stripped = true; return nil }},
	{"camera", func(r *transform.Result) error { r.Camera = "that nobody asked for"; return nil }},
	{"damaged", func(r *transform.Result) error { r.Damaged = true; return nil }},
	{"damaged-refused", func(r *transform.Result) error {
		r.Damaged, r.Warnings = true, []string{"of 600 rows the last 8 are missing"}
		return nil
	}},
	{"encode-refused", func(*transform.Result) error {
		return &transform.Error{Kind: transform.ClassEncode, Doing: "encode", Err: errors.New("gone"), Refused: true}
	}},
	{"decode", func(*transform.Result) error { // refused where nothing is
		return &transform.Error{Kind: transform.ClassDecode, Doing: "decode", Err: errors.New("gone"), Refused: true}
	}},
	{"class", func(*transform.Result) error {
		const kind = "\x1b]0;title\x07\x1b[31mred\nFAKE done"
		return &transform.Error{Kind: kind, Doing: "decode", Err: errors.New("gone")}
	}},
	{"killed", func(*transform.Result) error {
		return &transform.Error{Kind: pipeline.ClassWorkerKilled, Doing: "decode", Err: errors.New("gone")}
	}},
	{"need", func(*transform.Result) error { return &transform.NeedError{Need: math.MaxInt64} }},
	{"both", func(r *transform.Result) error {
		return &transform.Error{Kind: transform.ClassDecode, Doing: "decode", Err: errors.New("gone")}
	}},
}

const takenMark = "TAKEN:"

// takenOver tells the lie that stands at the end of an image.
func takenOver(next executor.Func) executor.Func {
	return func(ctx context.Context, task transform.Task) (transform.Result, error) {
		r, err := next(ctx, task)
		_, name, _ := bytes.Cut(task.Data[max(0, len(task.Data)-30):], []byte(takenMark))
		if err != nil {
			return r, err
		}
		if string(name) == "said" { // what is only said, in too many and strange words
			r.Warnings = []string{"\x1b[31m" + strings.Repeat("long ", 10000)}
		}
		if string(name) == "failure" {
			return transform.Result{}, &transform.Error{
				Kind: transform.ClassDecode, Doing: "\x1b]0;x\x07",
				Err: errors.New("a\nb\x1b[2J" + strings.Repeat("long ", 10000)),
			}
		}
		for _, l := range lies {
			if l.name == string(name) {
				err = l.tell(&r)
				if l.name == "both" {
					return r, err
				}
				break
			}
		}
		if err != nil {
			return transform.Result{}, err
		}
		return r, nil
	}
}

// takenPool is a pool whose workers an image can take over, and the task of an image that does.
func takenPool(t *testing.T, opts Options) (*Pool, func(lie string) transform.Task) {
	t.Helper()
	opts.Env = append(opts.Env, faultName+"=taken")
	p, err := New(opts) // and not newPool, which has it believe them
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	spec, err := transform.ParseSpec("size=60;size=30;format=jpeg")
	if err != nil {
		t.Fatal(err)
	}
	photo := samples.Embedded()[0].Data
	return p, func(lie string) transform.Task {
		limits := transform.Limits{RefuseDamaged: strings.HasSuffix(lie, "-refused")}
		spec := spec
		if strings.HasSuffix(lie, "-kept") {
			spec.Metadata = transform.MetadataAll
		}
		data := append(bytes.Clone(photo), takenMark+lie...)
		return transform.Task{Data: data, Spec: spec, Limits: limits, Grant: 64 << 20}
	}
}

func isPrintable(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

// TestAnAnswerIsCheckedLikeAStrangers has a worker tell each lie, and looks at what the pool makes of it, and at who
// does the next image.
func TestAnAnswerIsCheckedLikeAStrangers(t *testing.T) {
	for _, l := range lies {
		t.Run(l.name, func(t *testing.T) {
			p, task := takenPool(t, Options{Workers: 1})
			if r, _, err := p.Do(t.Context(), task("")); err != nil || len(r.Outputs) != 2 {
				t.Fatalf("an honest image: %d outputs, %v", len(r.Outputs), err)
			}
			first := p.Pids()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			r, cost, err := p.Do(t.Context(), task(l.name))
			runtime.ReadMemStats(&after)
			if class(err) != pipeline.ClassWorkerAnswer || cost.Attempts != 2 || len(r.Outputs) > 0 {
				t.Fatalf("%d outputs and %v of class %q after %d attempts, want class worker-answer after 2",
					len(r.Outputs), err, class(err), cost.Attempts)
			}
			if text := err.Error(); !isPrintable(text) || len(text) > 2*maxText {
				t.Errorf("its error is %q", text[:min(len(text), 300)])
			}
			if took := after.TotalAlloc - before.TotalAlloc; took > 16<<20 {
				t.Errorf("the lie took %d bytes of memory", took)
			}
			if pids := p.Pids(); len(pids) > 0 && pids[0] == first[0] {
				t.Error("the worker that told it lives")
			}
			if _, cost, err := p.Do(t.Context(), task("")); err != nil || cost.Attempts != 1 {
				t.Errorf("an honest image after it: %d attempts, %v", cost.Attempts, err)
			}
		})
	}
}

func TestWhatAWorkerSaysIsShortAndPrintable(t *testing.T) {
	p, task := takenPool(t, Options{Workers: 1})
	r, _, err := p.Do(t.Context(), task("said"))
	if err != nil || len(r.Warnings) != 1 || !isPrintable(r.Warnings[0]) || len(r.Warnings[0]) > maxWarning {
		t.Errorf("%v; warnings %.300q", err, r.Warnings)
	}
	_, _, err = p.Do(t.Context(), task("failure"))
	if class(err) != transform.ClassDecode || !isPrintable(err.Error()) || len(err.Error()) > 2*maxText {
		t.Errorf("class %q: %.300q", class(err), err)
	}
}
