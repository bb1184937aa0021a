package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"imgpipe/cmd/imgpipe/internal/flags"
	"imgpipe/cmd/imgpipe/internal/preset"
)

// inPresets has a file of presets in a new folder, and no other.
func inPresets(t *testing.T, text string) {
	t.Helper()
	t.Chdir(t.TempDir())
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	if err := os.WriteFile(preset.FileName, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// parsed returns the flags of imgpipe run for a command line, with its presets applied.
func parsed(t *testing.T, args ...string) (*runFlags, error) {
	t.Helper()
	set := newRunSet()
	f := addRunFlags(set)
	if err := set.Parse(args); err != nil {
		t.Fatal(err)
	}
	return f, f.preset.apply(set.Lookup)
}

// held is what flags hold, as a text.
func held(f *runFlags) string {
	return fmt.Sprintf("%+v\n%+v\n%+v\n%+v\n%+v\n%+v", f.picture, f.exec, f.limits, f.download, f.input, f.output)
}

// sampleValues are good values for flags whose defaults are none.
var sampleValues = map[string]string{
	"resize": `"80x60"`, "size": `[80, "60x"]`, "op": `["grayscale"]`, "gravity": `"north"`, "filter": `"box"`,
	"background": `"#fff"`, "memory": `"1GB"`, "min-speed": "5", "user-agent": `"me"`, "allow-host": `["a.example"]`,
	"deny-host": `["b.example"]`, "max-failures": "3", "max-time": `"2h"`, "include": `["*.jpg"]`,
	"exclude": `["raw/"]`, "quality": "80", "compression": "9", "colors": "16", "worker-memory": `"1GB"`,
	"name": `"{stem}.{ext}"`, "format": `["jpeg", "png"]`, "workers": "7", "downloads": "3", "max-bytes": `"1MB"`,
	"max-pixels": `"1MP"`, "item-timeout": `"5s"`, "timeout": `"6s"`, "connect-timeout": `"7s"`,
	"retries": "4", "per-host": "5", "recycle": "6",
	"min-size": "64", "max-aspect": "2.5", "rate": "0.5", "header": `["X-Key: secret"]`,
	"referer": `"https://a.example/"`,
}

// TestAPresetSetsWhatTheCommandLineWould goes through all flags of imgpipe run. Each is set by a preset to what the
// command line would set it to, or is refused by name.
func TestAPresetSetsWhatTheCommandLineWould(t *testing.T) {
	table := newRunSet()
	addRunFlags(table)
	may, refused := 0, 0
	table.VisitAll(func(flag *pflag.Flag) {
		value := sampleValues[flag.Name]
		if words := flags.Words(flag); value == "" && words != nil {
			value = `"` + words[len(words)-1] + `"`
		}
		if value == "" && flag.NoOptDefVal != "" {
			value = "true"
		}
		if value == "" {
			value = `"x"`
		}
		inPresets(t, "[preset.one]\n"+flag.Name+" = "+value)
		f, err := parsed(t, "--preset", "one")
		if !maySet(flag) {
			refused++
			if err == nil || !strings.Contains(err.Error(), "--"+flag.Name+" is for the command line alone") ||
				!strings.Contains(err.Error(), preset.FileName+":2: preset one") {
				t.Errorf("--%s: %v", flag.Name, err)
			}
			return
		}
		may++
		if err != nil {
			t.Errorf("%v", err)
			return
		}
		var args []string
		for _, v := range typedValues(flag, setting(t, value)) {
			args = append(args, "--"+flag.Name+"="+v)
		}
		typed, err := parsed(t, args...)
		if err != nil {
			t.Fatal(err)
		}
		untouched, err := parsed(t)
		if err != nil {
			t.Fatal(err)
		}
		if held(f) != held(typed) {
			t.Errorf("--%s: a preset makes the flags\n%s\nthe command line\n%s", flag.Name, held(f), held(typed))
		}
		if held(f) == held(untouched) {
			t.Errorf("--%s: %s is its default, so nothing is seen", flag.Name, value)
		}
		if f.set.Changed(flag.Name) {
			t.Errorf("--%s counts as typed", flag.Name)
		}
	})
	if may < 30 || refused < 20 {
		t.Errorf("presets may set %d flags, and not %d: the test does not see them", may, refused)
	}
	topic, _ := topicNamed("presets")
	table.VisitAll(func(flag *pflag.Flag) {
		if flags.Heading(flag) == downloadHeading && !flag.Hidden && !maySet(flag) &&
			!strings.Contains(topic.text, "--"+flag.Name) {
			t.Errorf("the topic of presets does not say that they cannot set --%s", flag.Name)
		}
	})
	for _, name := range []string{
		"output", "input-list", "on-exist", "force", "isolate", "preset", "preset-file", "follow", "root",
		"report", "failed-list", "manifest", "trace", "dry-run", "stage", "in-place", "backup", "prune",
		"ignore-opt-out", "public-only", "allow-host", "deny-host", "header", "referer",
	} {
		if flag := table.Lookup(name); flag == nil || maySet(flag) {
			t.Errorf("a preset may set --%s", name)
		}
	}
}

// setting reads a value as a preset has it.
func setting(t *testing.T, value string) preset.Setting {
	t.Helper()
	file := filepath.Join(t.TempDir(), "one.toml")
	if err := os.WriteFile(file, []byte("[preset.one]\nkey = "+value), 0o666); err != nil {
		t.Fatal(err)
	}
	book, err := preset.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	chain, err := book.Resolve("one")
	if err != nil {
		t.Fatal(err)
	}
	return chain[0].Settings[0]
}

// TestPresetsThatAreBuiltInAreGood: each can be used, says what it is for, and is in the topic.
func TestPresetsThatAreBuiltInAreGood(t *testing.T) {
	inPresets(t, "")
	book, err := preset.Open("")
	if err != nil {
		t.Fatal(err)
	}
	all := book.All(func(err error) { t.Error(err) })
	if len(all) < 3 {
		t.Errorf("%d presets are built in", len(all))
	}
	topic, _ := topicNamed("presets")
	for _, p := range all {
		f, err := parsed(t, "--preset", p.Name, "-o", "out", "photos")
		if err != nil {
			t.Error(err)
			continue
		}
		f.finalize([]string{"photos"})
		if err := f.check(); err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
		if idle := f.idle(); idle != "" {
			t.Errorf("%s: %s", p.Name, idle)
		}
		if spec, err := f.picture.spec(); err != nil || spec.String() == "" {
			t.Errorf("%s: %v, %v", p.Name, spec, err)
		}
		if p.About == "" || !strings.Contains(topic.text, "\n  "+p.Name+" ") {
			t.Errorf("%s is about %q, and is in the topic: %v", p.Name, p.About, strings.Contains(topic.text, p.Name))
		}
	}
}

// TestPresetsAreCompleted asks as a shell does.
func TestPresetsAreCompleted(t *testing.T) {
	inPresets(t, "[preset.mine]\nabout = \"of my own\"\nquality = 80")
	for _, args := range [][]string{
		{"run", "--preset", ""}, {"presets", ""}, {"compare", "--preset", ""}, {"info", "--preset", ""},
	} {
		var out, errs bytes.Buffer
		args = slices.Insert(args, 0, "__complete")
		if code := run(context.Background(), args, nil, &out, &errs); code != exitOK {
			t.Errorf("%q: status %d: %s", args, code, &errs)
		}
		if got := out.String(); !strings.Contains(got, "mine\tof my own\n") || !strings.Contains(got, "thumbs\t") {
			t.Errorf("%q: %s", args, got)
		}
	}
}

func TestAWordForAShellIsReadAsItIs(t *testing.T) {
	for _, word := range []string{"", "a", "--name={dir}/{stem}.{ext}", "it's", `a "b" \c`, "a\tb", "$x `y`", "ä*?"} {
		words, err := splitWords(shellWord(word))
		if err != nil || len(words) != 1 || words[0] != word {
			t.Errorf("%q is written as %s and read as %q, %v", word, shellWord(word), words, err)
		}
	}
}
