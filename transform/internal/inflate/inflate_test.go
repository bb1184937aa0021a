package inflate

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"imgpipe/transform/internal/codec"
)

// pack makes a stream.
func pack(t testing.TB, data []byte, level int) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := zlib.NewWriterLevel(&out, level)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(data) // into memory: it cannot fail
	w.Close()
	return out.Bytes()
}

// sample is n bytes that pack well in some places and badly in others.
func sample(n int) []byte {
	rng := rand.New(rand.NewPCG(uint64(n), 5))
	b := make([]byte, n)
	for i := range b {
		switch {
		case i%9000 < 3000:
			b[i] = byte(rng.Uint32())
		case i%9000 < 6000:
			b[i] = byte(rng.NormFloat64() * 4)
		default:
			b[i] = b[i-1-i%700]
		}
	}
	return b
}

// pieces returns a stream in pieces of n bytes.
func pieces(stream []byte, n int) func() ([]byte, error) {
	return func() ([]byte, error) {
		if len(stream) == 0 {
			return nil, nil
		}
		k := min(n, len(stream))
		p := stream[:k]
		stream = stream[k:]
		return p, nil
	}
}

func TestWhatWasPackedIsUnpacked(t *testing.T) {
	var z Reader
	for _, n := range []int{0, 1, 500, 70_000, 400_000} {
		data := sample(n)
		for _, level := range []int{zlib.NoCompression, zlib.BestSpeed, zlib.DefaultCompression, zlib.HuffmanOnly} {
			stream := pack(t, data, level)
			for _, c := range []struct{ piece, take int }{{1 << 20, 1000}, {7, 90_000}, {1000, 1}, {1, 4096}} {
				z.Start(pieces(stream, c.piece), c.take)
				for rest := data; len(rest) > 0; {
					k := min(c.take, len(rest))
					got, err := z.Take(k)
					if err != nil || !bytes.Equal(got, rest[:k]) {
						t.Fatalf("%d bytes at level %d in pieces of %d: wrong at %d, error %v", n, level, c.piece,
							n-len(rest), err)
					}
					rest = rest[k:]
				}
				if err := z.Finish(); err != nil {
					t.Fatalf("%d bytes at level %d in pieces of %d: %v", n, level, c.piece, err)
				}
				if _, err := z.Take(1); !errors.Is(err, ErrFew) {
					t.Fatalf("a byte behind the last: error %v", err)
				}
			}
		}
	}
}

// TestDamageAtTheEndSparesWhatStandsBefore takes all bytes of streams whose checksum is wrong or missing, as a TIFF
// is read.
func TestDamageAtTheEndSparesWhatStandsBefore(t *testing.T) {
	data := sample(300_000)
	stream := pack(t, data, zlib.DefaultCompression)
	wrong := bytes.Clone(stream)
	wrong[len(wrong)-1] ^= 1
	longer := pack(t, append(bytes.Clone(data), 1), zlib.DefaultCompression)
	for name, c := range map[string]struct {
		stream []byte
		want   error
	}{
		"wrong": {wrong, ErrChecksum}, "longer": {longer, ErrTooMuch},
		"missing": {stream[:len(stream)-4], codec.ErrCut}, "cut": {stream[:len(stream)-1], codec.ErrCut},
	} {
		var z Reader
		z.Start(pieces(c.stream, 5000), len(data))
		if got, err := z.Take(len(data)); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s: %d bytes, error %v", name, len(got), err)
		}
		if err := z.Finish(); !errors.Is(err, c.want) {
			t.Errorf("%s: in the end %v, want %v", name, err, c.want)
		}
	}
}

// unpacked takes byte by byte until nothing is left.
func unpacked(stream []byte, piece int) (out []byte, err error) {
	var z Reader
	z.Start(pieces(stream, piece), 1)
	for {
		b, err := z.Take(1)
		if err != nil {
			return out, err
		}
		out = append(out, b...)
	}
}

// TestCutStreamsGiveAllThatIsThere cuts a stream everywhere: what comes out is all that compress/flate unpacks, which
// at times waits for a bit that it does not need, and nothing that is not in the whole.
func TestCutStreamsGiveAllThatIsThere(t *testing.T) {
	data := sample(9000)
	for _, level := range []int{zlib.NoCompression, zlib.DefaultCompression, zlib.HuffmanOnly, zlib.BestSpeed} {
		stream := pack(t, data, level)
		for cut := range stream {
			if cut > 300 && cut%61 != 0 && cut < len(stream)-300 {
				continue
			}
			got, err := unpacked(stream[:cut], 1+cut%900)
			if !errors.Is(err, codec.ErrCut) && !(errors.Is(err, ErrFew) && len(got) == len(data)) {
				t.Fatalf("level %d, cut at %d of %d: error %v", level, cut, len(stream), err)
			}
			if want, _ := unzip(stream[:cut], 0); len(got) < len(want) || !bytes.HasPrefix(data, got) {
				t.Fatalf("level %d, cut at %d of %d: %d bytes, want %d", level, cut, len(stream), len(got), len(want))
			}
		}
	}
}

// TestDamageSparesWhatStandsBefore overwrites the middle of streams.
func TestDamageSparesWhatStandsBefore(t *testing.T) {
	data := sample(200_000)
	for _, level := range []int{zlib.DefaultCompression, zlib.HuffmanOnly, zlib.BestSpeed} {
		stream := pack(t, data, level)
		for at := len(stream) / 3; at < len(stream)-200; at += 9973 {
			broken := bytes.Clone(stream)
			for i := range 100 {
				broken[at+i] ^= byte(0x55 + i)
			}
			before, _ := unpacked(stream[:at], 5000)
			if got, _ := unpacked(broken, 5000); len(got) < len(before) || !bytes.Equal(got[:len(before)], before) {
				t.Fatalf("level %d, broken at %d of %d: %d bytes, want at least %d",
					level, at, len(stream), len(got), len(before))
			}
		}
	}
}

// TestPiecesAreAskedForWhenTheyAreNeeded looks at what is unpacked when a piece is asked for: all that the pieces
// before hold, but for what their last bytes do.
func TestPiecesAreAskedForWhenTheyAreNeeded(t *testing.T) {
	data := sample(300_000)
	for _, level := range []int{zlib.NoCompression, zlib.DefaultCompression, zlib.HuffmanOnly} {
		stream := pack(t, data, level)
		for _, n := range []int{1, 50, 3000, 40_000} {
			var z Reader
			at := 0
			z.Start(func() ([]byte, error) {
				if got := z.Unpacked(); at%(n*max(1, 9973/n)) == 0 {
					least, _ := unpacked(stream[:max(0, at-enough)], 1000)
					most, _ := unpacked(stream[:at], 1000)
					if got < int64(len(least)) || got > int64(len(most)) {
						t.Errorf("level %d, pieces of %d: at %d of the stream %d bytes are unpacked, expected %d to %d",
							level, n, at, got, len(least), len(most))
					}
				}
				from := at
				if at += n; n == 1 && at > 3000 {
					at = len(stream)
				}
				if at = min(at, len(stream)); from == at {
					return nil, nil
				}
				return stream[from:at], nil
			}, 1000)
			for range len(data) / 1000 {
				if _, err := z.Take(1000); err != nil {
					t.Fatal(err)
				}
			}
			if z.Taken() != int64(len(data)) {
				t.Errorf("%d bytes were taken, and not %d", z.Taken(), len(data))
			}
		}
	}
}

// TestErrorOfAPieceIsGiven stands for a caller who has had enough.
func TestErrorOfAPieceIsGiven(t *testing.T) {
	enough := errors.New("enough")
	var z Reader
	z.Start(func() ([]byte, error) { return nil, enough }, 10)
	if _, err := z.Take(10); !errors.Is(err, enough) {
		t.Errorf("error %v", err)
	}
	if err := z.Finish(); !errors.Is(err, enough) {
		t.Errorf("in the end %v", err)
	}
}

// FuzzInflate unpacks what may be no stream at all, beside compress/zlib.
func FuzzInflate(f *testing.F) {
	for _, n := range []int{0, 30, 4000} {
		for _, level := range []int{zlib.NoCompression, zlib.DefaultCompression, zlib.HuffmanOnly} {
			f.Add(pack(f, sample(n), level), uint16(n/9))
		}
	}
	f.Fuzz(func(t *testing.T, stream []byte, n uint16) {
		once := func() ([]byte, error) { b := stream; stream = nil; return b, nil }
		data := stream
		var z Reader
		z.Start(once, 1+int(n))
		var got []byte
		var err error
		for err == nil && len(got) < 1<<20 {
			var b []byte
			b, err = z.Take(1 + int(n))
			got = append(got, b...)
		}
		want, whole := unzip(data, len(got))
		if len(want) < len(got) {
			// At the end compress/flate waits for a bit that it does not need, and leaves the last symbol out.
			if !errors.Is(err, codec.ErrCut) || len(got)-len(want) > 258 {
				t.Fatalf("%d bytes, where compress/zlib gives %d: %v", len(got), len(want), err)
			}
			got = got[:len(want)]
		}
		if string(want[:len(got)]) != string(got) {
			t.Fatal("the bytes differ")
		}
		if n == 0 {
			// Whatever is wrong with it, it is taken up to there.
			all, _ := unpacked(data[:min(len(data), 1<<12)], 100)
			if want, _ := unzip(data[:min(len(data), 1<<12)], 0); len(want) < 1<<20 && !bytes.HasPrefix(all, want) {
				t.Fatalf("%d bytes by one, where compress/zlib gives %d", len(all), len(want))
			}
		}
		// A stream that is sound is taken up to its last whole piece.
		if whole >= 0 && len(got) < 1<<20 && whole-len(got) > int(n) {
			t.Fatalf("%d of %d bytes: %v", len(got), whole, err)
		}
	})
}

// unzip returns what compress/zlib unpacks, and how much that is if the stream is sound, else -1. It stops behind a
// megabyte and n bytes.
func unzip(data []byte, n int) (out []byte, whole int) {
	if len(data) > 1 && data[1]&0x20 != 0 {
		return nil, -1 // wants a dictionary, which compress/zlib takes for an empty one where its checksum is 1
	}
	r, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, -1
	}
	out, err = io.ReadAll(io.LimitReader(r, int64(n)+1<<20))
	if err != nil || len(out) == n+1<<20 {
		return out, -1
	}
	return out, len(out)
}

func BenchmarkInflate(b *testing.B) {
	data := sample(4 << 20)
	stream := pack(b, data, zlib.DefaultCompression)
	b.Run("by=this", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(data)))
		var z Reader
		for b.Loop() {
			z.Start(pieces(stream, 8192), 1<<16)
			for range len(data) >> 16 {
				if _, err := z.Take(1 << 16); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("by=compress-zlib", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			r, err := zlib.NewReader(bytes.NewReader(stream))
			if err == nil {
				_, err = io.Copy(io.Discard, r)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}

func ExampleReader() {
	var packed bytes.Buffer
	w := zlib.NewWriter(&packed)
	w.Write([]byte("rows and rows of pixels"))
	w.Close()

	once := packed.Bytes()
	var z Reader
	z.Start(func() ([]byte, error) { b := once; once = nil; return b, nil }, 23)
	row, err := z.Take(23)
	fmt.Println(string(row), err, z.Finish())
	// Output: rows and rows of pixels <nil> <nil>
}
