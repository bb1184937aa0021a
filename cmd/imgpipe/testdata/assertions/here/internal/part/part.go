// Package part is a part of package here.
package part

type Struct struct{}
