package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// toyProgram builds the program with a format more: the file testdata/toy/ppm.go in package transform, and the row
// testdata/toy/row.txt at the end of the table in format.go. Nothing else is changed.
func toyProgram(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: it would build the whole program")
	}
	dir := t.TempDir()
	read := func(path ...string) string {
		b, err := os.ReadFile(filepath.Join(path...))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	transform, err := filepath.Abs(filepath.Join("..", "..", "transform"))
	if err != nil {
		t.Fatal(err)
	}
	table := read(transform, "format.go")
	at := strings.Index(table, "\n}\n\n// A format is a row")
	if at < 0 {
		t.Fatal("format.go has no end of the table")
	}
	row := read("testdata", "toy", "row.txt")
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {
		filepath.Join(transform, "format.go"): write("format.go", table[:at+1]+row+table[at+1:]),
		filepath.Join(transform, "ppm.go"):    write("ppm.go", read("testdata", "toy", "ppm.go")),
	}})
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "imgpipe-toy")
	build := exec.Command("go", "build", "-overlay", write("overlay.json", string(overlay)), "-o", program, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// TestAFormatIsOneFileAndOneRow runs a program that has one format more. All that was added to it is one file and one
// row of the table.
func TestAFormatIsOneFileAndOneRow(t *testing.T) {
	program, dir := toyProgram(t), t.TempDir()
	run := func(args ...string) (string, error) {
		cmd := exec.Command(program, args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if err := writePicture(filepath.Join(dir, "in", "trip", "a.png"), 40, 30); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "new.jp2"), []byte("\x00\x00\x00\x0cjP  \r\n\x87\n"), 0o644); err != nil {
		t.Fatal(err)
	}

	// It is listed wherever formats are.
	for _, c := range []struct {
		args []string
		want string
		ok   bool
	}{
		{[]string{"--version"}, " ppm\nwrites ", true}, // the end of what is read
		{[]string{"run", "--help"}, "|ppm", true},
		{[]string{"run", "-o", "no", "--format", "xyz", "in"}, " or ppm", false},
		{[]string{"run", "-o", "no", "--format", "ppm", "--quality", "7", "in"}, "expected no --format ppm", false},
		{[]string{"run", "-o", "no", "new.jp2"}, " or PPM", false},
	} {
		if out, err := run(c.args...); !strings.Contains(out, c.want) || (err == nil) != c.ok {
			t.Errorf("imgpipe %s: %v, want %q in\n%s", strings.Join(c.args, " "), err, c.want, out)
		}
	}

	// It is written and named, walked and read, and kept, in this process and in workers.
	for _, mode := range []string{"goroutines", "processes"} {
		written, back, kept := "ppm-"+mode, "back-"+mode, "kept-"+mode
		for _, args := range [][]string{
			{"-o", written, "--format", "ppm", "in"},
			{"-o", back, "--format", "png", written},
			{"-o", kept, "--resize", "20x20", written},
		} {
			if out, err := run(append([]string{"run", "-q", "-m", mode}, args...)...); err != nil {
				t.Fatalf("run %q: %v\n%s", args, err, out)
			}
		}
		toy, err := os.ReadFile(filepath.Join(dir, written, "trip", "a.ppm"))
		if err != nil || !bytes.HasPrefix(toy, []byte("P6\n40 30\n255\n")) {
			t.Errorf("%s: %v, a file of %d bytes", mode, err, len(toy))
		}
		small, err := os.ReadFile(filepath.Join(dir, kept, "trip", "a.ppm"))
		if err != nil || !bytes.HasPrefix(small, []byte("P6\n20 15\n255\n")) {
			t.Errorf("%s: %v, a file of %d bytes", mode, err, len(small))
		}
		before, after := pictureIn(t, dir, "in"), pictureIn(t, dir, back)
		if before.Bounds() != after.Bounds() || fmt.Sprint(before.At(7, 20)) != fmt.Sprint(after.At(7, 20)) {
			t.Errorf("%s: %v became %v", mode, before.At(7, 20), after.At(7, 20))
		}
		out, err := run("run", "-o", written, "--format", "ppm", "in")
		if err != nil || !strings.Contains(out, "1 skipped") {
			t.Errorf("%s: a second run: %v\n%s", mode, err, out)
		}
	}
}

// pictureIn reads trip/a.png in a folder.
func pictureIn(t *testing.T, dir, sub string) image.Image {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, sub, "trip", "a.png"))
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return img
}
