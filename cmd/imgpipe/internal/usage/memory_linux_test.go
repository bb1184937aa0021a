package usage_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"imgpipe/cmd/imgpipe/internal/usage"
)

const megabyte = 1 << 20

// touch takes memory from the system and uses all of it. free gives it back at once.
func touch(bytes int) (free func()) {
	b, err := unix.Mmap(-1, 0, bytes, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		panic(err)
	}
	for i := 0; i < len(b); i += os.Getpagesize() {
		b[i] = 1
	}
	return func() { _ = unix.Munmap(b) }
}

// hold reads lines "hold N" and "spike N", in megabytes, and answers each.
func hold() {
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		what, size, _ := strings.Cut(lines.Text(), " ")
		n, _ := strconv.Atoi(size)
		if free := touch(n * megabyte); what == "spike" {
			free()
		}
		fmt.Println("done")
	}
}

// A holder is a child that holds memory.
type holder struct {
	pid     int
	orders  io.WriteCloser
	answers *bufio.Reader
}

func startHolder(t *testing.T) *holder {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), holdName+"=1")
	in, err := cmd.StdinPipe()
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
	t.Cleanup(func() {
		in.Close()
		_ = cmd.Wait()
	})
	h := &holder{cmd.Process.Pid, in, bufio.NewReader(out)}
	h.do(t, "hold 1")
	return h
}

func (h *holder) do(t *testing.T, order string) {
	t.Helper()
	fmt.Fprintln(h.orders, order)
	if line, err := h.answers.ReadString('\n'); err != nil {
		t.Fatalf("%s: %q, %v", order, line, err)
	}
}

// proportional returns the proportional memory of processes, as the kernel adds it up.
func proportional(t *testing.T, pids ...int) (total int64) {
	t.Helper()
	for _, pid := range pids {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		if err != nil {
			t.Skipf("this kernel does not say what processes share: %v", err)
		}
		_, after, _ := bytes.Cut(b, []byte("\nPss:"))
		kib, err := strconv.ParseInt(string(bytes.Fields(after)[0]), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		total += kib << 10
	}
	return total
}

// TestThePeakIsRightWithinFivePercent: of this process, of children, of all together, however short it was.
func TestThePeakIsRightWithinFivePercent(t *testing.T) {
	for name, c := range map[string]struct {
		children int
		do       func(t *testing.T, children []*holder) (megabytes int64)
	}{
		"a spike here": {0, func(*testing.T, []*holder) int64 {
			touch(64 * megabyte)()
			return 64
		}},
		"a spike here, beside a child": {1, func(*testing.T, []*holder) int64 {
			touch(64 * megabyte)()
			return 64
		}},
		"a spike in a child": {2, func(t *testing.T, children []*holder) int64 {
			children[1].do(t, "spike 64")
			return 64
		}},
		"both hold": {2, func(t *testing.T, children []*holder) int64 {
			children[0].do(t, "hold 48")
			children[1].do(t, "hold 32")
			t.Cleanup(touch(24 * megabyte))
			return 48 + 32 + 24
		}},
		"a spike while others hold": {2, func(t *testing.T, children []*holder) int64 {
			children[0].do(t, "hold 40")
			children[1].do(t, "spike 64")
			return 40 + 64
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var children []*holder
			pids := []int{os.Getpid()}
			for range c.children {
				children = append(children, startHolder(t))
				pids = append(pids, children[len(children)-1].pid)
			}
			before := proportional(t, pids...)
			s := usage.Start(func() []int { return pids[1:] }, time.Now())
			want := before + c.do(t, children)*megabyte
			s.Stop()
			m := s.Memory()
			if off := float64(m.PeakPSS)/float64(want) - 1; off < -0.05 || off > 0.05 {
				t.Errorf("the peak is %d, want %d: %+.1f %%", m.PeakPSS, want, 100*off)
			}
			top := int64(0)
			for _, p := range m.Curve {
				top = max(top, p.Bytes)
			}
			if top != m.PeakPSS || m.PeakRSS < m.PeakPSS {
				t.Errorf("the curve has %d at most, the peak is %d, with pages of several counted in each %d", top,
					m.PeakPSS, m.PeakRSS)
			}
			if again := s.Memory(); again.PeakPSS != m.PeakPSS {
				t.Errorf("asked again, the peak is %d, not %d", again.PeakPSS, m.PeakPSS)
			}
		})
	}
}
