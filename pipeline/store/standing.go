package store

import "imgpipe/transform"

// Standing returns the path of a file or folder that has the name of one of an item's outputs and is not ours by its
// content: the first, as far as names are known before the item is done. list are the formats of each size, or none
// where they are not known. Put would keep it or replace it as Options.OnExist says, unless it holds the bytes of the
// output.
func (s *Store) Standing(name Name, list []transform.Format) (file string, found bool) {
	if name.hasSize() {
		return "", false
	}
	for _, label := range name.each() {
		for _, f := range list {
			file := name.Path(transform.Output{Label: label, Format: f})
			st, err := s.glance(file)
			if err != nil || st.Kind == Regular && (s.doubt.torn || s.holdsWhatIsTold(file, st)) {
				continue
			}
			return file, true
		}
	}
	return "", false
}

// holdsWhatIsTold reports whether a file is ours by its content.
func (s *Store) holdsWhatIsTold(file string, st File) bool {
	hash := pathHash(file)
	s.mu.Lock()
	own := s.owned[hash]
	c, told := s.fresh[hash]
	s.mu.Unlock()
	if !told {
		c, told = s.recorded(file, own)
	}
	if !told || st.Size != c.Size {
		return false
	}
	got, ok := s.digest(file)
	return ok && got == c
}
