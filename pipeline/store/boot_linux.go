package store

import (
	"os"
	"strings"
)

// bootID returns a text that changes each time the machine starts, or "" if the system has none.
func bootID() string {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}
