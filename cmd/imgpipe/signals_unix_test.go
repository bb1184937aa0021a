//go:build unix

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/pipeline"
	"imgpipe/pipeline/store"
)

// A running is a command under way in a folder of its own.
type running struct {
	*exec.Cmd
	t      *testing.T
	stderr *bufio.Reader
}

// begin starts `imgpipe ARGS…`, or a shell that becomes it.
func begin(t *testing.T, shell string, args ...string) *running {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	cmd := program(ctx, args...)
	if shell != "" {
		env := cmd.Env
		cmd = exec.CommandContext(ctx, "sh",
			append([]string{"-c", shell + `; exec "$@"`, "sh", os.Args[0]}, args...)...)
		cmd.Env = env
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return &running{cmd, t, bufio.NewReader(stderr)}
}

// until waits for a line on stderr that has a text in it.
func (r *running) until(text string) {
	r.t.Helper()
	for {
		line, err := r.stderr.ReadString('\n')
		if strings.Contains(line, text) {
			return
		}
		if err != nil {
			r.t.Fatalf("it never said %q: %v", text, err)
		}
	}
}

func (r *running) send(signals ...syscall.Signal) {
	r.t.Helper()
	for _, sig := range signals {
		if err := r.Process.Signal(sig); err != nil {
			r.t.Fatal(err)
		}
	}
}

// ends waits for the end and wants an exit status, -1 for any signal. It returns what was still said.
func (r *running) ends(status int) string {
	r.t.Helper()
	rest, err := io.ReadAll(r.stderr)
	var exit *exec.ExitError
	if waited := r.Wait(); waited != nil && !errors.As(waited, &exit) {
		r.t.Fatal(waited)
	}
	if got := r.ProcessState.ExitCode(); got != status || err != nil {
		r.t.Fatalf("status %d (%v), want %d: %s", got, r.ProcessState, status, rest)
	}
	return string(rest)
}

// silent is a server that never answers; asked receives each request.
func silent(t *testing.T) (url string, asked <-chan struct{}) {
	requests, over := make(chan struct{}, 1000), make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		requests <- struct{}{}
		<-over
	}))
	t.Cleanup(func() {
		close(over)
		srv.Close()
	})
	return srv.URL, requests
}

func fifo(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "list")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip("no named pipe can be made here:", err)
	}
	return path
}

func picture(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "a.jpg")
	if err := writePicture(path, 60, 40); err != nil {
		t.Fatal(err)
	}
	return path
}

// nothingLeft wants a folder without what is not complete.
func nothingLeft(t *testing.T, out string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(out, store.TempName)); err == nil {
		t.Errorf("%s was left", store.TempName)
	}
}

func TestTheFirstSignalEndsARunThatDoesNothing(t *testing.T) {
	for _, mode := range []string{modes.Goroutines, modes.Processes, modes.Serial, modes.GIL, modes.Auto} {
		for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
			t.Run(mode+" "+sig.String(), func(t *testing.T) {
				t.Parallel()
				r := begin(t, "", "run", "-o", t.TempDir(), "-m", mode, "-i", fifo(t))
				r.until("imgpipe: ")
				r.send(sig)
				r.ends(exitInterrupted)
			})
		}
	}
}

func TestASecondSignalEndsEveryCommandWhateverBlocks(t *testing.T) {
	url, asked := silent(t)
	for _, mode := range []string{modes.Goroutines, modes.Processes, modes.Serial} {
		out := t.TempDir()
		r := begin(t, "", "run", "-o", out, "-m", mode, "--timeout", "10m", url+"/a.jpg")
		<-asked
		r.send(syscall.SIGINT)
		r.until("stopping")
		r.send(syscall.SIGINT)
		r.ends(exitInterrupted)
	}
	list := filepath.Join(t.TempDir(), "urls.txt")
	if err := os.WriteFile(list, []byte(url+"/a.jpg\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := begin(t, "", "compare", "--timeout", "10m", "--modes", "serial", "-i", list)
	<-asked
	r.send(syscall.SIGINT, syscall.SIGTERM)
	r.ends(exitInterrupted)
}

// wantInterrupted waits for a program that was told to end.
func wantInterrupted(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	_ = cmd.Wait()
	if got := cmd.ProcessState.ExitCode(); got != exitInterrupted {
		t.Errorf("%v, want %d", cmd.ProcessState, exitInterrupted)
	}
}

func TestASampleServerEndsWithTheStatusOfASignal(t *testing.T) {
	cmd := program(t.Context(), "samples", "--serve", "127.0.0.1:0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	wantInterrupted(t, cmd)
}

// Nobody reads what it says, so that it cannot say that it stops.
func TestARunThatCannotSpeakEnds(t *testing.T) {
	url, asked := silent(t)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	fd := int(write.Fd()) // to ask for it makes it block
	if err := syscall.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	for err == nil { // fill the pipe
		_, err = syscall.Write(fd, make([]byte, 1<<12))
	}
	if err := syscall.SetNonblock(fd, false); err != nil {
		t.Fatal(err)
	}
	cmd := program(t.Context(), "run", "-q", "-o", t.TempDir(), "--timeout", "10m", url+"/a.jpg")
	cmd.Stderr = write
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	write.Close()
	<-asked
	for range 2 {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
	}
	wantInterrupted(t, cmd)
}

func TestTheSystemsSignalsEndWhatIsUnderWayByThemselves(t *testing.T) {
	url, asked := silent(t)
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP} {
		out := t.TempDir()
		r := begin(t, "", "run", "-o", out, "--timeout", "10m", url+"/a.jpg")
		<-asked
		r.send(sig)
		if said := r.ends(exitInterrupted); !strings.Contains(said, "interrupted; the same command continues") {
			t.Errorf("it said %q", said)
		}
		nothingLeft(t, out)
	}
}

func TestMaxTimeEndsARunAsAFirstSignalDoes(t *testing.T) {
	url, _ := silent(t)
	out := t.TempDir()
	r := begin(t, "", "run", "-o", out, "--timeout", "10m", "--max-time", "100ms", url+"/a.jpg")
	said := r.ends(exitInterrupted)
	if !strings.Contains(said, "--max-time 100ms is over; the same command continues") {
		t.Errorf("it said %q", said)
	}
	nothingLeft(t, out)
	begin(t, "", "run", "-o", out, "--max-time", "1h", picture(t)).ends(exitOK)
}

func TestASignalThatWasIgnoredStaysIgnored(t *testing.T) {
	url, asked := silent(t)
	for _, args := range [][]string{
		{"run", "-o", t.TempDir(), "-i", fifo(t)},
		{"run", "-n", "-o", t.TempDir(), "-i", fifo(t)},
		{"run", "-o", t.TempDir(), "--timeout", "10m", url + "/a.jpg"},
	} {
		r := begin(t, `trap "" INT HUP`, args...)
		if list := args[len(args)-1]; strings.HasPrefix(list, "http") {
			<-asked
			r.send(syscall.SIGINT, syscall.SIGHUP, syscall.SIGINT)
			r.send(syscall.SIGKILL)
			r.ends(-1)
		} else {
			// Its opening waits for the reader, so that the signals come when the run is under way.
			w, err := os.OpenFile(list, os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			r.send(syscall.SIGINT, syscall.SIGHUP, syscall.SIGINT)
			if _, err := io.WriteString(w, picture(t)+"\n"); err != nil {
				t.Fatal(err)
			}
			w.Close()
			r.ends(exitOK)
		}
	}
}

func TestACrashHasAStatusOfItsOwn(t *testing.T) {
	t.Chdir(t.TempDir())
	r := begin(t, "", "run", "-o", "out", "-i", fifo(t))
	r.until("imgpipe: ")
	r.send(syscall.SIGQUIT)
	if said := r.ends(-1); !strings.Contains(said, "goroutine") {
		t.Errorf("it did not say where it was: %.200s", said)
	}
	if status := r.ProcessState.Sys().(syscall.WaitStatus); status.Signal() != syscall.SIGABRT || status.CoreDump() {
		t.Errorf("%v, want an end by SIGABRT without a dump of memory", r.ProcessState)
	}
}

// files returns what is in a folder except the ledger, names that must not stay behind included.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && path == dir || d.Name() == "imgpipe.jsonl" {
			return err
		}
		if d.IsDir() {
			all[path[len(dir):]] = "folder"
			return nil
		}
		b, err := os.ReadFile(path)
		all[path[len(dir):]] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestManyShardsNeedFewFiles: fewer than there are shards, for whoever reads their ledgers or takes them over.
func TestManyShardsNeedFewFiles(t *testing.T) {
	const shards = 100
	t.Chdir(t.TempDir())
	for i := range shards {
		// Each ledger is moved away, so that those after it need not read it.
		part := store.Part{Number: i + 1, Of: shards}
		s, err := store.Open("one", store.Options{NoSync: true, Part: part})
		if err != nil {
			t.Fatal(err)
		}
		name := part.LedgerName()
		if err := errors.Join(s.Append(store.Entry{Status: pipeline.Skipped, Source: fmt.Sprintf("https://h/%d", i),
			Time: time.Now()}), s.Close(), os.MkdirAll("set", 0o755),
			os.Rename(filepath.Join("one", name), filepath.Join("set", name))); err != nil {
			t.Fatal(err)
		}
	}
	few := "ulimit -n 80"
	begin(t, few, "export", "-o", "table.csv", "set").ends(exitOK)
	if table, err := os.ReadFile("table.csv"); err != nil || strings.Count(string(table), "https://h/") != shards {
		t.Errorf("the table is %.200s, %v", table, err)
	}
	begin(t, few, "merge", "-o", "all", "set").ends(exitOK)
	begin(t, few, "merge", "set").ends(exitOK)
	for _, dir := range []string{"all", "set"} {
		ledger, err := os.ReadFile(filepath.Join(dir, store.LedgerName))
		if err != nil || strings.Count(string(ledger), "https://h/") != shards {
			t.Errorf("the ledger of %s is %.200s, %v", dir, ledger, err)
		}
	}
	if left, _ := filepath.Glob("set/imgpipe.*-of-*"); len(left) > 0 {
		t.Errorf("%q are left", left)
	}
}

// TestMergeThatIsInterruptedLeavesNothingHalf: it stands still for want of a reader when it is asked to end.
func TestMergeThatIsInterruptedLeavesNothingHalf(t *testing.T) {
	t.Chdir(t.TempDir())
	args := []string{"merge", "-o", "all"}
	for i := range 400 { // their messages are more than a pipe holds
		dir := fmt.Sprintf("%03d-%s", i, strings.Repeat("x", 240))
		s, err := store.Open(dir, store.Options{NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		lost := pipeline.Output{Path: "a.jpg", SHA256: strings.Repeat("ab", 32)}
		if err := errors.Join(s.Append(store.Entry{Status: pipeline.Done, Source: fmt.Sprintf("https://h/%d", i),
			Outputs: []pipeline.Output{lost}, Time: time.Now()}), s.Close()); err != nil {
			t.Fatal(err)
		}
		args = append(args, dir)
	}
	r := begin(t, "", args...)
	r.until("left out: 1, such as a.jpg")
	r.send(syscall.SIGINT)
	r.ends(exitInterrupted)
	if _, err := os.Lstat(filepath.Join("all", store.TempName)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it left %s: %v", store.TempName, err)
	}
}
