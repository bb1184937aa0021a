package main

import (
	"errors"
	"slices"
	"strings"
)

// A columnChoice is which columns of lists come along.
type columnChoice struct {
	names []string
	all   bool
}

// allColumns is the word for all.
const allColumns = "all"

// parseColumns reads the names of columns with commas between, or the word all.
func parseColumns(s string) (c columnChoice, err error) {
	if s == allColumns {
		return columnChoice{all: true}, nil
	}
	for name := range strings.SplitSeq(s, ",") {
		if name = strings.TrimSpace(name); name == "" || slices.Contains(c.names, name) {
			return columnChoice{}, errors.New("expected names of columns that differ, with commas between, or all")
		}
		c.names = append(c.names, name)
	}
	return c, nil
}

// String returns what parseColumns reads.
func (c columnChoice) String() string {
	if c.all {
		return allColumns
	}
	return strings.Join(c.names, ",")
}

// with returns the choice and further names.
func (c columnChoice) with(names []string) []string {
	all := slices.Clone(c.names)
	for _, name := range names {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}
