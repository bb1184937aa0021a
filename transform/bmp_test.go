package transform

import (
	"context"
	"strings"
	"testing"
)

// A bitmap that is cut lacks its upper rows; what is odd in one of which nothing is missing is a warning alone.
func TestBitmapsThatLackRowsOrColors(t *testing.T) {
	data := encoded(t, scene(40, 30), BMP)
	whole := decoded(t, data, BMP)
	cut := data[:len(data)-3*40*12+1] // rows have 120 bytes, the upper ones last
	odd := append([]byte{}, data...)
	odd[26] = 0 // planes
	few := runsBMP(4, 1, []byte{2, 1, 2, 9, 0, 1})
	for name, c := range map[string]struct {
		data    []byte
		warning string
		missing int
	}{
		"cut":              {cut, "of 30 rows the first 12 are missing", 12},
		"odd":              {odd, "it has 0 planes: expected 1", 0},
		"beyond a palette": {few, "pixels of a color that its palette does not have are black: 2", 0},
	} {
		for _, spec := range []string{"format=png", "flip;flip;format=png"} {
			task := Task{Data: c.data, Spec: mustSpec(t, spec)}
			res, err := Do(context.Background(), task)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			said := len(res.Warnings) == 1 && strings.Contains(res.Warnings[0], c.warning)
			if res.Damaged != (c.missing > 0) || !said {
				t.Errorf("%s: damaged %t, %q", name, res.Damaged, res.Warnings)
			}
			task.Limits.RefuseDamaged = true
			if _, err := Do(context.Background(), task); (class(err) == ClassDecode) != (c.missing > 0) {
				t.Errorf("%s, and damage is refused: %v", name, err)
			}
			if name == "beyond a palette" {
				continue
			}
			got := decoded(t, res.Outputs[0].Data, PNG)
			for y := range 30 {
				for x := range 40 {
					r, g, b, a := got.At(x, y).RGBA()
					wr, wg, wb, wa := whole.At(x, y).RGBA()
					if y < c.missing {
						wr, wg, wb = 0, 0, 0
					}
					if r != wr || g != wg || b != wb || a != wa {
						t.Fatalf("%s, %q: at %d,%d other pixels", name, spec, x, y)
					}
				}
			}
		}
	}
}
