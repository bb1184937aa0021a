package main

import (
	"bufio"
	"os"
	"path"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// machineMemory returns how much memory this program may use, in bytes: the limit of its control group or of one above
// it, or else what the machine has. It returns 0 if that is not known.
func machineMemory() int64 {
	var limit int64
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) == nil {
		limit = int64(info.Totalram) * int64(info.Unit)
	}
	for _, dir := range controlGroups() {
		for _, name := range []string{"memory.max", "memory.limit_in_bytes"} {
			b, err := os.ReadFile(path.Join(dir, name))
			if err != nil {
				continue
			}
			n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
			if err == nil && n > 0 && (limit == 0 || n < limit) {
				limit = n
			}
		}
	}
	return limit
}

// controlGroups returns the folders of this program's control group and of those above it, of version 2 and of
// version 1's memory.
func controlGroups() (dirs []string) {
	f, err := os.Open("/proc/self/cgroup")
	if err != nil {
		return nil
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		parts := strings.SplitN(lines.Text(), ":", 3)
		if len(parts) != 3 {
			continue
		}
		root := "/sys/fs/cgroup"
		if strings.Contains(parts[1], "memory") {
			root = "/sys/fs/cgroup/memory"
		} else if parts[1] != "" {
			continue
		}
		for dir := parts[2]; ; dir = path.Dir(dir) {
			dirs = append(dirs, path.Join(root, dir))
			if dir == "/" || dir == "." {
				break
			}
		}
	}
	return dirs
}
