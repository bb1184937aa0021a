package main

import (
	"strings"
	"testing"

	"imgpipe/transform"
)

// TestServersAreAskedForWhatCanBeRead holds the header field and the extensions to the table of formats.
func TestServersAreAskedForWhatCanBeRead(t *testing.T) {
	got := accepted()
	for _, f := range transform.Formats() {
		if f.Readable() && !strings.Contains(got, f.MIME()+",") && !strings.Contains(got, f.MIME()+";q=0.9,") {
			t.Errorf("%s does not name %s", got, f.MIME())
		}
	}
	if !strings.HasPrefix(got, "image/jpeg,") || !strings.HasSuffix(got, ",image/avif,image/*;q=0.6,*/*;q=0.5") {
		t.Errorf("got %s; want what can be read, other images, and then anything", got)
	}
	for _, ext := range append(transform.Extensions(), unreadPhotos...) {
		if !imageFiles().Has("PHOTO" + ext) {
			t.Errorf("a folder's %s is not taken", ext)
		}
	}
}
