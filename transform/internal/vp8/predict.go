package vp8

// reconstruct makes the samples of macroblock x, y from what has been read of it.
func (d *decoder) reconstruct(x, y int) {
	mb := &d.mb
	at := d.luma.origin + 16*(y*d.luma.stride+x)
	if mb.each {
		d.subblocks(x, y, at)
	} else {
		d.luma.predict(at, 16, mb.luma, y > 0, x > 0)
		for i := range 16 {
			mb.residue(i, &d.luma, at+i/4*4*d.luma.stride+i%4*4)
		}
	}
	for c := range d.chroma {
		p := &d.chroma[c]
		at := p.origin + 8*(y*p.stride+x)
		p.predict(at, 8, mb.chroma, y > 0, x > 0)
		for i := range 4 {
			mb.residue(16+4*c+i, p, at+i/2*4*p.stride+i%2*4)
		}
	}
}

// predict predicts size × size samples at that place from those above and to the left (section 12.2). The mean leaves
// out what is outside of the picture.
func (p *plane) predict(at, size int, mode uint8, above, left bool) {
	top := p.pix[at-p.stride:][:size]
	switch mode {
	case predictDC:
		sum, n := 0, 0
		if above {
			for _, v := range top {
				sum += int(v)
			}
			n += size
		}
		if left {
			for y := range size {
				sum += int(p.pix[at+y*p.stride-1])
			}
			n += size
		}
		mean := byte(128)
		if n > 0 {
			mean = byte((sum + n/2) / n)
		}
		for y := range size {
			row := p.pix[at+y*p.stride:][:size]
			for x := range row {
				row[x] = mean
			}
		}
	case predictV:
		for y := range size {
			copy(p.pix[at+y*p.stride:], top)
		}
	case predictH:
		for y := range size {
			row := p.pix[at+y*p.stride-1:][:size+1]
			v := row[0]
			for x := range row {
				row[x] = v
			}
		}
	default:
		corner := int32(p.pix[at-p.stride-1])
		for y := range size {
			row := p.pix[at+y*p.stride-1:][:size+1]
			base := int32(row[0]) - corner
			for x, v := range top {
				row[x+1] = clamp(base + int32(v))
			}
		}
	}
}

func clamp(v int32) byte { return byte(min(max(v, 0), 255)) }

// subblocks predicts 16 blocks of luma one after the other, each from what is already there of the others (section
// 12.3).
func (d *decoder) subblocks(x, y, at int) {
	p, mb := &d.luma, &d.mb
	// What is above and to the right of the blocks at the right end is that of the macroblock, even of the lower ones.
	var right [4]byte
	if copy(right[:], p.pix[at-p.stride+16:]); y > 0 && x == d.width-1 {
		v := p.pix[at-p.stride+15]
		right = [4]byte{v, v, v, v}
	}
	for i, mode := range mb.modes {
		at := at + i/4*4*p.stride + i%4*4
		var e [13]int32 // the samples to the left, from the bottom up, the corner, and those above
		for k := range 4 {
			e[3-k] = int32(p.pix[at+k*p.stride-1])
		}
		for k, v := range p.pix[at-p.stride-1:][:9] {
			e[4+k] = int32(v)
		}
		if i%4 == 3 {
			for k, v := range right {
				e[9+k] = int32(v)
			}
		}
		p.subblock(at, mode, &e)
		mb.residue(i, p, at)
	}
}

// subblock predicts 4 × 4 samples.
func (p *plane) subblock(at int, mode uint8, e *[13]int32) {
	two := func(i int) byte { return byte((e[i] + e[i+1] + 1) >> 1) }
	three := func(i int) byte { return byte((e[i-1] + 2*e[i] + e[i+1] + 2) >> 2) } // around i
	var rows [4][4]byte
	switch mode {
	case predictDC:
		sum := int32(4)
		for i := range 4 {
			sum += e[i] + e[5+i]
		}
		v := byte(sum >> 3)
		rows = [4][4]byte{{v, v, v, v}, {v, v, v, v}, {v, v, v, v}, {v, v, v, v}}
	case predictTM:
		for y := range rows {
			for x := range rows[y] {
				rows[y][x] = clamp(e[3-y] + e[5+x] - e[4])
			}
		}
	case predictV:
		row := [4]byte{three(5), three(6), three(7), three(8)}
		rows = [4][4]byte{row, row, row, row}
	case predictH:
		bottom := byte((e[1] + 3*e[0] + 2) >> 2)
		for y, v := range [4]byte{three(3), three(2), three(1), bottom} {
			rows[y] = [4]byte{v, v, v, v}
		}
	case predictLD:
		last := byte((e[11] + 3*e[12] + 2) >> 2)
		v := [7]byte{three(6), three(7), three(8), three(9), three(10), three(11), last}
		for y := range rows {
			copy(rows[y][:], v[y:])
		}
	case predictRD:
		v := [7]byte{three(1), three(2), three(3), three(4), three(5), three(6), three(7)}
		for y := range rows {
			copy(rows[y][:], v[3-y:])
		}
	case predictVR:
		rows[0] = [4]byte{two(4), two(5), two(6), two(7)}
		rows[1] = [4]byte{three(4), three(5), three(6), three(7)}
		rows[2] = [4]byte{three(3), rows[0][0], rows[0][1], rows[0][2]}
		rows[3] = [4]byte{three(2), rows[1][0], rows[1][1], rows[1][2]}
	case predictVL:
		rows[0] = [4]byte{two(5), two(6), two(7), two(8)}
		rows[1] = [4]byte{three(6), three(7), three(8), three(9)}
		rows[2] = [4]byte{rows[0][1], rows[0][2], rows[0][3], three(10)}
		rows[3] = [4]byte{rows[1][1], rows[1][2], rows[1][3], three(11)}
	case predictHD:
		v := [10]byte{two(0), three(1), two(1), three(2), two(2), three(3), two(3), three(4), three(5), three(6)}
		for y := range rows {
			copy(rows[y][:], v[6-2*y:])
		}
	case predictHU:
		last := byte(e[0])
		bottom := byte((e[1] + 3*e[0] + 2) >> 2)
		v := [10]byte{two(2), three(2), two(1), three(1), two(0), bottom, last, last, last, last}
		for y := range rows {
			copy(rows[y][:], v[2*y:])
		}
	}
	for y := range rows {
		*(*[4]byte)(p.pix[at+y*p.stride:]) = rows[y]
	}
}

// residue adds what the coefficients of a block stand for (section 14.3), and clears them.
func (mb *macroblock) residue(block int, p *plane, at int) {
	in := &mb.coefficients[block]
	switch mb.last[block] {
	case 0:
		return
	case 1:
		v := (int32(in[0]) + 4) >> 3
		in[0] = 0
		if v == 0 {
			return
		}
		for y := range 4 {
			row := (*[4]byte)(p.pix[at+y*p.stride:])
			row[0], row[1] = clamp(int32(row[0])+v), clamp(int32(row[1])+v)
			row[2], row[3] = clamp(int32(row[2])+v), clamp(int32(row[3])+v)
		}
		return
	}
	// Products with √2·cos(π/8), less 1, and √2·sin(π/8), in fractions of 65536.
	cos := func(v int32) int32 { return v + v*20091>>16 }
	sin := func(v int32) int32 { return v * 35468 >> 16 }
	var t [16]int32
	for i := range 4 {
		v0, v1, v2, v3 := int32(in[i]), int32(in[4+i]), int32(in[8+i]), int32(in[12+i])
		a, b, c, d := v0+v2, v0-v2, sin(v1)-cos(v3), cos(v1)+sin(v3)
		t[4*i], t[4*i+1], t[4*i+2], t[4*i+3] = a+d, b+c, b-c, a-d
	}
	for y := range 4 {
		v0, v1, v2, v3 := t[y]+4, t[4+y], t[8+y], t[12+y]
		a, b, c, d := v0+v2, v0-v2, sin(v1)-cos(v3), cos(v1)+sin(v3)
		row := (*[4]byte)(p.pix[at+y*p.stride:])
		row[0] = clamp(int32(row[0]) + (a+d)>>3)
		row[1] = clamp(int32(row[1]) + (b+c)>>3)
		row[2] = clamp(int32(row[2]) + (b-c)>>3)
		row[3] = clamp(int32(row[3]) + (a-d)>>3)
	}
	*in = [16]int16{}
}
