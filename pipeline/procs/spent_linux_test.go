package procs

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestSpentIsTheCPUTimeOfLivingWorkers has one worker do some work, and compares with what the system says once it has
// ended.
func TestSpentIsTheCPUTimeOfLivingWorkers(t *testing.T) {
	p := newPool(t, Options{Workers: 1, Env: []string{faultName + "=faults"}})
	if spent, known := p.Spent(); spent != 0 || !known {
		t.Errorf("without workers: %v, known %v", spent, known)
	}
	echo(t, p, "good")
	before, known := p.Spent()
	for range 20 {
		echo(t, p, "good")
	}
	after, _ := p.Spent()
	if !known || before <= 0 || after <= before {
		t.Errorf("%v (known: %v), and %v after more work", before, known, after)
	}
	children := func() time.Duration {
		var r unix.Rusage
		if err := unix.Getrusage(unix.RUSAGE_CHILDREN, &r); err != nil {
			t.Fatal(err)
		}
		return time.Duration(r.Utime.Nano() + r.Stime.Nano())
	}
	others := children()
	p.Close()
	if spent, known := p.Spent(); spent != 0 || !known {
		t.Errorf("after the end: %v, known %v", spent, known)
	}
	if whole := children() - others; whole < after {
		t.Errorf("a worker had spent %v while it lived, and %v in all", after, whole)
	}
}
