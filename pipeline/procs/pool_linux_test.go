package procs

import (
	"os"
	"path/filepath"
	"testing"
)

func TestKillsForMemoryAreCountedInEitherKindOfGroup(t *testing.T) {
	for text, want := range map[string]int64{
		"low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 1\n": 2,
		"oom_kill_disable 0\nunder_oom 0\noom_kill 5\n":                5,
		"oom_kill many\n": -1,
		"oom 1\n":         -1,
		"":                -1,
	} {
		path := filepath.Join(t.TempDir(), "events")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, ok := counterIn(path); ok != (want >= 0) || ok && got != want {
			t.Errorf("%q: %d, %v; want %d", text, got, ok, want)
		}
	}
	if before := memoryKills(); before < 0 || memoryKills() < before {
		t.Errorf("it counts down from %d", before)
	}
}

func TestAProcessThatIsStoppedIsSeen(t *testing.T) {
	if isStopped(os.Getpid()) || isStopped(1<<30) {
		t.Error("a process that runs, or none, is said to be stopped")
	}
	if n := threads(os.Getpid()); n < 1 || n > 10_000 {
		t.Errorf("this process is said to have %d threads", n)
	}
}
