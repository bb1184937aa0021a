package transform

import (
	"bytes"
	"context"
	"encoding/binary"
	"image/color"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"imgpipe/transform/internal/tiff"
)

func TestWhatIsNoImageIsNamed(t *testing.T) {
	for _, c := range []struct{ data, class, says string }{
		{"", ClassNotAnImage, "the file is empty"},
		{"<!DOCTYPE html><html>", ClassNotAnImage, "HTML page"},
		{"\xef\xbb\xbf\n <!-- note -->\n<HTML>", ClassNotAnImage, "HTML page"},
		{"<?xml version='1.0'?><Error/>", ClassNotAnImage, "XML document"},
		{"<svg xmlns=''/>", ClassNotAnImage, "SVG drawing"},
		{"<?xml version='1.0'?>\n<svg/>", ClassNotAnImage, "SVG drawing"},
		{`{"error": "not found"}`, ClassNotAnImage, "JSON document"},
		{"404 page not found\n", ClassNotAnImage, "this is text"},
		{"Zoë", ClassNotAnImage, "this is text"},
		{"   \n", ClassNotAnImage, "an empty text"},
		{"PK\x03\x04....", ClassNotAnImage, "ZIP archive"},
		{"\x00\x00\x00\x18ftypmp42", ClassNotAnImage, "video"},
		{"\x01\x02\x03", ClassNotAnImage, "01 02 03"},
		{"\x00\x00\x00\x18ftypavif", ClassDecode, "ends in its header"},
		{"\x00\x00\x00\x18ftypmif1", ClassUnsupported, "a HEIF image"},
		{"\xff\x0a....", ClassUnsupported, "JPEG XL"},
		{"\x00\x00\x00\x0cjP  \r\n\x87\n", ClassUnsupported, "JPEG 2000"},
		{"8BPS\x00\x01", ClassUnsupported, "Photoshop"},
		{"\x00\x00\x01\x00\x01\x00", ClassUnsupported, "ICO"},
		{"%PDF-1.7\n", ClassUnsupported, "PDF"},
		{"II*\x00\x10\x00\x00\x00CR\x02", ClassUnsupported, "CR2"},
		{"II+\x00\x08\x00", ClassDecode, "ends in its header"},
		{"P6\n3 3\n255\n", ClassUnsupported, "Netpbm"},
		{"\xff\xd8\xff", ClassDecode, "no scan"},
		{"\xff\xd8\xff\x02\x7f\xff", ClassDecode, "marker ff02 has no meaning here"},
		{"\x89PNG\r\n\x1a\n", ClassDecode, "ends in its header"},
		{"GIF89a\x01\x00\x01\x00\x00\x00\x00;", ClassDecode, "no frame"},
		{"RIFF\x00\x00\x00\x00WEBP", ClassDecode, "no image"},
	} {
		_, err := Do(context.Background(), Task{Data: []byte(c.data)})
		if class(err) != c.class || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: class %q, %v: want %q, %q", c.data, class(err), err, c.class, c.says)
		}
		if _, herr := ReadHeader([]byte(c.data)); herr == nil || herr.Error() != err.Error() {
			t.Errorf("%q: ReadHeader says %v, Do says %v", c.data, herr, err)
		}
	}
}

// TestGigapixelClaimIsRefusedUnread passes headers of 60000 × 60000 pixels to Do and measures what is allocated.
func TestGigapixelClaimIsRefusedUnread(t *testing.T) {
	claims := map[Format][]byte{}
	pic := scene(32, 32)
	for _, f := range formatsThat(readable) {
		claims[f] = encoded(t, pic, f)
	}
	frame := bytes.Index(claims[JPEG], []byte("\xff\xc0"))
	binary.BigEndian.PutUint32(claims[JPEG][frame+5:], 60000<<16|60000)
	binary.BigEndian.PutUint32(claims[PNG][16:], 60000)
	binary.BigEndian.PutUint32(claims[PNG][20:], 60000)
	resummed(claims[PNG])
	binary.LittleEndian.PutUint32(claims[GIF][6:], 60000<<16|60000)
	binary.LittleEndian.PutUint32(claims[BMP][18:], 60000)
	binary.LittleEndian.PutUint32(claims[BMP][22:], 60000)
	claimTIFF(claims[TIFF], 60000)
	claims[WebP] = bytes.Clone(tinyWebP)
	binary.LittleEndian.PutUint32(claims[WebP][21:], 1<<28-1)
	delete(claims, AVIF) // whose pixels name their size, too: see TestForgedSizeOfAnAVIFCostsNothing
	for f, data := range claims {
		used := allocated(func() {
			_, err := Do(context.Background(), Task{Data: data})
			if class(err) != ClassTooLarge || !strings.Contains(err.Error(), "expected at most 268.4") {
				t.Errorf("%s: %v", f, err)
			}
		})
		if used > 1<<20 && !underRace {
			t.Errorf("%s: %d bytes were allocated", f, used)
		}
	}
	// A result may not be too large either.
	for _, spec := range []string{"size=20000x20000,upscale", "size=20000x20000,fit=contain"} {
		_, err := Do(context.Background(), Task{Data: encoded(t, pic, PNG), Spec: mustSpec(t, spec)})
		if class(err) != ClassTooLarge {
			t.Errorf("%s: %v", spec, err)
		}
	}
}

// claimTIFF changes the sides that a little-endian TIFF names.
func claimTIFF(file []byte, side uint32) {
	le := binary.LittleEndian
	at := le.Uint32(file[4:])
	for e := file[at+2:][:12*int(le.Uint16(file[at:]))]; len(e) > 0; e = e[12:] {
		if tag := le.Uint16(e); tag == tiff.Width || tag == tiff.Height || tag == tiff.RowsPerStrip {
			le.PutUint16(e[2:], 4)
			le.PutUint32(e[8:], side)
		}
	}
}

// allocated is how many bytes f allocates. No collection takes place meanwhile: it would empty the pools, and what
// they give would be counted twice.
func allocated(f func()) uint64 {
	runtime.GC()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestLongLineIsResizedInLittleMemory(t *testing.T) {
	data := encoded(t, solid(1_000_000, 1, color.NRGBA{10, 20, 30, 255}), PNG)
	var res Result
	used := allocated(func() { res = do(t, data, "size=100x100") })
	if out := res.Outputs[0]; out.Width != 100 || out.Height != 1 {
		t.Errorf("%dx%d", out.Width, out.Height)
	}
	if used > 40e6 && !underRace {
		t.Errorf("%.0f MB were allocated", float64(used)/1e6)
	}
}
