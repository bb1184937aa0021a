package fetch

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// A Pattern chooses files and folders by their path below the folder that was walked. The path has forward slashes on
// every system, and the case of letters counts. A folder that matches stands for all that lies below it.
//
//	*.png        a name, at any depth
//	raw/         the same, of folders alone
//	2024/*.jpg   a path from the top, since the pattern has a slash before its end
//	/raw         from the top, too
//	**/old/*     ** stands for any number of folders
//
// As in a shell, * and ? stand for no slash, [a-z] for one of some letters, {a,b} for one of some texts, and a
// backslash has the letter behind it mean itself. [ParsePattern] makes a Pattern; the zero value matches nothing.
type Pattern struct {
	text   string // as it was written
	glob   string
	name   bool // glob is for a name at any depth
	folder bool // only folders match
}

// What ParsePattern refuses as too much: matching tries the ways to choose from all braces of a pattern.
const (
	longestPattern = 1000
	mostWays       = 1000
)

// wantPattern is what ParsePattern expects.
const wantPattern = "expected a pattern such as *.png, raw/ or 2024/*/*.jpg"

// ParsePattern reads a pattern. Its error says what is wrong and what was expected, without the pattern.
func ParsePattern(text string) (Pattern, error) {
	p := Pattern{text: text, glob: text}
	p.glob, p.folder = strings.CutSuffix(p.glob, "/")
	p.glob = strings.TrimPrefix(p.glob, "./")
	p.name = !strings.Contains(p.glob, "/")
	p.glob = strings.TrimPrefix(p.glob, "/")
	parts := strings.Split(p.glob, "/")
	switch {
	case p.glob == "":
		return Pattern{}, errors.New("it names nothing: " + wantPattern)
	case len(text) > longestPattern:
		return Pattern{}, fmt.Errorf("it has %d bytes: expected at most %d", len(text), longestPattern)
	case slices.ContainsFunc(parts, func(part string) bool { return part == "" || part == "." || part == ".." }):
		return Pattern{}, errors.New("it has a part that is empty, . or ..: " + wantPattern +
			", which is below the folder that is named")
	case !doublestar.ValidatePattern(p.glob):
		return Pattern{}, errors.New("a bracket, brace or backslash has nothing that ends it: " + wantPattern)
	case ways(p.glob) > mostWays:
		return Pattern{}, fmt.Errorf("its braces have too many ways to be read: expected at most %d", mostWays)
	}
	return p, nil
}

// ways returns no less than how many texts the braces of a pattern stand for.
func ways(glob string) int {
	all := 1
	var open []int // alternatives of the braces that are open
	for i := 0; i < len(glob) && all <= mostWays; i++ {
		switch glob[i] {
		case '\\':
			i++
		case '{':
			open = append(open, 1)
		case ',':
			if len(open) > 0 {
				open[len(open)-1]++
			}
		case '}':
			if len(open) > 0 {
				all *= open[len(open)-1]
				open = open[:len(open)-1]
			}
		}
	}
	return all
}

// String returns the pattern as it was written.
func (p Pattern) String() string { return p.text }

// longestPath bounds the time that the path of a stranger's URL takes: of a longer path, patterns see the end.
const longestPath = 4096

// matches reports whether p has what is at rel, or a folder on the way to it. folder says that rel is a folder itself.
func (p *Pattern) matches(rel string, folder bool) bool {
	rel = rel[max(len(rel)-longestPath, 0):]
	for i := 0; i <= len(rel); i++ {
		if i < len(rel) && rel[i] != '/' || i == len(rel) && p.folder && !folder {
			continue
		}
		part := rel[:i]
		if p.name {
			part = part[strings.LastIndexByte(part, '/')+1:]
		}
		if doublestar.MatchUnvalidated(p.glob, part) {
			return true
		}
	}
	return false
}

// below reports whether p may have something below the folder at rel. It reports true where that is not known.
func (p *Pattern) below(rel string) bool {
	if p.name || strings.ContainsAny(p.glob, `{\`) || p.matches(rel, true) {
		return true
	}
	globs := strings.Split(p.glob, "/")
	for i, part := range strings.Split(rel, "/") {
		switch {
		case i == len(globs):
			return false
		case strings.Contains(globs[i], "**") || !doublestar.ValidatePattern(globs[i]):
			return true
		case !doublestar.MatchUnvalidated(globs[i], part):
			return false
		}
	}
	return strings.Count(rel, "/")+1 < len(globs)
}

// What a walk and a list leave out because of Inputs.Include and Inputs.Exclude, as Inputs.PassedOver is called with
// it.
const (
	ExcludedFiles   = "excluded files"
	ExcludedFolders = "excluded folders"
	NotIncluded     = "files that are not included"
	NoneIncluded    = "folders in which nothing can be included"
)

// A chooser chooses by Inputs.Include and Inputs.Exclude, and remembers which patterns had anything. Nil takes all. It
// is for one goroutine.
type chooser struct {
	include, exclude []Pattern
	in, out          []bool // those of them that had something
	left             int    // how many files and folders were left out
}

// chooser returns the chooser of one look at in.
func (in Inputs) chooser() *chooser {
	if len(in.Include) == 0 && len(in.Exclude) == 0 {
		return nil
	}
	return &chooser{
		include: in.Include, exclude: in.Exclude,
		in: make([]bool, len(in.Include)), out: make([]bool, len(in.Exclude)),
	}
}

// count returns how many files and folders were left out so far.
func (c *chooser) count() int {
	if c == nil {
		return 0
	}
	return c.left
}

// anyOf reports whether one of some patterns has what is at rel. A pattern that had nothing so far is asked in any
// case.
func anyOf(patterns []Pattern, had []bool, rel string, folder bool) bool {
	found := false
	for i := range patterns {
		if (!found || !had[i]) && patterns[i].matches(rel, folder) {
			found, had[i] = true, true
		}
	}
	return found
}

// folder returns why the folder at rel is left out, or "".
func (c *chooser) folder(rel string) string {
	switch {
	case c == nil:
		return ""
	case anyOf(c.exclude, c.out, rel, true):
		c.left++
		return ExcludedFolders
	case len(c.include) > 0 && !slices.ContainsFunc(c.include, func(p Pattern) bool { return p.below(rel) }):
		c.left++
		return NoneIncluded
	}
	return ""
}

// file returns why the file at rel is left out, or "".
func (c *chooser) file(rel string) string {
	if c == nil {
		return ""
	}
	excluded, included := anyOf(c.exclude, c.out, rel, false), anyOf(c.include, c.in, rel, false)
	switch {
	case excluded:
		c.left++
		return ExcludedFiles
	case !included && len(c.include) > 0:
		c.left++
		return NotIncluded
	}
	return ""
}

// unmatched calls yield with each pattern that had nothing.
func (c *chooser) unmatched(yield func(p Pattern, excludes bool)) {
	if c == nil || yield == nil {
		return
	}
	for i, p := range c.include {
		if !c.in[i] {
			yield(p, false)
		}
	}
	for i, p := range c.exclude {
		if !c.out[i] {
			yield(p, true)
		}
	}
}

// named returns why an item that no walk has chosen is left out, or "". under is the argument that was listed for it,
// or "". What could not be listed, and a line that names nothing, are not left out.
func (c *chooser) named(item Item, root, under string) string {
	var e *Error
	if c == nil || item.chosen || item.Err != nil && under != "" || errors.As(item.Err, &e) && e.Kind == ClassRecord {
		return ""
	}
	return c.file(choicePath(item, root, under))
}

// choicePath returns the path that patterns see of an item that no walk has found: below what was listed, if that is
// part of its name, below root, or as it is written. Of a URL it is the path, without its host.
func choicePath(item Item, root, under string) string {
	if rel, ok := beneath(item.Source, under); ok {
		return strings.Trim(rel, "/")
	}
	if item.Scheme == "data" {
		return ""
	}
	if !item.Local() {
		return urlPath(item.Source)
	}
	path := filepath.Base(item.Source)
	if dir, ok := below(root, item); ok {
		return join(dir, path)
	}
	path = filepath.Clean(item.Source)
	path = filepath.ToSlash(path[len(filepath.VolumeName(path)):])
	for strings.HasPrefix(path, "../") {
		path = path[len("../"):]
	}
	return strings.TrimPrefix(path, "/")
}

// urlPath returns the path of a URL, decoded, without the slash at its beginning.
func urlPath(source string) string {
	if u, err := url.Parse(source); err == nil {
		return strings.Trim(u.Path+u.Opaque, "/")
	}
	_, rest, _ := strings.Cut(source, "://")
	_, rest, _ = strings.Cut(rest, "/")
	rest, _, _ = strings.Cut(rest, "?")
	rest, _, _ = strings.Cut(rest, "#")
	return strings.Trim(rest, "/")
}
