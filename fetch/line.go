package fetch

import "time"

const (
	// fewest is how few downloads from all hosts together are left when a line is full. More would only take longer
	// each.
	fewest = 16
	// trouble is which share of the last tries, of as many hosts, must have broken for the line to be taken for full:
	// that one host breaks all of its answers is nobody else's.
	trouble = 0.3
)

// A line is what all downloads share, whatever their hosts.
type line struct {
	active int
	most   float64       // how many may be active; 0 is any number
	cut    time.Time     // when most last fell
	broken float64       // a moving average: the share of tries that ended with bytes under way
	last   *host         // of the last of them
	freed  chan struct{} // closed when active falls, then replaced; nil while most is 0
}

func (l *line) full() bool { return l.most > 0 && l.active >= int(l.most) }

// broke notes a try of h that began then and ended with bytes under way. Half of the downloads have the line for
// themselves then.
func (l *line) broke(h *host, started time.Time) {
	if l.last == h {
		return
	}
	l.last = h
	l.broken += (1 - l.broken) / 10
	if l.broken < trouble || !started.After(l.cut) {
		return
	}
	l.most, l.cut = float64(max(fewest, l.active/2)), time.Now()
	if l.freed == nil {
		l.freed = make(chan struct{})
	}
}

// good notes a try that ended well. In time all may be active again.
func (l *line) good() {
	l.broken -= l.broken / 10
	if l.most == 0 {
		return
	}
	if l.most += 0.25; l.most > remembered {
		l.most = 0
	}
}

// leave notes the end of a download.
func (l *line) leave() {
	l.active--
	if l.freed != nil {
		close(l.freed)
		if l.freed = nil; l.most > 0 {
			l.freed = make(chan struct{})
		}
	}
}
