package main

import (
	"regexp"

	"imgpipe/fetch"
)

// beginsURL is the beginning of a URL in an argument, be it the whole of it or the value of a flag; innerUser is the user of one inside another.
var (
	beginsURL = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://`)
	innerUser = regexp.MustCompile(`(://)[^/?#\s]*@`)
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
