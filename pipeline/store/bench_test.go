package store

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/transform"
)

// photo is an entry such as a run writes.
func photo(i int) Entry {
	return Entry{
		Status: pipeline.Done, Source: fmt.Sprintf("photos/2024/may/IMG_%06d.jpg", i),
		Size: 3e6 + int64(i), ModTime: time.Unix(1.7e9+int64(i), 123456789),
		Name: fmt.Sprintf("2024/may/IMG_%06d.{ext}", i), Spec: "resize=800x600,fit=inside,filter=lanczos|quality=85",
		Attempts: 1, Worker: 1,
		InBytes: 3e6, Time: time.Unix(4e9, 0), MS: Stages{Fetch: 1.2, Wait: 0.03, Decode: 40.5, Operate: 12.25,
			Encode: 7.125, Store: 0.06},
		Outputs: []pipeline.Output{{
			Path:  fmt.Sprintf("2024/may/IMG_%06d.jpg", i),
			Bytes: 61234, Width: 800, Height: 600, Format: transform.JPEG,
			SHA256: "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed",
		}},
	}
}

func BenchmarkAppend(b *testing.B) {
	s := open(b, b.TempDir(), Options{})
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if err := s.Append(photo(i)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPut puts files of 20 KB into folders of some depth, hundreds in each.
func BenchmarkPut(b *testing.B) {
	for _, dir := range []string{"", "2024", "2024/may/trip"} {
		b.Run(fmt.Sprintf("dir=%s", or(dir, ".")), func(b *testing.B) {
			s := open(b, b.TempDir(), Options{})
			n := newNamer(b, NameOptions{})
			out := jpg(strings.Repeat("0123456789", 2048))
			b.ReportAllocs()
			b.SetBytes(int64(len(out.Data)))
			for i := 0; b.Loop(); i++ {
				name, err := n.Plan(Subject{Item: fetch.Item{Index: i, Source: fmt.Sprintf("%06d.png", i), Dir: dir}})
				if err != nil {
					b.Fatal(err)
				}
				name.file = "" // which is not there
				if _, err := s.Put(name, out); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func or(s, def string) string {
	if s == "" {
		return def
	}
	return s
}

func BenchmarkOpen(b *testing.B) {
	const lines = 100_000
	dir := b.TempDir()
	var text []byte
	for i := range lines {
		e := photo(i)
		text, _ = appendLine(text, e, e.Key().hash())
	}
	if err := os.WriteFile(ledger(dir), text, 0o644); err != nil {
		b.Fatal(err)
	}
	b.Run(fmt.Sprintf("lines=%d", lines), func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			s, err := Open(dir, Options{})
			if err != nil {
				b.Fatal(err)
			}
			if len(s.lines) != lines {
				b.Fatalf("%d lines", len(s.lines))
			}
			s.Close()
		}
	})
}

func BenchmarkDone(b *testing.B) {
	dir := b.TempDir()
	s := open(b, dir, Options{})
	n := newNamer(b, NameOptions{})
	keys := make([]Key, 1000)
	for i := range keys {
		e := photo(i)
		name, err := n.Plan(Subject{Item: fetch.Item{Index: i, Source: e.Source, Dir: "2024/may"}})
		if err != nil {
			b.Fatal(err)
		}
		if e.Outputs, err = s.Put(name, jpg("ours")); err != nil {
			b.Fatal(err)
		}
		if err := s.Append(e); err != nil {
			b.Fatal(err)
		}
		keys[i] = e.Key()
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, ok := s.Done(keys[i%len(keys)]); !ok {
			b.Fatal("not done")
		}
	}
}

// BenchmarkLine makes lines of the ledger, by hand and with encoding/json.
func BenchmarkLine(b *testing.B) {
	e := photo(1)
	buf := make([]byte, 0, 1024)
	b.Run("by=hand", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := appendLine(buf, e, 1); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("by=encoding-json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := encode(buf, line{V: 1, ID: "0000000000000001", Entry: e}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
