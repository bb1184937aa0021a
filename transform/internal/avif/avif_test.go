package avif

import (
	"bytes"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/gen2brain/avif"

	"imgpipe/transform/internal/isobmff"
)

// gradient draws a picture.
func gradient(w, h int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			copy(img.Pix[img.PixOffset(x, y):], []byte{uint8(x * 3), uint8(y * 5), uint8(x + y), 255})
		}
	}
	return img
}

func encodeOf(t *testing.T, img *image.NRGBA) []byte {
	t.Helper()
	file, err := Encode(img, Options{Quality: 60, Speed: 9})
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// TestNoSharedLibraryIsUsed holds that the stub of purego is in its place: with a library of the system, bytes differ
// from machine to machine.
func TestNoSharedLibraryIsUsed(t *testing.T) {
	if avif.Dynamic() == nil {
		t.Error("a shared library is in use: expected the replace of purego in go.mod")
	}
}

func TestCompilerIsFoundWhereThereIsOne(t *testing.T) {
	if !Compiles() {
		t.Skip("no compiler for this machine: AVIF is refused here")
	}
	if err := start(); err != nil {
		t.Error(err)
	}
}

// TestStandardOutputIsLeftAlone runs this test again in a process whose first call is this one.
func TestStandardOutputIsLeftAlone(t *testing.T) {
	const name = "IMGPIPE_TEST_STDOUT"
	if os.Getenv(name) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestStandardOutputIsLeftAlone$", "-test.v")
		cmd.Env = append(os.Environ(), name+"=1")
		if out, err := cmd.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("PASS")) {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	before := os.Stdout
	if err := start(); err != nil {
		t.Fatal(err)
	}
	if os.Stdout != before {
		t.Error("os.Stdout is another file after the first call")
	}
}

// TestSubImageIsEncodedAsItIs has a stride and an origin that the library would not look at.
func TestSubImageIsEncodedAsItIs(t *testing.T) {
	whole := gradient(80, 60)
	part := whole.SubImage(image.Rect(13, 7, 53, 37)).(*image.NRGBA)
	alone := image.NewNRGBA(image.Rect(0, 0, 40, 30))
	for y := range 30 {
		copy(alone.Pix[y*alone.Stride:], part.Pix[y*part.Stride:][:160])
	}
	part.Pix[3], alone.Pix[3] = 200, 200 // not opaque
	if !bytes.Equal(encodeOf(t, part), encodeOf(t, alone)) {
		t.Error("the files differ")
	}
}

// TestCallsAtOnceMakeTheSameBytes also decodes at once.
func TestCallsAtOnceMakeTheSameBytes(t *testing.T) {
	img := gradient(64, 48)
	want := encodeOf(t, img)
	h, err := isobmff.ReadHeader(want)
	if err != nil {
		t.Fatal(err)
	}
	pixels, err := Decode(want, h)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			got, err := Encode(img, Options{Quality: 60, Speed: 9})
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("another file: %v", err)
			}
			back, err := Decode(want, h)
			if err != nil || !bytes.Equal(back.Pix, pixels.Pix) {
				t.Errorf("another picture: %v", err)
			}
		})
	}
	wg.Wait()
}

// TestPictureThatCannotBeDecodedIsAnError breaks the pixels, and nothing around them.
func TestPictureThatCannotBeDecodedIsAnError(t *testing.T) {
	file := encodeOf(t, gradient(64, 48))
	h, err := isobmff.ReadHeader(file)
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	at := bytes.Index(file, []byte("mdat")) + 4
	for i := at; i < min(at+60, len(file)); i++ {
		broken := bytes.Clone(file)
		broken[i] ^= 0xff
		if _, err := Decode(broken, h); err != nil {
			refused++
			if !strings.Contains(err.Error(), "no pixel could be decoded") {
				t.Errorf("byte %d: %v", i, err)
			}
		}
	}
	if refused == 0 {
		t.Error("no broken picture was refused")
	}
	if _, err := Decode(file[:len(file)/2], h); err == nil {
		t.Error("half a file was decoded")
	}
	other := *h
	other.Width++
	if _, err := Decode(file, &other); err == nil {
		t.Error("a picture of another size was taken")
	}
}

// TestProgramIsStatic builds this package's tests without cgo and looks for what a dynamic program has.
func TestProgramIsStatic(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it would link a program")
	}
	file, err := exec.LookPath("file")
	if err != nil {
		t.Skip("file is not installed: it says how a program is linked")
	}
	program := filepath.Join(t.TempDir(), "program")
	build := exec.Command("go", "test", "-c", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	said, err := exec.Command(file, program).Output()
	if err != nil || !bytes.Contains(said, []byte("statically linked")) {
		t.Errorf("%v: %s", err, said)
	}
}
