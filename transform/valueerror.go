package transform

import "fmt"

// A ValueError says that a text is not one of the values that a parser of this package reads. It is found through
// wrapping, so that whoever knows where the text stood can say that instead.
type ValueError struct {
	What    string // as in "quality" or "size"
	Value   string // the text
	Problem string // completes "the value …", as in "can be read but not written"; "" where Expected says all
	// Expected is what can stand there, as in "a whole number from 1 to 100".
	Expected string
}

func (e *ValueError) Error() string {
	if e.Problem != "" {
		return fmt.Sprintf("%s %q %s: expected %s", e.What, e.Value, e.Problem, e.Expected)
	}
	return fmt.Sprintf("%s %q: expected %s", e.What, e.Value, e.Expected)
}
