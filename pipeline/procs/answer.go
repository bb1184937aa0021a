package procs

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"imgpipe/pipeline/wire"
	"imgpipe/transform"
)

// Everything in this file runs in the parent.

// An answerError is what is wrong with an answer that is a frame of the wire, and no result of its task. Its worker is
// not to be trusted any more.
type answerError string

func (e answerError) Error() string { return "its answer was " + string(e) }

func untrue(format string, args ...any) error {
	return answerError(printable(fmt.Sprintf(format, args...), maxText))
}

// The most that an answer may hold. Honest ones have far less.
const (
	maxWarnings = 16 // and four for each output
	maxWarning  = 1 << 10
	maxText     = 4 << 10  // of an error; longer ones are cut
	maxTrace    = 64 << 10 // of the stack of a panic
)

// knownPaths are the ways that pixels go, as transform.Result.Path names them, and none.
var knownPaths = []string{"", "ycbcr", "ycbcr+rgba", "cmyk+rgba", "gray", "gray+rgba", "rgba", "frames"}

// believe compares the head of an answer with its task, before any of the body is read. An image may have taken over
// the worker that decoded it, so its answer is no more to be trusted than the image was. age is how long the worker has
// lived, which none of its times can exceed. Text for people is made short and printable. look, later, reads the
// outputs.
func believe(m *wire.Done, task transform.Task, body uint64, age time.Duration) error {
	r := &m.Result
	for _, took := range []time.Duration{
		m.Busy, m.Work.Wall, m.Work.CPU, m.Work.RunQueue, m.Work.Scheduler, r.Decode, r.Operate, r.Encode,
	} {
		if took < 0 || took > 2*age+time.Second { // clocks are read one after the other
			return untrue("a time of %v from a worker that lived for %v", took, age)
		}
	}
	if m.Work.MajorFaults < 0 {
		return untrue("%d page faults", m.Work.MajorFaults)
	}
	if m.Failed {
		return believeFailure(m, task, body)
	}
	want, err := task.Expected(r.Source)
	if err != nil {
		return untrue("about %v", err)
	}
	if len(r.Outputs) != len(want) {
		return untrue("%d outputs: expected %d", len(r.Outputs), len(want))
	}
	var room int64
	for i, o := range r.Outputs {
		w := want[i]
		format := o.Format == w.Format || w.Format == "" && slices.Contains(task.Spec.Outputs(r.Source), o.Format)
		if o.Label != w.Label || !format || o.Width != w.Width || o.Height != w.Height {
			return untrue("output %q, a %s of %dx%d: expected %q, a %s of %dx%d",
				o.Label, o.Format, o.Width, o.Height, w.Label, w.Format, w.Width, w.Height)
		}
		if err := believeOriginal(o, m.Lengths[i], task, r.Source); err != nil {
			return err
		}
		most := task.MaxFile(o, r.Path) + task.Spec.MaxMetadata()
		if m.Lengths[i] > uint64(most) {
			return untrue("%d bytes for a %s of %dx%d", m.Lengths[i], o.Format, o.Width, o.Height)
		}
		room += most
	}
	if task.Grant > 0 { // which counts outputs as they mostly are, and not what is fixed
		room = min(room, 2*task.Grant+int64(len(want))*(transform.MaxFile(0, 0)+task.Spec.MaxMetadata()))
	}
	if body > uint64(room) {
		return untrue("%d bytes where there was room for %d", body, room)
	}
	if !slices.Contains(knownPaths, r.Path) {
		return untrue("by way of %q", r.Path[:min(len(r.Path), maxWarning)])
	}
	if !r.Swatch.Valid() {
		return untrue("a swatch of %d letters", len(r.Swatch))
	}
	if most := maxWarnings + 4*len(want); len(r.Warnings) > most {
		return untrue("%d warnings: expected at most %d", len(r.Warnings), most)
	}
	for i, w := range r.Warnings {
		r.Warnings[i] = printable(w, maxWarning)
	}
	switch {
	case r.Taken+r.Camera != "" && !task.Spec.Facts || len(r.Taken)+len(r.Camera) > maxWarning:
		return untrue("of a camera or a time that nobody asked for, or longer than these are")
	case r.Stripped && task.Spec.KeepsMetadata():
		return untrue("of metadata that was left out, where it was asked for")
	case r.Damaged && task.Limits.RefuseDamaged:
		return untrue("a damaged image done: expected that it was refused")
	case r.Damaged && len(r.Warnings) == 0:
		return untrue("a damaged image without a warning that says what is missing")
	}
	return nil
}

// believeOriginal is believe for an output that is, or was left to, the file that it was made of.
func believeOriginal(o transform.Output, length uint64, task transform.Task, h transform.Header) error {
	rule := task.Spec.IfSmaller
	pixels := o.Width*o.Height == h.Width*h.Height && o.Format == h.Format
	switch {
	case o.Copied && o.Omitted:
	case o.Copied && rule == transform.IfSmallerCopy && pixels && length <= uint64(len(task.Data)):
		return nil
	case o.Omitted && rule == transform.IfSmallerSkip && pixels && length == 0:
		return nil
	case !o.Copied && !o.Omitted:
		return nil
	}
	return untrue("output %q of %d bytes, copied %v, omitted %v: not what was asked for",
		o.Label, length, o.Copied, o.Omitted)
}

// believeFailure is believe for an answer that has an error.
func believeFailure(m *wire.Done, task transform.Task, body uint64) error {
	r, e := &m.Result, &m.Failure
	said := len(r.Warnings) > 0 || r.Damaged || r.Stripped || r.Taken+r.Camera != "" || r.Swatch != ""
	if len(r.Outputs) > 0 || said || r.Path != "" || body > 0 {
		return untrue("an error and a result")
	}
	if r.Source != (transform.Header{}) {
		if err := plausible(r.Source); err != nil {
			return err
		}
	}
	if e.Refused && (e.Kind != transform.ClassDecode || !task.Limits.RefuseDamaged) {
		return untrue("a failure of class %q that says it was refused as damaged",
			e.Kind[:min(len(e.Kind), maxWarning)])
	}
	switch {
	case e.Need == 0 && (e.Kind == "" || slices.Contains(transform.Classes, e.Kind)):
	case e.Need > 0 && (task.Grant == 0 || e.Need <= task.Grant || r.Source == transform.Header{}),
		e.Need > 0 && e.Kind+e.Doing+e.Text != "":
		return untrue("a need of %d bytes where %d were granted", e.Need, task.Grant)
	case e.Need > 0:
	default:
		return untrue("a failure of class %q", e.Kind[:min(len(e.Kind), maxWarning)])
	}
	e.Doing, e.Text = printable(e.Doing, maxWarning), printable(e.Text, maxText)
	lines := strings.Split(string(e.Stack[:min(len(e.Stack), maxTrace)]), "\n")
	for i, line := range lines {
		lines[i] = printable(strings.ReplaceAll(line, "\t", "    "), maxTrace)
	}
	e.Stack = []byte(strings.Join(lines, "\n"))
	return nil
}

// plausible checks the Source of an image that failed, which need not be one that could have been done.
func plausible(h transform.Header) error {
	if h.Format.Title() == "" || h.Width <= 0 || h.Height <= 0 ||
		h.Orientation < 1 || h.Orientation > 8 {
		return untrue("about a source of format %q, %dx%d", h.Format, h.Width, h.Height)
	}
	return nil
}

// look compares the files of an answer with its head, by their first and last bytes.
func look(m *wire.Done) error {
	for _, o := range m.Result.Outputs {
		if err := o.CheckFile(); err != nil && !o.Omitted {
			return untrue("%v", err)
		}
	}
	return nil
}

// printable returns at most so many bytes of s, with a space for whatever a terminal would not print.
func printable(s string, most int) string {
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "")
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, s)
}
