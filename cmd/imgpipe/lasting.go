package main

import (
	"fmt"
	"io"

	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/pipeline"
)

// A failure lasts if asking the same thing again is known to bring the same answer: see pipeline.Class. The same
// command leaves such an item out, says so, and still ends with exitSomeFailed: not all of its images are done.
// --retry-failed and --force try it.

// lastingClass is the class of the failure that an item was left out for because it lasts, or "".
func lastingClass(o pipeline.Outcome) string {
	if o.Status == pipeline.Skipped {
		return o.Class
	}
	return ""
}

// listed is o as the list of failures takes it: a failure that lasts is still one.
func listed(o pipeline.Outcome) pipeline.Outcome {
	if class := lastingClass(o); class != "" {
		o.Status, o.Class = pipeline.Failed, class
	}
	return o
}

// A lastingCount counts the items that were left out because their failures last.
type lastingCount struct {
	count int
	class string // of the first
}

// add counts o if it is one of them.
func (l *lastingCount) add(o pipeline.Outcome) {
	class := lastingClass(o)
	if class == "" {
		return
	}
	if l.count++; l.count == 1 {
		l.class = class
	}
}

// say writes how many there are, whatever else is quiet: they may be the only reason of the exit status.
func (l *lastingCount) say(w io.Writer) {
	verb := "are"
	switch l.count {
	case 0:
		return
	case 1:
		verb = "is"
	}
	fmt.Fprintf(w, "%d failed before for good, such as %s, and %s not tried again: see --retry-failed\n",
		l.count, summary.Printable(l.class), verb)
}
