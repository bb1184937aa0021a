package bench

import (
	"fmt"

	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/cmd/imgpipe/internal/summary"
)

// A truth is a comparison of which everything is known, and what the verdict must make of it. The sentences are
// regular expressions, each over a kind of finding and its text.
type truth struct {
	name string
	simWorld
	stage  string
	rounds int // that count; 0 for 10
	sides  []side
	edit   func(*Comparison)

	// must is said on every machine, calm where there is an order by the clock. Where it is withheld, that is said, and
	// the CPU time instead, unless blurred has other words.
	must, calm, blurred []string
	// never is said on no machine, calmNever not on one that other programs leave alone.
	never, calmNever []string
	// check, if it is not nil, returns what else is wrong with a comparison that is not withheld.
	check func(*Comparison) string
}

func workers(mode string, n ...int) (sides []side) {
	for _, w := range n {
		sides = append(sides, side{Config: Config{Mode: mode, Workers: w, Downloads: 8}})
	}
	return sides
}

func downloads(mode string, workers int, n ...int) (sides []side) {
	for _, d := range n {
		sides = append(sides, side{Config: Config{Mode: mode, Workers: workers, Downloads: d}})
	}
	return sides
}

func sidesOf(sides ...[]side) (all []side) {
	for _, s := range sides {
		all = append(all, s...)
	}
	return all
}

// with returns sides of which the last one is changed.
func with(sides []side, change func(*side)) []side {
	change(&sides[len(sides)-1])
	return sides
}

func serialSide() []side {
	return []side{{Config: Config{Mode: modes.Serial, Workers: 1, Downloads: 1}}}
}

// aMachine is one with two CPUs, and a job of 60 images for it.
var aMachine = simWorld{cpus: 2, images: 60, cpu: 0.02, before: 0.01}

func aMachineWith(change func(*simWorld)) simWorld {
	w := aMachine
	change(&w)
	return w
}

func remote(latency float64, change func(*simWorld)) simWorld {
	w := aMachine
	w.latency, w.hosts, w.perHost = latency, 1, 1000
	if change != nil {
		change(&w)
	}
	return w
}

const (
	cpuRatio    = `CPU for each image: `
	otherWords  = `other programs|for others`
	saysNoOrder = `no order by the clock|no order of these two by the clock`
	tieOrNone   = `^choice: .*( tie: |as fast as anything measured\.)`
	goOn        = `(?i)would help|could bring`
	serialShare = `serial share`
)

// truths are the planted ones. Each row of the design's table has one or more.
func truths() []truth {
	plain := sidesOf(workers(modes.Goroutines, 2), workers(modes.Processes, 2))
	return []truth{
		{name: "CPU work, as many workers as CPUs", simWorld: aMachine, sides: plain,
			must: []string{`^bound: .*CPUs? `}, calm: []string{tieOrNone, `^bound: The CPUs bound`},
			calmNever: []string{otherWords}},
		{name: "CPU work, more workers than CPUs", simWorld: aMachine, sides: workers(modes.Goroutines, 1, 2, 4),
			must: []string{`^bound: .*CPUs? `}, never: []string{serialShare},
			calm: []string{`^bound: The CPUs bound`, `^scaling: Of the 2\.0 that two CPUs could give, (1\.[89]|2\.0)`,
				`4 workers: (0\.9|1\.0)\d .*, no gain`},
			calmNever: []string{otherWords}},
		{name: "CPU work, widths 1 and 4 of two CPUs", simWorld: aMachine, sides: workers(modes.Goroutines, 1, 4),
			must: []string{`^bound: .*CPUs? `}, never: []string{serialShare},
			calm: []string{`^bound: The CPUs bound`, `^scaling: Of the 2\.0 that two CPUs could give, (1\.[89]|2\.0)`,
				`1 worker: 0\.5\d `}, calmNever: []string{otherWords}},
		{name: "CPU work, too few workers, more measured", simWorld: aMachineWith(func(w *simWorld) { w.cpus = 4 }),
			sides: workers(modes.Goroutines, 1, 2), never: []string{serialShare},
			calm: []string{`^workers: Beside 2 workers, 1 worker: 0\.5\d `, `^bound: The number of workers bounds`,
				`^workers: Not tried: --workers 4`},
			calmNever: []string{otherWords}},
		{name: "a serial share of a tenth", sides: workers(modes.Goroutines, 1, 2, 4, 8), rounds: 12,
			simWorld: simWorld{cpus: 8, images: 120, cpu: 0.018, before: 0.24},
			calm:     []string{`^serial: A serial share of 0\.(08|09|10|11|12) `},
			never:    []string{`memory bounds`, `\block`, `more CPU work`},
			check: func(c *Comparison) string {
				e := c.evidence()
				share, ok := e.serial(3)
				if !ok || share.Low > 0.11 || share.High < 0.095 {
					return fmt.Sprintf("a serial share of %+v, %v", share, ok)
				}
				return ""
			}},
		{name: "a memory bus", simWorld: aMachineWith(func(w *simWorld) { w.cpus, w.bus, w.images = 4, 0.12, 120 }),
			sides: workers(modes.Goroutines, 1, 2, 4), never: []string{serialShare},
			calm: []string{`^scaling: .* lost to (3[2-9]|4[0-3]) % more CPU work for each image`}},
		{name: "two hyperthreads of a core", simWorld: aMachineWith(func(w *simWorld) { w.bus = 0.6 }),
			sides: workers(modes.Goroutines, 1, 2), never: []string{serialShare},
			calm: []string{`^scaling: Of the 2\.0 that two CPUs could give, 1\.[12]\d came: 0\.7\d lost to ` +
				`(5[7-9]|6[0-3]) % more CPU`}},
		{name: "a quota of 1.4 CPUs", simWorld: aMachineWith(func(w *simWorld) { w.quota = 1.4 }), sides: plain,
			must: []string{`^bound: .*(quota|throttled|for others)`}, calm: []string{`^bound: A quota .* throttled`,
				tieOrNone},
			calmNever: []string{otherWords}},
		{name: "others beside all", simWorld: aMachineWith(func(w *simWorld) { w.others = 3 }), sides: plain,
			must:    []string{`^choice: Other programs held \d\.\d of 2 CPUs`, `^bound: The CPUs bound.*for others`},
			blurred: []string{saysNoOrder, `CPU for each image: a tie of`}},
		{name: "others beside one contestant", simWorld: aMachine,
			sides:   with(sidesOf(plain), func(s *side) { s.others = 3 }),
			must:    []string{`^choice: Other programs held`},
			blurred: []string{saysNoOrder, `CPU for each image: a tie of`}},
		{name: "a host that takes CPUs", simWorld: aMachineWith(func(w *simWorld) { w.stolen = 0.6 }), sides: plain,
			must:    []string{`^bound: .*taken by the host of this virtual machine`},
			blurred: []string{saysNoOrder, `CPU for each image: a tie of`}, calmNever: []string{otherWords}},
		{name: "others, and a tenth more CPU on one side", simWorld: aMachineWith(func(w *simWorld) { w.others = 4 }),
			sides: with(sidesOf(plain), func(s *side) { s.work = 1.10 }),
			must: []string{`^choice: Other programs held`,
				`CPU for each image: goroutines.* least; processes with 2 workers 1\.(0[89]|1[012]) \(1\.`}},
		{name: "a drift of a quarter", simWorld: aMachineWith(func(w *simWorld) { w.drift = 0.25 }), sides: plain,
			must: []string{}, calm: []string{tieOrNone}, never: []string{`not warm`}},
		{name: "latency, too few downloads, more measured", simWorld: remote(0.12, nil),
			sides: downloads(modes.Goroutines, 2, 2, 6), never: []string{goOn},
			must: []string{`^bound: .*(until the server answers|[Ww]aiting for files)`,
				`^downloads: Beside 6 downloads, 2 downloads: `}},
		{name: "latency, too few downloads, none measured", simWorld: remote(0.12, nil),
			sides: downloads(modes.Goroutines, 2, 4), never: []string{goOn},
			must: []string{`^bound: .*[Ww]aiting for files`, `^downloads: Not tried: --downloads 8\.`}},
		{name: "latency, enough downloads", simWorld: remote(0.05, func(w *simWorld) { w.images = 200 }),
			sides: downloads(modes.Goroutines, 2, 16, 64), never: []string{goOn, `Not tried: --downloads`},
			calm: []string{`^bound: The CPUs bound`, `^downloads: Beside 16 downloads, 64 downloads: .*no gain`}},
		{name: "large files from a server", simWorld: remote(0.01, func(w *simWorld) { w.body = 0.2 }),
			sides: downloads(modes.Goroutines, 2, 4), must: []string{`^bound: Waiting for files \(while the server ` +
				`sends\)`}},
		{name: "one host", simWorld: remote(0.12, func(w *simWorld) { w.perHost, w.cpu, w.images = 8, 0.005, 120 }),
			sides: downloads(modes.Goroutines, 2, 8, 64), never: []string{goOn, `fastest`},
			must: []string{`^bound: Waiting for files`},
			calm: []string{tieOrNone, `64 downloads: .*no gain`}},
		{name: "one host, many downloads allowed", sides: downloads(modes.Goroutines, 2, 64),
			simWorld: remote(0.12, func(w *simWorld) { w.perHost, w.cpu, w.images = 8, 0.005, 120 }),
			never:    []string{goOn, `Not tried: --downloads`},
			must: []string{`^bound: Waiting for files \(held back for a host\)`,
				`^per-host: 8 at once from this host: --per-host 8 bounds, 112 images were held back\. Not tried: ` +
					`--per-host 16\.`}},
		{name: "one host, more at once measured", simWorld: remote(0.12, func(w *simWorld) {
			w.cpu, w.images = 0.005,
				120
		}),
			sides: sidesOf(with(downloads(modes.Goroutines, 2, 64), func(s *side) {
				s.PerHost, s.Name = 4,
					"4 at once"
			}),
				with(downloads(modes.Goroutines, 2, 64), func(s *side) { s.PerHost, s.Name = 8, "8 at once" })),
			never: []string{goOn}, must: []string{`^per-host: Beside --per-host 8, --per-host 4: `,
				`^per-host: 8 at once from this host`}},
		{name: "two hosts", simWorld: remote(0.12, func(w *simWorld) {
			w.hosts, w.perHost, w.cpu, w.images = 2, 4,
				0.005, 120
		}),
			sides: downloads(modes.Goroutines, 2, 64), never: []string{goOn},
			must: []string{`^per-host: 8 at once from 2 hosts: --per-host 4 bounds`}},
		{name: "a host that says it is enough", sides: downloads(modes.Goroutines, 2, 64),
			simWorld: remote(0.12, func(w *simWorld) { w.perHost, w.takes, w.cpu, w.images = 8, 3, 0.005, 120 }),
			never:    []string{goOn, `Not tried`},
			must: []string{`^per-host: 3 at once from this host, 64 were allowed: 117 images were held back ` +
				`for a host that took no more`}},
		{name: "a server that does 40 images a second", simWorld: remote(0.05, func(w *simWorld) {
			w.server,
				w.cpu = 40, 0.004
		}),
			sides: downloads(modes.Goroutines, 2, 8, 64), never: []string{goOn, `CPUs bound`, `Not tried: --downloads`},
			must: []string{`^bound: Waiting for files`}, calm: []string{`^downloads: Beside 8 downloads, 64 ` +
				`downloads: .*no gain`}},
		{name: "a cold disk", simWorld: aMachineWith(func(w *simWorld) { w.disk, w.cpu = 30, 0.005 }),
			sides: workers(modes.Goroutines, 1, 2), never: []string{goOn, `CPUs bound`},
			must: []string{`^bound: Waiting for files \(reading the disk\)`}},
		{name: "a slow store", simWorld: aMachineWith(func(w *simWorld) { w.store, w.cpu = 0.04, 0.01 }),
			sides: workers(modes.Goroutines, 2), must: []string{`^bound: Waiting for the store`}},
		{name: "a lock around all", simWorld: aMachine,
			sides: sidesOf(serialSide(), with(workers(modes.GIL, 2), func(s *side) { s.locked = true }),
				workers(modes.Goroutines, 2)),
			must: []string{`^lock: With a lock that is held while it computes`},
			calm: []string{`^lock: .*: 0\.5\d .* times as fast`,
				`^choice: goroutines.*: the fastest`}},
		{name: "nothing but a lock", simWorld: aMachine,
			sides: with(workers(modes.GIL, 2), func(s *side) { s.locked = true }),
			must:  []string{`^bound: .*(Waiting for the lock|waiting for the lock)`}},
		{name: "a lock that is dropped while it waits", simWorld: remote(0.1, func(w *simWorld) { w.cpu = 0.005 }),
			sides: sidesOf(serialSide(), with(workers(modes.GIL, 2), func(s *side) {
				s.locked, s.work = true, 1.02
			})),
			must:    []string{`^lock: Waits overlap in spite of the lock: .* times as fast`},
			blurred: []string{saysNoOrder}},
		{name: "a lock that is not held while it computes", simWorld: aMachine,
			sides: sidesOf(workers(modes.Goroutines, 2), workers(modes.GILReleased, 2)),
			calm:  []string{`^gil-released: CPU for each image: .* a tie`}, must: []string{`^gil-released: `}},
		{name: "a memory budget", simWorld: aMachineWith(func(w *simWorld) { w.cpus, w.memory = 4, 1 }),
			sides: workers(modes.Goroutines, 4), must: []string{`^bound: Waiting for memory`},
			never: []string{`saturated`}},
		{name: "few images", simWorld: aMachineWith(func(w *simWorld) { w.cpus, w.images, w.cpu = 8, 4, 0.3 }),
			sides: workers(modes.Goroutines, 8), must: []string{`^bound: There are no more images than .*, 4 for 8 ` +
				`workers`},
			never: []string{`saturated`, `Not tried`}},
		{name: "one giant image", simWorld: aMachineWith(func(w *simWorld) { w.cpu, w.giant = 0.004, 1.2 }),
			sides: workers(modes.Goroutines, 2),
			must:  []string{`^bound: One image bounds this job: giant\.jpg was under way alone for [789]\d %`},
			never: []string{`saturated`}},
		{name: "eight tiny images", simWorld: simWorld{cpus: 2, images: 8, cpu: 0.002, before: 0.012},
			sides: with(sidesOf(plain), func(s *side) { s.before = 0.02 }),
			must:  []string{`before the first image`}, calm: []string{`^choice: goroutines.*: the fastest`,
				`^processes: .*Before the first image took`},
			never: []string{`processes with 2 workers: the fastest`}},
		{name: "hand-over by a pipe", simWorld: aMachine, sides: with(sidesOf(workers(modes.Processes, 2),
			workers(modes.Pipes, 2)),
			func(s *side) { s.work, s.handover = 1.09, 0.002 }),
			must: []string{`^pipes: CPU for each image: pipes with 2 workers 1\.(0[789]|1[01]) .* Hand-over took`}},
		{name: "workers asleep", simWorld: aMachine, sides: with(workers(modes.Goroutines, 2),
			func(s *side) { s.stall = 0.05 }),
			must: []string{`^bound: .*[Aa] wait that no CPU explains`}, calmNever: []string{otherWords},
			never: []string{`page fault`}},
		{name: "memory that is swapped out", simWorld: aMachine,
			sides: with(workers(modes.Goroutines, 2), func(s *side) { s.stall, s.faults = 0.05, 400 }),
			must:  []string{`^bound: A wait that no CPU explains.*400 page faults`}, calmNever: []string{otherWords}},
		{name: "one heap and many", simWorld: aMachine,
			sides: with(sidesOf(plain), func(s *side) {
				s.Name, s.Env, s.work = "many heaps", []string{"GOGC=10"},
					0.8
			}),
			must: []string{`CPU for each image: many heaps 0\.(79|80|81) `}},
		{name: "two that are equal", simWorld: aMachine, sides: sidesOf(workers(modes.Goroutines, 2),
			workers(modes.Goroutines, 2)),
			calm: []string{tieOrNone}, never: []string{`lowest`}},
		{name: "five that are equal", simWorld: aMachine, sides: five(), calm: []string{tieOrNone},
			never: []string{`lowest`}},
		{name: "three rounds", simWorld: aMachine, sides: plain, rounds: 3,
			must:  []string{`^choice: 3 rounds show no order: 6 are needed`},
			never: []string{`fastest`, `lowest`, `times as fast`, ` tie`}, blurred: []string{}},
		{name: "an image that fails in one run", simWorld: aMachine, sides: plain, edit: func(c *Comparison) {
			c.LeftOut = []LeftOut{{Source: "http://127.0.0.1/a.jpg", Class: "http-404", Runs: 1, Of: len(c.Samples)}}
		}, must: []string{`^left-out: 1 of 60 images left out: http-404 in 1 of \d+ runs`},
			never: []string{`same work`}},
		{name: "an image that fails in all", simWorld: aMachine, sides: plain, edit: func(c *Comparison) {
			for i := range c.Samples {
				s := &c.Samples[i].Summary
				s.Done, s.Failed, s.Failures = 59, 1, []summary.Failure{{Class: "http-404", Count: 1}}
			}
		}, must: []string{`^failed: 1 of 60 images failed`}, never: []string{`same work`}},
		{name: "a tenth slower", simWorld: aMachine, sides: with(sidesOf(plain), func(s *side) { s.work = 1.10 }),
			calm: []string{`^choice: goroutines with 2 workers: the fastest`}},
		{name: "serial beside many, all equal", simWorld: aMachineWith(func(w *simWorld) { w.cpus = 1 }),
			sides: sidesOf(serialSide(), workers(modes.Goroutines, 1), workers(modes.Processes, 1)),
			calm:  []string{tieOrNone, `serial`}},
	}
}

func five() []side {
	return sidesOf(workers(modes.Goroutines, 2), workers(modes.Threads, 2), workers(modes.Processes, 2),
		workers(modes.Pipes, 2),
		workers(modes.Goroutines, 2))
}
