package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/pipeline/executor"
	"imgpipe/transform"
)

const ms = time.Millisecond

// A planted is a world of which a test plants what is slow.
type planted struct {
	*world
	get  func(ctx context.Context, item fetch.Item, room fetch.Room) error
	call func(ctx context.Context, task transform.Task) (pipeline.Cost, error)
}

func (p planted) Fetch(ctx context.Context, item fetch.Item, room fetch.Room) (fetch.Body, error) {
	if p.get == nil {
		body, err := p.world.Fetch(ctx, item, room)
		body.Data = append(slices.Clone(body.Data), make([]byte, item.Index)...) // which is how a call can know it
		return body, err
	}
	if err := p.get(ctx, item, room); err != nil {
		return fetch.Body{}, err
	}
	return fetch.Body{Data: tiny(), Attempts: 1}, nil
}

func (p planted) Do(ctx context.Context, task transform.Task) (transform.Result, pipeline.Cost, error) {
	if p.call == nil {
		result, cost, err := p.world.Do(ctx, task)
		cost.Work = executor.Work{Wall: p.work, CPU: p.work, CPUKnown: true, RunQueueKnown: true}
		return result, cost, err
	}
	cost, err := p.call(ctx, task)
	return transform.Result{}, cost, err
}

// called returns a call that takes what cost says, of which the Work is all that is left.
func called(cost pipeline.Cost) func(context.Context, transform.Task) (pipeline.Cost, error) {
	return func(ctx context.Context, _ transform.Task) (pipeline.Cost, error) {
		return cost, sleep(ctx, cost.Queued+cost.Wait+cost.Start+cost.Handover+cost.Work.Wall-cost.Overlap)
	}
}

func worked(w executor.Work) executor.Work {
	w.CPUKnown, w.RunQueueKnown = true, true
	return w
}

// A sparing is planted with hosts.
type sparing struct {
	planted
	hosts fetch.Hosts
}

func (s sparing) Hosts() fetch.Hosts { return s.hosts }

// oneHost is one that takes so many, none before its time.
type oneHost struct {
	limit int
	from  time.Time
}

func (oneHost) Host(i fetch.Item) string       { return "host" }
func (h oneHost) State(string) fetch.HostState { return fetch.HostState{Limit: h.limit, From: h.from} }
func (oneHost) Full() bool                     { return false }
func (oneHost) Finished() <-chan struct{}      { return nil }
func slow(d time.Duration) func(fetch.Item) error {
	return func(fetch.Item) error { time.Sleep(d); return nil }
}
func phase(p fetch.Phase, d time.Duration) phaseFetch { return phaseFetch{p, d} }

type phaseFetch struct {
	phase fetch.Phase
	took  time.Duration
}

func (p phaseFetch) get(ctx context.Context, _ fetch.Item, room fetch.Room) error {
	room.(fetch.Follower).Follow(p.phase)
	return sleep(ctx, p.took)
}

// TestTheAccountNamesWhatWorkersWaitedFor plants one cause in each run. Most of the time that its lanes did not compute
// must be at its entry.
func TestTheAccountNamesWhatWorkersWaitedFor(t *testing.T) {
	type run struct {
		want  pipeline.Entry
		w     planted
		hosts *oneHost
		items iter.Seq[fetch.Item]
		o     pipeline.Options
	}
	for name, build := range map[string]func() run{
		"a host that takes two at once": func() run {
			w := &world{width: 2, latency: 100 * ms, work: ms}
			return run{want: pipeline.EntryPerHost, w: planted{world: w}, hosts: &oneHost{limit: 2}, items: items(100),
				o: pipeline.Options{Downloads: 32}}
		},
		"a host that wants to be left alone": func() run {
			w := &world{width: 2, latency: 10 * ms, work: ms}
			return run{want: pipeline.EntryPerHost, w: planted{world: w}, items: items(20),
				hosts: &oneHost{limit: 64, from: time.Now().Add(time.Second)}, o: pipeline.Options{Downloads: 32}}
		},
		"a host that is waited for in a fetch": func() run {
			w := &world{width: 2, work: ms}
			return run{want: pipeline.EntryPerHost, w: planted{world: w, get: phase(fetch.PhaseHeld, 50*ms).get},
				items: items(20), o: pipeline.Options{Downloads: 1}}
		},
		"too few downloads": func() run {
			w := &world{width: 2, latency: 100 * ms, work: ms}
			return run{want: pipeline.EntryLatency, w: planted{world: w}, hosts: &oneHost{limit: 8}, items: items(40),
				o: pipeline.Options{Downloads: 2}}
		},
		"a slow body": func() run {
			w := &world{width: 2, work: ms}
			return run{want: pipeline.EntryBody, w: planted{world: w, get: phase(fetch.PhaseBody, 50*ms).get},
				items: items(20), o: pipeline.Options{Downloads: 2}}
		},
		"a slow disk": func() run {
			w := &world{width: 2, latency: 50 * ms, work: ms}
			return run{want: pipeline.EntryDisk, w: planted{world: w}, items: locals(20, 10, 0)}
		},
		"no memory for files": func() run {
			w := &world{width: 4, latency: 50 * ms, work: ms}
			return run{want: pipeline.EntryBudget, w: planted{world: w}, items: locals(20, 1<<20, 0),
				o: pipeline.Options{Memory: 4 << 20, Downloads: 8}}
		},
		"a slow listing": func() run {
			w := &world{width: 2, work: ms}
			return run{want: pipeline.EntryListing, w: planted{world: w}, items: locals(20, 10, 50*ms)}
		},
		"a slow store": func() run {
			w := &world{width: 2, work: ms, put: slow(100 * ms)}
			return run{want: pipeline.EntryStore, w: planted{world: w}, items: locals(60, 10, 0)}
		},
		"a slow sink": func() run {
			w := &world{width: 1, work: ms, put: slow(100 * ms)}
			return run{want: pipeline.EntryStore, w: planted{world: w}, items: locals(20, 10, 0),
				o: pipeline.Options{Sequential: true}}
		},
		"a lock": func() run {
			cost := pipeline.Cost{Wait: 30 * ms, Work: worked(executor.Work{Wall: 10 * ms, CPU: 10 * ms})}
			return run{want: pipeline.EntryLock, w: planted{world: &world{width: 4}, call: called(cost)},
				items: locals(40, 10, 0)}
		},
		"no memory for pixels": func() run {
			w := planted{world: &world{width: 4}}
			w.call = func(ctx context.Context, task transform.Task) (pipeline.Cost, error) {
				if task.Grant < 12<<20 {
					return pipeline.Cost{}, &transform.NeedError{Need: 12 << 20, Grant: task.Grant}
				}
				return called(pipeline.Cost{Work: worked(executor.Work{Wall: 10 * ms, CPU: 10 * ms})})(ctx, task)
			}
			return run{want: pipeline.EntryMemory, w: w, items: locals(40, 10, 0), o: pipeline.Options{Memory: 1 << 20}}
		},
		"workers that start": func() run {
			cost := pipeline.Cost{Start: 30 * ms, Work: worked(executor.Work{Wall: 10 * ms, CPU: 10 * ms})}
			return run{want: pipeline.EntryStart, w: planted{world: &world{width: 2}, call: called(cost)},
				items: locals(40, 10, 0)}
		},
		"a hand-over": func() run {
			cost := pipeline.Cost{Handover: 30 * ms, Work: worked(executor.Work{Wall: 10 * ms, CPU: 10 * ms})}
			return run{want: pipeline.EntryHandover, w: planted{world: &world{width: 2}, call: called(cost)},
				items: locals(40, 10, 0)}
		},
		"computing": func() run {
			cost := pipeline.Cost{Work: worked(executor.Work{Wall: 10 * ms, CPU: 9 * ms})}
			return run{want: pipeline.EntryCPU, w: planted{world: &world{width: 2}, call: called(cost)},
				items: locals(40, 10, 0)}
		},
		"a busy kernel": func() run {
			cost := pipeline.Cost{Work: worked(executor.Work{Wall: 10 * ms, CPU: 2 * ms, RunQueue: 7 * ms})}
			return run{want: pipeline.EntryRunQueue, w: planted{world: &world{width: 2}, call: called(cost)},
				items: locals(40, 10, 0)}
		},
		"more goroutines than processors": func() run {
			cost := pipeline.Cost{Work: worked(executor.Work{Wall: 10 * ms, CPU: 2 * ms, Scheduler: 7 * ms})}
			return run{want: pipeline.EntryScheduler, w: planted{world: &world{width: 8}, call: called(cost)},
				items: locals(80, 10, 0)}
		},
		"workers asleep": func() run {
			cost := pipeline.Cost{Work: worked(executor.Work{Wall: 10 * ms, CPU: 2 * ms})}
			return run{want: pipeline.EntryStall, w: planted{world: &world{width: 2}, call: called(cost)},
				items: locals(40, 10, 0)}
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := build()
			r.o.Executor, r.o.Store, r.o.Fetcher = r.w, r.w, r.w
			if r.hosts != nil {
				r.o.Fetcher = sparing{r.w, r.hosts}
			}
			totals, err := pipeline.Run(t.Context(), r.items, r.o, nil)
			if err != nil || totals.Done != totals.Items {
				t.Fatalf("%s: %+v, %v", name, totals, err)
			}
			a := totals.Flow.Account
			addsUp(t, name, a)
			all := time.Duration(a.Lanes) * a.Wall
			if got := a.Spent[r.want]; float64(got) < 0.6*float64(all) {
				t.Errorf("%s: %s is %v of %v: %v", name, r.want, got, all, a.Spent)
			}
			if rest := a.Spent[pipeline.EntryRest]; rest > all/50 {
				t.Errorf("%s: the rest is %v of %v", name, rest, all)
			}
			if len(a.Unknown) > 0 {
				t.Errorf("%s: %v are said not to be known", name, a.Unknown)
			}
		})
	}
}

// TestALastGiantIsTheTail has one image that takes as long as all others together, and comes last.
func TestALastGiantIsTheTail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := planted{world: &world{width: 4}}
		w.call = func(ctx context.Context, task transform.Task) (pipeline.Cost, error) {
			took := 10 * ms
			if len(task.Data) == len(tiny())+40 {
				took = 200 * ms
			}
			return pipeline.Cost{Work: worked(executor.Work{Wall: took, CPU: took})}, sleep(ctx, took)
		}
		o := pipeline.Options{Fetcher: w, Executor: w, Store: w}
		var ends []time.Time
		sink := func(pipeline.Outcome) { ends = append(ends, time.Now()) }
		totals, err := pipeline.Run(t.Context(), locals(41, 10, 0), o, sink)
		if err != nil {
			t.Fatal(err)
		}
		f, alone := totals.Flow, ends[40].Sub(ends[39])
		addsUp(t, "a giant", f.Account)
		if f.Last.Index != 40 || f.Tail != alone || alone < 10*ms {
			t.Errorf("item %d was alone for %v, want item 40 for %v", f.Last.Index, f.Tail, alone)
		}
		if tail := f.Account.Spent[pipeline.EntryTail]; tail < 3*alone || tail > 3*alone+40*ms {
			t.Errorf("the tail is %v of lane time, want that of three lanes and %v: %v", tail, alone, f.Account.Spent)
		}
	})
}

// TestAHandOverThatIsHiddenTakesNoLaneTime has workers that begin their next task while the answer to the one before is
// read, as those of package procs do.
func TestAHandOverThatIsHiddenTakesNoLaneTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cost := pipeline.Cost{Handover: 3 * ms, Overlap: 3 * ms}
		cost.Work = worked(executor.Work{Wall: 10 * ms, CPU: 10 * ms})
		w := planted{world: &world{width: 2}, call: called(cost)}
		o := pipeline.Options{Fetcher: w, Executor: w, Store: w}
		totals, err := pipeline.Run(t.Context(), locals(20, 10, 0), o, nil)
		if err != nil {
			t.Fatal(err)
		}
		a := totals.Flow.Account
		addsUp(t, "overlap", a)
		if a.Spent[pipeline.EntryCPU] != 200*ms || a.Spent[pipeline.EntryHandover] != 0 {
			t.Errorf("it has %v, want 200ms of cpu and no hand-over", a.Spent)
		}
	})
}

// TestWhatASystemDoesNotTellIsNotGuessed has executors that measure nothing, or not the run queue.
func TestWhatASystemDoesNotTellIsNotGuessed(t *testing.T) {
	for _, tt := range []struct {
		work    executor.Work
		unknown []pipeline.Entry
		rest    time.Duration
	}{
		{executor.Work{}, []pipeline.Entry{pipeline.EntryCPU, pipeline.EntryRunQueue, pipeline.EntryStall}, 200 * ms},
		{executor.Work{Wall: 10 * ms, CPU: 4 * ms, CPUKnown: true},
			[]pipeline.Entry{pipeline.EntryRunQueue, pipeline.EntryStall}, 120 * ms},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := planted{world: &world{width: 2}}
			w.call = func(ctx context.Context, _ transform.Task) (pipeline.Cost, error) {
				return pipeline.Cost{Work: tt.work}, sleep(ctx, 10*ms)
			}
			o := pipeline.Options{Fetcher: w, Executor: w, Store: w}
			totals, err := pipeline.Run(t.Context(), locals(20, 10, 0), o, nil)
			if err != nil {
				t.Fatal(err)
			}
			a := totals.Flow.Account
			addsUp(t, "unknown", a)
			if !slices.Equal(a.Unknown, tt.unknown) {
				t.Errorf("unknown are %v, want %v", a.Unknown, tt.unknown)
			}
			// What Go's own scheduler has counted in the test's process may explain some.
			if rest := a.Spent[pipeline.EntryRest] + a.Spent[pipeline.EntryScheduler]; rest != tt.rest {
				t.Errorf("the rest is %v, want %v: %v", rest, tt.rest, a.Spent)
			}
		})
	}
}

// TestTheAccountAddsUpWhateverHappens runs made-up jobs in which items are skipped, fail, are done apart or queued
// ahead, and runs that stop in the middle.
func TestTheAccountAddsUpWhateverHappens(t *testing.T) {
	for seed := range uint64(60) {
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			wait := func() time.Duration { return time.Duration(r.IntN(20)) * ms }
			w := &world{width: 1 + r.IntN(4), put: func(fetch.Item) error { return sleep(t.Context(), 3*ms) }}
			w.plan = func(i fetch.Item) (string, error) {
				switch i.Index % 11 {
				case 3:
					return "done before", nil
				case 7:
					return "", errors.New("it has no place")
				}
				return "", nil
			}
			p := planted{world: w}
			p.get = func(ctx context.Context, i fetch.Item, room fetch.Room) error {
				if f, ok := room.(fetch.Follower); ok && !i.Local() {
					f.Follow(fetch.PhaseHeld)
					_ = sleep(ctx, 2*ms)
					f.Follow(fetch.PhaseAsked)
				}
				if err := room.Take(ctx, i.Size); err != nil {
					return err
				}
				if i.Index%13 == 5 {
					return errors.New("it did not come")
				}
				return sleep(ctx, ms*time.Duration(i.Index%17))
			}
			costs := make(chan pipeline.Cost, 300)
			for range cap(costs) {
				c := pipeline.Cost{Wait: wait(), Start: wait(), Handover: wait(), Overlap: wait(), Queued: wait()}
				c.Work = executor.Work{Wall: 5*wait() - 3, CPU: wait(), RunQueue: wait() - 5*ms, Scheduler: wait(),
					CPUKnown: r.IntN(9) > 0, RunQueueKnown: r.IntN(9) > 0}
				costs <- c
			}
			p.call = func(ctx context.Context, task transform.Task) (pipeline.Cost, error) {
				c := <-costs
				err := sleep(ctx, c.Queued+c.Work.CPU)
				if err == nil && c.Start == 7*ms {
					err = &transform.Error{Kind: transform.ClassDecode, Doing: "decode", Err: errors.New("damaged")}
				}
				return c, err
			}
			o := pipeline.Options{Executor: p, Store: p, Fetcher: p, Memory: 1 << 20, Sequential: seed%5 == 0,
				Downloads: int(seed % 7)}
			if seed%2 == 0 {
				o.Executor = ahead{p}
			}
			if seed%3 == 0 {
				o.Fetcher = sparing{p, oneHost{limit: 3}}
			}
			input := locals(100, 300_000, 0)
			if seed%4 < 2 {
				input = items(100)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if seed%6 == 0 {
				time.AfterFunc(150*ms, cancel)
			}
			began := time.Now()
			totals, _ := pipeline.Run(ctx, input, o, nil)
			a := totals.Flow.Account
			addsUp(t, fmt.Sprint("seed ", seed), a)
			if wall := time.Since(began); a.Wall != wall {
				t.Errorf("seed %d: it accounts for %v of %v", seed, a.Wall, wall)
			}
		})
	}
}

// An ahead is planted as a Queuer.
type ahead struct{ planted }

func (ahead) Ahead() pipeline.Ahead { return pipeline.Ahead{Tasks: 2, Small: 2, Bytes: 1000} }

// TestDownloadsAtOnceAreThoseThatWereMade has more downloads allowed than a host takes.
func TestDownloadsAtOnceAreThoseThatWereMade(t *testing.T) {
	for _, tt := range []struct {
		downloads, limit, atOnce, heldBack int
		later                              time.Duration // how long the host wants to be left alone
		deferring                          int
	}{
		{64, 8, 8, 92, 0, 0}, {4, 8, 4, 0, 0, 0}, {0, 8, 8, 92, 0, 0}, {64, 200, 64, 0, 0, 0},
		{64, 8, 8, 100, 50 * ms, 1}, {64, 8, 8, 92, -ms, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := planted{world: &world{width: 2, latency: 100 * ms, work: ms}}
			var found pipeline.Pace
			host := oneHost{limit: tt.limit}
			if tt.later != 0 {
				host.from = time.Now().Add(tt.later)
			}
			o := pipeline.Options{Executor: w, Store: w, Fetcher: sparing{w, host},
				Downloads: tt.downloads, Paced: func(p pipeline.Pace) { found = p }}
			totals, err := pipeline.Run(t.Context(), items(100), o, nil)
			if err != nil {
				t.Fatal(err)
			}
			if f := totals.Flow; f.AtOnce != tt.atOnce || f.HeldBack != tt.heldBack || f.Deferring != tt.deferring {
				t.Errorf("%+v: %d at once, %d held back, %d hosts", tt, f.AtOnce, f.HeldBack, f.Deferring)
			}
			if tt.downloads > 0 {
				return
			}
			for _, p := range []pipeline.Pace{found, totals.Pace} {
				if p.Downloads != tt.atOnce || p.AtOnce != tt.atOnce || p.Allowed <= p.AtOnce || p.HeldBack == 0 {
					t.Errorf("%+v: found %+v, want no more than was made", tt, p)
				}
			}
		})
	}
}

// TestAHostHoldsBackNoMoreThanTheLanesThatAreFree: what waits behind those would not be fetched without the host
// either.
func TestAHostHoldsBackNoMoreThanTheLanesThatAreFree(t *testing.T) {
	for _, tt := range []struct {
		downloads, limit int
		share            float64 // of the waits for files, that the host has
	}{
		{16, 8, 0.5}, {10, 8, 0.2}, {32, 8, 0.75}, {8, 8, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := planted{world: &world{width: 2, latency: 100 * ms, work: ms / 10}}
			o := pipeline.Options{Executor: w, Store: w, Fetcher: sparing{w, oneHost{limit: tt.limit}},
				Downloads: tt.downloads}
			totals, err := pipeline.Run(t.Context(), items(400), o, nil)
			if err != nil {
				t.Fatal(err)
			}
			spent := totals.Flow.Account.Spent
			share := float64(spent[pipeline.EntryPerHost]) / float64(spent[pipeline.EntryFileWait])
			if share < tt.share-0.05 || share > tt.share+0.05 {
				t.Errorf("%d downloads of a host that takes %d: it has %.2f of %v, want %.2f", tt.downloads, tt.limit,
					share, spent[pipeline.EntryFileWait], tt.share)
			}
		})
	}
}

// TestWaitsForACPUAreSpansOfTheirOwn: the spans of a call still fit it.
func TestWaitsForACPUAreSpansOfTheirOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := planted{world: &world{}}
		var got []pipeline.Span
		o := pipeline.Options{Fetcher: w, Executor: decoding{w}, Store: w}
		_, err := pipeline.Run(t.Context(), locals(1, 10, 0), o, func(o pipeline.Outcome) { got = o.Spans })
		if err != nil {
			t.Fatal(err)
		}
		got = slices.DeleteFunc(got, func(s pipeline.Span) bool { return s.Start == s.End })
		want := []pipeline.Span{
			{Stage: pipeline.StageDecode, Start: 0, End: 3 * ms},
			{Stage: pipeline.StageEncode, Start: 3 * ms, End: 5 * ms},
			{Stage: pipeline.StageCPUWait, Start: 5 * ms, End: 9 * ms},
			{Stage: pipeline.StageStall, Start: 9 * ms, End: 10 * ms},
		}
		if !slices.Equal(got, want) {
			t.Errorf("spans %v\nwant %v", got, want)
		}
	})
}

// A decoding has a decode of 6 ms and an encode of 4, of which one half is on a core.
type decoding struct{ planted }

func (d decoding) Do(ctx context.Context, _ transform.Task) (transform.Result, pipeline.Cost, error) {
	work := worked(executor.Work{Wall: 10 * ms, CPU: 5 * ms, RunQueue: 3 * ms, Scheduler: ms})
	return transform.Result{Decode: 6 * ms, Encode: 4 * ms}, pipeline.Cost{Work: work}, sleep(ctx, 10*ms)
}

// locals are files of this machine of that size, each listed after so long.
func locals(n int, size int64, each time.Duration) iter.Seq[fetch.Item] {
	return func(yield func(fetch.Item) bool) {
		for i := range n {
			time.Sleep(each)
			if !yield(fetch.Item{Index: i, Source: fmt.Sprintf("%04d.png", i), Size: size}) {
				return
			}
		}
	}
}

// addsUp holds the law of accounts: the entries at the top are lanes × wall, none is negative, and no whole is less
// than its parts.
func addsUp(t *testing.T, name string, a pipeline.Account) {
	t.Helper()
	top, parts := time.Duration(0), map[pipeline.Entry]time.Duration{}
	for _, row := range pipeline.Entries() {
		d := a.Spent[row.Entry]
		if d < 0 {
			t.Errorf("%s: %s is %v", name, row.Entry, d)
		}
		if row.Of == "" {
			top += d
		} else {
			parts[row.Of] += d
		}
	}
	if want := time.Duration(a.Lanes) * a.Wall; top != want {
		t.Errorf("%s: the entries add up to %v of %v: %v", name, top, want, a.Spent)
	}
	for whole, sum := range parts {
		if sum > a.Spent[whole] {
			t.Errorf("%s: the parts of %s add up to %v of %v", name, whole, sum, a.Spent[whole])
		}
	}
}
