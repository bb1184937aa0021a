package storetest

import (
	"bytes"
	"context"
	"io/fs"
	"iter"
	"strconv"
	"strings"
	"sync"
	"time"

	"imgpipe/pipeline/store"
)

// Memory is a [store.Files] in memory, for tests and as a model of an object store: a file is put by one conditional
// write, and its SHA-256 is noted beside it. The zero value is empty and ready for use. It may not be copied.
type Memory struct {
	mu    sync.Mutex
	puts  int
	files map[string]object
}

var _ store.DatedFiles = (*Memory)(nil)

type object struct {
	data    []byte
	content store.Content
	version int
	dated   time.Time
}

func (o object) file() store.File {
	return store.File{Kind: store.Regular, Size: o.content.Size, Version: strconv.Itoa(o.version)}
}

// Data returns the data of a file, and reports whether one has the name. The data may not be changed.
func (m *Memory) Data(name string) ([]byte, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	o, ok := m.files[name]
	return o.data, ok
}

// Stat returns what has a name.
func (m *Memory) Stat(_ context.Context, name string) (store.File, error) {
	o, err := m.get(name)
	if err != nil {
		return store.File{}, err
	}
	return o.file(), nil
}

// Digest returns the content that was noted.
func (m *Memory) Digest(_ context.Context, name string) (store.Content, error) {
	o, err := m.get(name)
	return o.content, err
}

// Dated returns the time that was noted.
func (m *Memory) Dated(_ context.Context, name string) (time.Time, error) {
	o, err := m.get(name)
	return o.dated, err
}

func (m *Memory) get(name string) (object, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	o, ok := m.files[name]
	if !ok {
		return o, &fs.PathError{Op: "get", Path: name, Err: fs.ErrNotExist}
	}
	return o, nil
}

// Stage keeps the data.
func (m *Memory) Stage(_ context.Context, data []byte, c store.Content) (store.Staged, error) {
	return &memoryStaged{in: m, data: data, content: c}, nil
}

type memoryStaged struct {
	in      *Memory
	data    []byte
	content store.Content
	dated   time.Time
}

// Date notes a time.
func (s *memoryStaged) Date(_ context.Context, at time.Time) error {
	s.dated = at
	return nil
}

func (s *memoryStaged) Put(_ context.Context, name string, seen store.File) error {
	m := s.in
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.check(name, seen); err != nil {
		return err
	}
	if m.files == nil {
		m.files = map[string]object{}
	}
	m.puts++
	m.files[name] = object{bytes.Clone(s.data), s.content, m.puts, s.dated}
	return nil
}

func (s *memoryStaged) Discard(context.Context) {}

// check returns store.ErrChanged unless a name is as it was seen. The lock is held.
func (m *Memory) check(name string, seen store.File) error {
	now := store.File{}
	if o, ok := m.files[name]; ok {
		now = o.file()
	}
	if now != seen {
		return store.ErrChanged
	}
	return nil
}

// List lists the files with a prefix.
func (m *Memory) List(_ context.Context, prefix string, each func(string, store.File) bool) error {
	m.mu.Lock()
	found := map[string]store.File{}
	for name, o := range m.files {
		if strings.HasPrefix(name, prefix) {
			found[name] = o.file()
		}
	}
	m.mu.Unlock()
	for name, file := range found {
		if !each(name, file) {
			break
		}
	}
	return nil
}

// Remove removes a file.
func (m *Memory) Remove(_ context.Context, name string, seen store.File) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.check(name, seen); err != nil {
		return err
	}
	delete(m.files, name)
	return nil
}

// Sync has nothing to do.
func (m *Memory) Sync(context.Context, iter.Seq[string]) error { return nil }
