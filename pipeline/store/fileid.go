package store

// A fileID is the same for two paths that lead to one file, through whatever links and mounts.
type fileID struct{ dev, ino uint64 }

// A FileSet is a set of files, by what they are and not by what they are called: one file has many paths, through
// links, mounts, and the case of letters. The zero value is empty. It is for one goroutine while it is filled, and for
// any number afterwards. Nil is valid and empty.
type FileSet struct{ files map[fileID]struct{} }

// Add adds the file that path leads to. One that is not there is left out.
func (s *FileSet) Add(path string) {
	id, err := identify(path)
	if err != nil {
		return
	}
	if s.files == nil {
		s.files = map[fileID]struct{}{}
	}
	s.files[id] = struct{}{}
}

// Has reports whether path leads to a file of the set.
func (s *FileSet) Has(path string) bool {
	if s == nil || len(s.files) == 0 {
		return false
	}
	id, err := identify(path)
	if err != nil {
		return false
	}
	_, ok := s.files[id]
	return ok
}
