package main

import (
	"fmt"
	"regexp"

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

// plan is the part of the header line that says how.
func (f *runFlags) plan(spec string) string {
	if spec == "" {
		spec = "turn upright"
	}
	return fmt.Sprintf("%s, workers %d, downloads %s%s, memory %s; %s",
		f.mode, f.workers, flags.FormatWholeOrAuto(f.downloads), f.politeness(), summary.Bytes(f.budget()), spec)
}

// politeness says that one host is not asked for as many images at once as --downloads allows; "" where that bounds
// nothing.
func (f *runFlags) politeness() string {
	urls := len(f.lists) > 0
	for _, in := range f.inputs {
		urls = urls || fetch.IsURL(in)
	}
	if !urls || f.downloads > 0 && f.downloads <= f.perHost {
		return ""
	}
	return fmt.Sprintf(", %d at once from one host", f.perHost)
}

func (f *runFlags) shownInput() string {
	all := append(append([]string{}, f.inputs...), f.lists...)
	text := fetch.Redact(all[0])
	if len(all) > 1 {
		text += fmt.Sprintf(" and %d more", len(all)-1)
	}
	return summary.Printable(text)
}
