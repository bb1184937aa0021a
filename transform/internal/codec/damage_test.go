package codec

import (
	"errors"
	"testing"
)

func TestDamageSaysWhatIsMissing(t *testing.T) {
	short := errors.New("the file ends")
	for _, tt := range []struct {
		note    func(d *Damage)
		want    string
		nothing bool
	}{
		{func(d *Damage) {}, "", false},
		{func(d *Damage) { d.Miss(short, 2144, 16) }, "the file ends: of 2160 rows the last 16 are missing", false},
		{func(d *Damage) { d.Miss(short, 2144, 99); d.Miss(short, 2150, 2) },
			"the file ends: of 2160 rows the last 16 are missing", false},
		{func(d *Damage) { d.Miss(short, -3, 19) }, "the file ends: of 2160 rows the first 16 are missing", false},
		{func(d *Damage) { d.Miss(short, 8, 16) }, "the file ends: of 2160 rows 16 from row 8 on are missing", false},
		{func(d *Damage) { d.Miss(short, 2159, 1) }, "the file ends: of 2160 rows the last is missing", false},
		{func(d *Damage) { d.Miss(short, 0, 1) }, "the file ends: of 2160 rows the first is missing", false},
		{func(d *Damage) { d.Miss(short, 64, 1) }, "the file ends: of 2160 rows row 64 is missing", false},
		{func(d *Damage) { d.Miss(short, 1, 1); d.Miss(errors.New("other"), 9, 2) },
			"the file ends: of 2160 rows 3 between row 1 and row 10 are missing", false},
		{func(d *Damage) { d.Doubt(short, 40, "detail is missing"); d.Doubt(short, 8, "colors may be wrong") },
			"the file ends: of 2160 rows none is missing, but from row 40 on detail is missing, " +
				"and from row 8 on colors may be wrong", false},
		{func(d *Damage) { d.Doubt(short, 40, "detail is missing"); d.Doubt(short, 8, "detail is missing") },
			"the file ends: of 2160 rows none is missing, but from row 8 on detail is missing", false},
		{func(d *Damage) {
			part := Damage{Rows: 30}
			d.Part(part, 7)
			part.Miss(short, 8, 2)
			part.Doubt(short, 4, "detail is missing")
			d.Part(part, 100)
		}, "the file ends: of 2160 rows 2 from row 108 on are missing, and from row 104 on detail is missing", false},
		{func(d *Damage) {
			part := Damage{Rows: 30}
			part.Doubt(short, 4, "detail is missing")
			d.Part(part, 100)
		}, "the file ends: of 2160 rows none is missing, but from row 104 on detail is missing", false},
		{func(d *Damage) { d.Miss(short, 2144, 16); d.Doubt(short, 0, "detail is missing") },
			"the file ends: of 2160 rows the last 16 are missing, and from row 0 on detail is missing", false},
		{func(d *Damage) { d.Miss(short, 0, 2160) }, "the file ends: none of 2160 rows is there", true},
		{func(d *Damage) { d.Miss(short, 3000, 1) }, "the file ends: of 2160 rows none is missing", false},
	} {
		d := Damage{Rows: 2160}
		tt.note(&d)
		if d.String() != tt.want || d.Nothing() != tt.nothing {
			t.Errorf("%q, nothing %t; want %q, %t", d.String(), d.Nothing(), tt.want, tt.nothing)
		}
	}
}
