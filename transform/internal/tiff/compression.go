package tiff

import "fmt"

// The compressions that can be read.
const (
	uncompressed      = 1
	huffmanCoded      = 2
	group3Coded       = 3
	group4Coded       = 4
	lzwCoded          = 5
	jpegCoded         = 7
	deflated          = 8
	huffmanWordsCoded = 32771
	packBitsCoded     = 32773
	oldDeflated       = 32946
	lzmaCoded         = 34925
	zstdCoded         = 50000
	webpCoded         = 50001
)

// hasPredictor reports whether a predictor may have been applied before the compression. With any other one the tag
// counts for nothing: some programs copy it from another file together with the rest.
func hasPredictor(compression uint64) bool {
	switch compression {
	case lzwCoded, deflated, oldDeflated, lzmaCoded, zstdCoded:
		return true
	}
	return false
}

// compressionName says what a compression is, for an error.
func compressionName(c uint64) string {
	name, ok := map[uint64]string{
		6: "old-style JPEG", jpegCoded: "JPEG", 9: "JBIG", 10: "JBIG", 32766: "NeXT",
		32809: "ThunderScan", 32895: "IT8", 32896: "IT8", 32897: "IT8", 32898: "IT8", 32908: "Pixar film",
		32909: "Pixar log", 32947: "Kodak DCS", 33003: "JPEG 2000", 33004: "JPEG 2000", 33005: "JPEG 2000",
		34661: "JBIG", 34676: "SGI log", 34677: "SGI log", 34712: "JPEG 2000", 34713: "Nikon NEF", 34887: "LERC",
		34892: "lossy JPEG of DNG", webpCoded: "WebP", 50002: "JPEG XL", 52546: "JPEG XL",
	}[c]
	if !ok {
		return fmt.Sprintf("compression %d", c)
	}
	return name + " compression"
}

// densest is more bytes than one byte unpacks to, in the best case: a code that is repeated as long as it can be.
func densest(compression uint64) int {
	switch compression {
	case uncompressed:
		return 1
	case packBitsCoded:
		return 64
	case huffmanCoded, huffmanWordsCoded, group3Coded, group4Coded:
		return 1 << 30 // in two dimensions, a bit for a row of any length
	case zstdCoded:
		return 1 << 15 // a block of 128 KiB in four bytes
	case lzmaCoded:
		return 1 << 13 // 273 bytes in a third of a bit
	}
	return 1500 // LZW beginning anew with each full table; deflate 1032
}
