package store

import (
	"errors"
	"testing"
)

// TestASizeWithoutALabelIsNoFolder has templates whose names would begin with a slash, or have two in a row.
func TestASizeWithoutALabelIsNoFolder(t *testing.T) {
	for _, template := range []string{"{size}/{stem}.{ext}", "a/{size}/{stem}.{ext}"} {
		_, err := NewNamer(NameOptions{Template: template})
		if _, ok := errors.AsType[*TemplateError](err); !ok {
			t.Errorf("%s: got %v, want a TemplateError", template, err)
		}
		if _, err := NewNamer(NameOptions{Template: template, Labels: []string{"320", "640"}}); err != nil {
			t.Errorf("%s with labels: %v", template, err)
		}
	}
	if _, err := NewNamer(NameOptions{Template: "{stem}{size}.{ext}"}); err != nil {
		t.Error(err)
	}
}
