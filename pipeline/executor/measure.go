package executor

import "time"

// Measure calls f and returns where its time went.
func Measure(f func()) Work {
	began := time.Now()
	f()
	return Work{Wall: time.Since(began)}
}
