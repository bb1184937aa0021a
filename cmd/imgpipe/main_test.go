package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"imgpipe/cmd/imgpipe/internal/drill"
	"imgpipe/cmd/imgpipe/internal/peer"
	"imgpipe/pipeline/procs"
	"imgpipe/samples"
)

// asProgram in the environment makes the test binary the program itself.
const asProgram = "IMGPIPE_TEST_AS_PROGRAM"

// atOnce in the environment lets a program with the race detector end at once, and not after a second.
const atOnce = "GORACE"

// program returns the command `imgpipe ARGS…`, which is killed when ctx is over.
func program(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	return cmd
}

func TestMain(m *testing.M) {
	if procs.IsWorker() {
		os.Exit(drill.WorkerMain())
	}
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Setenv(atOnce, "atexit_sleep_ms=0")
	hearSignals()
	testscript.Main(m, map[string]func(){"imgpipe": main})
}

// hearSignals has the programs that tests start hear all signals, even if this process was started with some of them
// ignored, as by nohup or in the background of a script. A signal that has a handler here is not ignored there.
func hearSignals() {
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGHUP} {
		if signal.Ignored(sig) {
			signal.Notify(make(chan os.Signal, 1), sig)
		}
	}
}

// TestScripts runs the command lines of testdata, a file for each thing that a user does. Each script finds pictures in
// photos/, the odd and broken files in awkward/, and a sample server at $SERVER. Commands find the server under
// serverKey.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata",
		Setup:         setup,
		UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status":      status,
			"until-asked": untilAsked,
			"same-files":  sameFiles,
		},
		Condition: condition,
	})
}

// condition reports whether [pillow] holds: there is a Python that has Pillow.
func condition(name string) (bool, error) {
	if name != "pillow" {
		return false, fmt.Errorf("there is no condition %q", name)
	}
	_, err := peer.Find(context.Background(), os.Getenv(pythonKey))
	return err == nil, nil
}

type serverKey struct{}

func setup(env *testscript.Env) error {
	for _, p := range []struct {
		name string
		w, h int
	}{{"a.jpg", 120, 80}, {"b.png", 64, 64}, {"trip/c.jpg", 80, 120}, {"trip/day 2/d.jpeg", 100, 50}} {
		if err := writePicture(filepath.Join(env.WorkDir, "photos", p.name), p.w, p.h); err != nil {
			return err
		}
	}
	for _, f := range samples.Awkward() {
		path := filepath.Join(env.WorkDir, "awkward", f.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			return err
		}
	}
	srv := new(samples.Server)
	url, err := srv.Start("")
	if err != nil {
		return err
	}
	env.Defer(func() { srv.Close() })
	env.Values[serverKey{}] = srv
	env.Setenv("SERVER", url)
	env.Setenv(atOnce, os.Getenv(atOnce))
	return nil
}

func writePicture(path string, w, h int) error {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetNRGBA(x, y, color.NRGBA{uint8(2 * x), uint8(3 * y), uint8(x * y / 16), 255})
		}
	}
	var b bytes.Buffer
	encode := func() error { return jpeg.Encode(&b, img, nil) }
	if filepath.Ext(path) == ".png" {
		encode = func() error { return png.Encode(&b, img) }
	}
	if err := encode(); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o644)
}

// status runs a program and wants an exit status: status 2 imgpipe run.
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N PROGRAM [ARG...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// untilAsked waits until the server has had so many requests: until-asked 4.
func untilAsked(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: until-asked N")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	srv := ts.Value(serverKey{}).(*samples.Server)
	for range 3000 {
		if int(srv.Counts().Requests) >= want {
			return
		}
		<-time.After(10 * time.Millisecond)
	}
	ts.Fatalf("the server had %d requests within 30s, want %d", srv.Counts().Requests, want)
}

// sameFiles wants two folders to hold the same files with the same bytes, but for the ledger.
func sameFiles(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: same-files DIR DIR")
	}
	a, b := tree(ts, args[0]), tree(ts, args[1])
	for name, data := range a {
		if other, ok := b[name]; !ok || other != data {
			ts.Fatalf("%s is not the same in %s and %s", name, args[0], args[1])
		}
	}
	if len(a) != len(b) || len(a) == 0 {
		ts.Fatalf("%s has %d files, %s has %d", args[0], len(a), args[1], len(b))
	}
}

func tree(ts *testscript.TestScript, dir string) map[string]string {
	files := map[string]string{}
	root := ts.MkAbs(dir)
	ts.Check(filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "imgpipe.jsonl" {
			return err
		}
		b, err := os.ReadFile(path)
		files[path[len(root):]] = string(b)
		return err
	}))
	return files
}
