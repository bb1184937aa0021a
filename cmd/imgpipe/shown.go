package main

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"

	"imgpipe/cmd/imgpipe/internal/flags"
	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/fetch"
)

// beginsURL is the beginning of a URL in an argument, be it the whole of it or the value of a flag; innerUser is the
// user of one inside another. As browsers do, fetch takes http: and https: with any number of slashes behind
// them, of either kind.
var (
	beginsURL = regexp.MustCompile(`(?i)https?:|[a-z][a-z0-9+.-]*://`)
	innerUser = regexp.MustCompile(`(?i)(https?:[/\\]*|://)[^/\\?#\s]*@`)
)

// shownCommand is a command line as it may be kept: its URLs have no user and password.
func shownCommand(args []string) []string {
	shown := make([]string, len(args))
	for i, arg := range args {
		shown[i] = arg
		if at := beginsURL.FindStringIndex(arg); at != nil {
			shown[i] = arg[:at[0]] + innerUser.ReplaceAllString(fetch.Redact(arg[at[0]:]), "$1")
		}
	}
	return shown
}

// plan returns the part of the header line that says how.
func (f *runFlags) plan(c capacity, spec string) string {
	return fmt.Sprintf("%s, workers %d, downloads %s%s, memory %s; %s",
		f.exec.mode, c.workers, flags.FormatWholeOrAuto(c.downloads), f.politeness(c), summary.Bytes(f.exec.budget()),
		cmp.Or(spec, "turn upright"))
}

// politeness says that one host is not asked for as many images at once as --downloads allows; "" where that bounds
// nothing.
func (f *runFlags) politeness(c capacity) string {
	urls := len(f.input.lists) > 0 || slices.ContainsFunc(f.input.args, fetch.IsURL)
	if !urls || c.downloads > 0 && c.downloads <= f.download.perHost {
		return ""
	}
	return fmt.Sprintf(", %d at once from one host", f.download.perHost)
}
