package inflate

import "imgpipe/transform/internal/codec"

// drop takes n bits out of acc.
func (z *Reader) drop(n uint) { z.acc, z.n = z.acc>>n, z.n-n }

// need brings at least n bits into acc, at most 16. It reads no byte before it is needed.
func (z *Reader) need(n uint) error {
	for z.n < n {
		if z.pos >= z.end {
			if err := z.fill(); err != nil {
				return err
			}
			if z.pos >= z.end {
				return codec.ErrCut
			}
		}
		z.acc |= uint64(z.in[z.pos]) << z.n
		z.pos++
		z.n += 8
	}
	return nil
}

// bits takes n bits, at most 16.
func (z *Reader) bits(n uint) (int, error) {
	if err := z.need(n); err != nil {
		return 0, err
	}
	v := z.acc & (1<<n - 1)
	z.drop(n)
	return int(v), nil
}

// enough is how many bytes fill wants ahead before it asks for another piece. A reader that asks late lets piece find
// out, with Unpacked, where the bytes of its next piece begin.
const enough = 2 * near

// fill brings more input into the buffer.
func (z *Reader) fill() error {
	if z.over {
		return nil
	}
	keep := min(z.pos, 8) // what is in acc may have to go back
	z.end = copy(z.in[:], z.in[z.pos-keep:z.end])
	z.pos = keep
	for z.end < inputSize && !z.over {
		if len(z.rest) == 0 {
			if z.end-z.pos >= enough {
				break
			}
			var err error
			if z.rest, err = z.piece(); err != nil {
				return err
			}
			z.over = z.rest == nil
		}
		n := copy(z.in[z.end:], z.rest)
		z.end, z.rest = z.end+n, z.rest[n:]
	}
	return nil
}

// giveBack moves pos back by the whole bytes in acc, so that they are read again.
func (z *Reader) giveBack(pos int, acc uint64, n uint) {
	z.pos, z.n = pos-int(n>>3), n&7
	z.acc = acc & (1<<z.n - 1)
}
