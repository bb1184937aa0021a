package machine

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// files writes files below a folder that stands for the root of a machine, and returns the folder.
func files(t *testing.T, of map[string]string) string {
	t.Helper()
	root := t.TempDir()
	put(t, root, of)
	return root
}

func put(t *testing.T, root string, of map[string]string) {
	t.Helper()
	for name, text := range of {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func pressures(cpu, io, memory string) map[string]string {
	line := func(total string) string {
		return "some avg10=6.25 avg60=3.84 avg300=7.78 total=" + total +
			"\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=77\n"
	}
	return map[string]string{
		"proc/pressure/cpu": line(cpu), "proc/pressure/io": line(io), "proc/pressure/memory": line(memory),
	}
}

func isAbout(f *float64, want float64) bool { return f != nil && math.Abs(*f-want) < 1e-9 }

// TestConditionsAreTheDifferencesOfCounters has CPUs 0 and 2 of three, of which the second is not ours.
func TestConditionsAreTheDifferencesOfCounters(t *testing.T) {
	status := map[string]string{"proc/self/status": "Name:\tx\nCpus_allowed_list:\t0,2-2\n"}
	root := files(t, status)
	put(t, root, pressures("1000000", "2000000", "3000000"))
	put(t, root, map[string]string{
		"proc/stat": "cpu  1 1 1 1 1 1 1 1 1 1\n" +
			"cpu0 100 10 50 900 30 5 5 20 7 7\ncpu1 100 0 0 0 0 0 0 0 0 0\ncpu2 100 10 50 900 30 5 5 20 7 7\nintr 5\n",
		"proc/loadavg":                 "1.25 0.71 0.48 2/210 16182\n",
		"proc/self/cgroup":             "0::/a/b\n",
		"sys/fs/cgroup/cpu.stat":       "usage_usec 5\n",
		"sys/fs/cgroup/a/cpu.stat":     "usage_usec 5\nnr_throttled 3\nthrottled_usec 250000\n",
		"sys/fs/cgroup/a/b/cpu.stat":   "usage_usec 5\nnr_throttled 0\nthrottled_usec 0\n",
		"sys/fs/cgroup/a/b/c/cpu.stat": "usage_usec 5\nnr_throttled 0\nthrottled_usec 99000000\n",
	})
	before := count(root)
	put(t, root, pressures("1500000", "2000000", "3250000"))
	put(t, root, map[string]string{
		"proc/stat": "cpu0 150 20 70 990 60 10 10 50 9 9\ncpu1 900 0 0 0 0 0 0 0 0 0\n" +
			"cpu2 150 20 70 990 60 10 10 50 9 9\n",
		"sys/fs/cgroup/a/cpu.stat":   "throttled_usec 1000000\n",
		"sys/fs/cgroup/a/b/cpu.stat": "throttled_usec 125000\n",
	})
	c := before.until(count(root), 0.8, 2)
	for what, is := range map[string]bool{
		"pressure on CPUs":                    isAbout(c.CPUPressure, 0.5),
		"pressure on disks":                   isAbout(c.IOPressure, 0),
		"pressure on memory":                  isAbout(c.MemoryPressure, 0.25),
		"throttled, as the group above us is": isAbout(c.Throttled, 0.75),
		"steal of the CPUs that are ours":     isAbout(c.Steal, 0.6),
		// 2 × (50 + 10 + 20 + 5 + 5) ticks of work in 2 s, of which 0.8 s are ours. Steal, idling and waiting are none.
		"others": isAbout(c.OtherCPUs, 0.5),
	} {
		if !is {
			said, _ := json.Marshal(c)
			t.Errorf("wrong: %s: %s", what, said)
		}
	}
}

func TestVersionOneOfControlGroupsIsRead(t *testing.T) {
	root := files(t, map[string]string{
		"proc/self/cgroup":                                "4:memory:/m\n2:cpu,cpuacct:/job\n1:name=systemd:/\n0::/\n",
		"sys/fs/cgroup/cpu,cpuacct/job/cpu.stat":          "nr_periods 9\nthrottled_time 500000000\n",
		"sys/fs/cgroup/cpu,cpuacct/cpu.stat":              "nr_periods 0\nthrottled_time 0\n",
		"sys/fs/cgroup/memory/m/x":                        "",
		"sys/fs/cgroup/memory/memory.limit_in_bytes":      "9223372036854771712\n",
		"sys/fs/cgroup/memory/m/memory.limit_in_bytes":    "1000000\n",
		"proc/meminfo":                                    "MemTotal:        2048 kB\nMemFree: 1 kB\n",
		"sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us":  "140000\n",
		"sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us": "100000\n",
		"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us":      "-1\n",
		"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us":     "100000\n",
	})
	before := count(root)
	put(t, root, map[string]string{"sys/fs/cgroup/cpu,cpuacct/job/cpu.stat": "throttled_time 750000000\n"})
	if c := before.until(count(root), 0, 1); !isAbout(c.Throttled, 0.25) {
		t.Errorf("throttled %v, want 0.25 s", c.Throttled)
	}
	if card := describe(root); card.Quota != 1.4 || card.Memory != 1_000_000 {
		t.Errorf("quota %v, memory %d, want 1.4 CPUs and 1000000 bytes", card.Quota, card.Memory)
	}
}

// TestWhatIsNotThereIsNotKnown: neither a machine without these files, nor one with others' text in them, yields a 0.
func TestWhatIsNotThereIsNotKnown(t *testing.T) {
	odd := map[string]string{"proc/self/cgroup": "0::/\nx", "sys/fs/cgroup/cpu.stat": "usage_usec 1\n"}
	for _, name := range []string{"proc/stat", "proc/loadavg", "proc/pressure/cpu", "proc/pressure/io",
		"proc/pressure/memory", "proc/self/status", "proc/cpuinfo", "proc/meminfo"} {
		odd[name] = "cpu0 a b c d e f g h i j\nsome total=x\nCpus_allowed_list:\t0-x\nMemTotal: y kB\n: :\n"
	}
	for name, of := range map[string]map[string]string{"absent": nil, "odd": odd} {
		root := files(t, of)
		w := start(root)
		c := w.Stop()
		if c.CPUPressure != nil || c.IOPressure != nil || c.MemoryPressure != nil || c.Throttled != nil ||
			c.Steal != nil || c.OtherCPUs != nil || c.Load != nil {
			t.Errorf("%s: %+v", name, c)
		}
		if c.MajorFaults == nil || c.BlocksIn == nil {
			t.Errorf("%s: the kernel's own counts are missing", name)
		}
		card := describe(root)
		card.CPUs = 0
		if said, _ := json.Marshal(card); string(said) != `{"cpus":0}` {
			t.Errorf("%s: %s", name, said)
		}
	}
}

func TestACardSaysWhatTheMachineIs(t *testing.T) {
	root := files(t, pressures("1", "1", "1"))
	put(t, root, map[string]string{
		"proc/cpuinfo":              "processor\t: 0\nmodel name\t: AMD EPYC\nflags\t\t: fpu hypervisor sse\n",
		"proc/sys/kernel/osrelease": "6.18.1\n",
		"proc/loadavg":              "2.50 1 1 1/1 1\n",
		"proc/self/cgroup":          "0::/pod/job\n",
		"sys/fs/cgroup/pod/cpu.max": "150000 100000\n", "sys/fs/cgroup/pod/job/cpu.max": "max 100000\n",
		"sys/devices/system/cpu/cpu0/topology/thread_siblings_list": "0,4\n",
		"sys/devices/system/cpu/cpu0/cpufreq/scaling_governor":      "powersave\n",
	})
	card := describe(root).Until(describe(root))
	if card.CPU != "AMD EPYC" || card.Kernel != "6.18.1" || card.Virtual != "yes" || card.Quota != 1.5 ||
		card.ThreadsPerCore != 2 || card.Governor != "powersave" || card.CPUs < 1 {
		t.Errorf("%+v", card)
	}
	if len(card.Load) != 2 || card.Load[1] != 2.5 || len(card.CPUPressure) != 2 || card.CPUPressure[0] != 0.0625 {
		t.Errorf("load %v, pressure %v, want both ends", card.Load, card.CPUPressure)
	}
	for name, is := range map[string]struct{ cpuinfo, maker, product, want string }{
		"bare metal":     {"flags : fpu sse\n", "Dell Inc.", "PowerEdge", "no"},
		"virtual, named": {"flags : fpu hypervisor\n", "QEMU", "Standard PC", "QEMU"},
		"a laptop":       {"flags : fpu\n", "Microsoft Corporation", "Surface", "no"},
		"ARM":            {"CPU implementer : 0x41\nCPU part : 0xd0c\n", "Ampere", "Altra", ""},
		"ARM, virtual":   {"CPU implementer : 0x41\nCPU part : 0xd0c\n", "Amazon EC2", "m7g.large", "Amazon EC2"},
		"ARM, metal":     {"CPU implementer : 0x41\nCPU part : 0xd0c\n", "Amazon EC2", "m7g.metal", ""},
	} {
		root := files(t, map[string]string{"proc/cpuinfo": is.cpuinfo, "sys/class/dmi/id/sys_vendor": is.maker + "\n",
			"sys/class/dmi/id/product_name": is.product + "\n"})
		if card := describe(root); card.Virtual != is.want {
			t.Errorf("%s: virtual %q, want %q", name, card.Virtual, is.want)
		}
	}
}

// TestThisMachineIsWatched reads what the tests run on: whatever it tells is not negative.
func TestThisMachineIsWatched(t *testing.T) {
	w := Start()
	first, again := w.Stop(), w.Stop()
	if first.Load != again.Load {
		t.Error("the load before the run changed after it")
	}
	for _, f := range []*float64{first.CPUPressure, first.IOPressure, first.MemoryPressure, first.Throttled,
		first.Steal, first.OtherCPUs} {
		if f != nil && *f < 0 {
			t.Errorf("%v is negative", *f)
		}
	}
	if card := Describe(); card.Kernel == "" || card.Memory <= 0 || card.CPUs <= 0 {
		t.Errorf("%+v", card)
	}
}
