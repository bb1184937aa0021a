//go:build !(goexperiment.simd && amd64)

package jpeg

// inverse8 to inverse3 and forward8 are the transforms of this build; see vectors.go for the other.

func inverse8(b *block, last int, dst []byte, stride int) { idct8(b, last, dst, stride) }

func inverse7(b *block, last int, dst []byte, stride int) { idct7(b, last, dst, stride) }

func inverse6(b *block, last int, dst []byte, stride int) { idct6(b, last, dst, stride) }

func inverse5(b *block, last int, dst []byte, stride int) { idct5(b, last, dst, stride) }

func inverse4(b *block, last int, dst []byte, stride int) { idct4(b, last, dst, stride) }

func inverse3(b *block, last int, dst []byte, stride int) { idct3(b, last, dst, stride) }

func forward8(src []byte, stride int, q *quantizer, out *[64]int16) (mask uint64) {
	return fdct8(src, stride, q, out)
}

// A vectorQuantizer is nothing here.
type vectorQuantizer struct{}

func (vectorQuantizer) set(*[64]uint8) {}
