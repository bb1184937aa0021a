package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"imgpipe/pipeline/store"
)

// A shardSource is what starts many runs of one command and numbers them in their environments.
type shardSource struct {
	name string
	// key is the variable of the number; what is first in it is the number of part 1.
	key   string
	first int
	// of returns how many there are, by the environment; 0 if it does not say.
	of func(env func(string) string) int
	// total is where a person finds that number.
	total string
}

// shardSources are those that --shard auto knows.
var shardSources = []shardSource{
	{"a Kubernetes indexed job", "JOB_COMPLETION_INDEX", 0, nobodySays, "its completions"},
	{"a Slurm array", "SLURM_ARRAY_TASK_ID", 1, slurmArray, "a whole array from 1, such as --array=1-8"},
	{"srun of Slurm", "SLURM_PROCID", 0, inVariable("SLURM_NTASKS"), "the number of tasks"},
	{"GNU parallel", "PARALLEL_SEQ", 1, nobodySays, "the number of its jobs"},
}

func nobodySays(func(string) string) int { return 0 }

func inVariable(key string) func(func(string) string) int {
	return func(env func(string) string) int {
		n, _ := strconv.Atoi(env(key))
		return n
	}
}

// slurmArray returns the size of an array of tasks that are numbered from 1 without a gap. Of another one, a part may
// have been submitted again.
func slurmArray(env func(string) string) int {
	count := inVariable("SLURM_ARRAY_TASK_COUNT")(env)
	if env("SLURM_ARRAY_TASK_MIN") != "1" || env("SLURM_ARRAY_TASK_MAX") != strconv.Itoa(count) {
		return 0
	}
	return count
}

// set reports whether the environment is that of such a source. Slurm numbers also what is alone, from 0.
func (s shardSource) set(env func(string) string) bool {
	return env(s.key) != "" && (s.key != "SLURM_PROCID" || s.of(env) > 1)
}

// shardOf reads what --shard takes: I/N, auto/N or auto, of which the last two ask the environment.
func shardOf(env func(string) string) func(string) (store.Part, error) {
	return func(s string) (store.Part, error) {
		word, of, numbered := strings.Cut(s, "/")
		if word != "auto" {
			part, err := store.ParsePart(s)
			if err != nil {
				err = fmt.Errorf("%w; or auto/N or auto", err)
			}
			return part, err
		}
		source, err := shardSourceOf(env)
		if err != nil {
			return store.Part{}, err
		}
		if !numbered {
			n := source.of(env)
			if n == 0 {
				return store.Part{}, fmt.Errorf("%s does not say how many there are: expected auto/N, where N is %s",
					source.name, source.total)
			}
			of = strconv.Itoa(n)
		}
		number, err := strconv.Atoi(env(source.key))
		part, wrong := store.ParsePart(strconv.Itoa(number-source.first+1) + "/" + of)
		switch _, bad := store.ParsePart("1/" + of); {
		case bad != nil:
			return store.Part{}, errors.New("expected auto/N with a whole number N")
		case err != nil || wrong != nil:
			n, _ := strconv.Atoi(of)
			return store.Part{}, fmt.Errorf("%s of %s is %q: expected a number from %d to %d",
				source.key, source.name, env(source.key), source.first, n-1+source.first)
		}
		return part, nil
	}
}

// shardSourceOf returns the one source in whose environment this is.
func shardSourceOf(env func(string) string) (found shardSource, err error) {
	var keys []string
	for _, s := range shardSources {
		keys = append(keys, s.key)
		switch {
		case !s.set(env):
		case found.key != "":
			return found, fmt.Errorf("both %s and %s are set: expected I/N, which says what part this is",
				found.key, s.key)
		default:
			found = s
		}
	}
	if found.key == "" {
		return found, fmt.Errorf("none of %s is set: expected I/N, such as 1/3", strings.Join(keys, ", "))
	}
	return found, nil
}

// parseShard is shardOf in the environment of this process.
func parseShard(s string) (store.Part, error) { return shardOf(os.Getenv)(s) }

// checkShard returns an error if the parts of a run could see different inputs: what one writes would be another's
// input.
func (f *runFlags) checkShard() error {
	if f.input.part.Whole() {
		return nil
	}
	for _, name := range []string{"stage", "in-place", "prune", "watch"} {
		if f.set.Changed(name) {
			return fmt.Errorf("--shard and --%s exclude each other: expected one of them", name)
		}
	}
	if f.output.remote() {
		return nil // its source leaves out what lies below the prefix of the outputs
	}
	out := store.NewTree(f.output.dir)
	for _, arg := range f.input.args {
		if _, inside := out.Rel(arg); inside {
			return fmt.Errorf("--shard %s: the input %q lies in --output %q, where other shards write: "+
				"expected another folder for the outputs", f.input.part, arg, f.output.dir)
		}
	}
	return nil
}
