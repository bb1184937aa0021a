package peer

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// memoryOf returns the memory of a process and its descendants in bytes. In pss a page that n processes share counts as
// its nth part, in rss it counts in each.
func memoryOf(pid int) (pss, rss int64) {
	for _, p := range tree(pid) {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", p))
		if err != nil {
			continue // it has ended
		}
		pss += kibibytes(b, "\nPss:")
		rss += kibibytes(b, "\nRss:")
	}
	return pss, rss
}

// tree returns a process and all its descendants.
func tree(pid int) []int {
	pids := []int{pid}
	for i := 0; i < len(pids); i++ {
		lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pids[i]))
		if err != nil {
			continue
		}
		for _, list := range lists {
			b, err := os.ReadFile(list)
			if err != nil {
				continue // the thread has ended
			}
			for _, word := range bytes.Fields(b) {
				if child, err := strconv.Atoi(string(word)); err == nil {
					pids = append(pids, child)
				}
			}
		}
	}
	return pids
}

// kibibytes reads an amount from a line "key N kB", in bytes.
func kibibytes(b []byte, key string) int64 {
	_, after, _ := bytes.Cut(b, []byte(key))
	fields := bytes.Fields(after)
	if len(fields) == 0 {
		return 0
	}
	n, err := strconv.ParseInt(string(fields[0]), 10, 64)
	if err != nil {
		return 0
	}
	return n << 10
}
