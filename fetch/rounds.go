package fetch

import "time"

// rounds count how often in a row a host answered nothing but 429 and 503. A round is what is asked until the host says
// so, and ends when the time is over for which it asked.
type rounds struct {
	refused bool      // in this round
	asked   bool      // in this round, with a Retry-After
	good    bool      // another answer came in this round
	began   time.Time // this round
	first   time.Time // of those in a row, its beginning
	n       int       // those in a row that have ended
	kept    bool      // the last of them had a Retry-After
}

// last reports whether there are more rounds in a row than an item has tries, this one with its Retry-After included.
func (r *rounds) last(retries int) bool {
	return r.refused && r.asked && !r.good && r.n >= retries
}

// next begins a round, if one has ended, and reports whether there were more in a row than an item has tries. Rounds
// without a Retry-After are as long as the longest back-off, and only count for as long as a host may be silent.
func (r *rounds) next(now time.Time, retries int) (hopeless bool) {
	if !r.refused || !r.asked && now.Sub(r.began) < backoffMost {
		return false
	}
	if r.n++; r.good {
		r.n = 0
	} else if r.n == 1 {
		r.first = r.began
	}
	hopeless = r.n > retries && (r.asked || now.Sub(r.first) >= silence)
	r.kept = r.asked
	r.refused, r.asked, r.good, r.began = false, false, false, now
	return hopeless
}
