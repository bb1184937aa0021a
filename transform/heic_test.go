//go:build heic

package transform

import (
	"fmt"
	"image"
	"os/exec"
	"path/filepath"
	"testing"
)

// heicOf returns a HEIC of a picture that heif-enc makes.
func heicOf(t *testing.T, pic image.Image, args ...string) []byte {
	t.Helper()
	in, out := written(t, "a.png", encoded(t, pic, PNG)), filepath.Join(t.TempDir(), "a.heic")
	cmd := exec.Command(tool(t, "heif-enc"), append(args, "-q", "95", "-o", out, in)...)
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("heif-enc: %v\n%s", err, said)
	}
	return mustRead(t, out)
}

// TestHEICIsAsLibheifReadsIt has both ranges.
func TestHEICIsAsLibheifReadsIt(t *testing.T) {
	convert := tool(t, "heif-convert")
	for _, full := range []int{0, 1} {
		data := heicOf(t, scene(190, 130), "--full_range_flag", fmt.Sprint(full))
		out := filepath.Join(t.TempDir(), "a.png")
		if said, err := exec.Command(convert, written(t, "a.heic", data), out).CombinedOutput(); err != nil {
			t.Fatalf("heif-convert: %v\n%s", err, said)
		}
		res := do(t, data, "format=png")
		if d := difference(decoded(t, res.Outputs[0].Data, PNG), decoded(t, mustRead(t, out), PNG)); d < 0 || d > 1.5 {
			t.Errorf("full range %d: differs by %.2f levels", full, d)
		}
		if d := difference(decoded(t, res.Outputs[0].Data, PNG), scene(190, 130)); d < 0 || d > 6 {
			t.Errorf("full range %d: differs from the picture by %.2f levels", full, d)
		}
	}
}
