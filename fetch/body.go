package fetch

import (
	"context"
	"fmt"
	"net/http"
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
	body, coded, err := f.undo(raw, resp.Header)
	if err != nil {
		return nil, err
	}
	if coded {
		size = -1
	}
	f.mayBeCut = size < 0 && !coded && resp.ProtoMajor < 2 && len(resp.TransferEncoding) == 0
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
