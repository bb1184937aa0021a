package transform

import (
	"bytes"
	"context"
	"image"
	"image/draw"
	"slices"
	"strings"
	"testing"
)

// A GIF that is cut keeps its whole rows, and says which are missing; one that is only odd lacks nothing.
func TestDamagedGIFKeepsItsRows(t *testing.T) {
	pic := scene(60, 40)
	sound := encoded(t, pic, GIF)
	whole := decoded(t, do(t, sound, "format=png").Outputs[0].Data, PNG)
	keep := Task{Spec: mustSpec(t, "format=png")}
	refuse := Task{Spec: keep.Spec, Limits: Limits{RefuseDamaged: true}}
	for _, cut := range []int{len(sound) - 30, len(sound) - 300, len(sound) - 1000} {
		keep.Data, refuse.Data = sound[:cut], sound[:cut]
		res, err := Do(context.Background(), keep)
		said := strings.Join(res.Warnings, "; ")
		const want = "decode gif: the file ends before the image does: of 40 rows "
		if err != nil || !res.Damaged || !strings.HasPrefix(said, want) {
			t.Errorf("cut at %d: damaged %t, %q, %v", cut, res.Damaged, res.Warnings, err)
			continue
		}
		got := decoded(t, res.Outputs[0].Data, PNG)
		rows := 0
		for rows < 40 && sameRow(got, whole, rows) {
			rows++
		}
		for y := rows; y < 40; y++ {
			if r, g, b, a := got.At(9, y).RGBA(); r|g|b != 0 || a != 0xffff {
				t.Errorf("cut at %d: row %d is not black", cut, y)
			}
		}
		if rows == 0 || rows == 40 {
			t.Errorf("cut at %d: %d rows", cut, rows)
		}
		if _, err := Do(context.Background(), refuse); !refused(err) {
			t.Errorf("cut at %d, refused if damaged: %v", cut, err)
		}
	}
	head := bytes.IndexByte(sound[13+3*256:], 0x2c) + 13 + 3*256
	keep.Data = sound[:head+13]
	_, err := Do(context.Background(), keep)
	if class(err) != ClassDecode || !strings.Contains(err.Error(), "none of 40 rows is there") {
		t.Errorf("without a row: %v", err)
	}
	odd := slices.Concat(sound[:head], []byte("\x21\x42\x01a\x00"), sound[head:])
	refuse.Data = odd
	res, err := Do(context.Background(), refuse)
	want := []string{"decode gif: an extension of the unknown label 0x42 was passed over"}
	if err != nil || res.Damaged || !slices.Equal(res.Warnings, want) {
		t.Errorf("odd: damaged %t, %q, %v", res.Damaged, res.Warnings, err)
	}
}

func sameRow(a, b image.Image, y int) bool {
	n := a.Bounds().Dx()
	row := image.Rect(0, 0, n, 1)
	one, two := image.NewNRGBA(row), image.NewNRGBA(row)
	draw.Draw(one, row, a, image.Pt(0, y), draw.Src)
	draw.Draw(two, row, b, image.Pt(0, y), draw.Src)
	return bytes.Equal(one.Pix, two.Pix)
}
