package store

import (
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"path"
	"slices"
	"sync"
)

// flightsName lies in TempName. It has eight bytes for each transform that is under way, and zeros for one that has
// ended.
const flightsName = "under-way"

// flightsMapped is how much of the file is mapped, in bytes: slots for more transforms at once than machines have CPUs.
// Slots beyond are written.
const flightsMapped = 4 << 10

// flights record which items are being transformed, so that after a crash of the whole program the next run knows the
// suspects.
type flights struct {
	mu       sync.Mutex
	file     *os.File
	mapped   mapped           // its beginning
	free     []int64          // slots that were used and are not now
	slots    int64            // slots that were ever used
	suspects map[uint64]int64 // the slots of what a killed run left
}

// A Flight is a transform under way, from Begin to End.
type Flight struct{ slot int64 }

// flightHash is made of what the item is, and not of what is to be made of it: an image that kills the program will do
// so with another spec, too.
func (k Key) flightHash() uint64 {
	what := Key{Source: k.Source, Size: k.Size, ModTime: k.ModTime, Version: k.Version}
	return max(what.hash(), 1) // 0 is an empty slot
}

// Begin records that the transform of an item begins in this process. If the program dies before End, the item is a
// [Store.Suspect] in the next run. The error is that of Append.
//
// Begin and End cost 0.5 µs together, and may be called from many goroutines.
func (s *Store) Begin(k Key) (Flight, error) {
	hash := k.flightHash()
	err := s.ask("begin", flightsName)
	fl := &s.flights
	fl.mu.Lock()
	defer fl.mu.Unlock()
	if fl.file == nil {
		return Flight{}, s.closedError("write " + path.Join(s.tempName, flightsName))
	}
	slot := fl.take()
	if err == nil {
		err = fl.write(slot, hash)
	}
	if err != nil {
		fl.free = append(fl.free, slot)
		return Flight{}, s.folderError("write "+path.Join(s.tempName, flightsName), err)
	}
	return Flight{slot}, nil
}

// take returns a slot that is free. The lock is held.
func (fl *flights) take() int64 {
	if n := len(fl.free); n > 0 {
		slot := fl.free[n-1]
		fl.free = fl.free[:n-1]
		return slot
	}
	fl.slots++
	return fl.slots - 1
}

// write writes one slot, which is too short to be torn by a kill. The lock is held.
func (fl *flights) write(slot int64, hash uint64) error {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], hash)
	return fl.mapped.writeAt(fl.file, b[:], slot*8)
}

// End records that a transform has ended. Do not call it for one that was abandoned and still runs: then the item
// becomes a suspect if the program dies before Close.
func (s *Store) End(f Flight) {
	fl := &s.flights
	fl.mu.Lock()
	defer fl.mu.Unlock()
	if fl.file == nil {
		return
	}
	_ = fl.write(f.slot, 0) // at worst there is a suspect too many
	fl.free = append(fl.free, f.slot)
}

// Suspect reports whether an item was being transformed when an earlier run died, and has had no line in the ledger
// since: it may have killed that run. Items are known by source, size and time alone.
func (s *Store) Suspect(k Key) bool {
	fl := &s.flights
	fl.mu.Lock()
	defer fl.mu.Unlock()
	if len(fl.suspects) == 0 {
		return false
	}
	_, suspect := fl.suspects[k.flightHash()]
	return suspect
}

// Suspects returns how many suspects there are.
func (s *Store) Suspects() int {
	s.flights.mu.Lock()
	defer s.flights.mu.Unlock()
	return len(s.flights.suspects)
}

// Acquit ends the suspicion against all items. A caller does so when a run has come to the end of its input: suspects
// that are left were not in it. The next run believes what earlier runs wrote without reading it.
func (s *Store) Acquit() {
	fl := &s.flights
	fl.mu.Lock()
	defer fl.mu.Unlock()
	for hash := range fl.suspects {
		fl.acquit(hash)
	}
	s.doubt.kept = false
}

// acquit ends the suspicion against one. The lock is held.
func (fl *flights) acquit(hash uint64) {
	slot, ok := fl.suspects[hash]
	if !ok {
		return
	}
	delete(fl.suspects, hash)
	if fl.file != nil {
		_ = fl.write(slot, 0) // at worst it is a suspect once more
		fl.free = append(fl.free, slot)
	}
}

// keepSuspects leaves only the suspects in the file, for the next run, if this run has ended before their turn came. It
// reports whether there are any.
func (fl *flights) keepSuspects() bool {
	fl.mu.Lock()
	defer fl.mu.Unlock()
	if len(fl.suspects) == 0 {
		return false
	}
	kept := map[int64]bool{}
	for _, slot := range fl.suspects {
		kept[slot] = true
	}
	for slot := range fl.slots {
		if !kept[slot] {
			_ = fl.write(slot, 0) // at worst there is a suspect too many
		}
	}
	return true
}

// settle ends the suspicion against an item that has a line now.
func (s *Store) settle(k Key) {
	fl := &s.flights
	fl.mu.Lock()
	defer fl.mu.Unlock()
	if len(fl.suspects) == 0 {
		return
	}
	fl.acquit(k.flightHash())
}

// leftFlights returns the slots that a killed run left; a run that ended leaves none.
func (s *Store) leftFlights() (hashes []uint64) {
	f, err := s.root.Open(path.Join(s.tempName, flightsName))
	if err != nil {
		return nil
	}
	defer f.Close()
	r := io.NewSectionReader(f, 0, math.MaxInt64)
	for {
		var b [8]byte
		if _, err := io.ReadFull(r, b[:]); err != nil {
			return hashes // a part of a slot at the end was never one
		}
		if hash := binary.LittleEndian.Uint64(b[:]); hash != 0 && !slices.Contains(hashes, hash) {
			hashes = append(hashes, hash)
		}
	}
}

// openFlights begins the file anew, with the suspects in the first slots: if this run dies before their turn comes,
// they are still there.
func (s *Store) openFlights(suspects []uint64) (err error) {
	fl := &s.flights
	if fl.file, err = s.temp.OpenFile(flightsName+newSuffix, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o644); err != nil {
		return err
	}
	fl.mapped = mapFile(fl.file, flightsMapped)
	fl.suspects = make(map[uint64]int64, len(suspects))
	for _, hash := range suspects {
		slot := fl.take()
		fl.suspects[hash] = slot
		err = errors.Join(err, fl.write(slot, hash))
	}
	if err != nil {
		return err
	}
	return s.temp.Rename(flightsName+newSuffix, flightsName)
}

// suspectAlso suspects what another Store's run does: it is recorded before the other forgets it.
func (fl *flights) suspectAlso(other *flights) error {
	fl.mu.Lock()
	defer fl.mu.Unlock()
	for hash := range other.suspects {
		if _, known := fl.suspects[hash]; known {
			continue
		}
		slot := fl.take()
		fl.suspects[hash] = slot
		if err := fl.write(slot, hash); err != nil {
			return err
		}
	}
	return nil
}

func (fl *flights) close() {
	fl.mu.Lock()
	defer fl.mu.Unlock()
	if fl.file != nil {
		fl.mapped.close()
		fl.file.Close()
		fl.file, fl.mapped = nil, nil
	}
}
