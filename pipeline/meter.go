package pipeline

import (
	"math"
	"sync"
	"time"

	"imgpipe/pipeline/executor"
)

// A state is where an item is between the input and its end, as far as worker lanes may have to wait for it.
type state int

const (
	stateNone      state = iota // it is waited for no more
	statePlanned                // it was taken, and its fetch has not begun
	stateThrottled              // the throttle does not allow its fetch yet
	stateHeld                   // in a fetch, waiting for a host
	stateAsked                  // in a fetch, before the first byte
	stateBody                   // in a fetch, behind it
	stateDisk                   // in a fetch, a file of this machine
	stateBudget                 // in a fetch, waiting for memory
	stateReady                  // fetched, and not with a worker lane yet
	stateMemory                 // with a worker lane, waiting for memory to decode into
	stateWorking                // with the executor
	stateNoting                 // with a worker lane, in which the store notes something of it
	stateLeaving                // with a worker lane, waiting for a store lane
	states
)

// A meter adds up what the worker lanes of a run do, while they do it. At each change of a state, it charges the time
// since the last one to what the lanes did meanwhile:
//
//	lanes                                     charged to
//	as many as items are with the executor    the parts of its calls, which these tell when they end
//	as many as items wait for memory          memory
//	as many as the store notes something in   store
//	as many as items wait for a store lane    store if all are busy; else as those on their way, below
//	as many as items are ready                scheduler: both are there, and wait to be brought together
//	all others, if fetches are under way      what those do, in proportion to their numbers; items that hosts hold
//	                                          back while download lanes are free count as fetches
//	          if the input is being asked     listing
//	          if it has no more               tail, or store once no lane works any more and the store does
//	          else                            an item is on its way from one goroutine to another: scheduler, as far as
//	                                          Go's has counted such waits, else rest
//
// So what it charges adds up to lanes × wall, whatever happens. It takes 0.2 µs for a change, of which an item has some
// ten, and remembers no item.
type meter struct {
	lanes int
	began time.Time

	mu       sync.Mutex
	at       time.Duration // until when time is charged
	in       [states]int   // how many items there are in each state
	holding  int           // those of statePlanned that hosts hold back while download lanes are free
	newHeld  int           // those of them that were never held back before, and are by the throttle, too
	listing  bool          // the input is being asked for the next item
	over     bool          // it has no more
	storing  int           // store lanes that are busy
	ending   bool          // the end of an item is being recorded
	underWay int           // taken, and not ended
	alone    time.Duration // since when there is one
	tail     time.Duration // how long the last one was alone
	working  time.Duration // lanes with the executor
	rest     time.Duration // lanes that nothing here explains
	spent    map[Entry]time.Duration
	calls    calls

	atOnce, most, heldBack int
}

func newMeter(lanes int, began time.Time) *meter {
	return &meter{lanes: lanes, began: began, listing: true, spent: map[Entry]time.Duration{}}
}

// take counts an item that was taken from the input.
func (m *meter) take(s *state) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.charge()
	m.listing = false
	if m.underWay++; m.underWay == 1 {
		m.alone = m.at
	}
	m.shift(s, statePlanned)
}

// move has an item come to another state.
func (m *meter) move(s *state, to state) {
	if *s == to {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.charge()
	m.shift(s, to)
}

func (m *meter) shift(s *state, to state) {
	m.in[*s]--
	m.in[to]++
	*s = to
	m.atOnce = max(m.atOnce, m.in[stateAsked]+m.in[stateBody])
	m.most = max(m.most, m.fetching()+m.in[stateReady])
	m.settleHeld()
}

// settleHeld counts what hosts alone hold back. What the throttle would not allow either is not theirs.
func (m *meter) settleHeld() {
	if m.newHeld = min(m.newHeld, m.holding); m.in[stateThrottled] == 0 {
		m.heldBack += m.newHeld
		m.newHeld = 0
	}
}

// fetching returns how many fetches are under way.
func (m *meter) fetching() int {
	return m.in[stateHeld] + m.in[stateAsked] + m.in[stateBody] + m.in[stateDisk] + m.in[stateBudget]
}

// store notes that a store lane begins, or with -1 ends, to store an item.
func (m *meter) store(more int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.charge()
	m.storing += more
}

// end counts an item that has ended, which is being recorded until ended.
func (m *meter) end() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.charge()
	m.ending = true
	switch m.underWay--; m.underWay {
	case 1:
		m.alone = m.at
	case 0:
		m.tail = m.at - m.alone
	}
}

func (m *meter) ended() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.charge()
	m.ending = false
}

// ask notes that the input is asked for the next item.
func (m *meter) ask() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.charge()
	m.listing = true
}

// close notes that the input has no more.
func (m *meter) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.charge()
	m.listing, m.over = false, true
}

// hold notes how many items hosts hold back while download lanes are free, of which more do so for the first time.
func (m *meter) hold(now, more int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.charge()
	m.holding = now
	m.newHeld += more
	m.settleHeld()
}

// charge charges the time since it was called last. The lock is held.
func (m *meter) charge() {
	now := time.Since(m.began)
	took := now - m.at
	if took <= 0 {
		return
	}
	m.at = now
	free := m.lanes
	lanes := func(n int) time.Duration {
		n = min(n, free)
		free -= n
		return took * time.Duration(n)
	}
	m.working += lanes(m.in[stateWorking])
	m.spent[EntryMemory] += lanes(m.in[stateMemory])
	m.spent[EntryStore] += lanes(m.in[stateNoting])
	if leaving := lanes(m.in[stateLeaving]); m.storing >= storeLanes || m.ending {
		m.spent[EntryStore] += leaving
	} else {
		m.rest += leaving
	}
	m.spent[EntryScheduler] += lanes(m.in[stateReady])
	if free > 0 {
		m.idle(lanes(free))
	}
}

// idle charges lane time in which lanes had nothing to work on.
func (m *meter) idle(took time.Duration) {
	held := m.in[stateHeld]
	if m.in[stateThrottled] == 0 { // else those that are held back would only wait for the throttle
		held += m.holding
	}
	under := [...]struct {
		entry Entry
		n     int
	}{
		{EntryPerHost, held}, {EntryLatency, m.in[stateAsked]}, {EntryBody, m.in[stateBody]},
		{EntryDisk, m.in[stateDisk]}, {EntryBudget, m.in[stateBudget]},
	}
	all := held + m.fetching() - m.in[stateHeld]
	switch {
	case all > 0:
		left := took
		for _, u := range under {
			part := time.Duration(float64(took) * float64(u.n) / float64(all))
			part = min(part, left)
			m.spent[u.entry] += part
			left -= part
		}
		m.rest += left
	case m.listing:
		m.spent[EntryListing] += took
	case !m.over, m.in[statePlanned]+m.in[stateThrottled] > 0, m.underWay == 0:
		m.rest += took
	case m.in[stateWorking]+m.in[stateMemory] > 0:
		m.spent[EntryTail] += took
	case m.storing > 0 || m.ending:
		m.spent[EntryStore] += took
	default:
		m.rest += took
	}
}

// calls are the parts of the calls of executors, as these tell them.
type calls struct {
	n                               int
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
	t.n++
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
	for e, d := range m.spent {
		if d > 0 {
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
	fit := min(1, float64(m.working)/math.Max(float64(told), 1))
	left := m.working
	for _, p := range parts {
		took := min(time.Duration(float64(p.took)*fit), left)
		left -= took
		if took > 0 {
			a.Spent[p.entry] += took
		}
	}
	rest := m.rest + left
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
	case t.n > 0 && !t.cpuKnown:
		a.Unknown = []Entry{EntryCPU, EntryRunQueue, EntryStall}
	case t.n > 0 && !t.runQueueKnown:
		a.Unknown = []Entry{EntryRunQueue, EntryStall}
	}
	return a
}

// seen returns what there was besides the account.
func (m *meter) seen() (atOnce, heldBack int, tail time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.atOnce, m.heldBack, m.tail
}

// bounds returns p with what the run made of it. Where hosts held items back, a larger number of downloads has not been
// tried, whatever the throttle would allow.
func (m *meter) bounds(p Pace) Pace {
	m.mu.Lock()
	defer m.mu.Unlock()
	p.AtOnce, p.HeldBack = m.atOnce, m.heldBack
	if p.HeldBack > 0 {
		p.Downloads = min(p.Allowed, max(m.most, 1))
	}
	return p
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
