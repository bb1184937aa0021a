//go:build !linux

package procs

import (
	"errors"
	"time"
)

func processorTime(int) (time.Duration, error) {
	return 0, errors.New("the CPU time of another process is not known here")
}

func endedOf(error) bool { return false }
