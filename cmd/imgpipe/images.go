package main

import (
	"slices"
	"strings"

	"imgpipe/fetch"
	"imgpipe/transform"
)

// unreadPhotos are the extensions of photos that cannot be read. A walk takes them all the same, since a photo that is
// not done should be a failure that is said. Camera raw files are left out: most have a JPEG beside them.
var unreadPhotos = []string{".jxl"}

// imageFiles are the extensions of the files that a walk takes.
func imageFiles() fetch.Extensions {
	all := transform.Extensions()
	for _, ext := range unreadPhotos {
		if !slices.Contains(all, ext) {
			all = append(all, ext)
		}
	}
	return all
}

// accepted are the media types that servers are asked for. Those of formats that cannot be written are wanted less, as
// their images have to be converted; other images least, and still more than what is none: some servers call all alike.
func accepted() string {
	var types []string
	for _, f := range transform.Formats() {
		if !f.Readable() {
			continue
		}
		mime := f.MIME()
		if !f.Writable() {
			mime += ";q=0.9"
		}
		types = append(types, mime)
	}
	return strings.Join(append(types, "image/*;q=0.6", "*/*;q=0.5"), ",")
}
