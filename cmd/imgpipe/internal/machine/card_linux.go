package machine

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// describe returns the Card of the machine whose files are below root.
func describe(root string) Card {
	cpuinfo := read(root, "proc/cpuinfo")
	c := Card{
		CPU:      model(cpuinfo),
		CPUs:     runtime.GOMAXPROCS(0),
		Kernel:   strings.TrimSpace(read(root, "proc/sys/kernel/osrelease")),
		Virtual:  virtual(root, cpuinfo),
		Quota:    quota(root),
		Governor: strings.TrimSpace(read(root, "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")),
		Memory:   memory(root),
	}
	if list := strings.TrimSpace(read(root, "sys/devices/system/cpu/cpu0/topology/thread_siblings_list")); list != "" {
		c.ThreadsPerCore = len(numbers(list))
	}
	if f := load(root); f != nil {
		c.Load = []float64{*f}
	}
	if f := times(some(root, "cpu", "avg10"), 0.01); f != nil {
		c.CPUPressure = []float64{*f}
	}
	return c
}

// line returns the value of the first line "key : value" of /proc/cpuinfo that has one of the keys.
func line(cpuinfo string, keys ...string) string {
	for _, key := range keys {
		for l := range strings.Lines(cpuinfo) {
			name, value, ok := strings.Cut(l, ":")
			if ok && strings.TrimSpace(name) == key {
				return strings.TrimSpace(value)
			}
		}
	}
	return ""
}

// model returns the name of the processor. ARM's kernels have none, but numbers of its maker and of the part.
func model(cpuinfo string) string {
	if name := line(cpuinfo, "model name", "cpu model", "Model", "Hardware", "cpu", "uarch"); name != "" {
		return name
	}
	maker, part := line(cpuinfo, "CPU implementer"), line(cpuinfo, "CPU part")
	if maker == "" || part == "" {
		return ""
	}
	return "ARM part " + part + " of maker " + maker
}

// virtual says whether a hypervisor runs this machine. Processors of Intel's kind report one. Those of ARM do not, and
// there the maker of the board is asked; a maker of hypervisors is one.
func virtual(root, cpuinfo string) string {
	if kind := strings.TrimSpace(read(root, "sys/hypervisor/type")); kind != "" {
		return kind
	}
	maker := strings.TrimSpace(read(root, "sys/class/dmi/id/sys_vendor"))
	for _, of := range []string{"QEMU", "VMware", "innotek", "Amazon EC2", "Google", "Xen", "Parallels", "OpenStack",
		"Microsoft Corporation", "Apple Virtualization"} {
		product := read(root, "sys/class/dmi/id/product_name")
		if strings.HasPrefix(maker, of) && (of != "Microsoft Corporation" || strings.Contains(product, "Virtual")) &&
			(of != "Google" || strings.Contains(product, "Compute Engine")) && !strings.Contains(product, ".metal") {
			return maker
		}
	}
	flags := line(cpuinfo, "flags")
	switch {
	case flags == "": // not a processor of Intel's kind
		return ""
	case strings.Contains(" "+flags+" ", " hypervisor "):
		return "yes"
	}
	return "no"
}

// quota returns how many CPUs' time the control groups allow, the least of them; 0 if they set no bound.
func quota(root string) (least float64) {
	for _, dir := range controlGroups(root, "cpu") {
		words := strings.Fields(read(dir, "cpu.max"))
		if len(words) != 2 {
			words = []string{read(dir, "cpu.cfs_quota_us"), read(dir, "cpu.cfs_period_us")}
		}
		most, period := number(words[0]), number(words[1])
		if most == nil || period == nil || *most <= 0 || *period <= 0 {
			continue // "max", or -1
		}
		if cpus := *most / *period; least == 0 || cpus < least {
			least = cpus
		}
	}
	return least
}

// memory returns the least of what the machine has and what the control groups allow.
func memory(root string) (least int64) {
	if kib := number(strings.TrimSuffix(line(read(root, "proc/meminfo"), "MemTotal"), " kB")); kib != nil {
		least = int64(*kib) << 10
	}
	for _, dir := range controlGroups(root, "memory") {
		for _, name := range []string{"memory.max", "memory.limit_in_bytes"} {
			b, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				continue
			}
			if n := number(string(b)); n != nil && *n > 0 && (least == 0 || *n < float64(least)) {
				least = int64(*n)
			}
		}
	}
	return least
}
