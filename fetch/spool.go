package fetch

import (
	"errors"
	"os"
	"sync"
)

// A spool holds outside of memory what memory has no room for. A Client has one for bodies that are still coming, and
// Spread one for the rows of hosts that are slow. It is one file without a name, of blocks that are used again, made
// when it is first needed. The zero value is ready; many goroutines may use it.
type spool struct {
	mu    sync.Mutex
	file  *os.File
	name  string  // where the system does not remove open files
	free  []int64 // blocks that nobody has
	ended int64   // the number of blocks in the file
	used  int64   // blocks that somebody has
}

const (
	// spoolBlock is small enough that hosts with a few rows each cost little, and large enough that a body is few of
	// them.
	spoolBlock = 64 << 10
	// spoolMost bounds the file, in blocks: 8 GiB. Strangers can make a run write two such files at most.
	spoolMost = 8 << 30 / spoolBlock
)

var errSpoolFull = errors.New("it has 8 GiB already")

// spoolFolder is where the file goes. /tmp may be memory itself, which is what is short; /var/tmp is not.
func spoolFolder() string {
	const disk = "/var/tmp"
	if dir := os.TempDir(); dir != "/tmp" || os.Getenv("TMPDIR") != "" {
		return dir
	}
	if info, err := os.Stat(disk); err == nil && info.IsDir() {
		return disk
	}
	return ""
}

// open makes the file. The lock is held.
func (s *spool) open() error {
	if s.file != nil {
		return nil
	}
	f, err := os.CreateTemp(spoolFolder(), "imgpipe-*.tmp")
	if err != nil {
		if f, err = os.CreateTemp("", "imgpipe-*.tmp"); err != nil {
			return err
		}
	}
	s.file = f
	if os.Remove(f.Name()) != nil {
		s.name = f.Name()
	}
	return nil
}

// take returns the number of a block that is free.
func (s *spool) take() (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.open(); err != nil {
		return 0, err
	}
	s.used++
	if n := len(s.free); n > 0 {
		block := s.free[n-1]
		s.free = s.free[:n-1]
		return block, nil
	}
	if s.ended == spoolMost {
		s.used--
		return 0, errSpoolFull
	}
	s.ended++
	return s.ended - 1, nil
}

// give takes blocks back. A file of which nobody has anything any more is cut to nothing.
func (s *spool) give(blocks ...int64) {
	if len(blocks) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used -= int64(len(blocks))
	s.free = append(s.free, blocks...)
	if s.used == 0 && s.file.Truncate(0) == nil {
		s.free, s.ended = nil, 0
	}
}

func (s *spool) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil {
		return
	}
	_ = s.file.Close()
	if s.name != "" {
		_ = os.Remove(s.name)
	}
	s.file, s.name, s.free, s.ended, s.used = nil, "", nil, 0, 0
}

// A spooled is bytes in a spool, written at their end and read from their beginning. One goroutine uses it.
type spooled struct {
	in     *spool
	blocks []int64 // those that hold what has not been read
	from   int64   // what has been read, counted from the first of them
	to     int64   // what has been written, likewise
}

// len is how many bytes have not been read.
func (p *spooled) len() int64 { return p.to - p.from }

func (p *spooled) write(b []byte) error {
	for len(b) > 0 {
		at := p.to % spoolBlock
		if p.to == int64(len(p.blocks))*spoolBlock {
			block, err := p.in.take()
			if err != nil {
				return err
			}
			p.blocks = append(p.blocks, block)
		}
		n := min(int64(len(b)), spoolBlock-at)
		if _, err := p.in.file.WriteAt(b[:n], p.blocks[p.to/spoolBlock]*spoolBlock+at); err != nil {
			return err
		}
		b, p.to = b[n:], p.to+n
	}
	return nil
}

// read fills b, which is no longer than what there is.
func (p *spooled) read(b []byte) error {
	for len(b) > 0 {
		n := min(int64(len(b)), spoolBlock-p.from)
		if _, err := p.in.file.ReadAt(b[:n], p.blocks[0]*spoolBlock+p.from); err != nil {
			return err
		}
		b, p.from = b[n:], p.from+n
		if p.from == spoolBlock {
			p.in.give(p.blocks[0])
			p.blocks, p.from, p.to = p.blocks[1:], 0, p.to-spoolBlock
		}
	}
	return nil
}

// cut takes back what was written behind to.
func (p *spooled) cut(to int64) {
	if keep := int((to + spoolBlock - 1) / spoolBlock); keep < len(p.blocks) {
		p.in.give(p.blocks[keep:]...)
		p.blocks = p.blocks[:keep]
	}
	p.to = to
}

func (p *spooled) drop() {
	p.in.give(p.blocks...)
	*p = spooled{in: p.in}
}
