package store

import (
	"fmt"
	"reflect"
	"testing"
)

// TestANameComesBackFromItsBytes compares all that a name of a URL is.
func TestANameComesBackFromItsBytes(t *testing.T) {
	namer, err := NewNamer(NameOptions{Folder: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 300 {
		source := fmt.Sprintf("http://h/%d/é.jpg?%d", i%7, i)
		name, err := namer.Plan(Source{Index: i, Source: source, URL: true, ID: source, Given: "given " + source})
		if err != nil {
			t.Fatal(err)
		}
		b, ok := name.Append([]byte("before"))
		again, err := namer.Restore(b[len("before"):])
		if !ok || err != nil || !reflect.DeepEqual(name, again) {
			t.Fatalf("%+v comes back as %+v, %v", name, again, err)
		}
		for cut := range len(b) - len("before") {
			_, _ = namer.Restore(b[len("before"):][:cut]) // it must not panic
		}
	}
	if _, ok := (Name{file: "a.jpg"}).Append(nil); ok {
		t.Error("the name of a file is taken")
	}
}
