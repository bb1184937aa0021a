package summary

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"imgpipe/cmd/imgpipe/internal/figure"
	"imgpipe/fetch"
	"imgpipe/pipeline"
)

// An Account is a [pipeline.Account] in seconds.
type Account struct {
	Lanes int     `json:"lanes"`
	Wall  float64 `json:"wall_s"`
	// Spent is lane time by entry. Those at the top of [pipeline.Entries] add up to Lanes × Wall.
	Spent map[pipeline.Entry]float64 `json:"spent_s"`
	// Unknown has the entries that the system does not tell.
	Unknown []pipeline.Entry `json:"unknown,omitempty"`
}

// Flowed notes what the pipeline saw of its lanes, which began so long after the program. It is called after Finish,
// once Conditions are set. Nil is valid, and nothing is known then.
func (s *Summary) Flowed(flow *pipeline.Flow, before time.Duration) {
	if flow == nil {
		return
	}
	s.DownloadsAtOnce, s.HeldBack, s.Deferring = flow.AtOnce, flow.HeldBack, flow.Deferring
	s.Last, s.Tail = fetch.Redact(flow.Last.Source), flow.Tail.Seconds()
	if flow.Account.Lanes > 0 {
		wall := time.Duration(math.Round(s.Wall * float64(time.Second)))
		s.Account = accountOf(flow.Account, before, wall, s.Conditions.Throttled)
	}
}

// accountOf returns the account of a whole run: a has the part of its pipeline, which began after before. throttled is
// for how long the control group of the run was out of its quota, in seconds; nil is not known.
func accountOf(a pipeline.Account, before, wall time.Duration, throttled *float64) *Account {
	spent := maps.Clone(a.Spent)
	if spent == nil {
		spent = map[pipeline.Entry]time.Duration{}
	}
	lanes := time.Duration(a.Lanes)
	spent[pipeline.EntryBefore] += lanes * before
	spent[pipeline.EntryAfter] += lanes * max(wall-before-a.Wall, 0)
	unknown := slices.Clone(a.Unknown)
	// Without clocks of threads nobody knows what of a transform was a wait.
	blind := slices.Contains(unknown, pipeline.EntryCPU) || slices.Contains(unknown, pipeline.EntryCPUWait)
	if throttled != nil && !blind {
		throttle(spent, time.Duration(*throttled*float64(time.Second)))
	} else if !slices.Contains(unknown, pipeline.EntryThrottled) {
		unknown = append(unknown, pipeline.EntryThrottled)
	}
	account := &Account{a.Lanes, max(wall, before+a.Wall).Seconds(), map[pipeline.Entry]float64{}, unknown}
	for entry, took := range spent {
		account.Spent[entry] = took.Seconds()
	}
	return account
}

// throttle makes EntryThrottled a part of EntryCPUWait. Kernels differ in where they count a thread that is out of its
// quota: as one in the run queue, or as none that wants a CPU, which is EntryStall here. It is at most what there is of
// both: other threads and programs of the control group, which are no lanes, were throttled too.
func throttle(spent map[pipeline.Entry]time.Duration, throttled time.Duration) {
	queued := min(throttled, spent[pipeline.EntryRunQueue])
	stalled := min(throttled-queued, spent[pipeline.EntryStall])
	spent[pipeline.EntryThrottled] = queued + stalled
	spent[pipeline.EntryRunQueue] -= queued
	spent[pipeline.EntryStall] -= stalled
	spent[pipeline.EntryCPUWait] += stalled
}

// AtOnce says how many downloads ran at once from so many hosts, of which each may have perHost, where more were
// allowed. A host that had fewer than it may have took no more by its own word.
func AtOnce(downloads, hosts, perHost, allowed int) string {
	from, each := "this host", ""
	if hosts > 1 {
		from, each = fmt.Sprintf("%d hosts", hosts), " for each"
	}
	if hosts >= mostHosts {
		from += " and more"
	}
	if hosts == 1 && downloads < perHost {
		from += ", which took no more"
	}
	s := fmt.Sprintf("%d at once from %s (--per-host %d%s)", downloads, from, perHost, each)
	if allowed > downloads {
		s += fmt.Sprintf(", %d were allowed", allowed)
	}
	return s
}

// The line of an account names entries from leastShown of the time on, the mostShown largest.
const (
	leastShown = 0.05
	mostShown  = 4
)

// writeFlow writes a line on the downloads if a host held them back, and one on where the time of the workers went.
func (s *Summary) writeFlow(w io.Writer) {
	if s.HeldBack > 0 && s.DownloadsAtOnce > 0 {
		said := AtOnce(s.DownloadsAtOnce, max(s.Hosts, 1), s.PerHost, s.Downloads)
		if s.Deferring > 0 {
			said += fmt.Sprintf("; %s answered 429 or 503 to be asked later", figure.Count(s.Deferring, "host"))
		}
		fmt.Fprintf(w, "downloads: %s\n", said)
	}
	if line := s.Account.line(); line != "" {
		fmt.Fprintf(w, "workers: %s\n", line)
	}
}

// line returns the largest entries of a, with their shares; "" if nothing is known.
func (a *Account) line() string {
	if a == nil || a.Lanes <= 0 || a.Wall <= 0 {
		return ""
	}
	type part struct {
		word  string
		share float64
	}
	var parts []part
	for _, row := range pipeline.Entries() {
		share := a.Spent[row.Entry] / (float64(a.Lanes) * a.Wall)
		if row.Of == "" && row.Entry != pipeline.EntryRest && share >= leastShown {
			parts = append(parts, part{row.Word, share})
		}
	}
	slices.SortStableFunc(parts, func(a, b part) int { return cmp.Compare(b.share, a.share) })
	parts = parts[:min(len(parts), mostShown)]
	if len(parts) == 0 {
		return ""
	}
	other := 100
	var said []string
	for _, p := range parts {
		percent := int(100*p.share + 0.5)
		other -= percent
		said = append(said, fmt.Sprintf("%d %% %s", percent, p.word))
	}
	divided := !slices.Contains(a.Unknown, pipeline.EntryCPU)
	switch {
	case other > 0 && !divided: // only a run with a report is measured within a transform
		said = append(said, fmt.Sprintf("%d %% in transforms and other", other))
	case other > 0:
		said = append(said, fmt.Sprintf("%d %% other", other))
	}
	return strings.Join(said, ", ")
}
