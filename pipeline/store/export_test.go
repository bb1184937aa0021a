package store

// Files returns where the outputs of s go, for the tests in store_test.
func (s *Store) Files() Files { return s.files }
