package vp8

import (
	"encoding/binary"
	"math/bits"
)

// reconstruct makes the samples of macroblock x, y from what has been read of it.
func (d *decoder) reconstruct(x, y int) {
	mb := &d.mb
	luma, s := &d.planes[0], &d.steps[mb.segment]
	at := luma.place(x, y, 16)
	if mb.each {
		d.subblocks(x, y, at)
	} else {
		step := [2]int32{1, s.y1[1]}
		luma.predict(at, 16, mb.luma, y > 0, x > 0)
		for coded := mb.coded & 0xffff; coded != 0; coded &= coded - 1 {
			i := bits.TrailingZeros32(coded)
			mb.residue(i, &step, luma, at+i/4*4*luma.stride+i%4*4)
		}
	}
	for c := range 2 {
		p := &d.planes[1+c]
		at := p.place(x, y, 8)
		p.predict(at, 8, mb.chroma, y > 0, x > 0)
		for coded := mb.coded >> (16 + 4*c) & 15; coded != 0; coded &= coded - 1 {
			i := bits.TrailingZeros32(coded)
			mb.residue(16+4*c+i, &s.uv, p, at+i/2*4*p.stride+i%2*4)
		}
	}
}

// predict predicts size × size samples at that place, 8 or 16, from those above and to the left (section 12.2). The
// mean leaves out what is outside of the picture.
func (p *plane) predict(at, size int, mode uint8, above, left bool) {
	le := binary.LittleEndian
	top := p.pix[at-p.stride:][:size]
	first, last := le.Uint64(top), le.Uint64(top[size-8:])
	switch mode {
	case predictDC:
		sum, n := uint64(0), uint64(0)
		if above {
			if sum = total(first); size == 16 {
				sum += total(last)
			}
			n += uint64(size)
		}
		if left {
			for y := range size {
				sum += uint64(p.pix[at+y*p.stride-1])
			}
			n += uint64(size)
		}
		mean := uint64(128)
		if n > 0 {
			mean = (sum + n/2) / n
		}
		p.fillRows(at, size, mean*eightOf, mean*eightOf)
	case predictV:
		p.fillRows(at, size, first, last)
	case predictH:
		for y := range size {
			row := p.pix[at+y*p.stride-1:][:size+1]
			v := uint64(row[0]) * eightOf
			le.PutUint64(row[1:], v)
			le.PutUint64(row[size-7:], v)
		}
	default:
		corner := int32(p.pix[at-p.stride-1])
		for y := range size {
			row := p.pix[at+y*p.stride-1:][:size+1]
			s := shiftBy(int32(row[0]) - corner)
			le.PutUint64(row[1:], s.apply(first))
			if size == 16 {
				le.PutUint64(row[9:], s.apply(last))
			}
		}
	}
}

// fillRows fills size × size samples with rows that have the same first and last eight samples.
func (p *plane) fillRows(at, size int, first, last uint64) {
	for y := range size {
		row := p.pix[at+y*p.stride:][:size]
		binary.LittleEndian.PutUint64(row, first)
		binary.LittleEndian.PutUint64(row[size-8:], last)
	}
}

// subblocks predicts 16 blocks of luma one after the other, each from what is already there of the others (section
// 12.3).
func (d *decoder) subblocks(x, y, at int) {
	le := binary.LittleEndian
	p, mb := &d.planes[0], &d.mb
	step := &d.steps[mb.segment].y1
	stride := p.stride
	// What is above and to the right of the blocks at the right end is that of the macroblock, even of the lower ones.
	right := le.Uint32(p.pix[at-stride+16:])
	if y > 0 && x == d.width-1 {
		right = uint32(p.pix[at-stride+15]) * fourOf
	}
	for i, mode := range mb.modes {
		at := at + i/4*4*stride + i%4*4
		pix := p.pix[at-stride-1:]
		e := edges{
			corner: pix[0],
			left: uint32(pix[stride]) | uint32(pix[2*stride])<<8 |
				uint32(pix[3*stride])<<16 | uint32(pix[4*stride])<<24,
		}
		if i%4 == 3 {
			e.above = uint64(le.Uint32(pix[1:])) | uint64(right)<<32
		} else {
			e.above = le.Uint64(pix[1:])
		}
		upper, lower := e.predict(mode)
		pix = p.pix[at:]
		le.PutUint32(pix, uint32(upper))
		le.PutUint32(pix[stride:], uint32(upper>>32))
		le.PutUint32(pix[2*stride:], uint32(lower))
		le.PutUint32(pix[3*stride:], uint32(lower>>32))
		if mb.coded>>i&1 != 0 {
			mb.residue(i, step, p, at)
		}
	}
}

// residue adds what the coefficients of a block stand for (section 14.3), and clears them.
func (mb *macroblock) residue(block int, step *[2]int32, p *plane, at int) {
	in := &mb.coefficients[block]
	pix, stride := p.pix[at:], p.stride
	in[0] = times(in[0], step[0])
	switch last := mb.last[block]; {
	case last == 1:
		addFirst(in, pix, stride)
		in[0] = 0
	case last <= 3:
		in[1], in[4] = times(in[1], step[1]), times(in[4], step[1])
		addThree(in, pix, stride)
		in[0], in[1], in[4] = 0, 0, 0
	default:
		for i := 1; i < len(in); i++ {
			in[i] = times(in[i], step[1])
		}
		addAll(in, pix, stride)
		*in = [16]int16{}
	}
}

// times returns a coefficient that has so many steps. It has 16 bits, whatever a file says.
func times(steps int16, step int32) int16 { return int16(int32(steps) * step) }

// Products with √2·cos(π/8) and √2·sin(π/8), to a fraction of 65536.
func timesCos(v int32) int32 { return v + v*20091>>16 }
func timesSin(v int32) int32 { return v * 35468 >> 16 }

// addFirst is addAll for a block whose other coefficients are 0.
func addFirst(in *[16]int16, pix []byte, stride int) {
	le := binary.LittleEndian
	v := (int32(in[0]) + 4) >> 3
	if v == 0 {
		return
	}
	s := shiftBy(min(max(v, -255), 255))
	for y := 0; y < 4; y += 2 {
		a, b := pix[y*stride:], pix[(y+1)*stride:]
		rows := s.apply(uint64(le.Uint32(a)) | uint64(le.Uint32(b))<<32)
		le.PutUint32(a, uint32(rows))
		le.PutUint32(b, uint32(rows>>32))
	}
}

// addThree is addAll for a block that has no more than three coefficients: the first, and those beside and below it.
func addThree(in *[16]int16, pix []byte, stride int) {
	beside, below := int32(in[1]), int32(in[4])
	c, d := timesSin(beside), timesCos(beside)
	first := int32(in[0]) + 4
	sin, cos := timesSin(below), timesCos(below)
	for y, v := range [4]int32{first + cos, first + sin, first - sin, first - cos} {
		row := (*[4]byte)(pix[y*stride:])
		row[0] = clamp(int32(row[0]) + (v+d)>>3)
		row[1] = clamp(int32(row[1]) + (v+c)>>3)
		row[2] = clamp(int32(row[2]) + (v-c)>>3)
		row[3] = clamp(int32(row[3]) + (v-d)>>3)
	}
}

// addAll adds to 4 × 4 samples what coefficients stand for.
func addAll(in *[16]int16, pix []byte, stride int) {
	var t [16]int32
	for i := range 4 {
		v0, v1, v2, v3 := int32(in[i]), int32(in[4+i]), int32(in[8+i]), int32(in[12+i])
		a, b := v0+v2, v0-v2
		c, d := timesSin(v1)-timesCos(v3), timesCos(v1)+timesSin(v3)
		t[4*i], t[4*i+1], t[4*i+2], t[4*i+3] = a+d, b+c, b-c, a-d
	}
	for y := range 4 {
		v0, v1, v2, v3 := t[y]+4, t[4+y], t[8+y], t[12+y]
		a, b := v0+v2, v0-v2
		c, d := timesSin(v1)-timesCos(v3), timesCos(v1)+timesSin(v3)
		row := (*[4]byte)(pix[y*stride:])
		row[0] = clamp(int32(row[0]) + (a+d)>>3)
		row[1] = clamp(int32(row[1]) + (b+c)>>3)
		row[2] = clamp(int32(row[2]) + (b-c)>>3)
		row[3] = clamp(int32(row[3]) + (a-d)>>3)
	}
}

// clamp keeps v within 0 and 255. Most often it is, which is foreseen.
func clamp(v int32) byte {
	if uint32(v) > 255 {
		v = ^v >> 31
	}
	return byte(v)
}
