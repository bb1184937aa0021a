package tiff

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	xlzw "golang.org/x/image/tiff/lzw"
)

// packLZW is an encoder for the tests. It begins with a clear code, and starts anew whenever the table is full.
func packLZW(data []byte) []byte {
	var out []byte
	acc, n := uint64(0), uint(0)
	put := func(code int, width uint) {
		acc = acc<<width | uint64(code)
		for n += width; n >= 8; n -= 8 {
			out = append(out, byte(acc>>(n-8)))
		}
	}
	width, next := uint(9), 258
	codes := map[string]int{}
	of := func(s []byte) int {
		if len(s) == 1 {
			return int(s[0])
		}
		if code, ok := codes[string(s)]; ok {
			return code
		}
		return -1
	}
	put(256, width)
	for at := 0; at < len(data); {
		end := at + 1
		for end < len(data) && of(data[at:end+1]) >= 0 {
			end++
		}
		put(of(data[at:end]), width)
		if end < len(data) {
			codes[string(data[at:end+1])] = next
			next++
		}
		at = end
		switch {
		case next == 1<<12-1:
			put(256, width)
			width, next = 9, 258
			clear(codes)
		case next == 1<<width: // the decoder is one code behind, and grows one code early
			width++
		}
	}
	put(257, width)
	if n > 0 {
		out = append(out, byte(acc<<(8-n)))
	}
	return out
}

func lzwSamples() map[string][]byte {
	random := rand.New(rand.NewPCG(1, 2))
	noise, steps := make([]byte, 30_000), make([]byte, 300_000)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	for i := range steps {
		steps[i] = byte(i/7) & byte(random.Uint32()) & 3
	}
	return map[string][]byte{
		"nothing": nil, "one byte": {7}, "a string over itself": []byte("aaaaaaaa"),
		"text":         []byte("TOBEORNOTTOBEORTOBEORNOT"),
		"long strings": make([]byte, 1_000_000), "noise": noise, "steps": steps,
	}
}

func TestLZWUnpacksWhatWasPacked(t *testing.T) {
	var strings [lzwCodes]uint64
	for name, want := range lzwSamples() {
		raw := packLZW(want)
		got := make([]byte, len(want))
		if _, err := lzw(got, raw, &strings); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: error %v, %d bytes", name, err, len(got))
		}
		if len(want) > 30 { // What is in the middle of a string is given as well.
			part := make([]byte, len(want)-3)
			if _, err := lzw(part, raw, &strings); err != nil || !bytes.Equal(part, want[:len(part)]) {
				t.Errorf("%s: less than all of it: error %v", name, err)
			}
		}
		if _, err := lzw(make([]byte, len(want)+1), raw, &strings); !errors.Is(err, errEnds) {
			t.Errorf("%s: more than there is: error %v", name, err)
		}
		n, err := lzw(got, raw[:len(raw)/2], &strings)
		if len(want) > 1 && !errors.Is(err, errEnds) || !bytes.Equal(got[:n], want[:n]) ||
			len(want) > 30 && n < len(want)/9 {
			t.Errorf("%s: half of it: error %v, %d bytes", name, err, n)
		}
	}
	// A first code that names a string, when there is none yet.
	if _, err := lzw(make([]byte, 9), []byte{0x80, 0x40, 0x80}, &strings); err != errCoded {
		t.Errorf("a string that is not there: error %v", err)
	}
}

// FuzzLZW holds two laws: no fault, and the same bytes as golang.org/x/image/tiff/lzw wherever that is content.
func FuzzLZW(f *testing.F) {
	for _, data := range lzwSamples() {
		f.Add(packLZW(data[:min(len(data), 3000)]), uint16(len(data)))
	}
	f.Fuzz(func(t *testing.T, raw []byte, size uint16) {
		if len(raw) > 4000 || len(raw) > 1 && raw[0] == 0 && raw[1]&1 == 1 {
			return // A full table is not the same to both, and means damage; and they do not know the old code.
		}
		var strings [lzwCodes]uint64
		got, want := make([]byte, size), make([]byte, size)
		_, err := lzw(got, raw, &strings)
		r := xlzw.NewReader(bytes.NewReader(raw), xlzw.MSB, 8)
		defer r.Close()
		if _, xerr := io.ReadFull(r, want); xerr != nil {
			return
		}
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("error %v, same bytes: %v", err, bytes.Equal(got, want))
		}
	})
}

func BenchmarkLZW(b *testing.B) {
	want := lzwSamples()["steps"]
	raw, out := packLZW(want), make([]byte, len(want))
	var strings [lzwCodes]uint64
	b.SetBytes(int64(len(out)))
	for b.Loop() {
		if _, err := lzw(out, raw, &strings); err != nil {
			b.Fatal(err)
		}
	}
}
