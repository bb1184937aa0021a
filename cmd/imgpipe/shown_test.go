package main

import (
	"strings"
	"testing"
)

// TestNoCommandLineIsKeptWithThePasswordOfAURL has URLs in every form that is fetched.
func TestNoCommandLineIsKeptWithThePasswordOfAURL(t *testing.T) {
	for _, url := range []string{
		"http://me:secret@h/a.jpg?x=1", "HTTPS://me:secret@h/a.jpg", "http:me:secret@h/a.jpg",
		"http:/me:secret@h/a.jpg", "http:///me:secret@h/a.jpg",
		`http:\\me:secret@h\a.jpg`, `http:\/me:secret@h/a.jpg`, " http://me:secret@h/a.jpg",
		"http://me:a@secret@h/a.jpg", "hTTp:me:secret@h",
		"http://h/to?http://me:secret@i/", `http://h/to?http:\\me:secret@i/`, "http://h/to?https:me:secret@i/",
		"s3://me:secret@h/a", "ht\ttp://me:secret@h/",
	} {
		for _, args := range [][]string{{"run", url}, {"run", "--input-list=" + url}, {"run", "-i" + url}} {
			if kept := strings.Join(shownCommand(args), " "); strings.Contains(kept, "secret") ||
				!strings.Contains(kept, "h") {
				t.Errorf("%q is kept as %q", args, kept)
			}
		}
	}
	for _, arg := range []string{"photos/me@home.jpg", "--op=watermark=a@b.png", "httpd:a", "http", "a:b@c"} {
		if kept := shownCommand([]string{arg})[0]; kept != arg {
			t.Errorf("%q is kept as %q", arg, kept)
		}
	}
}
