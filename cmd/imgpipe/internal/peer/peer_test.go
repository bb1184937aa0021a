package peer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

func TestMain(m *testing.M) {
	if IsLoops() {
		os.Exit(LoopsMain())
	}
	os.Exit(m.Run())
}

// python returns a Python with Pillow, or skips the test.
func python(t *testing.T) *Python {
	t.Helper()
	if !Here() {
		t.Skip("Python is not run beside imgpipe on this system")
	}
	p, err := Find(t.Context(), os.Getenv("IMGPIPE_PYTHON"))
	if err != nil {
		t.Skipf("this test runs Python: %v", err)
	}
	return p
}

// picture writes a picture of that size with a gradient, as its name's ending says.
func picture(t *testing.T, path string, width, height int) {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.Set(x, y, color.NRGBA{uint8(255 * x / width), uint8(255 * y / height), 80, 255})
		}
	}
	var b bytes.Buffer
	encode := func() error { return jpeg.Encode(&b, img, nil) }
	if filepath.Ext(path) == ".png" {
		encode = func() error { return png.Encode(&b, img) }
	}
	if err := errors.Join(encode(), os.WriteFile(path, b.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
}

func TestEveryKindMakesTheSameFiles(t *testing.T) {
	p, dir := python(t), t.TempDir()
	server := httptest.NewServer(http.FileServer(http.Dir(dir)))
	t.Cleanup(server.Close)
	names := []string{"a.jpg", "'; rm -rf $HOME #.jpg", "ü ☃.png", "b.png"}
	if runtime.GOOS == "linux" {
		names = append(names, "no text \xff\xfe.jpg")
	}
	var sources []string
	for _, name := range names {
		picture(t, filepath.Join(dir, name), 200, 100)
		sources = append(sources, filepath.Join(dir, name))
	}
	sources = append(sources, server.URL+"/a.jpg")
	first := map[int]string{}
	for _, kind := range p.Kinds() {
		out := t.TempDir()
		job := Job{Kind: kind, Workers: 2, Width: 50, Height: 50, Quality: 85}
		for i, source := range sources {
			ext := strings.Replace(filepath.Ext(source), ".jpeg", ".jpg", 1)
			job.Items = append(job.Items, Item{source, filepath.Join(out, fmt.Sprint(i, ext))})
		}
		ran, err := p.Run(t.Context(), t.TempDir(), job, nil)
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		if len(ran.Failed) > 0 || ran.Outputs != len(sources) || ran.BytesIn == 0 || ran.BytesOut == 0 {
			t.Errorf("%s: %+v", kind, ran)
		}
		if ran.Elapsed <= 0 || ran.User <= 0 || ran.Before <= 0 || ran.Before >= ran.Elapsed {
			t.Errorf("%s: %v s in all, %v s of CPU, %v s before the first", kind, ran.Elapsed, ran.User, ran.Before)
		}
		if runtime.GOOS == "linux" && ran.PeakPSS < 1e6 {
			t.Errorf("%s: memory of %d bytes", kind, ran.PeakPSS)
		}
		for i, item := range job.Items {
			b, err := os.ReadFile(item.Output)
			if err != nil {
				t.Fatal(err)
			}
			if first[i] == "" {
				first[i] = string(b)
			}
			if string(b) != first[i] {
				t.Errorf("%s: %q has other bytes", kind, item.Source)
			}
			if config, _, err := image.DecodeConfig(bytes.NewReader(b)); err != nil || config.Width != 50 ||
				config.Height != 25 {
				t.Errorf("%s: %q became %dx%d: %v", kind, item.Source, config.Width, config.Height, err)
			}
		}
	}
}

func TestWhatCannotBeOpenedFailsAlone(t *testing.T) {
	p, dir := python(t), t.TempDir()
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	picture(t, filepath.Join(dir, "good.jpg"), 20, 20)
	if err := os.WriteFile(filepath.Join(dir, "bad.jpg"), []byte("no picture"), 0o600); err != nil {
		t.Fatal(err)
	}
	job := Job{Kind: Threads, Workers: 2, Quality: 85}
	for i, source := range []string{
		filepath.Join(dir, "bad.jpg"), filepath.Join(dir, "none.jpg"), filepath.Join(dir, "good.jpg"),
		server.URL + "/a.jpg",
	} {
		job.Items = append(job.Items, Item{source, filepath.Join(dir, fmt.Sprint(i, ".jpg"))})
	}
	ran, err := p.Run(t.Context(), t.TempDir(), job, nil)
	if err != nil {
		t.Fatal(err)
	}
	var classes []string
	for _, f := range ran.Failed {
		classes = append(classes, fmt.Sprint(f.Index, " ", f.Class))
	}
	if got, want := strings.Join(classes, ", "), "0 decode, 1 decode, 3 http-404"; got != want || ran.Outputs != 1 {
		t.Errorf("failed: %s, %d outputs; want %s, 1", got, ran.Outputs, want)
	}
}

func TestLoopsOfBothLanguagesMakeTheSameBytes(t *testing.T) {
	p := python(t)
	job := Loops{Items: 5, Side: 24, Radius: 2}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	want := uint32(0)
	for i := range job.Items {
		want += job.plane(i)
	}
	for _, kind := range p.Kinds() {
		if ran, err := p.Run(t.Context(), t.TempDir(), Job{Kind: kind, Workers: 2, Loops: &job}, nil); err != nil ||
			ran.Checksum != want {
			t.Errorf("Python, %s: %d, %v; want %d", kind, ran.Checksum, err, want)
		}
	}
	for _, processes := range []bool{false, true} {
		for _, workers := range []int{1, 3} {
			ran, err := RunGo(t.Context(), program, job, workers, 2, processes, nil)
			if err != nil || ran.Checksum != want {
				t.Errorf("Go, %d workers, processes %v: %d, %v; want %d", workers, processes, ran.Checksum, err, want)
			}
		}
	}
}

func TestARunThatIsStoppedLeavesNoProcess(t *testing.T) {
	p := python(t)
	for _, kind := range []string{Threads, Fork, Spawn} {
		ctx, cancel := context.WithCancel(t.Context())
		asked := make(chan struct{})
		server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			select {
			case asked <- struct{}{}:
			case <-r.Context().Done():
			}
			<-r.Context().Done()
		}))
		go func() { // it has begun when two workers wait for an answer
			<-asked
			<-asked
			cancel()
		}()
		job := Job{Kind: kind, Workers: 2, Quality: 85}
		for i := range 4 {
			job.Items = append(job.Items, Item{server.URL, filepath.Join(t.TempDir(), fmt.Sprint(i, ".jpg"))})
		}
		_, err := p.Run(ctx, t.TempDir(), job, nil)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want that of the context", kind, err)
		}
		server.Close() // this waits for the connections of all that still live
	}
}

func TestAProcessGroupEndsWithItsParent(t *testing.T) {
	p, dir := python(t), t.TempDir()
	script := filepath.Join(dir, "group.py")
	text := strings.Split(scriptText(), "if __name__")[0] +
		"threading.Thread(target=leave_with_parent, daemon=True).start()\nprint('up', flush=True)\nsignal.pause()\n"
	if err := os.WriteFile(script, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(p.Path, script)
	ownGroup(cmd)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 2)); err != nil {
		t.Fatal(err)
	}
	stdin.Close()
	cmd.Wait()
	if status := cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signal() != syscall.SIGKILL {
		t.Errorf("it ended with %v, want that it killed its group", cmd.ProcessState)
	}
}

func scriptText() string { return string(script) }

func TestWithoutPythonOrPillowTheReasonIsSaid(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	_, err := Find(t.Context(), "")
	if !errors.Is(err, ErrNone) || !strings.Contains(err.Error(), "no python3 in PATH") {
		t.Errorf("without Python: %v", err)
	}
	if runtime.GOOS == "windows" {
		t.Skip("what follows needs a shell")
	}
	fake := filepath.Join(dir, "python3")
	says := "#!/bin/sh\necho \"ModuleNotFoundError: No module named 'PIL'\" >&2\nexit 1\n"
	if err := os.WriteFile(fake, []byte(says), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err = Find(t.Context(), "")
	if !errors.Is(err, ErrNone) || !strings.Contains(err.Error(), "No module named 'PIL'") {
		t.Errorf("without Pillow: %v", err)
	}
}

func TestAPythonWithoutALockIsAKindOfItsOwn(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("this test needs a shell")
	}
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	for name, lock := range map[string]string{"python3": "lock", "python3.13t": "lock", "python3.14t": "free"} {
		says := fmt.Sprintf("#!/bin/sh\necho 'Python 3 as %s, Pillow 1'\necho %s\n", name, lock)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(says), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	p, err := Find(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	free := "Python 3 as python3.14t, Pillow 1"
	if p.Program != "Python 3 as python3, Pillow 1" || p.Free == nil || p.Free.Program != free {
		t.Errorf("found %+v, %+v", p, p.Free)
	}
	if got := fmt.Sprint(p.Kinds()); got != "[serial threads fork spawn free-threads]" {
		t.Errorf("kinds %s", got)
	}
}
