package tiff

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/bits"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz/lzma"

	"imgpipe/transform/internal/codec"
)

// window is how far back Zstandard and LZMA may look: no further than a block is long, whatever they announce.
func (l *Layout) window() int64 {
	const least, most = 128 << 10, 1 << 30 // the longest block of Zstandard; what zstd.Decoder has
	block := min(most, product(min(l.blockH, l.Height+1024), l.rowBytes()))
	return int64(1) << bits.Len64(uint64(max(least, block)-1))
}

// A stoppable reads as its Reader does, in pieces between which it may be stopped.
type stoppable struct {
	io.Reader
	stop codec.Stop
}

func (s stoppable) Read(b []byte) (int, error) {
	const piece = 256 << 10
	if err := s.stop.Err(); err != nil {
		return 0, err
	}
	return s.Reader.Read(b[:min(len(b), piece)])
}

// zstd unpacks a frame of Zstandard (RFC 8878) until out is full.
func (u *unpacker) zstd(out, raw []byte) (int, error) {
	window := u.l.window()
	if u.zst == nil || u.window != window {
		var err error
		u.zst, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(uint64(window)), zstd.IgnoreChecksum(true))
		if err != nil {
			return 0, err
		}
		u.window = window
	}
	// Encoders that do not know how much there will be announce up to 128 MiB. Section 3.1.1.1.2: a window is given by
	// an exponent of five bits and a mantissa of three.
	const magic, single = 0xfd2fb528, 1 << 5
	var head []byte
	if len(raw) > 6 && binary.LittleEndian.Uint32(raw) == magic && raw[4]&single == 0 {
		if exponent := bits.Len64(uint64(window)) - 1 - 10; int(raw[5]>>3) >= exponent {
			head, raw = append(bytes.Clone(raw[:5]), byte(exponent<<3)), raw[6:]
		}
	}
	if err := u.zst.Reset(io.MultiReader(bytes.NewReader(head), bytes.NewReader(raw))); err != nil {
		return 0, err
	}
	n, err := io.ReadFull(stoppable{u.zst, u.stop}, out)
	u.zst.Reset(nil) // forgets the file
	if err != nil && err != codec.ErrStopped && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		err = errCoded
	}
	return n, err
}

// xz unpacks the first block of a stream in the format of XZ until out is full (The .xz File Format, version 1.2.1):
// LZMA2, behind which bytes may be differences to others, as in what libtiff writes. Of a stream that is damaged, what
// lzma unpacks together with the damage is lost.
func (u *unpacker) xz(out, raw []byte) (int, error) {
	const headSize = 12
	if len(raw) < headSize+2 || string(raw[:6]) != "\xfd7zXZ\x00" {
		return 0, errCoded
	}
	raw = raw[headSize:]
	size := 4 * (int(raw[0]) + 1)
	if raw[0] == 0 || len(raw) < size {
		return 0, io.ErrUnexpectedEOF
	}
	flags, fields := raw[1], raw[2:size-4]
	raw = raw[size:]
	number := func() int {
		v, n := binary.Uvarint(fields)
		if n <= 0 {
			fields = nil
			return -1
		}
		fields = fields[n:]
		return int(min(v, 1<<30))
	}
	for _, named := range []byte{0x40, 0x80} { // the sizes
		if flags&named != 0 {
			number()
		}
	}
	const delta, lzma2 = 3, 0x21
	distances, last := []int(nil), 0
	for range flags&3 + 1 {
		id, n := number(), number()
		if id >= 4 && id <= 0x20 || id > lzma2 {
			return 0, codec.Unsupported("this filter of LZMA compression")
		}
		if id < 0 || n != 1 || len(fields) < 1 || last == lzma2 {
			return 0, errCoded
		}
		if last = id; id == delta {
			distances = append(distances, int(fields[0])+1)
		}
		fields = fields[1:]
	}
	if last != lzma2 {
		return 0, errCoded
	}
	r, err := lzma.Reader2Config{DictCap: max(lzma.MinDictCap, len(out))}.NewReader2(bytes.NewReader(raw))
	if err != nil {
		return 0, errCoded
	}
	n, err := io.ReadFull(stoppable{r, u.stop}, out)
	for i := len(distances) - 1; i >= 0; i-- {
		for k := distances[i]; k < n; k++ {
			out[k] += out[k-distances[i]]
		}
	}
	if err != nil && err != codec.ErrStopped && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		err = errCoded
	}
	return n, err
}
