package store

import (
	"encoding/binary"
	"errors"
)

// Append appends n to dst so that Restore can make it again, and reports whether that can be done: of the name of a URL
// it can.
func (n Name) Append(dst []byte) ([]byte, bool) {
	if n.file != "" {
		return dst, false
	}
	dst = binary.AppendUvarint(dst, uint64(n.index))
	for _, hash := range n.mine {
		dst = binary.LittleEndian.AppendUint64(dst, hash)
	}
	return append(dst, n.pattern...), true
}

// Restore returns the Name that Append was called with, which this Namer planned.
func (n *Namer) Restore(b []byte) (Name, error) {
	name := Name{namer: n}
	index, size := binary.Uvarint(b)
	if b = b[max(size, 0):]; size <= 0 || len(b) < 8*len(name.mine) {
		return Name{}, errors.New("the bytes are not those of a name")
	}
	name.index = int(index)
	for i := range name.mine {
		name.mine[i] = binary.LittleEndian.Uint64(b)
		b = b[8:]
	}
	name.pattern = string(b)
	return name, nil
}
