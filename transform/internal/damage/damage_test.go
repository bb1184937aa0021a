package damage

import (
	"errors"
	"testing"
)

func TestReportSaysWhatIsMissing(t *testing.T) {
	short := errors.New("the file ends")
	for _, tt := range []struct {
		note    func(r *Report)
		want    string
		nothing bool
	}{
		{func(r *Report) {}, "", false},
		{func(r *Report) { r.Miss(short, 2144, 16) }, "the file ends: of 2160 rows the last 16 are missing", false},
		{func(r *Report) { r.Miss(short, 2144, 99); r.Miss(short, 2150, 2) },
			"the file ends: of 2160 rows the last 16 are missing", false},
		{func(r *Report) { r.Miss(short, -3, 19) }, "the file ends: of 2160 rows the first 16 are missing", false},
		{func(r *Report) { r.Miss(short, 8, 16) }, "the file ends: of 2160 rows 16 from row 8 on are missing", false},
		{func(r *Report) { r.Miss(short, 2159, 1) }, "the file ends: of 2160 rows the last is missing", false},
		{func(r *Report) { r.Miss(short, 0, 1) }, "the file ends: of 2160 rows the first is missing", false},
		{func(r *Report) { r.Miss(short, 64, 1) }, "the file ends: of 2160 rows row 64 is missing", false},
		{func(r *Report) { r.Miss(short, 1, 1); r.Miss(errors.New("other"), 9, 2) },
			"the file ends: of 2160 rows 3 between row 1 and row 10 are missing", false},
		{func(r *Report) { r.Doubt(short, 40, "detail is missing"); r.Doubt(short, 8, "colors may be wrong") },
			"the file ends: of 2160 rows none is missing, but from row 40 on detail is missing, " +
				"and from row 8 on colors may be wrong", false},
		{func(r *Report) { r.Doubt(short, 40, "detail is missing"); r.Doubt(short, 8, "detail is missing") },
			"the file ends: of 2160 rows none is missing, but from row 8 on detail is missing", false},
		{func(r *Report) {
			part := Report{Rows: 30}
			r.Part(part, 7)
			part.Miss(short, 8, 2)
			part.Doubt(short, 4, "detail is missing")
			r.Part(part, 100)
		}, "the file ends: of 2160 rows 2 from row 108 on are missing, and from row 104 on detail is missing", false},
		{func(r *Report) {
			part := Report{Rows: 30}
			part.Doubt(short, 4, "detail is missing")
			r.Part(part, 100)
		}, "the file ends: of 2160 rows none is missing, but from row 104 on detail is missing", false},
		{func(r *Report) { r.Miss(short, 2144, 16); r.Doubt(short, 0, "detail is missing") },
			"the file ends: of 2160 rows the last 16 are missing, and from row 0 on detail is missing", false},
		{func(r *Report) { r.Miss(short, 0, 2160) }, "the file ends: none of 2160 rows is there", true},
		{func(r *Report) { r.Miss(short, 3000, 1) }, "the file ends: of 2160 rows none is missing", false},
	} {
		r := Report{Rows: 2160}
		tt.note(&r)
		if r.String() != tt.want || r.Nothing() != tt.nothing {
			t.Errorf("%q, nothing %t; want %q, %t", r.String(), r.Nothing(), tt.want, tt.nothing)
		}
	}
}
