package report

import (
	"fmt"
	"time"

	"imgpipe/cmd/imgpipe/internal/bench"
	"imgpipe/cmd/imgpipe/internal/figure"
	"imgpipe/pipeline"
)

// A block is a rectangle of a timeline: one span, or a stretch of time that was mostly spent in one stage.
type block struct {
	row        int
	stage      pipeline.Stage
	start, end time.Duration
	// item is the image; -1 if there may be several.
	item int
}

// text returns what b is, if it is one span.
func (b block) text() string {
	if b.item < 0 {
		return ""
	}
	return fmt.Sprintf("image %d, %s: %s", b.item+1, stageWord(b.stage), figure.Duration((b.end - b.start).Seconds()))
}

// blocks returns what is drawn of spans on so many lanes, in so many rows. If exact, there is one block for each span.
// Otherwise time is cut into slices. Each slice of a row has the stage that took most of it, or none if most of it was
// idle, and equal neighbors are joined. So a run of a million images is drawn in as many rectangles as one of a
// thousand.
func blocks(spans []bench.Span, rows, lanes int, exact bool, end time.Duration) []block {
	var out []block
	if exact {
		for _, s := range spans {
			out = append(out, block{s.Lane * rows / lanes, s.Stage, s.Start, s.End, s.Item})
		}
		return out
	}
	slices := min(max(groupSlices/rows, 40), groupSlices)
	width := end/time.Duration(slices) + 1
	perRow := make([][]map[pipeline.Stage]time.Duration, rows)
	lanesOf := make([]int, rows)
	for lane := range lanes {
		lanesOf[lane*rows/lanes]++
	}
	for i := range perRow {
		perRow[i] = make([]map[pipeline.Stage]time.Duration, slices)
	}
	for _, s := range spans {
		row := perRow[s.Lane*rows/lanes]
		for at := s.Start; at < min(s.End, end); {
			n := int(at / width)
			to := min(s.End, time.Duration(n+1)*width)
			if row[n] == nil {
				row[n] = map[pipeline.Stage]time.Duration{}
			}
			row[n][s.Stage] += to - at
			at = to
		}
	}
	for r, row := range perRow {
		for n, times := range row {
			stage := most(times, width*time.Duration(lanesOf[r]))
			if stage == "" {
				continue
			}
			start := time.Duration(n) * width
			if k := len(out) - 1; k >= 0 && out[k].row == r && out[k].stage == stage && out[k].end == start {
				out[k].end += width
				continue
			}
			out = append(out, block{r, stage, start, start + width, -1})
		}
	}
	return out
}

// most returns the stage that took most of a slice of time; "" if more than half of it was idle.
func most(times map[pipeline.Stage]time.Duration, slice time.Duration) pipeline.Stage {
	var best pipeline.Stage
	var sum time.Duration
	for _, s := range stageWords {
		sum += times[s.Stage]
		if times[s.Stage] > times[best] {
			best = s.Stage
		}
	}
	if 2*sum < slice {
		return ""
	}
	return best
}
