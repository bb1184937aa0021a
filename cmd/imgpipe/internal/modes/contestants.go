package modes

// A Contestant is what a comparison can be told to run by name: a mode, or several rows that belong together.
type Contestant struct {
	Name string
	// Doc says what it is and what it shows, in one sentence without its end.
	Doc  string
	Rows []Row
}

// A Row is one side of a comparison.
type Row struct {
	// Name is what reports call it. It is unique within [Contestants].
	Name string
	// Mode is a name of [All].
	Mode string
	// Env has variables in the form KEY=value, besides those that a run inherits.
	Env []string
	// Flags are flags of imgpipe run, besides --mode.
	Flags []string
}

// Heaps is the contestant that shows what one heap costs, and many.
const Heaps = "heaps"

// gilReleased is goroutines by another name.
const gilReleased = "gil-released"

// Contestants returns the table of contestants. The caller owns the result.
func Contestants() []Contestant {
	var all []Contestant
	for _, m := range All() {
		all = append(all, Contestant{Name: m.Name, Doc: m.Doc, Rows: []Row{{Name: m.Name, Mode: m.Name}}})
	}
	heap := func(name, mode, percent string) Row {
		return Row{Name: name, Mode: mode, Env: []string{"GOGC=" + percent}}
	}
	return append(all, Contestant{
		Name: gilReleased,
		Doc:  "threads in codecs written in C, which release the lock: goroutines by another name",
		Rows: []Row{{Name: gilReleased, Mode: gilReleased}},
	}, Contestant{
		Name: Heaps,
		Doc: "goroutines with a garbage collector that works often (GOGC=50), as usual (100) and never, beside " +
			"processes; shows what one heap for all workers costs, and a heap for each",
		Rows: []Row{
			heap("one heap, GOGC=50", Goroutines, "50"),
			heap("one heap, GOGC=100", Goroutines, "100"),
			heap("one heap, no collector", Goroutines, "off"),
			heap("a heap for each worker", Processes, "100"),
		},
	})
}

// Classic returns the modes that a comparison runs if it is not told which. The least concurrent is the first.
func Classic() []string { return Comparable() }

// SameAs returns the mode whose runs are those of another by another name, and mode itself for all others. A
// comparison runs the two once.
func SameAs(mode string) string {
	if mode == gilReleased {
		return Goroutines
	}
	return mode
}
