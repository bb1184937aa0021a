package shard

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/pipeline/store"
	"imgpipe/transform"
)

// folder makes an output folder with so many inputs, done in an order, of which some failed.
func folder(t *testing.T, order []int) string {
	t.Helper()
	dir := t.TempDir()
	s, err := store.Open(dir, store.Options{NoSync: true, Name: "{stem}.{ext}",
		Spec: transform.Spec{Formats: []transform.Format{transform.JPEG, transform.PNG}}})
	if err != nil {
		t.Fatal(err)
	}
	places := make([]pipeline.Place, len(order))
	items := make([]fetch.Item, len(order))
	for i := range order {
		source := fmt.Sprintf("https://h/%c%d.png", 'z'-i%7, i)
		items[i] = fetch.Item{Index: i, Scheme: "https", Source: source, Row: i + 1,
			Columns: fetch.Columns(fmt.Sprintf(`{"caption":"<%d>"}`, i))}
		if places[i], err = s.Plan(items[i]); err != nil {
			t.Fatal(err)
		}
	}
	for _, i := range order {
		o := pipeline.Outcome{Item: items[i], Place: places[i], Status: pipeline.Failed, Class: "decode"}
		if i%5 != 3 {
			out := func(f transform.Format) transform.Output {
				return transform.Output{Format: f, Width: 1, Height: 2, Data: fmt.Appendf(nil, "%s of %d", f, i)}
			}
			both := []transform.Output{out(transform.JPEG), out(transform.PNG)}
			o.Outputs, err = places[i].Put(transform.Result{Outputs: both})
			o.Status = pipeline.Done
		}
		if err = errors.Join(err, s.Record(o)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func pack(t *testing.T, from, to string, samples int) (Result, error) {
	t.Helper()
	s, err := store.Open(from, store.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	return Pack(t.Context(), s, Options{Dir: to, Samples: samples, Text: "caption"})
}

func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = string(b)
	}
	return all
}

// TestShardsHoldEachOutputOnce holds for any number of samples in a shard and any order in which inputs were done: the
// shards are the same, byte for byte, and have the files of each input that is done under one key.
func TestShardsHoldEachOutputOnce(t *testing.T) {
	const inputs, done = 23, 19
	up := make([]int, inputs)
	for i := range up {
		up[i] = i
	}
	down := slices.Clone(up)
	slices.Reverse(down)
	one, other := folder(t, up), folder(t, down)
	for _, samples := range []int{1, 4, 19, 0} {
		a, b := t.TempDir(), t.TempDir()
		r, err := pack(t, one, a, samples)
		if err != nil || r.Samples != done || r.Before != 0 || r.Lost != 0 {
			t.Fatalf("%d samples a shard: %+v, %v", samples, r, err)
		}
		if _, err := pack(t, other, b, samples); err != nil {
			t.Fatal(err)
		}
		got := files(t, a)
		if !maps.Equal(got, files(t, b)) {
			t.Errorf("%d samples a shard: the order in which inputs were done matters", samples)
		}
		if again, err := pack(t, one, a, samples); err != nil || again.Before != r.Shards || again.Samples != done {
			t.Errorf("%d samples a shard: again %+v, %v", samples, again, err)
		}
		next := 0
		for n := range r.Shards {
			in := tar.NewReader(strings.NewReader(got[fmt.Sprintf("%05d.tar", n)]))
			for i := 0; ; i++ {
				sample, ok := readSample(t, in)
				if !ok {
					break
				}
				if sample.Key != keyOf(next) || samples > 0 && i >= samples {
					t.Errorf("shard %d has the key %s at %d", n, sample.Key, i)
				}
				next++
			}
		}
		if next != done || len(got) != 2*r.Shards {
			t.Errorf("%d samples a shard: %d samples in %v", samples, next, slices.Sorted(maps.Keys(got)))
		}
	}
}

// readSample reads the files of one sample and compares them with what they are said to be.
func readSample(t *testing.T, in *tar.Reader) (m meta, ok bool) {
	t.Helper()
	got := map[string]string{}
	key := ""
	for m.Key == "" {
		h, err := in.Next()
		if err == io.EOF {
			return m, false
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		k, ext, _ := strings.Cut(h.Name, ".")
		if key != "" && key != k {
			t.Errorf("the sample %s has %s", key, h.Name)
		}
		key = k
		got[ext] = string(b)
		if ext == "json" {
			if err := json.Unmarshal(b, &m); err != nil {
				t.Fatal(err)
			}
		}
	}
	n := m.Row - 1
	want := map[string]string{"json": got["json"], "txt": fmt.Sprintf("<%d>", n), "jpg": fmt.Sprintf("jpeg of %d", n),
		"png": fmt.Sprintf("png of %d", n)}
	if !maps.Equal(got, want) || key != m.Key {
		t.Errorf("the sample %s has %q, want %q", key, got, want)
	}
	return m, true
}

// TestNoShardOfOthersIsReplaced has files of a person in the folder, an output that was changed, and one that is new.
func TestNoShardOfOthersIsReplaced(t *testing.T) {
	from := folder(t, []int{0, 1, 2})
	for _, name := range []string{"00000.tar", "00000.json"} {
		to := t.TempDir()
		if err := os.WriteFile(filepath.Join(to, name), []byte("mine"), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := pack(t, from, to, 0); err == nil || !strings.Contains(err.Error(), "not as imgpipe wrote it") {
			t.Errorf("%s of another: %v", name, err)
		}
		if got := files(t, to); len(got) != 1 || got[name] != "mine" {
			t.Errorf("%s of another: there is %q", name, got)
		}
	}
	to := t.TempDir()
	if _, err := pack(t, from, to, 2); err != nil {
		t.Fatal(err)
	}
	before := files(t, to)
	names, err := filepath.Glob(filepath.Join(from, "x*.jpg"))
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	good, _ := os.ReadFile(names[0])
	if err := os.WriteFile(names[0], bytes.ToUpper(good), 0o644); err != nil {
		t.Fatal(err)
	}
	fresh := t.TempDir()
	r, err := pack(t, from, fresh, 2)
	if err != nil || r.Lost != 1 || r.Samples != 2 || r.FirstLost != filepath.Base(names[0]) {
		t.Errorf("with an output that was changed: %+v, %v", r, err)
	}
	if err := os.WriteFile(names[0], good, 0o644); err != nil {
		t.Fatal(err)
	}
	r, err = pack(t, from, fresh, 2)
	if err != nil || r.Lost != 0 || r.Samples != 3 || !maps.Equal(files(t, fresh), before) {
		t.Errorf("with the output as it was: %+v, %v", r, err)
	}
	if r, err = pack(t, from, to, 1); err != nil || r.Shards != 3 || r.Before != 0 {
		t.Errorf("with other shards: %+v, %v", r, err)
	}
	if r, err = pack(t, from, to, 3); err != nil || len(r.Stale) != 2 {
		t.Errorf("with fewer shards: %+v, %v", r, err)
	}
}
