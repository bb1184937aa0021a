package store

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/transform"
)

// smallDisk mounts a file system of so many bytes.
func smallDisk(t *testing.T, bytes int) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", bytes)); err != nil {
		t.Skip("a file system cannot be mounted here:", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// putAll puts items of 8 KB and records them, but for those that are done, until an error.
func putAll(t *testing.T, s *Store, items int) (done int, err error) {
	n := newNamer(t, NameOptions{})
	for i := range items {
		source := fmt.Sprintf("%03d.png", i)
		name, err := n.Plan(Subject{Item: fetch.Item{Index: i, Source: source, Dir: "d"}})
		if err != nil {
			t.Fatal(err)
		}
		e := Entry{Status: pipeline.Done, Source: source, Name: name.String()}
		if _, ok := s.Done(e.Key()); !ok {
			name.file = ""
			flight, err := s.Begin(e.Key())
			if err != nil {
				return done, err
			}
			if e.Outputs, err = s.Put(name, eightKB(source)); err != nil {
				return done, err
			}
			s.End(flight)
			if err := s.Append(e); err != nil {
				return done, err
			}
		}
		done++
	}
	return done, nil
}

func eightKB(source string) transform.Output {
	return jpg(strings.Repeat(source+"\n", 8000/(len(source)+1)))
}

// TestRealDiskIsFull fills a small file system at every number of bytes left, makes space, and goes on.
func TestRealDiskIsFull(t *testing.T) {
	const items = 20
	for _, space := range []int{4, 8, 12, 40, 44, 60, 100, 104} { // pages of 4 KB decide
		disk := smallDisk(t, 1<<20)
		filler := filepath.Join(disk, "filler")
		if err := os.WriteFile(filler, make([]byte, 1<<20-space<<10), 0o644); err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(disk, "out")
		done := 0
		s, err := Open(dir, Options{})
		if err == nil {
			done, err = putAll(t, s, items)
			s.Close() // which may find no space either
		}
		wantClass(t, err, pipeline.ClassDiskFull, true)
		for name, text := range tree(t, dir) {
			if want := string(eightKB(strings.TrimSuffix(filepath.Base(name), ".jpg") + ".png").Data); text != want {
				t.Errorf("%d kB: %s has %d bytes, want %d", space, name, len(text), len(want))
			}
		}
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
		s = open(t, dir, Options{})
		before := 0
		for i := range items {
			source := fmt.Sprintf("%03d.png", i)
			if _, ok := s.Done(Key{Source: source, Name: fmt.Sprintf("d/%03d.{ext}", i)}); ok {
				before++
			}
		}
		if before != done {
			t.Errorf("%d kB: the ledger tells of %d items, want the %d that were done", space, before, done)
		}
		if n, err := putAll(t, s, items); n != items || err != nil {
			t.Errorf("%d kB: after space was made: %d of %d done: %v", space, n, items, err)
		}
		if got := len(tree(t, dir)); got != items {
			t.Errorf("%d kB: after space was made: %d files, want %d", space, got, items)
		}
		s.Close()
	}
}

// TestFileSystemTurnsReadOnly is what Linux does to a disk with faults.
func TestFileSystemTurnsReadOnly(t *testing.T) {
	disk := smallDisk(t, 1<<20)
	dir := filepath.Join(disk, "out")
	s := open(t, dir, Options{})
	if _, err := putAll(t, s, 3); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if err := unix.Mount("", disk, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Skip("a file system cannot be made read-only here:", err)
	}
	_, err := Open(dir, Options{})
	wantClass(t, err, pipeline.ClassNotWritable, true)
	reader := open(t, dir, Options{ReadOnly: true})
	if _, ok := reader.Done(Key{Source: "000.png", Name: "d/000.{ext}"}); !ok {
		t.Error("a dry run does not see what is done")
	}
	reader.Close()
	if err := unix.Mount("", disk, "", unix.MS_REMOUNT, ""); err != nil {
		t.Fatal(err)
	}
	if n, err := putAll(t, open(t, dir, Options{}), 5); n != 5 || err != nil {
		t.Errorf("after the disk was mended: %d of 5 done: %v", n, err)
	}
}

// killedVariable has this test's own program be the run that is killed.
const killedVariable = "IMGPIPE_STORE_KILLED"

// TestProcessKilledAtAnyMomentContinues kills a process that puts files, with SIGKILL, as often as it takes it to end.
func TestProcessKilledAtAnyMomentContinues(t *testing.T) {
	const items = 400
	if dir := os.Getenv(killedVariable); dir != "" {
		s := open(t, dir, Options{})
		if n, err := putAll(t, s, items); n != items || err != nil {
			t.Fatal(n, err)
		}
		s.Acquit() // as a run does that comes to its end: a kill at its very beginning looks like a stop of the machine
		return
	}
	dir := t.TempDir()
	kills, rnd := 0, rand.New(rand.NewPCG(1, 1))
	for {
		cmd := exec.Command(os.Args[0], "-test.run=^TestProcessKilledAtAnyMomentContinues$")
		cmd.Env = append(os.Environ(), killedVariable+"="+dir)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// Any moment will do; a longer one each time, so that it ends.
		timer := time.AfterFunc(time.Duration(20+10*kills+rnd.IntN(20))*time.Millisecond,
			func() { _ = cmd.Process.Kill() })
		err := cmd.Wait()
		timer.Stop()
		for name, text := range tree(t, dir) {
			if strings.HasPrefix(name, TempName) {
				continue
			}
			if text != string(eightKB(strings.TrimSuffix(filepath.Base(name), ".jpg")+".png").Data) {
				t.Fatalf("after %d kills: %s is not whole", kills, name)
			}
		}
		if err == nil {
			break
		}
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != -1 {
			t.Fatalf("after %d kills: %v", kills, err)
		}
		kills++
	}
	if kills == 0 {
		t.Error("it was too fast to be killed")
	}
	s := open(t, dir, Options{})
	if w := s.Warnings(); len(w) > 0 {
		t.Errorf("after the end: %q", w)
	}
	want := map[string]string{}
	for i := range items {
		want[fmt.Sprintf("d/%03d.jpg", i)] = string(eightKB(fmt.Sprintf("%03d.png", i)).Data)
	}
	s.Close()
	if got := tree(t, dir); !maps.Equal(got, want) {
		t.Errorf("%d files, want %d", len(got), len(want))
	}
	t.Logf("killed %d times", kills)
}
