package pipeline

import (
	"sync"
	"time"
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
//	                                          back count as fetches, as many as there are download lanes free
//	          if the input is being asked     listing
//	          if it has no more               tail, or store once no lane works any more and the store does
//	          else                            an item is on its way from one goroutine to another: scheduler, as far as
//	                                          Go's has counted such waits, else rest
//
// So what it charges adds up to lanes × wall, whatever happens. An item makes some fifteen changes, which together take
// 1.6 µs of a core (AMD EPYC, November 2026). No item is remembered.
type meter struct {
	lanes   int
	stores  int
	began   time.Time
	allowed func() int // how many items may be fetched, or be fetched and ready, at once

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
	spent    [charges]time.Duration
	calls    calls

	atOnce, most, heldBack int
	deferring              map[string]bool // the hosts that wanted to be asked later
}

func newMeter(lanes, stores int, began time.Time, allowed func() int) *meter {
	return &meter{lanes: lanes, stores: stores, began: began, allowed: allowed, listing: true}
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
	m.most = max(m.most, m.fetching())
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

// later notes that items wait because a host wants to be asked later.
func (m *meter) later(host string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.deferring[host] {
		if m.deferring == nil {
			m.deferring = map[string]bool{}
		}
		m.deferring[host] = true
	}
}

// A charge is what lane time is charged to.
type charge int

const (
	chargeWorking charge = iota // with the executor
	chargeMemory
	chargeStore
	chargeReady
	chargeHost
	chargeLatency
	chargeBody
	chargeDisk
	chargeBudget
	chargeListing
	chargeTail
	chargeRest // lanes that nothing here explains
	charges
)

// entries are those of the charges; empty for those that are divided further.
var entries = [charges]Entry{
	chargeMemory: EntryMemory, chargeStore: EntryStore, chargeReady: EntryScheduler, chargeHost: EntryPerHost,
	chargeLatency: EntryLatency, chargeBody: EntryBody, chargeDisk: EntryDisk, chargeBudget: EntryBudget,
	chargeListing: EntryListing, chargeTail: EntryTail,
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
	for _, by := range [...]struct {
		state state
		to    charge
	}{
		{stateWorking, chargeWorking}, {stateMemory, chargeMemory}, {stateNoting, chargeStore},
		{stateLeaving, m.leaving()}, {stateReady, chargeReady},
	} {
		n := min(m.in[by.state], free)
		m.spent[by.to] += took * time.Duration(n)
		if free -= n; free == 0 {
			return
		}
	}
	m.idle(took * time.Duration(free))
}

// leaving returns what lanes wait for that have finished.
func (m *meter) leaving() charge {
	if m.storing >= m.stores || m.ending {
		return chargeStore
	}
	return chargeRest
}

// idle charges lane time in which lanes had nothing to work on.
func (m *meter) idle(took time.Duration) {
	held := m.in[stateHeld]
	if m.in[stateThrottled] == 0 { // else those that are held back would only wait for the throttle
		held += min(m.holding, max(0, m.allowed()-m.fetching()-m.in[stateReady]))
	}
	all := held + m.fetching() - m.in[stateHeld]
	if all == 0 {
		m.spent[m.without()] += took
		return
	}
	left := took
	for _, under := range [...]struct {
		to charge
		n  int
	}{
		{chargeHost, held}, {chargeLatency, m.in[stateAsked]}, {chargeBody, m.in[stateBody]},
		{chargeDisk, m.in[stateDisk]}, {chargeBudget, m.in[stateBudget]},
	} {
		part := left // of the last one, whatever was rounded
		if all > under.n {
			part = min(left, time.Duration(float64(left)*float64(under.n)/float64(all)))
		}
		m.spent[under.to] += part
		if left, all = left-part, all-under.n; all == 0 {
			return
		}
	}
}

// without returns what lanes wait for that have nothing to work on, where no fetch is under way.
func (m *meter) without() charge {
	switch {
	case m.listing:
		return chargeListing
	case !m.over, m.in[statePlanned]+m.in[stateThrottled] > 0:
		return chargeRest
	case m.in[stateWorking]+m.in[stateMemory] > 0:
		return chargeTail
	case m.storing > 0 || m.ending:
		return chargeStore
	}
	return chargeRest
}

// see sets what there was besides the account.
func (m *meter) see(f *Flow) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f.AtOnce, f.HeldBack, f.Deferring, f.Tail = m.atOnce, m.heldBack, len(m.deferring), m.tail
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
