package main

import (
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/jpeg"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"imgpipe/cmd/imgpipe/internal/modes"
)

var killMoments = flag.Int("kill.moments", 5, "how many times TestKilledRunContinues kills a run in each mode")

// noisy writes n pictures that take a while to decode. Among ten there are no two alike.
func noisy(t *testing.T, dir string, n int) {
	t.Helper()
	rnd := rand.NewChaCha8([32]byte{})
	img := image.NewNRGBA(image.Rect(0, 0, 400, 300))
	var pictures [10]bytes.Buffer
	for i := range min(n, len(pictures)) {
		rnd.Read(img.Pix)
		if err := jpeg.Encode(&pictures[i], img, nil); err != nil {
			t.Fatal(err)
		}
	}
	for i := range n {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%03d.jpg", i)), pictures[i%len(pictures)].Bytes(),
			0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// children returns the processes whose parent is pid.
func children(pid int) (pids []int) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		if state, parent := statOf(path); parent == pid && state != "Z" {
			child, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			pids = append(pids, child)
		}
	}
	return pids
}

// statOf returns the state and the parent of a process; "" once it is gone.
func statOf(path string) (state string, parent int) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", 0
	}
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(fields) < 2 {
		return "", 0
	}
	parent, _ = strconv.Atoi(fields[1])
	return fields[0], parent
}

// gone waits until a process has ended; a zombie has.
func gone(pid int) bool {
	for range 1000 {
		if state, _ := statOf(fmt.Sprintf("/proc/%d/stat", pid)); state == "" || state == "Z" || state == "X" {
			return true
		}
		<-time.After(10 * time.Millisecond)
	}
	return false
}

func TestKilledRunContinues(t *testing.T) {
	moments := *killMoments
	if testing.Short() {
		moments = min(moments, 2)
	}
	in := t.TempDir()
	noisy(t, in, 40)
	args := func(mode, out string) []string {
		return []string{"run", "-q", "-m", mode, "-w", "2", "-o", out, "--size", "100", "--size", "50", in}
	}
	for _, mode := range []string{modes.Goroutines, modes.Processes} {
		t.Run(mode, func(t *testing.T) {
			calm := filepath.Join(t.TempDir(), "out")
			began := time.Now()
			if b, err := program(t.Context(), args(mode, calm)...).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, b)
			}
			took := time.Since(began)
			want := files(t, calm)
			if len(want) != 80 {
				t.Fatalf("%d outputs, want 80", len(want))
			}
			for range moments {
				out := filepath.Join(t.TempDir(), "out")
				cmd := program(t.Context(), args(mode, out)...)
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				<-time.After(rand.N(took)) // any moment will do
				workers := children(cmd.Process.Pid)
				if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
					t.Fatal(err)
				}
				_ = cmd.Wait() // it was killed, unless it was faster
				for _, pid := range workers {
					if !gone(pid) {
						t.Errorf("worker %d outlived its parent", pid)
					}
				}
				if b, err := program(t.Context(), args(mode, out)...).CombinedOutput(); err != nil {
					t.Fatalf("the same command after a kill: %v\n%s", err, b)
				}
				if got := files(t, out); !maps.Equal(got, want) {
					t.Errorf("%d files after a kill and the same command, want the %d of a calm run", len(got),
						len(want))
				}
			}
		})
	}
}

// TestKilledWorkersLoseNothing kills workers at random while a run goes on.
func TestKilledWorkersLoseNothing(t *testing.T) {
	in := t.TempDir()
	noisy(t, in, 250)
	out, calm := filepath.Join(t.TempDir(), "out"), filepath.Join(t.TempDir(), "out")
	began := time.Now()
	if b, err := program(t.Context(), "run", "-q", "-o", calm, "--resize", "100", in).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, b)
	}
	// There are about as many kills on a slow machine. Between two, an image must have time to be tried again: one that
	// is under way at five kills fails.
	pause := time.Since(began) / 20
	var said bytes.Buffer
	cmd := program(t.Context(), "run", "-m", "processes", "-w", "2", "-o", out, "--resize", "100", in)
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	kills := 0
	for {
		select {
		case err := <-ended:
			if err != nil {
				t.Fatalf("after %d kills: %v\n%s", kills, err, &said)
			}
			if got := files(t, out); !maps.Equal(got, files(t, calm)) {
				t.Errorf("the outputs are not those of a calm run")
			}
			if kills == 0 {
				t.Error("no worker was killed: the run was too short")
			}
			t.Logf("%d workers killed, nothing lost:\n%s", kills, &said)
			return
		case <-time.After(pause):
			for _, pid := range children(cmd.Process.Pid) {
				if (kills == 0 || rand.N(4) == 0) && syscall.Kill(pid, syscall.SIGKILL) == nil {
					kills++
				}
			}
		}
	}
}
