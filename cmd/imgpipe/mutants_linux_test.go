package main

import (
	"bytes"
	"context"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"imgpipe/samples"
	"imgpipe/transform"
)

// A stock is a valid picture that mutants are made of.
type stock struct {
	ext  string
	data []byte
}

// stocks are small valid pictures of every format that can be read: those of package samples, what transform makes of
// one of them, and the shared corpus where it is there.
func stocks(t *testing.T) (all []stock) {
	const most = 40 << 10 // larger ones would be mostly pixels, where a change does little
	for _, f := range samples.Awkward() {
		if f.Class == "" && len(f.Data) <= most {
			all = append(all, stock{filepath.Ext(f.Name), f.Data})
		}
	}
	for _, format := range []transform.Format{transform.JPEG, transform.PNG, transform.GIF, transform.TIFF,
		transform.BMP} {
		for _, op := range []string{"grayscale", "invert"} {
			o, err := transform.ParseOp(op)
			if err != nil {
				t.Fatal(err)
			}
			r, err := transform.ParseResize("48x31")
			if err != nil {
				t.Fatal(err)
			}
			made, err := transform.Do(context.Background(), transform.Task{Data: awkward("alpha.png"),
				Spec: transform.Spec{Sizes: []transform.Resize{r}, Ops: []transform.Op{o},
					Formats: []transform.Format{format}}})
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, stock{"." + format.Ext(), made.Outputs[0].Data})
		}
	}
	all = append(all, stock{".webp", riff(vp8l(60, 40))}, stock{".webp", riff(vp8x(0, 60, 40), vp8l(60, 40))})
	for _, dir := range []string{"conformance", "orientation"} {
		files, err := filepath.Glob(filepath.Join(sharedCorpus(t), dir, "*", "*"))
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(files)
		for _, path := range files {
			if data, err := os.ReadFile(path); err == nil && len(data) <= most && transform.Sniff(data) != "" {
				all = append(all, stock{filepath.Ext(path), data})
			}
		}
	}
	return all
}

// sharedCorpus is where the corpus of other people's images is, if it is anywhere.
func sharedCorpus(t *testing.T) string {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(root, "..", "shared", "corpus")
}

// mutant makes mutant number i.
func mutant(all []stock, i int) (ext string, data []byte) {
	r := rand.New(rand.NewPCG(uint64(i), 11))
	s := all[r.IntN(len(all))]
	data = bytes.Clone(s.data)
	for range 1 + r.IntN(6) {
		data = mutate(r, data, all)
	}
	if r.IntN(2) == 0 { // else nothing but the checksum would be tested
		mendChecksums(data)
	}
	return s.ext, data
}

// surprising are values that sizes, counts and offsets should not have.
var surprising = []uint32{0, 1, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000,
	0xFFFFFFFF, 0xFFFFFFFE}

// mutate makes one change, in one case of two near the beginning, where the headers are.
func mutate(r *rand.Rand, data []byte, all []stock) []byte {
	if len(data) < 8 {
		return append(data, make([]byte, 8)...)
	}
	place := func() int {
		if n := len(data); r.IntN(2) == 0 {
			return r.IntN(n)
		}
		return r.IntN(min(len(data), 400))
	}
	piece := func(of []byte) []byte {
		at := r.IntN(len(of))
		return of[at:min(len(of), at+1+r.IntN(1<<r.IntN(12)))]
	}
	at := place()
	switch r.IntN(9) {
	case 0, 1:
		data[at] ^= 1 << r.IntN(8)
	case 2:
		data[at] = byte(surprising[r.IntN(len(surprising))])
	case 3:
		at = min(at, len(data)-4)
		order := []func([]byte, uint32){be.PutUint32, le.PutUint32,
			func(b []byte, v uint32) { be.PutUint16(b, uint16(v)) },
			func(b []byte, v uint32) { le.PutUint16(b, uint16(v)) }}
		order[r.IntN(len(order))](data[at:], surprising[r.IntN(len(surprising))])
	case 4:
		return slices.Insert(data, at, bytes.Repeat([]byte{byte(r.Uint32())}, 1+r.IntN(16))...)
	case 5:
		return slices.Delete(data, at, min(len(data), at+1+r.IntN(32)))
	case 6:
		return data[:max(at, 8)]
	case 7:
		return slices.Insert(data, at, bytes.Clone(piece(data))...)
	case 8: // what follows is that of another picture, or a part of it is
		other := all[r.IntN(len(all))].data
		if r.IntN(2) == 0 {
			return append(data[:at], other[min(at, len(other)):]...)
		}
		copy(data[at:], piece(other))
	}
	return data
}

// mendChecksums puts right the checksums of a PNG file's chunks, as far as there are whole ones.
func mendChecksums(data []byte) {
	if !bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")) {
		return
	}
	for at := 8; at+12 <= len(data); {
		end := at + 8 + int(be.Uint32(data[at:]))
		if end+4 > len(data) {
			return
		}
		be.PutUint32(data[end:], crc32.ChecksumIEEE(data[at+4:end]))
		at = end + 4
	}
}

func TestMutantsAreTheSameEachTime(t *testing.T) {
	all := stocks(t)
	has := map[transform.Format]int{}
	for _, s := range all {
		has[transform.Sniff(s.data)]++
		// the corpus has files that are valid and cannot be read
		if _, err := transform.ReadHeader(s.data); err != nil && len(all) < 60 {
			t.Errorf("a %s that is to be valid: %v", s.ext, err)
		}
	}
	for _, f := range []transform.Format{transform.JPEG, transform.PNG, transform.GIF, transform.TIFF, transform.BMP,
		transform.WebP} {
		if has[f] < 2 {
			t.Errorf("%d pictures of format %s to make mutants of, want 2", has[f], f)
		}
	}
	different := 0
	for i := range 50 {
		_, a := mutant(all, i)
		_, b := mutant(all, i)
		if !bytes.Equal(a, b) {
			t.Errorf("mutant %d is not the same twice", i)
		}
		if !slices.ContainsFunc(all, func(s stock) bool { return bytes.Equal(s.data, a) }) {
			different++
		}
	}
	if different < 40 {
		t.Errorf("%d mutants of 50 differ from their originals, want 40", different)
	}
}

// TestBombsPromiseMuch looks at the headers of one bomb of each kind that can be read.
func TestBombsPromiseMuch(t *testing.T) {
	count := map[string]int{}
	for i := range bombs() {
		name, data, full := bombFile(i)
		h, err := transform.ReadHeader(data)
		count[filepath.Ext(name)]++
		if len(data) > 3<<20 {
			t.Errorf("%s has %d bytes: expected a small file", name, len(data))
		}
		if full && err == nil {
			if px := h.Width * h.Height; px < 49e6 || px > 100e6 {
				t.Errorf("%s promises %dx%d, want 50 to 100 megapixels", name, h.Width, h.Height)
			}
		}
	}
	if fmt.Sprint(len(count)) != "6" {
		t.Errorf("bombs of %v, want six formats", count)
	}
}
