package fetch

import (
	"context"
	"fmt"
	"net/http"
)

// read reads the body of a good answer.
func (f *download) read(ctx context.Context, resp *http.Response) error {
	size := resp.ContentLength
	if most := f.opts.MaxBytes; size > most {
		return &Error{
			Kind: ClassTooBig, Err: fmt.Errorf("the server announces %d bytes, expected at most %d", size, most),
		}
	}
	body, coded, err := undo(f.try.begin(resp.Body), resp.Header, f.opts.MaxBytes+codingSlack)
	if err != nil {
		return err
	}
	if coded {
		size = -1
	}
	if at, err := http.ParseTime(resp.Header.Get("Last-Modified")); err == nil {
		f.try.Modified(at)
	}
	f.try.mayBeCut = size < 0 && !coded && resp.ProtoMajor < 2 && len(resp.TransferEncoding) == 0
	return f.try.receive(ctx, body, size)
}

func truncated(n, size int64) error {
	if size < 0 {
		return &Error{Kind: ClassTruncated, Again: true, Err: fmt.Errorf("the body broke off after %d bytes", n)}
	}
	return &Error{Kind: ClassTruncated, Again: true, Err: fmt.Errorf("the body ended after %d of %d bytes", n, size)}
}
