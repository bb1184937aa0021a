package store

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
)

// A content is what tells one file from another: its length and its SHA-256.
type content struct {
	size int64
	sum  [sha256.Size]byte
}

// content returns what a line says of an output. ok is false where the line has no digest.
func (o Output) content() (c content, ok bool) {
	c.size = o.Bytes
	if len(o.SHA256) != hex.EncodedLen(len(c.sum)) {
		return c, false
	}
	_, err := hex.Decode(c.sum[:], []byte(o.SHA256))
	return c, err == nil
}

// holdsDigest reports whether name is a regular file in the output folder with the length and the SHA-256, in hexadecimal
// digits, that a line tells of. It reads the file, unless the length tells already.
func (s *Store) holdsDigest(name string, size int64, sum string) bool {
	want, ok := Output{Bytes: size, SHA256: sum}.content()
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

// digest reads a file of the output folder.
func (s *Store) digest(name string) (c content, ok bool) {
	f, err := s.root.Open(name)
	if err != nil {
		return c, false
	}
	defer f.Close()
	h := sha256.New()
	if c.size, err = io.Copy(h, f); err != nil {
		return c, false
	}
	h.Sum(c.sum[:0])
	return c, true
}
