package jpeg

import (
	"math/bits"

	"imgpipe/transform/internal/codec"
)

// A spectrum is the coefficients of a component, as the scans of a progressive file need them.
type spectrum struct {
	cols, rows int       // of blocks, without those that only fill up MCUs
	dc         []int16   // of each block
	masks      []uint64  // for each block which coefficients are not 0, by their place in a scan; bit 0 is not used
	ac         [][]int16 // for each row of blocks the coefficients in masks, one block after the other
}

// transform fills e.spectra with the coefficients of the picture.
func (e *Encoder) transform(stop codec.Stop) error {
	for i := range e.n {
		c := &e.comp[i]
		s := spectrum{cols: ceilDiv(c.W, 8), rows: ceilDiv(c.H, 8)}
		s.dc, s.masks = make([]int16, s.cols*s.rows), make([]uint64, s.cols*s.rows)
		s.ac = make([][]int16, s.rows)
		row := make([]int16, 63*s.cols)
		for by := range s.rows {
			if err := stop.Err(); err != nil {
				return err
			}
			n := 0
			for bx := range s.cols {
				mask := e.forward(c, 8*bx, 8*by) &^ 1
				at := by*s.cols + bx
				s.dc[at], s.masks[at] = e.coefs[0], mask
				for m := mask; m != 0; m &= m - 1 {
					row[n] = e.coefs[zigzag[bits.TrailingZeros64(m)&63]&63]
					n++
				}
			}
			s.ac[by] = append([]int16(nil), row[:n]...) // exactly as long as it must be: there may be many
		}
		e.spectra[i] = s
	}
	return nil
}

// SpectrumBytes is the most that a progressive encoder keeps for so many samples in all planes.
func SpectrumBytes(samples int64) int64 { return 2*samples + samples/6 }
