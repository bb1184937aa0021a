package pipeline

import (
	"math"
	"time"

	"imgpipe/pipeline/executor"
)

// calls are the parts of the calls of executors, as these tell them.
type calls struct {
	lock, start, handover, overlap  time.Duration
	cpu, runQueue, scheduler, stall time.Duration
	cpuKnown, runQueueKnown         bool
}

// called notes what a call of an executor cost, which had a lane for so long.
func (m *meter) called(c Cost, took time.Duration) {
	w := c.Work.Within(took + c.Overlap)
	m.mu.Lock()
	defer m.mu.Unlock()
	t := &m.calls
	t.lock += min(c.Wait, took)
	t.start += min(c.Start, took)
	t.handover += min(c.Handover, took)
	t.overlap += c.Overlap
	if w.CPUKnown {
		t.cpuKnown = true
		t.cpu += w.CPU
		t.scheduler += w.Scheduler
	}
	if w.CPUKnown && w.RunQueueKnown {
		t.runQueueKnown = true
		t.runQueue += w.RunQueue
		t.stall += w.Stall()
	}
}

// account returns where the time of the lanes went, until now.
func (m *meter) account() Account {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.charge()
	a := Account{Lanes: m.lanes, Wall: m.at, Spent: map[Entry]time.Duration{}}
	for c, d := range m.spent {
		if e := entries[c]; e != "" && d > 0 {
			a.Spent[e] = d
		}
	}
	t := m.calls
	parts := []struct {
		entry Entry
		took  time.Duration
	}{
		{EntryLock, t.lock}, {EntryStart, t.start}, {EntryHandover, max(0, t.handover-t.overlap)}, {EntryCPU, t.cpu},
		{EntryRunQueue, t.runQueue}, {EntryScheduler, t.scheduler}, {EntryStall, t.stall},
	}
	var told time.Duration
	for _, p := range parts {
		told += p.took
	}
	// Clocks are read one after the other, and workers read their own: the sum may be too large by that.
	fit := min(1, float64(m.spent[chargeWorking])/math.Max(float64(told), 1))
	left := m.spent[chargeWorking]
	for _, p := range parts {
		took := min(time.Duration(float64(p.took)*fit), left)
		left -= took
		if took > 0 {
			a.Spent[p.entry] += took
		}
	}
	// An executor that does nothing, and measures nothing, leaves nothing unknown.
	untold := left > time.Duration(m.lanes)*m.at/1000
	rest := m.spent[chargeRest] + left
	if t.cpuKnown {
		waited := executor.Scheduled(rest)
		a.Spent[EntryScheduler] += waited
		rest -= waited
	}
	if rest > 0 {
		a.Spent[EntryRest] = rest
	}
	a.sum(EntryFileWait)
	a.sum(EntryCPUWait)
	switch {
	case untold && !t.cpuKnown:
		a.Unknown = []Entry{EntryCPU, EntryRunQueue, EntryStall}
	case untold && !t.runQueueKnown:
		a.Unknown = []Entry{EntryRunQueue, EntryStall}
	}
	return a
}

// sum sets whole to the sum of its parts.
func (a *Account) sum(whole Entry) {
	var sum time.Duration
	for _, row := range Entries() {
		if row.Of == whole {
			sum += a.Spent[row.Entry]
		}
	}
	if sum > 0 {
		a.Spent[whole] = sum
	}
}
