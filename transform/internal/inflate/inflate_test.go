package inflate

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
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

// pieces gives a stream in pieces of n bytes.
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
						t.Fatalf("%d bytes at level %d in pieces of %d: wrong at %d, error %v", n, level, c.piece, n-len(rest), err)
					}
					rest = rest[k:]
				}
				if err := z.Finish(); err != nil {
					t.Fatalf("%d bytes at level %d in pieces of %d: %v", n, level, c.piece, err)
				}
				if _, err := z.Take(1); !errors.Is(err, ErrShort) {
					t.Fatalf("a byte behind the last: error %v", err)
				}
			}
		}
	}
}

// TestDamageAtTheEndSparesWhatStandsBefore takes all bytes of streams whose checksum is wrong or missing, as a TIFF is read.
func TestDamageAtTheEndSparesWhatStandsBefore(t *testing.T) {
	data := sample(300_000)
	stream := pack(t, data, zlib.DefaultCompression)
	wrong := bytes.Clone(stream)
	wrong[len(wrong)-1] ^= 1
	longer := pack(t, append(bytes.Clone(data), 1), zlib.DefaultCompression)
	for name, c := range map[string]struct {
		stream []byte
		want   error
	}{"wrong": {wrong, ErrChecksum}, "missing": {stream[:len(stream)-4], ErrShort}, "cut": {stream[:len(stream)-1], ErrShort}, "longer": {longer, ErrTooMuch}} {
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

// TestCutStreamsGiveNothingThatIsNotThere cuts a stream everywhere.
func TestCutStreamsGiveNothingThatIsNotThere(t *testing.T) {
	data := sample(9000)
	for _, level := range []int{zlib.NoCompression, zlib.DefaultCompression, zlib.HuffmanOnly} {
		stream := pack(t, data, level)
		for cut := range stream {
			var z Reader
			z.Start(pieces(stream[:cut], 1<<20), 100)
			for at := 0; ; at += 100 {
				got, err := z.Take(100)
				if err != nil {
					break
				}
				if at+100 > len(data) || !bytes.Equal(got, data[at:at+100]) {
					t.Fatalf("level %d, cut at %d of %d: wrong at %d", level, cut, len(stream), at)
				}
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
			t.Fatalf("%d bytes, where compress/zlib gives %d", len(got), len(want))
		}
		if string(want[:len(got)]) != string(got) {
			t.Fatal("the bytes differ")
		}
		// A stream that is sound is taken up to its last whole piece.
		if whole >= 0 && len(got) < 1<<20 && whole-len(got) > int(n) {
			t.Fatalf("%d of %d bytes: %v", len(got), whole, err)
		}
	})
}

// unzip gives what compress/zlib unpacks, and how much that is if the stream is sound, else -1. It stops behind a megabyte and
// n bytes.
func unzip(data []byte, n int) (out []byte, whole int) {
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
