package procs

import (
	"bytes"
	"testing"

	"golang.org/x/sys/unix"

	"imgpipe/transform"
)

func TestFileThatIsInSharedMemoryIsNotCopied(t *testing.T) {
	p := newPool(t, Options{Workers: 2, Env: []string{faultName + "=faults"}})
	if p.shared == nil {
		t.Skip("this system has no memory to share")
	}
	picture := bytes.Repeat([]byte("picture "), 1000)
	for _, tt := range []struct {
		name   string
		data   []byte
		copied int
	}{
		{"read into it", append(p.Get(len(picture))[:0], picture...), len(picture)},
		{"beside it", picture, 2 * len(picture)},
		{"too large for it", make([]byte, segmentSize+1), 2 * (segmentSize + 1)},
	} {
		got, cost, err := p.Do(t.Context(), transform.Task{Data: tt.data})
		if err != nil || !bytes.Equal(got.Outputs[0].Data, tt.data) {
			t.Errorf("%s: error %v, or another file came back", tt.name, err)
		}
		if cost.Copied != int64(tt.copied) { // with what came back
			t.Errorf("%s: %d bytes copied, want %d", tt.name, cost.Copied, tt.copied)
		}
		p.Put(tt.data)
	}
	if total, free := len(p.shared.data)/segmentSize, len(p.shared.free); free != total {
		t.Errorf("%d of %d segments are free in the end", free, total)
	}
}

// Those who fetch cannot take the memory that files from elsewhere need, and files of no two tasks are in the same
// place.
func TestSharedMemoryHasAReserve(t *testing.T) {
	const workers = 2
	m := newShared(workers, 0, 0)
	if m == nil {
		t.Skip("this system has no memory to share")
	}
	if m.put(nil, false) != nil || m.get(segmentSize+1) != nil {
		t.Error("memory was given for no file, or for one that does not fit")
	}
	var taken [][]byte
	for b := m.get(10); b != nil; b = m.get(10) {
		for i := range b {
			b[i] = byte(len(taken))
		}
		taken = append(taken, b)
	}
	copied := 0
	for b := m.put([]byte("file"), false); b != nil; b = m.put([]byte("file"), false) {
		taken = append(taken, b)
		copied++
	}
	if copied != workers || len(taken)*segmentSize != len(m.data) {
		t.Errorf("%d copies after %d taken of %d segments, want %d and all",
			copied, len(taken)-copied, len(m.data)/segmentSize, workers)
	}
	if m.get(10) != nil {
		t.Error("memory was given that is not there")
	}
	for i, b := range taken[:len(taken)-copied] {
		if !bytes.Equal(b, bytes.Repeat([]byte{byte(i)}, 10)) {
			t.Fatalf("the memory of file %d holds %v", i, b)
		}
	}
	if m.release([]byte("from elsewhere")) {
		t.Error("memory from elsewhere was taken for shared memory")
	}

	// What somebody still reads outlives the pool, and only that.
	m.close()
	for i, b := range taken {
		if m.gone || !m.release(b[:1]) { // it may have been cut
			t.Fatalf("after close the memory of file %d was gone", i)
		}
	}
	if !m.gone || m.release(taken[0]) || m.get(1) != nil {
		t.Error("memory that was given back is still there")
	}
	m.close()
}

func TestSharedMemoryIsBounded(t *testing.T) {
	for _, tt := range []struct{ workers, bound, segments int }{
		{2, 0, 22}, {2, 5*segmentSize + 1, 5}, {2, 1, 3}, {4, 1 << 40, 28},
	} {
		m := newShared(tt.workers, 0, int64(tt.bound))
		if m == nil {
			t.Skip("this system has no memory to share")
		}
		if got := len(m.data) / segmentSize; got != tt.segments || got <= m.reserve {
			t.Errorf("%d segments for %d workers within %d bytes, want %d and one beyond the reserve",
				got, tt.workers, tt.bound, tt.segments)
		}
		m.close()
	}
}

// Whoever has the descriptor, as a worker does when it starts, can neither write nor make itself able to.
func TestSharedMemoryCannotBeWrittenByItsDescriptor(t *testing.T) {
	m := newShared(1, 0, 0)
	if m == nil {
		t.Skip("this system has no memory to share")
	}
	defer m.close()
	fd := int(m.file.Fd())
	if _, err := unix.Mmap(fd, 0, segmentSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err != unix.EPERM {
		t.Errorf("mapping it to be written: %v, want EPERM", err)
	}
	if _, err := unix.Pwrite(fd, []byte("x"), 0); err != unix.EPERM {
		t.Errorf("writing to it: %v, want EPERM", err)
	}
	if err := unix.Ftruncate(fd, 0); err != unix.EPERM {
		t.Errorf("making it shorter: %v, want EPERM", err)
	}
	data, err := unix.Mmap(fd, 0, segmentSize, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(data)
	if err := unix.Mprotect(data, unix.PROT_READ|unix.PROT_WRITE); err != unix.EACCES {
		t.Errorf("making what was mapped to be read writable: %v, want EACCES", err)
	}
}
