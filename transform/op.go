package transform

import (
	"fmt"
	"image"
	"slices"
	"strings"
)

// An operation is a row of the table from which everything about operations is made: parsing, printing, checks, help,
// and the work itself.
type operation struct {
	name    string
	doc     string
	example string
	args    []argument // the first may be given without its name
	// size returns the dimensions of the result. It is nil if they do not change.
	size func(a args, w, h int) (int, int, error)
	// extra returns the bytes that apply uses besides the images that go in and come out. Nil is none.
	extra func(a args, w, h int) int64
	// check looks at all arguments together. Nil is nothing to check.
	check func(a args) error
	// apply returns a new image, or img if there is nothing to do. It may not change img.
	apply applyFunc
	// deep returns what does the operation to an image of 16 bits a sample; nil if it cannot be done with those
	// arguments. A nil deep never can.
	deep func(a args) deepFunc
	// softening is how planes are done instead, if that is possible.
	softening softening
}

// An applyFunc does an operation to an image.
type applyFunc func(j *job, img *image.NRGBA, a args) (*image.NRGBA, error)

// A deepFunc is an applyFunc for images of 16 bits a sample.
type deepFunc func(j *job, img *image.NRGBA64, a args) (*image.NRGBA64, error)

// An Op is one operation with its arguments, made by ParseOp. The zero Op does nothing and is not valid in a Spec.
// It is immutable, and safe for use by several goroutines.
type Op struct {
	op     *operation
	values []value // one for each argument, with text "" where there is none
}

// args are the arguments of an operation by name.
type args Op

func (a args) at(name string) value {
	for i := range a.op.args {
		if a.op.args[i].name == name {
			return a.values[i]
		}
	}
	panic("transform: operation " + a.op.name + " has no argument " + name)
}

func (a args) num(name string) float64 { return a.at(name).num }
func (a args) text(name string) string { return a.at(name).text }
func (a args) on(name string) bool     { return a.at(name).num == 1 }

// ParseOp reads one operation: its name, then "=" and its main value, then ",key=value" for each further argument.
// Examples are "blur=1.5" and "watermark=logo.png,opacity=0.5". A comma, semicolon or percent sign in the name of a
// file is written %2C, %3B or %25. Errors name the operation, the argument, its value and what was expected.
func ParseOp(s string) (Op, error) {
	head, rest, more := strings.Cut(strings.TrimSpace(s), ",")
	name, first, valued := strings.Cut(head, "=")
	name = strings.ToLower(strings.TrimSpace(name))
	i := slices.IndexFunc(operations, func(o operation) bool { return o.name == name })
	if i < 0 {
		return Op{}, &ValueError{What: "operation", Value: name, Expected: "one of " + operationNames()}
	}
	o := &operations[i]
	op := Op{op: o, values: make([]value, len(o.args))}
	if valued {
		if len(o.args) == 0 {
			return Op{}, fmt.Errorf("operation %s takes no value, but was given %q", name, first)
		}
		if err := op.set(0, first); err != nil {
			return Op{}, err
		}
	}
	for more {
		var part string
		part, rest, more = strings.Cut(rest, ",")
		key, text, valued := strings.Cut(part, "=")
		key = strings.ToLower(strings.TrimSpace(key))
		k := slices.IndexFunc(o.args, func(a argument) bool { return a.name == key })
		if k < 0 {
			return Op{}, fmt.Errorf("operation %s: unknown argument %q: expected %s", name, key, usage(o))
		}
		if !valued && o.args[k].kind == kindSwitch {
			text = "on"
		}
		if err := op.set(k, text); err != nil {
			return Op{}, err
		}
	}
	if err := op.fill(); err != nil {
		return Op{}, err
	}
	return op, nil
}

func (o *Op) set(i int, text string) error {
	if o.values[i].text != "" {
		return fmt.Errorf("operation %s: %s is given twice", o.op.name, o.op.args[i].name)
	}
	v, err := o.op.args[i].parse(strings.TrimSpace(text))
	if err != nil {
		return fmt.Errorf("operation %s: %w", o.op.name, err)
	}
	o.values[i] = v
	return nil
}

// fill sets arguments without a value to their defaults, and checks the whole.
func (o *Op) fill() error {
	for i := range o.op.args {
		a := &o.op.args[i]
		switch {
		case o.values[i].text != "":
		case a.required:
			return fmt.Errorf("operation %s: %s is missing: expected %s", o.op.name, a.name, usage(o.op))
		case a.def != "":
			v, err := a.parse(a.def)
			if err != nil {
				return err
			}
			o.values[i] = v
		}
	}
	if o.op.check != nil {
		if err := o.op.check(args(*o)); err != nil {
			return fmt.Errorf("operation %s: %w", o.op.name, err)
		}
	}
	return nil
}

// Name returns the name of the operation, as in [Operations]; "" for the zero Op.
func (o Op) Name() string {
	if o.op == nil {
		return ""
	}
	return o.op.name
}

// String returns the canonical text, for which ParseOp returns an equal Op. It leaves out arguments that have their
// default.
func (o Op) String() string {
	if o.op == nil {
		return ""
	}
	var b strings.Builder
	b.WriteString(o.op.name)
	for i := range o.op.args {
		a := &o.op.args[i]
		v := o.values[i]
		switch {
		case v.text == "" || v.text == a.def && !a.required:
		case i == 0:
			b.WriteString("=" + a.print(v))
		default:
			b.WriteString("," + a.name + "=" + a.print(v))
		}
	}
	return b.String()
}

// with returns a copy of o in which one argument has another value.
func (o Op) with(name string, v value) Op {
	o.values = slices.Clone(o.values)
	for i := range o.op.args {
		if o.op.args[i].name == name {
			o.values[i] = v
		}
	}
	return o
}

// An Operation describes one row of the table of operations, for help and manuals.
type Operation struct {
	Name    string     // as in "blur"
	Usage   string     // as in "blur=SIGMA"
	Doc     string     // one line
	Example string     // as in "blur=1.5"
	Args    []Argument // the first may be given without its name
}

// An Argument describes one value that an Operation takes.
type Argument struct {
	Name     string
	Expected string // in words, what values it takes
	Default  string // "" if there is none
	Doc      string // one line
}

// Operations returns all operations in alphabetical order. The caller owns the result.
func Operations() []Operation {
	list := make([]Operation, 0, len(operations))
	for i := range operations {
		o := &operations[i]
		d := Operation{Name: o.name, Usage: usage(o), Doc: o.doc, Example: o.example}
		for k := range o.args {
			a := &o.args[k]
			if a.kind != kindHash {
				d.Args = append(d.Args, Argument{Name: a.name, Expected: a.expected(), Default: a.def, Doc: a.doc})
			}
		}
		list = append(list, d)
	}
	return list
}

// usage returns the form of an operation: "blur=SIGMA", "crop=SIZE[,gravity=GRAVITY]".
func usage(o *operation) string {
	var b strings.Builder
	b.WriteString(o.name)
	for i := range o.args {
		a := &o.args[i]
		word := strings.ToUpper(a.name)
		part := "," + a.name + "=" + word
		if i == 0 {
			part = "=" + word
		}
		if !a.required {
			part = "[" + part + "]"
		}
		if a.kind != kindHash {
			b.WriteString(part)
		}
	}
	return b.String()
}

func operationNames() string {
	names := make([]string, len(operations))
	for i := range operations {
		names[i] = operations[i].name
	}
	return strings.Join(names, ", ")
}
