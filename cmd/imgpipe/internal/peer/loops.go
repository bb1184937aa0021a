package peer

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"imgpipe/pipeline/procs"
)

// Loops are a job without any library: noise is drawn and blurred with a box, byte by byte, in loops of the language.
// Where a language has a global lock, these loops hold it.
type Loops struct {
	// Items is how many planes there are, Side the width and height of each, Radius that of the box.
	Items  int `json:"items"`
	Side   int `json:"side"`
	Radius int `json:"radius"`
}

// plane draws and blurs plane index, and returns a checksum of its bytes: the function loops of peer.py.
func (l Loops) plane(index int) (check uint32) {
	side, radius := l.Side, l.Radius
	state := uint32(index)*2654435761 + 12345
	noise := make([]byte, side*side)
	for i := range noise {
		state = state*1664525 + 1013904223
		noise[i] = byte(state >> 24)
	}
	for y := range side {
		top, bottom := max(y-radius, 0), min(y+radius+1, side)
		for x := range side {
			left, right := max(x-radius, 0), min(x+radius+1, side)
			total := 0
			for row := top * side; row < bottom*side; row += side {
				for i := row + left; i < row+right; i++ {
					total += int(noise[i])
				}
			}
			check = check*31 + uint32(total/((bottom-top)*(right-left)))
		}
	}
	return check
}

// Passes returns how often Go is to do l so that it takes about as long on one CPU of this machine.
func (l Loops) Passes(long time.Duration) int {
	began := time.Now()
	for i := range l.Items {
		l.plane(i)
	}
	return max(int(long/max(time.Since(began), 1)), 1)
}

// goLoops is what a process of this program does in the loops of Go.
type goLoops struct {
	Loops
	// Passes is how often all is done: Go is so much faster that one pass would be over before a clock can tell.
	Passes  int `json:"passes"`
	Workers int `json:"workers"`
	// From and Step choose planes: From, From+Step and so on.
	From int `json:"from"`
	Step int `json:"step"`
	// Processes starts a process for each worker.
	Processes bool `json:"processes"`
}

// loopsKey is the environment variable that makes a process do loops.
const loopsKey = "IMGPIPE_LOOPS"

// IsLoops reports whether this process was started by RunGo. Then main calls LoopsMain and nothing else.
func IsLoops() bool { return os.Getenv(loopsKey) != "" }

// LoopsMain does the loops, prints the checksum of one pass and returns the exit status.
func LoopsMain() int {
	var job goLoops
	if err := json.Unmarshal([]byte(os.Getenv(loopsKey)), &job); err != nil {
		fmt.Fprintf(os.Stderr, "imgpipe: read the loops: %v\n", err)
		return 2
	}
	var check uint32
	var err error
	if job.Processes {
		check, err = job.inProcesses()
	} else {
		check = job.inGoroutines()
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "imgpipe: start the loops in a process: %v\n", err)
		return 1
	}
	fmt.Println(check)
	return 0
}

// inGoroutines returns the checksum of one pass. Every pass adds the same, as numbers go round at 2³².
func (g goLoops) inGoroutines() uint32 {
	var next atomic.Int64
	var mu sync.Mutex
	var last uint32
	planes := (g.Items - g.From + g.Step - 1) / g.Step
	var working sync.WaitGroup
	for range g.Workers {
		working.Go(func() {
			for {
				n := int(next.Add(1)) - 1
				if n >= planes*g.Passes {
					return
				}
				check := g.plane(g.From + n%planes*g.Step)
				if n >= planes*(g.Passes-1) {
					mu.Lock()
					last += check
					mu.Unlock()
				}
			}
		})
	}
	working.Wait()
	return last
}

// inProcesses has a process for each worker do its share.
func (g goLoops) inProcesses() (sum uint32, err error) {
	program, err := procs.Program()
	if err != nil {
		return 0, err
	}
	var children []*exec.Cmd
	var said []*strings.Builder
	for k := range g.Workers {
		share := g
		share.Processes, share.Workers, share.From, share.Step = false, 1, k, g.Workers
		cmd, out := exec.Command(program), new(strings.Builder)
		cmd.Args[0] = os.Args[0]
		cmd.Env, cmd.Stdout, cmd.Stderr = share.env(), out, os.Stderr
		if err = cmd.Start(); err != nil {
			break
		}
		children, said = append(children, cmd), append(said, out)
	}
	for i, cmd := range children {
		waited := cmd.Wait()
		var check uint32
		if waited == nil {
			_, waited = fmt.Sscan(said[i].String(), &check)
		}
		if err == nil {
			err = waited
		}
		sum += check
	}
	return sum, err
}

func (g goLoops) env() []string {
	b, err := json.Marshal(g)
	if err != nil {
		panic(err) // it has numbers alone
	}
	return append(os.Environ(), loopsKey+"="+string(b))
}

// RunGo does the loops of a job in a process of program, which is imgpipe: by goroutines, or by as many processes. All
// is done passes times, and Checksum is that of one pass.
func RunGo(
	ctx context.Context, program string, job Loops, workers, passes int, processes bool, kill <-chan struct{},
) (ran Ran, err error) {
	cmd, out := exec.Command(program), new(strings.Builder)
	cmd.Args[0] = os.Args[0] // for lists of processes: program may be a link of the kernel's
	cmd.Env = goLoops{Loops: job, Passes: passes, Workers: workers, Step: 1, Processes: processes}.env()
	cmd.Stdout = out
	if ran.Measured, err = Measure(ctx, cmd, kill); err == nil {
		_, err = fmt.Sscan(out.String(), &ran.Checksum)
	}
	if err != nil {
		return ran, fmt.Errorf("run the loops in Go: %w", err)
	}
	return ran, nil
}
