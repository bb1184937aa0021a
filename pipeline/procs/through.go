package procs

import (
	"imgpipe/pipeline"
	"imgpipe/transform"
)

// MainThrough is [Main] with wrap(transform.Do) in place of transform.Do, for what is to be done around every
// transform.
func MainThrough(wrap func(next pipeline.TransformFunc) pipeline.TransformFunc) int {
	return serveMain(wrap(transform.Do))
}
