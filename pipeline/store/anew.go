package store

// Anew begins a new plan, as a Store that is opened again does: the inputs may be others now, and are planned from the
// first on. Names are those that another run in the folder would have. It must not be called while items are under
// way.
func (s *Store) Anew() error {
	namer, err := s.newNamer()
	if err != nil {
		return err
	}
	s.namer, s.met = namer, nil
	s.tree.forget()
	s.known.forget()
	s.mu.Lock()
	defer s.mu.Unlock()
	for hash, own := range s.owned {
		if own.item = 0; own == (owner{}) {
			delete(s.owned, hash)
		} else {
			s.owned[hash] = own
		}
	}
	if s.swaps != nil {
		clear(s.swaps.taken)
		clear(s.swaps.kept)
	}
	return nil
}

// newNamer returns the Namer of a plan.
func (s *Store) newNamer() (*Namer, error) {
	folder := s.dir
	if s.opts.Files != nil {
		folder = "" // no input can lie where the outputs are
	}
	namer, err := NewNamer(s.opts.names(folder))
	if err == nil {
		namer.Heed(s)
	}
	return namer, err
}

// forget has the Tree look at all folders again.
func (t *Tree) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.known)
}

func (k *identities) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.source = ""
}
