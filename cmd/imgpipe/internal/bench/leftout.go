package bench

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"imgpipe/cmd/imgpipe/internal/figure"
)

// ErrLeftOut is the error of runs that have too few images in common.
var ErrLeftOut = errors.New("too many images were not done in every run")

// mostLeftOut is the share of the images that may be left out. With more, what is left is another job.
const mostLeftOut = 0.25

// leftOut returns the images that were done in some of the runs only, in the order of their names. runs has the class
// of each source that failed, for each run.
func leftOut(runs []map[string]string) (out []LeftOut) {
	classes := map[string]map[string]int{}
	for _, lost := range runs {
		for source, class := range lost {
			if classes[source] == nil {
				classes[source] = map[string]int{}
			}
			classes[source][class]++
		}
	}
	for source, by := range classes {
		o := LeftOut{Source: source, Of: len(runs)}
		most := 0
		for class, n := range by {
			o.Runs += n
			if n > most || n == most && class < o.Class {
				most, o.Class = n, class
			}
		}
		if o.Runs < o.Of {
			out = append(out, o)
		}
	}
	slices.SortFunc(out, func(a, b LeftOut) int { return cmp.Compare(a.Source, b.Source) })
	return out
}

// tooMany returns an ErrLeftOut if more than mostLeftOut of the images are left out.
func tooMany(out []LeftOut, images int) error {
	if float64(len(out)) <= mostLeftOut*float64(images) {
		return nil
	}
	counts := map[string]int{}
	class := ""
	for _, o := range out {
		if counts[o.Class]++; class == "" || counts[o.Class] > counts[class] {
			class = o.Class
		}
	}
	return fmt.Errorf("%w: %d of %d failed in some of the %s only, %d of them with %s, such as %q: "+
		"expected no more than a quarter", ErrLeftOut, len(out), images, figure.Count(out[0].Of, "run"), counts[class],
		class, out[slices.IndexFunc(out, func(o LeftOut) bool { return o.Class == class })].Source)
}
