package transform

import (
	"context"
	"encoding/hex"
	"strings"
	"testing"
)

// A row of a fax that is bad costs that row: those behind it are in their places.
func TestFaxWithABadRowKeepsTheOthers(t *testing.T) {
	// 12x6 pixels of Group 3, black where (x div 3 + y div 2) is even.
	data, _ := hex.DecodeString("000135a2800135a280018a20018a200135a2800135a2800100010001000100010001")
	file := func() []byte { return stripsTIFF(12, 6, 6, data, map[uint16]uint32{258: 1, 259: 3, 292: 4, 262: 0}) }
	sound, err := Do(context.Background(), Task{Data: file(), Spec: mustSpec(t, "format=png")})
	if err != nil || len(sound.Warnings) > 0 {
		t.Fatalf("%v, %q", err, sound.Warnings)
	}
	data[13] ^= 0x10 // in row 3
	for _, spec := range []string{"format=png", "flip;flip;format=png"} {
		res, err := Do(context.Background(), Task{Data: file(), Spec: mustSpec(t, spec)})
		if err != nil {
			t.Fatal(err)
		}
		if !res.Damaged || !strings.Contains(res.Warnings[0], "of 6 rows row 3 is missing") {
			t.Errorf("%q: %q", spec, res.Warnings)
		}
		got, want := decoded(t, res.Outputs[0].Data, PNG), decoded(t, sound.Outputs[0].Data, PNG)
		for y := range 6 {
			for x := range 12 {
				r, _, _, _ := got.At(x, y).RGBA()
				wanted, _, _, _ := want.At(x, y).RGBA()
				if y == 3 {
					wanted = 0
				}
				if r != wanted {
					t.Errorf("%q: at %d,%d: %d, want %d", spec, x, y, r, wanted)
				}
			}
		}
	}
	_, err = Do(context.Background(), Task{Data: file(), Spec: mustSpec(t, ""), Limits: Limits{RefuseDamaged: true}})
	if class(err) != ClassDecode || !strings.Contains(err.Error(), "of 6 rows row 3 is missing") {
		t.Errorf("%v", err)
	}
	clear(data)
	_, err = Do(context.Background(), Task{Data: file(), Spec: mustSpec(t, "")})
	if class(err) != ClassDecode {
		t.Errorf("of a fax without a row: %v", err)
	}
}
