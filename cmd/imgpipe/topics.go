package main

import (
	"embed"
	"fmt"
	"path"
	"strings"

	"imgpipe/cmd/imgpipe/internal/flags"
	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/cmd/imgpipe/internal/preset"
	"imgpipe/pipeline"
	"imgpipe/transform"
)

// The topics are pages of help that belong to no command. Each is a file topics/NAME.txt. Its first line says what it
// is about. The rest is shown as it is, at most topicWidth wide. A line {{list}} stands for a list that is made from a
// table of the program.
//
//go:embed topics/*.txt
var topicFiles embed.FS

// topicWidth is the width of the topics. They hold tables and commands, and so cannot be wrapped anew.
const topicWidth = 80

// A topic is one page of 'imgpipe help TOPIC'.
type topic struct{ name, about, text string }

// topics returns all topics: recipes, then those of imgpipe itself, then those for users of other tools.
func topics() []topic {
	files, err := topicFiles.ReadDir("topics")
	if err != nil {
		panic(err) // they are part of the program
	}
	var first, own, others []topic
	lists := topicLists()
	for _, file := range files {
		data, err := topicFiles.ReadFile(path.Join("topics", file.Name()))
		if err != nil {
			panic(err)
		}
		about, text, _ := strings.Cut(string(data), "\n")
		t := topic{strings.TrimSuffix(file.Name(), ".txt"), about, lists.Replace(strings.TrimSpace(text))}
		switch {
		case t.name == "recipes":
			first = append(first, t)
		case strings.HasPrefix(t.name, "from-"):
			others = append(others, t)
		default:
			own = append(own, t)
		}
	}
	return append(append(first, own...), others...)
}

// topicNamed returns the topic of that name.
func topicNamed(name string) (topic, bool) {
	for _, t := range topics() {
		if t.name == name {
			return t, true
		}
	}
	return topic{}, false
}

// topicLists replaces the names of lists in topics by the lists.
func topicLists() *strings.Replacer {
	return strings.NewReplacer(
		"{{modes}}", modesList(),
		"{{formats}}", formatsList(),
		"{{extensions}}", extensionsList(),
		"{{classes}}", classesList(),
		"{{entries}}", entriesList(),
		"{{presets}}", presetsList(),
	)
}

// A listRow is a line of a list in a topic.
type listRow struct{ head, text string }

// listedRows returns rows as two columns, of which the second is wrapped.
func listedRows(rows []listRow) string {
	wide := 0
	for _, r := range rows {
		wide = max(wide, len(r.head))
	}
	var b strings.Builder
	for _, r := range rows {
		for i, line := range flags.Wrap(r.text, topicWidth-wide-4) {
			head := ""
			if i == 0 {
				head = r.head
			}
			fmt.Fprintf(&b, "  %-*s  %s\n", wide, head, line)
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// presetsList lists the presets that are built in.
func presetsList() string {
	var rows []listRow
	for _, p := range preset.BuiltIn() {
		rows = append(rows, listRow{p.Name, p.About})
	}
	return listedRows(rows)
}

func modesList() string {
	var rows []listRow
	for i, m := range modes.All() {
		if i == 0 {
			m.Doc += " (the default)"
		}
		rows = append(rows, listRow{m.Name, m.Doc})
	}
	return listedRows(rows)
}

func formatsList() string {
	yes := func(b bool) string {
		if b {
			return "yes"
		}
		return "no"
	}
	wide := 0
	for _, f := range transform.Formats() {
		wide = max(wide, len(f.Title()))
	}
	row := func(name, read, written, alpha, profile, metadata string) string {
		line := fmt.Sprintf("  %-*s %-5s %-20s %-13s %-14s %s", wide, name, read, written, alpha, profile, metadata)
		return strings.TrimRight(line, " ")
	}
	lines := []string{row("", "read", "written", "transparency", "color profile", "metadata")}
	for _, f := range transform.Formats() {
		if f.Writable() {
			lines = append(lines, row(f.Title(), yes(f.Readable()), "yes", yes(f.HasAlpha()), yes(f.HasProfile()),
				yes(f.HoldsMetadata())))
			continue
		}
		clear, opaque := keptAs(f)
		lines = append(lines, row(f.Title(), "yes", fmt.Sprintf("no: %s or %s", clear.Title(), opaque.Title()),
			"", "", ""))
	}
	return strings.Join(lines, "\n")
}

func extensionsList() string {
	lines := flags.Wrap(strings.Join(transform.Extensions(), " "), topicWidth-2)
	return "  " + strings.Join(lines, "\n  ")
}

func classesList() string {
	row := func(class, again, meaning string) listRow {
		return listRow{fmt.Sprintf("%-16s %-5s", class, again), meaning}
	}
	rows := []listRow{row("class", "again", "what happened")}
	for _, c := range pipeline.Classes() {
		again := "yes"
		if c.Lasts {
			again = "no"
		}
		rows = append(rows, row(c.Name, again, c.Meaning))
	}
	return listedRows(rows)
}

// entriesList lists where the time of workers can go. A part stands below its whole, further in.
func entriesList() string {
	var rows []listRow
	for _, row := range pipeline.Entries() {
		if row.Of == "" {
			rows = append(rows, listRow{string(row.Entry), row.Word})
		} else {
			rows = append(rows, listRow{"  " + string(row.Entry), row.Word})
		}
	}
	return listedRows(rows)
}
