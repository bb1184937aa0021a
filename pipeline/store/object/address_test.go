package object

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// TestAnAddressReadsBackAsItself has keys of all characters, and all parameters.
func TestAnAddressReadsBackAsItself(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	const odd = "ab/ %?#&=+\"'é🖼\t\n\x7f.-_~@:;,"
	runes := []rune(odd)
	for range 2000 {
		var key strings.Builder
		for range rnd.IntN(20) {
			key.WriteRune(runes[rnd.IntN(len(runes))])
		}
		a := Address{Bucket: "my-bucket", Key: key.String()}
		if checkKey(a.Key) != nil {
			continue
		}
		if rnd.IntN(2) == 0 {
			a.Endpoint = []string{"http://127.0.0.1:9000", "https://[::1]:1", "https://minio.example"}[rnd.IntN(3)]
		}
		if rnd.IntN(2) == 0 {
			a.Region, a.Profile, a.Anonymous = "eu-west-1", "me & you", true
		}
		text := a.String()
		if got, err := Parse(text); err != nil || got != a {
			t.Fatalf("%q reads back as %+v, %v; want %+v", text, got, err, a)
		}
		if strings.ContainsAny(text, "\t\n\x7f\"#") || text != strings.TrimSpace(text) {
			t.Fatalf("%q cannot stand in a list", text)
		}
	}
}

func TestAnAddressIsReadAsPeopleWriteIt(t *testing.T) {
	for text, want := range map[string]Address{
		"s3://bkt":                             {Bucket: "bkt"},
		"S3://bkt/":                            {Bucket: "bkt"},
		"s3://bkt/a/100%.jpg":                  {Bucket: "bkt", Key: "a/100%.jpg"},
		"s3://bkt/a%20b.jpg":                   {Bucket: "bkt", Key: "a b.jpg"},
		"s3://bkt/a?endpoint=HOST:9000":        {Bucket: "bkt", Key: "a", Endpoint: "https://host:9000"},
		"s3://bkt/a?endpoint=http%3A%2F%2Fh/":  {Bucket: "bkt", Key: "a", Endpoint: "http://h"},
		"s3://bkt/?region=x-1&&anonymous=true": {Bucket: "bkt", Region: "x-1", Anonymous: true},
	} {
		if got, err := Parse(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", text, got, err, want)
		}
	}
}

// TestABadAddressIsRefusedWithoutItsSecrets also wants each error to say what was expected.
func TestABadAddressIsRefusedWithoutItsSecrets(t *testing.T) {
	for _, text := range []string{
		"s3:bkt/a", "s3://", "s3:///a", "http://b/a", "s3://bkt!/a", "s3://key:hush@bkt/a", "s3://bkt/a?hush!",
		"s3://bkt/a?key=hush", "s3://bkt/a?endpoint=https://key:hush@h", "s3://bkt/a?endpoint=ftp://h",
		"s3://bkt/a?endpoint=https://h/hush", "s3://bkt/a?region=a%20b", "s3://bkt/a?anonymous=yes", "s3://bkt/../a",
		"s3://bkt/a/./c", "s3://bkt/" + strings.Repeat("k", 1025), "s3://bkt/%ff.jpg", "s3://-bkt/a", "s3://b/a",
		"s3://a..b/a",
	} {
		_, err := Parse(text)
		if err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestAPrefixContainsWhatLiesBelowIt(t *testing.T) {
	at := func(s string) Address {
		a, err := Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	for _, c := range []struct {
		folder, object string
		want           bool
	}{
		{"s3://bkt/x", "s3://bkt/x/a.jpg", true}, {"s3://bkt/x/", "s3://bkt/x/y/a.jpg", true},
		{"s3://bkt", "s3://bkt/a.jpg", true},
		{"s3://bkt/x", "s3://bkt/xy/a.jpg", false}, {"s3://bkt/x", "s3://other/x/a.jpg", false},
		{"s3://bkt/x?endpoint=http://h", "s3://bkt/x/a.jpg", false},
		{"s3://bkt/x?endpoint=http://h&region=r", "s3://bkt/x/a.jpg?endpoint=http://h", true},
	} {
		if got := at(c.folder).Contains(at(c.object)); got != c.want {
			t.Errorf("%s contains %s: %v", c.folder, c.object, got)
		}
	}
	t.Setenv("AWS_ENDPOINT_URL", "http://h")
	if !at("s3://bkt/x").Contains(at("s3://bkt/x/a.jpg?endpoint=http://h")) {
		t.Error("the endpoint of the environment is another one than the same by name")
	}
}

func FuzzParse(f *testing.F) {
	f.Add("s3://bkt/a b%20?endpoint=http://h:1&region=r")
	f.Fuzz(func(t *testing.T, s string) {
		a, err := Parse(s)
		if err != nil {
			return
		}
		if b, err := Parse(a.String()); err != nil || a != b {
			t.Errorf("%q is %+v, which reads back as %+v, %v", s, a, b, err)
		}
	})
}
