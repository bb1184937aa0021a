package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"imgpipe/cmd/imgpipe/internal/flags"
)

func newManCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "man DIR",
		Short: "Write manual pages into a folder",
		Long: `Write manual pages into the folder DIR: man1/imgpipe.1, man1/imgpipe-run.1 and so on for
the commands, and man7/imgpipe-recipes.7 and so on for the topics. Pages of these names
are replaced.`,
		Example: `  imgpipe man ~/.local/share/man
  man imgpipe-run`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := folderName("man", args[0]); err != nil {
				return exitError{exitUsage, err}
			}
			for name, page := range manPages(cmd.Root()) {
				path := filepath.Join(args[0], "man"+name[len(name)-1:], name)
				if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
					return exitError{exitCouldNotRun, err}
				}
				if err := os.WriteFile(path, []byte(page), 0o666); err != nil {
					return exitError{exitCouldNotRun, err}
				}
			}
			return nil
		},
	}
}

// manPages returns all manual pages by their names. They are made here, and not by cobra's own generator: that one
// knows no headings of flags, shows no kinds of values, and takes the stars of patterns in the text for emphasis.
func manPages(root *cobra.Command) map[string]string {
	pages := map[string]string{"imgpipe.1": commandPage(root)}
	for _, cmd := range root.Commands() {
		if cmd.IsAvailableCommand() {
			pages["imgpipe-"+cmd.Name()+".1"] = commandPage(cmd)
		}
	}
	for _, t := range topics() {
		m := newManPage("imgpipe-"+t.name, "7", t.about)
		m.section("DESCRIPTION")
		m.literal(t.text)
		pages["imgpipe-"+t.name+".7"] = m.String()
	}
	return pages
}

// commandPage is the manual page of a command.
func commandPage(cmd *cobra.Command) string {
	m := newManPage(strings.ReplaceAll(cmd.CommandPath(), " ", "-"), "1", cmd.Short)
	m.section("SYNOPSIS")
	m.line(`\fB` + roff(cmd.UseLine()) + `\fR`)
	m.section("DESCRIPTION")
	m.text(cmd.Long)
	if cmd.Example != "" {
		m.section("EXAMPLES")
		m.literal(cmd.Example)
	}
	if !cmd.HasParent() {
		m.section("COMMANDS")
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() {
				m.item("imgpipe-"+sub.Name()+"(1)", sub.Short)
			}
		}
		m.section("TOPICS")
		for _, t := range topics() {
			m.item("imgpipe-"+t.name+"(7)", t.about)
		}
	}
	heading := ""
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		if h := cmp.Or(flags.Heading(f), "Other flags"); h != heading {
			heading = h
			m.section(strings.ToUpper(h))
		}
		m.item(flags.Head(f), flags.UsageOf(f))
	})
	if cmd.HasParent() {
		m.section("SEE ALSO")
		m.line(`\fBimgpipe\fR(1)`)
	} else {
		m.section("EXIT STATUS")
		_, statuses, _ := strings.Cut(exitHelp, ":\n")
		m.literal(statuses)
	}
	return m.String()
}

// A manPage is a manual page in the language of man(7).
type manPage struct{ strings.Builder }

// newManPage begins a page. It has no date, so that the same program always writes the same page.
func newManPage(name, section, short string) *manPage {
	m := new(manPage)
	m.line(fmt.Sprintf(`.TH "%s" "%s" "" "imgpipe" "imgpipe manual"`, roff(strings.ToUpper(name)), section))
	m.line(".nh")   // words are not broken: a hyphen would look like part of a flag
	m.line(".ad l") // nor are lines filled up with blanks
	m.section("NAME")
	m.line(roff(name) + ` \- ` + roff(short))
	return m
}

func (m *manPage) line(s string) { m.WriteString(s + "\n") }

func (m *manPage) section(title string) { m.line(`.SH "` + roff(title) + `"`) }

// item is a term with its explanation.
func (m *manPage) item(term, text string) {
	m.line(".TP")
	m.line(`\fB` + roff(term) + `\fR`)
	m.line(roff(text))
}

// text writes paragraphs, which the reader of the page fills. Lines that begin with a blank stay as they are.
func (m *manPage) text(s string) {
	for part := range strings.SplitSeq(strings.TrimSpace(s), "\n\n") {
		m.line(".PP")
		if strings.HasPrefix(part, " ") {
			m.literal(part)
			continue
		}
		m.line(roff(part))
	}
}

// literal writes lines that stay as they are.
func (m *manPage) literal(s string) {
	m.line(".nf")
	m.line(roff(strings.Trim(s, "\n")))
	m.line(".fi")
}

// roff returns text in which nothing is taken for a request or an escape.
func roff(text string) string {
	text = strings.NewReplacer(
		`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`, `"`, `\(dq`,
	).Replace(text)
	var b strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, ".") {
			b.WriteString(`\&`)
		}
		for _, c := range line {
			if c >= utf8.RuneSelf {
				fmt.Fprintf(&b, `\[u%04X]`, c)
				continue
			}
			b.WriteRune(c)
		}
	}
	return b.String()
}
