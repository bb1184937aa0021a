package transform

import (
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"slices"
	"strings"
	"testing"
)

// smallJPEG is a JPEG that has more bytes when it is packed anew with quality 100.
func smallJPEG(t *testing.T) []byte {
	return do(t, encoded(t, scene(200, 150), PNG), "format=jpeg").Outputs[0].Data
}

// segment returns a segment of a JPEG.
func plainSegment(marker byte, body string) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(2+len(body))), body...)
}

// secret is in the metadata of the files of these tests.
const secret = "52.5N 13.4E"

// withSecrets adds metadata everywhere that a JPEG can have it.
func withSecrets(data []byte) []byte {
	extra := slices.Concat(
		plainSegment(0xe1, "Exif\x00\x00"+secret), plainSegment(0xe1, "http://ns.adobe.com/xap/1.0/\x00"+secret),
		plainSegment(0xed, "Photoshop 3.0\x00"+secret), plainSegment(0xfe, secret),
		plainSegment(0xe0, "JFXX\x00"+secret), plainSegment(0xe2, "MPF\x00"+secret),
		plainSegment(0xe2, "ICC_PROFILE"+secret), plainSegment(0xee, "Adobe"+secret+"."),
		plainSegment(0xe0, "JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x01\x01"+secret), plainSegment(0xef, secret))
	return append(slices.Insert(bytes.Clone(data), 2, extra...), "\xff\xd8 a second picture, of "+secret...)
}

func TestACopiedInputHasNoMetadata(t *testing.T) {
	plain := smallJPEG(t)
	data := withSecrets(plain)
	for _, text := range []string{"quality=100;", "quality=100;size=300;", "quality=100;orient=off;"} {
		out := do(t, data, text+"only-if-smaller=copy").Outputs[0]
		// The file with secrets is larger than its picture: pack it with a quality at which it would still grow.
		if !out.Copied {
			t.Fatalf("%q: %d bytes of %d were not copied", text, len(out.Data), len(data))
		}
		if !bytes.Equal(out.Data, plain) || bytes.Contains(out.Data, []byte(secret)) {
			t.Errorf("%q: the copy has %d bytes, the picture alone %d", text, len(out.Data), len(plain))
		}
	}
	// A progressive JPEG may have segments among its scans.
	scans := manyScans(64, 48, 3, 6, true)
	at := bytes.LastIndex(scans, []byte{0xff, 0xda})
	file, ok := bareJPEG(slices.Insert(bytes.Clone(scans), at, plainSegment(0xfe, secret)...), true)
	if want, _ := bareJPEG(scans, true); !ok || !bytes.Equal(file, want) || bytes.Contains(file, []byte(secret)) {
		t.Errorf("a comment among scans: %v, %d bytes of %d", ok, len(file), len(scans))
	}
}

func TestACopiedPNGHasNoMetadata(t *testing.T) {
	plain := do(t, encoded(t, scene(90, 70), PNG), "").Outputs[0].Data
	at := bytes.Index(plain, []byte("IDAT")) - 4
	extra := slices.Concat(pngChunk("tEXt", []byte(secret)), pngChunk("eXIf", []byte(secret)),
		pngChunk("iTXt", []byte(secret)),
		pngChunk("zTXt", []byte(secret)), pngChunk("tIME", []byte(secret)), pngChunk("prVt", []byte(secret)))
	file, ok := barePNG(append(slices.Insert(bytes.Clone(plain), at, extra...), secret...), true)
	if !ok || !bytes.Equal(file, plain) {
		t.Errorf("%v, %d bytes, want %d", ok, len(file), len(plain))
	}
	if _, ok := barePNG(slices.Insert(bytes.Clone(plain), at, pngChunk("CRIT", nil)...), true); ok {
		t.Error("a critical chunk that nobody knows was left out")
	}
}

// TestOnlyTheSameInFewerBytesIsCopied has outputs that show something else, or are smaller.
func TestOnlyTheSameInFewerBytesIsCopied(t *testing.T) {
	small := smallJPEG(t)
	large := do(t, encoded(t, scene(200, 150), PNG), "format=jpeg;quality=100").Outputs[0].Data
	turned := withOrientation(small, 6)
	for _, c := range []struct {
		data    []byte
		text    string
		copied  bool
		omitted bool
	}{
		{small, "quality=100", true, true},
		{small, "quality=100;size=500", true, true},
		{small, "quality=100;flip;flip", true, true},
		{small, "quality=100;size=100", false, false},
		{small, "quality=100;flip", false, false},
		{small, "quality=100;grayscale", false, false},
		{small, "quality=100;blur=0.5", false, false},
		{small, "quality=100;crop=199x150", false, false},
		{small, "quality=100;colors=8", false, false},
		{small, "format=png", false, false},
		{large, "quality=50", false, false},
		{turned, "quality=100", false, true},
		{turned, "quality=100;orient=off", true, true},
		{turned, "quality=100;metadata=copyright", false, true},
		{small, "quality=100;metadata=all", true, true},
		{small[:len(small)*3/4], "quality=100", false, false}, // damaged
	} {
		out := do(t, c.data, c.text+";only-if-smaller=copy").Outputs[0]
		if out.Copied != c.copied || out.Omitted || len(out.Data) == 0 || c.copied && len(out.Data) > len(c.data) {
			t.Errorf("%q: copied %v, want %v", c.text, out.Copied, c.copied)
		}
		if plain := do(t, c.data, c.text).Outputs[0]; !c.copied && !bytes.Equal(plain.Data, out.Data) {
			t.Errorf("%q: not copied, and not what it is otherwise", c.text)
		}
		out = do(t, c.data, c.text+";only-if-smaller=skip").Outputs[0]
		if out.Omitted != c.omitted || out.Copied || (len(out.Data) == 0) != c.omitted || out.Width == 0 {
			t.Errorf("%q: omitted %v, want %v", c.text, out.Omitted, c.omitted)
		}
		if res := do(t, c.data, c.text+";only-if-smaller=copy"); !c.copied && c.omitted &&
			!strings.Contains(strings.Join(res.Warnings, "\n"), "does not take its place") {
			t.Errorf("%q: it does not say why it is not copied: %q", c.text, res.Warnings)
		}
	}
}

// TestCopiesArePicturesAgain reads each copy, and cut files end in no copy.
func TestCopiesArePicturesAgain(t *testing.T) {
	for name, data := range map[string][]byte{
		"jpeg": withSecrets(smallJPEG(t)), "png": do(t, encoded(t, scene(90, 70), PNG), "").Outputs[0].Data,
		"progressive jpeg": manyScans(64, 48, 3, 6, true),
	} {
		bare := Sniff(data).row().bare
		file, ok := bare(data, true)
		if !ok {
			t.Fatalf("%s: not taken apart", name)
		}
		a, b := do(t, data, "format=png").Outputs[0], do(t, file, "format=png").Outputs[0]
		if !bytes.Equal(a.Data, b.Data) {
			t.Errorf("%s: the copy shows something else", name)
		}
		for n := range len(file) {
			if _, ok := bare(file[:n], true); ok {
				t.Errorf("%s: the first %d of %d bytes are a file", name, n, len(file))
			}
		}
	}
}

// FuzzBare wants no file to be made longer, and each to be read by the one that made it.
func FuzzBare(f *testing.F) {
	f.Add([]byte("\xff\xd8\xff\xe0\x00\x02\xff\xda\x00\x02\x01\xff\x00\xff\xd0\x02\xff\xd9"))
	f.Add([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x00IEND\xaeB`\x82"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, bare := range []func([]byte, bool) ([]byte, bool){bareJPEG, barePNG} {
			file, ok := bare(data, true)
			if len(file) > max(len(data), 2) {
				t.Fatalf("%d bytes became %d", len(data), len(file))
			}
			if again, same := bare(file, true); ok && (!same || !bytes.Equal(again, file)) {
				t.Fatalf("%q is not what it is made of: %q", file, again)
			}
		}
		for _, rule := range []IfSmaller{IfSmallerCopy, IfSmallerSkip} {
			task := Task{Data: data, Spec: Spec{IfSmaller: rule}, Limits: Limits{MaxPixels: 1 << 12}}
			res, err := Do(context.Background(), task)
			for _, o := range res.Outputs {
				if err == nil && !o.Omitted && o.CheckFile() != nil {
					t.Fatalf("a %s that is none", o.Format)
				}
			}
		}
	})
}

// TestACopyIsPaidFor wants the memory of a copy to be counted.
func TestACopyIsPaidFor(t *testing.T) {
	data := encoded(t, image.NewGray(image.Rect(0, 0, 300, 200)), PNG)
	h, err := ReadHeader(data)
	if err != nil {
		t.Fatal(err)
	}
	if with, without := mustSpec(t, "only-if-smaller=copy").Need(h), (Spec{}).Need(h); with < without+int64(len(data)) {
		t.Errorf("%d bytes with a copy of %d, %d without", with, len(data), without)
	}
}
