package storetest

import (
	"testing"

	"imgpipe/pipeline/store"
)

func TestMemoryConforms(t *testing.T) {
	Run(t, func(*testing.T) store.Files { return new(Memory) })
}
