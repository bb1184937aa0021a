// Package there has types that others may or may not assert.
package there

type Struct struct{}

type Iface interface{ Do() }
