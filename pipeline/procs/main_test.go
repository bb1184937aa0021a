//go:build !linux

package procs

import (
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	if IsWorker() {
		os.Exit(Main())
	}
	os.Exit(m.Run())
}
