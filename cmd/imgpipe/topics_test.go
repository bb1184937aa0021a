package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/pipeline"
	"imgpipe/pipeline/store"
	"imgpipe/transform"
)

func TestTopicsFitATerminal(t *testing.T) {
	for _, topic := range topics() {
		if topic.about == "" || strings.HasSuffix(topic.about, ".") || len(topic.about) > 60 {
			t.Errorf("%s: it is about %q, want a phrase of at most 60 bytes", topic.name, topic.about)
		}
		for line := range strings.SplitSeq(topic.text, "\n") {
			if utf8.RuneCountInString(line) > topicWidth || strings.TrimRight(line, " \t") != line {
				t.Errorf("%s: the line %q is too long, or ends in blanks", topic.name, line)
			}
			if strings.Contains(line, "{{") {
				t.Errorf("%s: no list stands for %q", topic.name, line)
			}
		}
	}
}

// flagWord is a long flag in a text.
var flagWord = regexp.MustCompile(`(^|[\s(])--([a-z][a-z-]*)`)

func TestTopicsNameOnlyWhatThereIs(t *testing.T) {
	root := newRoot()
	names := append(helpNames(root, false), "help")
	known := map[string]bool{"help": true}
	for _, cmd := range root.Commands() {
		for _, word := range flagWord.FindAllStringSubmatch(cmd.LocalFlags().FlagUsages(), -1) {
			known[word[2]] = true
		}
	}
	for _, topic := range topics() {
		for _, seen := range regexp.MustCompile(`imgpipe help ([a-z0-9-]+)`).FindAllStringSubmatch(topic.text, -1) {
			if !slices.Contains(names, seen[1]) {
				t.Errorf("%s: there is no 'imgpipe help %s'", topic.name, seen[1])
			}
		}
		for line := range strings.SplitSeq(topic.text, "\n") {
			if strings.HasPrefix(topic.name, "from-") {
				_, line, _ = strings.Cut(strings.TrimSpace(line), "  ") // theirs stands on the left
			}
			for _, word := range flagWord.FindAllStringSubmatch(line, -1) {
				if !known[word[2]] {
					t.Errorf("%s: there is no flag --%s in %q", topic.name, word[2], line)
				}
			}
			for _, op := range regexp.MustCompile(`--op ([^\s]+)`).FindAllStringSubmatch(line, -1) {
				if _, err := transform.ParseOp(strings.Trim(op[1], `,'"`)); err != nil {
					t.Errorf("%s: %v in %q", topic.name, err, line)
				}
			}
		}
	}
}

// TestCommandsInTopicsAreAccepted runs each command of each topic: 'imgpipe run' with --dry-run, help and lists as they
// are; of other commands it reads the command line.
func TestCommandsInTopicsAreAccepted(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, picture := range []string{"a.jpg", "b.png", "logo.png", "photos/a.jpg", "photos/trip/c.jpg"} {
		if err := writePicture(picture, 40, 30); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{
		"urls.txt": "http://127.0.0.1:1/a.jpg\n",
		"set.csv":  "url,image_url,caption,width\nhttp://127.0.0.1:1/a.jpg,http://127.0.0.1:1/b.jpg,a,1\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	server := newObjectServer(t)
	for key, file := range map[string]string{"photos/a.jpg": "a.jpg", "lists/urls.txt": "urls.txt"} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		server.put(t, key, string(data))
	}
	count := 0
	for _, topic := range topics() {
		for _, command := range commandsIn(topic.text) {
			count++
			t.Run(topic.name+"/"+command, func(t *testing.T) { accept(t, shellWords(t, command)) })
		}
	}
	if count < 60 {
		t.Errorf("the topics have %d commands, want the recipes and what users of other tools write", count)
	}
}

// accept checks a command line without the name of the program.
func accept(t *testing.T, args []string) {
	root := newRoot()
	cmd, rest, err := root.Find(args)
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.ParseFlags(rest); err != nil {
		t.Fatal(err)
	}
	if err := cmd.ValidateArgs(cmd.Flags().Args()); err != nil {
		t.Fatal(err)
	}
	switch args[0] {
	case "run":
		args = append(slices.Clone(args), "-n")
		for _, name := range []string{"--report", "--failed-list", "--trace", "--manifest"} { // which a dry run refuses
			if i := slices.Index(args, name); i >= 0 {
				args = slices.Delete(args, i, i+2)
			}
		}
	case "help", "ops":
	default:
		return
	}
	list := "photos/a.jpg\n"
	if slices.Contains(args, "-0") {
		list = "photos/a.jpg\x00"
	}
	var said strings.Builder
	if status := run(context.Background(), args, strings.NewReader(list), io.Discard, &said); status != exitOK {
		t.Errorf("status %d: %s", status, &said)
	}
}

// commandsIn returns the commands of imgpipe in a text, each from behind its name to the end of its line. A line that
// ends in a pipe goes on in the next.
func commandsIn(text string) (commands []string) {
	line := regexp.MustCompile(`(?m)^ {4,}(?:.*\| *)?(?:[A-Z_]+=\S+ )?imgpipe ([a-z]+ ?.*)$`)
	for _, found := range line.FindAllStringSubmatch(strings.ReplaceAll(text, "|\n", "|"), -1) {
		word, _, _ := strings.Cut(found[1], " ")
		for _, cmd := range newRoot().Commands() {
			if cmd.Name() == word || word == "help" {
				commands = append(commands, found[1])
				break
			}
		}
	}
	return commands
}

// shellWords splits a command as a shell does that knows quotes alone.
func shellWords(t *testing.T, command string) (words []string) {
	t.Helper()
	for _, found := range regexp.MustCompile(`'[^']*'|"[^"]*"|[^\s'"]+`).FindAllString(command, -1) {
		if strings.ContainsAny(found, "*?$&|;<>") && !strings.ContainsAny(found[:1], `'"`) {
			t.Errorf("a shell would change %s", found)
		}
		words = append(words, strings.Trim(found, `'"`))
	}
	return words
}

func TestTopicsListWhatTheTablesHave(t *testing.T) {
	want := map[string][]string{"modes": modes.Names()}
	for _, c := range pipeline.Classes() {
		want["classes"] = append(want["classes"], c.Name)
	}
	for _, f := range transform.Formats() {
		want["formats"] = append(want["formats"], f.Title())
	}
	for name, words := range want {
		topic, ok := topicNamed(name)
		if !ok {
			t.Errorf("there is no topic %s", name)
		}
		for _, word := range words {
			if !strings.Contains(topic.text, "\n  "+word+" ") {
				t.Errorf("the topic %s does not list %s", name, word)
			}
		}
	}
}

func TestLedgerTopicHasEveryFieldOfALine(t *testing.T) {
	topic, _ := topicNamed("ledger")
	listed := map[string]bool{}
	row := regexp.MustCompile(`(?m)^ {2,4}([a-z0-9_]+)(, [a-z]+)? {2,}`)
	for _, found := range row.FindAllStringSubmatch(topic.text, -1) {
		listed[found[1]] = true
		if found[2] != "" {
			listed[found[2][2:]] = true
		}
	}
	fields := map[string]bool{}
	addFields(fields, reflect.TypeFor[store.Entry]())
	addFields(fields, reflect.TypeFor[pipeline.Output]())
	for name := range fields {
		if !listed[name] {
			t.Errorf("the topic does not list the field %q", name)
		}
	}
	for name := range listed {
		if !fields[name] {
			t.Errorf("the topic lists %q, which no line has", name)
		}
	}
	stages := map[string]bool{}
	addFields(stages, reflect.TypeFor[store.Stages]())
	_, ms, _ := strings.Cut(topic.text, "\n  ms ")
	ms, _, _ = strings.Cut(ms, "\n  time ")
	for name := range stages {
		if !strings.Contains(ms, name) {
			t.Errorf("the topic does not list the stage %q", name)
		}
	}
}

// TestReportTopicHasEveryFieldOfAReport, and every entry of an account.
func TestReportTopicHasEveryFieldOfAReport(t *testing.T) {
	topic, _ := topicNamed("report")
	fields := map[string]bool{}
	addFields(fields, reflect.TypeFor[summary.Summary]())
	addFields(fields, reflect.TypeFor[summary.Conditions]())
	delete(fields, "gc_cpu_s") // of old files
	delete(fields, "")
	for name := range fields {
		if !regexp.MustCompile(`\b` + name + `\b`).MatchString(topic.text) {
			t.Errorf("the topic does not have the field %q", name)
		}
	}
	for name := range wordsWithLine(topic.text) {
		if !fields[name] {
			t.Errorf("the topic has %q, which no report has", name)
		}
	}
	for _, row := range pipeline.Entries() {
		if !regexp.MustCompile(`(?m)^ {2,4}` + string(row.Entry) + ` +` + regexp.QuoteMeta(row.Word)).MatchString(
			topic.text) {
			t.Errorf("the topic does not list the entry %q", row.Entry)
		}
	}
}

// wordsWithLine returns the words of a text that have an underscore, but for entries of an account.
func wordsWithLine(text string) map[string]bool {
	words := map[string]bool{}
	for _, word := range regexp.MustCompile(`[a-z]+(_[a-z]+)+`).FindAllString(text, -1) {
		words[word] = true
	}
	for _, row := range pipeline.Entries() {
		delete(words, string(row.Entry))
	}
	delete(words, "spent_s") // of the account
	return words
}

// addFields adds the names that the fields of a struct have in JSON.
func addFields(names map[string]bool, of reflect.Type) {
	for i := range of.NumField() {
		name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
		names[name] = true
	}
}

// TestHelpFitsATerminal holds the help of every command to 80 columns.
func TestHelpFitsATerminal(t *testing.T) {
	t.Setenv("COLUMNS", "")
	for _, cmd := range append(newRoot().Commands(), newRoot()) {
		var text strings.Builder
		writeHelp(&text, cmd, usualWidth, false)
		for line := range strings.SplitSeq(text.String(), "\n") {
			if utf8.RuneCountInString(line) > usualWidth {
				t.Errorf("%s --help: the line %q is too long", cmd.CommandPath(), line)
			}
		}
	}
}

// TestBriefHelpFitsOneScreen holds -h to a terminal of 80 columns and some 40 lines.
func TestBriefHelpFitsOneScreen(t *testing.T) {
	for _, name := range []string{"run", "compare"} {
		var text strings.Builder
		if status := run(context.Background(), []string{name, "-h"}, nil, &text, io.Discard); status != exitOK {
			t.Errorf("%s -h: status %d", name, status)
		}
		lines := strings.Split(strings.TrimSuffix(text.String(), "\n"), "\n")
		if len(lines) < 24 || len(lines) > 40 {
			t.Errorf("%s -h has %d lines, want 24 to 40", name, len(lines))
		}
		for _, line := range lines {
			if utf8.RuneCountInString(line) > usualWidth {
				t.Errorf("%s -h: the line %q is too long", name, line)
			}
		}
	}
}

func TestHelpIsWrappedToColumns(t *testing.T) {
	for columns, want := range map[string]int{
		"": usualWidth, "many": usualWidth, "60": 60, "20": leastWidth, "500": mostWidth,
	} {
		t.Setenv("COLUMNS", columns)
		if got := helpWidth(io.Discard); got != want {
			t.Errorf("COLUMNS=%s: help is %d wide, want %d", columns, got, want)
		}
	}
	got := wrapped("One two three four\nfive.\n\n  a   b   c   d   e\nsix seven eight", 14)
	if want := "One two three\nfour five.\n\n  a   b   c   d   e\nsix seven\neight"; got != want {
		t.Errorf("wrapped:\n%s\nwant:\n%s", got, want)
	}
}

func TestTopicsAreFiles(t *testing.T) {
	files, err := filepath.Glob("topics/*")
	if err != nil || len(files) != len(topics()) {
		t.Errorf("%d files, %d topics, %v", len(files), len(topics()), err)
	}
}
