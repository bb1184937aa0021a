package machine

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// ticksPerSecond is the unit of /proc/stat. It is the same on all architectures that Go knows.
const ticksPerSecond = 100

// count reads the counters of the machine whose files are below root.
func count(root string) counters {
	c := counters{
		cpuPressure:    pressure(root, "cpu"),
		ioPressure:     pressure(root, "io"),
		memoryPressure: pressure(root, "memory"),
		throttled:      throttled(root),
	}
	c.busy, c.steal = worked(read(root, "proc/stat"), allowed(root))
	return c
}

// read returns a file below root; "" if there is none.
func read(root string, name ...string) string {
	b, err := os.ReadFile(filepath.Join(append([]string{root}, name...)...))
	if err != nil {
		return ""
	}
	return string(b)
}

// number returns a number as a file has it; nil if it is none.
func number(s string) *float64 {
	f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil {
		return nil
	}
	return &f
}

// field returns the value after key, which ends in = or a space, in a text of words; nil if there is none.
func field(text, key string) *float64 {
	for line := range strings.Lines(text) {
		if after, ok := strings.CutPrefix(line, key); ok {
			word, _, _ := strings.Cut(strings.TrimSpace(after), " ")
			return number(word)
		}
	}
	return nil
}

// some returns the value of a key in the line of /proc/pressure that counts when some task waited.
func some(root, of, key string) *float64 {
	for line := range strings.Lines(read(root, "proc/pressure", of)) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] != "some" {
			continue
		}
		for _, word := range words {
			if value, ok := strings.CutPrefix(word, key+"="); ok {
				return number(value)
			}
		}
	}
	return nil
}

// pressure returns the time in which some task waited, in seconds.
func pressure(root, of string) *float64 { return times(some(root, of, "total"), 1e-6) }

func times(f *float64, by float64) *float64 {
	if f == nil {
		return nil
	}
	return known(*f * by)
}

// load returns the load average of the last minute.
func load(root string) *float64 {
	first, _, _ := strings.Cut(read(root, "proc/loadavg"), " ")
	return number(first)
}

// throttled returns for each control group that this program is in how long it was out of its quota, in seconds summed
// over CPUs: throttled_usec of version 2, throttled_time of version 1.
func throttled(root string) map[string]float64 {
	groups := map[string]float64{}
	for _, dir := range controlGroups(root, "cpu") {
		stat := read(dir, "cpu.stat")
		if f := times(field(stat, "throttled_usec "), 1e-6); f != nil {
			groups[dir] = *f
		} else if f := times(field(stat, "throttled_time "), 1e-9); f != nil {
			groups[dir] = *f
		}
	}
	return groups
}

// controlGroups returns the folders of this program's control group and of those above it: of version 2, and of a
// controller of version 1.
func controlGroups(root, controller string) (dirs []string) {
	for line := range strings.Lines(read(root, "proc/self/cgroup")) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		var mounts []string
		switch named := strings.Split(parts[1], ","); {
		case parts[1] == "":
			mounts = []string{"sys/fs/cgroup", "sys/fs/cgroup/unified"}
		case slices.Contains(named, controller):
			mounts = []string{"sys/fs/cgroup/" + controller, "sys/fs/cgroup/" + parts[1]}
		}
		for _, mount := range mounts {
			if _, err := os.Stat(filepath.Join(root, mount)); err != nil {
				continue
			}
			for dir := filepath.Clean("/" + parts[2]); ; dir = filepath.Dir(dir) {
				dirs = append(dirs, filepath.Join(root, mount, dir))
				if dir == "/" {
					break
				}
			}
		}
	}
	return dirs
}

// allowed returns the numbers of the CPUs that this program may use; nil if that is not known.
func allowed(root string) map[string]bool {
	for line := range strings.Lines(read(root, "proc/self/status")) {
		if list, ok := strings.CutPrefix(line, "Cpus_allowed_list:"); ok {
			return numbers(strings.TrimSpace(list))
		}
	}
	return nil
}

// numbers returns those of a list such as 0-2,5.
func numbers(list string) map[string]bool {
	all := map[string]bool{}
	for _, part := range strings.Split(list, ",") {
		from, to, isRange := strings.Cut(part, "-")
		if !isRange {
			to = from
		}
		first, err := strconv.Atoi(from)
		last, err2 := strconv.Atoi(to)
		for n := first; err == nil && err2 == nil && n <= last && len(all) < 1<<16; n++ {
			all[strconv.Itoa(n)] = true
		}
	}
	return all
}

// worked returns how long CPUs have worked, and how long a host has stolen from them, in seconds, by the text of
// /proc/stat. Idle and waiting are no work, and guests are counted as users already.
func worked(stat string, cpus map[string]bool) (busy, steal *float64) {
	const user, nice, system, irq, softirq, stolen = 0, 1, 2, 5, 6, 7
	for line := range strings.Lines(stat) {
		words := strings.Fields(line)
		if len(words) <= stolen+1 {
			continue
		}
		n, ok := strings.CutPrefix(words[0], "cpu")
		if !ok || !cpus[n] {
			continue
		}
		if busy == nil {
			busy, steal = new(float64), new(float64)
		}
		for _, kind := range []int{user, nice, system, irq, softirq, stolen} {
			ticks, err := strconv.ParseFloat(words[1+kind], 64)
			if err != nil {
				return nil, nil
			}
			if kind == stolen {
				*steal += ticks / ticksPerSecond
			} else {
				*busy += ticks / ticksPerSecond
			}
		}
	}
	return busy, steal
}
