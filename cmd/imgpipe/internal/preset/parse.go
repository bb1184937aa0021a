package preset

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
)

// Keys of a preset that are no flags.
const (
	extendsKey = "extends"
	aboutKey   = "about"
	tableKey   = "preset"
)

// mostLine bounds the parts of a key. The library takes time with their square: a minute for one key of 30,000, and
// three seconds for a whole file of keys that are as long as they may be.
const mostLine = 500

// goodName is how presets may be called: so that a shell leaves their names alone.
var goodName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// A document is a file in TOML.
type document struct {
	file string
	meta toml.MetaData
	top  map[string]toml.Primitive
	// tables are those that line has looked into.
	tables map[string]map[string]toml.Primitive
}

// parse returns the presets in a text, in its order. Its error names the line.
func parse(file, text string) (presets []*Preset, err error) {
	n := 0
	for line := range strings.Lines(text) {
		if n++; len(line) > mostLine {
			return nil, fmt.Errorf("%s: the line has over %d bytes: expected shorter ones, as an array may go over "+
				"several lines", at(file, n), mostLine)
		}
	}
	d := document{file: file, tables: map[string]map[string]toml.Primitive{}}
	var raw map[string]any
	d.meta, err = toml.Decode(text, &d.top)
	if err == nil {
		_, err = toml.Decode(text, &raw)
	}
	if syntax := (toml.ParseError{}); errors.As(err, &syntax) {
		return nil, fmt.Errorf("%s: %s", at(file, syntax.Position.Line), syntax.Message)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", at(file, 0), err)
	}
	tables, ok := raw[tableKey].(map[string]any)
	named := map[string]*Preset{}
	for _, key := range d.meta.Keys() {
		switch {
		case key[0] != tableKey || len(key) == 1 && !ok:
			return nil, d.fail(key[:min(len(key), 3)], "it has %q: expected tables [preset.NAME] alone", key[0])
		case len(key) == 1:
			continue
		}
		p := named[key[1]]
		if p == nil {
			if p, err = d.preset(key[:2], tables[key[1]]); err != nil {
				return nil, err
			}
			named[key[1]], presets = p, append(presets, p)
		}
		if len(key) > 2 {
			if err := d.set(p, key, tables[key[1]].(map[string]any)[key[2]]); err != nil {
				return nil, err
			}
		}
	}
	return presets, nil
}

// preset begins the preset of a key, which must be a table.
func (d *document) preset(key toml.Key, value any) (*Preset, error) {
	if _, ok := value.(map[string]any); !ok {
		return nil, d.fail(key, "%s is %s: expected a table of flags", key, kindOf(value))
	}
	if !goodName.MatchString(key[1]) {
		return nil, d.fail(key, "a preset is called %q: expected letters, digits, dots, dashes and underscores",
			key[1])
	}
	return &Preset{Name: key[1], File: d.file, Line: d.line(key)}, nil
}

// set adds a key to a preset.
func (d *document) set(p *Preset, key toml.Key, value any) error {
	name := key[2]
	s := Setting{Key: name, At: at(d.file, d.line(key[:3]))}
	bad := func(want string) error {
		return d.fail(key[:3], "preset %s: %s is %s: expected %s", p.Name, name, kindOf(value), want)
	}
	text, isText := value.(string)
	switch {
	case name == extendsKey && !isText:
		return bad("the name of a preset")
	case name == extendsKey:
		p.Extends = text
		return nil
	case name == aboutKey && !isText:
		return bad("a text")
	case name == aboutKey:
		p.About = text
		return nil
	}
	elements, isList := value.([]any)
	if !isList {
		elements = []any{value}
	}
	s.List = isList
	for _, e := range elements {
		text, ok := scalar(e)
		if !ok {
			return bad("a text, a number, true or false, or an array of those")
		}
		s.Values = append(s.Values, text)
	}
	if len(s.Values) == 0 {
		return bad("at least one value")
	}
	p.Settings = append(p.Settings, s)
	return nil
}

// scalar returns a value as it would be typed.
func scalar(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	}
	return "", false
}

// kindOf names the kind of a value.
func kindOf(value any) string {
	switch v := value.(type) {
	case string:
		return "a text"
	case bool:
		return "true or false"
	case int64, float64:
		return "a number"
	case []any:
		if len(v) == 0 {
			return "an empty array"
		}
		return "an array"
	case map[string]any:
		return "a table"
	case []map[string]any:
		return "an array of tables"
	}
	return "a time"
}

// fail returns an error about a key.
func (d *document) fail(key toml.Key, format string, args ...any) error {
	return fmt.Errorf("%s: %s", at(d.file, d.line(key)), fmt.Sprintf(format, args...))
}

// A refusal is a value that is never decoded: its error has the line of the key.
type refusal struct{}

var errRefused = errors.New("refused")

// UnmarshalTOML returns an error.
func (*refusal) UnmarshalTOML(any) error { return errRefused }

// line returns the line of a key, from 1; 0 if it is not known. The library has the line in its errors alone.
func (d *document) line(key toml.Key) int {
	value, ok := d.top[key[0]]
	if len(key) > 1 {
		value, ok = d.within(key[:1], value)[key[1]]
	}
	if len(key) > 2 {
		value, ok = d.within(key[:2], value)[key[2]]
	}
	var at toml.ParseError
	if !ok || !errors.As(d.meta.PrimitiveDecode(value, &refusal{}), &at) {
		return 0
	}
	return at.Position.Line
}

// within returns what is in the table of a key.
func (d *document) within(key toml.Key, table toml.Primitive) map[string]toml.Primitive {
	id := key.String()
	in, known := d.tables[id]
	if !known {
		_ = d.meta.PrimitiveDecode(table, &in) // of what is no table, nothing is known
		d.tables[id] = in
	}
	return in
}
