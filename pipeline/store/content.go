package store

import (
	"bytes"
	"context"
	"encoding/hex"
	"strconv"

	"imgpipe/pipeline"
)

// contentOf returns what a line says of an output. ok is false where the line has no digest.
func contentOf(o pipeline.Output) (c Content, ok bool) {
	c.Size = o.Bytes
	if len(o.SHA256) != hex.EncodedLen(len(c.SHA256)) {
		return c, false
	}
	_, err := hex.Decode(c.SHA256[:], []byte(o.SHA256))
	return c, err == nil
}

// holdsDigest reports whether name is a regular file in the output folder with the length and the SHA-256, in
// hexadecimal digits, that a line has. It reads the file only if the length is right.
func (s *Store) holdsDigest(name string, size int64, sum string) bool {
	want, ok := contentOf(pipeline.Output{Bytes: size, SHA256: sum})
	if !ok {
		return false
	}
	st, err := s.stat(name)
	if err != nil || st.Kind != Regular || st.Size != size {
		return false
	}
	got, ok := s.digest(name)
	return ok && got == want
}

// digest returns the content of an output, and reports whether it can be had.
func (s *Store) digest(name string) (c Content, ok bool) {
	var err error
	if s.swaps != nil {
		c, err = digestPlaced(name)
	} else {
		c, err = s.files.Digest(context.Background(), name)
	}
	return c, err == nil
}

// glanceContent finds what a line says of an output, as glance does: without parsing the rest. A path whose spelling
// differs is not found.
func glanceContent(line []byte, name string) (c Content, ok bool) {
	b := append(appendString([]byte(beforePath), name), `,"bytes":`...)
	_, rest, ok := bytes.Cut(line, b)
	if !ok {
		return c, false
	}
	if rest, _, ok = bytes.Cut(rest, []byte{'}'}); !ok || bytes.HasSuffix(rest, isKept) {
		return c, false
	}
	size, rest, _ := bytes.Cut(rest, []byte{','})
	o := pipeline.Output{}
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
