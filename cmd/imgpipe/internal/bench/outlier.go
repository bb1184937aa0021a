package bench

import (
	"fmt"
	"math"

	"imgpipe/cmd/imgpipe/internal/figure"
)

// A run is an outlier if it lies this far from the median of its Config: in scaled median absolute deviations, and as a
// share. The second keeps runs that agree to a hair from making outliers of those a hair away.
const (
	outlierDeviations = 3
	outlierShare      = 0.10
	// normalMAD makes of a median absolute deviation the standard deviation, if the values are normal.
	normalMAD = 1.4826
)

// outliers names the runs whose wall time lies far from the others of their Config, and what disturbed them.
func (c *Comparison) outliers() (names []string) {
	for i := range c.Samples {
		s := &c.Samples[i]
		walls := c.of(s.Config, (*Sample).Wall)
		if len(walls) < enoughRuns || c.Configs[s.Config].SameAs != "" {
			continue
		}
		middle := median(walls)
		var away []float64
		for _, w := range walls {
			away = append(away, math.Abs(w-middle))
		}
		far := math.Abs(s.Wall() - middle)
		if far <= outlierDeviations*normalMAD*median(away) || far <= outlierShare*middle {
			continue
		}
		name := fmt.Sprintf("%s, round %d: %s against %s", c.Name(s.Config), s.Round+1, figure.Duration(s.Wall()),
			figure.Duration(middle))
		switch {
		case s.Disturbed != "":
			name += ", " + s.Disturbed
		case s.OtherCPU >= 0.05:
			name += fmt.Sprintf(", other programs held %.1f CPUs", s.OtherCPU)
		}
		names = append(names, name)
	}
	return names
}
