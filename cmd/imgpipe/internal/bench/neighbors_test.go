package bench

import (
	"testing"

	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/pipeline"
)

// compared is a comparison of sides of which the walls are known, by contestant, and what else is changed.
func compared(sides []side, walls []float64, change func(*Sample), whole ...func(*Comparison)) *Comparison {
	c := simulate(truth{simWorld: remote(0.1, nil), sides: sides}, quietMachine, 1)
	for i := range c.Samples {
		s := &c.Samples[i]
		s.Disturbed, s.DisturbedShare, s.Elapsed = "", 0, walls[s.Config]*(1+0.001*float64(s.Round%3))
		if change != nil {
			change(s)
		}
	}
	for _, change := range whole {
		change(c)
	}
	conclude(c)
	return c
}

func TestNeighborThatWasMeasuredIsTheSentence(t *testing.T) {
	of := func(wall float64, change func(*Sample)) *Comparison {
		return compared(workers(modes.Goroutines, 1, 2), []float64{1, wall}, change)
	}
	noisy := func(s *Sample) {
		if s.Config == 1 {
			s.Elapsed *= 1 + 0.08*float64((5*s.Round)%6)
		}
	}
	says(t, of(1.02, nil), `^workers: Beside 1 worker, 2 workers: 0\.98 \(0\.98 to 0\.98\) times as fast, no gain\.$`,
		`^    2 workers: p = 0\.002 by the clock, CPU for each image 1\.0`)
	says(t, of(0.97, nil), `^workers: Beside 1 worker, 2 workers: 1\.03 \(1\.03 to 1\.03\) times as fast, no gain\.$`)
	says(t, of(0.85, noisy), `^workers: Beside 1 worker, 2 workers: (0\.9|1\.0).* times as fast, no gain shown\.$`)
	says(t, of(0.5, nil), `^workers: Beside 2 workers, 1 worker: 0\.50 \(0\.50 to 0\.50\) times as fast\.$`)
	says(t, of(2, nil), `^workers: Beside 1 worker, 2 workers: 0\.50 \(0\.50 to 0\.50\) times as fast, no gain\.$`)
	three := compared(workers(modes.Goroutines, 1, 4, 2), []float64{2, 1.5, 1}, nil)
	says(t, three, `^workers: Beside 2 workers, 1 worker: 0\.50 .*; 4 workers: 0\.67 .*, no gain\.$`)
	other := compared(sidesOf(workers(modes.Goroutines, 2), workers(modes.Processes, 1)), []float64{1, 1}, nil)
	saysNothingOf(t, other, "^workers: Beside")
	few := compared(workers(modes.Goroutines, 1, 2), []float64{1, 0.9}, nil,
		func(c *Comparison) { c.Samples = c.Samples[:6] })
	saysNothingOf(t, few, "^workers: ")
	uneven := compared(workers(modes.Goroutines, 1, 2), []float64{1, 0.97}, func(s *Sample) {
		s.DisturbedShare = 0.04 * float64(s.Config) * (1 + 0.01*float64(s.Round))
	})
	says(t, uneven, "^workers: .*by the clock disturbed, CPU for each image")
	fetches := compared(workers(modes.Goroutines, 1, 2), []float64{1, 0.9}, nil,
		func(c *Comparison) { c.Job.Stage = StageFetch })
	saysNothingOf(t, fetches, "^workers: ")
	transforms := compared(downloads(modes.Goroutines, 2, 2, 4), []float64{1, 0.5}, nil,
		func(c *Comparison) { c.Job.Stage = StageTransform })
	saysNothingOf(t, transforms, "^downloads: ")
}

// waiting has the workers wait for servers for a share of their time.
func waiting(entry pipeline.Entry, share float64) func(*Sample) {
	return func(s *Sample) {
		s.Summary.Account = newAccount(s.Summary.Workers, s.Wall(),
			map[pipeline.Entry]float64{pipeline.EntryFileWait: share, entry: share})
		s.Summary.DownloadsAtOnce, s.Summary.HeldBack = 8, 0
	}
}

func TestDownloadsThatWereNotTriedAreCalledSoWhereServersAreWaitedFor(t *testing.T) {
	one := downloads(modes.Goroutines, 2, 8)
	says(t, compared(one, []float64{1}, waiting(pipeline.EntryLatency, 0.11)), "^downloads: Not tried: --downloads 16",
		"^    with 8 downloads the workers waited 11 % of their time for servers")
	says(t, compared(one, []float64{1}, waiting(pipeline.EntryBody, 0.3)), "^downloads: Not tried: --downloads 16")
	says(t, compared(downloads(modes.Goroutines, 2, 40), []float64{1}, waiting(pipeline.EntryBody, 0.3)),
		"^downloads: Not tried: --downloads 60")
	says(t, compared(downloads(modes.Goroutines, 2, 4, 8), []float64{2, 1}, waiting(pipeline.EntryLatency, 0.3)),
		"^downloads: Not tried: --downloads 16")
	for name, c := range map[string]*Comparison{
		"little":   compared(one, []float64{1}, waiting(pipeline.EntryLatency, 0.09)),
		"the disk": compared(one, []float64{1}, waiting(pipeline.EntryDisk, 0.5)),
		"tried": compared(downloads(modes.Goroutines, 2, 8, 16), []float64{1, 1}, waiting(pipeline.EntryLatency,
			0.3)),
		"no images": compared(downloads(modes.Goroutines, 2, 60), []float64{1}, waiting(pipeline.EntryLatency, 0.3)),
		"serial":    compared(serialSide(), []float64{1}, waiting(pipeline.EntryLatency, 0.3)),
	} {
		t.Run(name, func(t *testing.T) { saysNothingOf(t, c, "Not tried: --downloads") })
	}
}

// TestHostsAreSaidToBoundOnlyWhereTheyDo: images were held back, fewer ran at once than were allowed, and that cost
// time.
func TestHostsAreSaidToBoundOnlyWhereTheyDo(t *testing.T) {
	held := func(share float64, change func(*summary.Summary)) *Comparison {
		return compared(downloads(modes.Goroutines, 2, 64), []float64{1}, func(s *Sample) {
			waiting(pipeline.EntryPerHost, share)(s)
			s.Summary.DownloadsAtOnce, s.Summary.HeldBack, s.Summary.Hosts, s.Summary.PerHost = 8, 52, 1, 8
			if s.Round > 0 {
				s.Summary.DownloadsAtOnce, s.Summary.HeldBack = 7, 1
			}
			if change != nil {
				change(&s.Summary)
			}
		})
	}
	says(t, held(0.06, nil), `^per-host: 8 at once from this host: --per-host 8 bounds, 52 images were held back\. `+
		`Not `+
		`tried: --per-host 16\.$`, `^    64 were allowed; 52 images were held back; the workers waited 6 % of `+
		`their time`)
	says(t, held(0.5, func(s *summary.Summary) { s.Hosts, s.PerHost = 2, 4 }), "^per-host: 8 at once from 2 hosts: "+
		"--per-host 4 bounds, .*--per-host 8")
	took := `^per-host: 8 at once from (this host|2 hosts), 64 were allowed: 52 images were held back for a host ` +
		`that took no`
	says(t, held(0.5, func(s *summary.Summary) { s.PerHost = 9 }), took)
	says(t, held(0.5, func(s *summary.Summary) { s.PerHost = 0 }), took)
	says(t, held(0.5, func(s *summary.Summary) { s.Hosts, s.PerHost = 2, 5 }), took)
	says(t, held(0.5, func(s *summary.Summary) { s.HeldBack = 1 }), "bounds, 1 image was held back")
	deferring := held(0.5, func(s *summary.Summary) { s.Deferring = 1 })
	says(t, deferring, `^per-host: 8 at once from this host, which answered 429 or 503 to be asked later: 52 images `+
		`were held back\.$`)
	saysNothingOf(t, deferring, "Not tried: --(per-host|downloads)")
	says(t, held(0.5, func(s *summary.Summary) { s.Hosts, s.Deferring = 3, 2 }),
		"^per-host: 8 at once from 3 hosts, 2 of which answered 429")
	saysNothingOf(t, held(0.01, func(s *summary.Summary) {
		s.Account.Spent[pipeline.EntryLatency] = 0.5 * float64(s.Account.Lanes) * s.Account.Wall
		s.Deferring, s.Items, s.Done = 1, 200, 200
	}), "Not tried")
	for name, c := range map[string]*Comparison{
		"at no cost":  held(0.04, nil),
		"none held":   held(0.5, func(s *summary.Summary) { s.HeldBack = 0 }),
		"all at once": held(0.5, func(s *summary.Summary) { s.DownloadsAtOnce, s.PerHost = 64, 64 }),
	} {
		t.Run(name, func(t *testing.T) { saysNothingOf(t, c, "^per-host") })
	}
	more := held(0.5, func(s *summary.Summary) {
		s.Items, s.Done = 200, 200
		s.Account.Spent[pipeline.EntryLatency] = 0.3 * float64(s.Account.Lanes) * s.Account.Wall
	})
	says(t, more, "^per-host: 8 at once")
	saysNothingOf(t, more, "Not tried: --downloads") // the host bounds
	saysNothingOf(t, judged(t, "two that are equal", quietMachine, nil), "^workers: Beside", "^downloads: Beside")
	two := compared(sidesOf(with(downloads(modes.Goroutines, 2, 64), func(s *side) { s.PerHost = 8 }),
		with(downloads(modes.Goroutines, 2, 64), func(s *side) { s.PerHost = 16 })), []float64{1, 1}, func(s *Sample) {
		waiting(pipeline.EntryPerHost, 0.5)(s)
		s.Summary.DownloadsAtOnce, s.Summary.HeldBack, s.Summary.Hosts = 8, 52, 1
		s.Summary.PerHost = 8 + 8*s.Config
	})
	says(t, two, "^per-host: 8 at once .* bounds, 52 images were held back\\.$",
		"^per-host: Beside --per-host 8, --per-host 16: "+
			"1\\.00 .*, no gain")
}

func TestDownloadsThatAHostDidNotLetRunAreNoWiderWidth(t *testing.T) {
	of := func(sides []side, walls ...float64) *Comparison {
		return compared(sides, walls, func(s *Sample) {
			waiting(pipeline.EntryLatency, 0.9)(s)
			s.Summary.Hosts, s.Summary.PerHost = 1, 8
			if s.Config > 0 {
				s.Summary.HeldBack = 32
			}
		})
	}
	grid := downloads(modes.Goroutines, 2, 8, 64)
	says(t, of(grid, 1, 1.01), `^downloads: Beside 8 downloads, 64 downloads: 0\.99 .*, no gain `+
		`\(--per-host 8 let 8 run at once\)\.$`, `^downloads: Not tried: --downloads 16 --per-host 16\.$`)
	says(t, of(downloads(modes.Goroutines, 2, 8), 1), `^downloads: Not tried: --downloads 16 --per-host 16\.$`)
	perHost := func(mode string, n, most int) []side {
		return with(downloads(mode, 2, n), func(s *side) { s.PerHost = most })
	}
	saysNothingOf(t, of(sidesOf(grid, perHost(modes.Goroutines, 64, 64)), 1, 1.01, 1.2), "Not tried")
	for name, other := range map[string][]side{
		"no more downloads": perHost(modes.Goroutines, 8, 64),
		"another mode":      perHost(modes.Processes, 64, 64),
	} {
		t.Run(name, func(t *testing.T) {
			says(t, of(sidesOf(perHost(modes.Goroutines, 8, 8), other), 1, 1.2),
				`^downloads: Not tried: --downloads 16 --per-host 16\.$`)
		})
	}
}

// TestWiderIsWhatRanWider: a neighbor of which more downloads ran at once, also if hosts held some of them back, and
// also if a still wider one was held back.
func TestWiderIsWhatRanWider(t *testing.T) {
	of := func(atOnce ...int) *Comparison {
		return compared(downloads(modes.Goroutines, 2, []int{8, 16, 64}[:len(atOnce)]...), []float64{1, 1.01, 1.02},
			func(s *Sample) {
				waiting(pipeline.EntryLatency, 0.9)(s)
				s.Summary.Hosts, s.Summary.PerHost = 1, 12
				s.Summary.DownloadsAtOnce, s.Summary.HeldBack = atOnce[s.Config], s.Config
			})
	}
	says(t, of(8, 12), `^downloads: Beside 8 downloads, 16 downloads: .* \(--per-host 12 let 12 run at once\)\.$`)
	saysNothingOf(t, of(8, 12), "Not tried")
	saysNothingOf(t, of(8, 16, 8), "Not tried")
	says(t, of(8, 8), "^downloads: Not tried: --downloads 16")
}

// TestLimitOfHostsIsNamedAsWhatItIs: --per-host, if so many ran from each; all that were allowed are no limit.
func TestLimitOfHostsIsNamedAsWhatItIs(t *testing.T) {
	of := func(hosts, perHost, atOnce int) *Comparison {
		return compared(downloads(modes.Goroutines, 2, 8, 64), []float64{1, 1.01}, func(s *Sample) {
			waiting(pipeline.EntryLatency, 0.9)(s)
			s.Summary.Hosts, s.Summary.PerHost = hosts, perHost
			if s.Config == 1 {
				s.Summary.DownloadsAtOnce, s.Summary.HeldBack = atOnce, 32
			}
		})
	}
	says(t, of(1, 8, 8), `^downloads: Beside .*, no gain \(--per-host 8 let 8 run at once\)\.$`)
	says(t, of(2, 8, 12), `^downloads: Beside .*, no gain \(hosts let 12 run at once\)\.$`)
	says(t, of(1, 0, 8), `^downloads: Beside .*, no gain \(hosts let 8 run at once\)\.$`)
	says(t, of(1, 64, 64), `^downloads: Beside .*, no gain\.$`)
}

// TestPerHostIsAdvisedOnlyWhereThereAreHostsAndALimit.
func TestPerHostIsAdvisedOnlyWhereThereAreHostsAndALimit(t *testing.T) {
	of := func(hosts, perHost int) *Comparison {
		return compared(downloads(modes.Goroutines, 2, 8), []float64{1}, func(s *Sample) {
			waiting(pipeline.EntryLatency, 0.9)(s)
			s.Summary.Hosts, s.Summary.PerHost = hosts, perHost
		})
	}
	says(t, of(2, 5), `^downloads: Not tried: --downloads 16 --per-host 8\.$`)
	says(t, of(2, 8), `^downloads: Not tried: --downloads 16\.$`)
	says(t, of(0, 8), `^downloads: Not tried: --downloads 16\.$`)
	says(t, of(1, 0), `^downloads: Not tried: --downloads 16\.$`)
}

func TestWhatAHostHoldsBackIsNotSaidToBeTooFewImages(t *testing.T) {
	c := compared(downloads(modes.Goroutines, 2, 64), []float64{1}, func(s *Sample) {
		waiting(pipeline.EntryPerHost, 0.5)(s)
		s.Summary.HeldBack, s.Summary.Hosts, s.Summary.PerHost = 32, 1, 8
	}, func(c *Comparison) { c.Job.Stage, c.Job.Images = StageFetch, 40 })
	says(t, c, "^bound: Waiting for files", "^per-host: 8 at once from this host")
	saysNothingOf(t, c, "no more images")
	few := func(stage string, images, held int) *Comparison {
		return compared(downloads(modes.Goroutines, 8, 64), []float64{1}, func(s *Sample) {
			waiting(pipeline.EntryPerHost, 0.5)(s)
			s.Summary.DownloadsAtOnce, s.Summary.HeldBack, s.Summary.Items, s.Summary.Done = 4, held, images, images
		}, func(c *Comparison) { c.Job.Stage = stage })
	}
	says(t, few(StageFetch, 40, 0), "^bound: There are no more images than .* at once, 40 for 64 downloads")
	saysNothingOf(t, few(StageFetch, 40, 1), "no more images")
	says(t, few(StageAll, 8, 1), "^bound: There are no more images than .* at once, 8 for 8 workers")
}
