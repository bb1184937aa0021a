package summary_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/fetch"
	"imgpipe/pipeline"
)

// topRows returns the entries that stand at the top of the table.
func topRows() (top []pipeline.Entry) {
	for _, row := range pipeline.Entries() {
		if row.Of == "" {
			top = append(top, row.Entry)
		}
	}
	return top
}

// randomAccount returns the account of a pipeline that adds up.
func randomAccount(rng *rand.Rand) pipeline.Account {
	a := pipeline.Account{Lanes: 1 + rng.IntN(8), Spent: map[pipeline.Entry]time.Duration{}}
	top := topRows()
	var sum time.Duration
	for _, entry := range top {
		if entry != pipeline.EntryBefore && entry != pipeline.EntryAfter {
			a.Spent[entry] = time.Duration(rng.IntN(1e9))
			sum += a.Spent[entry]
		}
	}
	a.Spent[pipeline.EntryRest] += (time.Duration(a.Lanes) - sum%time.Duration(a.Lanes)) % time.Duration(a.Lanes)
	a.Spent[pipeline.EntryRunQueue] = a.Spent[pipeline.EntryCPUWait] / 3
	a.Spent[pipeline.EntryScheduler] = a.Spent[pipeline.EntryCPUWait] / 2
	for _, entry := range top {
		a.Wall += a.Spent[entry]
	}
	a.Wall /= time.Duration(a.Lanes)
	return a
}

// TestAnAccountOfAWholeRunAddsUp to workers × wall, with what was before and after the pipeline, and whatever was
// throttled. No entry is negative, and parts are not more than their whole.
func TestAnAccountOfAWholeRunAddsUp(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 2))
		a := randomAccount(rng)
		before, after := time.Duration(rng.IntN(1e9)), time.Duration(rng.IntN(1e9))
		var s summary.Summary
		if rng.IntN(3) > 0 {
			throttled := rng.Float64() * 3
			s.Conditions.Throttled = &throttled
		}
		s.Finish(before + a.Wall + after)
		s.Flowed(&pipeline.Flow{Account: a}, before)
		var sum float64
		for _, entry := range topRows() {
			sum += s.Account.Spent[entry]
		}
		if want := float64(a.Lanes) * s.Wall; math.Abs(sum-want) > 1e-6*want || s.Account.Wall != s.Wall {
			t.Errorf("seed %d: the entries add up to %v, want %d × %v", seed, sum, a.Lanes, s.Wall)
		}
		got, want := s.Account.Spent[pipeline.EntryBefore], float64(a.Lanes)*before.Seconds()
		if math.Abs(got-want) > 1e-9 {
			t.Errorf("seed %d: before the first image %v, want %v", seed, got, want)
		}
		parts := map[pipeline.Entry]float64{}
		for _, row := range pipeline.Entries() {
			if s.Account.Spent[row.Entry] < 0 {
				t.Errorf("seed %d: %s is negative: %v", seed, row.Entry, s.Account.Spent[row.Entry])
			}
			parts[row.Of] += s.Account.Spent[row.Entry]
		}
		if parts[pipeline.EntryCPUWait] > s.Account.Spent[pipeline.EntryCPUWait]+1e-9 {
			t.Errorf("seed %d: parts of the waits for a CPU are more than these", seed)
		}
		_, known := s.Account.Spent[pipeline.EntryThrottled]
		unknown := slices.Contains(s.Account.Unknown, pipeline.EntryThrottled)
		if known != (s.Conditions.Throttled != nil) || known == unknown {
			t.Errorf("seed %d: throttled: known %v, not known %v", seed, known, unknown)
		}
	}
}

func TestNothingIsSaidOfAnAccountThatIsNotKnown(t *testing.T) {
	for _, flow := range []*pipeline.Flow{nil, {}} {
		var s summary.Summary
		s.Finish(time.Second)
		s.Flowed(flow, time.Millisecond)
		var text bytes.Buffer
		s.WriteText(&text)
		if said := text.String(); s.Account != nil || strings.Contains(said, "workers:") ||
			strings.Contains(said, "downloads") {
			t.Errorf("%+v\n%s", s.Account, &text)
		}
	}
	blind := pipeline.Account{Lanes: 1, Wall: time.Second, Unknown: []pipeline.Entry{pipeline.EntryCPUWait},
		Spent: map[pipeline.Entry]time.Duration{pipeline.EntryRest: time.Second}}
	throttled := 0.5
	s := summary.Summary{Conditions: summary.Conditions{Throttled: &throttled}}
	s.Finish(time.Second)
	s.Flowed(&pipeline.Flow{Account: blind}, 0)
	if _, known := s.Account.Spent[pipeline.EntryThrottled]; known ||
		!slices.Contains(s.Account.Unknown, pipeline.EntryThrottled) {
		t.Errorf("without clocks of threads: %+v", s.Account)
	}
}

// TestTheTextSaysWhereTheTimeWent has the largest entries, which add up, and what a host held back.
func TestTheTextSaysWhereTheTimeWent(t *testing.T) {
	const s10 = 10 * time.Second
	var s summary.Summary
	s.Workers, s.Downloads, s.PerHost, s.Hosts = 2, 64, 8, 1
	s.PeakMemory, s.PeakPSS = 167e6, 92e6
	s.Finish(s10)
	s.Flowed(&pipeline.Flow{
		AtOnce: 8, HeldBack: 32, Last: fetch.Item{Source: "http://me:secret@host/giant.jpg"}, Tail: time.Second,
		Account: pipeline.Account{Lanes: 2, Wall: 91 * s10 / 100, Spent: map[pipeline.Entry]time.Duration{
			pipeline.EntryCPU: 12200 * time.Millisecond, pipeline.EntryCPUWait: 4400 * time.Millisecond,
			pipeline.EntryTail: 600 * time.Millisecond, pipeline.EntryRest: time.Second,
		}},
	}, 9*s10/100)
	var text bytes.Buffer
	s.WriteText(&text)
	for _, want := range []string{
		"\nworkers: 61 % on a CPU, 22 % waiting for a CPU, 9 % before the first image, 8 % other\n",
		"\ndownloads: 8 at once from this host (--per-host 8), 64 were allowed\n",
		", peak memory 92MB\n",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in:\n%s", want, &text)
		}
	}
	if s.Last != "http://host/giant.jpg" || s.Tail != 1 || s.DownloadsAtOnce != 8 || s.HeldBack != 32 {
		t.Errorf("last %q for %v s, %d at once, %d held back", s.Last, s.Tail, s.DownloadsAtOnce, s.HeldBack)
	}
}

func TestWhatHostsAllowIsSaid(t *testing.T) {
	for want, c := range map[string][4]int{
		"8 at once from this host (--per-host 8), 64 were allowed":                     {8, 1, 8, 64},
		"16 at once from 2 hosts (--per-host 8 for each), 64 were allowed":             {16, 2, 8, 64},
		"64 at once from 1000 hosts and more (--per-host 8 for each)":                  {64, 1000, 8, 64},
		"3 at once from this host, which took no more (--per-host 8), 64 were allowed": {3, 1, 8, 64},
	} {
		if got := summary.AtOnce(c[0], c[1], c[2], c[3]); got != want {
			t.Errorf("%v: %q, want %q", c, got, want)
		}
	}
}
