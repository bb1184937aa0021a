package png

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

// A chunk is a view of the file (section 5.3).
type chunk struct {
	name []byte
	body []byte
	sum  []byte // its checksum, nil where the file ends before
	next int    // where the next one begins
	// mended reports that the chunk ends where the next one begins, and not where its length says.
	mended bool
}

// is reports whether a chunk has that name.
func (c *chunk) is(name string) bool { return string(c.name) == name }

// sound reports whether the checksum is there and right.
func (c *chunk) sound() bool {
	if c.sum == nil {
		return false
	}
	sum := crc32.Update(crc32.ChecksumIEEE(c.name), crc32.IEEETable, c.body)
	return sum == binary.BigEndian.Uint32(c.sum)
}

// chunkAt reads the chunk that begins at data[at]. ok is false if nothing is left there, or something that is no chunk.
func chunkAt(data []byte, at int) (c chunk, ok bool) {
	if len(data)-at < 8 || !isName(data[at+4:at+8]) {
		return chunk{}, false
	}
	c.name = data[at+4 : at+8]
	n, rest := int64(binary.BigEndian.Uint32(data[at:])), data[at+8:]
	c.cut(rest, min(n, int64(len(rest))))
	if c.is("IDAT") && (c.sum == nil || !continues(rest, c.next) && !c.sound()) {
		if n := nextSound(rest); n >= 0 {
			c.cut(rest, int64(n-4))
			c.mended = true
		}
	}
	c.next += at + 8
	return c, true
}

// cut makes n bytes of rest the body of the chunk, and what follows them its checksum.
func (c *chunk) cut(rest []byte, n int64) {
	c.body, c.sum, c.next = rest[:n], nil, len(rest)
	if n+4 <= int64(len(rest)) {
		c.sum, c.next = rest[n:n+4], int(n+4)
	}
}

// continues reports whether the file goes on at that place as one does that has another chunk there.
func continues(rest []byte, at int) bool {
	return len(rest)-at >= 8 && isName(rest[at+4:at+8])
}

// isName reports whether b can name a chunk: it has nothing but letters (section 5.4).
func isName(b []byte) bool {
	for _, v := range b {
		if v |= 0x20; v < 'a' || v > 'z' {
			return false
		}
	}
	return true
}

// nextSound returns where in rest the next chunk of pixels, or the end of the file, begins whose checksum is right; -1
// if there is none. It looks at few of them, as each may claim to be long.
func nextSound(rest []byte) int {
	// A name stands behind a checksum and a length.
	for at, tries := 8, 16; at < len(rest) && tries > 0; at, tries = at+1, tries-1 {
		i, j := bytes.Index(rest[at:], []byte("IDAT")), bytes.Index(rest[at:], []byte("IEND"))
		if i < 0 || j >= 0 && j < i {
			i = j
		}
		if i < 0 {
			return -1
		}
		at += i
		c := chunk{name: rest[at : at+4]}
		n := int64(binary.BigEndian.Uint32(rest[at-4:]))
		if c.cut(rest[at+4:], min(n, int64(len(rest)-at-4))); c.sound() {
			return at - 4
		}
	}
	return -1
}
