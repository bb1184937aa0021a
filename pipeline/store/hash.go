package store

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// hash64 returns the first 64 bits of the SHA-256 of b. It is the same on every system and in every run, since names
// and the ledger depend on it. It is hard to make two things have the same one, also for a stranger who writes a list.
func hash64(b []byte) uint64 {
	sum := sha256.Sum256(b)
	return binary.BigEndian.Uint64(sum[:])
}

// sha8 returns the first 8 hexadecimal digits of the SHA-256 of s.
func sha8(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:4])
}

// pathHash returns the same for all names that some file system takes for one. File systems of macOS and Windows do not
// distinguish upper and lower case, and macOS does not distinguish the normal forms of Unicode.
func pathHash(name string) uint64 {
	var buf [256]byte
	return hash64(appendFolded(buf[:0], name))
}

// appendFolded appends s in lower case. Beyond ASCII, that is Unicode's full case folding (The Unicode Standard,
// section 3.13) and normal form C.
func appendFolded(dst []byte, s string) []byte {
	start := len(dst)
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= utf8.RuneSelf {
			// Were dst given to norm, every dst would have to be on the heap.
			return append(dst[:start], norm.NFC.String(cases.Fold().String(norm.NFD.String(s)))...)
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}
