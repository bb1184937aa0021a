// Package jpeg decodes JPEG files (ITU-T T.81) straight to component planes, at reduced size where that is enough, and
// encodes planes as baseline or progressive JPEG.
//
// Start with [ReadHeader] and [Decoder.Decode], or with [Encoder.Append].
//
//	file -> scans: 16 KiB at a time, without byte stuffing and restart markers
//	     -> Huffman decoding -> (progressive: all coefficients are kept until the last scan)
//	     -> dequantized coefficients -> N×N inverse DCT -> planes
//
//	planes -> 8×8 forward DCT -> quantize -> (optimized tables: coefficients are kept and counted)
//	       -> Huffman coding -> file
//	       (progressive: all of them are kept, and each scan is counted and coded)
//
// Decoding at M/8, M from 1 to 8, computes the M×M inverse DCT of the M×M lowest coefficients of each block, as the
// Independent JPEG Group's library does since its version 7; coefficients that are not needed are skipped, several at a
// time. Nothing is upsampled and no color is converted: a resampler does both in one step, and better.
//
// Twenty-seven camera files of 4 to 24 megapixels took, in CPU time, this share of what libjpeg-turbo 2.1.5 takes to
// decode them to planes, with its vector code: 1.50 at 8/8, 0.86 at 4/8, 0.67 at 3/8, 0.63 at 2/8, 0.52 at 1/8; built
// with GOEXPERIMENT=simd, which uses the vectors of AVX2 for the transforms, 0.90 at 8/8, 0.78 at 4/8, 0.62 at 3/8 and
// the same below (least of 12 to 24 runs each, in turn, November 2026, two busy shared cores of an AMD EPYC, amd64).
// Four progressive files: 1.16 at 8/8, 0.82 at 4/8, with simd 1.07 and 0.71; at 1/8 their AC scans are passed over
// unread, unless the file shows damage elsewhere or its end is missing. Encoding with tables made for the picture takes
// a fifth more than with the typical ones; with simd both take about six tenths of the time. Sixteen photographs at
// 800 px and quality 80 have 1,407,264 bytes as progressive files and 1,472,992 as baseline ones, of the same pixels.
// Encoding takes about three times as long, of which the scans that add a bit take most.
//
// The package is pure Go without unsafe, starts no goroutine and keeps no state between calls but the buffers inside a
// [Decoder] or [Encoder].
//
// What it never does: pass damage off as picture. If a scan breaks off or contradicts itself, Decode returns the
// picture as far as it goes. The rest is mid-gray, and a [codec.Damage] names its rows, the same at all scales. The
// pixels of an earlier picture cannot show. Restart markers are followed as the Independent JPEG Group's library does:
// bytes before them are passed over, and an interval that is damaged or missing is lost alone.
package jpeg

// A formatError says how a file contradicts the standard.
type formatError string

func (e formatError) Error() string { return string(e) }

// zigzag is the place in natural order (row × 8 + column) of each coefficient in the order of a scan (T.81, figure 5).
var zigzag = [64]uint8{
	0, 1, 8, 16, 9, 2, 3, 10,
	17, 24, 32, 25, 18, 11, 4, 5,
	12, 19, 26, 33, 40, 48, 41, 34,
	27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36,
	29, 22, 15, 23, 30, 37, 44, 51,
	58, 59, 52, 45, 38, 31, 39, 46,
	53, 60, 61, 54, 47, 55, 62, 63,
}

// Markers (T.81, table B.1).
const (
	mSOF0  = 0xc0
	mSOF1  = 0xc1
	mSOF2  = 0xc2
	mDHT   = 0xc4
	mDAC   = 0xcc
	mRST0  = 0xd0
	mRST7  = 0xd7
	mSOI   = 0xd8
	mEOI   = 0xd9
	mSOS   = 0xda
	mDQT   = 0xdb
	mDNL   = 0xdc
	mDRI   = 0xdd
	mAPP0  = 0xe0
	mAPP1  = 0xe1
	mAPP2  = 0xe2
	mAPP13 = 0xed
	mAPP14 = 0xee
	mAPP15 = 0xef
	mCOM   = 0xfe
	mTEM   = 0x01
)
