package vp8l

import (
	"errors"

	"imgpipe/transform/internal/codec"
)

// A group is the five codes that pixels are made of (section 5.2).
type group struct{ green, red, blue, alpha, distance code }

// groups are the groups of an image, and which of them counts where.
type groups struct {
	list  []group
	parts []uint16 // of list, for each square of the image; nil where there is one group
	bits  int      // of a square's side
	mask  int      // a column with none of these bits begins a square; -1 where there is one group
	wide  int      // squares in a row

	// place is where a group of the file stands in the list, -1 for one that is not used; nil while all are used.
	place []int
}

// at returns the group of pixel x, y.
func (g *groups) at(x, y int) *group {
	if g.parts == nil {
		return &g.list[0]
	}
	return &g.list[g.parts[y>>g.bits*g.wide+x>>g.bits]]
}

// parts reads which group counts in which part of the image (section 5.2.2).
func (d *decoder) parts(g *groups, width, height int) error {
	g.bits = d.r.bits(3) + 2
	g.mask = 1<<g.bits - 1
	g.wide = tiles(width, g.bits)
	pix, err := d.image(g.wide, tiles(height, g.bits))
	if err != nil {
		return err
	}
	g.parts = make([]uint16, len(pix)/4)
	for i := range g.parts {
		number := int(pix[4*i])<<8 | int(pix[4*i+1])
		for len(g.place) <= number {
			g.place = append(g.place, -1)
		}
		if g.place[number] < 0 {
			g.place[number] = 0
		}
		g.parts[i] = uint16(number)
	}
	n := 0
	for i, used := range g.place {
		if used == 0 {
			g.place[i] = n
			n++
		}
	}
	for i, number := range g.parts {
		g.parts[i] = uint16(g.place[number])
	}
	g.list = make([]group, n)
	return nil
}

// readGroups reads the codes of all groups.
func (d *decoder) readGroups(g *groups, cached int) error {
	// Many groups make do with smaller tables.
	bits := 8
	for bits > 1 && 5*len(g.list)*4<<bits > d.room/2 {
		bits--
	}
	number := max(len(g.place), 1)
	for i := range number {
		to := 0
		if g.place != nil {
			to = g.place[i]
		}
		var unused group
		codes := &unused
		if to >= 0 {
			codes = &g.list[to]
		}
		for k, c := range [5]*code{&codes.green, &codes.red, &codes.blue, &codes.alpha, &codes.distance} {
			size := [5]int{256 + 24 + cached, 256, 256, 256, 40}[k]
			var err error
			if *c, err = d.code(size, bits); err != nil {
				return err
			}
			if to >= 0 {
				if d.room -= 4*len(c.table) + 2*len(c.symbols) + 120; d.room < 0 {
					return errors.New("its codes take more memory than its pixels")
				}
			}
		}
		if i&63 == 0 {
			if err := d.stop.Err(); err != nil {
				return err
			}
		}
	}
	return nil
}

// lengthOrder is the order in which the lengths of the codes of lengths stand in a file.
var lengthOrder = [19]uint8{17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}

// code reads a code for so many symbols (section 5.2.1).
func (d *decoder) code(size, most int) (code, error) {
	r := &d.r
	lengths := d.lengths[:max(size, 256)]
	clear(lengths)
	if r.bits(1) == 1 {
		two := r.bits(1) == 1
		lengths[r.bits(1+7*r.bits(1))] = 1
		if two {
			lengths[r.bits(8)] = 1
		}
		return d.finish(lengths, size, most)
	}
	var own [19]uint8
	for _, s := range lengthOrder[:4+r.bits(4)] {
		own[s] = uint8(r.bits(3))
	}
	of, err := newCode(own[:], 7)
	if err != nil {
		return code{}, err
	}
	left := size
	if r.bits(1) == 1 {
		if left = 2 + r.bits(2+2*r.bits(3)); left > size {
			return code{}, errCodes
		}
	}
	before := uint8(8)
	for i := 0; i < size && left > 0; left-- {
		r.fill()
		n, times := uint8(0), 1
		switch s := of.next(r); s {
		case 16:
			n, times = before, 3+r.bits(2)
		case 17:
			times = 3 + r.bits(3)
		case 18:
			times = 11 + r.bits(7)
		default:
			n = uint8(s)
			if n > 0 {
				before = n
			}
		}
		if times > size-i {
			return code{}, errCodes
		}
		for range times {
			lengths[i] = n
			i++
		}
		if r.short {
			return code{}, codec.ErrShort
		}
	}
	return d.finish(lengths, size, most)
}

func (d *decoder) finish(lengths []uint8, size, most int) (code, error) {
	if d.r.short {
		return code{}, codec.ErrShort
	}
	for _, n := range lengths[size:] {
		if n > 0 {
			return code{}, errCodes
		}
	}
	return newCode(lengths[:size], most)
}
