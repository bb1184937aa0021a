package vp8

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"imgpipe/transform/internal/codec"
	"imgpipe/transform/internal/pixel"
)

var efforts = []int{Fast, Normal, High}

// blank returns planes of zeros.
func blank(w, h int) *pixel.Planes {
	p := pixel.Planes{Kind: pixel.YCbCr, Video: true}
	p.Plane[0] = pixel.NewPlane(w, h)
	p.Plane[1] = pixel.NewPlane((w+1)/2, (h+1)/2)
	p.Plane[2] = pixel.NewPlane((w+1)/2, (h+1)/2)
	return &p
}

// picture returns planes with flat areas, edges, ramps and noise. Every fourth seed has the largest differences that
// there are.
func picture(seed uint64, w, h int) *pixel.Planes {
	r := rand.New(rand.NewPCG(seed, 9))
	p := blank(w, h)
	for _, q := range p.Plane[:3] {
		noise := 1 + r.IntN(60)
		for i := range q.Pix {
			x, y := i%q.W, i/q.W
			v := 40 + (x*3+y*2)%160
			switch (x/24 + y/24) % 3 {
			case 1:
				v += r.IntN(noise)
			case 2:
				v = 60
			}
			if seed%4 == 3 {
				v = 255 * r.IntN(2)
			}
			q.Pix[i] = byte(min(v, 255))
		}
	}
	return p
}

// photo returns planes whose details are like those of a photograph: noise of all scales, less of the finer ones, more
// in one half than in the other, and edges.
func photo(w, h int) *pixel.Planes {
	r := rand.New(rand.NewPCG(3, 4))
	p := blank(w, h)
	for _, q := range p.Plane[:3] {
		sum := make([]int, q.W*q.H)
		for cell, size := 64, 60; cell >= 1; cell, size = cell/2, size*5/8 {
			across := q.W/cell + 2
			grid := make([]int, across*(q.H/cell+2))
			for i := range grid {
				grid[i] = r.IntN(2*size+1) - size
			}
			for i := range sum {
				x, y := i%q.W, i/q.W
				g, fx, fy := grid[y/cell*across+x/cell:], x%cell, y%cell
				top, bottom := g[0]*(cell-fx)+g[1]*fx, g[across]*(cell-fx)+g[across+1]*fx
				v := (top*(cell-fy) + bottom*fy) / (cell * cell)
				if cell < 8 && 2*x > q.W {
					v /= 4
				}
				sum[i] += v
			}
		}
		for i, v := range sum {
			x, y := i%q.W, i/q.W
			if (x-q.W/2)*(x-q.W/2)+(y-q.H/3)*(y-q.H/3) < q.W*q.H/20 {
				v += 50
			}
			q.Pix[i] = byte(min(max(126+v, 16), 235))
		}
	}
	return p
}

func encode(t testing.TB, p *pixel.Planes, o EncodeOptions) []byte {
	t.Helper()
	file, err := new(Encoder).Append(nil, p, o)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// traced encodes a picture and returns the file and what the encoder took for the picture before smoothing.
func traced(t testing.TB, e *Encoder, p *pixel.Planes, o EncodeOptions) ([]byte, [3]plane) {
	t.Helper()
	w, h := (p.Plane[0].W+15)/16, (p.Plane[0].H+15)/16
	seen := [3]plane{newPlane(w, h, 16, 1), newPlane(w, h, 8, 1), newPlane(w, h, 8, 1)}
	put := func(p *plane, x, y, size int, blocks []samples) {
		for i, b := range blocks {
			for k := range 4 {
				at := p.origin + (y*size+i/(size/4)*4+k)*p.stride + x*size + i%(size/4)*4
				copy(p.pix[at:at+4], b[4*k:])
			}
		}
	}
	e.seen = func(x, y int, luma *[16]samples, chroma *[8]samples) {
		put(&seen[0], x, y, 16, luma[:])
		put(&seen[1], x, y, 8, chroma[:4])
		put(&seen[2], x, y, 8, chroma[4:])
	}
	file, err := e.Append(nil, p, o)
	if err != nil {
		t.Fatal(err)
	}
	return file, seen
}

// unsmoothed decodes a file and leaves its edges as they are.
func unsmoothed(file []byte) ([3]*plane, error) {
	var planes [3]*plane
	h, err := ReadHeader(file)
	if err != nil {
		return planes, err
	}
	d := &decoder{width: (h.Width + 15) / 16, height: (h.Height + 15) / 16}
	d.layOut(&h, pixel.Scale{Rough: true})
	if err := d.readHeaders(&h); err != nil {
		return planes, err
	}
	for y := range d.height {
		if err := d.row(y); err != nil {
			return planes, fmt.Errorf("row %d of macroblocks: %v", y, err)
		}
	}
	return [3]*plane{&d.planes[0], &d.planes[1], &d.planes[2]}, nil
}

// seenAlike reports how a decoder's samples differ from those that the encoder saw.
func seenAlike(file []byte, seen [3]plane) error {
	planes, err := unsmoothed(file)
	if err != nil {
		return err
	}
	for i, p := range planes {
		if !bytes.Equal(p.pix, seen[i].pix) {
			return fmt.Errorf("plane %d differs", i)
		}
	}
	return nil
}

func TestDecoderSeesWhatTheEncoderSaw(t *testing.T) {
	var e Encoder
	check := func(w, h int, o EncodeOptions) {
		file, seen := traced(t, &e, picture(uint64(w*h), w, h), o)
		if err := seenAlike(file, seen); err != nil {
			t.Errorf("%d×%d, %+v: %v", w, h, o, err)
		}
	}
	qualities := []int{80, 1, 100, 50, 95, 20}
	for _, effort := range efforts {
		for w := 1; w <= 40; w++ {
			for h := 1; h <= 40; h++ {
				if effort < High || (w+h)%5 == 0 {
					check(w, h, EncodeOptions{Quality: qualities[(w+3*h)%len(qualities)], Effort: effort})
				}
			}
		}
		for _, size := range [][2]int{{MaxSide, 1}, {1, MaxSide}, {MaxSide, 18}, {200, 333}} {
			check(size[0], size[1], EncodeOptions{Effort: effort})
		}
	}
}

func TestOtherReadersSeeTheSamePicture(t *testing.T) {
	for _, effort := range efforts {
		for _, size := range sizes {
			for seed := range uint64(4) {
				o := EncodeOptions{Quality: 10 + int(seed)*30, Effort: effort}
				file := encode(t, picture(seed, size[0], size[1]), o)
				p := decode(t, file)
				if p.Damage.Err != nil {
					t.Errorf("%v, %+v: %v", size, o, p.Damage.Err)
				}
				img, err := other(file)
				if err != nil {
					t.Errorf("%v, %+v: golang.org/x/image: %v", size, o, err)
					continue
				}
				if err := equal(p.Plane, planesOf(img), size[1]); err != nil {
					t.Errorf("%v, %+v: golang.org/x/image: %v", size, o, err)
				}
			}
		}
	}
}

func TestLibwebpSeesTheSamePicture(t *testing.T) {
	dwebp, err := exec.LookPath("dwebp")
	if err != nil {
		t.Skip("libwebp's dwebp is not installed")
	}
	dir := t.TempDir()
	for i, size := range append([][2]int{{MaxSide, 1}, {1, MaxSide}, {2, 3}, {31, 32}, {40, 17}}, sizes...) {
		for _, effort := range efforts {
			file := encode(t, picture(uint64(i), size[0], size[1]), EncodeOptions{Quality: 30 + 7*i, Effort: effort})
			chunk := append([]byte("VP8 "), binary.LittleEndian.AppendUint32(nil, uint32(len(file)))...)
			chunk = append(chunk, file...)
			if len(file)%2 > 0 {
				chunk = append(chunk, 0)
			}
			riff := append([]byte("RIFF"), binary.LittleEndian.AppendUint32(nil, uint32(4+len(chunk)))...)
			in, out := filepath.Join(dir, "in.webp"), filepath.Join(dir, "out.yuv")
			if err := os.WriteFile(in, append(append(riff, "WEBP"...), chunk...), 0o600); err != nil {
				t.Fatal(err)
			}
			if text, err := exec.Command(dwebp, "-quiet", "-yuv", in, "-o", out).CombinedOutput(); err != nil {
				t.Fatalf("%v: %v: %s", size, err, text)
			}
			got, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			var want []byte
			p := decode(t, file)
			for _, q := range p.Plane[:3] {
				for y := range q.H {
					want = append(want, q.Row(y)...)
				}
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%v, effort %d: dwebp reads other samples", size, effort)
			}
		}
	}
}

// squares returns the sum of squared differences of two pictures.
func squares(a, b *pixel.Planes) (sum int) {
	for i := range 3 {
		for y := range a.Plane[i].H {
			other := b.Plane[i].Row(y)
			for x, v := range a.Plane[i].Row(y) {
				d := int(v) - int(other[x])
				sum += d * d
			}
		}
	}
	return sum
}

func TestHigherQualityIsCloserAndLarger(t *testing.T) {
	p := photo(300, 200)
	for _, effort := range efforts {
		bytes, errs := 0, 1<<60
		for _, q := range []int{1, 15, 30, 45, 60, 75, 85, 92, 97, 100} {
			file := encode(t, p, EncodeOptions{Quality: q, Effort: effort})
			got := decode(t, file)
			d := squares(p, &got.Planes)
			if len(file) <= bytes || d >= errs {
				t.Errorf("effort %d, quality %d: %d bytes after %d, an error of %d after %d",
					effort, q, len(file), bytes, d, errs)
			}
			bytes, errs = len(file), d
		}
		if mean := float64(errs) / (300 * 200 * 1.5); mean > 2.5 {
			t.Errorf("effort %d, quality 100: a mean squared error of %.2f", effort, mean)
		}
	}
	if a, b := encode(t, p, EncodeOptions{}), encode(t, p, EncodeOptions{Quality: DefaultQuality}); !bytes.Equal(a, b) {
		t.Error("the zero quality is not the default one")
	}
}

// More effort lowers what is minimized: squared errors and bits together. What a bit is worth differs between
// segments, so the sum over the picture is but nearly that.
func TestMoreEffortIsWorthIt(t *testing.T) {
	p := photo(300, 200)
	for _, q := range []int{50, 80, 90} {
		last := 0.0
		for _, effort := range efforts {
			file := encode(t, p, EncodeOptions{Quality: q, Effort: effort})
			got := decode(t, file)
			// What a bit is worth follows from the steps (encodesteps.go).
			step := float64(acSteps[qualities[q]])
			cost := float64(squares(p, &got.Planes)) + step*step/20/4*8*float64(len(file))
			if last > 0 && cost > last*1.01 {
				t.Errorf("quality %d, effort %d: %.0f after %.0f", q, effort, cost, last)
			}
			last = cost
		}
	}
}

func TestEncoderKeepsNothingOfEarlierPictures(t *testing.T) {
	var e Encoder
	for i := range 40 {
		p := picture(uint64(i), 1+i*37%90, 1+i*53%70)
		if i%5 == 4 {
			p = picture(uint64(i), 300, 200)
		}
		o := EncodeOptions{Quality: 1 + i*7%100, Effort: efforts[i%3]}
		before := []byte("before")
		got, err := e.Append(before, p, o)
		if err != nil {
			t.Fatal(err)
		}
		if want := encode(t, p, o); string(got[:6]) != "before" || !bytes.Equal(got[6:], want) {
			t.Errorf("picture %d: %d bytes, %d of a fresh encoder", i, len(got)-6, len(want))
		}
		if i%3 == 0 { // one that is stopped half way leaves nothing behind
			calls := 0
			o.Stop = func() bool { calls++; return calls > 3 }
			if _, err := e.Append(nil, picture(99, 400, 300), o); err != codec.ErrStopped {
				t.Fatal(err)
			}
		}
		if e.luma.Pix != nil || e.blue.Pix != nil || e.red.Pix != nil {
			t.Fatal("the encoder holds the picture")
		}
	}
}

func TestEncoderReadsNothingOutsideThePlanes(t *testing.T) {
	p := picture(1, 45, 37)
	wide := pixel.Planes{Kind: p.Kind, Video: true}
	for i, q := range p.Plane[:3] {
		w := pixel.Plane{Stride: q.W + 9, W: q.W, H: q.H}
		for y := range q.H {
			w.Pix = append(w.Pix, q.Row(y)...)
			if y < q.H-1 {
				w.Pix = append(w.Pix, bytes.Repeat([]byte{byte(77 * y)}, 9)...)
			}
		}
		wide.Plane[i] = w
	}
	before := bytes.Clone(wide.Plane[0].Pix)
	for _, effort := range efforts {
		o := EncodeOptions{Effort: effort}
		if !bytes.Equal(encode(t, p, o), encode(t, &wide, o)) {
			t.Errorf("effort %d: what is between the rows changes the file", effort)
		}
	}
	if !bytes.Equal(before, wide.Plane[0].Pix) {
		t.Error("the picture was written to")
	}
}

func TestEncoderSaysWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		change func(p *pixel.Planes, o *EncodeOptions)
		want   string
	}{
		{func(p *pixel.Planes, o *EncodeOptions) { o.Quality = 101 }, "quality is 101, 1 to 100 was expected"},
		{func(p *pixel.Planes, o *EncodeOptions) { o.Quality = -1 }, "quality is -1, 1 to 100 was expected"},
		{func(p *pixel.Planes, o *EncodeOptions) { o.Effort = 3 }, "effort is 3, 0 to 2 was expected"},
		{func(p *pixel.Planes, o *EncodeOptions) { p.Video = false }, "the picture has the full range, that of video"},
		{func(p *pixel.Planes, o *EncodeOptions) { p.Kind = pixel.Gray }, "the picture is Gray, YCbCr was expected"},
		{func(p *pixel.Planes, o *EncodeOptions) { p.Plane[0].W = 0 }, "the picture has 0×20 pixels"},
		{func(p *pixel.Planes, o *EncodeOptions) { p.Plane[0].H = MaxSide + 1 }, "1 to 16383 were expected"},
		{func(p *pixel.Planes, o *EncodeOptions) { p.Plane[1] = p.Plane[0] }, "the chroma planes are 30×20, 15×10 was"},
		{func(p *pixel.Planes, o *EncodeOptions) { p.Plane[2].H = 9 }, "the chroma planes are 15×9, 15×10 was"},
		{func(p *pixel.Planes, o *EncodeOptions) { p.Plane[2].Pix = nil }, "plane 2 has 0 samples"},
		{func(p *pixel.Planes, o *EncodeOptions) { p.Plane[0].Stride = 29 }, "rows of 29, too few for 30×20"},
	} {
		p, o := picture(1, 30, 20), EncodeOptions{}
		c.change(p, &o)
		got, err := new(Encoder).Append([]byte("before"), p, o)
		if err == nil || !strings.Contains(err.Error(), c.want) || string(got) != "before" {
			t.Errorf("error %v with %d bytes, want one with %q", err, len(got), c.want)
		}
	}
}

// However many macroblocks there are, their modes fit into the first partition.
func TestModesFitIntoTheFirstPartition(t *testing.T) {
	for _, effort := range efforts {
		for _, tenths := range []int{40, 60, 90, 120, 300, 600} { // of a bit for each macroblock
			p := photo(320, 320)
			room := 400*tenths/80 + headerBudget
			e := Encoder{lessFirst: maxFirst - room}
			file, seen := traced(t, &e, p, EncodeOptions{Effort: effort})
			if err := seenAlike(file, seen); err != nil {
				t.Errorf("effort %d, %d tenths of a bit: %v", effort, tenths, err)
			}
			h, err := ReadHeader(file)
			if err != nil || h.first > room {
				t.Errorf("effort %d, %d tenths of a bit: %d of %d bytes, %v", effort, tenths, h.first, room, err)
			}
			each := 0
			for _, r := range e.records {
				each += toInt(r.each)
			}
			if tenths == 600 && each < 100 || e.plain != (tenths < 70) {
				t.Errorf("effort %d, %d tenths of a bit: %d macroblocks with modes for each subblock, plain %t",
					effort, tenths, each, e.plain)
			}
		}
	}
}

// FuzzEncode holds that any picture is encoded, and that the decoder sees what the encoder saw.
func FuzzEncode(f *testing.F) {
	f.Add([]byte("some samples"), uint8(17), uint8(9), uint8(80), uint8(1))
	f.Add([]byte{0, 255}, uint8(33), uint8(40), uint8(100), uint8(2))
	f.Add([]byte{255, 0, 0, 0, 0}, uint8(50), uint8(3), uint8(1), uint8(0))
	f.Fuzz(func(t *testing.T, data []byte, w, h, quality, effort uint8) {
		if len(data) == 0 {
			return
		}
		p := blank(1+int(w)%80, 1+int(h)%80)
		at := 0
		for _, q := range p.Plane[:3] {
			for i := range q.Pix {
				q.Pix[i] = data[at%len(data)]
				at++
			}
		}
		var e Encoder
		o := EncodeOptions{Quality: 1 + int(quality)%100, Effort: int(effort) % 3}
		file, seen := traced(t, &e, p, o)
		if err := seenAlike(file, seen); err != nil {
			t.Fatal(err)
		}
		if again := encode(t, p, o); !bytes.Equal(file, again) {
			t.Fatal("another file the second time")
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	p := photo(400, 300)
	for _, effort := range efforts {
		b.Run(fmt.Sprintf("effort=%d", effort), func(b *testing.B) {
			b.SetBytes(400 * 300)
			b.ReportAllocs()
			var e Encoder
			var dst []byte
			for b.Loop() {
				var err error
				if dst, err = e.Append(dst[:0], p, EncodeOptions{Effort: effort}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
