package machine

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// describe returns what sysctl says of this machine.
func describe(string) Card {
	c := Card{CPUs: runtime.GOMAXPROCS(0), Memory: memory("")}
	c.CPU, _ = unix.Sysctl("machdep.cpu.brand_string")
	c.Kernel, _ = unix.Sysctl("kern.osrelease")
	threads, err := unix.SysctlUint32("hw.logicalcpu")
	cores, err2 := unix.SysctlUint32("hw.physicalcpu")
	if err == nil && err2 == nil && cores > 0 {
		c.ThreadsPerCore = int(threads / cores)
	}
	if guest, err := unix.SysctlUint32("kern.hv_vmm_present"); err == nil {
		c.Virtual = map[bool]string{true: "yes", false: "no"}[guest != 0]
	}
	return c
}

func memory(string) int64 {
	n, err := unix.SysctlUint64("hw.memsize")
	if err != nil {
		return 0
	}
	return int64(n)
}
