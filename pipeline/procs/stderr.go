package procs

import (
	"strings"
	"sync"
)

const (
	keepFirst = 1 << 10
	keepLast  = 4 << 10
)

// A transcript keeps what a worker wrote to standard error since the last time the idle worker was given a task: the
// first 1 KiB, where the reason of a Go crash stands, and the last 4 KiB, where most other programs put theirs.
type transcript struct {
	mu          sync.Mutex
	first, last []byte
}

// Write keeps p. Its error is always nil: a worker must not die because nobody can hear it.
func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.first = append(t.first, p[:min(len(p), keepFirst-len(t.first))]...)
	t.last = append(t.last, p...)
	if over := len(t.last) - keepLast; over > 0 {
		t.last = append(t.last[:0], t.last[over:]...)
	}
	return len(p), nil
}

func (t *transcript) reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.first, t.last = t.first[:0], t.last[:0]
}

// said returns the one line that says most: the reason of a Go crash, else the last line, or "" if there is none.
func (t *transcript) said() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	last := ""
	for _, part := range [][]byte{t.first, t.last} {
		for line := range strings.Lines(string(part)) {
			line = strings.TrimSpace(line)
			for _, start := range []string{"panic: ", "fatal error: ", "SIG"} {
				if strings.HasPrefix(line, start) {
					return printable(line, keepFirst)
				}
			}
			if line != "" {
				last = line
			}
		}
	}
	return printable(last, 200)
}
