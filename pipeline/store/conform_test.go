package store_test

import (
	"testing"

	"imgpipe/pipeline/store"
	"imgpipe/pipeline/storetest"
)

// TestFolderConforms has the ledgers of the suite's Stores lie elsewhere than their outputs.
func TestFolderConforms(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Files {
		s, err := store.Open(t.TempDir(), store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		return s.Files()
	})
}
