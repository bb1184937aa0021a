package transform

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"imgpipe/transform/internal/avif"
)

// tool returns the path of a program of others, and skips a test where it is not installed.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed: it reads the files that this test compares", name)
	}
	return path
}

// written writes a file into a folder of the test.
func written(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// avifdec returns the picture that avifdec makes of a file.
func avifdec(t *testing.T, data []byte) image.Image {
	t.Helper()
	in, out := written(t, "a.avif", data), filepath.Join(t.TempDir(), "a.png")
	if said, err := exec.Command(tool(t, "avifdec"), in, out).CombinedOutput(); err != nil {
		t.Fatalf("avifdec: %v\n%s", err, said)
	}
	return decoded(t, mustRead(t, out), PNG)
}

func TestAVIFIsReadByAnotherDecoder(t *testing.T) {
	notUnderRace(t)
	for _, size := range []image.Point{{1, 1}, {2, 1}, {1, 3}, {17, 33}, {64, 64}, {300, 7}} {
		pic := scene(size.X, size.Y)
		for _, text := range []string{"format=avif;quality=95", "format=avif;quality=95;chroma=444;effort=normal"} {
			out := do(t, encoded(t, pic, PNG), text).Outputs[0]
			theirs, ours := avifdec(t, out.Data), decoded(t, do(t, out.Data, "format=png").Outputs[0].Data, PNG)
			if d := difference(theirs, ours); d < 0 || d > 1 {
				t.Errorf("%v, %s: avifdec's picture differs from ours by %.2f levels", size, text, d)
			}
			if d := difference(ours, pic); d < 0 || d > 12 {
				t.Errorf("%v, %s: the picture differs by %.2f levels", size, text, d)
			}
		}
	}
}

// TestAlphaOfAnAVIFIsKeptExactly has all values of alpha, and colors below them.
func TestAlphaOfAnAVIFIsKeptExactly(t *testing.T) {
	notUnderRace(t)
	pic := scene(256, 8)
	for x := range 256 {
		for y := range 8 {
			pic.Pix[pic.PixOffset(x, y)+3] = uint8(x)
		}
	}
	out := do(t, encoded(t, pic, PNG), "format=avif").Outputs[0]
	for name, got := range map[string]image.Image{
		"ours": decoded(t, do(t, out.Data, "format=png").Outputs[0].Data, PNG), "avifdec": avifdec(t, out.Data),
	} {
		for x := range 256 {
			_, _, _, a := got.At(x, 3).RGBA()
			if a>>8 != uint32(x) {
				t.Errorf("%s: alpha %d became %d", name, x, a>>8)
			}
		}
		if d := difference(got, pic); d < 0 || d > 6 {
			t.Errorf("%s: the picture differs by %.2f levels", name, d)
		}
	}
}

func TestProfileOfAnAVIFIsThatOfItsInput(t *testing.T) {
	notUnderRace(t)
	p3 := profileOf(4, "RGB ", "Display P3")
	res := do(t, intoJPEG(encoded(t, scene(40, 30), JPEG), p3), "format=avif")
	m, err := inspect(res.Outputs[0].Data)
	if err != nil || !bytes.Equal(m.icc, p3) || len(res.Warnings) > 0 {
		t.Errorf("%d bytes of a profile, %v, %q", len(m.icc), err, res.Warnings)
	}
	path := written(t, "a.avif", res.Outputs[0].Data)
	got, err := exec.Command(tool(t, "exiftool"), "-b", "-icc_profile", path).Output()
	if err != nil || !bytes.Equal(got, p3) {
		t.Errorf("exiftool finds %d bytes of a profile, %v", len(got), err)
	}
	again := do(t, res.Outputs[0].Data, "size=20;format=jpeg")
	if m, err := inspect(again.Outputs[0].Data); err != nil || !bytes.Equal(m.icc, p3) {
		t.Errorf("back in a JPEG: %d bytes of a profile, %v", len(m.icc), err)
	}
}

// numbered returns an AVIF that names its colors by these numbers.
func numbered(t *testing.T, primaries, transfer uint16) []byte {
	data, err := avif.Encode(scene(40, 30), avif.Options{Quality: 80, Speed: 9})
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(data, []byte("colrnclx")) + 8
	binary.BigEndian.PutUint16(data[at:], primaries)
	binary.BigEndian.PutUint16(data[at+2:], transfer)
	return data
}

func TestColorsThatAreNamedByNumbers(t *testing.T) {
	res := do(t, numbered(t, 12, 13), "format=png")
	m, err := inspect(res.Outputs[0].Data)
	if err != nil || !bytes.Equal(m.icc, displayP3()) || len(res.Warnings) > 0 {
		t.Errorf("Display P3: %d bytes of a profile, %v, %q", len(m.icc), err, res.Warnings)
	}
	for _, transfer := range []uint16{16, 18} {
		_, err := Do(context.Background(), Task{Data: numbered(t, 9, transfer)})
		if class(err) != ClassUnsupported || !strings.Contains(err.Error(), "an HDR image cannot be read") {
			t.Errorf("transfer %d: %v", transfer, err)
		}
	}
	for _, primaries := range []uint16{0, 1, 2} {
		if res := do(t, numbered(t, primaries, 13), "format=png"); len(res.Warnings) > 0 {
			t.Errorf("primaries %d: %q", primaries, res.Warnings)
		}
	}
	res = do(t, numbered(t, 9, 1), "format=png")
	if len(res.Warnings) != 1 || !strings.Contains(res.Warnings[0], "the primaries 9 of ITU-T H.273") {
		t.Errorf("BT.2020: %q", res.Warnings)
	}
}

// TestDisplayP3IsAProfileToOthers has exiftool read it.
func TestDisplayP3IsAProfileToOthers(t *testing.T) {
	path := written(t, "p3.icc", displayP3())
	said, err := exec.Command(tool(t, "exiftool"), "-s", "-validate", "-warning", "-ProfileDescription",
		"-BlueMatrixColumn", "-MediaWhitePoint", path).CombinedOutput()
	for _, want := range []string{"Display P3", "0.1571 0.06657 0.78407", "0.9642 1 0.82491"} {
		if err != nil || !strings.Contains(string(said), want) || strings.Contains(string(said), "Warning ") {
			t.Errorf("%v, want %q in\n%s", err, want, said)
		}
	}
}

// made returns an AVIF of a scene that avifenc makes.
func made(t *testing.T, pic image.Image, args ...string) []byte {
	t.Helper()
	in, out := written(t, "a.png", encoded(t, pic, PNG)), filepath.Join(t.TempDir(), "a.avif")
	cmd := exec.Command(tool(t, "avifenc"), slices.Concat([]string{"-s", "9", "--min", "5", "--max", "10"}, args,
		[]string{in, out})...)
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("avifenc %q: %v\n%s", args, err, said)
	}
	return mustRead(t, out)
}

func TestFilesOfAnotherEncoderAreRead(t *testing.T) {
	pic := scene(70, 50)
	clear := scene(70, 50)
	for i := 3; i < len(clear.Pix); i += 12 {
		clear.Pix[i] = 100
	}
	for name, c := range map[string]struct {
		pic  *image.NRGBA
		args []string
		says string
	}{
		"plain":    {pic, nil, ""},
		"video":    {pic, []string{"-r", "limited"}, ""},
		"420":      {pic, []string{"-y", "420"}, ""},
		"422":      {pic, []string{"-y", "422"}, ""},
		"10 bits":  {pic, []string{"-d", "10"}, "its samples have 10 bits, of which 8 were used"},
		"12 bits":  {pic, []string{"-d", "12", "-y", "444"}, "its samples have 12 bits, of which 8 were used"},
		"alpha":    {clear, nil, ""},
		"multiple": {clear, []string{"-p"}, ""},
		"BT.709":   {pic, []string{"--cicp", "1/13/1"}, ""},
	} {
		res := do(t, made(t, c.pic, c.args...), "format=png")
		if d := difference(decoded(t, res.Outputs[0].Data, PNG), c.pic); d < 0 || d > 6 {
			t.Errorf("%s: the picture differs by %.2f levels", name, d)
		}
		if said := strings.Join(res.Warnings, "\n"); !strings.Contains(said, c.says) || c.says == "" && said != "" {
			t.Errorf("%s: warnings %q, want %q", name, said, c.says)
		}
	}
}

// TestAVIFIsTurnedAsHEIFSays compares with libheif, for all turns, and for a crop.
func TestAVIFIsTurnedAsHEIFSays(t *testing.T) {
	notUnderRace(t)
	convert := tool(t, "heif-convert")
	pic := scene(60, 40)
	for irot := range 4 {
		for imir := -1; imir < 2; imir++ {
			args := []string{"--irot", fmt.Sprint(irot)}
			if imir >= 0 {
				args = append(args, "--imir", fmt.Sprint(imir))
			}
			data := made(t, pic, args...)
			out := filepath.Join(t.TempDir(), "a.png")
			if said, err := exec.Command(convert, written(t, "a.avif", data), out).CombinedOutput(); err != nil {
				t.Fatalf("heif-convert: %v\n%s", err, said)
			}
			ours := decoded(t, do(t, data, "format=png").Outputs[0].Data, PNG)
			if d := difference(ours, decoded(t, mustRead(t, out), PNG)); d < 0 || d > 2 {
				t.Errorf("irot %d, imir %d: differs by %.2f levels", irot, imir, d)
			}
		}
	}
	cut := do(t, made(t, pic, "--crop", "10,4,30,20"), "format=png")
	want := image.NewNRGBA(image.Rect(0, 0, 30, 20))
	for y := range 20 {
		copy(want.Pix[y*want.Stride:], pic.Pix[pic.PixOffset(10, 4+y):][:120])
	}
	if d := difference(decoded(t, cut.Outputs[0].Data, PNG), want); d < 0 || d > 3 {
		t.Errorf("cropped: differs by %.2f levels", d)
	}
}

// TestForgedSizeOfAnAVIFCostsNothing has a size in the property beside the picture, and in the picture.
func TestForgedSizeOfAnAVIFCostsNothing(t *testing.T) {
	notUnderRace(t)
	data := encoded(t, scene(64, 48), AVIF)
	forged := bytes.Clone(data)
	at := bytes.Index(forged, []byte("ispe")) + 8
	binary.BigEndian.PutUint32(forged[at:], 60000)
	binary.BigEndian.PutUint32(forged[at+4:], 60000)
	used := allocated(func() {
		_, err := Do(context.Background(), Task{Data: forged})
		if class(err) != ClassDecode || !strings.Contains(err.Error(), "where the file names 60000x60000") {
			t.Errorf("%v", err)
		}
	})
	if used > 1<<20 && !underRace {
		t.Errorf("%d bytes were allocated", used)
	}
	_, err := Do(context.Background(), Task{Data: data, Grant: 1 << 20})
	if _, ok := errors.AsType[*NeedError](err); !ok {
		t.Errorf("a grant of 1 MB: %v", err)
	}
}

// TestNoDamagedAVIFIsDone mutates files. What avifdec refuses must be refused, and so must pictures of nothing.
func TestNoDamagedAVIFIsDone(t *testing.T) {
	notUnderRace(t)
	dec := tool(t, "avifdec")
	clear := scene(90, 70)
	for i := 3; i < len(clear.Pix); i += 16 {
		clear.Pix[i] = 90
	}
	sources := [][]byte{
		encoded(t, scene(90, 70), AVIF), encoded(t, clear, AVIF),
		do(t, encoded(t, scene(160, 120), PNG), "format=avif").Outputs[0].Data,
	}
	n := 250
	if testing.Short() {
		n = 60
	}
	r := rand.New(rand.NewPCG(1, 2))
	dir := t.TempDir()
	in, out := filepath.Join(dir, "a.avif"), filepath.Join(dir, "a.png")
	passed, refused := 0, 0
	for i := range n {
		data := bytes.Clone(sources[i%len(sources)])
		switch i % 5 {
		case 0:
			data = data[:1+r.IntN(len(data)-1)]
		case 1: // in the pixels alone
			for range 1 + r.IntN(6) {
				data[len(data)/2+r.IntN(len(data)/2)] = byte(r.Uint32())
			}
		default:
			for range 1 + r.IntN(4) {
				data[r.IntN(len(data))] ^= 1 << r.IntN(8)
			}
		}
		res, err := Do(context.Background(), Task{Data: data, Spec: mustSpec(t, "format=png")})
		if err != nil {
			refused++
			if c := class(err); c == ClassPanic || strings.Contains(err.Error(), "\n") {
				t.Errorf("mutant %d: %v", i, err)
			}
			continue
		}
		passed++
		if err := os.WriteFile(in, data, 0o644); err != nil {
			t.Fatal(err)
		}
		if said, err := exec.Command(dec, "--no-strict", in, out).CombinedOutput(); err != nil {
			t.Errorf("mutant %d is done, and avifdec refuses it: %v\n%s", i, err, said)
			continue
		}
		if d := difference(decoded(t, res.Outputs[0].Data, PNG), decoded(t, mustRead(t, out), PNG)); d < 0 || d > 4 {
			t.Errorf("mutant %d differs from what avifdec makes by %.2f levels", i, d)
		}
	}
	t.Logf("%d of %d were done", passed, n)
	if passed == 0 || refused == 0 {
		t.Errorf("%d passed and %d were refused", passed, refused)
	}
}

// TestBlackPictureIsNoDamage has what a picture that could not be decoded would look like.
func TestBlackPictureIsNoDamage(t *testing.T) {
	for _, c := range []color.NRGBA{{0, 0, 0, 255}, {0, 0, 0, 0}} {
		pic := solid(30, 20, c)
		res := do(t, encoded(t, pic, AVIF), "format=png")
		if d := difference(decoded(t, res.Outputs[0].Data, PNG), pic); d < 0 || d > 1 {
			t.Errorf("%v: differs by %.2f levels", c, d)
		}
	}
}

// TestSequenceGivesItsStillImage has a file whose brand is that of a sequence.
func TestSequenceGivesItsStillImage(t *testing.T) {
	pic := scene(48, 32)
	data := bytes.Clone(encoded(t, pic, AVIF))
	copy(data[8:], "avis")
	data = append(data, "\x00\x00\x00\x0cmoovabcd"...)
	res := do(t, data, "format=png")
	if !slices.Contains(res.Warnings, "only the first image of the sequence was used") {
		t.Errorf("warnings %q", res.Warnings)
	}
	if d := difference(decoded(t, res.Outputs[0].Data, PNG), pic); d < 0 || d > 6 {
		t.Errorf("differs by %.2f levels", d)
	}
}

func TestLargeAVIFIsRefusedBeforeWork(t *testing.T) {
	notUnderRace(t)
	_, err := Do(context.Background(), Task{Data: encoded(t, solid(64, 64, color.NRGBA{A: 255}), PNG),
		Spec: mustSpec(t, "format=avif;size=6000x6000,upscale,fit=fill")})
	if class(err) != ClassEncode || !strings.Contains(err.Error(), "expected at most 26000000") {
		t.Errorf("%v", err)
	}
}
