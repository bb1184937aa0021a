package flags

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A ValueError says why a flag does not take a value. Every parser of this package returns it.
type ValueError struct {
	Value string
	// Problem completes "it …", as in "can be read but not written"; "" where Expected says all.
	Problem string
	// Expected is what the flag takes, as in "a whole number from 1".
	Expected string
}

// Error is the sentence without the value: what shows it, shows the flag and the value before.
func (e *ValueError) Error() string {
	if e.Problem != "" {
		return "it " + e.Problem + ": expected " + e.Expected
	}
	return "expected " + e.Expected
}

// expected is the ValueError of a parser.
func expected(value, format string, args ...any) error {
	return &ValueError{Value: value, Expected: fmt.Sprintf(format, args...)}
}

// Explain returns what is wrong with a flag as one sentence: the flag, its value, what was expected. set has the flags
// that could have been meant. An error that is not of pflag is returned as it is.
func Explain(set *pflag.FlagSet, err error) error {
	var invalid *pflag.InvalidValueError
	var missing *pflag.ValueRequiredError
	var unknown *pflag.NotExistError
	switch {
	case errors.As(err, &invalid):
		return fmt.Errorf("--%s %q: %w", invalid.GetFlag().Name, invalid.GetValue(), invalid.Unwrap())
	case errors.As(err, &missing):
		return fmt.Errorf("--%s wants a value: %s", missing.GetFlag().Name, missing.GetFlag().Value.Type())
	case errors.As(err, &unknown):
		name := "--" + unknown.GetSpecifiedName()
		if unknown.GetSpecifiedShortnames() != "" {
			name = "-" + unknown.GetSpecifiedName()
		}
		var names []string
		set.VisitAll(func(f *pflag.Flag) {
			if !f.Hidden {
				names = append(names, f.Name)
			}
		})
		if near := Near(unknown.GetSpecifiedName(), names); near != "" {
			return fmt.Errorf("there is no flag %s: did you mean --%s?", name, near)
		}
		return fmt.Errorf("there is no flag %s", name)
	}
	return err
}

// Near returns the one of names that was probably meant by a name that is none of them, or "". Cobra knows names that
// are near for commands alone, so the names are handed to it as commands.
func Near(name string, names []string) string {
	if len(name) < 2 {
		return ""
	}
	commands := new(cobra.Command)
	for _, known := range names {
		commands.AddCommand(&cobra.Command{Use: known, Run: func(*cobra.Command, []string) {}})
	}
	for distance := 1; distance <= 2; distance++ {
		commands.SuggestionsMinimumDistance = distance
		if near := commands.SuggestionsFor(name); len(near) > 0 {
			return near[0]
		}
	}
	return ""
}
