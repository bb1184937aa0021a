package report

import (
	"strconv"

	"imgpipe/cmd/imgpipe/internal/bench"
	"imgpipe/pipeline"
)

// A term is a word of the report, and what it means in one sentence.
type term struct{ Word, Means string }

// glossary returns the words of the report: those of statistics, and those of the account in its order.
func glossary() []term {
	terms := []term{
		{"contestant", "One way of doing the job: a mode with its numbers of workers and downloads, or a command of " +
			"yours."},
		{"baseline", "The contestant that all others are compared with."},
		{"round", "One run of each contestant, one shortly after the other, so that what slows the machine slows all."},
		{"wall", "The time that a clock on the wall shows, from the start of the program to its end."},
		{"CPU for an image", "The time on a core, of all processes together, for one image; other programs are not " +
			"in it."},
		{"median", "The middle run: half of the others took longer, half shorter."},
		{"95 % interval", "If the comparison were made again and again, at least 19 of 20 such intervals would hold " +
			"the true figure."},
		{"times as fast", "The ratio of two runs of the same round, and of all these ratios the middle (Hodges and " +
			"Lehmann)."},
		{"p", "How often two equal contestants would differ as much by chance (Wilcoxon); below " +
			strconv.FormatFloat(bench.Level, 'f', -1, 64) + " counts as shown."},
		{"~", "The difference may be chance: these runs do not show one."},
		{"tie", "The whole interval lies within ±5 %: whatever the difference is, it does not matter."},
		{"would have been seen", "The smallest difference that so many runs with so much noise find four times in " +
			"five."},
		{"disturbed", "A run in which other programs, a quota or the host of the machine took time that its workers " +
			"wanted."},
		{"no order", "Too few runs were quiet, so the clock says more of the other programs than of the contestants."},
		{"PSS", "Memory in which a page that several processes share counts once."},
		{"one more worker", "How much the memory rises with each further worker, from runs of two widths."},
		{"efficiency", "The share of the added workers that was put to use."},
		{"ideal", "Twice the workers, twice the speed, as far as there are CPUs."},
		{"lane", "A place at which one image at a time is worked on: a download slot, a worker, a store slot."},
	}
	for _, e := range pipeline.Entries() {
		terms = append(terms, term{e.Word, entryMeans[e.Entry]})
	}
	return terms
}

// entryMeans has what each entry of the account means.
var entryMeans = map[pipeline.Entry]string{
	pipeline.EntryBefore: "Start of the program, flags, listing and start of the workers, until the first image is " +
		"taken.",
	pipeline.EntryCPU:     "A worker computes: it decodes, changes or encodes an image.",
	pipeline.EntryCPUWait: "A worker could compute, but no CPU is free for it.",
	pipeline.EntryStall: "A worker is within an image and waits for something else than a CPU, such as a page from " +
		"a disk.",
	pipeline.EntryLock:      "A worker waits until another lets go of the lock.",
	pipeline.EntryMemory:    "A worker waits until there is room in the memory budget to decode into.",
	pipeline.EntryStart:     "A worker process is started in place of one that is gone.",
	pipeline.EntryHandover:  "An image or its result is carried between processes.",
	pipeline.EntryFileWait:  "A worker has nothing to do, as the next file has not come yet.",
	pipeline.EntryStore:     "A finished result waits until a store slot takes it.",
	pipeline.EntryTail:      "No image is left for this worker, while others still work.",
	pipeline.EntryAfter:     "From the last image until the program ends.",
	pipeline.EntryRest:      "What is left: no measurement covers it, and it is not guessed.",
	pipeline.EntryRunQueue:  "The kernel has more threads to run than CPUs.",
	pipeline.EntryScheduler: "Go has more goroutines to run than threads that may compute.",
	pipeline.EntryThrottled: "The quota of the container or control group is used up.",
	pipeline.EntryPerHost:   "The host takes no more downloads at once, by --per-host or by its own word.",
	pipeline.EntryLatency:   "The request is sent, and the answer has not begun.",
	pipeline.EntryBody:      "The answer is on its way.",
	pipeline.EntryDisk:      "A file of this machine is read.",
	pipeline.EntryBudget:    "There is no room in the memory budget for the file.",
	pipeline.EntryListing:   "The next input is not known yet.",
}
