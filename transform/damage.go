package transform

import (
	"errors"
	"fmt"

	"imgpipe/transform/internal/codec"
)

// damaged decides what becomes of a picture by its decoder's report: nil means that the picture is used. It is called
// once for each input, when everything that can be decoded has been.
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

// settle notes what r reports after the last row: what was odd in its file, and what is missing.
func (j *job) settle(r rowReader) error {
	j.remarksOf(r.Remarks())
	return j.damaged(r.Damage())
}

// remarksOf notes the remarks of a decoder, a sentence each.
func (j *job) remarksOf(odd []string) {
	for _, what := range odd {
		j.remark("%s", what)
	}
}

// remark adds a warning about what is odd in a file. A remark is not damage: nothing is missing because of it.
func (j *job) remark(format string, args ...any) {
	j.remarks = append(j.remarks, j.doing+": "+fmt.Sprintf(format, args...))
}
