package usage_test

import (
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"imgpipe/cmd/imgpipe/internal/usage"
)

// holdName in the environment makes this program one that holds memory as it is told on standard input.
const holdName = "USAGE_TEST_HOLD"

// TestMain lets tests start this program as their child.
func TestMain(m *testing.M) {
	if os.Getenv(holdName) != "" {
		hold()
		return
	}
	if os.Getenv(beganName) != "" {
		sayBegan()
		return
	}
	os.Exit(m.Run())
}

func TestSpentCountsThisProcessAndItsChildren(t *testing.T) {
	if os.Getenv("USAGE_TEST_CHILD") != "" {
		burn(100 * time.Millisecond)
		return
	}
	before := usage.Spent()
	burn(50 * time.Millisecond)
	own := usage.Spent().Sub(before)
	if own.Total() < 40*time.Millisecond {
		t.Errorf("own CPU time %v after burning 50ms of it", own.Total())
	}
	if runtime.GOOS == "windows" {
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=TestSpentCountsThisProcessAndItsChildren")
	cmd.Env = append(os.Environ(), "USAGE_TEST_CHILD=1")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	if with := usage.Spent().Sub(before); with.Total() < own.Total()+80*time.Millisecond {
		t.Errorf("CPU time %v with a child that burnt 100ms, %v without", with.Total(), own.Total())
	}
}

// burn spends CPU time, as the kernel counts it, not time on the clock.
func burn(d time.Duration) {
	for start := usage.Spent(); usage.Spent().Sub(start).Total() < d; {
	}
}
