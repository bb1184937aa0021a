package report

import (
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"imgpipe/cmd/imgpipe/internal/bench"
)

// JSON writes c as JSON with all raw runs. A figure that is not finite, such as the end of an unknown interval, is
// null. It decodes into a bench.Comparison, in which null leaves 0.
func JSON(w io.Writer, c *bench.Comparison) error {
	p := new(page)
	if err := p.json(reflect.ValueOf(c), ""); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	p.line("")
	return p.to(w)
}

// A member is a name and its value in a JSON object.
type member struct {
	name  string
	value reflect.Value
}

// json writes v as encoding/json would, except for figures that are not finite: encoding/json refuses a whole value
// because of one infinity. An object or list of scalars takes one line, as there can be thousands of spans.
func (p *page) json(v reflect.Value, indent string) error {
	if _, own := v.Interface().(json.Marshaler); own {
		return p.scalar(v)
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return p.scalar(v)
		}
		return p.json(v.Elem(), indent)
	case reflect.Float64, reflect.Float32:
		if !finite(v.Float()) {
			p.WriteString("null")
			return nil
		}
	case reflect.Struct, reflect.Map:
		var members []member
		if v.Kind() == reflect.Struct {
			members = fields(v)
		} else {
			for _, k := range v.MapKeys() {
				members = append(members, member{fmt.Sprint(k), v.MapIndex(k)})
			}
			slices.SortFunc(members, func(a, b member) int { return strings.Compare(a.name, b.name) })
		}
		return p.list("{", "}", indent, members)
	case reflect.Slice, reflect.Array:
		var members []member
		for i := range v.Len() {
			members = append(members, member{value: v.Index(i)})
		}
		return p.list("[", "]", indent, members)
	}
	return p.scalar(v)
}

func (p *page) scalar(v reflect.Value) error {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v.Interface()); err != nil {
		return err
	}
	p.WriteString(strings.TrimSuffix(b.String(), "\n"))
	return nil
}

// list writes members between open and closing: on one line if all are scalars, or else each on its own line.
func (p *page) list(open, closing, indent string, members []member) error {
	inner, outer := "\n"+indent+"  ", "\n"+indent
	if !slices.ContainsFunc(members, func(m member) bool { return compound(m.value) }) {
		inner, outer = "", ""
	}
	p.WriteString(open)
	for i, m := range members {
		switch {
		case i > 0 && inner == "":
			p.WriteString(", ")
		case i > 0:
			p.WriteString("," + inner)
		default:
			p.WriteString(inner)
		}
		if open == "{" {
			if err := p.scalar(reflect.ValueOf(m.name)); err != nil {
				return err
			}
			p.WriteString(": ")
		}
		if err := p.json(m.value, indent+"  "); err != nil {
			return err
		}
	}
	p.WriteString(outer + closing)
	return nil
}

// compound reports whether v is more than one value.
func compound(v reflect.Value) bool {
	if _, own := v.Interface().(json.Marshaler); own {
		return false
	}
	switch v.Kind() {
	case reflect.Struct:
		return true
	case reflect.Map, reflect.Slice, reflect.Array:
		return v.Len() > 0
	case reflect.Pointer, reflect.Interface:
		return !v.IsNil() && compound(v.Elem())
	}
	return false
}

// fields returns the members of a struct, as its tags name them.
func fields(v reflect.Value) []member {
	var out []member
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case !f.IsExported() || name == "-" || options == "omitempty" && empty(v.Field(i)):
			continue
		case name == "":
			name = f.Name
		}
		out = append(out, member{name, v.Field(i)})
	}
	return out
}

// empty returns what omitempty leaves out.
func empty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Map, reflect.Slice, reflect.Array, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}
