package store

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"imgpipe/transform"
)

// swapKillVariable has the folders of a run in place, and the call at which it kills itself.
const swapKillVariable = "IMGPIPE_TEST_SWAP_KILL"

// TestSwapKillChild is the run that TestRunInPlaceSurvivesSIGKILL kills; without the variable it is no test.
func TestSwapKillChild(t *testing.T) {
	told := strings.Split(os.Getenv(swapKillVariable), "\n")
	if len(told) != 4 {
		t.Skip("this is the child of another test")
	}
	at, err := strconv.Atoi(told[2])
	if err != nil {
		t.Fatal(err)
	}
	o := swapKillOptions(told[3])
	calls := 0
	o.Fault = func(string, string) error {
		if calls++; calls == at {
			unix.Kill(os.Getpid(), unix.SIGKILL)
			select {}
		}
		return nil
	}
	swapAll(t, told[0], told[1], o)
	fmt.Println("calls", calls)
}

func swapKillOptions(kind string) Options {
	if kind == "other format" {
		return quality(50, transform.PNG)
	}
	return quality(50)
}

// TestRunInPlaceSurvivesSIGKILL ends a process with the signal, at each call in turn until it comes to its end.
func TestRunInPlaceSurvivesSIGKILL(t *testing.T) {
	step := 1
	if testing.Short() {
		step = 6
	}
	for _, kind := range []string{"same format", "other format"} {
		o := swapKillOptions(kind)
		for kill := 1; ; kill += step {
			photos, originals, files := linked(t)
			cmd := exec.Command(os.Args[0], "-test.run=^TestSwapKillChild$")
			cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s\n%s\n%d\n%s", swapKillVariable, photos, originals, kill,
				kind))
			said, err := cmd.CombinedOutput()
			if err == nil {
				if !strings.Contains(string(said), "calls ") || kill < 20 {
					t.Errorf("the child has ended before call %d: %s", kill, said)
				}
				break
			}
			if exit, ok := err.(*exec.ExitError); !ok || exit.String() != "signal: killed" {
				t.Fatalf("%v: %s", err, said)
			}
			when := fmt.Sprintf("%s, SIGKILL at call %d", kind, kill)
			wantNothingLost(t, when, photos, originals, files, o)
			wantContinued(t, when, photos, originals, files, o)
		}
	}
}

// TestOriginalsOnAnotherDiskAreCopies: a link cannot lead there.
func TestOriginalsOnAnotherDiskAreCopies(t *testing.T) {
	originals, err := os.MkdirTemp("/dev/shm", "imgpipe-test-")
	if err != nil {
		t.Skip("there is no other disk:", err)
	}
	t.Cleanup(func() { os.RemoveAll(originals) })
	photos := t.TempDir()
	write(t, photos, album)
	if os.Link(filepath.Join(photos, "a.JPG"), filepath.Join(originals, "probe")) == nil {
		t.Skip("this is one disk with that of temporary files")
	}
	old := time.Unix(1e9, 5e8)
	before := map[string]os.FileInfo{}
	for _, item := range listOf(t, photos) {
		if err := errors.Join(os.Chmod(item.Source, 0o640), os.Chtimes(item.Source, old, old)); err != nil {
			t.Fatal(err)
		}
		before[item.Source[len(photos):]], _ = os.Stat(item.Source)
	}
	o := quality(50)
	swapAll(t, photos, originals, o)
	wantTree(t, photos, made(album, o))
	wantTree(t, originals, album)
	for name, was := range before {
		kept, err := os.Stat(originals + name)
		if err != nil || os.SameFile(kept, was) || kept.Mode() != was.Mode() || !kept.ModTime().Equal(old) {
			t.Errorf("%s is kept as %+v, %v", name, kept, err)
		}
	}
}
