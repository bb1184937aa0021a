package storetest

import (
	"context"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"imgpipe/pipeline/store"
)

// A broken is a Memory of which some methods do not keep their contract.
type broken struct {
	*Memory
	staged func(*memoryStaged) store.Staged
	stat   func(store.File) store.File
	digest func(name string) (store.Content, error)
	list   func(prefix string, each func(string, store.File) bool) error
	remove func(name string, seen store.File) error
}

func (b broken) Stage(ctx context.Context, data []byte, c store.Content) (store.Staged, error) {
	s := &memoryStaged{in: b.Memory, data: data, content: c}
	if b.staged != nil {
		return b.staged(s), nil
	}
	return s, nil
}

func (b broken) Stat(ctx context.Context, name string) (store.File, error) {
	file, err := b.Memory.Stat(ctx, name)
	if b.stat != nil && err == nil {
		file = b.stat(file)
	}
	return file, err
}

func (b broken) Digest(ctx context.Context, name string) (store.Content, error) {
	if b.digest != nil {
		return b.digest(name)
	}
	return b.Memory.Digest(ctx, name)
}

func (b broken) List(ctx context.Context, prefix string, each func(string, store.File) bool) error {
	if b.list != nil {
		return b.list(prefix, each)
	}
	return b.Memory.List(ctx, prefix, each)
}

func (b broken) Remove(ctx context.Context, name string, seen store.File) error {
	if b.remove != nil {
		return b.remove(name, seen)
	}
	return b.Memory.Remove(ctx, name, seen)
}

// A brokenStaged puts in another way.
type brokenStaged struct {
	*memoryStaged
	put func(name string, seen store.File) error
}

func (s brokenStaged) Put(_ context.Context, name string, seen store.File) error {
	return s.put(name, seen)
}

// now returns what has a name, the zero File where nothing has.
func (m *Memory) now(name string) store.File {
	file, _ := m.Stat(context.Background(), name)
	return file
}

// TestABrokenFilesDoesNotPass has each of them break the law that it is about.
func TestABrokenFilesDoesNotPass(t *testing.T) {
	ctx := context.Background()
	putting := func(put func(s *memoryStaged, name string, seen store.File) error) func() store.Files {
		return func() store.Files {
			return broken{Memory: new(Memory), staged: func(s *memoryStaged) store.Staged {
				return brokenStaged{s, func(name string, seen store.File) error { return put(s, name, seen) }}
			}}
		}
	}
	for _, c := range []struct {
		what   string
		create func() store.Files
		law    string
	}{
		{"what is staged has a name already", func() store.Files {
			return broken{Memory: new(Memory), staged: func(s *memoryStaged) store.Staged {
				_ = s.Put(ctx, "staged.jpg", store.File{})
				return s
			}}
		}, "WhatIsStagedIsSeenByNobody"},
		{"a file grows under its name", growing, "WhoeverLooksFindsAWholeFile"},
		{"a file is replaced by removing it first", removing, "WhoeverLooksFindsAWholeFile"},
		{"the last one wins", putting(func(s *memoryStaged, name string, _ store.File) error {
			for {
				if err := s.Put(ctx, name, s.in.now(name)); err == nil {
					return nil
				}
			}
		}), "ANameThatIsTakenIsKept"},
		{"whatever is there is replaced, if something was seen", putting(
			func(s *memoryStaged, name string, seen store.File) error {
				if (seen != store.File{}) {
					seen = s.in.now(name)
				}
				return s.Put(ctx, name, seen)
			}), "WhatWasSeenIsReplacedAndNothingElse"},
		{"what was removed is put again", putting(func(s *memoryStaged, name string, seen store.File) error {
			if (s.in.now(name) == store.File{}) {
				seen = store.File{}
			}
			return s.Put(ctx, name, seen)
		}), "WhatWasSeenIsReplacedAndNothingElse"},
		{"a put that is refused says nothing", putting(func(s *memoryStaged, name string, seen store.File) error {
			_ = s.Put(ctx, name, seen)
			return nil
		}), "OfManyPutsOneSucceeds"},
		{"a put is lost", putting(func(*memoryStaged, string, store.File) error { return nil }),
			"WhatIsPutIsThereWhole"},
		{"a long file is cut", putting(func(s *memoryStaged, name string, seen store.File) error {
			if len(s.data) > 1<<20 {
				s.data = s.data[:1<<20]
				s.content = contentOf(string(s.data))
			}
			return s.Put(ctx, name, seen)
		}), "WhatIsPutIsThereWhole"},
		{"files of one length have one version", func() store.Files {
			return broken{Memory: new(Memory), stat: func(f store.File) store.File { f.Version = ""; return f }}
		}, "TwoFilesOfOneLengthDiffer"},
		{"a digest is that of the first file", func() store.Files {
			m, known := new(Memory), map[string]store.Content{}
			return broken{Memory: m, digest: func(name string) (store.Content, error) {
				if c, ok := known[name]; ok {
					return c, nil
				}
				c, err := m.Digest(ctx, name)
				known[name] = c
				return c, err
			}}
		}, "WhatWasSeenIsReplacedAndNothingElse"},
		{"a remove is lost", func() store.Files {
			return broken{Memory: new(Memory), remove: func(string, store.File) error { return nil }}
		}, "WhatWasSeenIsRemovedAndNothingElse"},
		{"whatever is there is removed", func() store.Files {
			m := new(Memory)
			return broken{Memory: m, remove: func(name string,
				_ store.File) error {
				return m.Remove(ctx, name, m.now(name))
			}}
		}, "WhatWasSeenIsRemovedAndNothingElse"},
		{"list takes a prefix for a folder", func() store.Files {
			m := new(Memory)
			return broken{Memory: m, list: func(prefix string, each func(string, store.File) bool) error {
				if prefix != "" {
					prefix = strings.TrimSuffix(prefix, "/") + "/"
				}
				return m.List(ctx, prefix, each)
			}}
		}, "ListHasThePrefix"},
		{"list goes on when it is told to stop", func() store.Files {
			m := new(Memory)
			return broken{Memory: m, list: func(prefix string, each func(string, store.File) bool) error {
				return m.List(ctx, prefix, func(name string, f store.File) bool { each(name, f); return true })
			}}
		}, "ListStopsWhenTold"},
	} {
		t.Run(c.what, func(t *testing.T) {
			if !breaks(t, c.law, c.create) {
				t.Errorf("it passes %s", c.law)
			}
		})
	}
}

// growing is a Files in which half of a file is seen under its name, until somebody has looked.
func growing() store.Files {
	m := new(Memory)
	var looks atomic.Int64
	return broken{
		Memory: m,
		digest: func(name string) (store.Content, error) {
			defer looks.Add(1)
			return m.Digest(context.Background(), name)
		},
		staged: func(s *memoryStaged) store.Staged {
			return brokenStaged{s, func(name string, seen store.File) error {
				data := s.data[:len(s.data)/2]
				half := memoryStaged{in: m, data: data, content: contentOf(string(data))}
				if err := half.Put(context.Background(), name, seen); err != nil {
					return err
				}
				awaitLook(&looks)
				return s.Put(context.Background(), name, m.now(name))
			}}
		},
	}
}

// removing is a Files in which nothing has a name while a file takes it from another.
func removing() store.Files {
	m := new(Memory)
	var looks atomic.Int64
	return broken{
		Memory: m,
		digest: func(name string) (store.Content, error) {
			defer looks.Add(1)
			return m.Digest(context.Background(), name)
		},
		staged: func(s *memoryStaged) store.Staged {
			return brokenStaged{s, func(name string, seen store.File) error {
				if (seen == store.File{}) {
					return s.Put(context.Background(), name, seen)
				}
				if err := m.Remove(context.Background(), name, seen); err != nil {
					return err
				}
				awaitLook(&looks)
				return s.Put(context.Background(), name, store.File{})
			}}
		},
	}
}

// awaitLook returns when somebody has looked, or when nobody seems to.
func awaitLook(looks *atomic.Int64) {
	for before, tries := looks.Load(), 0; looks.Load() < before+2 && tries < 2_000; tries++ {
		runtime.Gosched()
	}
}

// breaks reports whether a Files breaks the law of a name.
func breaks(t *testing.T, name string, create func() store.Files) bool {
	i := slices.IndexFunc(laws, func(l law) bool { return l.name == name })
	if i < 0 {
		t.Fatal("no law is called", name)
	}
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() { // which Fatal ends
		defer close(done)
		laws[i].test(r, create())
	}()
	<-done
	return r.failed.Load()
}

// A recorder is told of failures that are no failures of the test.
type recorder struct {
	testing.TB
	failed atomic.Bool
}

func (r *recorder) Errorf(string, ...any) { r.failed.Store(true) }
func (r *recorder) Error(...any)          { r.failed.Store(true) }

func (r *recorder) Fatalf(string, ...any) { r.Fatal() }

func (r *recorder) Fatal(...any) {
	r.failed.Store(true)
	runtime.Goexit()
}
