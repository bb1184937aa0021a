package fetch

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Columns are named values of one row of a list: a JSON object on one line, in the order in which they were asked for
// or, if all were, in that of the list. "" has none. A value is a text, a number, true, false or null. What a list
// nests deeper is a text that holds its JSON.
type Columns string

// maxColumns is the most that the Columns of an item take, in bytes: many items are under way at once.
const maxColumns = 64 << 10

// maxNames is the most columns that a table may have of which all are asked for.
const maxNames = 10_000

// Get returns the value of a name as text, and reports whether there is one. Null is "".
func (c Columns) Get(name string) (value string, ok bool) {
	_ = c.each(func(key string, v json.RawMessage) error {
		if key == name {
			ok, value = true, textOf(v)
		}
		return nil
	})
	return value, ok
}

// Raw returns the names and the values as JSON, in order.
func (c Columns) Raw(yield func(name string, value json.RawMessage) bool) {
	_ = c.each(func(key string, v json.RawMessage) error {
		if !yield(key, v) {
			return errEnough
		}
		return nil
	})
}

var errEnough = errors.New("enough")

// MarshalJSON returns the object.
func (c Columns) MarshalJSON() ([]byte, error) {
	if c == "" {
		return []byte("null"), nil
	}
	return []byte(c), nil
}

// UnmarshalJSON reads any object.
func (c *Columns) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	var made columnsOf
	if err := (Columns(b)).each(func(key string, v json.RawMessage) error {
		made.add(key, v)
		return nil
	}); err != nil {
		return err
	}
	*c = made.columns()
	return nil
}

// each calls f with each key of the object and its value.
func (c Columns) each(f func(key string, v json.RawMessage) error) error {
	if c == "" {
		return nil
	}
	d := json.NewDecoder(strings.NewReader(string(c)))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errors.New("expected a JSON object of columns")
	}
	for d.More() {
		t, err := d.Token()
		key, ok := t.(string)
		if err != nil || !ok {
			return errors.New("expected a JSON object of columns")
		}
		var v json.RawMessage
		if err := d.Decode(&v); err != nil {
			return err
		}
		if err := f(key, v); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

func textOf(v json.RawMessage) string {
	var s string
	if json.Unmarshal(v, &s) == nil {
		return s // null is ""
	}
	return string(v)
}

// columnsOf are Columns while they are made. The zero value is empty.
type columnsOf struct{ b bytes.Buffer }

// add adds a value: it is valid JSON.
func (c *columnsOf) add(name string, v json.RawMessage) {
	if v = bytes.TrimSpace(v); len(v) > 0 && (v[0] == '{' || v[0] == '[') {
		var flat bytes.Buffer
		_ = json.Compact(&flat, v) // it is valid
		c.text(name, flat.String())
		return
	}
	if len(v) > 0 && v[0] == '"' {
		c.text(name, textOf(v))
		return
	}
	c.name(name)
	c.b.Write(v)
}

// text adds a text, of which a URL has no user and no password: columns are written where others read them.
func (c *columnsOf) text(name, value string) {
	c.name(name)
	c.quote(Redact(value))
}

func (c *columnsOf) name(name string) {
	if c.b.Len() == 0 {
		c.b.WriteByte('{')
	} else {
		c.b.WriteByte(',')
	}
	c.quote(name)
	c.b.WriteByte(':')
}

func (c *columnsOf) quote(s string) {
	enc := json.NewEncoder(&c.b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string has no way to fail
	c.b.Truncate(c.b.Len() - 1)
}

func (c *columnsOf) columns() Columns {
	if c.b.Len() == 0 {
		return ""
	}
	return Columns(c.b.String() + "}")
}

// A Digest is what the bytes of a file must have: "sha256:" or "md5:" and hexadecimal digits in lower case. "" is any.
type Digest string

// ParseDigest reads hexadecimal digits: 64 of SHA-256 or 32 of MD5. The name of the hash and a colon may stand before
// them.
func ParseDigest(s string) (Digest, error) {
	digits := strings.ToLower(strings.TrimSpace(s))
	kind, rest, named := strings.Cut(digits, ":")
	if named {
		digits = rest
	} else {
		kind = map[int]string{2 * sha256.Size: "sha256", 2 * md5.Size: "md5"}[len(digits)]
	}
	raw, err := hex.DecodeString(digits)
	if err == nil && (kind == "sha256" && len(raw) == sha256.Size || kind == "md5" && len(raw) == md5.Size) {
		return Digest(kind + ":" + digits), nil
	}
	return "", fmt.Errorf("%q is no digest, expected 64 hexadecimal digits of SHA-256 or 32 of MD5", shown(s))
}

// check returns an error unless data has the digest.
func (d Digest) check(data []byte) error {
	kind, want, _ := strings.Cut(string(d), ":")
	var got string
	switch kind {
	case "":
		return nil
	case "md5":
		sum := md5.Sum(data)
		got, kind = hex.EncodeToString(sum[:]), "MD5"
	default:
		sum := sha256.Sum256(data)
		got, kind = hex.EncodeToString(sum[:]), "SHA-256"
	}
	if got == want {
		return nil
	}
	return fmt.Errorf("its %s is %s, and the list expected %s", kind, got, want)
}

// verify returns an error unless data is what the list says of the item.
func (i Item) verify(data []byte, attempts int) error {
	if err := i.Want.check(data); err != nil {
		return &Error{Kind: ClassHash, Doing: "verify " + shown(Redact(i.Source)), Err: err, Attempts: attempts}
	}
	return nil
}

// extras find what a list has beside sources: Columns, and the digest that a source must have.
type extras struct {
	l     List
	s     *splitter
	table bool
	names []string // of the columns of a table; nil before they are known
	took  []int    // which of them are wanted
	hash  int      // the one with the digest; -1 for none
}

// extras returns nil if l asks for none.
func (l List) extras(format ListFormat, s *splitter) *extras {
	if !l.tabular() {
		return nil
	}
	return &extras{l: l, s: s, table: format == CSVList || format == TSVList}
}

// tabular reports whether l asks for what only a list with columns has.
func (l List) tabular() bool { return len(l.Columns) > 0 || l.AllColumns || l.Hash != "" }

// of returns what a record has. whole is what is wrong with the list as a whole.
func (x *extras) of(rec []byte) (c Columns, want Digest, wrong, whole error) {
	var made columnsOf
	var digest string
	if rec = bytes.TrimSpace(rec); len(rec) == 0 {
		return "", "", nil, nil
	}
	if x.table {
		begun := x.names != nil
		if whole = x.header(rec); whole != nil || !begun && !x.numbered() {
			return "", "", nil, whole
		}
		values := fieldsOf(rec, x.s.comma)
		for _, n := range x.took {
			if n < len(values) {
				made.text(x.names[n], values[n])
			}
		}
		if x.hash >= 0 && x.hash < len(values) {
			digest = values[x.hash]
		}
	} else {
		digest = x.object(rec, &made)
	}
	if x.l.Hash != "" {
		if want, wrong = ParseDigest(digest); wrong != nil {
			return "", "", fmt.Errorf("the column %q: %w", x.l.Hash, wrong), nil
		}
	}
	if n := made.b.Len(); n > maxColumns {
		return "", "", fmt.Errorf("the columns take %d bytes, expected at most %d: ask for fewer", n, maxColumns), nil
	}
	return made.columns(), want, nil, nil
}

// numbered reports whether the table has no line of names, and its columns have numbers from 1.
func (x *extras) numbered() bool {
	_, err := strconv.Atoi(x.l.Column)
	return err == nil
}

// header reads the first record of a table, unless that was done.
func (x *extras) header(rec []byte) error {
	if x.names != nil {
		return nil
	}
	first := map[string]int{} // where each name is first
	for n, name := range fieldsOf(rec, x.s.comma) {
		if x.numbered() {
			name = strconv.Itoa(n + 1)
		}
		name = strings.TrimSpace(name)
		x.names = append(x.names, name)
		if _, twice := first[name]; !twice {
			first[name] = n
		}
	}
	if n := len(x.names); x.l.AllColumns && n > maxNames {
		return fmt.Errorf("there are %d columns, expected at most %d where all are asked for: ask for some by name",
			n, maxNames)
	}
	source := x.l.Column
	if source == "" {
		source = defaultColumn
	}
	at := func(name string) (int, error) {
		if n, ok := first[name]; ok {
			return n, nil
		}
		if x.numbered() {
			return 0, fmt.Errorf("there is no column %q, expected numbers from 1 to %d", name, len(x.names))
		}
		_, err := columnOf(rec, x.s.comma, name)
		return 0, err
	}
	x.hash = -1
	var err error
	if x.l.Hash != "" {
		if x.hash, err = at(x.l.Hash); err != nil {
			return err
		}
	}
	took := map[int]bool{}
	take := func(n int) {
		if !took[n] {
			took[n] = true
			x.took = append(x.took, n)
		}
	}
	for n, name := range x.names {
		if x.l.AllColumns && name != source && name != "" && first[name] == n {
			take(n)
		}
	}
	for _, name := range x.l.Columns {
		n, err := at(name)
		if err != nil {
			return err
		}
		take(n)
	}
	return nil
}

// object finds the columns of a JSON object, and returns the digest. What is no object has none: who looks for its
// source says so.
func (x *extras) object(rec []byte, made *columnsOf) (digest string) {
	values := map[string]json.RawMessage{}
	var order []string
	if Columns(rec).each(func(key string, v json.RawMessage) error {
		if _, twice := values[key]; !twice {
			order = append(order, key)
		}
		values[key] = v
		return nil
	}) != nil {
		return ""
	}
	source := x.l.Column
	if source == "" {
		source = defaultColumn
	}
	took := map[string]bool{}
	add := func(name string) {
		if v, ok := keyBelow(values, name); ok && !took[name] {
			took[name] = true
			made.add(name, v)
		}
	}
	if x.l.AllColumns {
		for _, key := range order {
			if key != source {
				add(key)
			}
		}
	}
	for _, name := range x.l.Columns {
		add(name)
	}
	if v, ok := keyBelow(values, x.l.Hash); ok {
		digest = textOf(v)
	}
	return digest
}

// keyBelow returns the value of a key, or of keys below keys with dots between. A key that holds dots itself goes
// first.
func keyBelow(object map[string]json.RawMessage, path string) (json.RawMessage, bool) {
	if v, ok := object[path]; ok {
		return v, true
	}
	for i := range len(path) {
		if path[i] != '.' {
			continue
		}
		var inner map[string]json.RawMessage
		if v, ok := object[path[:i]]; ok && json.Unmarshal(v, &inner) == nil && inner != nil {
			return keyBelow(inner, path[i+1:])
		}
	}
	return nil, false
}

// fieldsOf returns all fields of a record.
func fieldsOf(rec []byte, comma byte) (values []string) {
	for more := true; more; {
		var v string
		v, rec, more = cutField(rec, comma)
		values = append(values, v)
	}
	return values
}
