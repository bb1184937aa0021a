package transform

import (
	"image"
	"strings"
	"testing"
)

// sampling returns by how much the chroma of a JPEG is reduced.
func sampling(t *testing.T, data []byte) string {
	t.Helper()
	switch pic := decoded(t, data, JPEG).(type) {
	case *image.YCbCr:
		return strings.TrimPrefix(pic.SubsampleRatio.String(), "YCbCrSubsampleRatio")
	case *image.Gray:
		return "gray"
	}
	t.Fatal("neither color nor gray")
	return ""
}

// Chroma has the resolution that was asked for, whichever way pixels go, and Explain says which. Auto is full from
// quality 90 on, where the source has it.
func TestChromaHasTheResolutionAskedFor(t *testing.T) {
	pic := scene(160, 120)
	full, half := jpegOf(t, pic, 1, 1), jpegOf(t, pic, 2, 2)
	png := encoded(t, pic, PNG)
	for _, c := range []struct {
		name string
		data []byte
		text string
		want string
	}{
		{"planes", half, "format=jpeg", "420"},
		{"planes", half, "format=jpeg;chroma=444", "444"},
		{"planes", half, "format=jpeg;chroma=420;quality=95", "420"},
		{"planes", half, "format=jpeg;quality=95", "420"},
		{"planes", half, "format=jpeg;quality=95;size=40", "444"}, // a small picture has all of it
		{"planes", full, "format=jpeg;quality=90", "444"},
		{"planes", full, "format=jpeg;quality=89", "420"},
		{"planes", full, "format=jpeg;chroma=420;quality=100", "420"},
		{"planes", full, "format=jpeg;chroma=444;quality=30;progressive=on", "444"},
		{"then RGB", half, "format=jpeg;blur=1;chroma=444", "444"},
		{"then RGB", half, "format=jpeg;blur=1", "420"},
		{"RGB", png, "format=jpeg", "420"},
		{"RGB", png, "format=jpeg;quality=90", "444"},
		{"RGB", png, "format=jpeg;chroma=420;quality=90", "420"},
		{"RGB", png, "format=jpeg;chroma=444;size=33", "444"},
		{"luma alone", half, "format=jpeg;grayscale;chroma=444", "gray"},
	} {
		if got := sampling(t, do(t, c.data, c.text).Outputs[0].Data); got != c.want {
			t.Errorf("%s, %s: %s, %s was expected", c.name, c.text, got, c.want)
		}
		h, err := ReadHeader(c.data)
		if err != nil {
			t.Fatal(err)
		}
		said, err := mustSpec(t, c.text).Explain(h, Limits{})
		if err != nil || strings.Contains(said, "chroma "+c.want) == (c.want == "gray") {
			t.Errorf("%s, %s: %v, %s", c.name, c.text, err, said)
		}
	}
}

// TestChromaThatAFormatDoesNotHaveIsSaid has formats whose color always has half the resolution, alone and beside
// others.
func TestChromaThatAFormatDoesNotHaveIsSaid(t *testing.T) {
	data := encoded(t, scene(16, 12), PNG)
	for _, f := range outputFormats {
		for _, text := range []string{"chroma=444;size=9;size=5;format=", "chroma=420;format=", "format="} {
			res := do(t, data, text+string(f))
			want := f.row().halfChroma && strings.HasPrefix(text, "chroma=444")
			if said := len(res.Warnings) == 1 && res.Warnings[0] ==
				"color has half the resolution in "+string(f)+", also with chroma 444"; said != want {
				t.Errorf("%s%s: warnings %q", text, f, res.Warnings)
			}
		}
	}
	if res := do(t, data, "chroma=444;format=jpeg,webp"); len(res.Warnings) != 1 {
		t.Errorf("warnings %q, expected one", res.Warnings)
	}
}
