package main

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/fetch"
	"imgpipe/transform"
)

// beginsURL finds the beginning of a URL in an argument, which is the URL itself or a flag with its value. innerUser
// finds the user in a URL inside another one. As browsers do, fetch takes http: and https: with any number of slashes
// after them, of either kind.
var (
	beginsURL = regexp.MustCompile(`(?i)https?:|[a-z][a-z0-9+.-]*://`)
	innerUser = regexp.MustCompile(`(?i)(https?:[/\\]*|://)[^/\\?#\s]*@`)
)

// headerValue finds the value of --header, in an argument of its own or behind the flag.
var headerValue = regexp.MustCompile(`^(--header=|)([^:=]*:).*`)

// shownCommand returns a command line as it may be kept: its URLs have no user and password, and its headers no values.
func shownCommand(args []string) []string {
	shown := make([]string, len(args))
	for i, arg := range args {
		shown[i] = arg
		if strings.HasPrefix(arg, "--header=") || i > 0 && args[i-1] == "--header" {
			shown[i] = headerValue.ReplaceAllString(strings.ReplaceAll(arg, "\n", " "), "$1$2 …")
			continue
		}
		if at := beginsURL.FindStringIndex(arg); at != nil {
			shown[i] = arg[:at[0]] + innerUser.ReplaceAllString(fetch.Redact(arg[at[0]:]), "$1")
		}
	}
	return shown
}

// plan returns the part of the header line that says how.
func (f *runFlags) plan(c capacity, spec string) string {
	metadata := ""
	if m := f.picture.metadata; m == "" || m == transform.MetadataStrip {
		metadata = "; metadata is left out"
	}
	return fmt.Sprintf("%s, workers %d, %s, memory %s; %s%s%s",
		f.exec.mode, c.workers, f.most(c), summary.Bytes(f.exec.budget()), cmp.Or(spec, "turn upright"), metadata,
		f.preset.shown())
}

// most returns the part of the header line that says how many images are downloaded at once, at most: nothing was
// downloaded yet. Hosts bound them if there are URLs.
func (f *runFlags) most(c capacity) string {
	downloads := fmt.Sprintf("up to %d downloads", c.downloads)
	switch {
	case c.downloads == 0:
		downloads = "downloads auto"
	case c.downloads == 1:
		downloads = "1 download at once"
	}
	urls := len(f.input.lists) > 0 || slices.ContainsFunc(f.input.args, fetch.IsURL)
	if !urls || c.downloads > 0 && c.downloads <= f.download.perHost {
		return downloads
	}
	return fmt.Sprintf("%s, %d from one host", downloads, f.download.perHost)
}
