//go:build linux

package procs

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"imgpipe/transform"
)

// leave leaves a descriptor open that children inherit, as a shell does with 9<file.
func leave(t *testing.T, path string) {
	t.Helper()
	fd, err := unix.Open(path, unix.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
}

// TestAWorkerInheritsNothing has secrets in the environment and in open descriptors of the pool's process, and looks
// for them in a worker.
func TestAWorkerInheritsNothing(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("a secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		leave(t, secret)
	}
	t.Setenv("SECRET_TOKEN", "abc")
	t.Setenv("GODEBUG", "madvdontneed=0")
	for _, isolate := range []Isolate{IsolateAuto, IsolateOff} {
		t.Run(string(isolate), func(t *testing.T) {
			p := newPool(t, Options{Workers: 1, Isolate: isolate, Env: []string{faultName + "=faults"}})
			echo(t, p, "good")
			pid := p.Pids()[0]
			var names []string
			environ, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
			if err != nil {
				t.Fatal(err)
			}
			for v := range strings.SplitSeq(strings.TrimSuffix(string(environ), "\x00"), "\x00") {
				name, _, _ := strings.Cut(v, "=")
				names = append(names, name)
			}
			slices.Sort(names)
			want := []string{
				"GODEBUG", "GOMAXPROCS", "GORACE", cookieName, isolateName, mappedName, memoryName, faultName,
			}
			for _, name := range []string{"GOGC", "GOMEMLIMIT", "GOTRACEBACK", "GOCOVERDIR"} {
				if _, ok := os.LookupEnv(name); ok {
					want = append(want, name)
				}
			}
			slices.Sort(want)
			if !slices.Equal(names, want) {
				t.Errorf("its environment has %q, want %q", names, want)
			}
			entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				to, _ := os.Readlink(fmt.Sprintf("/proc/%d/fd/%s", pid, e.Name()))
				own := fmt.Sprintf("/proc/%d/task/", pid)
				clock := strings.HasPrefix(to, own) && strings.HasSuffix(to, "/schedstat")
				if !clock && !strings.HasPrefix(to, "pipe:") && !strings.HasPrefix(to, "anon_inode:") {
					t.Errorf("descriptor %s is %s, want pipes, its own clock, and what Go polls with", e.Name(), to)
				}
			}
		})
	}
}

// TestAWorkerHasNoCapability looks at every thread of a worker, in each mode of isolation; it shows something where
// root runs it.
func TestAWorkerHasNoCapability(t *testing.T) {
	for _, isolate := range []Isolate{IsolateAuto, IsolateOff} {
		p := newPool(t, Options{Workers: 1, Isolate: isolate, Env: []string{faultName + "=faults"}})
		echo(t, p, "good")
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", p.Pids()[0]))
		if err != nil || len(threads) == 0 {
			t.Fatalf("no threads: %v", err)
		}
		for _, path := range threads {
			status, _ := os.ReadFile(path)
			for line := range strings.Lines(string(status)) {
				name, value, _ := strings.Cut(strings.TrimSpace(line), ":\t")
				if name == "CapBnd" && os.Geteuid() != 0 {
					continue // only who may set capabilities can empty it; without new privileges it bounds nothing
				}
				if strings.HasPrefix(name, "Cap") && strings.Trim(value, "0") != "" {
					t.Errorf("isolate %s: %s is %s, want no capability", isolate, name, value)
				} else if name == "NoNewPrivs" && value != "1" {
					t.Errorf("isolate %s: it may gain privileges", isolate)
				}
			}
		}
	}
}

const replacedCommand = "__replaced"

// replacedMain is a program whose file is replaced and then removed while a pool of its own workers is at work, each
// worker for one image.
func replacedMain() int {
	p, err := New(Options{Workers: 2, Recycle: 1, gullible: true, Env: []string{faultName + "=faults"}})
	if err != nil {
		fmt.Println("make a pool:", err)
		return 1
	}
	defer p.Close()
	self, _ := os.Executable()
	for i := range 12 {
		switch i {
		case 4:
			err = os.WriteFile(self+".new", []byte("#!/bin/sh\nexit 9\n"), 0o755)
			if err == nil {
				err = os.Rename(self+".new", self)
			}
		case 8:
			err = os.Remove(self)
		}
		if err == nil {
			_, _, err = p.Do(context.Background(), transform.Task{Data: []byte("good")})
		}
		if err != nil {
			fmt.Printf("image %d: %v\n", i, err)
			return 1
		}
	}
	fmt.Printf("%d images, %d starts or more\n", 12, min(p.Usage().Ready, 12))
	return 0
}

func TestAReplacedProgramFileChangesNothing(t *testing.T) {
	program := filepath.Join(t.TempDir(), "program")
	if err := exec.Command("cp", os.Args[0], program).Run(); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(program, replacedCommand).CombinedOutput()
	if err != nil || string(out) != "12 images, 12 starts or more\n" {
		t.Errorf("%v: %s", err, out)
	}
}
