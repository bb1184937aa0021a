package main

import (
	"cmp"
	"errors"
	"fmt"

	"imgpipe/pipeline/store"
)

// finalize takes the arguments and derives what the flags leave open. Nothing changes the flags after it.
func (f *runFlags) finalize(args []string) {
	f.input.args = args
	f.exec.finalize(f.set.Changed)
	if f.output.inPlace && f.output.dir == "" {
		f.output.dir = f.output.backup
	}
	f.exec.measured = f.tell.figures()
}

// check looks at the flags together, and changes nothing. Its error names the flags and what was expected.
func (f *runFlags) check() error {
	changed := f.set.Changed
	return cmp.Or(
		f.checkInPlace(f.preset.given(changed)),
		f.required(),
		f.picture.check(changed),
		f.exec.check(changed),
		f.output.check(),
		f.tell.check(changed, f.dry),
		f.download.check(),
		f.input.check(changed),
		f.checkNetwork(changed),
		f.output.isNotInput(f.input.args),
		f.checkShard(),
		f.checkPrune(),
	)
}

// idle is a line for the screen about what presets set and what has no say, beside flags that were typed; "" where
// there is none. What was typed in vain is an error instead.
func (f *runFlags) idle() string {
	given := f.preset.given(f.set.Changed)
	if err := cmp.Or(f.picture.check(given), f.exec.check(given), f.checkNetwork(given)); err != nil {
		return "what a preset sets has no say here: " + err.Error()
	}
	return ""
}

// checkNetwork finds flags of servers that nobody asks.
func (f *runFlags) checkNetwork(changed func(string) bool) error {
	for _, name := range []string{"header", "referer", "rate"} {
		if changed(name) && !f.input.asksServers() {
			return fmt.Errorf("--%s is for downloads, and no input can be one: expected a URL or --input-list", name)
		}
	}
	if changed("ignore-opt-out") && len(f.input.lists) == 0 {
		return errors.New("--ignore-opt-out is for what lists name: expected --input-list with it")
	}
	return nil
}

// required finds what is missing.
func (f *runFlags) required() error {
	switch {
	case f.output.dir == "":
		return errors.New("--output DIR is missing: expected the folder for the outputs")
	case f.input.empty():
		return errors.New("there is no input: expected files, folders, patterns or URLs, or --input-list FILE")
	case len(f.input.lists) == 0 && len(store.TemplateColumns(f.output.name)) > 0:
		return fmt.Errorf("--name %q names a column: expected --input-list with it, whose columns can be meant",
			f.output.name)
	case f.explain && !f.dry:
		return errors.New("--explain says what would be done: expected --dry-run with it")
	}
	return nil
}
