package isobmff

import (
	"bytes"
	"encoding/binary"
	"math"
)

// Alone returns data so that a decoder takes the primary image as a still one: under the brand of its codec, and
// without the sequence. brand is "avif" or "heic". The bytes are those of data if nothing is to be changed, and
// otherwise a copy. data must have passed ReadHeader.
func Alone(data []byte, brand string) []byte {
	out := data
	set := func(at int, kind string) {
		if string(out[at:at+4]) == kind {
			return
		}
		if &out[0] == &data[0] {
			out = bytes.Clone(data)
		}
		copy(out[at:], kind)
	}
	for rest := data; ; {
		x, after, err := next(rest, true)
		if err != nil || x.kind == "" {
			return out
		}
		at, body := len(data)-len(rest), len(data)-len(after)-len(x.body)
		switch {
		case x.kind == "moov":
			set(at+4, "free")
		case x.kind == "ftyp" && len(x.body) >= 8:
			set(body, brand)
			for i := 8; i+4 <= len(x.body); i += 4 {
				// A decoder that reads of a sequence misses it.
				if kind := string(x.body[i : i+4]); kind == "avis" || kind == "msf1" || kind == "hevc" {
					set(body+i, "mif1")
				}
			}
		}
		rest = after
	}
}

// WithProfile returns a copy of a file of a still image with an ICC profile for its primary image: one property more in
// "ipco", and its number in "ipma". What stands behind grows out of place, so the places of all items move.
//
// It is for files that an encoder of ours made. An error means that a file is not as those are.
func WithProfile(data, profile []byte) ([]byte, error) {
	f, err := open(data)
	if err != nil {
		return nil, err
	}
	it := f.item(f.primary)
	if it == nil || f.cut || f.property(it, "ispe") == nil {
		return nil, errorf("its primary image is not as expected")
	}
	e := editor{data: data, steps: maxItems}
	meta := e.find(span{0, len(data)}, 0, "meta")
	iprp := e.find(meta, 4, "iprp")
	ipco, ipma, iloc := e.find(iprp, 0, "ipco"), e.find(iprp, 0, "ipma"), e.find(meta, 4, "iloc")
	if e.bad || iloc.to > ipco.from || ipco.to > ipma.from || len(data) > math.MaxInt32 {
		return nil, errorf("its boxes are not as expected")
	}
	list, ok := associations(data[ipma.from+8:ipma.to], it)
	if !ok || len(f.properties) >= 127 || it.wideProps || len(it.props) >= 255 {
		return nil, errorf("its properties are not as expected")
	}
	box := binary.BigEndian.AppendUint32(nil, uint32(8+4+len(profile)))
	box = append(append(box, "colrprof"...), profile...)
	count := ipma.from + 8 + list // where the number of properties stands
	end := count + 1 + len(it.props)
	out := make([]byte, 0, len(data)+len(box)+1)
	out = append(append(out, data[:ipco.to]...), box...)
	out = append(append(out, data[ipco.to:end]...), byte(len(f.properties)+1))
	out = append(out, data[end:]...)
	grow := func(at, by int) {
		binary.BigEndian.PutUint32(out[at:], binary.BigEndian.Uint32(out[at:])+uint32(by))
	}
	grow(ipco.from, len(box))
	grow(ipma.from+len(box), 1)
	grow(iprp.from, len(box)+1)
	grow(meta.from, len(box)+1)
	out[count+len(box)]++
	return out, moveItems(out[iloc.from:iloc.to], meta.to, len(box)+1)
}

// A span is a box in a file, with its head.
type span struct{ from, to int }

// An editor finds boxes. Once one is not there, bad is set.
type editor struct {
	data  []byte
	steps int // boxes that are looked at, at most
	bad   bool
}

// find returns the first box of a kind in another, which has a head of 8 bytes and more. The span of the file itself
// has no head.
func (e *editor) find(in span, more int, kind string) span {
	at := in.from + 8 + more
	if in == (span{0, len(e.data)}) {
		at = 0
	}
	for ; !e.bad && at < in.to && e.steps > 0; e.steps-- {
		x, rest, err := next(e.data[at:in.to], false)
		if err != nil {
			break
		}
		size := in.to - at - len(rest)
		if x.kind == kind && size == len(x.body)+8 && binary.BigEndian.Uint32(e.data[at:]) != 0 {
			return span{at, at + size}
		}
		at += size
	}
	e.bad = true
	return span{}
}

// associations returns where in the body of a box "ipma" the list of an item stands: its first byte is their number.
func associations(b []byte, it *item) (at int, ok bool) {
	c := cursor{b: b}
	version, flags := c.full()
	n := c.number(4)
	for ; n > 0 && !c.bad && flags&1 == 0; n-- {
		id := uint32(c.number(width(version > 0)))
		at = len(b) - len(c.b)
		count := int(c.number(1))
		c.take(count)
		if id == it.id {
			return at, !c.bad && count == len(it.props)
		}
	}
	return 0, false
}

// moveItems adds by to the places of all items in a box "iloc", which must be behind from in the file.
func moveItems(iloc []byte, from, by int) error {
	c := cursor{b: iloc[8:]}
	version, _ := c.full()
	sizes := c.number(2)
	n := c.number(width(version > 1))
	if version > 1 || sizes != 0x4400 && sizes != 0x4440 {
		return errorf("its places have numbers of another kind than expected")
	}
	for range n {
		c.number(2)
		if version > 0 {
			if c.number(2) != 0 {
				return errorf("its items are elsewhere than expected")
			}
		}
		c.number(2)
		if base := c.number(int(sizes >> 4 & 15)); base != 0 {
			return errorf("its items are elsewhere than expected")
		}
		extents := int(c.number(2))
		for range extents {
			at := c.take(4)
			c.number(4)
			if c.bad {
				return errorf("its box \"iloc\" is too short")
			}
			offset := binary.BigEndian.Uint32(at)
			if int64(offset) < int64(from) {
				return errorf("its items are elsewhere than expected")
			}
			binary.BigEndian.PutUint32(at, offset+uint32(by))
		}
	}
	return nil
}
