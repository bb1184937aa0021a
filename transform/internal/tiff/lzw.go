package tiff

import (
	"bytes"
	oldlzw "compress/lzw"
	"encoding/binary"
	"errors"
	"io"
)

// lzwCodes is how many codes of 12 bits there are.
const lzwCodes = 1 << 12

var (
	errCoded = errors.New("the compressed pixels are damaged")
	errEnds  = errors.New("it ends too early") // a block
)

// lzw unpacks raw until out is full (TIFF 6.0, section 13), and returns how many bytes it has unpacked. What follows is
// not looked at.
//
// The string of a new code is that of the code before it and the byte that follows this in what was unpacked. So it
// stands in out, where it was written first. strings holds that place for each code, and in the low 12 bits how long
// the string is: at most 3839 bytes.
func lzw(out, raw []byte, strings *[lzwCodes]uint64) (int, error) {
	const clearCode, endCode, firstCode = 256, 257, 258
	var acc uint64 // the next bits, from the top
	var n uint     // how many of them count
	width, next := uint(9), firstCode
	var before uint64 // the string of the code before, 0 after clearCode
	w := 0
	if len(raw) >= 2 && raw[0] == 0 && raw[1]&1 != 0 {
		return oldLZW(out, raw)
	}
	for w < len(out) {
		if n < width {
			if len(raw) >= 8 {
				acc |= binary.BigEndian.Uint64(raw) >> (n & 63)
				raw = raw[(63-n)>>3:]
				n |= 56
			} else {
				for ; n <= 56 && len(raw) > 0; n += 8 {
					acc |= uint64(raw[0]) << (56 - n)
					raw = raw[1:]
				}
				if n < width {
					return w, errEnds
				}
			}
		}
		code := int(acc >> (64 - width&63))
		acc <<= width & 63
		n -= width
		if code == clearCode {
			width, next, before = 9, firstCode, 0
			continue
		}
		if code == endCode {
			return w, errEnds
		}
		if before != 0 && next < lzwCodes {
			strings[next] = before + 1
			next++
			if next+1 == 1<<width && width < 12 { // one code before it would have to
				width++
			}
		}
		if code < clearCode {
			out[w] = byte(code)
			before = uint64(w)<<12 | 1
			w++
			continue
		}
		if code >= next {
			return w, errCoded
		}
		from, size := int(strings[code]>>12), int(strings[code]&0xfff)
		before = uint64(w)<<12 | uint64(size)
		if size <= 16 && w+16 <= len(out) {
			// What is written beyond the string is written again with what comes next. A string that goes over itself
			// ends with its first byte.
			a, b := binary.LittleEndian.Uint64(out[from:]), binary.LittleEndian.Uint64(out[from+8:])
			binary.LittleEndian.PutUint64(out[w:], a)
			binary.LittleEndian.PutUint64(out[w+8:], b)
			if from+size > w {
				out[w+size-1] = out[w]
			}
			w += size
			continue
		}
		size = min(size, len(out)-w)
		copy(out[w:w+size], out[from:from+size])
		if from+size > w {
			out[w+size-1] = out[w]
		}
		w += size
	}
	return w, nil
}

// oldLZW is the code of programs older than TIFF 5.0, whose first code, the one that clears, stands in the low bits:
// bits come from the other end, and codes get longer one code later.
func oldLZW(out, raw []byte) (int, error) {
	return io.ReadFull(oldlzw.NewReader(bytes.NewReader(raw), oldlzw.LSB, 8), out)
}
