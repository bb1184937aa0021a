package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"path"
	"strconv"
	"sync"
)

// A content is what tells one file from another: its length and its SHA-256.
type content struct {
	size int64
	sum  [sha256.Size]byte
}

// contentOf returns what a line says of an output. ok is false where the line has no digest.
func contentOf(o Output) (c content, ok bool) {
	c.size = o.Bytes
	if len(o.SHA256) != hex.EncodedLen(len(c.sum)) {
		return c, false
	}
	_, err := hex.Decode(c.sum[:], []byte(o.SHA256))
	return c, err == nil
}

// holdsDigest reports whether name is a regular file in the output folder with the length and the SHA-256, in
// hexadecimal digits, that a line tells of. It reads the file, unless the length tells already.
func (s *Store) holdsDigest(name string, size int64, sum string) bool {
	want, ok := contentOf(Output{Bytes: size, SHA256: sum})
	if !ok {
		return false
	}
	st, err := s.stat(name)
	if err != nil || !st.regular || st.size != size {
		return false
	}
	got, ok := s.digest(name)
	return ok && got == want
}

// digest reads a file of the output folder. It follows no symbolic link to it.
func (s *Store) digest(name string) (c content, ok bool) {
	d, err := s.folders.get(path.Dir(name))
	if err != nil {
		return c, false
	}
	defer s.folders.release(d)
	buf := digestBuffers.Get().(*[64 << 10]byte)
	defer digestBuffers.Put(buf)
	h := sha256.New()
	if c.size, err = d.read(path.Base(name), buf[:], h); err != nil {
		return c, false
	}
	h.Sum(c.sum[:0])
	return c, true
}

var digestBuffers = sync.Pool{New: func() any { return new([64 << 10]byte) }}

// glanceContent finds what a line says of an output, as glance does: without parsing the rest. A path whose spelling
// differs is not found.
func glanceContent(line []byte, name string) (c content, ok bool) {
	b := append(appendString([]byte(beforePath), name), `,"bytes":`...)
	_, rest, ok := bytes.Cut(line, b)
	if !ok {
		return c, false
	}
	if rest, _, ok = bytes.Cut(rest, []byte{'}'}); !ok || bytes.HasSuffix(rest, isKept) {
		return c, false
	}
	size, rest, _ := bytes.Cut(rest, []byte{','})
	o := Output{}
	var err error
	if o.Bytes, err = strconv.ParseInt(string(size), 10, 64); err != nil {
		return c, false
	}
	if _, rest, ok = bytes.Cut(rest, []byte(`"sha256":"`)); !ok {
		return c, false
	}
	sum, _, _ := bytes.Cut(rest, []byte{'"'})
	o.SHA256 = string(sum)
	return contentOf(o)
}
