package fetch

import "testing"

func TestStemIsTheNameWithoutItsExtension(t *testing.T) {
	for _, c := range []struct{ scheme, source, want string }{
		{"", "photos/IMG 1.JPG", "IMG 1"}, {"", "a.tar.png", "a.tar"}, {"", ".hidden", ".hidden"}, {"", "v1.0", "v1.0"},
		{"", "trip.2024.12.31", "trip.2024.12.31"}, {"", "a.longer-than-one", "a.longer-than-one"},
		{"https", "https://h/a/b%20c.png?x=y.z", "b c"}, {"https", "https://h/%2e%2e%2Fb.png", "../b"},
		{"https", "https://h/%252e.png", "%2e"}, {"https", "https://h/", "image"}, {"https", "https://h", "image"},
		{"http", `http://h\a\b.jpg`, "b"}, {"http", "http://h/50%.jpg", "image"}, {"http", "http://h/%zz/c.jpg", "c"},
	} {
		if got := (Item{Scheme: c.scheme, Source: c.source}).Stem(); got != c.want {
			t.Errorf("%s: %q, expected %q", c.source, got, c.want)
		}
	}
}
