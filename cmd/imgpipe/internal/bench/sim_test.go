package bench

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"

	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/pipeline"
)

// A simWorld is a job and the machine that it runs on, as far as every contestant meets the same. Times are in seconds.
// Nothing here reads a clock: all time is made up.
type simWorld struct {
	cpus, images int
	cpu          float64 // on a CPU, for each image
	before       float64 // before the first image, by one thread
	giant        float64 // on a CPU, of one image more that comes last

	latency, body float64 // of a download
	hosts         int     // 0: files of this machine
	perHost       int
	takes         int     // how many at once each host takes by its own word; 0 for any number
	server        float64 // images/s that the server does for any number of downloads; 0 for any
	disk          float64 // likewise
	store         float64 // on the one store lane, for each image

	memory int     // for how many images there is memory; 0 for any number
	quota  float64 // CPUs; 0 for all
	bus    float64 // by what share an image takes more CPU for each further CPU at work
	others float64 // threads of other programs that want a CPU all the time
	stolen float64 // CPUs that the host of the virtual machine takes
	drift  float64 // by what share everything is slower in the last round than in the first
	noise  float64 // of the clock, as a share; 0 for 0.03
}

// A side is what one contestant has of its own.
type side struct {
	Config
	work     float64 // CPU time of an image in that of the world; 0 for 1
	locked   bool    // one transform at a time
	before   float64
	handover float64 // on a worker lane, for each image
	stall    float64 // likewise: asleep, or waiting for a page from a disk
	faults   int64   // page faults from a disk, in a run
	others   float64 // threads of other programs that run beside this contestant alone
	pss      int64
}

// A simulated machine is what other programs and the clock of the CPUs do during a comparison.
type simulatedMachine string

const (
	quietMachine    simulatedMachine = "quiet"
	busyMachine     simulatedMachine = "busy"     // other programs run all the time, now more, now fewer
	driftingMachine simulatedMachine = "drifting" // the CPUs become slower by a quarter
	unevenMachine   simulatedMachine = "uneven"   // other programs run beside one of the contestants
)

var simulatedMachines = []simulatedMachine{quietMachine, busyMachine, driftingMachine, unevenMachine}

// moment is what a machine does during one run.
type moment struct {
	slower, others float64
}

// simulate returns the comparison of the sides of a truth on a machine, before Analyse.
func simulate(t truth, m simulatedMachine, seed uint64) *Comparison {
	name := fnv.New64()
	fmt.Fprint(name, t.name, m)
	rng := rand.New(rand.NewPCG(seed, name.Sum64()))
	rounds := t.rounds
	if rounds == 0 {
		rounds = 10
	}
	c := &Comparison{Job: Job{Stage: StageAll, Inputs: t.name}, Configs: make([]Config, len(t.sides))}
	if t.stage != "" {
		c.Job.Stage = t.stage
	}
	for i, s := range t.sides {
		c.Configs[i] = s.Config
	}
	c.Baseline = baseline(c.Configs)
	victim := int(seed) % len(t.sides)
	quiet := 0
	for round := 0; quiet < rounds && round < rounds+rounds/2; round++ {
		calm := true
		for place, i := range rng.Perm(len(t.sides)) {
			at := (float64(round) + float64(place)/float64(len(t.sides))) / float64(rounds)
			now := moment{slower: 1 + t.drift*at}
			switch {
			case m == busyMachine:
				now.others = float64(t.cpus) * math.Exp(0.5*rng.NormFloat64())
			case m == driftingMachine:
				now.slower *= 1 + 0.25*at
			case m == unevenMachine && i == victim:
				now.others = 1.5 * float64(t.cpus)
			case rng.IntN(60) == 0: // something held it up
				now.others = float64(t.cpus)
			}
			s := simRun(t.simWorld, t.sides[i], now, rng)
			s.Config, s.Round, s.Place = i, round, place
			c.Samples = append(c.Samples, s)
			calm = calm && s.Disturbed == ""
		}
		if calm {
			quiet++
		}
		c.Runs = round + 1
		if rounds < enoughRuns && c.Runs == rounds {
			break
		}
	}
	if t.edit != nil {
		t.edit(c)
	}
	return c
}

// simRun makes up one run: rates of the parts of the pipeline, the slowest of which sets the pace, and the account that
// follows from that.
func simRun(w simWorld, s side, now moment, rng *rand.Rand) Sample {
	lanes := float64(s.Workers)
	cpus := float64(w.cpus) - w.stolen
	others := w.others + s.others + now.others
	give := func(n float64) float64 { // what n of our threads have of the CPUs
		got := n
		if n+others > cpus {
			got = cpus * n / (n + others)
		}
		if w.quota > 0 {
			got = min(got, w.quota)
		}
		return got
	}
	work := s.work
	if work == 0 {
		work = 1
	}
	able := min(lanes, float64(w.images))
	if w.memory > 0 {
		able = min(able, float64(w.memory))
	}
	atWork := min(able, float64(w.cpus))
	cpu := w.cpu * work * now.slower * math.Exp(0.01*rng.NormFloat64()) * (1 + w.bus*(atWork-1))
	aside := (s.handover + s.stall) * now.slower

	share := 1.0 // of a CPU, for one that wants it
	for range 30 {
		wanting := able * (cpu / share) / (cpu/share + aside)
		share = (share + give(wanting)/wanting) / 2
	}
	// pace is images/s, limit the entry that sets it, part what that is a part of.
	pace, limit := able/(cpu/share+aside), pipeline.EntryCPUWait
	switch {
	case able < lanes && w.memory > 0:
		limit = pipeline.EntryMemory
	case able < lanes:
		limit = pipeline.EntryTail
	}
	slowest := func(rate float64, entry pipeline.Entry) {
		if rate < pace {
			pace, limit = rate, entry
		}
	}
	if s.locked {
		slowest(give(1)/cpu, pipeline.EntryLock)
	}
	atOnce, held := 0, 0
	fetching := (w.latency + w.body) * now.slower
	if w.hosts > 0 {
		atOnce = min(s.Downloads, w.images)
		perHost := w.perHost
		if s.PerHost > 0 {
			perHost = s.PerHost
		}
		most := w.hosts * perHost
		if w.takes > 0 {
			most = min(most, w.hosts*w.takes)
		}
		entry := pipeline.EntryLatency
		if w.body > w.latency {
			entry = pipeline.EntryBody
		}
		if most > 0 && most < atOnce {
			held = w.images - most
			atOnce, entry = most, pipeline.EntryPerHost
		}
		slowest(float64(atOnce)/fetching, entry)
	}
	if w.server > 0 {
		slowest(w.server/now.slower, pipeline.EntryLatency)
	}
	if w.disk > 0 {
		slowest(w.disk/now.slower, pipeline.EntryDisk)
	}
	if w.store > 0 {
		slowest(1/(w.store*now.slower), pipeline.EntryStore)
	}
	if s.Mode == modes.Serial {
		// One after the other: the files are waited for, and then there is work.
		alone := cpu/give(1) + aside
		pace, limit = 1/(alone+fetching), pipeline.EntryLatency
		if w.disk > 0 {
			pace, limit = 1/(alone+now.slower/w.disk), pipeline.EntryDisk
		}
	}

	images := float64(w.images)
	spent := map[pipeline.Entry]float64{}
	steady := images / pace
	wanting := pace * cpu // of our threads, that have a CPU or want one
	if s.Mode == modes.Serial {
		wanting = pace * cpu / give(1)
	} else if limit == pipeline.EntryCPUWait || limit == pipeline.EntryMemory || limit == pipeline.EntryTail {
		wanting = pace * cpu / share
	} else if wanting+others > cpus {
		wanting = min(pace*cpu*others/(cpus-pace*cpu), able)
	}
	spent[pipeline.EntryCPU] = pace * cpu * steady
	spent[pipeline.EntryCPUWait] = max(wanting-pace*cpu, 0) * steady
	spent[pipeline.EntryHandover] = s.handover * now.slower * images
	spent[pipeline.EntryStall] = s.stall * now.slower * images
	left := lanes * steady
	for _, t := range spent {
		left -= t
	}
	spent[limit] += max(left, 0)
	wall := steady

	begin := func(t float64, entry pipeline.Entry) { // all lanes wait
		wall += t
		spent[entry] += t * lanes
	}
	alone := give(1)
	begin((w.before+s.before)*now.slower/alone, pipeline.EntryBefore)
	begin(0.002, pipeline.EntryAfter)
	if w.hosts > 0 {
		begin(fetching, pipeline.EntryLatency)
	}
	atEnd := cpu / share * (lanes - 1) / 2 // each lane is over some part of an image sooner than the last
	wall += atEnd / lanes
	spent[pipeline.EntryTail] += atEnd
	tail := atEnd / lanes
	if w.giant > 0 {
		t := w.giant * work * now.slower / alone
		wall += t
		tail += t
		spent[pipeline.EntryCPU] += t * alone
		spent[pipeline.EntryCPUWait] += t * (1 - alone)
		spent[pipeline.EntryTail] += t * (lanes - 1)
	}
	noise := w.noise
	if noise == 0 {
		noise = 0.03
	}
	jitter := noise * math.Abs(rng.NormFloat64()) * wall
	wall += jitter
	waited := min(0.4*jitter, 0.04*wall)
	spent[pipeline.EntryCPUWait] += waited * lanes
	spent[pipeline.EntryStall] += 0.2 * jitter * lanes
	spent[pipeline.EntryRest] += 0.1 * jitter * lanes
	spent[pipeline.EntryDisk] += (0.7*jitter - waited) * lanes

	for _, row := range pipeline.Entries() {
		if row.Of == pipeline.EntryFileWait {
			spent[pipeline.EntryFileWait] += spent[row.Entry]
		}
	}
	throttled := 0.0
	if w.quota > 0 && w.quota < float64(w.cpus) {
		throttled = max(spent[pipeline.EntryCPUWait]-waited*lanes, 0)
		spent[pipeline.EntryThrottled] = throttled
	}
	spent[pipeline.EntryRunQueue] = spent[pipeline.EntryCPUWait] - throttled

	ours := spent[pipeline.EntryCPU]*1.02 + (w.before+s.before)*0.5
	theirs := max(min(others, cpus-ours/wall), 0)
	stolen := w.stolen * wall
	pressure := spent[pipeline.EntryCPUWait] / lanes
	sum := summary.Summary{
		Mode: s.Mode, Workers: s.Workers, Downloads: s.Downloads, PerHost: max(w.perHost, s.PerHost), Hosts: w.hosts,
		Machine: summary.Machine{CPUs: w.cpus}, Items: w.images, Done: w.images, Outputs: w.images, Wall: wall,
		ImagesPerSec: images / wall, User: 0.9 * ours, System: 0.1 * ours, PeakPSS: s.pss, PeakMemory: s.pss,
		DownloadsAtOnce: atOnce, HeldBack: held, Last: "last.jpg", Tail: tail,
		Before:  spent[pipeline.EntryBefore] / lanes,
		Account: &summary.Account{Lanes: s.Workers, Wall: wall, Spent: spent},
		Conditions: summary.Conditions{OtherCPUs: &theirs, Steal: &stolen, Throttled: &throttled,
			CPUPressure: &pressure, MajorFaults: &s.faults},
	}
	if s.PerHost > 0 {
		sum.PerHost = s.PerHost
	}
	if w.giant > 0 {
		sum.Last = "giant.jpg"
	}
	sample := Sample{Elapsed: wall, Summary: sum, OtherCPU: theirs}
	sample.judge(w.quota)
	return sample
}
