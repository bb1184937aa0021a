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

// Contestants returns the table of contestants: one for each mode of [Comparable], in its order, and then the sets. The
// caller owns the result.
func Contestants() []Contestant {
	var all []Contestant
	docs := map[string]Mode{}
	for _, m := range All() {
		docs[m.Name] = m
	}
	for _, name := range Comparable() {
		m := docs[name]
		all = append(all, Contestant{
			Name: name, Doc: m.Doc + "; shows " + m.Shows, Rows: []Row{{Name: name, Mode: name}},
		})
	}
	heap := func(name, mode, percent string) Row {
		return Row{Name: name, Mode: mode, Env: []string{"GOGC=" + percent}}
	}
	return append(all, Contestant{
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

// ContestantNamed returns the row of [Contestants] with that name.
func ContestantNamed(name string) (c Contestant, ok bool) {
	for _, c := range Contestants() {
		if c.Name == name {
			return c, true
		}
	}
	return Contestant{}, false
}
