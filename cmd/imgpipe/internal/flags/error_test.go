package flags

import (
	"errors"
	"testing"
)

func TestErrorsNameFlagValueAndWhatWasExpected(t *testing.T) {
	for arg, want := range map[string]string{
		"--size=10":  `--size "10": expected a whole number from 1 to 9`,
		"-s=x":       `--size "x": expected a whole number from 1 to 9`,
		"--fit=huge": `--fit "huge": expected one of inside, cover`,
		"--on=maybe": `--on "maybe": expected true or false, or no value`,
		"--size":     `--size wants a value: N`,
		"--sise=3":   `there is no flag --sise: did you mean --size?`,
		"--secre":    `there is no flag --secre`,
		"-x":         `there is no flag -x`,
	} {
		set := table()
		err := Explain(set, set.Parse([]string{arg}))
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v\nwant %s", arg, err, want)
		}
	}
}

func TestOtherErrorsStayAsTheyAre(t *testing.T) {
	other := errors.New("other")
	if got := Explain(table(), other); got != other {
		t.Errorf("%v became %v", other, got)
	}
}

func TestAProblemIsSaidBeforeWhatWasExpected(t *testing.T) {
	e := &ValueError{Value: "webp", Problem: "can be read but not written", Expected: "jpeg or png"}
	if got := e.Error(); got != "it can be read but not written: expected jpeg or png" {
		t.Error(got)
	}
}

func TestNearNamesAreFound(t *testing.T) {
	names := []string{"resize", "quality", "q"}
	for name, want := range map[string]string{"rezise": "resize", "qualty": "quality", "frobnicate": "", "x": ""} {
		if got := Near(name, names); got != want {
			t.Errorf("%q is near %q, want %q", name, got, want)
		}
	}
}
