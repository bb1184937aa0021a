package png

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// agrees holds the law of all that is read: of what image/png reads nothing is missing, and the pixels are the same
// but for those that name no color, and what image/png refuses is read with a word about it.
func agrees(data []byte, got *Decoder, pixels []byte) error {
	d, r := got.Damage(), got.Remarks()
	want, err := reference(data)
	switch {
	case err != nil && d.Err == nil && len(r) == 0:
		return fmt.Errorf("it is read without a word, and image/png says %v", err)
	case err == nil && d.Err != nil:
		return fmt.Errorf("%v, and image/png reads it", d.String())
	case err == nil && !got.beyond && !bytes.Equal(pixels, want.Pix):
		return fmt.Errorf("the pixels differ from image/png's")
	}
	return nil
}

// TestCorpusAgainstTheStandardLibrary takes whatever PNG files there are.
func TestCorpusAgainstTheStandardLibrary(t *testing.T) {
	root := filepath.Join("..", "..", "..", "..", "shared", "corpus")
	if _, err := os.Stat(root); err != nil {
		t.Skip("the shared corpus of images is not beside the module")
	}
	read, left := 0, map[string]int{}
	filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil || !bytes.HasPrefix(data, []byte("\x89PNG")) {
			return err
		}
		h, err := ReadHeader(data, nil)
		if err == nil && int64(h.Width)*int64(h.Height) > 4e6 {
			return nil
		}
		if err != nil {
			left[fmt.Sprint(err)]++
			if _, err := reference(data); err == nil {
				t.Errorf("%s is not read, and image/png reads it", path)
			}
			return nil
		}
		var d Decoder
		got, err := rows(&d, data, h)
		if err == nil {
			err = agrees(data, &d, got.Pix)
		}
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
		read++
		return nil
	})
	for why, n := range left {
		t.Logf("%4d %s", n, why)
	}
	t.Logf("%4d are read", read)
	if read < 100 {
		t.Errorf("only %d files were read", read)
	}
}
