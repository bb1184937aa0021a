package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"imgpipe/pipeline"
)

// snapshot gives everything below dir: kinds, contents, and where links lead.
func snapshot(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fmt.Fprint(&all, p, d.Type())
		switch {
		case d.Type().IsRegular():
			b, err := os.ReadFile(p)
			fmt.Fprintf(&all, "%q\n", b)
			return err
		case d.Type()&fs.ModeSymlink != 0:
			to, err := os.Readlink(p)
			fmt.Fprintln(&all, to)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

func TestWhatIsNoLedgerIsNeverChanged(t *testing.T) {
	for name, make := range map[string]func(path string) error{
		"notes":                func(p string) error { return os.WriteFile(p, []byte("my notes\n"), 0o644) },
		"notes without an end": func(p string) error { return os.WriteFile(p, []byte("my notes"), 0o644) },
		"a letter":             func(p string) error { return os.WriteFile(p, []byte("x"), 0o644) },
		"another program's JSON": func(p string) error {
			return os.WriteFile(p, []byte(`{"id":"1","status":"done","source":"x"}`+"\n"), 0o644)
		},
		"JSON over several lines": func(p string) error {
			return os.WriteFile(p, []byte("[\n  {\"v\": 1, \"status\": \"done\"\n}]\n"), 0o644)
		},
		"a picture": func(p string) error {
			return os.WriteFile(p, []byte("\xff\xd8\xff\xe0\x00\x10JFIF\x00\n\x00"), 0o644)
		},
		"NUL and notes": func(p string) error { return os.WriteFile(p, []byte("\x00\x00my notes"), 0o644) },
		"a folder":      func(p string) error { return os.Mkdir(p, 0o755) },
		"a link": func(p string) error {
			return errors.Join(os.WriteFile(p+".other", nil, 0o644), os.Symlink(filepath.Base(p)+".other", p))
		},
		"a link to nothing": func(p string) error { return os.Symlink("nowhere", p) },
	} {
		t.Run(name, func(t *testing.T) {
			for _, readOnly := range []bool{false, true} {
				dir := t.TempDir()
				if err := make(ledger(dir)); err != nil {
					t.Skip("such a file cannot be made here:", err)
				}
				if err := os.MkdirAll(filepath.Join(dir, TempName), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, TempName, "7"), []byte("left"), 0o644); err != nil {
					t.Fatal(err)
				}
				before := snapshot(t, dir)
				_, err := Open(dir, Options{ReadOnly: readOnly})
				wantClass(t, err, pipeline.ClassLedger, true)
				if after := snapshot(t, dir); after != before {
					t.Errorf("before\n%s\nafter\n%s", before, after)
				}
			}
		})
	}
}

// anew writes a ledger as other programs would.
var anew = map[string]func(text []byte) []byte{
	"CR LF":            func(text []byte) []byte { return bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")) },
	"byte order mark":  func(text []byte) []byte { return append([]byte("\ufeff"), text...) },
	"no last newline":  func(text []byte) []byte { return rewrite(text, false) },
	"other JSON":       func(text []byte) []byte { return rewrite(text, true) },
	"a line of NULs":   func(text []byte) []byte { return append(make([]byte, 4096), text...) },
	"a tail of NULs":   func(text []byte) []byte { return append(bytes.Clone(text), make([]byte, 8192)...) },
	"an empty line":    func(text []byte) []byte { return append([]byte("\n"), text...) },
	"a foreign ending": func(text []byte) []byte { return append(bytes.Clone(text), "my remark"...) },
}

// rewrite sorts the fields and puts blanks between them.
func rewrite(text []byte, newline bool) []byte {
	var all []byte
	for line := range bytes.Lines(text) {
		var fields map[string]any
		if err := json.Unmarshal(line, &fields); err != nil {
			panic(err)
		}
		b, _ := json.Marshal(fields)
		if len(all) > 0 {
			all = append(all, '\n')
		}
		all = append(all, bytes.ReplaceAll(b, []byte(`","`), []byte(`" , "`))...)
	}
	if newline {
		all = append(all, '\n')
	}
	return all
}

func TestLedgerThatWasWrittenAnewIsRead(t *testing.T) {
	for name, by := range anew {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := job(t, open(t, dir, Options{}), 3); err != nil {
				t.Fatal(err)
			}
			text := by(readLedger(t, dir))
			if err := os.WriteFile(ledger(dir), text, 0o644); err != nil {
				t.Fatal(err)
			}
			for _, items := range []int{3, 4, 4} {
				calls := 0
				s := open(t, dir, Options{Fault: func(op, _ string) error {
					if op == "append" {
						calls++
					}
					return nil
				}})
				lines := len(s.lines)
				if err := job(t, s, items); err != nil {
					t.Fatal(err)
				}
				if want := items - lines; calls != want {
					t.Errorf("%d items: %d lines were read, %d were written", items, lines, calls)
				}
			}
			want := bytes.TrimRight(text, "\x00")
			if got := readLedger(t, dir); !bytes.HasPrefix(got, want) {
				t.Errorf("the ledger was\n%q\nand is\n%q", want, got)
			}
		})
	}
}

// TestLedgerThatVanishesIsNoticed does things to the ledger while a run goes on. In the end the ledger has all
// lines, or the run has failed, what took the name is as it was, and the next run continues.
func TestLedgerThatVanishesIsNoticed(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("an open file stays there")
	}
	for _, c := range []struct {
		what  string
		harm  func(dir string) error
		fails bool
	}{
		{"nothing", func(string) error { return nil }, false},
		{"removed", func(dir string) error { return os.Remove(ledger(dir)) }, false},
		{"moved away", func(dir string) error { return os.Rename(ledger(dir), ledger(dir)+".bak") }, false},
		{"saved by an editor", func(dir string) error {
			return replace(dir, func(b []byte) []byte { return b })
		}, false},
		{"an older copy", func(dir string) error {
			return replace(dir, func(b []byte) []byte { return b[:bytes.IndexByte(b, '\n')+1] })
		}, false},
		{"an empty file", func(dir string) error { return replace(dir, func([]byte) []byte { return nil }) }, false},
		{"notes", func(dir string) error {
			return replace(dir, func([]byte) []byte { return []byte("my notes\n") })
		}, true},
		{"notes at its end", func(dir string) error {
			return replace(dir, func(b []byte) []byte { return append(b, "my notes\n"...) })
		}, true},
		{"an edited line", func(dir string) error {
			return replace(dir, func(b []byte) []byte { return bytes.Replace(b, []byte("0.png"), []byte("9.png"), 1) })
		}, true},
		{"a folder", func(dir string) error {
			return errors.Join(os.Remove(ledger(dir)), os.Mkdir(ledger(dir), 0o755))
		}, true},
		{"a link", func(dir string) error {
			return errors.Join(os.Rename(ledger(dir), ledger(dir)+".bak"), os.Symlink(LedgerName+".bak", ledger(dir)))
		}, true},
		{"cut", func(dir string) error { return os.Truncate(ledger(dir), 10) }, true},
		{"longer", func(dir string) error {
			f, err := os.OpenFile(ledger(dir), os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			_, err = f.WriteString("my notes\n")
			return errors.Join(err, f.Close())
		}, true},
	} {
		for _, flushed := range []bool{false, true} {
			t.Run(fmt.Sprint(c.what, flushed), func(t *testing.T) {
				dir := t.TempDir()
				s := open(t, dir, Options{})
				put := func(i int) error {
					name := named(t, fmt.Sprintf("%d.png", i))
					name.index = i
					outs, err := s.Put(name, jpg(fmt.Sprint("picture ", i)))
					if err != nil {
						t.Fatal(err)
					}
					return s.Append(Entry{Status: pipeline.Done, Source: fmt.Sprintf("%d.png", i), Outputs: outs})
				}
				for i := range 3 {
					if err := put(i); err != nil {
						t.Fatal(err)
					}
				}
				if flushed {
					if err := s.flush(); err != nil {
						t.Fatal(err)
					}
				} else if c.what == "cut" || c.what == "an edited line" || c.what == "an older copy" {
					t.Skip("there is nothing yet")
				}
				if err := c.harm(dir); err != nil {
					t.Fatal(err)
				}
				kept := ""
				if c.fails {
					kept = snapshot(t, ledger(dir))
				}
				if err := put(3); err != nil {
					t.Fatal(err)
				}
				err := s.Close()
				if told := len(s.Warnings()) > 0; told != (c.what == "removed" || c.what == "moved away") {
					t.Errorf("warnings: %q", s.Warnings())
				}
				if !c.fails {
					if err != nil {
						t.Fatal(err)
					}
					if n := bytes.Count(readLedger(t, dir), []byte("\n")); n != 4 {
						t.Errorf("the ledger has %d lines", n)
					}
				} else if wantClass(t, err, pipeline.ClassLedger, true); snapshot(t, ledger(dir)) != kept {
					t.Errorf("it was\n%s\nand is\n%s", kept, snapshot(t, ledger(dir)))
				}
				s, err = Open(dir, Options{})
				if err != nil {
					wantClass(t, err, pipeline.ClassLedger, true)
					if err := os.RemoveAll(ledger(dir)); err != nil {
						t.Fatal(err)
					}
					s = open(t, dir, Options{})
				}
				for i := range 4 {
					if own := s.owned[pathHash(fmt.Sprintf("%d.jpg", i))]; own.line <= 0 && c.what != "cut" {
						t.Errorf("%d.jpg is not known for ours", i)
					}
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
				if _, err := os.Lstat(filepath.Join(dir, TempName)); err == nil {
					t.Errorf("%s stays", TempName)
				}
			})
		}
	}
}

// replace has an editor save the ledger.
func replace(dir string, edit func([]byte) []byte) error {
	b, err := os.ReadFile(ledger(dir))
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(ledger(dir)+"~", edit(b), 0o644), os.Rename(ledger(dir)+"~", ledger(dir)))
}

func TestTwoRunsNeverWriteAtOnceThoughTheLedgerIsGone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("an open file stays there")
	}
	dir := t.TempDir()
	s := open(t, dir, Options{})
	if err := s.Append(Entry{Status: pipeline.Failed, Source: "a"}); err != nil {
		t.Fatal(err)
	}
	for _, harm := range []func() error{
		func() error { return os.Remove(ledger(dir)) },
		func() error { return os.WriteFile(ledger(dir), nil, 0o644) },
	} {
		if err := harm(); err != nil {
			t.Fatal(err)
		}
		_, err := Open(dir, Options{})
		wantClass(t, err, pipeline.ClassLocked, true)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, Options{})
	if _, ok := s.Last(Key{Source: "a"}); !ok {
		t.Error("the line is lost")
	}
}

func TestLedgerWithOtherNamesIsCopied(t *testing.T) {
	dir := t.TempDir()
	if err := job(t, open(t, dir, Options{}), 2); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "copy")
	if err := os.Link(ledger(dir), other); err != nil {
		t.Skip("a file cannot have two names here:", err)
	}
	before := readLedger(t, dir)
	if err := job(t, open(t, dir, Options{}), 3); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(other); err != nil || !bytes.Equal(got, before) {
		t.Errorf("the file of the other name was changed to %q: %v", got, err)
	}
	if got := readLedger(t, dir); bytes.Count(got, []byte("\n")) != 3 || !bytes.HasPrefix(got, before) {
		t.Errorf("the ledger is %q", got)
	}
}
