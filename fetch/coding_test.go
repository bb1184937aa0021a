package fetch

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// packed is data in the coding of that name; "raw" is deflate alone.
func packed(t *testing.T, data []byte, coding string) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	switch coding {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "deflate":
		w = zlib.NewWriter(&b)
	default:
		raw, err := flate.NewWriter(&b, flate.BestCompression)
		if err != nil {
			t.Fatal(err)
		}
		w = raw
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// fetchCoded fetches data from a server that says it has those codings.
func fetchCoded(t *testing.T, data []byte, o Options, codings ...string) (got []byte, err error) {
	t.Helper()
	bubble(t, map[string]http.HandlerFunc{"a.test": func(w http.ResponseWriter, _ *http.Request) {
		for _, c := range codings {
			w.Header().Add("Content-Encoding", c)
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(data)))
		_, _ = w.Write(data)
	}}, o, func(t *testing.T, c *Client) {
		var body Body
		body, err = c.Fetch(t.Context(), at("http://a.test/"), nil)
		got = bytes.Clone(body.Data)
	})
	return got, err
}

func TestContentCodingsAreUndoneInTurn(t *testing.T) {
	photo := append([]byte("\xff\xd8\xff\xe0"), picture...)
	zip := func(data []byte, codings ...string) []byte {
		for _, c := range codings {
			data = packed(t, data, c)
		}
		return data
	}
	for name, tt := range map[string]struct {
		data    []byte
		codings []string
	}{
		"gzip":                           {zip(photo, "gzip"), []string{"gzip"}},
		"in capitals, with a blank":      {zip(photo, "gzip"), []string{" GZip "}},
		"by its old name":                {zip(photo, "gzip"), []string{"x-gzip"}},
		"of a store's SDK":               {zip(photo, "gzip"), []string{"aws-chunked,gzip"}},
		"of a store's SDK, reversed":     {zip(photo, "gzip"), []string{"gzip, aws-chunked"}},
		"unknown alone":                  {photo, []string{"aws-chunked"}},
		"a name that is a character set": {photo, []string{"utf-8"}},
		"identity":                       {zip(photo, "gzip"), []string{"identity, gzip ,, identity"}},
		"zlib":                           {zip(photo, "deflate"), []string{"deflate"}},
		"deflate without zlib":           {zip(photo, "raw"), []string{"deflate"}},
		"two":                            {zip(photo, "deflate", "gzip"), []string{"deflate, gzip"}},
		"two in two fields":              {zip(photo, "gzip", "deflate"), []string{"gzip", "deflate"}},
		"twice the same":                 {zip(photo, "gzip", "gzip"), []string{"gzip, gzip"}},
		"twice, and it is once":          {zip(photo, "gzip"), []string{"gzip, gzip"}},
		"as many as are undone": {zip(photo, "gzip", "gzip", "gzip", "gzip", "gzip"),
			[]string{"gzip,gzip,gzip,gzip,gzip"}},
		"many, and they are not there": {photo, []string{strings.Repeat("gzip,", 50)}},
		"gzip that is not there":       {photo, []string{"gzip"}},
		"deflate that is not there":    {photo, []string{"deflate"}},
		"with a parameter":             {zip(photo, "gzip"), []string{"gzip;q=1"}},
	} {
		got, err := fetchCoded(t, tt.data, Options{Retries: -1}, tt.codings...)
		if err != nil || !bytes.Equal(got, photo) {
			t.Errorf("%s: got %d bytes, %v; want the %d of the photo", name, len(got), err, len(photo))
		}
	}
	for _, head := range []string{"\xff\xd8\xff\xe0", "\x89PNG\r\n\x1a\n", "GIF89a", "II*\x00", "MM\x00*",
		"BM1234\x00\x00\x00\x00", "RIFF1234WEBPVP8 ",
		"\x00\x00\x00\x20ftypavif", "\xff\x0a"} {
		data := []byte(head + strings.Repeat("x", 100))
		for _, coding := range []string{"deflate", "gzip", "deflate, gzip"} {
			if got, err := fetchCoded(t, data, Options{Retries: -1}, coding); err != nil || !bytes.Equal(got, data) {
				t.Errorf("%q declared as %s: got %d bytes, %v; want it as it is", head, coding, len(got), err)
			}
		}
	}
}

func TestContentCodingsThatCannotBeUndoneAreNamed(t *testing.T) {
	six := picture
	for range maxCodings + 1 {
		six = packed(t, six, "gzip")
	}
	bad := packed(t, picture, "gzip")
	bad[len(bad)-5] ^= 1 // of the checksum
	broken := packed(t, picture, "deflate")
	broken[5] = 0xff
	big := packed(t, packed(t, make([]byte, 4<<20), "gzip"), "gzip")
	void := packed(t, bytes.Repeat([]byte("\x00\x00\x00\xff\xff"), 600_000), "gzip") // 3 MB of blocks of nothing
	for name, tt := range map[string]struct {
		data         []byte
		coding, want string
		text         string
	}{
		"br": {[]byte("\xff\xd8\xff an image or not"), "br", ClassNetwork,
			"compressed its answer with br, expected none, gzip or deflate"},
		"zstd in gzip": {packed(t, []byte("\x28\xb5\x2f\xfd and so on, for long"), "gzip"), "zstd, gzip",
			ClassNetwork, "with zstd"},
		"too many":        {six, "gzip,gzip,gzip,gzip,gzip,gzip", ClassNetwork, "more than 5 times"},
		"bad checksum":    {bad, "gzip", ClassNetwork, "cannot be decompressed"},
		"broken":          {broken, "deflate", ClassNetwork, "cannot be decompressed"},
		"cut":             {packed(t, picture, "deflate")[:40], "deflate", ClassTruncated, ""},
		"cut in the head": {packed(t, picture, "gzip")[:5], "gzip", ClassNetwork, ""},
		"bomb":            {packed(t, make([]byte, 4<<20), "deflate"), "deflate", ClassTooBig, ""},
		"bomb in layers":  {big, "gzip, gzip", ClassTooBig, ""},
		"void in layers":  {void, "deflate, gzip", ClassTooBig, "too long once it is decompressed"},
	} {
		got, err := fetchCoded(t, tt.data, Options{Retries: 3, MaxBytes: 1e6}, tt.coding)
		if classOf(err) != tt.want || err != nil && !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%s: got %d bytes, %v (%s); want class %s with %q", name, len(got), err, classOf(err), tt.want,
				tt.text)
		}
	}
}
