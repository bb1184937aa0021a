//go:build linux

package procs

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"imgpipe/transform"
)

// An escape is what code that has taken over a worker might try, in the worker, on what the test has named for it.
type escape struct {
	name string
	try  func(target string) error
	// refused is the errno that an isolated worker gets.
	refused error
	// open tells that a worker without isolation can do it everywhere, which shows that the attempt is a real one.
	open bool
}

var escapes = []escape{
	{"open a system file", func(string) error { return openFile("/etc/passwd", unix.O_RDONLY) }, unix.EPERM, true},
	{"read the memory of the parent",
		func(string) error { return openFile(fmt.Sprintf("/proc/%d/mem", parentPid()), unix.O_RDONLY) },
		unix.EPERM, false},
	{"list the output folder",
		func(dir string) error { return openFile(dir, unix.O_RDONLY|unix.O_DIRECTORY) }, unix.EPERM, true},
	{"write to the output folder",
		func(dir string) error { return openFile(dir+"/new", unix.O_CREAT|unix.O_WRONLY) }, unix.EPERM, true},
	{"rename an output", func(dir string) error { return unix.Rename(dir+"/output", dir+"/other") }, unix.EPERM, true},
	{"remove an output", func(dir string) error { return unix.Unlink(dir + "/second") }, unix.EPERM, true},
	{"connect to loopback", connectTo, unix.EPERM, true},
	{"start a program", startProgram, unix.EPERM, true},
	{"exec a shell",
		func(string) error { return unix.Exec("/bin/sh", []string{"sh", "-c", "exit 9"}, nil) }, unix.EPERM, false},
	{"fork", func(string) error { return fork(uintptr(unix.SIGCHLD)) }, unix.EPERM, true},
	{"clone into a new user namespace",
		func(string) error { return fork(unix.CLONE_NEWUSER | uintptr(unix.SIGCHLD)) }, unix.EPERM, false},
	{"start a thread in a new user namespace",
		func(string) error { return startThread(unix.CLONE_NEWUSER) }, unix.EPERM, false},
	{"start a thread in a new mount namespace",
		func(string) error { return startThread(unix.CLONE_NEWNS) }, unix.EPERM, false},
	{"start a thread in a new time namespace",
		func(string) error { return startThread(unix.CLONE_NEWTIME) }, unix.EPERM, false},
	{"leave its namespaces", func(string) error { return unix.Unshare(unix.CLONE_NEWUSER) }, unix.EPERM, false},
	{"enter another namespace", func(string) error { return unix.Setns(0, 0) }, unix.EPERM, false},
	{"have memory merged with that of others",
		func(string) error { return advise(unix.MADV_MERGEABLE) }, unix.EPERM, true},
	{"punch a hole into memory", func(string) error { return advise(unix.MADV_REMOVE) }, unix.EPERM, false},
	{"take memory away from a page", func(string) error { return advise(101) }, unix.EPERM, false},
	{"clone by a call that hides its flags",
		func(string) error { return rawCall(unix.SYS_CLONE3) }, unix.ENOSYS, false},
	{"signal the parent", func(string) error { return unix.Kill(parentPid(), 0) }, unix.EPERM, true},
	{"trace the parent", func(string) error { return unix.PtraceAttach(parentPid()) }, unix.EPERM, false},
	{"open files by io_uring", func(string) error { return rawCall(unix.SYS_IO_URING_SETUP) }, unix.EPERM, false},
	{"mount", func(dir string) error { return unix.Mount("none", dir, "tmpfs", 0, "") }, unix.EPERM, false},
	{"load a program into the kernel", func(string) error { return rawCall(unix.SYS_BPF) }, unix.EPERM, false},
	{"make memory that can be run as a program",
		func(string) error { return rawCall(unix.SYS_MEMFD_CREATE) }, unix.EPERM, false},
	{"raise its limits", func(string) error {
		return unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY})
	}, unix.EPERM, false},
	{"take a descriptor's signals to the parent", func(string) error {
		_, err := unix.FcntlInt(0, unix.F_SETOWN, parentPid())
		return err
	}, unix.EPERM, true},
	{"allocate 8 GiB", func(string) error {
		_, err := unix.Mmap(-1, 0, eightGiB, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
		return err
	}, unix.ENOMEM, false},
}

// eightGiB is as much of that as an int holds.
const eightGiB = int(min(8<<30, math.MaxInt))

func openFile(path string, flags int) error {
	fd, err := unix.Open(path, flags|unix.O_CLOEXEC, 0o600)
	if err == nil {
		unix.Close(fd)
	}
	return err
}

func connectTo(dir string) error {
	text, err := os.ReadFile(dir + "/port")
	port, _ := strconv.Atoi(string(text))
	if err != nil {
		port = 1 // a port is not needed to be refused
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Connect(fd, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}})
}

func startProgram(string) error {
	pid, err := syscall.ForkExec("/bin/true", []string{"true"}, &syscall.ProcAttr{})
	if err == nil {
		syscall.Wait4(pid, nil, 0, nil)
	}
	return err
}

func fork(flags uintptr) error {
	pid, _, errno := syscall.RawSyscall6(unix.SYS_CLONE, flags, 0, 0, 0, 0, 0)
	if errno != 0 {
		return errno
	}
	if pid == 0 {
		for {
			syscall.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
		}
	}
	syscall.Wait4(int(pid), nil, 0, nil)
	return nil
}

// startThread has the kernel refuse, or say that it cannot have, a thread with these flags: it is never started.
func startThread(flags uintptr) error {
	const thread = unix.CLONE_VM | unix.CLONE_FS | unix.CLONE_FILES | unix.CLONE_SIGHAND | unix.CLONE_THREAD
	if _, _, errno := syscall.RawSyscall6(unix.SYS_CLONE, thread|flags, 0, 0, 0, 0, 0); errno != 0 {
		return errno
	}
	for { // the new thread, on the stack of the old one
		syscall.RawSyscall(unix.SYS_EXIT_GROUP, 9, 0, 0)
	}
}

func advise(advice int) error {
	page, err := unix.Mmap(-1, 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return err
	}
	defer unix.Munmap(page)
	return unix.Madvise(page, advice)
}

func rawCall(number uintptr) error {
	var nothing [256]byte
	if _, _, errno := syscall.Syscall6(number, 1, uintptr(unsafe.Pointer(&nothing)), 0, 0, 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// parentPid is that of the pool, found before the worker was confined, which can no longer ask.
func parentPid() int { return parentAtStart }

var parentAtStart = os.Getppid()

// tryEscapes runs in the worker. It gives a line for each attempt: its name, a tab, and the errno or "done".
func tryEscapes(names, target string) []byte {
	var said bytes.Buffer
	for _, e := range escapes {
		if names != "all" && !strings.Contains(names, strings.ReplaceAll(e.name, " ", "-")) {
			continue
		}
		result := "done"
		if err := e.try(target); err != nil {
			result = err.Error()
			if errno, ok := errors.AsType[syscall.Errno](err); ok {
				result = unix.ErrnoName(errno)
			}
		}
		fmt.Fprintf(&said, "%s\t%s\n", e.name, result)
	}
	return said.Bytes()
}

// escapeFrom has a worker of a pool try to escape, and gives the result of each attempt.
func escapeFrom(t *testing.T, p *Pool, which ...string) map[string]string {
	t.Helper()
	dir := t.TempDir()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	port := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	for name, text := range map[string]string{"output": "an output", "second": "another", "port": port} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	names := "all"
	if len(which) > 0 {
		names = strings.ReplaceAll(strings.Join(which, ","), " ", "-")
	}
	result, _, err := p.Do(t.Context(), transform.Task{Data: []byte("escape " + names + " " + dir)})
	if err != nil {
		t.Fatal(err)
	}
	results := map[string]string{}
	for line := range strings.Lines(string(result.Outputs[0].Data)) {
		name, how, _ := strings.Cut(strings.TrimSpace(line), "\t")
		results[name] = how
	}
	return results
}

func TestEscapeIsRefused(t *testing.T) {
	p := newPool(t, Options{
		Workers: 1, Isolate: IsolateStrict, WorkerMemory: 256 << 20, Env: []string{faultName + "=faults"},
	})
	said, err := p.Isolation(t.Context())
	if err != nil {
		t.Skipf("this system cannot isolate a worker: %v", err)
	}
	t.Logf("isolation: %s", said)
	results := escapeFrom(t, p)
	for _, e := range escapes {
		t.Logf("%-42s %s", e.name, results[e.name])
		if want := unix.ErrnoName(e.refused.(syscall.Errno)); results[e.name] != want {
			t.Errorf("%s: %q, want %s", e.name, results[e.name], want)
		}
	}
}

func TestEscapeIsPossibleWithoutIsolation(t *testing.T) {
	p := newPool(t, Options{Workers: 1, Isolate: IsolateOff, Env: []string{faultName + "=faults"}})
	var which []string
	for _, e := range escapes {
		if e.open {
			which = append(which, e.name)
		}
	}
	for name, how := range escapeFrom(t, p, which...) {
		if how != "done" {
			t.Errorf("%s: %s; the attempt shows nothing where isolation refuses it", name, how)
		}
	}
}

func TestEscapeIsRefusedByLandlockAlone(t *testing.T) {
	p := newPool(t, Options{Workers: 1, Isolate: IsolateAuto, Env: []string{faultName + "=no-seccomp"}})
	said, err := p.Isolation(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if said != "no files, no TCP (landlock)" {
		t.Skipf("this system has no Landlock that knows TCP: isolation is %q", said)
	}
	tried := escapeFrom(t, p, "open a system file", "list the output folder", "write to the output folder",
		"remove an output", "connect to loopback")
	for name, how := range tried {
		t.Logf("%-42s %s", name, how)
		if how != "EACCES" {
			t.Errorf("%s: %s, want EACCES", name, how)
		}
	}
}

func TestIsolationThatIsNotToBeHad(t *testing.T) {
	for _, tt := range []struct {
		fault string
		says  string
	}{
		{"no-seccomp", "filter system calls with seccomp: function not implemented"},
		{"no-landlock", "give up files with landlock: "},
	} {
		t.Run(tt.fault, func(t *testing.T) {
			strict := newPool(t, Options{Workers: 1, Isolate: IsolateStrict, Env: []string{faultName + "=" + tt.fault}})
			_, err := strict.Isolation(t.Context())
			if _, ok := errors.AsType[*StartError](err); !ok || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error %v, want a StartError that says %q", err, tt.says)
			}
			if _, _, err := strict.Do(t.Context(), transform.Task{}); err == nil {
				t.Error("an image was done without the isolation that was asked for")
			}
			auto := newPool(t, Options{Workers: 1, Env: []string{faultName + "=" + tt.fault}})
			echo(t, auto, "good")
		})
	}
}

func TestOptionsThatMakeNoSenseAreRefused(t *testing.T) {
	for _, opts := range []Options{{Isolate: "perhaps"}, {WorkerMemory: -1}} {
		if p, err := New(opts); err == nil || !strings.Contains(err.Error(), "expected") {
			p.Close()
			t.Errorf("%+v: error %v, want one that says what was expected", opts, err)
		}
	}
}

// withoutCalls has this process live on a kernel that has not these calls.
func withoutCalls(calls ...uint32) {
	program := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: atCall}}
	for _, call := range calls {
		program = append(program,
			unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: call, Jf: 1},
			unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)})
	}
	program = append(program, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW})
	if err := installFilter(program); err != nil {
		panic(err)
	}
}
