// Package modes has the names of the modes, which say where images are transformed. Flags, reports, comparisons and
// drills take them from here. All modes write the same bytes.
package modes

// The modes.
const (
	Goroutines = "goroutines"
	Processes  = "processes"
	Serial     = "serial"
	GIL        = "gil"
	Auto       = "auto"
)

// A Mode is a row of the table of modes.
type Mode struct {
	Name string
	// Doc says what the mode is for, in a sentence without its end.
	Doc string
}

// All returns the table of modes. The first is the default. The caller owns the result.
func All() []Mode {
	return []Mode{
		{Goroutines, "light, share memory"},
		{Processes, "an image that crashes or hangs costs one worker"},
		{Serial, "one after the other"},
		{GIL, "goroutines under one lock, as in a language with a global interpreter lock"},
		{Auto, "the faster of goroutines and processes on the first images"},
	}
}

// Names returns the names of all modes in the order of the table.
func Names() (names []string) {
	for _, m := range All() {
		names = append(names, m.Name)
	}
	return names
}

// Comparable returns the modes that a comparison or a drill can run: those that do not choose another one. The least
// concurrent is the first.
func Comparable() []string { return []string{Serial, GIL, Goroutines, Processes} }
