package inflate

import "imgpipe/transform/internal/codec"

// lastCodes is codes for the end of a stream. It goes code by code, unpacks every symbol that is whole, and none after.
func (z *Reader) lastCodes(limit int) error {
	for z.w < limit {
		// A length and a distance take 48 bits at most.
		for z.n <= 56 && z.pos < z.end {
			z.acc |= uint64(z.in[z.pos]) << z.n
			z.pos++
			z.n += 8
		}
		e, used := z.lit.look(z.acc, 0)
		switch {
		case e&literals != 0:
			// An entry may stand for two literals, of which the second may not be there.
			if err := z.spend(uint(z.lengths[byte(e>>8)])); err != nil {
				return err
			}
			z.out[z.w] = byte(e >> 8)
			z.w++
		case e&special == 0:
			if err := z.match(e, used); err != nil {
				return err
			}
		case e&ending != 0:
			z.next = block
			return z.spend(used)
		default:
			return z.noCode(0)
		}
	}
	return nil
}

// match copies what the code of a length, whose entry is e, and the distance behind it say.
func (z *Reader) match(e uint32, used uint) error {
	extra := uint(e >> 17 & 15)
	length := int(e>>8&0x1ff) + int(z.acc>>(used-extra)&(1<<extra-1))
	start := used
	e, used = z.dist.look(z.acc, used)
	if e&special != 0 {
		return z.noCode(start)
	}
	extra = uint(e >> 23 & 15)
	back := int(e>>8&0x7fff) + int(z.acc>>(used-extra)&(1<<extra-1))
	if err := z.spend(used); err != nil {
		return err
	}
	if back > z.w {
		return ErrDamaged
	}
	for range length {
		z.out[z.w] = z.out[z.w-back]
		z.w++
	}
	return nil
}

// look returns the entry of the code that stands in acc behind so many bits, and how many bits are used with it.
func (t *table) look(acc uint64, used uint) (e uint32, total uint) {
	e = t[acc>>used&(1<<tableBits-1)]
	if e&literals == 0 && e&(special|longer) == special|longer {
		used += tableBits
		e = t[int(e>>8&0xffff)+int(acc>>used&7)]
	}
	return e, used + uint(e&63)
}

// spend takes n bits out of acc, if they are there.
func (z *Reader) spend(n uint) error {
	if n > z.n {
		return codec.ErrCut
	}
	z.drop(n)
	return nil
}

// noCode returns the error of bits that are no code, behind so many others. They may be a code that breaks off.
func (z *Reader) noCode(used uint) error {
	if z.n < used+15 {
		return codec.ErrCut
	}
	return ErrDamaged
}
