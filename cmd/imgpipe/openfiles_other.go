//go:build !unix

package main

// openLimit returns no limit: none is known here.
func openLimit() (limit, open int) { return 0, 0 }
