package isobmff

import (
	"bytes"
	"encoding/binary"
)

// nalSequence is the type of a sequence parameter set (ITU-T H.265, 7.4.2.2).
const nalSequence = 33

// checkHEVC checks the size in the sequence parameter sets of a coded image, which are in its configuration
// (ISO/IEC 14496-15, 8.3.2), and reads from them what samples mean. b is the coded image, which may hold no such set of
// its own.
func (f *file) checkHEVC(h *Header, it *item, b []byte, w, ht int, units *int) error {
	c := cursor{b: f.property(it, "hvcC")}
	c.take(21)
	prefix := int(c.number(1)&3) + 1
	found := false
	for range c.number(1) {
		kind := c.number(1) & 63
		for range c.number(2) {
			set := c.take(int(c.number(2)))
			if kind != nalSequence || c.bad {
				continue
			}
			s, ok := readSequence(set)
			if !ok {
				return errorf("its coded image has a header that is too short")
			}
			const block = 64 // pictures are coded in whole blocks of up to so many pixels
			if s.w < w || s.h < ht || s.w >= w+block || s.h >= ht+block {
				return errorf("its coded image has %dx%d pixels where the file names %dx%d", s.w, s.h, w, ht)
			}
			if !found && !h.Coded.Named {
				h.Coded = s.color
			}
			found = true
		}
	}
	if c.bad || !found {
		return errorf("its coded image has no header")
	}
	for u := (cursor{b: b}); len(u.b) > 0; {
		if *units++; *units > maxUnits {
			return errorf("its images have over %d parts", maxUnits)
		}
		unit := u.take(int(u.number(prefix)))
		if u.bad || len(unit) == 0 {
			return errorf("its coded image ends in a unit of HEVC")
		}
		if unit[0]>>1&63 == nalSequence {
			return errorf("its coded image has a header of its own")
		}
	}
	return nil
}

// A sequence is what a sequence parameter set says of pictures.
type sequence struct {
	w, h  int
	color Color
}

// readSequence reads a sequence parameter set (ITU-T H.265, 7.3.2.2) up to its color description. Where the way there
// leads through sets of reference pictures, which still images have no use for, the colors are not read.
func readSequence(unit []byte) (s sequence, ok bool) {
	const most = 1 << 12
	unit = unit[min(2, len(unit)):min(len(unit), most)]
	r := bitReader{b: bytes.ReplaceAll(unit, []byte{0, 0, 3}, []byte{0, 0})}
	r.skip(4)
	layers := r.bits(3)
	r.skip(1)
	r.profileTierLevel(layers)
	r.golomb()
	if r.golomb() == 3 {
		r.skip(1)
	}
	s.w, s.h = r.golomb(), r.golomb()
	if r.bit() { // a window
		for range 4 {
			r.golomb()
		}
	}
	r.golomb()
	r.golomb()
	poc := r.golomb() + 4
	ok = !r.bad && s.w > 0 && s.h > 0
	first := layers
	if r.bit() {
		first = 0
	}
	for range 3 * (layers - first + 1) {
		r.golomb()
	}
	for range 6 {
		r.golomb()
	}
	if lists := r.bit(); lists && r.bit() {
		r.scalingLists()
	}
	r.skip(2)
	if r.bit() { // PCM
		r.skip(8)
		r.golomb()
		r.golomb()
		r.skip(1)
	}
	if r.golomb() > 0 {
		return s, ok
	}
	if r.bit() { // long-term pictures
		for range min(r.golomb(), 32) {
			r.skip(poc + 1)
		}
	}
	r.skip(2)
	if r.bit() {
		s.color = r.videoSignal()
	}
	return s, ok
}

// profileTierLevel skips the profile, and those of the lower layers (7.3.3).
func (r *bitReader) profileTierLevel(layers int) {
	const profile, level = 88, 8
	r.skip(profile + level)
	if layers == 0 {
		return
	}
	present := r.bits(16)
	for i := range layers {
		if present>>(15-2*i)&1 == 1 {
			r.skip(profile)
		}
		if present>>(14-2*i)&1 == 1 {
			r.skip(level)
		}
	}
}

// scalingLists skips lists of quantizers (7.3.4).
func (r *bitReader) scalingLists() {
	for size := range 4 {
		step := 1
		if size == 3 {
			step = 3
		}
		for i := 0; i < 6; i += step {
			if !r.bit() {
				r.golomb()
				continue
			}
			n := min(64, 1<<(4+2*size))
			if size > 1 {
				n++
			}
			for range n {
				r.golomb()
			}
		}
	}
}

// videoSignal reads the usability information as far as the colors (E.2.1).
func (r *bitReader) videoSignal() (c Color) {
	if r.bit() && r.bits(8) == 255 {
		r.skip(32)
	}
	if r.bit() {
		r.skip(1)
	}
	if !r.bit() {
		return c
	}
	r.skip(3)
	c.Full = r.bit()
	c.Primaries, c.Transfer, c.Matrix = Unspecified, Unspecified, Unspecified
	if r.bit() {
		c.Primaries, c.Transfer, c.Matrix = r.bits(8), r.bits(8), r.bits(8)
	}
	c.Named = !r.bad
	return c
}

// golomb returns the next number of an Exp-Golomb code (9.2).
func (r *bitReader) golomb() int {
	zeros := 0
	for !r.bad && !r.bit() {
		if zeros++; zeros > 31 {
			r.bad = true
		}
	}
	return 1<<zeros - 1 + r.bits(zeros)
}

// Unturned returns a copy of a HEIC whose primary image is a still one, and neither cropped, rotated nor mirrored. A
// decoder that does all of these by itself returns the picture as it is stored.
func Unturned(data []byte, h *Header) []byte {
	out := bytes.Clone(Alone(data, "heic"))
	e := editor{data: out, steps: maxItems}
	meta := e.find(span{0, len(out)}, 0, "meta")
	ipco := e.find(e.find(meta, 4, "iprp"), 0, "ipco")
	for at := ipco.from + 8; at < ipco.to; {
		x, rest, err := next(out[at:ipco.to], false)
		if err != nil {
			break
		}
		switch {
		case len(x.body) > 0 && (x.kind == "irot" || x.kind == "imir"):
			copy(out[at+4:], "irot") // by nothing
			x.body[0] = 0
		case x.kind == "clap" && len(x.body) == 32: // all of it
			for i, v := range []int{h.Width, 1, h.Height, 1, 0, 1, 0, 1} {
				binary.BigEndian.PutUint32(x.body[4*i:], uint32(v))
			}
		}
		at = ipco.to - len(rest)
	}
	return out
}
