package preset

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// files makes files in a new folder, which becomes the current one. The user's own files are in config.
func files(t *testing.T, texts map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	t.Chdir(dir)
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(dir, "config"))
	for name, text := range texts {
		err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o777), os.WriteFile(name, []byte(text), 0o666))
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// told returns presets as a text: name(key=values,…), the first that is extended first.
func told(chain []*Preset) string {
	var all []string
	for _, p := range chain {
		var parts []string
		for _, s := range p.Settings {
			parts = append(parts, s.Key+"="+strings.Join(s.Values, "+"))
		}
		all = append(all, p.Name+"("+strings.Join(parts, ",")+")")
	}
	return strings.Join(all, " ")
}

const sample = `# Presets.
[preset.base]
about = "what all have"
icc = "srgb"

[preset.web]
extends = "base"
resize = "1600x1600"
format = ["avif", "webp", "jpeg"]
quality = 80
min = 0.5
upscale = true
op = [
  "grayscale",
  'blur=1.5',
]

[preset]
short = { size = [320, 1280] }
`

func TestAPresetHasItsKeysAsTheyWouldBeTyped(t *testing.T) {
	files(t, map[string]string{FileName: sample})
	b, err := Open("")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"base": "base(icc=srgb)",
		"web": "base(icc=srgb) web(resize=1600x1600,format=avif+webp+jpeg,quality=80,min=0.5,upscale=true," +
			"op=grayscale+blur=1.5)",
		"short": "short(size=320+1280)",
	} {
		chain, err := b.Resolve(name)
		if err != nil || told(chain) != want {
			t.Errorf("%s: %s, %v; want %s", name, told(chain), err, want)
		}
	}
	chain, _ := b.Resolve("web")
	web := chain[1]
	for i, want := range []string{"8", "9", "10", "11", "12", "13"} {
		if at := web.Settings[i].At; at != FileName+":"+want {
			t.Errorf("%s is at %s, want line %s", web.Settings[i].Key, at, want)
		}
	}
	if web.At() != FileName+":6" || web.About != "" || chain[0].About != "what all have" {
		t.Errorf("web begins at %s; base is %q", web.At(), chain[0].About)
	}
}

func TestWhatIsWrongIsSaidWithItsLine(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"[preset.web]\nquality 80",
			FileName + ":2: "},
		{"[preset.web]\nquality = 80\nquality = 81",
			FileName + ":3: "},
		{"[presets.web]\nquality = 80",
			FileName + `:1: it has "presets": expected tables [preset.NAME]`},
		{"quality = 80",
			FileName + `:1: it has "quality": expected tables`},
		{"\npreset = 3",
			FileName + `:2: it has "preset": expected tables`},
		{"[preset]\nweb = 3",
			FileName + ":2: preset.web is a number: expected a table"},
		{"[[preset.web]]\nquality = 80",
			": preset.web is an array of tables: expected a table of flags"},
		{"[preset.\"a b\"]\nquality = 80",
			FileName + `:1: a preset is called "a b": expected letters`},
		{"[preset.web]\n\nquality = 2026-11-28",
			FileName + ":3: preset web: quality is a time: expected a text"},
		{"[preset.web]\nsize = [[1], [2]]",
			FileName + ":2: preset web: size is an array: expected"},
		{"[preset.web]\nsize = []",
			FileName + ":2: preset web: size is an empty array: expected"},
		{"[preset.web]\nsize = {a = 1}",
			"preset web: size is a table: expected"},
		{"[preset.web.size]\na = 1",
			FileName + ":1: preset web: size is a table: expected"},
		{"[preset.web]\nextends = [\"a\", \"b\"]",
			FileName + ":2: preset web: extends is an array: expected the name"},
		{"[preset.web]\nabout = true",
			FileName + ":2: preset web: about is true or false: expected a text"},
		{"[preset.web]\nextends = \"gone\"",
			FileName + `:1: preset web extends "gone": there is no such preset`},
		{"[preset.web]\nextends = \"web\"",
			`quality=92`}, // extends that which is built in
		{"[preset.a]\nextends = \"web\"\n[preset.web]\nextends = \"a\"",
			"extends itself, by way of"},
		{"\x00",
			FileName + ":1: "},
	} {
		text, want := c.text, c.want
		files(t, map[string]string{FileName: text})
		b, err := Open("")
		if err != nil {
			t.Fatal(err)
		}
		chain, err := b.Resolve("web")
		if want == "quality=92" {
			if err != nil || len(chain) != 2 || chain[0].File != "" {
				t.Errorf("%q: %s, %v", text, told(chain), err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), FileName) {
			t.Errorf("%q: %v\nwant %s", text, err, want)
		}
	}
}

func TestALongOrOddFileIsRefused(t *testing.T) {
	dir := files(t, map[string]string{
		"long.toml": "[preset.a]\n" + strings.Repeat("# more\n", 10_000),
		"deep.toml": "[preset.a]\nsize = " + strings.Repeat("[\n", 30_000) + strings.Repeat("]\n", 2_000),
		"dots.toml": "[preset.a]\n" + strings.Repeat("a.", 30_000) + "a = 1",
	})
	for file, want := range map[string]string{
		"long.toml": "over 65536 bytes", "deep.toml": "deep.toml:",
		"dots.toml": "dots.toml:2: the line has over 500 bytes",
		dir:         "expected a regular file", "gone.toml": "no such file",
	} {
		if _, err := Open(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", file, err, want)
		}
	}
}

func TestTheNearestFileGoesFirst(t *testing.T) {
	one := func(name string) string {
		return "[preset." + name + "]\nquality = 1\n[preset.both]\nname = \"" + name + "\""
	}
	dir := files(t, map[string]string{
		"repo/.git/HEAD": "", "repo/" + FileName: one("repo"), "repo/a/b/x": "", "repo/c/" + FileName: one("near"),
		"config/imgpipe/" + FileName: one("own"), FileName: one("above"), "free/d/x": "",
		"free/" + FileName: one("free"),
		"repo/sub/.git":    "gitdir: elsewhere", "repo/sub/e/x": "",
	})
	for at, want := range map[string]string{
		"repo":       "repo=" + FileName + " own=config",
		"repo/a/b":   "repo=" + filepath.Join("..", "..", FileName) + " own=config",
		"repo/c":     "near=" + FileName + " own=config",
		"repo/sub/e": "own=config", // a repository of its own
		"free":       "free=" + FileName + " own=config",
		"free/d":     "own=config", // in no repository, where anybody may write above
		".":          "above=" + FileName + " own=config",
	} {
		if err := os.Chdir(filepath.Join(dir, at)); err != nil {
			t.Fatal(err)
		}
		b, err := Open("")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range b.All(func(err error) { t.Error(err) }) {
			if p.Name != "both" && p.File != "" {
				file := p.File
				if filepath.IsAbs(file) {
					file = "config"
				}
				got = append(got, p.Name+"="+file)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("in %s: %q, want %s", at, got, want)
		}
		if both, err := b.Resolve("both"); err != nil || !strings.HasPrefix(want, both[0].Settings[0].Values[0]+"=") {
			t.Errorf("in %s: the nearest is %s, %v", at, told(both), err)
		}
	}
	// A file that is named is the only one, besides what is built in.
	b, err := Open(filepath.Join(dir, "free", FileName))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Resolve("own"); err == nil || !strings.Contains(err.Error(), "expected one of free, both, web") {
		t.Errorf("own, which another file has: %v", err)
	}
}

// TestAFileThatNobodyAskedForBreaksNothing: what is nearer goes without it.
func TestAFileThatNobodyAskedForBreaksNothing(t *testing.T) {
	files(t, map[string]string{FileName: sample, "config/imgpipe/" + FileName: "broken"})
	b, err := Open("")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Resolve("web"); err != nil {
		t.Error(err)
	}
	broken := filepath.Join("imgpipe", FileName) + ":1: "
	if _, err := b.Resolve("archive"); err == nil || !strings.Contains(err.Error(), broken) {
		t.Errorf("archive, which the broken file may have: %v", err)
	}
	bad := 0
	b.All(func(error) { bad++ })
	if bad != 1 {
		t.Errorf("%d files are broken, want 1", bad)
	}
}

// FuzzParse: each preset has a good name and each key a value and a line, or the error names the file.
func FuzzParse(f *testing.F) {
	f.Add(sample)
	f.Add("[preset.a]\nb.c = 1")
	f.Add("[[preset.a]]")
	f.Add("preset.a.b = [1, [2]]")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > mostBytes {
			return
		}
		presets, err := parse("f.toml", text)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "f.toml") {
				t.Errorf("the error names no file: %v", err)
			}
			return
		}
		for _, p := range presets {
			if !goodName.MatchString(p.Name) {
				t.Errorf("a preset is called %q", p.Name)
			}
			for _, s := range p.Settings {
				if len(s.Values) == 0 || !strings.HasPrefix(s.At, "f.toml") {
					t.Errorf("%s has %q at %s", s.Key, s.Values, s.At)
				}
			}
		}
	})
}
