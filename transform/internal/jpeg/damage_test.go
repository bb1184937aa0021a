package jpeg

import (
	"bytes"
	"fmt"
	"testing"

	"imgpipe/transform/internal/codec"
	"imgpipe/transform/internal/pixel"
)

const poisoned = 0xaa

// poison fills all buffers of d with what no picture may show.
func poison(d *Decoder, with byte) {
	flood(d.pix[:cap(d.pix)], with)
	flood(d.prog.store[:cap(d.prog.store)], int16(with)<<6)
	flood(d.prog.masks[:cap(d.prog.masks)], ^uint64(0))
	flood(d.bits.win[:], with)
	for i := range d.quant {
		for k := range d.quant[i].q {
			d.quant[i].q[k] = uint16(with)
		}
	}
}

// flood makes all of s v. It copies, as a loop takes minutes under the race detector.
func flood[T any](s []T, v T) {
	if len(s) > 0 {
		s[0] = v
	}
	for n := 1; n < len(s); n *= 2 {
		copy(s[n:], s[:n])
	}
}

// A decoder that has decoded anything else, whole or broken, must give what a new one gives.
func TestReusedDecoderGivesTheSame(t *testing.T) {
	var files [][]byte
	for i, sampling := range samplings {
		src := newSource(30+20*i, 130-11*i, sampling.factors, 12, uint64(i))
		for _, v := range variants(len(sampling.factors)) {
			data := src.write(v)
			broken := bytes.Clone(data)
			for at := len(data) * 2 / 3; at < len(data)*2/3+9; at++ {
				broken[at] ^= 0x5a
			}
			files = append(files, data, data[:len(data)*3/4], broken)
		}
	}
	var used Decoder
	for i, data := range files {
		h, err := ReadHeader(data)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range []int{8, 3} {
			o := Options{Scale: pixel.Scale{Luma: m, Chroma: m}}
			var fresh Decoder
			want, wantDamage, wantErr := fresh.Decode(data, &h, o)
			poison(&used, poisoned)
			got, damage, err := used.Decode(data, &h, o)
			if fmt.Sprint(damage.String(), err) != fmt.Sprint(wantDamage.String(), wantErr) {
				t.Fatalf("file %d: %q, error %v; a new decoder says %q, %v",
					i, damage.String(), err, wantDamage.String(), wantErr)
			}
			if err != nil {
				continue
			}
			for j := range got.N() {
				if !bytes.Equal(got.Plane[j].Pix, want.Plane[j].Pix) {
					t.Fatalf("file %d: plane %d differs from that of a new decoder", i, j)
				}
			}
		}
	}
}

func TestHugeClaimOfATinyFileAllocatesNothing(t *testing.T) {
	data := newSource(16, 16, samplings[1].factors, 3, 1).write(variants(3)["baseline"])
	sof := bytes.Index(data, []byte{0xff, mSOF0})
	copy(data[sof+5:], []byte{0xff, 0xff, 0xff, 0xff})
	h, err := ReadHeader(data)
	if err != nil {
		t.Fatal(err)
	}
	var d Decoder
	if _, _, err := d.Decode(data, &h, Options{}); err == nil || d.pix != nil {
		t.Errorf("error is %v and %d bytes were allocated for 65535×65535 pixels", err, len(d.pix))
	}
}

func TestStopEndsDecoding(t *testing.T) {
	for _, name := range []string{"baseline", "progressive"} {
		data := newSource(16, 640, samplings[1].factors, 3, 1).write(variants(3)[name])
		h, err := ReadHeader(data)
		if err != nil {
			t.Fatal(err)
		}
		asked := 0
		var d Decoder
		p, _, err := d.Decode(data, &h, Options{Stop: func() bool { asked++; return asked > 3 }})
		if p != nil || err != codec.ErrStopped || asked != 4 {
			t.Errorf("%s: got %v, %v after asking %d times", name, p, err, asked)
		}
	}
}

func TestMemoryIsWhatDecodeKeeps(t *testing.T) {
	for _, sampling := range samplings {
		for _, name := range []string{"baseline", "progressive"} {
			data := newSource(300, 200, sampling.factors, 12, 3).write(variants(len(sampling.factors))[name])
			h, err := ReadHeader(data)
			if err != nil {
				t.Fatal(err)
			}
			for m := 1; m <= 8; m++ {
				var d Decoder
				decode(t, &d, data, pixel.Scale{Luma: m, Chroma: m})
				kept := int64(len(d.pix) + 2*len(d.prog.store) + 8*len(d.prog.masks))
				if want := h.Memory(pixel.Scale{Luma: m, Chroma: m}); kept != want {
					t.Errorf("%s %s at %d/8: %d bytes are kept, %d were foretold", sampling.name, name, m, kept, want)
				}
			}
		}
	}
}
