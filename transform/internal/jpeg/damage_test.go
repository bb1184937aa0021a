package jpeg

import (
	"bytes"
	"fmt"
	"testing"
)

// Every prefix of a file must decode to the rows that it holds, and grey, and be called damaged.
func TestTruncatedFilesAreDamagedAndGrey(t *testing.T) {
	src := newSource(64, 96, samplings[3].factors, 12, 5)
	for _, name := range []string{"baseline", "restart", "scans apart", "progressive"} {
		data := src.write(variants(3)[name])
		h, err := ReadHeader(data)
		if err != nil {
			t.Fatal(err)
		}
		var d, other Decoder
		want, _ := decode(t, &other, data, Scale{})
		for cut := h.sos; cut < len(data)-2; cut += 7 {
			poison(&d)
			p, damage, err := d.Decode(data[:cut], &h, Options{})
			if err != nil {
				continue // too short for a picture at all
			}
			if damage.Err == nil {
				t.Fatalf("%s: %d of %d bytes pass as whole", name, cut, len(data))
			}
			for i, q := range p.Plane[:3] {
				rows := 2 / src.comps[i].v // of the picture, to one of the plane
				for at, v := range q.Pix {
					whole := want.Plane[i].Pix[at]
					if y := at / q.Stride * rows; y+rows <= damage.Row && v != whole {
						t.Fatalf("%s: %d bytes: plane %d differs in row %d, before the damage in row %d", name, cut, i, y, damage.Row)
					}
					if v == poisoned && whole != poisoned && name != "progressive" {
						t.Fatalf("%s: %d bytes: plane %d shows an old sample in row %d", name, cut, i, at/q.Stride*rows)
					}
				}
			}
		}
	}
}

const poisoned = 0xaa

// poison fills all buffers of d with what no picture may show.
func poison(d *Decoder) {
	for i := range d.pix[:cap(d.pix)] {
		d.pix[:cap(d.pix)][i] = poisoned
	}
	for i := range d.prog.store[:cap(d.prog.store)] {
		d.prog.store[:cap(d.prog.store)][i] = 0x2aaa
	}
	for i := range d.prog.masks[:cap(d.prog.masks)] {
		d.prog.masks[:cap(d.prog.masks)][i] = ^uint64(0)
	}
	for i := range d.bits.win {
		d.bits.win[i] = poisoned
	}
	for i := range d.quant {
		for k := range d.quant[i].q {
			d.quant[i].q[k] = poisoned
		}
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
			o := Options{Scale: Scale{m, m}}
			var fresh Decoder
			want, wantDamage, wantErr := fresh.Decode(data, &h, o)
			poison(&used)
			got, damage, err := used.Decode(data, &h, o)
			if fmt.Sprint(damage, err) != fmt.Sprint(wantDamage, wantErr) {
				t.Fatalf("file %d: damage %v, error %v; a new decoder gives %v, %v", i, damage, err, wantDamage, wantErr)
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

func TestDamagedIntervalIsLostAlone(t *testing.T) {
	src := newSource(256, 64, samplings[0].factors, 12, 9) // 32×8 blocks
	v := variants(1)["baseline"]
	v.restart = 32
	data := src.write(v)
	var starts []int
	for i := 0; i+1 < len(data); i++ {
		if data[i] == 0xff && data[i+1] >= mRST0 && data[i+1] <= mRST7 {
			starts = append(starts, i)
		}
	}
	if len(starts) != 7 {
		t.Fatalf("the file has %d restart markers, 7 were expected", len(starts))
	}
	want, _ := decode(t, new(Decoder), data, Scale{})
	// The third interval loses its second half.
	mid := (starts[1] + starts[2]) / 2
	broken := append(bytes.Clone(data[:mid]), data[starts[2]:]...)
	got, damage := decode(t, new(Decoder), broken, Scale{})
	if damage.Err == nil || damage.Row != 16 {
		t.Errorf("damage is %v in row %d, row 16 was expected", damage.Err, damage.Row)
	}
	for y := range 64 {
		same := bytes.Equal(got.Plane[0].Pix[y*256:][:256], want.Plane[0].Pix[y*256:][:256])
		if inside := y >= 16 && y < 24; same == inside {
			t.Errorf("row %d: same is %v", y, same)
		}
	}
	// A marker with the wrong number ends the picture.
	broken = bytes.Clone(data)
	broken[starts[4]+1] ^= 3
	got, damage = decode(t, new(Decoder), broken, Scale{})
	if damage.Err != errRestart || damage.Grey != 40 {
		t.Errorf("damage is %v from row %d, %v from 40 was expected", damage.Err, damage.Grey, errRestart)
	}
	if v := got.Plane[0].Pix[63*256]; v != 128 {
		t.Errorf("the last row begins with %d, grey was expected", v)
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
		if p != nil || err != ErrStopped || asked != 4 {
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
				decode(t, &d, data, Scale{m, m})
				kept := int64(len(d.pix) + 2*len(d.prog.store) + 8*len(d.prog.masks))
				if want := h.Memory(Scale{m, m}); kept != want {
					t.Errorf("%s %s at %d/8: %d bytes are kept, %d were foretold", sampling.name, name, m, kept, want)
				}
			}
		}
	}
}
