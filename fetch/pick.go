package fetch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// picker returns the function that finds the sources in a record: it calls yield with each, or with what is wrong, and
// not at all where the record has none, as a blank line. Its own error concerns the whole list.
func (l List) picker(format ListFormat, array bool, s *splitter) func(rec []byte,
	yield func(source string, loose bool, err error) bool) error {
	column := l.Column
	if column == "" {
		column = defaultColumn
	}
	type yields = func(source string, loose bool, err error) bool
	switch format {
	case NULList:
		return func(rec []byte, yield yields) error {
			if len(rec) > 0 {
				yield(string(rec), false, nil)
			}
			return nil
		}
	case JSONLList:
		first := true
		return func(rec []byte, yield yields) error {
			rec = bytes.TrimSpace(rec)
			if len(rec) == 0 && !array {
				return nil
			}
			if first && !array && string(rec) == "{" {
				return errors.New("an object begins in its first line and does not end there, " +
					"expected one object on a line, or an array of them")
			}
			first = false
			jsonSources(rec, column, array, yield)
			return nil
		}
	case CSVList, TSVList:
		n, err := strconv.Atoi(column)
		if err != nil {
			n = 0
		}
		return func(rec []byte, yield yields) error {
			if len(bytes.TrimSpace(rec)) == 0 {
				return nil
			}
			if n == 0 {
				n, err = columnOf(rec, s.comma, column)
				return err
			}
			v, ok := field(rec, s.comma, n)
			v = strings.TrimSpace(v)
			switch {
			case !ok:
				yield("", false, fmt.Errorf("the record has no column %d", n))
			case v == "":
				yield("", false, fmt.Errorf("the column %s is empty", column))
			default:
				yield(v, false, nil)
			}
			return nil
		}
	default:
		return func(rec []byte, yield yields) error {
			t := string(bytes.TrimSpace(rec))
			switch {
			case t == "" || t[0] == '#':
			case t[0] == '"':
				if source := unquote(withoutTail(t)); source != "" {
					yield(source, false, nil)
				} else {
					yield("", false, errors.New("the name is empty"))
				}
			case IsURL(t):
				yield(withoutRemark(t), false, nil)
			default:
				yield(string(rec), true, nil)
			}
			return nil
		}
	}
}

// jsonSources calls yield with the sources of a JSON value: those that path leads to in an object, or the text itself
// in an array of texts.
func jsonSources(rec []byte, path string, array bool, yield func(string, bool, error) bool) {
	if array && len(rec) > 0 && rec[0] == '"' {
		leaves(rec, "an element", yield)
		return
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(rec, &object); err != nil || object == nil {
		what := "the line is not a JSON object"
		if array {
			what = "the element is neither a JSON object nor a text"
		}
		yield("", false, errors.New(what))
		return
	}
	if !follow(object, path, path, yield) {
		yield("", false, fmt.Errorf("the object has no key %q", path))
	}
}

// follow goes along path, as far as it is left, and calls yield with what it leads to. It reports whether the first key
// is there. A key that holds dots and brackets itself goes first.
func follow(object map[string]json.RawMessage, path, left string, yield func(string, bool, error) bool) bool {
	if v, ok := object[left]; ok {
		leaves(v, strconv.Quote(path), yield)
		return true
	}
	for i := len(left) - 1; i > 0; i-- {
		if left[i] != '.' && left[i] != '[' {
			continue
		}
		if v, ok := object[left[:i]]; ok {
			descend(v, path, left[i:], yield)
			return true
		}
	}
	return false
}

// descend follows left, which begins with a dot or a bracket, from a value.
func descend(v json.RawMessage, path, left string, yield func(string, bool, error) bool) bool {
	missing := func() bool { return yield("", false, fmt.Errorf("the object has nothing at %q", path)) }
	var all []json.RawMessage
	isArray := json.Unmarshal(v, &all) == nil && all != nil
	if left[0] == '[' {
		index, rest, whole := strings.Cut(left[1:], "]")
		n, err := strconv.Atoi(index)
		switch {
		case whole && index == "" && isArray:
		case whole && err == nil && n >= 0 && n < len(all):
			all = all[n : n+1]
		default:
			return missing()
		}
		left = rest
	} else if !isArray {
		all = []json.RawMessage{v}
	}
	for _, v := range all {
		on := true
		told := func(source string, loose bool, err error) bool { on = yield(source, loose, err); return on }
		var object map[string]json.RawMessage
		switch {
		case left == "":
			leaves(v, strconv.Quote(path), told)
		case left[0] == '[' || isArray && len(v) > 0 && v[0] == '[':
			descend(v, path, left, told)
		case left[0] != '.' || json.Unmarshal(v, &object) != nil || !follow(object, path, left[1:], told):
			on = missing()
		}
		if !on {
			return false
		}
	}
	return true
}

// leaves calls yield with a text, or with each text of an array.
func leaves(v json.RawMessage, name string, yield func(string, bool, error) bool) {
	var text string
	if err := json.Unmarshal(v, &text); err == nil && text != "" {
		yield(text, false, nil)
		return
	}
	var all []json.RawMessage
	if err := json.Unmarshal(v, &all); err != nil || len(all) == 0 {
		yield("", false, fmt.Errorf("the value of %s is not a text", name))
		return
	}
	for i, v := range all {
		if err := json.Unmarshal(v, &text); err != nil || text == "" {
			if !yield("", false, fmt.Errorf("value %d of %s is not a text", i+1, name)) {
				return
			}
		} else if !yield(text, false, nil) {
			return
		}
	}
}
