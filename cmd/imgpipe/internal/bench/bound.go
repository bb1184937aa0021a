package bench

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"imgpipe/cmd/imgpipe/internal/figure"
	"imgpipe/pipeline"
)

// Shares of the time of the workers, or of the CPUs, from which on a cause is named.
const (
	leastShare = 0.05 // it is listed
	muchShare  = 0.10 // it has a sentence
	muchWait   = 0.20 // it bounds the job, where computing does not
	giantShare = 0.25 // of the wall time, for one image alone
	fullCPU    = 0.80 // of the CPUs: nothing is left of them
	busyOthers = 0.15 // of the CPUs: what other programs, or a host, must take to be named
)

// An account is where the time of the workers of one contestant went: the mean share of lanes × wall of each entry. The
// shares of the entries at the top add up to 1.
type account map[pipeline.Entry]float64

// account returns that of a contestant, from the rounds that count by the clock; nil if it is not known.
func (e *evidence) account(config int) account {
	a, n := account{}, 0.0
	timed, _ := e.c.quietOf(config)
	for _, s := range timed {
		of := s.Summary.Account
		if of == nil || of.Lanes == 0 || of.Wall <= 0 {
			continue
		}
		for entry, spent := range of.Spent {
			a[entry] += spent / (float64(of.Lanes) * of.Wall)
		}
		n++
	}
	if n == 0 {
		return nil
	}
	for entry := range a {
		a[entry] /= n
	}
	return a
}

// words returns an entry in words.
func words(entry pipeline.Entry) string {
	for _, row := range pipeline.Entries() {
		if row.Entry == entry {
			return row.Word
		}
	}
	return string(entry)
}

// parts returns the parts of an entry, or with "" the entries at the top, the largest first.
func (a account) parts(whole pipeline.Entry) (parts []pipeline.Entry) {
	for _, row := range pipeline.Entries() {
		if row.Of == whole {
			parts = append(parts, row.Entry)
		}
	}
	slices.SortStableFunc(parts, func(x, y pipeline.Entry) int { return cmp.Compare(a[y], a[x]) })
	return parts
}

// String lists the entries that took at least leastShare, with their parts, and what the others took together.
func (a account) String() string {
	var said []string
	rest := 1.0
	for _, entry := range a.parts("") {
		if a[entry] < leastShare {
			continue
		}
		rest -= a[entry]
		text := words(entry) + " " + figure.Percent(a[entry])
		if parts := a.listed(a.parts(entry)); len(parts) > 0 {
			text += ", of which " + strings.Join(parts, " and ")
		}
		said = append(said, text)
	}
	if rest >= 0.005 {
		said = append(said, "other "+figure.Percent(rest))
	}
	return "time of the workers: " + strings.Join(said, "; ")
}

// listed returns those entries that took at least leastShare, in words.
func (a account) listed(entries []pipeline.Entry) (said []string) {
	for _, entry := range entries {
		if a[entry] >= leastShare {
			said = append(said, words(entry)+" "+figure.Percent(a[entry]))
		}
	}
	return said
}

// A use is what a contestant had of the CPUs, in CPUs.
type use struct {
	cpus, ours, others, stolen float64
}

func (e *evidence) use(config int) use {
	u := use{cpus: float64(max(e.c.Machine.CPUs, 1))}
	u.ours, _ = e.mean(config, func(s *Sample) (float64, bool) {
		return s.cpu() / s.Wall(), s.Wall() > 0
	})
	u.others, _ = e.mean(config, otherCPUs)
	u.stolen, _ = e.mean(config, stolenCPUs)
	return u
}

// full reports whether nothing is left of the CPUs.
func (u use) full() bool { return u.ours+u.others+u.stolen >= fullCPU*u.cpus }

func (u use) String() string {
	text := fmt.Sprintf("CPUs: %.1f for us", u.ours)
	if u.others >= busyOthers*u.cpus {
		text += fmt.Sprintf(", %.1f for others", u.others)
	}
	if u.stolen >= busyOthers*u.cpus {
		text += fmt.Sprintf(", %.1f taken by the host of this virtual machine", u.stolen)
	}
	return text + fmt.Sprintf(", of %.0f", u.cpus)
}

// sayBound says what keeps a contestant from being faster: the largest entry of its account.
func (e *evidence) sayBound(say sayer, config int) {
	a, u := e.account(config), e.use(config)
	name := e.c.Name(config)
	if a == nil {
		say("bound", fmt.Sprintf("What bounds %s is not known: its runs kept no account of their workers' time.", name),
			u.String())
		return
	}
	figures := fmt.Sprintf("%s: %s; %s", name, a, u)
	lanes, images := e.c.width(config), e.c.Job.Images
	if n, held := e.atOnce(config); e.c.Job.Stage == StageFetch && held > 0 {
		lanes = min(lanes, n)
	}
	last, tail := e.lastAlone(config)
	around := a[pipeline.EntryBefore] + a[pipeline.EntryAfter] // no image takes part in that
	switch {
	case images <= lanes && around < 0.5:
		say("bound", fmt.Sprintf("There are no more images than can be worked on at once, %d for %s: the slowest of "+
			"them bounds the job.", images, figure.Count(lanes, e.c.unit())), figures)
		return
	case tail >= giantShare:
		say("bound", fmt.Sprintf("One image bounds this job: %s was under way alone for %s of the time.",
			last, figure.Percent(tail)), figures)
		return
	}
	workers := e.c.Configs[config].Workers
	main, share := a.largest(true)
	if other, wait := a.largest(false); !a.computes(u) && wait >= muchWait {
		main, share = other, wait
	}
	say("bound", a.boundBy(main, share, u, workers)+e.faults(config, main)+a.besides(main), figures)
}

// lastAlone returns the image that was most often the last one, and the mean share of the wall time in which it was
// under way alone.
func (e *evidence) lastAlone(config int) (source string, share float64) {
	times := map[string]int{}
	share, _ = e.mean(config, func(s *Sample) (float64, bool) {
		if s.Summary.Last != "" {
			times[s.Summary.Last]++
		}
		return s.Summary.Tail / s.Wall(), s.Wall() > 0
	})
	for _, name := range slices.Sorted(maps.Keys(times)) {
		if times[name] > times[source] {
			source = name
		}
	}
	return cmp.Or(source, "the last one"), share
}

// computes reports whether the CPUs are what bounds a job, or a quota of their time.
func (a account) computes(u use) bool {
	return a[pipeline.EntryThrottled] >= leastShare || u.full() || u.stolen >= busyOthers*u.cpus
}

// fewWorkers reports whether there are CPUs left, and all workers are on one.
func (a account) fewWorkers(u use, workers int) bool {
	return float64(workers) < u.cpus && a[pipeline.EntryCPU] >= fullCPU
}

// largest returns the entry at the top that took most, with or without those of computing: to be on a CPU and to wait
// for one are taken together.
func (a account) largest(computing bool) (entry pipeline.Entry, share float64) {
	for _, row := range pipeline.Entries() {
		took := a[row.Entry]
		switch {
		case row.Of != "" || row.Entry == pipeline.EntryCPUWait:
			continue
		case row.Entry == pipeline.EntryCPU && !computing:
			continue
		case row.Entry == pipeline.EntryCPU:
			took += a[pipeline.EntryCPUWait]
		}
		if took > share {
			entry, share = row.Entry, took
		}
	}
	return entry, share
}

// boundBy returns the sentence about the largest entry, without its end.
func (a account) boundBy(main pipeline.Entry, share float64, u use, workers int) string {
	if main != pipeline.EntryCPU {
		text := sentence(words(main))
		switch main {
		case pipeline.EntryBefore:
			text = "What comes before the first image"
		case pipeline.EntryAfter:
			text = "What comes after the last image"
		case pipeline.EntryStall:
			text = "A wait that no CPU explains"
		case pipeline.EntryTail:
			text = "The end, where there are no more images to take,"
		case pipeline.EntryRest:
			text = "Something that has no entry"
		}
		text = strings.TrimSuffix(text, ".")
		if parts := a.parts(main); len(parts) > 0 && a[parts[0]] >= a[main]/2 {
			text += fmt.Sprintf(" (%s)", words(parts[0]))
		}
		return fmt.Sprintf("%s bounds this job: %s of the workers' time", text, figure.Percent(share))
	}
	busy, wait := a[pipeline.EntryCPU], a[pipeline.EntryCPUWait]
	switch {
	case a[pipeline.EntryThrottled] >= leastShare:
		return fmt.Sprintf("A quota of CPU time bounds this job: workers were throttled %s of their time and on a "+
			"CPU %s", figure.Percent(a[pipeline.EntryThrottled]), figure.Percent(busy))
	case u.stolen >= busyOthers*u.cpus || u.others >= busyOthers*u.cpus && u.full():
		return fmt.Sprintf("The CPUs bound this job. %s; workers waited %s of their time for one", u,
			figure.Percent(wait))
	case u.full():
		return fmt.Sprintf("The CPUs bound this job: %.1f of %.0f were used, and workers were on one %s of their time",
			u.ours, u.cpus, figure.Percent(busy))
	case a.fewWorkers(u, workers):
		return fmt.Sprintf("The number of workers bounds this job: %s on a CPU %s of the time, and there are %.0f CPUs",
			plural(workers, "was", "were"), figure.Percent(busy), u.cpus)
	}
	return fmt.Sprintf("Nothing is saturated: workers were on a CPU %s of their time and waited %s for one",
		figure.Percent(busy), figure.Percent(wait))
}

// faults returns how many pages had to come from a disk, if that may be what was waited for.
func (e *evidence) faults(config int, main pipeline.Entry) string {
	pages, _ := e.mean(config, func(s *Sample) (float64, bool) {
		if s.Summary.Conditions.MajorFaults == nil {
			return 0, false
		}
		return float64(*s.Summary.Conditions.MajorFaults), true
	})
	if main != pipeline.EntryStall || pages < 1 {
		return ""
	}
	return fmt.Sprintf(", with %.0f page faults from a disk in a run", pages)
}

// besides returns the other entries that took much, and the end of the sentence.
func (a account) besides(main pipeline.Entry) string {
	others := slices.DeleteFunc(a.parts(""), func(entry pipeline.Entry) bool {
		return entry == main || main == pipeline.EntryCPU && entry == pipeline.EntryCPUWait
	})
	said := a.listed(others)
	said = said[:min(len(said), 3)]
	if len(said) == 0 {
		return "."
	}
	return "; besides: " + strings.Join(said, ", ") + "."
}
