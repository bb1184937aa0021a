package main

import (
	"fmt"
	"strings"
	"testing"
)

// environment returns the values of variables by their names.
func environment(vars ...string) func(string) string {
	return func(key string) string {
		for _, v := range vars {
			if k, value, _ := strings.Cut(v, "="); k == key {
				return value
			}
		}
		return ""
	}
}

// TestWhatStartsManyRunsNumbersEachPartOnce starts N runs in each environment that is known: each part is done once.
func TestWhatStartsManyRunsNumbersEachPartOnce(t *testing.T) {
	for _, c := range []struct {
		first int
		vars  string // %[1]d is the number of the run, %[2]d how many there are
		auto  bool   // the environment says how many
	}{
		{0, "JOB_COMPLETION_INDEX=%[1]d", false},
		{1, "SLURM_ARRAY_TASK_ID=%[1]d SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=%[2]d " +
			"SLURM_ARRAY_TASK_COUNT=%[2]d SLURM_PROCID=0 SLURM_NTASKS=1", true},
		{0, "SLURM_PROCID=%[1]d SLURM_NTASKS=%[2]d", true},
		{1, "PARALLEL_SEQ=%[1]d PARALLEL_JOBSLOT=1", false},
	} {
		for _, n := range []int{2, 3, 64} {
			did := map[string]bool{}
			for run := range n {
				env := environment(strings.Fields(fmt.Sprintf(c.vars, c.first+run, n))...)
				part, err := shardOf(env)(fmt.Sprintf("auto/%d", n))
				if err != nil || did[part.String()] || part.Of != n {
					t.Errorf("%s: run %d of %d is part %q, %v", c.vars, run, n, part, err)
				}
				did[part.String()] = true
				alone, err := shardOf(env)("auto")
				if c.auto && (err != nil || alone != part) {
					t.Errorf("%s: auto is %q, %v", c.vars, alone, err)
				}
				if !c.auto && (err == nil || !strings.Contains(err.Error(), "expected auto/N")) {
					t.Errorf("%s: auto is %q, %v", c.vars, alone, err)
				}
			}
			for _, beyond := range []int{c.first - 1, c.first + n} {
				env := environment(strings.Fields(fmt.Sprintf(c.vars, beyond, n))...)
				if part, err := shardOf(env)(fmt.Sprintf("auto/%d", n)); err == nil {
					t.Errorf("%s: number %d of %d is part %q", c.vars, beyond, n, part)
				}
			}
		}
	}
}

func TestAShardThatCannotBeKnownIsRefused(t *testing.T) {
	for _, c := range []struct{ value, vars, want string }{
		{"auto/3", "", "none of JOB_COMPLETION_INDEX, SLURM_ARRAY_TASK_ID"},
		{"auto", "SLURM_PROCID=0 SLURM_NTASKS=1", "none of"},
		{"auto/3", "JOB_COMPLETION_INDEX=1 PARALLEL_SEQ=1", "both JOB_COMPLETION_INDEX and PARALLEL_SEQ are set"},
		{"auto/x", "PARALLEL_SEQ=1", "a whole number N"},
		{"auto/0", "PARALLEL_SEQ=1", "a whole number N"},
		{"auto/3", "PARALLEL_SEQ=one", `PARALLEL_SEQ of GNU parallel is "one": expected a number from 1 to 3`},
		{"auto/3", "JOB_COMPLETION_INDEX=3", "expected a number from 0 to 2"},
		{"auto", "SLURM_ARRAY_TASK_ID=5 SLURM_ARRAY_TASK_MIN=5 SLURM_ARRAY_TASK_MAX=9 SLURM_ARRAY_TASK_COUNT=2",
			"expected auto/N"},
		{"4/3", "", "expected I/N with I from 1 to N"},
		{"automatic", "", "or auto/N or auto"},
	} {
		part, err := shardOf(environment(strings.Fields(c.vars)...))(c.value)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s with %q is %q, %v; want an error with %q", c.value, c.vars, part, err, c.want)
		}
	}
}
