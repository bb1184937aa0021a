package fetch

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding/unicode"
)

var (
	magicGzip = []byte{0x1f, 0x8b}
	magicZstd = []byte{0x28, 0xb5, 0x2f, 0xfd}
)

// mostWindow is the most that a list in zstd may look back, and with that about the memory it takes; zstd --ultra
// --long=27 asks for as much.
const mostWindow = 128 << 20

// compressed reports whether a list that begins with head is compressed and can be read.
func compressed(head []byte) bool {
	return bytes.HasPrefix(head, magicGzip) || bytes.HasPrefix(head, magicZstd)
}

// plainText returns r without compression, byte order mark or UTF-16. end is to be called when it has been read.
func plainText(r io.Reader) (text *bufio.Reader, end func(), err error) {
	end = func() {}
	br := bufio.NewReaderSize(&sticky{r: r}, 64<<10)
	head, err := look(br)
	packed := compressed(head) // head does not outlive a read
	switch {
	case err != nil:
	case bytes.HasPrefix(head, magicGzip):
		zr, err := gzip.NewReader(br)
		if err != nil {
			return nil, nil, fmt.Errorf("read gzip: %w", err)
		}
		br = bufio.NewReaderSize(&sticky{r: zr}, 64<<10)
	case bytes.HasPrefix(head, magicZstd):
		zr, err := zstd.NewReader(br, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(mostWindow))
		if err != nil {
			return nil, nil, fmt.Errorf("read zstd: %w", err)
		}
		end = zr.Close
		br = bufio.NewReaderSize(&sticky{r: zr}, 64<<10)
	}
	if err == nil && packed {
		head, err = look(br)
	}
	if err == nil {
		err = foreign(head)
	}
	if err != nil {
		end()
		return nil, nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte{0xef, 0xbb, 0xbf}):
		_, err = br.Discard(3)
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}), bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		utf16 := unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder()
		br = bufio.NewReaderSize(&sticky{r: utf16.Reader(br)}, 64<<10)
	}
	return br, end, err
}

// look returns as many of the first bytes of a list as show what it is, and no more: those behind them may be long in
// coming. Its error is not that the list ends.
func look(br *bufio.Reader) ([]byte, error) {
	for n := 1; ; n++ {
		head, err := br.Peek(n)
		if err == io.EOF {
			return head, nil
		}
		if err != nil || !undecided(head) {
			return head, err
		}
	}
}

// undecided reports whether more bytes behind head may make a difference.
func undecided(head []byte) bool {
	for _, magic := range []string{string(magicGzip), string(magicZstd), "\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"} {
		if len(head) < len(magic) && strings.HasPrefix(magic, string(head)) {
			return true
		}
	}
	for _, k := range slices.Concat(kinds, pages) {
		if k.at == 0 && len(head) < len(k.magic) && (kind{magic: k.magic[:len(head)], word: k.word}).is(head) {
			return true
		}
	}
	return false
}

// A kind is one of files that are taken for lists and are none.
type kind struct {
	at      int
	magic   string // in which ? is any byte
	name    string
	instead string
	word    bool // in whatever case
}

const (
	unpackFirst = "unpack it first, as with "
	ofColumn    = "write its column of sources as text first: one on a line, CSV or JSONL"
	nameImages  = "images and folders are named by themselves, not as a list"
	nameRows    = "write its sources as text first, one on a line"
)

// kinds are known by their first bytes, which no text begins with. Those that are known later hold NUL bytes in their
// first line.
var kinds = []kind{
	{0, "\xfd7zXZ\x00", "compressed with xz", unpackFirst + "xz -dc FILE, and read - as the list", false},
	{0, "\x5d\x00\x00", "compressed with lzma", unpackFirst + "xz -dc FILE, and read - as the list", false},
	{0, "BZh?1AY&SY", "compressed with bzip2", unpackFirst + "bzip2 -dc FILE, and read - as the list", false},
	{0, "BZh?\x17rE8P\x90", "compressed with bzip2, and empty", "expected a list with sources", false},
	{0, "\x04\x22\x4d\x18", "compressed with lz4", unpackFirst + "lz4 -dc FILE, and read - as the list", false},
	{0, "\xff\x06\x00\x00sNaPpY", "compressed with snappy", unpackFirst + "snzip -dc FILE, and read - as the list",
		false},
	{0, "\x1f\x9d", "compressed with compress", unpackFirst + "gzip -dc FILE, and read - as the list", false},
	{0, "PK\x03\x04", "a zip archive, or a spreadsheet", "unpack the archive, or save the sheet as CSV", false},
	{0, "PK\x05\x06", "an empty zip archive", "expected a list with sources", false},
	{0, "7z\xbc\xaf\x27\x1c", "a 7z archive", unpackFirst + "7z x FILE", false},
	{0, "Rar!\x1a\x07", "a rar archive", unpackFirst + "unrar x FILE", false},
	{257, "ustar\x00", "a tar archive", unpackFirst + "tar -xf FILE", false},
	{257, "ustar  \x00", "a tar archive", unpackFirst + "tar -xf FILE", false},
	{0, "PAR1\x15", "a Parquet file", ofColumn, false},
	{0, "PAR1\x19", "a Parquet file", ofColumn, false},
	{0, "ARROW1\x00\x00", "an Arrow file", ofColumn, false},
	{0, "FEA1\x00", "a Feather file", ofColumn, false},
	{0, "ORC\x0a\x0b", "an ORC file", ofColumn, false},
	{0, "Obj\x01", "an Avro file", ofColumn, false},
	{0, "\x89HDF\r\n\x1a\n", "an HDF5 file", ofColumn, false},
	{0, "\x93NUMPY", "a NumPy array", ofColumn, false},
	{0, "SQLite format 3\x00", "a SQLite database",
		"write its column of sources as text first, as with sqlite3 FILE 'SELECT url FROM images'", false},
	{8, "DUCK?\x00\x00\x00", "a DuckDB database", ofColumn, false},
	{0, "%PDF-", "a PDF document", nameRows, false},
	{0, "{\\rtf", "a document in RTF", nameRows, false},
	{0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document", "save the sheet as CSV", false},
	{0, "\xff\xd8\xff", "a JPEG image", nameImages, false},
	{0, "\x89PNG\r\n\x1a\n", "a PNG image", nameImages, false},
	{0, "GIF87a", "a GIF image", nameImages, false},
	{0, "GIF89a", "a GIF image", nameImages, false},
	{0, "II*\x00", "a TIFF image", nameImages, false},
	{0, "MM\x00*", "a TIFF image", nameImages, false},
	{0, "RIFF????WEBP", "a WebP image", nameImages, false},
	{0, "\x00\x00\x00?ftyp", "a HEIC, AVIF or MP4 file", nameImages, false},
	{0, "\x7fELF", "a program", nameRows, false},
	{0, "\xff\xfe\x00\x00", "text in UTF-32", "write it as UTF-8 first, as with iconv -f UTF-32 -t UTF-8 FILE", false},
	{0, "\x00\x00\xfe\xff", "text in UTF-32", "write it as UTF-8 first, as with iconv -f UTF-32 -t UTF-8 FILE", false},
}

// pages begin with a word that no source begins with.
var pages = []kind{
	{0, "<!doctype html", "an HTML page", "a server may have sent it in place of the list", true},
	{0, "<html", "an HTML page", "a server may have sent it in place of the list", true},
	{0, "<?xml", "an XML document", nameRows, true},
}

// foreign returns an error that names what begins with head, where that is known and no list.
func foreign(head []byte) error {
	for _, k := range slices.Concat(kinds, pages) {
		if k.is(head) {
			return errors.New("it is " + k.name + ", expected a list: " + k.instead)
		}
	}
	return nil
}

// is reports whether head has the magic.
func (k kind) is(head []byte) bool {
	if len(head) < k.at+len(k.magic) {
		return false
	}
	for i := range len(k.magic) {
		c, got := k.magic[i], head[k.at+i]
		if k.word && got >= 'A' && got <= 'Z' {
			got |= 0x20
		}
		if c != '?' && c != got || k.word && c == '?' && got != c {
			return false
		}
	}
	return true
}
