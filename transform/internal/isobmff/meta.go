package isobmff

import (
	"encoding/binary"
	"slices"

	"imgpipe/transform/internal/codec"
)

// A file is what the boxes of a file say, before anything is made of it.
type file struct {
	data       []byte
	meta       []byte // body of the meta box, without its version
	moov, cut  bool
	primary    uint32
	items      []item // sorted by id
	properties []box  // of ipco; the first has the number 1
	refs, idat []byte
	wideRefs   bool // identifiers in refs have 32 bits
}

// An item is one thing that a file holds: a coded image, a grid of some, or metadata (ISO/IEC 14496-12, 8.11).
type item struct {
	id      uint32
	kind    string
	content string // media type of an item of the kind "mime"
	listed  bool   // it is in the list of items, and not only in that of places

	located bool
	place   place

	props     []byte // its associations with properties
	wideProps bool
}

// A place is where the bytes of an item are (8.11.3).
type place struct {
	method  int // 0: in the file, 1: in the idat box
	foreign bool
	base    uint64
	extents []byte
	sizes   [3]int // bytes of index, offset and length of an extent
	n       int
}

// open reads the boxes of a file.
func open(data []byte) (*file, error) {
	f := &file{data: data}
	rest := data
	for range maxItems {
		x, after, err := next(rest, true)
		if err != nil && f.meta != nil {
			f.cut = true // bytes behind the last box, too few for a box
			break
		}
		if err != nil {
			return nil, err
		}
		if x.kind == "" {
			break
		}
		rest = after
		f.cut = f.cut || x.cut
		switch {
		case x.kind == "moov":
			f.moov = true
		case x.kind != "meta":
		case x.cut:
			return nil, codec.ErrHeader
		case f.meta != nil:
			return nil, errorf("it has two boxes %s", quoted(x.kind))
		case len(x.body) < 4:
			return nil, errorf("its box %s is too short", quoted(x.kind))
		default:
			f.meta = x.body[4:]
		}
	}
	if f.meta == nil {
		if f.cut {
			return nil, codec.ErrHeader
		}
		if f.moov {
			return nil, codec.Unsupported("a sequence without a still image")
		}
		return nil, errorf("it has no image: no box \"meta\"")
	}
	return f, f.readMeta()
}

// readMeta reads the boxes that describe items.
func (f *file) readMeta() error {
	found := map[string][]byte{}
	err := each(f.meta, func(x box) error {
		switch x.kind {
		case "pitm", "iinf", "iloc", "iprp", "iref", "idat":
			if found[x.kind] != nil {
				return errorf("it has two boxes %s", quoted(x.kind))
			}
			found[x.kind] = x.body[:len(x.body):len(x.body)]
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, kind := range []string{"pitm", "iinf", "iloc", "iprp"} {
		if found[kind] == nil {
			return errorf("it has no box %s", quoted(kind))
		}
	}
	c := cursor{b: found["pitm"]}
	version, _ := c.full()
	f.primary = uint32(c.number(width(version > 0)))
	f.idat = found["idat"]
	if refs := found["iref"]; refs != nil {
		r := cursor{b: refs}
		version, _ := r.full()
		f.wideRefs, f.refs = version > 0, r.b
		c.bad = c.bad || r.bad
	}
	if c.bad {
		return errorf("its header is too short")
	}
	if err := f.readItems(found["iinf"]); err != nil {
		return err
	}
	if err := f.readPlaces(found["iloc"]); err != nil {
		return err
	}
	return f.readProperties(found["iprp"])
}

// width returns the bytes of an identifier.
func width(wide bool) int {
	if wide {
		return 4
	}
	return 2
}

// readItems reads the list of items (8.11.6).
func (f *file) readItems(b []byte) error {
	c := cursor{b: b}
	version, _ := c.full()
	c.number(width(version > 0)) // their number, which the boxes show
	err := each(c.b, func(x box) error {
		if x.kind != "infe" {
			return nil
		}
		c := cursor{b: x.body}
		version, _ := c.full()
		if version < 2 {
			return nil // an older kind of entry, which no image has
		}
		it := item{listed: true}
		it.id = uint32(c.number(width(version > 2)))
		c.number(2) // protection
		it.kind = string(c.take(4))
		c.text() // its name
		if it.kind == "mime" {
			it.content = c.text()
		}
		if c.bad {
			return errorf("its list of items is too short")
		}
		f.items = append(f.items, it)
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortFunc(f.items, func(a, b item) int { return compare(a.id, b.id) })
	for i := 1; i < len(f.items); i++ {
		if f.items[i].id == f.items[i-1].id {
			return errorf("it has two items with the number %d", f.items[i].id)
		}
	}
	return nil
}

func compare(a, b uint32) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// item returns the item of that number; nil if there is none.
func (f *file) item(id uint32) *item {
	i, ok := slices.BinarySearchFunc(f.items, id, func(it item, id uint32) int { return compare(it.id, id) })
	if !ok {
		return nil
	}
	return &f.items[i]
}

// readPlaces reads where the bytes of items are (8.11.3).
func (f *file) readPlaces(b []byte) error {
	c := cursor{b: b}
	version, _ := c.full()
	if version > 2 {
		return errorf("its box \"iloc\" has the version %d", version)
	}
	sizes := c.number(2)
	offset, length, base := int(sizes>>12), int(sizes>>8&15), int(sizes>>4&15)
	index := 0
	if version > 0 {
		index = int(sizes & 15)
	}
	for _, n := range []int{offset, length, base, index} {
		if n != 0 && n != 4 && n != 8 {
			return errorf("its box \"iloc\" has numbers of %d bytes", n)
		}
	}
	n := c.number(width(version > 1))
	if n > maxItems {
		return errMany
	}
	for range n {
		id := uint32(c.number(width(version > 1)))
		p := place{sizes: [3]int{index, offset, length}}
		if version > 0 {
			p.method = int(c.number(2) & 15)
		}
		p.foreign = c.number(2) != 0
		p.base = c.number(base)
		p.n = int(c.number(2))
		p.extents = c.take(p.n * (index + offset + length))
		if c.bad {
			return errorf("its box \"iloc\" is too short")
		}
		it := f.item(id)
		if it == nil {
			continue
		}
		if it.located {
			return errorf("its item %d has two places", id)
		}
		if p.n > 1 && len(p.extents) == 0 {
			return errorf("its item %d has %d pieces that say nothing of themselves", id, p.n)
		}
		it.located, it.place = true, p
	}
	return nil
}

// readProperties reads the properties and which item has which (8.11.14).
func (f *file) readProperties(b []byte) error {
	var lists []box
	err := each(b, func(x box) error {
		switch x.kind {
		case "ipco":
			if f.properties != nil {
				return errorf("it has two boxes %s", quoted(x.kind))
			}
			f.properties = []box{}
			return each(x.body, func(x box) error {
				f.properties = append(f.properties, x)
				return nil
			})
		case "ipma":
			lists = append(lists, x)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, x := range lists {
		c := cursor{b: x.body}
		version, flags := c.full()
		n := c.number(4)
		if n > maxItems {
			return errMany
		}
		for range n {
			id := uint32(c.number(width(version > 0)))
			wide := flags&1 != 0
			props := c.take(int(c.number(1)) * width(wide) / 2)
			if wide {
				props = props[:len(props):len(props)]
			}
			if c.bad {
				return errorf("its box \"ipma\" is too short")
			}
			it := f.item(id)
			if it == nil {
				continue
			}
			if it.props != nil {
				return errorf("its item %d has two lists of properties", id)
			}
			it.props, it.wideProps = props, wide
		}
	}
	return nil
}

// propertiesOf calls fn for each property of an item, in the order in which they apply.
func (f *file) propertiesOf(it *item, fn func(x box)) {
	step := width(it.wideProps) / 2
	for b := it.props; len(b) >= step; b = b[step:] {
		n := int(b[0] & 0x7f)
		if it.wideProps {
			n = int(binary.BigEndian.Uint16(b) & 0x7fff)
		}
		if n >= 1 && n <= len(f.properties) {
			fn(f.properties[n-1])
		}
	}
}

// property returns the first property of that kind which an item has; nil if it has none.
func (f *file) property(it *item, kind string) (body []byte) {
	f.propertiesOf(it, func(x box) {
		if x.kind == kind && body == nil {
			body = x.body[:len(x.body):len(x.body)]
		}
	})
	return body
}

// referring calls fn with each reference of that kind: the item that refers, and those that it refers to (8.11.12).
func (f *file) referring(kind string, fn func(from uint32, to []uint32)) error {
	return each(f.refs, func(x box) error {
		if x.kind != kind {
			return nil
		}
		n := width(f.wideRefs)
		c := cursor{b: x.body}
		from := uint32(c.number(n))
		count := int(c.number(2))
		if c.bad || count*n > len(c.b) {
			return errorf("its box %s is too short", quoted(kind))
		}
		to := make([]uint32, count)
		for i := range to {
			to[i] = uint32(c.number(n))
		}
		fn(from, to)
		return nil
	})
}
