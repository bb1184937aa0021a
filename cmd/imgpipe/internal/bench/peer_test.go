package bench

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/cmd/imgpipe/internal/peer"
	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/fetch"
)

// gray returns a picture of one brightness.
func gray(w, h int, y uint8) image.Image {
	img := image.NewGray(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = y
	}
	return img
}

func TestLikenessIsThatOfTheFormula(t *testing.T) {
	for _, test := range []struct {
		a, b image.Image
		want float64
	}{
		{gray(9, 7, 100), gray(9, 7, 100), mostLike},
		{gray(9, 7, 100), gray(9, 7, 110), 10 * math.Log10(255*255/(10.0*10/3))}, // brightness alone differs
		{gray(9, 7, 0), gray(9, 7, 255), 10 * math.Log10(3)},
		{gray(9, 7, 100), gray(10, 6, 100), mostLike}, // programs round sizes differently
	} {
		if got, err := psnr(test.a, test.b); err != nil || math.Abs(got-test.want) > 0.01 {
			t.Errorf("%v and %v: %.2f dB, %v; want %.2f", test.a.Bounds(), test.b.Bounds(), got, err, test.want)
		}
	}
	if _, err := psnr(gray(9, 7, 1), gray(11, 7, 1)); err == nil || !strings.Contains(err.Error(), "11x7 pixels") {
		t.Errorf("two pixels wider: %v", err)
	}
}

func TestColorCountsInTheLikeness(t *testing.T) {
	red, green := image.NewNRGBA(image.Rect(0, 0, 4, 4)), image.NewNRGBA(image.Rect(0, 0, 4, 4))
	for i := range 16 {
		red.Set(i%4, i/4, color.NRGBA{R: 255, A: 255})
		green.Set(i%4, i/4, color.NRGBA{G: 130, A: 255}) // as bright
	}
	if dB, err := psnr(red, green); err != nil || dB > 15 {
		t.Errorf("red and green are %.1f dB alike, %v", dB, err)
	}
}

// madeBy writes outputs of imgpipe and of Python, a brightness each; a negative one stands for a file that is not
// there.
func madeBy(t *testing.T, ours, theirs []int) (p *Peer, outputs string) {
	t.Helper()
	dir := t.TempDir()
	p = &Peer{Python: &peer.Python{Program: "Python 3"}, like: map[string]float64{}, prepared: true}
	write := func(name string, y int) string {
		path := filepath.Join(dir, name)
		f, err := os.Create(path)
		if err == nil {
			err = errors.Join(png.Encode(f, gray(8, 8, uint8(y))), f.Close())
		}
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	for i := range ours {
		p.Items = append(p.Items, fetch.Item{Index: i, Source: fmt.Sprintf("photo%d", i)})
		p.outputs = append(p.outputs, "")
		if ours[i] >= 0 {
			p.outputs[i] = write(fmt.Sprintf("ours%d.png", i), ours[i])
		}
		if theirs[i] >= 0 {
			write(p.outputName(i), theirs[i])
		}
	}
	return p, dir
}

func TestOutputsThatAreNotAlikeAreNotTheSameWork(t *testing.T) {
	p, dir := madeBy(t, []int{50, 60, 70}, []int{50, 61, 170})
	err := p.match(dir, nil)
	if !errors.Is(err, ErrDifferent) || !strings.Contains(err.Error(), "photo2: the output of Python 3 is 12.9 dB") {
		t.Errorf("100 of 255 apart: %v", err)
	}
	p, dir = madeBy(t, []int{50, 60, 70}, []int{50, 61, 72})
	if err := p.match(dir, nil); err != nil {
		t.Fatal(err)
	}
	facts := p.Facts()
	if facts.Outputs != 3 || math.Abs(facts.Least-46.9) > 0.1 || math.Abs(facts.Median-52.9) > 0.1 ||
		facts.Example != "photo2" {
		t.Errorf("1 and 2 of 255 apart: %+v", facts)
	}
}

func TestImagesThatPythonCannotDoAreCountedUpToAQuarter(t *testing.T) {
	p, dir := madeBy(t, []int{50, 60, 70, 80, -1}, []int{50, 61, 72, -1, -1})
	failed := []peer.Failure{
		{Index: 3, Class: "decode", Error: "no JPEG"}, {Index: 4, Class: "decode", Error: "nor so"},
	}
	if err := p.match(dir, failed); err != nil {
		t.Fatal(err)
	}
	if facts := p.Facts(); facts.Failed != 1 || facts.FailedExample != "photo3: no JPEG" || facts.Outputs != 3 {
		t.Errorf("one of four: %+v", facts)
	}
	p, dir = madeBy(t, []int{50, 60, 70}, []int{50, 61, -1})
	err := p.match(dir, []peer.Failure{{Index: 2, Error: "no JPEG"}})
	if !errors.Is(err, ErrDifferent) || !strings.Contains(err.Error(), "failed at 1 of 3 images that imgpipe does") {
		t.Errorf("one of three: %v", err)
	}
	p, dir = madeBy(t, []int{50}, []int{-1})
	if err := p.match(dir, nil); !errors.Is(err, ErrDifferent) {
		t.Errorf("an output that is not there: %v", err)
	}
}

// besidePython is a comparison of six rounds: seconds by the clock and of CPU, of each contestant.
func besidePython(seconds ...[2]float64) *Comparison {
	python := &peer.Python{Program: "Python 3"}
	p := &Peer{Python: python, Items: make([]fetch.Item, 10)}
	configs := Grid([]string{modes.Serial, modes.Goroutines}, []int{2}, []int{4})
	configs = append(configs, p.Configs([]int{2}, []int{4})...)
	c := &Comparison{Configs: configs, Runs: 6, Peer: &PeerFacts{
		Program: "Python 3", Outputs: 9, Median: 41, Least: 35, Example: "a.jpg", Failed: 1, FailedExample: "b.jpg: no",
	}}
	for round := range 6 {
		for i, s := range seconds {
			noise := 1 + 0.01*float64((round+i)%3)
			sum := summary.Summary{Mode: configs[i].Mode, Items: 10, Done: 10, Wall: s[0] * noise, User: s[1]}
			sample := Sample{Config: i, Round: round, Place: i, Summary: sum}
			if configs[i].Peer == "" {
				sample.Digest = "same"
			} else {
				sample.Summary.Program = "Python 3"
			}
			c.Samples = append([]Sample{sample}, c.Samples...) // a peer comes first
		}
	}
	c.Analyse()
	return c
}

func TestPythonIsComparedAndNeverAdvised(t *testing.T) {
	// Threads of Python are the fastest of all; CPU time is as usual.
	c := besidePython([2]float64{4, 4}, [2]float64{2, 4}, [2]float64{3, 3}, [2]float64{1, 3}, [2]float64{1.5, 3.3},
		[2]float64{2, 4})
	if c.Different != "" || c.Program == "Python 3" {
		t.Errorf("different %q, program %q", c.Different, c.Program)
	}
	said := ""
	for _, f := range c.Verdict {
		if f.Kind != "peer" && strings.Contains(f.Text+f.Figures, "python") {
			t.Errorf("advice on imgpipe speaks of Python: %q, %q", f.Text, f.Figures)
		}
		said += f.Text + " (" + f.Figures + ")\n"
	}
	if f := c.peerFindings()[0]; !strings.Contains(f.Text, "as fast as goroutines") {
		t.Errorf("the best of both programs come first, and not: %s", f.Text)
	}
	for _, want := range []string{
		"python-threads: 1.49 (1.47 to 1.52) times as fast as python-fork. (CPU for each image 300.0 and 330.0 ms",
		"python-threads: 1.99 (1.96 to 2.02) times as fast as goroutines with 2 workers. (CPU for each image 300.0",
		"3.0 and 2.0 CPUs used",
		"Python 3 made the same pictures as imgpipe: a PSNR of 41.0 dB at the median, 35.0 dB at least.",
		"9 outputs compared; the least is that of a.jpg; 1 image failed there alone, such as b.jpg: no",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("not said: %s\nsaid:\n%s", want, said)
		}
	}
}

func TestWithoutAnOrderNoneIsSaidOfPython(t *testing.T) {
	c := besidePython([2]float64{4, 4}, [2]float64{2, 4}, [2]float64{3, 3}, [2]float64{1, 3}, [2]float64{1, 3.3},
		[2]float64{1, 4})
	c.Withheld = "other programs held 1.4 of 2 CPUs"
	for _, f := range c.peerFindings() {
		if strings.Contains(f.Text, "times as fast") {
			t.Errorf("disturbed: %q", f.Text)
		}
	}
	c.Withheld = ""
	if f := c.peerFindings()[1]; !strings.Contains(f.Text, "no difference shown by the clock") {
		t.Errorf("equal walls: %q", f.Text)
	}
}

func TestPythonHasAWidthForEachOfItsWorkers(t *testing.T) {
	p := &Peer{Python: &peer.Python{}, Items: []fetch.Item{{Source: "a.jpg"}}}
	names := func(configs []Config) (names []string) {
		for _, c := range configs {
			names = append(names, fmt.Sprintf("%s %d", c.Name, c.Workers))
		}
		return names
	}
	want := "[python-serial 1 python-threads 3 python-fork 3 python-spawn 3]"
	if got := fmt.Sprint(names(p.Configs([]int{3}, []int{5, 9}))); got != want {
		t.Errorf("files: %s, want %s", got, want)
	}
	p.Items[0].Scheme = "http"
	got := fmt.Sprint(names(p.Configs([]int{3}, []int{5, 9})))
	if !strings.Contains(got, "python-threads with 5 workers 5 python-threads with 9 workers 9") {
		t.Errorf("URLs: %s", got)
	}
}

func TestCellsAreRatiosOfTheSameRounds(t *testing.T) {
	rows := []tableRow{
		{IOBound, inGo, oneAtATime, nil}, {IOBound, inGo, byThreads, nil},
		{IOBound, inPython, oneAtATime, nil}, {IOBound, inPython, byProcesses, nil},
	}
	var took [][]float64
	for _, base := range []float64{8, 2, 9, 6} {
		var runs []float64
		for round := range tableRounds {
			runs = append(runs, base*float64(1+round)) // the machine gets slower
		}
		took = append(took, runs)
	}
	got := cells(rows, took)
	if len(got) != 2 || got[0].Program != inGo || got[0].Model != "threads" || got[1].Model != "processes" {
		t.Fatalf("cells %+v", got)
	}
	for i, want := range []float64{4, 1.5} {
		if s := got[i].Speedup; math.Abs(s.Center-want) > 1e-9 || !s.Finite() {
			t.Errorf("%+v, want %v", got[i], want)
		}
	}
}

func TestATableThatIsInterruptedSaysSo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := PeerTable(ctx, Table{Python: &peer.Python{}, Program: "none", Dir: t.TempDir(), Jobs: []string{IOBound}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want that of the context", err)
	}
	_, err = PeerTable(t.Context(), Table{Python: &peer.Python{}, Dir: t.TempDir(), Jobs: []string{"x"}})
	if err == nil {
		t.Error("a job that there is not was measured")
	}
}
