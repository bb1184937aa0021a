package transform

import (
	"errors"
	"fmt"

	"imgpipe/transform/internal/codec"
)

// damaged settles what becomes of a picture with a decoder's report: nil means that it is taken as it is. It is called
// once for each input, when all that could be decoded has been.
func (j *job) damaged(r codec.Damage) error {
	switch {
	case r.Err == nil:
		return nil
	case r.Nothing():
		return &Error{Kind: ClassDecode, Doing: j.doing, Err: errors.New(r.String())}
	case j.limits.RefuseDamaged:
		return &Error{Kind: ClassDecode, Doing: j.doing, Err: errors.New(r.String()), Refused: true}
	}
	j.lacks = j.doing + ": " + r.String()
	return nil
}

// settle takes note of what r says after the last row: what was odd in its file, and what is missing.
func (j *job) settle(r rowReader) error {
	j.remarksOf(r.Remarks())
	return j.damaged(r.Damage())
}

// remarksOf notes what a decoder found odd in a file of which nothing is missing for that, a sentence each.
func (j *job) remarksOf(odd []string) {
	for _, what := range odd {
		j.remark("%s", what)
	}
}

// remark notes what is odd in a file of which nothing is missing, for the warnings. A remark is not damage.
func (j *job) remark(format string, args ...any) {
	j.remarks = append(j.remarks, j.doing+": "+fmt.Sprintf(format, args...))
}
