package bench

import (
	"regexp"
	"testing"

	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/pipeline"
)

// bounded is one contestant with an account of shares, of which the rest is computing, and what it had of two CPUs.
type bounded struct {
	shares                     map[pipeline.Entry]float64
	workers, images            int
	ours, others, stolen, tail float64
	faults                     int64
}

func (b bounded) comparison() *Comparison {
	c := &Comparison{Job: Job{Stage: StageAll}, Configs: Grid([]string{modes.Goroutines}, []int{b.workers}, []int{8})}
	for round := range 6 {
		c.Samples = append(c.Samples, Sample{Round: round, Elapsed: 2, Summary: summary.Summary{
			Items: b.images, Done: b.images, Wall: 2, User: 2 * b.ours, Machine: summary.Machine{CPUs: 2},
			Account: newAccount(b.workers, 2, b.shares), Tail: 2 * b.tail, Last: []string{"a", "b"}[round%5/4],
			Conditions: summary.Conditions{OtherCPUs: &b.others, Steal: new(float64), MajorFaults: &b.faults},
		}})
		*c.Samples[round].Summary.Conditions.Steal = 2 * b.stolen
	}
	conclude(c)
	return c
}

// TestLargestEntryOfTheAccountBounds has each kind of cause, and those that are close to another.
func TestLargestEntryOfTheAccountBounds(t *testing.T) {
	type shares = map[pipeline.Entry]float64
	for _, test := range []struct {
		bounded
		want string
	}{
		{bounded{workers: 2, ours: 1.9}, `The CPUs bound this job: 1\.9 of 2 were used, and workers were on one 100 %`},
		{bounded{workers: 2, ours: 1.5}, `Nothing is saturated: workers were on a CPU 100 % .* and waited 0 % for ` +
			`one\.`},
		{bounded{workers: 2, ours: 1.2, others: 0.7, shares: shares{pipeline.EntryCPUWait: 0.4}},
			`The CPUs bound this job\. CPUs: 1\.2 for us, 0\.7 for others, of 2; workers waited 40 %`},
		{bounded{workers: 2, ours: 1.5, others: 0.2}, `The CPUs bound this job: 1\.5 of 2`},
		{bounded{workers: 2, ours: 1.2, others: 0.3}, `Nothing is saturated: .* 100 %`},
		{bounded{workers: 2, ours: 1.0, stolen: 0.4}, `CPUs: 1\.0 for us, 0\.4 taken by the host .*, of 2`},
		{bounded{workers: 2, ours: 1.0, stolen: 0.2}, `Nothing is saturated`},
		{bounded{workers: 1, ours: 0.9}, `The number of workers bounds this job: 1 was on a CPU 100 % of the time`},
		{bounded{workers: 1, ours: 0.9, shares: shares{pipeline.EntryTail: 0.18, pipeline.EntryAfter: 0.18}},
			`Nothing is saturated: workers were on a CPU 64 % .*: idle at the end 18 %, after the last image 18 %`},
		{bounded{workers: 2, ours: 1.4, shares: shares{pipeline.EntryCPUWait: 0.3, pipeline.EntryThrottled: 0.28}},
			`A quota of CPU time bounds this job: workers were throttled 28 % of their time and on a CPU 70 %`},
		{bounded{workers: 2, ours: 1.5, shares: shares{pipeline.EntryCPUWait: 0.04, pipeline.EntryThrottled: 0.04}},
			`Nothing is saturated`},
		{bounded{workers: 2, ours: 0.5, others: 1.5, shares: shares{pipeline.EntryCPUWait: 0.3,
			pipeline.EntryFileWait: 0.3, pipeline.EntryDisk: 0.3}},
			`The CPUs bound this job\..*besides: waiting for files`},
		{bounded{workers: 2, ours: 0.8, shares: shares{pipeline.EntryFileWait: 0.3, pipeline.EntryDisk: 0.3}},
			`Waiting for files \(reading the disk\) bounds this job: 30 % .*besides: on a CPU 70 %`},
		{bounded{workers: 2, ours: 0.8, shares: shares{pipeline.EntryFileWait: 0.6, pipeline.EntryDisk: 0.2,
			pipeline.EntryBody: 0.15, pipeline.EntryListing: 0.25}}, `Waiting for files bounds this job: 60 %`},
		{bounded{workers: 2, ours: 0.8, shares: shares{pipeline.EntryCPUWait: 0.3, pipeline.EntryThrottled: 0.3,
			pipeline.EntryFileWait: 0.25}}, `A quota of CPU time bounds this job`},
		{bounded{workers: 2, ours: 0.8, stolen: 0.4, shares: shares{pipeline.EntryCPUWait: 0.3,
			pipeline.EntryFileWait: 0.25}}, `The CPUs bound this job\.`},
		{bounded{workers: 2, ours: 1.0, shares: shares{pipeline.EntryCPUWait: 0.3, pipeline.EntryRunQueue: 0.3}},
			`Nothing is saturated: workers were on a CPU 70 % of their time and waited 30 % for one\.`},
		{bounded{workers: 2, ours: 0.8, shares: shares{pipeline.EntryFileWait: 0.19}}, `Nothing is saturated`},
		{bounded{workers: 2, ours: 0.3, shares: shares{pipeline.EntryLock: 0.7}},
			`Waiting for the lock bounds this job: 70 %`},
		{bounded{workers: 2, ours: 0.3, shares: shares{pipeline.EntryMemory: 0.7}}, `Waiting for memory bounds`},
		{bounded{workers: 2, ours: 0.3, shares: shares{pipeline.EntryStart: 0.7}}, `Starting a worker bounds`},
		{bounded{workers: 2, ours: 0.3, shares: shares{pipeline.EntryHandover: 0.7}}, `Hand-over bounds`},
		{bounded{workers: 2, ours: 0.3, shares: shares{pipeline.EntryStore: 0.7}}, `Waiting for the store bounds`},
		{bounded{workers: 2, ours: 0.3, shares: shares{pipeline.EntryTail: 0.7}},
			`The end, where there are no more images to take, bounds this job`},
		{bounded{workers: 2, ours: 0.3, shares: shares{pipeline.EntryBefore: 0.7}},
			`What comes before the first image bounds`},
		{bounded{workers: 2, ours: 0.3, shares: shares{pipeline.EntryAfter: 0.7}},
			`What comes after the last image bounds`},
		{bounded{workers: 2, ours: 0.3, shares: shares{pipeline.EntryRest: 0.7}}, `Something that has no entry bounds`},
		{bounded{workers: 2, ours: 0.3, shares: shares{pipeline.EntryStall: 0.7}},
			`A wait that no CPU explains bounds this job: 70 % of the workers' time; besides: on a CPU`},
		{bounded{workers: 2, ours: 0.3, faults: 40, shares: shares{pipeline.EntryStall: 0.7}},
			`explains .*time, with 40 page faults`},
		{bounded{workers: 2, ours: 0.3, faults: 40, shares: shares{pipeline.EntryLock: 0.7}},
			`the lock bounds this job: 70 % of the workers' time; besides: on a CPU`},
		{bounded{workers: 2, ours: 0.3, tail: 0.25, shares: shares{pipeline.EntryTail: 0.7}},
			`One image bounds this job: a was under way alone for 25 % of the time`},
		{bounded{workers: 2, ours: 0.3, tail: 0.24, shares: shares{pipeline.EntryLock: 0.7}}, `Waiting for the lock`},
		{bounded{workers: 4, images: 4, ours: 0.3, tail: 0.5},
			`There are no more images than can be worked on at once, 4 for 4 workers`},
		{bounded{workers: 4, images: 5, ours: 1.9, tail: 0.1}, `The CPUs bound`},
		{bounded{workers: 4, images: 4, ours: 0.3, shares: shares{pipeline.EntryBefore: 0.3, pipeline.EntryAfter: 0.2}},
			`What comes before the first image bounds`},
		{bounded{workers: 4, images: 4, ours: 0.3, shares: shares{pipeline.EntryBefore: 0.2, pipeline.EntryAfter: 0.2}},
			`There are no more images`},
		{bounded{workers: 2, ours: 0.3, shares: shares{pipeline.EntryLock: 0.5, pipeline.EntryCPUWait: 0.1}},
			`the lock bounds this job: 50 % .*; besides: on a CPU 40 %, waiting for a CPU 10 %\.`},
	} {
		if test.images == 0 {
			test.images = 60
		}
		says(t, test.comparison(), `^bound: .*(`+test.want+`)`)
	}
}

// TestOtherWorkersAreNamedOnlyWhereThereIsRoom: all workers on a CPU, and CPUs and images left.
func TestOtherWorkersAreNamedOnlyWhereThereIsRoom(t *testing.T) {
	says(t, bounded{workers: 1, images: 60, ours: 1}.comparison(), "^workers: Not tried: --workers 2")
	for name, b := range map[string]bounded{
		"no CPU left": {workers: 1, images: 60, ours: 1, others: 0.9},
		"CPUs used":   {workers: 2, images: 60, ours: 2},
		"no image":    {workers: 1, images: 1, ours: 1},
		"other " +
			"waits": {workers: 1, images: 60, ours: 0.5,
			shares: map[pipeline.Entry]float64{pipeline.EntryFileWait: 0.5}},
		"under a quota": {workers: 1, images: 60, ours: 0.9,
			shares: map[pipeline.Entry]float64{pipeline.EntryCPUWait: 0.1, pipeline.EntryThrottled: 0.1}},
	} {
		if c := b.comparison(); regexp.MustCompile("(?m)^workers").MatchString(sentences(c)) {
			t.Errorf("%s: %s", name, sentences(c))
		}
	}
	c := bounded{workers: 1, images: 60, ours: 1}.comparison()
	c.Job.Stage = StageFetch
	conclude(c)
	saysNothingOf(t, c, "^workers")
}
