//go:build race

package report

// raced reports whether the race detector watches this test. It finds nothing in a browser, and takes minutes there.
const raced = true
