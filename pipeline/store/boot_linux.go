package store

import (
	"os"
	"strings"
)

// bootID is another one each time that the machine was started; "" where that is not known.
func bootID() string {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}
