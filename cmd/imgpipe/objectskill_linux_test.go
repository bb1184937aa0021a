package main

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/pipeline/store"
)

// TestAKilledRunIntoABucketContinues kills a run at random moments, and gives the same command until it ends: the
// objects are those of a calm run, and the ledger has one line for each input, which is true of its objects.
func TestAKilledRunIntoABucketContinues(t *testing.T) {
	server := newObjectServer(t)
	in, calm := t.TempDir(), filepath.Join(t.TempDir(), "out")
	const pictures = 24
	noisy(t, in, pictures)
	args := func(mode, out string) []string {
		return []string{"run", "-q", "-m", mode, "-w", "2", "-o", out, "--size", "100", "--size", "50", in}
	}
	if b, err := program(t.Context(), args(modes.Goroutines, calm)...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, b)
	}
	want := filesOnly(t, calm)
	moments := *killMoments
	if testing.Short() {
		moments = 2
	}
	for _, mode := range []string{modes.Goroutines, modes.Processes} {
		began := time.Now()
		if b, err := program(t.Context(), args(mode, "s3://bucket/calm-"+mode)...).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, b)
		}
		took := time.Since(began)
		for i := range moments {
			prefix := mode + strconv.Itoa(i)
			kills := 0
			for ; kills < 3; kills++ { // of one command, one after the other
				cmd := program(t.Context(), args(mode, "s3://bucket/"+prefix)...)
				cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				<-time.After(rand.N(took)) // any moment will do
				_ = cmd.Process.Signal(os.Kill)
				_ = cmd.Wait() // it was killed, unless it was faster
			}
			if b, err := program(t.Context(), args(mode, "s3://bucket/"+prefix)...).CombinedOutput(); err != nil {
				t.Fatalf("the same command after %d kills: %v\n%s", kills, err, b)
			}
			if got := server.outputs(t, prefix); !maps.Equal(got, want) {
				t.Errorf("%s: %d objects, want the %d of a calm run", prefix, len(got), len(want))
			}
			lines := map[string]int{}
			for _, e := range server.ledger(t, prefix) {
				if e.Status == store.Left { // an object without a line when the run was killed
					continue
				}
				lines[e.Source]++
				for _, o := range e.Outputs {
					if sum := sha256.Sum256([]byte(want["/"+o.Path])); o.SHA256 != hex.EncodeToString(sum[:]) {
						t.Errorf("%s: the ledger has %s with the SHA-256 %s", prefix, o.Path, o.SHA256)
					}
				}
			}
			for source, n := range lines {
				if n != 1 {
					t.Errorf("%s: the ledger has %d lines for %s", prefix, n, source)
				}
			}
			if len(lines) != pictures {
				t.Errorf("%s: the ledger has lines for %d inputs, want %d", prefix, len(lines), pictures)
			}
		}
	}
}
