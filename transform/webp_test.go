package transform

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"strings"
	"testing"
)

// pngOfTask does a task, and reads what came out.
func pngOfTask(t *testing.T, data []byte, l Limits) (Result, image.Image, error) {
	t.Helper()
	res, err := Do(context.Background(), Task{Data: data, Spec: mustSpec(t, "format=png"), Limits: l})
	if err != nil {
		return res, nil, err
	}
	return res, decoded(t, res.Outputs[0].Data, PNG), nil
}

// rowsSaid returns how many of n rows a warning says are there.
func rowsSaid(res Result, n int) int {
	for _, w := range res.Warnings {
		var all, last int
		if _, after, ok := strings.Cut(w, ": of "); ok {
			if _, err := fmt.Sscanf(after, "%d rows the last %d are missing", &all, &last); err == nil {
				return n - last
			}
			var first int
			if _, err := fmt.Sscanf(after, "%d rows %d from row %d on", &all, &last, &first); err == nil {
				return first
			}
			if strings.Contains(after, "the last is missing") {
				return n - 1
			}
		}
	}
	return n
}

// rawAlpha is an ALPH chunk of w × h samples that are not packed, each x + 2y.
func rawAlpha(w, h int) []byte {
	body := []byte{0}
	for y := range h {
		for x := range w {
			body = append(body, byte(x+2*y))
		}
	}
	return riffChunk("ALPH", body)
}

func extendedWebP(flags byte, w, h int, chunks ...[]byte) []byte {
	right, bottom := w-1, h-1
	body := []byte{flags, 0, 0, 0, byte(right), byte(right >> 8), 0, byte(bottom), byte(bottom >> 8), 0}
	head := riffChunk("VP8X", body)
	return webpOf(append([][]byte{head}, chunks...)...)
}

// Wherever a WebP is cut, the rows that are said to be there are those of the whole file, and the others have one fill:
// mid-gray if the picture is lossy and opaque, transparent black if it has alpha, else black.
func TestCutWebPKeepsItsRows(t *testing.T) {
	notUnderRace(t)
	const w, h = 400, 300
	file := lossyWebP(t)
	lossy := file[12:]
	// 8 rows down
	place := []byte{0, 0, 0, 4, 0, 0, (w - 1) & 255, (w - 1) >> 8, 0, (h - 1) & 255, (h - 1) >> 8, 0, 0, 0, 0, 0}
	for name, tt := range map[string]struct {
		data []byte
		h    int
		fill [4]uint32
	}{
		"lossy":             {file, h, [4]uint32{128, 128, 128, 255}},
		"lossy with alpha":  {extendedWebP(0x10, w, h, rawAlpha(w, h), lossy), h, [4]uint32{}},
		"lossy in a canvas": {extendedWebP(2, w, h+20, riffChunk("ANMF", append(place, lossy...))), h + 8, [4]uint32{}},
	} {
		whole, all, err := pngOfTask(t, tt.data, Limits{})
		if err != nil || whole.Damaged {
			t.Fatalf("%s: %v, %v", name, whole.Warnings, err)
		}
		start := bytes.Index(tt.data, []byte("VP8 "))
		before := 0
		for part := 1; part <= 12; part++ {
			cut := start + (len(tt.data)-start)*part/13
			res, got, err := pngOfTask(t, tt.data[:cut], Limits{})
			if err != nil {
				if class(err) != ClassDecode || before > 0 {
					t.Errorf("%s cut at %d: %v", name, cut, err)
				}
				continue
			}
			n := rowsSaid(res, tt.h)
			said := strings.Join(res.Warnings, "; ")
			if !res.Damaged || n < before || n < tt.h*part/13-150 || n >= tt.h ||
				!strings.HasPrefix(said, "decode webp: the file ends before the image does: of ") {
				t.Errorf("%s cut at %d: %d rows, %q", name, cut, n, res.Warnings)
			}
			before = n
			for y := range n {
				if !sameRow(got, all, y) {
					t.Errorf("%s cut at %d: row %d of %d is not that of the whole", name, cut, y, n)
					break
				}
			}
			for _, y := range []int{tt.h - 30, tt.h - 9} {
				r, g, b, a := got.At(w/2, y).RGBA()
				if y > n+16 && [4]uint32{r >> 8, g >> 8, b >> 8, a >> 8} != tt.fill {
					t.Errorf("%s cut at %d: row %d is %d %d %d %d, want %v", name, cut, y, r>>8, g>>8, b>>8, a>>8,
						tt.fill)
				}
			}
			_, _, err = pngOfTask(t, tt.data[:cut], Limits{RefuseDamaged: true})
			if !refused(err) {
				t.Errorf("%s cut at %d, refused if damaged: %v", name, cut, err)
			}
		}
		if before < tt.h/2 {
			t.Errorf("%s: %d rows of all but a thirteenth", name, before)
		}
	}
}

// The ways by planes and by RGB take the same rows for missing.
func TestBothWaysOfACutWebPAgree(t *testing.T) {
	data := lossyWebP(t)
	data = data[:len(data)*3/4]
	task := Task{Data: data, Spec: mustSpec(t, "size=100;format=png")}
	res, err := Do(context.Background(), task)
	if err != nil || !res.Damaged {
		t.Fatal(res.Warnings, err)
	}
	want := generally(t, task)
	if d := difference(decoded(t, res.Outputs[0].Data, PNG), decoded(t, want.Outputs[0].Data, PNG)); d > 1 {
		t.Errorf("they differ by %.2f levels", d)
	}
}

// A lossless image that is cut is black where it is missing, or transparent if it has alpha.
func TestCutLosslessWebPIsFilled(t *testing.T) {
	// Two thousand pixels of one byte each: green is coded with eight bits, all else is 0 and takes none.
	const w, h = 50, 40
	for _, alpha := range []bool{false, true} {
		var bits []byte
		n := 0
		put := func(v, count int) {
			for i := range count {
				if n%8 == 0 {
					bits = append(bits, 0)
				}
				bits[n/8] |= byte(v>>i&1) << (n % 8)
				n++
			}
		}
		put(0x2f, 8)
		put(w-1, 14)
		put(h-1, 14)
		put(map[bool]int{true: 1}[alpha], 4)
		put(0, 3)  // no transform, no cache, no parts
		put(0, 1)  // green: lengths
		put(15, 4) // of all nineteen codes of lengths
		for i := range 19 {
			put(map[bool]int{true: 1}[i == 2 || i == 11], 3) // 0 and 8 take a bit
		}
		put(0, 1)
		for s := range 280 {
			put(map[bool]int{true: 1}[s < 256], 1)
		}
		for _, s := range []int{9, 7, 255, 0} {
			put(1, 1)
			put(0, 1)
			put(1, 1)
			put(s, 8)
		}
		head := n/8 + 1
		for i := range w * h {
			put(i*7+i/w, 8)
		}
		file := webpOf(riffChunk("VP8L", bits))
		_, all, err := pngOfTask(t, file, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		for _, rows := range []int{1, 17, 39} {
			res, got, err := pngOfTask(t, file[:20+head+rows*w+w/2], Limits{})
			if err != nil || !res.Damaged || rowsSaid(res, h) != rows {
				t.Errorf("alpha %t, %d rows: %q, %v", alpha, rows, res.Warnings, err)
				continue
			}
			for y := range h {
				r, g, b, a := got.At(3, y).RGBA()
				if y < rows && !sameRow(got, all, y) || y >= rows && (r|g|b != 0 || (a == 0) != alpha) {
					t.Errorf("alpha %t, %d rows: row %d is %d %d %d %d", alpha, rows, y, r, g, b, a)
				}
			}
		}
		_, _, err = pngOfTask(t, file[:20+head+w/2], Limits{})
		if class(err) != ClassDecode || !strings.Contains(err.Error(), "none of 40 rows") {
			t.Errorf("half a row: %v", err)
		}
	}
}

// The header decides whether alpha counts; alpha that is short is opaque from there on.
func TestAlphaOfWebP(t *testing.T) {
	const w, h = 400, 300
	lossy, alpha := lossyWebP(t)[12:], rawAlpha(w, h)
	with := func(body ...byte) []byte { return extendedWebP(0x10, w, h, riffChunk("ALPH", body), lossy) }
	for name, tt := range map[string]struct {
		data    []byte
		opaque  bool
		damaged bool
		warn    string
	}{
		"announced":         {extendedWebP(0x10, w, h, alpha, lossy), false, false, ""},
		"not announced":     {extendedWebP(0, w, h, alpha, lossy), true, false, "its transparency was passed over"},
		"without header":    {webpOf(alpha, lossy), true, false, "its transparency was passed over"},
		"announced, absent": {extendedWebP(0x10, w, h, lossy), true, false, ""},
		"short": {with(alpha[8 : 8+1+100*w+7]...), false, true,
			"of 300 rows none is missing, but from row 100 on"},
		"empty":          {with(), true, true, "from row 0 on transparency is missing"},
		"unknown method": {with(2, 0), true, true, "packed by method 2"},
		"bad codes": {with(1, 0, 0), true, true,
			"its alpha is damaged: its pixel data ends before the image does"},
	} {
		res, got, err := pngOfTask(t, tt.data, Limits{})
		said := strings.Join(res.Warnings, "; ")
		if err != nil || res.Damaged != tt.damaged || (said == "") != (tt.warn == "") ||
			!strings.Contains(said, tt.warn) {
			t.Errorf("%s: damaged %t, %q, %v", name, res.Damaged, res.Warnings, err)
			continue
		}
		_, _, _, a := got.At(30, 20).RGBA()
		_, _, _, below := got.At(30, 200).RGBA()
		if a>>8 != map[bool]uint32{true: 255, false: 70}[tt.opaque] || name == "short" && below != 0xffff {
			t.Errorf("%s: alpha %d and %d", name, a>>8, below>>8)
		}
		if res.Source.Alpha != (name != "not announced" && name != "without header") {
			t.Errorf("%s: the header says alpha %t", name, res.Source.Alpha)
		}
	}
}

// A lossless image says itself that it has alpha. A header before it that says nothing of alpha takes none away: the
// picture is written in a format that keeps it.
func TestLosslessWebPAnnouncesItsAlpha(t *testing.T) {
	const w, h = 40, 30
	image := losslessWebP(w, h)[12:] // transparent everywhere
	place := []byte{0, 0, 0, 0, 0, 0, w - 1, 0, 0, h - 1, 0, 0, 0, 0, 0, 0}
	for name, data := range map[string][]byte{
		"alone":         webpOf(image),
		"announced":     extendedWebP(0x10, w, h, image),
		"not announced": extendedWebP(0, w, h, image),
		"animated":      extendedWebP(2, w, h, riffChunk("ANMF", append(place, image...))),
	} {
		res, err := Do(context.Background(), Task{Data: data})
		if err != nil || !res.Source.Alpha || res.Outputs[0].Format != WebPLossless || len(res.Warnings) > 0 {
			t.Errorf("%s: alpha %t, %q, %v: expected a lossless WebP", name, res.Source.Alpha, res.Warnings, err)
			continue
		}
		if _, _, _, a := decoded(t, res.Outputs[0].Data, WebP).At(5, 5).RGBA(); a != 0 {
			t.Errorf("%s: alpha %d, want 0", name, a)
		}
	}
}

// A picture that becomes much smaller is decoded without the smoothing of edges, and by halves if it becomes smaller
// still, which changes it by little.
func TestRoughWebPIsLikeASmoothOne(t *testing.T) {
	data := encoded(t, textured(900, 700), PNG)
	data = do(t, data, "format=webp;quality=70").Outputs[0].Data
	for size, most := range map[string]float64{"size=150": 1, "size=204": 1, "size=300": 1, "size=400": 0.8} {
		task := Task{Data: data, Spec: mustSpec(t, size+";format=png")}
		res, err := Do(context.Background(), task)
		if err != nil {
			t.Fatal(err)
		}
		want := generally(t, task)
		d := difference(decoded(t, res.Outputs[0].Data, PNG), decoded(t, want.Outputs[0].Data, PNG))
		if d < 0 || d > most {
			t.Errorf("%s: it differs by %.2f levels", size, d)
		}
	}
}
