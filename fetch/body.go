package fetch

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
)

// read reads the body of a good answer.
func (f *fetching) read(ctx context.Context, clock *stopwatch, resp *http.Response) ([]byte, error) {
	size := resp.ContentLength
	if size > f.opts.MaxBytes {
		return nil, &Error{Kind: ClassTooBig, Err: fmt.Errorf("the server announces %d bytes, expected at most %d", size, f.opts.MaxBytes)}
	}
	raw := &bodyReader{r: resp.Body, left: f.opts.MaxBytes + codingSlack}
	f.raw = raw
	clock.receive(raw)
	var body io.Reader = raw
	switch enc := strings.ToLower(strings.TrimSpace(resp.Header.Get("Content-Encoding"))); {
	case enc == "gzip", enc == "x-gzip":
		br := bufio.NewReader(raw)
		// Some servers say gzip of files that are not.
		if head, _ := br.Peek(2); bytes.Equal(head, []byte{0x1f, 0x8b}) {
			zr, err := gzip.NewReader(br)
			if err != nil {
				return nil, encodingError(err)
			}
			body, size = &unzipped{zr}, -1
		} else {
			body = br
		}
	case slices.Contains(codings, enc), strings.Contains(enc, ","):
		return nil, &Error{Kind: ClassNetwork, Err: fmt.Errorf("the server compressed its answer with %s, expected none or gzip", shown(enc))}
	}
	in := incoming{f: f, size: size}
	defer in.close()
	if err := in.read(body); err != nil {
		return nil, err
	}
	clock.pause() // it is not the server that is slow when memory is waited for
	return in.whole(ctx)
}

func truncated(n, size int64) error {
	if size < 0 {
		return &Error{Kind: ClassTruncated, again: true, Err: fmt.Errorf("the body broke off after %d bytes", n)}
	}
	return &Error{Kind: ClassTruncated, again: true, Err: fmt.Errorf("the body ended after %d of %d bytes", n, size)}
}

// codings are the content codings that are known and not undone (RFC 9110, section 8.4.1). Names that are not known are
// taken for a server's mistake: the content will tell.
var codings = []string{"br", "zstd", "deflate", "compress", "x-compress"}

// codingSlack is how much longer than MaxBytes a body may be before it is decompressed, which is more than any coding adds.
const codingSlack = 1 << 20

// unzipped tells the faults of a compressed body from those of the connection.
type unzipped struct{ r *gzip.Reader }

func (u *unzipped) Read(p []byte) (int, error) {
	n, err := u.r.Read(p)
	if errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader) {
		err = encodingError(err)
	}
	return n, err
}

func encodingError(err error) error {
	return &Error{Kind: ClassNetwork, Err: fmt.Errorf("the body cannot be decompressed: %w", err)}
}
