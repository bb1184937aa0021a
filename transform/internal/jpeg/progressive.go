package jpeg

import (
	"encoding/binary"
	"math/bits"
)

// A progressive file comes in several scans, each with some coefficients of the whole picture, or some of their bits
// (T.81, annex G). So coefficients are kept until the last scan: of each block those that the scale needs, in the order
// of the zigzag. One word for each block says which of its 64 are not 0: all that further scans need to know of those
// that are not kept.
type progressive struct {
	comp  [4]coefficients
	store []int16
	masks []uint64
}

// coefficients are those of one component.
type coefficients struct {
	keep  int    // how many are kept of each block
	spare int    // where in a block the others are written to: behind those kept
	low   uint64 // a mask of those kept
	kept  []int16
	mask  []uint64
	bit   [64]int8 // the lowest bit known of each coefficient; -1 before its first scan
	hurt  []uint64 // a bit for each block of which AC coefficients are missing
	hurts bool     // there is such a block
}

// noDC is set in the mask of a block whose DC coefficient is missing.
const noDC = 1

// layOut makes room for the coefficients of d's components, all 0.
func (p *progressive) layOut(d *Decoder) {
	size, words := 0, 0
	for i := range d.h.N {
		c, k := &d.comp[i], &p.comp[i]
		k.keep = keeps(c.scale)
		k.spare = min(k.keep, 63)
		k.low = ^uint64(0) >> (64 - k.keep)
		n := c.allCols * c.allRows
		size += n * (k.spare + 1)
		words += n + ceilDiv(n, 64)
		for j := range k.bit {
			k.bit[j] = -1
		}
	}
	p.store, p.masks = zeroed(p.store, size), zeroed(p.masks, words)
	store, masks := p.store, p.masks
	for i := range d.h.N {
		c, k := &d.comp[i], &p.comp[i]
		n := c.allCols * c.allRows
		k.kept, store = store[:n*(k.spare+1)], store[n*(k.spare+1):]
		k.mask, masks = masks[:n], masks[n:]
		k.hurt, masks, k.hurts = masks[:ceilDiv(n, 64)], masks[ceilDiv(n, 64):], false
	}
}

// keeps is how many coefficients, in the order of a scan, hold the scale×scale lowest.
func keeps(scale int) int {
	n := 0
	for k, natural := range zigzag {
		if int(natural>>3) < scale && int(natural&7) < scale {
			n = k + 1
		}
	}
	return n
}

// zeroed returns s with length n and all elements 0.
func zeroed[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	s = s[:n]
	clear(s)
	return s
}

// complete reports whether all bits of all coefficients of the first n components are known.
func (p *progressive) complete(n int) bool {
	for i := range n {
		for _, b := range p.comp[i].bit {
			if b != 0 {
				return false
			}
		}
	}
	return true
}

// block returns the coefficients of component i's block (bx, by), and its mask.
func (p *progressive) block(d *Decoder, i, bx, by int) ([]int16, *uint64) {
	c := &p.comp[i]
	at := by*d.comp[i].allCols + bx
	size := c.spare + 1
	return c.kept[at*size : at*size+size], &c.mask[at]
}

// progressiveScan decodes a scan, and notes in the coefficients' bit what is known after it.
func (d *Decoder) progressiveScan(s *scan, off int) error {
	if c := &d.prog.comp[s.index[0]]; s.ss > 0 && c.keep == 1 && !d.thorough {
		d.passed = true
		d.bits.passOver(d.data, off)
	} else {
		d.bits.start(d.data, off)
		var decode func(s *scan, mx, my int)
		lose := d.loseDetail
		switch {
		case s.ss == 0 && s.ah == 0:
			for _, t := range s.dc[:s.n] {
				t.makeDC()
			}
			decode, lose = d.firstDC, d.loseDC
		case s.ss == 0:
			decode = d.nextDC
		case s.ah == 0:
			s.ac[0].makeAC()
			decode, s.idle = d.firstAC, true
		default:
			s.ac[0].makeCodes()
			decode = d.nextAC
		}
		if err := d.eachMCU(s, decode, lose); err != nil {
			return err
		}
	}
	for i := range s.n {
		for k := s.ss; k <= s.se; k++ {
			d.prog.comp[s.index[i]].bit[k] = int8(s.al)
		}
	}
	return nil
}

// eachBlock calls f for the blocks that an MCU of s has.
func (d *Decoder) eachBlock(s *scan, mx, my int, f func(i int, coefs []int16, mask *uint64)) {
	if s.n == 1 { // written out, as each would take a tenth more time
		coefs, mask := d.prog.block(d, s.index[0], mx, my)
		f(0, coefs, mask)
		return
	}
	for i, c := range s.comp[:s.n] {
		for v := range c.v {
			for h := range c.h {
				coefs, mask := d.prog.block(d, s.index[i], mx*c.h+h, my*c.v+v)
				f(i, coefs, mask)
			}
		}
	}
}

// firstDC decodes the DC coefficients of an MCU but for their lowest bits (T.81, G.1.2.1).
func (d *Decoder) firstDC(s *scan, mx, my int) {
	d.eachBlock(s, mx, my, func(i int, coefs []int16, _ *uint64) {
		r := &d.bits
		r.refill()
		if e := s.dc[i].dc[r.acc>>(64-dcBits)]; e != 0 {
			s.pred[i] += e >> 8
			r.acc <<= e & 63
			r.n -= uint64(e & 63)
		} else {
			symbol, length := s.dc[i].symbol(r.acc)
			if length == 0 || symbol > 15 {
				r.bad = true
				return
			}
			r.acc <<= length & 63
			r.n -= uint64(length)
			s.pred[i] += int32(r.take(uint(symbol)))
		}
		coefs[0] = int16(s.pred[i] << s.al)
	})
}

// nextDC decodes one further bit of the DC coefficients of an MCU.
func (d *Decoder) nextDC(s *scan, mx, my int) {
	d.eachBlock(s, mx, my, func(_ int, coefs []int16, _ *uint64) {
		d.bits.refill()
		coefs[0] |= int16(d.bits.bits(1)) << s.al
	})
}

// firstAC decodes the band of AC coefficients of a block but for their lowest bits (T.81, G.1.2.2).
func (d *Decoder) firstAC(s *scan, bx, by int) {
	if s.eobRun > 0 {
		s.eobRun--
		return
	}
	r, t, spare := &d.bits, s.ac[0], d.prog.comp[s.index[0]].spare
	coefs, mask := d.prog.block(d, s.index[0], bx, by)
	m := *mask
	acc, n, pos := r.acc, r.n, r.pos
	for k := s.ss; k <= s.se; {
		acc |= binary.BigEndian.Uint64(r.win[pos&winMask:pos&winMask+8]) >> (n & 63)
		pos += int(63-n) >> 3
		n |= 56
		e := t.ac[acc>>(64-lookBits)]
		k2 := k + int(e>>10&63)
		if k2 < s.se {
			acc <<= e & 63
			n -= uint64(e & 63)
			k1 := k + int(e>>6&15)
			v1, v2 := int64(int8(e>>16)), int64(int32(e<<1)>>25)
			coefs[min(k1, spare)] += int16(v1 << s.al)
			coefs[min(k2, spare)] += int16(v2 << s.al)
			m |= uint64(v1|-v1) >> 63 << k1
			m |= uint64(v2|-v2) >> 63 << k2
			if int32(e) < 0 {
				break
			}
			k = k2 + 1
			continue
		}
		symbol, length := t.symbol(acc)
		if length == 0 {
			r.bad = true
			break
		}
		acc <<= length & 63
		n -= uint64(length)
		run, size := int(symbol>>4), uint(symbol&15)
		if size == 0 && run < 15 {
			s.eobRun = 1<<run + int(acc>>1>>(63-run)) - 1
			acc <<= run & 63
			n -= uint64(run)
			break
		}
		k += run
		if k > s.se {
			r.bad = true
			break
		}
		if size > 0 {
			coefs[min(k, spare)] += int16(extend(acc, size) << s.al)
			acc <<= size & 63
			n -= uint64(size)
			m |= 1 << k
		}
		k++
	}
	r.acc, r.n, r.pos = acc, n, pos
	*mask = m
}

// nextAC decodes one further bit of the band of AC coefficients of a block (T.81, G.1.2.3).
func (d *Decoder) nextAC(s *scan, bx, by int) {
	c := &d.prog.comp[s.index[0]]
	number := by*s.comp[0].allCols + bx
	if c.hurts && c.hurt[number/64]>>(number%64)&1 != 0 {
		// What the scan holds of a block depends on what those before it held.
		d.bits.bad = true
		return
	}
	known := c.mask[number]                                     // the coefficients that were not 0 before this scan
	rest := ^uint64(0) >> (63 - s.se) &^ (1<<uint(s.ss&63) - 1) // those of the band still to come
	if s.eobRun > 0 && rest&known == 0 {
		s.eobRun--
		return
	}
	r, t := &d.bits, s.ac[0]
	coefs := c.kept[number*(c.spare+1):][:c.spare+1]
	acc, n, pos := r.acc, r.n, r.pos
	for s.eobRun == 0 && rest != 0 {
		acc |= binary.BigEndian.Uint64(r.win[pos&winMask:pos&winMask+8]) >> (n & 63)
		pos += int(63-n) >> 3
		n |= 56
		e := uint(t.short[acc>>(64-lookBits)])
		symbol, length := e>>8, e&255
		if e == 0 {
			var long uint8
			long, length = t.symbol(acc)
			symbol = uint(long)
		}
		run, size := int(symbol>>4), symbol&15
		if length == 0 || size > 1 {
			r.bad = true
			break
		}
		acc <<= length & 63
		n -= uint64(length)
		if size == 0 && run < 15 {
			s.eobRun = 1<<run + int(acc>>1>>(63-run))
			acc <<= run & 63
			n -= uint64(run)
			break
		}
		// A set bit means a positive value.
		value := (int16(acc>>63)<<1 - 1) << s.al
		acc <<= size & 63
		n -= uint64(size)
		// The new coefficient stands behind as many of those that are 0 as run says; all others on the way get their
		// bit.
		zeros := rest &^ known
		for ; run > 0; run-- {
			zeros &= zeros - 1
		}
		through := zeros ^ (zeros - 1) // up to the first of zeros; all if there is none
		if set := rest & known & through; set != 0 {
			acc, n, pos = r.refine(s, c.low, coefs, set, acc, n, pos)
		}
		rest &^= through
		if size > 0 {
			if zeros == 0 {
				r.bad = true
				break
			}
			at := bits.TrailingZeros64(zeros)
			coefs[min(at, c.spare)] = value
			c.mask[number] |= 1 << at
		}
	}
	if s.eobRun > 0 {
		s.eobRun--
		if set := rest & known; set != 0 {
			acc, n, pos = r.refine(s, c.low, coefs, set, acc, n, pos)
		}
	}
	r.acc, r.n, r.pos = acc, n, pos
}

// refine reads one bit for each of the coefficients in set, and moves those away from 0 by 1<<al whose bit is set, if
// they are in low. acc, n and pos stand for those of r.
func (r *bitReader) refine(s *scan, low uint64, coefs []int16, set, acc, n uint64, pos int) (uint64, uint64, int) {
	al := s.al & 15
	over := bits.OnesCount64(set &^ low)
	// Those in low come first.
	acc |= binary.BigEndian.Uint64(r.win[pos&winMask:pos&winMask+8]) >> (n & 63)
	pos += int(63-n) >> 3
	n |= 56
	for set &= low; set != 0; set &= set - 1 {
		if n == 0 {
			acc |= binary.BigEndian.Uint64(r.win[pos&winMask : pos&winMask+8])
			pos += 7
			n = 56
		}
		k := bits.TrailingZeros64(set)
		v := coefs[k]
		coefs[k] = v + (v>>15|1)*int16(acc>>63)<<al
		acc <<= 1
		n--
	}
	for over > 0 {
		acc |= binary.BigEndian.Uint64(r.win[pos&winMask:pos&winMask+8]) >> (n & 63)
		pos += int(63-n) >> 3
		n |= 56
		step := min(over, 56)
		acc <<= step & 63
		n -= uint64(step)
		over -= step
	}
	return acc, n, pos
}

// reconstruct makes the planes from the coefficients.
func (d *Decoder) reconstruct() error {
	for i := range d.h.N {
		c, k := &d.comp[i], &d.prog.comp[i]
		if k.bit[0] < 0 && !c.flat {
			continue
		}
		needed := k.low &^ 1
		b := &d.coefs
		for by := range c.allRows {
			if err := d.stop.Err(); err != nil {
				return err
			}
			for bx := range c.allCols {
				coefs, mask := d.prog.block(d, i, bx, by)
				if *mask&noDC != 0 {
					c.fill(bx, by)
					continue
				}
				set := *mask & needed
				last := bits.Len64(set|1) - 1
				b[0] = int64(coefs[0]) * c.place.mul[0]
				for ; set != 0; set &= set - 1 {
					j := bits.TrailingZeros64(set)
					b[c.place.word[j]&63] += int64(coefs[j]) * c.place.mul[j]
				}
				c.transform(b, last, (by*c.stride+bx)*c.scale)
			}
		}
	}
	return nil
}
