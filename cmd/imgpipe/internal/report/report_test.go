package report

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"

	"imgpipe/cmd/imgpipe/internal/bench"
)

var update = flag.Bool("update", false, "write the golden files anew")

type format func(io.Writer, *bench.Comparison) error

var formats = map[string]format{"txt": Text, "md": Markdown, "json": JSON, "csv": CSV, "bench": Bench}

func draw(t testing.TB, f format, c *bench.Comparison) string {
	t.Helper()
	var b bytes.Buffer
	if err := f(&b, c); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestFormatsAreAsTheGoldenFiles(t *testing.T) {
	c := comparison(t)
	for _, ext := range []string{"txt", "md", "csv", "bench"} {
		got := draw(t, formats[ext], c)
		name := filepath.Join("testdata", "comparison."+ext)
		if *update {
			if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
		}
	}
}
