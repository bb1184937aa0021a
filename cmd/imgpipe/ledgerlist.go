package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"imgpipe/fetch"
	"imgpipe/pipeline/store"
)

// ledgerIsNoList returns an error if a list of inputs is the ledger of the output folder, by whatever path: the run
// would read what it writes.
func (f *runFlags) ledgerIsNoList(stdin io.Reader) error {
	ledger, err := os.Stat(filepath.Join(f.output.dir, store.LedgerName))
	if err != nil {
		return nil // there is none yet
	}
	for _, name := range f.input.lists {
		if store.IsLedger(filepath.Base(name)) && sameFile(filepath.Dir(name), f.output.dir) {
			return fmt.Errorf("--input-list %q is the ledger of --output %q, which the run writes to: "+
				"expected another list, such as a copy of it", name, f.output.dir)
		}
		var list os.FileInfo
		if file, ok := stdin.(*os.File); ok && (fetch.List{Path: name}).Stdin() {
			list, err = file.Stat()
		} else {
			list, err = os.Stat(name)
		}
		if err == nil && os.SameFile(list, ledger) {
			return fmt.Errorf("--input-list %q is the ledger of --output %q, which the run writes to: "+
				"expected another list, such as a copy of it", name, f.output.dir)
		}
	}
	return nil
}
