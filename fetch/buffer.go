package fetch

import (
	"math/bits"
	"sync"
)

// buffers are slices for whole files, kept for later use by size. There are four sizes in each doubling, so that a
// buffer is at most a quarter larger than what was asked for.
type buffers struct {
	first Buffers           // is asked before; nil where there is none
	pools [64 * 4]sync.Pool // of *[]byte
}

// smallest is the least that is worth keeping.
const smallest = 4 << 10

// class returns the number and size of the class that holds n bytes.
func class(n int) (int, int) {
	n = max(n, smallest)
	top := bits.Len(uint(n - 1))
	step := 1 << (top - 3)
	k := (n - 1 - 1<<(top-1)) / step
	return top*4 + k, 1<<(top-1) + (k+1)*step
}

// get returns a slice of n bytes whose contents are anything.
func (b *buffers) get(n int) []byte {
	if b.first != nil {
		if s := b.first.Get(n); s != nil {
			return s
		}
	}
	i, size := class(n)
	if p, _ := b.pools[i].Get().(*[]byte); p != nil {
		return (*p)[:n]
	}
	return make([]byte, n, size)
}

// put takes back what get gave.
func (b *buffers) put(s []byte) {
	if b.first != nil && b.first.Put(s) {
		return
	}
	i, _ := class(cap(s))
	s = s[:0]
	b.pools[i].Put(&s)
}
