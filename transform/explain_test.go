package transform

import (
	"image"
	"image/color"
	"slices"
	"testing"
)

func TestExplainTellsTheSteps(t *testing.T) {
	big := solid(4000, 3000, color.NRGBA{90, 90, 90, 255})
	data := withOrientation(jpegOf(t, big, 2, 2), 6)
	h, err := ReadHeader(data)
	if err != nil {
		t.Fatal(err)
	}
	got, err := mustSpec(t, "size=320;size=800x,filter=box;hue=20").Explain(h, Limits{})
	const want = `path ycbcr+rgba: planes until hue=20, which is done in RGB
decode jpeg 4000x3000 at 4/8: 2000x1500, chroma at 7/8
turn upright from orientation 6
output 320
  resize=320x320: 240x320
  hue=20: 240x320
  encode jpeg 240x320 with quality 85, chroma 420
output 800w
  resize=800x,filter=box: 800x1067
  hue=20: 800x1067
  encode jpeg 800x1067 with quality 85, chroma 420
`
	if err != nil || got != want {
		t.Errorf("error %v, got\n%s", err, got)
	}
	huge := Header{Format: PNG, Width: 1 << 20, Height: 1 << 20}
	if _, err := (Spec{}).Explain(huge, Limits{}); class(err) != ClassTooLarge {
		t.Errorf("error %v", err)
	}
}

// TestExplainSaysWhyAPathIsTaken compares the first two lines, and the path with that of the Result.
func TestExplainSaysWhyAPathIsTaken(t *testing.T) {
	pic := scene(400, 300)
	photo, direct := jpegOf(t, pic, 2, 2), encoded(t, pic, JPEG)
	// Adobe's marker says that the components are not converted to YCbCr.
	direct = slices.Insert(direct, 2, []byte("\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00")...)
	for _, c := range []struct {
		data []byte
		text string
		want string
	}{
		{photo, "size=80", "path ycbcr: planes from end to end\ndecode jpeg 400x300 at 3/8: 150x113, chroma at 2/8\n"},
		{jpegOf(t, pic, 0, 0), "size=80", "path ycbcr: planes from end to end\ndecode jpeg 400x300 at 3/8: 150x113\n"},
		{photo, "grayscale;size=80",
			"path ycbcr: the plane of luma from end to end\ndecode jpeg 400x300 at 3/8: 150x113\n"},
		{photo, "", "path ycbcr: planes from end to end\ndecode jpeg 400x300 at 8/8: 400x300\n"},
		{photo, "size=80;format=png",
			"path ycbcr+rgba: planes until png is written\ndecode jpeg 400x300 at 3/8: 150x113, chroma at 5/8\n"},
		{photo, "size=80x80,fit=contain",
			"path ycbcr+rgba: planes until resize=80x80,fit=contain, which is done in RGB\n" +
				"decode jpeg 400x300 at 3/8: 150x113, chroma at 5/8\n"},
		{direct, "", "path rgba: its components are RGB\ndecode jpeg 400x300\n"},
		{encoded(t, pic, PNG), "size=80", "path rgba: row by row to the sizes wanted\ndecode png 400x300\n"},
		{encoded(t, image.NewGray(pic.Rect), PNG), "size=80;format=jpeg",
			"path gray: row by row to the sizes wanted\ndecode png 400x300\n"},
		{encoded(t, image.NewGray(pic.Rect), PNG), "blur=1",
			"path gray+rgba: row by row to the sizes wanted\ndecode png 400x300\n"},
		{lossyWebP(t), "size=120;format=jpeg", "path ycbcr: planes from end to end\ndecode webp 400x300\n"},
		{lossyWebP(t), "size=80;format=jpeg",
			"path ycbcr: planes from end to end\ndecode webp 400x300 at 4/8: 200x150\n"},
		{lossyWebP(t), "size=80;format=png",
			"path ycbcr+rgba: planes until png is written\ndecode webp 400x300 at 4/8: 200x150, chroma at 8/8\n"},
		{encoded(t, pic, BMP), "", "path rgba: bmp is decoded to RGB\ndecode bmp 400x300\n"},
	} {
		h, err := ReadHeader(c.data)
		if err != nil {
			t.Fatal(err)
		}
		got, err := mustSpec(t, c.text).Explain(h, Limits{})
		if err != nil || len(got) < len(c.want) || got[:len(c.want)] != c.want {
			t.Errorf("%q: error %v, got\n%s, want\n%s", c.text, err, got, c.want)
		}
		if path := "path " + do(t, c.data, c.text).Path + ":"; got[:len(path)] != path {
			t.Errorf("%q went by %s", c.text, path)
		}
	}
}
