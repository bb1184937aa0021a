package fetch

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// We ask for no content coding, and some servers use one all the same: stores of objects repeat what a client declared
// when it wrote the object, such as "aws-chunked,gzip" (RFC 9110, section 8.4). The bytes decide, since many servers
// declare what is not there:
//
//	coding               what is done
//	gzip, x-gzip         undone where the bytes begin like gzip
//	deflate              undone, zlib or bare, unless the bytes begin like an image
//	br, zstd, compress   refused
//	identity, others     nothing

// maxCodings is how many codings are undone, one around the other. One is usual, and two are a mistake that is met.
const maxCodings = 5

// codingSlack is how much longer than MaxBytes a body may be before it is decompressed, which is more than any coding
// adds.
const codingSlack = 1 << 20

// undo returns body without its content codings, and whether it had any, so that the length of what comes is not
// known. Of the bytes behind each coding at most so many are read.
func undo(body io.Reader, header http.Header, most int64) (plain io.Reader, coded bool, err error) {
	said := header["Content-Encoding"]
	if len(said) == 0 {
		return body, false, nil
	}
	names := strings.Split(strings.Join(said, ","), ",")
	layers := 0
	for i := len(names) - 1; i >= 0; i-- { // the last was applied last
		name, _, _ := strings.Cut(names[i], ";")
		name = strings.ToLower(strings.TrimSpace(name))
		open, known := codings[name]
		if !known {
			continue
		}
		if open == nil {
			return nil, false, codingError("the server compressed its answer with %s, expected none, gzip or deflate",
				name)
		}
		buffered := bufio.NewReader(body)
		body = buffered
		inner, err := open(buffered)
		switch {
		case err == io.EOF || err == io.ErrUnexpectedEOF: // of a head that says more than is there
			return nil, false, codingError("the body cannot be decompressed: its head is not whole")
		case err != nil:
			return nil, false, codingFault(err)
		}
		if inner == nil {
			continue
		}
		if layers++; layers > maxCodings {
			return nil, false, codingError("the server compressed its answer more than %d times over", maxCodings)
		}
		body = &layer{inner, most}
	}
	return body, layers > 0, nil
}

// codings are those that are known, with what undoes them, if anything does: it returns nil where the bytes are not of
// that coding.
var codings = map[string]func(*bufio.Reader) (io.Reader, error){
	"gzip": openGzip, "x-gzip": openGzip, "deflate": openDeflate,
	"br": nil, "zstd": nil, "compress": nil, "x-compress": nil,
}

func openGzip(r *bufio.Reader) (io.Reader, error) {
	if head, _ := r.Peek(2); !bytes.Equal(head, []byte{0x1f, 0x8b}) {
		return nil, nil
	}
	return gzip.NewReader(r)
}

// openDeflate takes zlib (RFC 1950), which is meant by the name, and deflate alone (RFC 1951), which some servers
// send.
func openDeflate(r *bufio.Reader) (io.Reader, error) {
	head, _ := r.Peek(imageHead)
	switch {
	case len(head) == 0 || likeImage(head):
		return nil, nil
	case len(head) >= 2 && head[0]&0x0f == 8 && head[0]>>4 <= 7 && (int(head[0])<<8|int(head[1]))%31 == 0:
		return zlib.NewReader(r)
	}
	return flate.NewReader(r), nil
}

// imageHead is how many bytes likeImage looks at.
const imageHead = 16

// likeImage reports whether a file that begins with head is an image, and therefore not compressed. Package transform
// knows more of formats; this is to tell them from deflate, which has no mark.
func likeImage(head []byte) bool {
	jpeg, jxl, jxlBox := "\xff\xd8\xff", "\xff\x0a", "\x00\x00\x00\x0cJXL "
	for _, mark := range []string{jpeg, "\x89PNG\r\n", "GIF8", "II*\x00", "MM\x00*", jxl, jxlBox} {
		if bytes.HasPrefix(head, []byte(mark)) {
			return true
		}
	}
	if len(head) < imageHead {
		return false
	}
	switch {
	case string(head[:4]) == "RIFF" && string(head[8:12]) == "WEBP":
	case string(head[4:8]) == "ftyp": // HEIF and AVIF
	case string(head[:2]) == "BM" && string(head[6:10]) == "\x00\x00\x00\x00":
	default:
		return false
	}
	return true
}

// A layer is what is under a coding. It is bounded, since layers could multiply, and separates faults of the coding
// from those of the connection.
type layer struct {
	r    io.Reader
	left int64
}

func (l *layer) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, &Error{Kind: ClassTooBig, Err: errors.New("the body is too long once it is decompressed")}
	}
	if err != nil {
		err = codingFault(err)
	}
	return n, err
}

// codingFault makes an *Error of what is wrong with compressed bytes, and returns other errors as they are.
func codingFault(err error) error {
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, gzip.ErrChecksum), errors.Is(err, gzip.ErrHeader), errors.Is(err, zlib.ErrChecksum),
		errors.Is(err, zlib.ErrHeader), errors.Is(err, zlib.ErrDictionary), errors.As(err, &corrupt):
		return codingError("the body cannot be decompressed: %w", err)
	}
	return err
}

func codingError(format string, args ...any) error {
	return &Error{Kind: ClassNetwork, Err: fmt.Errorf(format, args...)}
}
