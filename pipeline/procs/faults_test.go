//go:build linux

package procs

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"imgpipe/pipeline/wire"
	"imgpipe/transform"
)

// This file runs in the worker processes of the tests: the test binary, started again. IMGPIPE_TEST_FAULT says what
// goes wrong with a worker as such. What goes wrong with one image is said by that image: its bytes are "fault NAME",
// or "once FILE NAME" for a fault that happens to the first worker that can make FILE, or "wait FILE" for an image
// that takes until FILE is there ("deaf FILE" closes the worker's input before and says so with FILE.deaf), or
// "escape NAMES DIR". What begins with "swallow" gives nothing; all other bytes come back as they are.

const faultName = "IMGPIPE_TEST_FAULT"

func faultyMain() int {
	fault := os.Getenv(faultName)
	switch fault {
	case "": // the tests that want the real thing
		return Main()
	case "taken":
		return MainThrough(takenOver)
	case "exit-before-hello":
		fmt.Fprintln(os.Stderr, "no such library")
		return 7
	case "no-hello":
		time.Sleep(time.Hour)
	case "garbage-hello":
		os.Stdout.WriteString("Welcome to imgpipe! This line is longer than a header.\n")
		time.Sleep(time.Hour)
	case "other-version":
		fw := wire.Writer{W: os.Stdout}
		fw.Begin(&wire.Hello{Version: wire.Version + 1}, 0)
		fw.Flush()
		time.Sleep(time.Hour)
	case "slow-hello":
		// A slow machine, not a wait for something. time.Sleep may open Go's poller, which Main closes with all that it
		// takes for inherited.
		unix.Nanosleep(&unix.Timespec{Nsec: 300e6}, nil)
	case "exit-after-hello":
		fw := wire.Writer{W: os.Stdout}
		fw.Begin(&wire.Hello{Version: wire.Version}, 0)
		fw.Flush()
		return 8
	case "no-seccomp":
		withoutCalls(unix.SYS_SECCOMP)
	case "no-landlock":
		withoutCalls(unix.SYS_LANDLOCK_CREATE_RULESET)
	case "deaf": // to the end of its input
		defer time.Sleep(time.Hour)
	case "stray-prints":
		defer fmt.Println("a farewell on standard output")
	case "answers-ahead":
		fw := wire.Writer{W: os.Stdout}
		fw.Begin(&wire.Hello{Version: wire.Version}, 0)
		for i := range 1000 {
			fw.Begin(&wire.Done{Task: uint64(i + 1), Busy: 1}, 0)
		}
		fw.Flush()
		time.Sleep(time.Hour)
	case "stops-reading", "closes-input":
		fw := wire.Writer{W: os.Stdout}
		fw.Begin(&wire.Hello{Version: wire.Version}, 0)
		fw.Flush()
		fr := wire.Reader{R: io.LimitReader(os.Stdin, 200)} // enough for the heads
		fr.Next()
		fr.Next()
		if fault == "closes-input" {
			os.Stdin.Close()
			time.Sleep(time.Hour)
		}
		fw.Begin(&wire.Done{Task: 1}, 0)
		fw.Flush()
		time.Sleep(time.Hour)
	}
	return serveMain(func(_ context.Context, task transform.Task) (transform.Result, error) {
		if fault == "stray-prints" {
			fmt.Println("a line on standard output")
			syscall.Write(1, []byte("another, below os.Stdout\n"))
		}
		if bytes.HasPrefix(task.Data, []byte("swallow")) {
			return transform.Result{}, nil
		}
		words := strings.Fields(string(task.Data[:min(len(task.Data), 1000)]))
		switch {
		case len(words) == 3 && words[0] == "once":
			if f, err := os.OpenFile(words[1], os.O_CREATE|os.O_EXCL, 0o600); err == nil {
				f.Close()
				happen(words[2], answersPipe())
			}
		case len(words) == 2 && (words[0] == "wait" || words[0] == "deaf"):
			if words[0] == "deaf" {
				os.Stdin.Close()
				os.WriteFile(words[1]+".deaf", nil, 0o600)
			}
			for {
				if _, err := os.Stat(words[1]); err == nil {
					break
				}
				time.Sleep(time.Millisecond)
			}
		case len(words) == 1 && words[0] == "who":
			return transform.Result{Outputs: []transform.Output{{Data: []byte(strconv.Itoa(os.Getpid()))}}}, nil
		case len(words) == 3 && words[0] == "escape":
			return transform.Result{Outputs: []transform.Output{{Data: tryEscapes(words[1], words[2])}}}, nil
		case len(words) == 2 && words[1] == "write-image":
			task.Data[0] = 'F'
		case len(words) == 2 && words[0] == "fault":
			happen(words[1], answersPipe())
		}
		return transform.Result{Outputs: []transform.Output{{Data: task.Data}}}, nil
	})
}

// answersPipe is the pipe on which this worker answers, beside its own use of it.
func answersPipe() *os.File {
	for fd := 3; fd < 64; fd++ {
		var st unix.Stat_t
		if unix.Fstat(fd, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFIFO {
			answers = os.NewFile(uintptr(fd), "answers") // kept, or the collector would close it
			return answers
		}
	}
	panic("there is no pipe for answers")
}

var (
	sink    []byte
	answers *os.File
)

func happen(fault string, out *os.File) {
	switch fault {
	case "exit3":
		fmt.Fprintln(os.Stderr, "codec: assertion failed")
		os.Exit(3)
	case "exit0":
		os.Exit(0)
	case "panic":
		panic("recovered by the worker")
	case "goroutine-panic":
		go panic("index out of its palette")
		select {}
	case "sigkill":
		unix.Tgkill(os.Getpid(), unix.Gettid(), syscall.SIGKILL)
		select {}
	case "sigsegv": // as a fault in C code would, so that the signal itself ends the process
		signalDefault(syscall.SIGSEGV)
	case "overflow":
		overflow(nil)
	case "out-of-memory":
		for {
			sink = append(sink, make([]byte, 8<<20)...)
		}
	case "eight-gibibytes":
		sink = make([]byte, eightGiB)
	case "threads":
		for range 2 * maxThreads {
			go func() {
				runtime.LockOSThread()
				unix.Nanosleep(&unix.Timespec{Sec: 3600}, nil)
			}()
		}
		time.Sleep(time.Hour)
	case "hang":
		time.Sleep(time.Hour)
	case "partial-answer":
		fw := wire.Writer{W: out}
		fw.Begin(&wire.Done{Task: 1}, 1000)
		fw.Flush([]byte("ten bytes…"))
		os.Exit(4)
	case "garbage":
		out.WriteString("<html>this is not a frame at all</html>")
		time.Sleep(time.Hour)
	case "huge-answer":
		out.Write([]byte("DONE\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\x7f"))
		time.Sleep(time.Hour)
	case "wrong-answer":
		fw := wire.Writer{W: out}
		fw.Begin(&wire.Done{Task: 1 << 40}, 0)
		fw.Flush()
		time.Sleep(time.Hour)
	case "closed-output":
		closeAllOutputs()
		time.Sleep(time.Hour)
	case "chatter":
		for range 1000 {
			fmt.Fprintln(os.Stderr, strings.Repeat("chatter ", 20))
		}
		fmt.Fprintln(os.Stderr, "the last line")
		os.Exit(5)
	}
}

// overflow goes deeper until it meets the hour, which no stack lasts for.
func overflow(up *[64]byte) byte {
	var here [64]byte
	if up != nil {
		here[0] = up[0] + 1
	}
	if time.Since(started) > time.Hour {
		return here[0]
	}
	return overflow(&here) + here[1]
}

var started = time.Now()

// signalDefault ends the process by a signal that Go would otherwise make a panic of: the kernel ends a process whose
// blocked signal a fault raises.
func signalDefault(s syscall.Signal) {
	runtime.LockOSThread()
	mask := unix.Sigset_t{}
	mask.Val[(s-1)/64] |= 1 << ((s - 1) % 64)
	unix.PthreadSigmask(unix.SIG_BLOCK, &mask, nil)
	var nowhere *byte
	*nowhere = 1
}

// closeAllOutputs closes every descriptor that leads to the pool's end of the output.
func closeAllOutputs() {
	for fd := 3; fd < 64; fd++ {
		var st unix.Stat_t
		if unix.Fstat(fd, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFIFO {
			unix.Close(fd)
		}
	}
}
