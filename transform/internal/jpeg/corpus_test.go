package jpeg

import (
	"bytes"
	stdjpeg "image/jpeg"
	"os"
	"path/filepath"
	"testing"

	"imgpipe/transform/internal/codec"
	"imgpipe/transform/internal/pixel"
)

// Of what image/jpeg reads nothing may be refused, and what both call sound must look the same. Where this package is
// content with a file that image/jpeg refuses, or calls one damaged that image/jpeg takes, the log says so.
func TestCorpusMatchesStandardLibrary(t *testing.T) {
	for _, c := range []struct {
		pattern string
		every   int // only so many, to keep the test short
	}{{"photos/*", 15}, {"photos-progressive/*", 3}, {"web/*", 6}, {"conformance/jpeg/*", 1}, {"hostile/jpeg/*", 1}} {
		t.Run(filepath.Dir(c.pattern), func(t *testing.T) {
			var d Decoder
			count := map[string]int{}
			for i, name := range corpus(t, c.pattern) {
				if i%c.every == 0 && (!underRace || i/c.every%6 == 0) {
					count[checkFile(t, &d, name)]++
				}
			}
			t.Log(count)
		})
	}
}

// checkFile decodes a file here and with image/jpeg and gives both verdicts.
func checkFile(t *testing.T, d *Decoder, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	name = filepath.Base(name)
	h, err := ReadHeader(data)
	if err == nil && h.Width*h.Height > 50e6 {
		return "too large for this test"
	}
	var p *pixel.Planes
	var report codec.Damage
	if err == nil {
		poison(d, poisoned)
		p, report, err = d.Decode(data, &h, Options{})
	}
	m, stdErr := stdjpeg.Decode(bytes.NewReader(data))
	switch {
	case err != nil && stdErr != nil:
		return "both refuse"
	case err != nil:
		if m.Bounds().Empty() {
			return "image/jpeg gives an empty picture"
		}
		if err == errNoQuant { // image/jpeg takes all steps to be 0 and gives gray.
			return "refused here for want of a quantization table"
		}
		t.Errorf("%s: %v; image/jpeg reads it", name, err)
		return "refused"
	case report.Err != nil && stdErr != nil:
		return "damaged here, refused by image/jpeg"
	case report.Err != nil:
		t.Logf("%s: damage: %v; image/jpeg takes it", name, report.Err)
		return "damaged here, taken by image/jpeg"
	case stdErr != nil:
		t.Logf("%s: sound; image/jpeg: %v", name, stdErr)
		return "sound here, refused by image/jpeg"
	}
	worst, mean, ok := compare(p, m)
	if !ok {
		return "sound, of a kind that image/jpeg converts"
	}
	if worst > 2 || mean > 0.05 {
		t.Errorf("%s: differs from image/jpeg by %d at most, %.4f in the mean", name, worst, mean)
	}
	return "sound"
}

// notUnderRace skips a long test of what one goroutine does alone.
func notUnderRace(t *testing.T) {
	t.Helper()
	if underRace {
		t.Skip("one goroutine does all of this: the race detector would only make it slow")
	}
}
