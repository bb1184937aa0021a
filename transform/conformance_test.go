package transform

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The table of conformance says for each odd file of the shared corpus what becomes of it, and which of three other
// readers see the same. It is written anew by
//
//	go test ./transform -run TestConformance -record
//
// with ImageMagick 6 (convert), libvips 8 (vips) and Pillow (python3) at hand. Reasons that stand in it are kept; a
// file whose pixels no reader confirms, or that two readers read and imgpipe refuses, has to have one.
var record = flag.Bool("record", false, "write testdata/conformance.tsv anew with ImageMagick, libvips and Pillow")

const conformanceTable = "testdata/conformance.tsv"

// A conformance is one line of the table.
type conformance struct {
	path    string
	outcome string // "done", "damaged", or the class of the error
	digest  string // of size and pixels, "-" where there are none
	// readers holds what each of readers sees: "same", "refuses", "reads" what imgpipe refuses, or the number of levels
	// by which it differs on average.
	readers [3]string
	why     string
}

// wantsReason reports whether a line has to say why it is as it is: no reader that reads the file sees the same, or at
// least two read what is refused.
func (c conformance) wantsReason() bool {
	read, same := 0, 0
	for _, r := range c.readers {
		if r != "refuses" {
			read++
		}
		if r == "same" {
			same++
		}
	}
	if c.digest == "-" {
		return read > 1
	}
	return read > 0 && same == 0
}

// readers are commands that write the first picture of a file as PNG, upright.
var readers = [3][]string{
	{"convert", "-quiet", "IN[0]", "-auto-orient", "-colorspace", "sRGB", "-depth", "8", "PNG32:OUT"},
	{"vips", "autorot", "IN", "OUT"},
	{"/usr/bin/python3", "-c", `import sys; from PIL import Image, ImageOps, ImageFile
i = ImageOps.exif_transpose(Image.open(sys.argv[1]))
if i.mode.startswith("I;16"): i = i.point(lambda v: v / 257).convert("L")
i.convert("RGBA").save(sys.argv[2])`, "IN", "OUT"},
}

func TestConformance(t *testing.T) {
	root := corpus(t, "conformance")
	table := readConformance(t)
	if *record {
		recordConformance(t, root, table)
		return
	}
	if len(table) == 0 {
		t.Fatalf("%s is empty", conformanceTable)
	}
	seen := 0
	for i, path := range files(t, root) {
		name, _ := filepath.Rel(root, path)
		want, ok := table[name]
		if !ok {
			t.Errorf("%s is not in the table", name)
			continue
		}
		seen++
		if want.wantsReason() && want.why == "" {
			t.Errorf("%s: %s, the readers say %q, and no reason is given", name, want.outcome, want.readers)
		}
		if underRace && i%10 != 0 {
			continue
		}
		got, _ := conform(t, name, mustRead(t, path))
		if got.outcome != want.outcome || got.digest != want.digest {
			t.Errorf("%s: %s with pixels %s: want %s, %s", name, got.outcome, got.digest, want.outcome, want.digest)
		}
	}
	if seen != len(table) {
		t.Errorf("%d of %d files of the table are there", seen, len(table))
	}
}

// conform makes a line of the table, without what others say. The picture is nil where there is none.
func conform(t *testing.T, name string, data []byte) (conformance, *image.NRGBA) {
	line := conformance{path: name, outcome: "done", digest: "-"}
	res, err := Do(context.Background(), Task{Data: data, Spec: mustSpec(t, "format=png;animate=first;depth=8")})
	var e *Error
	switch {
	case errors.As(err, &e):
		line.outcome = e.Kind
		return line, nil
	case err != nil:
		t.Fatal(err)
	case res.Damaged:
		line.outcome = "damaged"
	}
	pic := seen(decoded(t, res.Outputs[0].Data, PNG))
	sum := sha256.New()
	fmt.Fprint(sum, pic.Rect.Size())
	sum.Write(pic.Pix)
	line.digest = fmt.Sprintf("%x", sum.Sum(nil)[:8])
	return line, pic
}

// seen is img with 0 in all pixels that are transparent, whatever lies under that.
func seen(img image.Image) *image.NRGBA {
	out := image.NewNRGBA(image.Rectangle{Max: img.Bounds().Size()})
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			r, g, b, a := img.At(img.Bounds().Min.X+x, img.Bounds().Min.Y+y).RGBA()
			if a == 0 {
				continue
			}
			p := out.Pix[out.PixOffset(x, y):][:4]
			p[0], p[1], p[2], p[3] = uint8((r*255+a/2)/a), uint8((g*255+a/2)/a), uint8((b*255+a/2)/a), uint8(a>>8)
		}
	}
	return out
}

func readConformance(t *testing.T) map[string]conformance {
	table := map[string]conformance{}
	text, err := os.ReadFile(conformanceTable)
	if err != nil && !*record {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 7 {
			t.Fatalf("%s: %d fields in %q, want 7", conformanceTable, len(f), line)
		}
		table[f[0]] = conformance{f[0], f[1], f[2], [3]string(f[3:6]), f[6]}
	}
	return table
}

// recordConformance writes the table, and tells which files want a reason.
func recordConformance(t *testing.T, root string, before map[string]conformance) {
	var out bytes.Buffer
	counts := map[string]int{}
	for _, path := range files(t, root) {
		name, _ := filepath.Rel(root, path)
		line, pic := conform(t, name, mustRead(t, path))
		line.why = before[name].why
		for i := range readers {
			line.readers[i] = confront(t, i, path, pic)
		}
		counts[line.outcome]++
		if line.wantsReason() {
			counts[line.outcome+", where a reason is wanted"]++
			if line.why == "" {
				t.Logf("%s: %s, %q, and no reason", name, line.outcome, line.readers)
			}
		}
		fmt.Fprintf(&out, "%s\n", strings.Join(append([]string{line.path, line.outcome, line.digest},
			append(line.readers[:], line.why)...), "\t"))
	}
	if err := os.WriteFile(conformanceTable, out.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, k := range sorted(counts) {
		t.Logf("%4d %s", counts[k], k)
	}
}

// confront says what the i-th reader sees of a file: "same" where its luma is within a level of pic's on average, and
// its chroma within four, as readers differ in how they raise chroma.
func confront(t *testing.T, i int, path string, pic *image.NRGBA) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "out.png")
	var args []string
	for _, a := range readers[i] {
		args = append(args, strings.NewReplacer("IN", path, "OUT", to).Replace(a))
	}
	if i == 2 {
		args[2] = readers[i][2] // the program, which has such letters
	}
	if err := exec.Command(args[0], args[1:]...).Run(); errors.Is(err, exec.ErrNotFound) {
		t.Fatal(err)
	}
	data, err := os.ReadFile(to)
	if err != nil || len(data) == 0 {
		return "refuses"
	}
	if pic == nil {
		return "reads"
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("%s of %s: %v", readers[i][0], path, err)
	}
	other := seen(img)
	if other.Rect != pic.Rect {
		return fmt.Sprintf("%dx%d", other.Rect.Dx(), other.Rect.Dy())
	}
	var luma, chroma float64
	for p := 0; p < len(pic.Pix); p += 4 {
		a, b := tone(pic.Pix[p:]), tone(other.Pix[p:])
		luma += abs(a[0]-b[0]) + abs(a[3]-b[3])
		chroma += abs(a[1]-b[1]) + abs(a[2]-b[2])
	}
	pixels := float64(len(pic.Pix) / 4)
	switch {
	case luma/pixels > 1:
		return fmt.Sprintf("luma %.1f", luma/pixels)
	case chroma/pixels > 4:
		return fmt.Sprintf("chroma %.1f", chroma/pixels)
	}
	return "same"
}

// tone is the Y, Cb, Cr of a pixel laid over black, and its alpha, 0 to 255 (ITU-R BT.601).
func tone(p []uint8) [4]float64 {
	a := float64(p[3]) / 255
	r, g, b := float64(p[0])*a, float64(p[1])*a, float64(p[2])*a
	y := 0.299*r + 0.587*g + 0.114*b
	return [4]float64{y, (b - y) * 0.564, (r - y) * 0.713, float64(p[3])}
}

func abs(v float64) float64 { return max(v, -v) }
