package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/transform"
)

// NameOfSizes is the template of names for items with several sizes, and for those that may get more.
const NameOfSizes = "{dir}/{stem}-{size}.{ext}"

// A Subject is an item that is to be named. Of Item, its Index, Source, Scheme, Dir and Folder count.
type Subject struct {
	fetch.Item
	// ID and Given are Source and Given of the item's Key, by which the ledger knows it. Where ID is "", that is
	// Item.Source.
	ID, Given string
	// Formats are the formats of the outputs of each size, or none if they are not known before the item is fetched. A
	// name that is known to end in .png need not avoid one that ends in .jpg.
	Formats []transform.Format
}

// NameOptions say how names are made. With the zero value, each item has one output, of the name {dir}/{stem}.{ext}.
type NameOptions struct {
	// Template is the form of a name. "" means {dir}/{stem}.{ext}, or {dir}/{stem}-{size}.{ext} if there are several
	// labels. The fields are
	//
	//	{dir}    the folder of the input below the folder that was walked
	//	{stem}   the name of the input without its extension; of a URL, the last part of its path and {sha8}
	//	{ext}    the extension of the output's format; every template ends in .{ext}
	//	{index}  the item's place in the input, from 000000
	//	{host}   the host of a URL; "local" for a file
	//	{sha8}   8 hexadecimal digits of the SHA-256 of the input's URL, or of its path, which is ID where that is set
	//	{size}   the label of the output's size
	//	{w} {h}  the output's width and height in pixels
	//	{date}   when a photo was taken, such as 2026-11-27, or "undated"
	//	{year} {month} {day}  the parts of that; "undated", 00 and 00
	//	{camera} its camera, such as Canon_EOS_R5, or "unknown"
	//	{column:NAME} what a list has in a column, which fetch.List.Columns names; "none" where that is empty
	//
	// With several labels it has {size}, or {w} or {h} to tell the sizes apart. An item two of whose outputs get one
	// name all the same fails.
	Template string
	// Labels are those of the transform.Variants of each item. Empty means one output without a label.
	Labels []string
	// OnExist says whether the later of two items with one name fails (Fail) or gets another name, and whether an item
	// whose name is another source's by the ledger fails (Fail, Skip) or gets another name.
	OnExist OnExist
	// Folder is the output folder: an output that would replace its input there is refused. "" means that Plan need not
	// look, and leaves it to Store.Put.
	Folder string
}

// A Namer names every item. A name depends on the inputs, their order and the ledger that the Namer heeds, and never on
// what happens during a run. So the same command has the same names again, also after a run that was killed. A Namer is
// for one goroutine, which plans items in the order of the input.
type Namer struct {
	pieces  []piece
	hasStem bool
	hasDir  bool
	labels  []string // as they stand in names
	plain   []string // as they were given
	named   []string // those that a Name holds: none for one output without a label
	onExist OnExist
	folder  string // absolute, or ""
	here    string // the working folder, where folder is set

	ledger     *Store // nil where no ledger is heeded
	asked, had bool   // whether it had anything, as older has it

	claims map[uint64]claim
	suffixes
}

// A claim is on a name without its extension: the formats that the name is taken for, and the item that took it last.
type claim struct {
	index int32
	mask  formatSet
}

// NewNamer returns a Namer. An error is about the template: what is wrong with it, and what was expected.
func NewNamer(opts NameOptions) (*Namer, error) {
	n := &Namer{
		onExist: opts.OnExist, plain: opts.Labels, claims: map[uint64]claim{},
		suffixes: suffixes{map[nextKey]int{}, map[passedKey][]int{}},
	}
	template := opts.Template
	if len(n.plain) == 0 {
		n.plain = oneLabel
	}
	if template == "" {
		template = "{dir}/{stem}.{ext}"
		if len(n.plain) > 1 {
			template = NameOfSizes
		}
	}
	var err error
	if n.pieces, err = parseTemplate(template, len(n.plain)); err != nil {
		return nil, err
	}
	closePieces(n.pieces)
	for _, p := range n.pieces {
		n.hasStem, n.hasDir = n.hasStem || p.field == fieldStem, n.hasDir || p.field == fieldDir
	}
	for _, label := range n.plain {
		label = inName(label)
		for _, other := range n.labels {
			if strings.EqualFold(label, other) {
				return nil, fmt.Errorf("two sizes are called %q: expected sizes that differ", label)
			}
		}
		if !n.leadsInside(label) {
			return nil, &TemplateError{template, fmt.Errorf(
				"with the size %q it names no file in the output folder: expected something else beside {size}", label)}
		}
		n.labels = append(n.labels, label)
	}
	if len(n.plain) > 1 || n.plain[0] != "" {
		n.named = slices.Clone(n.plain)
	}
	if opts.Folder != "" {
		if n.folder, err = filepath.Abs(opts.Folder); err != nil {
			return nil, fmt.Errorf("output folder %s: %w", opts.Folder, err)
		}
		if n.here, err = os.Getwd(); err != nil {
			return nil, fmt.Errorf("working folder: %w", err)
		}
	}
	return n, nil
}

// leadsInside reports whether names with a label are paths in the output folder, also those of an item without a folder
// or a host.
func (n *Namer) leadsInside(label string) bool {
	pattern := n.expand(Subject{}, nameParts{stem: "stem"}, 1)
	return fs.ValidPath(Name{pattern: pattern}.fill(label, "jpg", "1", "1"))
}

// TemplateColumns returns the columns of lists that a template names. What is wrong with it is for NewNamer to say.
func TemplateColumns(template string) (columns []string) {
	pieces, _ := splitTemplate(template)
	for _, p := range pieces {
		if p.field == fieldColumn && !slices.Contains(columns, p.column) {
			columns = append(columns, p.column)
		}
	}
	return columns
}

// A Name is what Plan decided: where each output of one item will be. It is plain data, safe for any goroutine, and it
// can leave the process as text: in another process it has the same paths.
type Name struct {
	pattern string
	labels  []string // as they were given; empty for one output without a label
	index   int
	file    string    // the input, where it is a file
	mine    [2]uint64 // the sourceHash of ID and, or 0, of Given
	aside   bool
	shot    shot // of the input, once that is known
}

// Aside reports whether the item got another name because the ledger has its first one for another source's picture.
func (n Name) Aside() bool { return n.aside }

// isMine reports whether a line with this sourceHash is the item's own.
func (n Name) isMine(source uint64) bool { return source == n.mine[0] || source == n.mine[1] }

// Path returns the place of one output in the output folder, with forward slashes. It reads all of o but Data. Its
// Label is one of NameOptions.Labels.
func (n Name) Path(o transform.Output) string {
	label, _ := n.label(o.Label)
	return n.fill(label, o.Format.Ext(), strconv.Itoa(o.Width), strconv.Itoa(o.Height))
}

// label returns a label as it stands in names, and reports whether it was planned.
func (n Name) label(plain string) (string, bool) {
	if !slices.Contains(n.each(), plain) {
		return "", false
	}
	return inName(plain), true
}

// each returns the label of each output, at least one.
func (n Name) each() []string {
	if len(n.labels) == 0 {
		return oneLabel
	}
	return n.labels
}

// oneLabel are the labels of an item with one output.
var oneLabel = []string{""}

// inName returns a label as it stands in names.
func inName(label string) string { return cut(clean(label), fields[fieldSize].long) }

// String returns the name with {ext}, {size}, {w}, {h} and the like where only the output decides: "a/b-2.{ext}". It is
// the same for the same inputs in the same order, and no two items of a run have the same.
func (n Name) String() string { return n.fill("{size}", "{ext}", "{w}", "{h}") }

func (n Name) fill(size, ext, w, h string) string {
	b := make([]byte, 0, len(n.pattern)+24)
	for i := 0; i < len(n.pattern); i++ {
		switch c := n.pattern[i]; c {
		case markExt:
			b = append(b, ext...)
		case markSize:
			b = append(b, size...)
		case markWidth:
			b = append(b, w...)
		case markHeight:
			b = append(b, h...)
		case markDate, markYear, markMonth, markDay, markCamera:
			b = append(b, n.shot.value(c)...)
		default:
			b = append(b, c)
		}
	}
	return string(b)
}

// Plan names an item. Items must come in the order of the input, each once.
//
// An item gets another name if an earlier item has its first one, or if the ledger has it for a file of another source
// (see [Namer.Heed]). That is the first of a-2, a-3 and so on that is free or the item's own. With Fail, Plan returns
// an *Error of [pipeline.ClassNameTaken] instead. So it does with Skip, if the name is taken by the ledger.
//
// An item that has a name by the ledger keeps it, whether more folders were walked then or fewer: it is its name in
// both cases whether or not {dir} begins with the Folder of the Item.
//
// Names that differ only in case or in Unicode's normal form are one name, on every system. If an output would replace
// its own input, the error is an *Error of [pipeline.ClassOutputIsInput].
//
// It costs 2 µs and, for good, 40 bytes for each output.
func (n *Namer) Plan(src Subject) (Name, error) {
	c := candidate{src: src, parts: n.parts(src), want: setOf(src.Formats), keys: make([]uint64, 0, 8)}
	c.name = Name{labels: n.named, index: src.Index, mine: mineOf(src)}
	if src.Local() {
		c.name.file = src.Source
	}
	if n.ledger != nil && src.Given != "" && c.parts.sha != "" && src.Local() {
		// Older ledgers have names made of the path as it was given.
		sha := c.parts.sha
		c.parts.sha = sha8(src.Given)
		if n.try(&c, 1); !c.own.mine {
			c.parts.sha = sha
		}
	}
	n.try(&c, 1)
	n.keep(&c)
	if !c.free() {
		doing := "name " + src.Source
		switch {
		case c.claimed && n.onExist == Fail:
			return Name{}, &Error{
				Kind: pipeline.ClassNameTaken, Doing: doing,
				Err:  fmt.Errorf("item %d of the input has the name %s", c.by+1, c.name),
				Hint: HintFieldApart,
			}
		case !c.claimed && (n.onExist == Fail || n.onExist == Skip):
			return Name{}, othersError(doing)
		}
		aside := !c.claimed
		n.suffix(&c)
		c.name.aside = aside
	}
	if n.isInput(src, c.name, c.want) {
		return Name{}, &Error{
			Kind: pipeline.ClassOutputIsInput, Doing: "name " + src.Source,
			Err:  errors.New("its output would be written over it"),
			Hint: HintOtherName,
		}
	}
	for _, k := range c.keys {
		n.claims[k] = claim{index: int32(src.Index), mask: n.claims[k].mask | c.want}
	}
	return c.name, nil
}

// keys appends the hash of the name of each output without its extension, as far as that name is known.
func (n *Namer) keys(keys []uint64, pattern string) []uint64 {
	var buf [256]byte
	several := strings.IndexByte(pattern, markSize) >= 0
	for _, label := range n.labels {
		b := buf[:0]
		filled := pattern
		if several {
			filled = strings.ReplaceAll(pattern, string(rune(markSize)), label)
		}
		b = appendFolded(b, filled)
		keys = append(keys, hash64(withoutDigits(b)))
		if !several {
			break
		}
	}
	return keys
}

// withoutDigits removes the digits that touch a width or height, in place. "a1{w}" with width 20 and "a{w}" with width
// 120 are one name. So two names that differ only in such digits count as one.
func withoutDigits(b []byte) []byte {
	out := b[:0]
	digit := func(c byte) bool { return '0' <= c && c <= '9' }
	size := func(c byte) bool { return c == markWidth || c == markHeight }
	for _, c := range b {
		switch {
		case size(c):
			for len(out) > 0 && digit(out[len(out)-1]) {
				out = out[:len(out)-1]
			}
		case digit(c) && len(out) > 0 && size(out[len(out)-1]):
			continue
		}
		out = append(out, c)
	}
	return out
}

// isInput reports whether an output could be the item's own file. It cannot see links, and names that depend on the
// size of the output: Store.Put finds those.
func (n *Namer) isInput(src Subject, name Name, want formatSet) bool {
	if n.folder == "" || !src.Local() {
		return false
	}
	file := src.Source
	if !filepath.IsAbs(file) {
		file = filepath.Join(n.here, file)
	}
	rel, err := filepath.Rel(n.folder, file)
	if err != nil || !filepath.IsLocal(rel) {
		return false
	}
	hash := pathHash(filepath.ToSlash(rel))
	for _, label := range n.labels {
		for f := range want.each {
			if pathHash(name.fill(label, f.Ext(), "", "")) == hash {
				return true
			}
		}
	}
	return false
}

// hasSize reports whether the name depends on the width or height of the output, or on when and with what a photo was
// taken: what nobody knows before it is done.
func (n Name) hasSize() bool { return strings.ContainsAny(n.pattern, "\x03\x04"+photoMarks) }
