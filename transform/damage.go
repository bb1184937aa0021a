package transform

import (
	"errors"
	"fmt"
	"slices"

	"imgpipe/transform/internal/codec"
)

// damaged decides what becomes of a picture by its decoder's report: nil means that the picture is used. It is called
// once for each input, when everything that can be decoded has been.
func (j *job) damaged(r codec.Damage) error {
	if r.Err == nil {
		return nil
	}
	return j.lack(r.String(), r.Nothing())
}

// lack decides what becomes of a picture of which something is missing; nothing reports that all is. nil means that the
// rest is used. What is noted first counts.
func (j *job) lack(what string, nothing bool) error {
	if nothing || j.limits.RefuseDamaged {
		return &Error{Kind: ClassDecode, Doing: j.doing, Err: errors.New(what), Refused: !nothing}
	}
	if j.lacks == "" {
		j.lacks = j.doing + ": " + what
	}
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

// maxRemarks is how many oddities of one file are worth a warning each.
const maxRemarks = 8

// remark adds a warning about what is odd in a file. A remark is not damage: nothing is missing because of it. Each is
// said once, and of many only the first: a stranger's file can be as odd as it is long.
func (j *job) remark(format string, args ...any) {
	text := j.doing + ": " + fmt.Sprintf(format, args...)
	switch n := len(j.remarks); {
	case n > maxRemarks || slices.Contains(j.remarks, text):
	case n == maxRemarks:
		j.remarks = append(j.remarks, j.doing+": more is odd in the file")
	default:
		j.remarks = append(j.remarks, text)
	}
}

// remarkOnce is remark for what may be found more than once, such as in each frame.
func (j *job) remarkOnce(format string, args ...any) {
	text := j.doing + ": " + fmt.Sprintf(format, args...)
	if !slices.Contains(j.remarks, text) {
		j.remarks = append(j.remarks, text)
	}
}
