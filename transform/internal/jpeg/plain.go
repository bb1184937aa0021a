//go:build !(goexperiment.simd && amd64)

package jpeg

// inverse8, inverse4, inverse3 and forward8 are the transforms of this build; see vectors.go for the other.

func inverse8(b *block, last int, dst []byte, stride int) { idct8(b, last, dst, stride) }

func inverse4(b *block, last int, dst []byte, stride int) { idct4(b, last, dst, stride) }

func inverse3(b *block, last int, dst []byte, stride int) { idct3(b, last, dst, stride) }

func forward8(src []byte, stride int, q *quantiser, out *[64]int16) (mask uint64) {
	return fdct8(src, stride, q, out)
}

// A vectorQuantiser is nothing here.
type vectorQuantiser struct{}

func (vectorQuantiser) set(*[64]uint8) {}
