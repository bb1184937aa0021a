package split

import (
	"bufio"
	"container/heap"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
)

const (
	keySize = 16
	// fan is into how many files keys are divided at once, and fanBits its logarithm.
	fanBits = 6
	fan     = 1 << fanBits
	// keyCost is what a key takes in a set, in bytes, with what a set needs while it grows.
	keyCost = 80
)

// A key is what a row is known by.
type key struct {
	hash   [keySize]byte // of its sources
	row    int64         // its place among the rows
	bucket uint32
}

const keyBytes = keySize + 8 + 4

func (k key) append(b []byte) []byte {
	b = append(b, k.hash[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(k.row))
	return binary.BigEndian.AppendUint32(b, k.bucket)
}

func keyFrom(b []byte) (k key) {
	copy(k.hash[:], b)
	k.row = int64(binary.BigEndian.Uint64(b[keySize:]))
	k.bucket = binary.BigEndian.Uint32(b[keySize+8:])
	return k
}

// digit returns fanBits of the hash, from the left.
func (k key) digit(n int) int {
	at := n * fanBits
	two := binary.BigEndian.Uint16(k.hash[at/8:])
	return int(two>>(16-fanBits-at%8)) & (fan - 1)
}

// keys find the rows that come twice. They lie in files by their hashes, each in the order of the rows: in a file that
// is small enough for a set of its keys, a row whose key is in the set already comes twice.
type keys struct {
	dir    string
	most   int // keys that a set may have
	counts []int64
	files  [fan]*keyFile
	drops  []string // files of the rows to be dropped
	made   int
	sample func(row int64)
}

type keyFile struct {
	file *os.File
	w    *bufio.Writer
}

func (k *keys) name(what string) string {
	k.made++
	return filepath.Join(k.dir, what+"-"+strconv.Itoa(k.made))
}

func (k *keys) create(what string) (*keyFile, error) {
	f, err := os.Create(k.name(what))
	if err != nil {
		return nil, err
	}
	return &keyFile{f, bufio.NewWriterSize(f, 8<<10)}, nil
}

func (f *keyFile) close() error { return errors.Join(f.w.Flush(), f.file.Close()) }

func (k *keys) add(one key) (err error) {
	f := &k.files[one.digit(0)]
	if *f == nil {
		if *f, err = k.create("keys"); err != nil {
			return err
		}
	}
	_, err = (*f).w.Write(one.append(make([]byte, 0, keyBytes)))
	return err
}

// settle finds the rows to be dropped, and counts the others by their buckets.
func (k *keys) settle(ctx context.Context) error {
	return k.settleAll(ctx, &k.files, 0)
}

func (k *keys) settleAll(ctx context.Context, files *[fan]*keyFile, depth int) error {
	for _, f := range files { // all first: they hold buffers
		if f != nil {
			if err := f.close(); err != nil {
				return err
			}
		}
	}
	for i, f := range files {
		if f == nil {
			continue
		}
		if err := k.settleOne(ctx, f.file.Name(), depth); err != nil {
			return err
		}
		if err := os.Remove(f.file.Name()); err != nil {
			return err
		}
		files[i] = nil
	}
	return nil
}

// settleOne does one file. If a set cannot hold its keys, they are divided further.
func (k *keys) settleOne(ctx context.Context, name string, depth int) error {
	seen := make(map[[keySize]byte]struct{}, 0)
	fits := true
	err := eachKey(ctx, name, func(one key) error {
		seen[one.hash] = struct{}{}
		if fits = len(seen) <= k.most; !fits {
			return io.EOF
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case !fits && (depth+1)*fanBits <= 8*keySize-16:
		seen = nil
		return k.divide(ctx, name, depth+1)
	case !fits:
		return errors.New("the hashes of too many rows begin alike") // which takes an attack on SHA-256
	}
	clear(seen)
	out, err := k.create("drop")
	if err != nil {
		return err
	}
	last, dropped := int64(0), false
	err = eachKey(ctx, name, func(one key) error {
		k.sample(one.row)
		if _, twice := seen[one.hash]; !twice {
			seen[one.hash] = struct{}{}
			k.counts[one.bucket]++
			return nil
		}
		dropped = true
		_, err := out.w.Write(binary.AppendUvarint(nil, uint64(one.row-last)))
		last = one.row
		return err
	})
	if err = errors.Join(err, out.close()); err != nil {
		return err
	}
	if !dropped {
		return os.Remove(out.file.Name())
	}
	k.drops = append(k.drops, out.file.Name())
	return nil
}

// divide divides a file by the next bits of the hashes.
func (k *keys) divide(ctx context.Context, name string, depth int) error {
	var files [fan]*keyFile
	err := eachKey(ctx, name, func(one key) (err error) {
		f := &files[one.digit(depth)]
		if *f == nil {
			if *f, err = k.create("keys"); err != nil {
				return err
			}
		}
		_, err = (*f).w.Write(one.append(make([]byte, 0, keyBytes)))
		return err
	})
	if err != nil {
		return err
	}
	return k.settleAll(ctx, &files, depth)
}

// eachKey calls each with the keys of a file, until it returns an error. io.EOF ends it without one.
func eachKey(ctx context.Context, name string, each func(key) error) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 64<<10)
	var b [keyBytes]byte
	for n := 0; ; n++ {
		if n%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if _, err := io.ReadFull(r, b[:]); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if err := each(keyFrom(b[:])); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// drops are the rows to be dropped, in order: a merge of files, each of which is in order.
type drops []*dropFile

type dropFile struct {
	file *os.File
	r    *bufio.Reader
	row  int64 // the next one
}

// dropped begins to read them.
func (k *keys) dropped() (all drops, err error) {
	for _, name := range k.drops {
		f, err := os.Open(name)
		if err != nil {
			all.close()
			return nil, err
		}
		one := &dropFile{file: f, r: bufio.NewReaderSize(f, 4<<10)}
		all = append(all, one)
		if _, err := one.next(); err != nil {
			all.close()
			return nil, err
		}
	}
	heap.Init(&all)
	return all, nil
}

func (f *dropFile) next() (more bool, err error) {
	by, err := binary.ReadUvarint(f.r)
	if err == io.EOF {
		return false, nil
	}
	f.row += int64(by)
	return err == nil, err
}

// has reports whether a row is to be dropped. It is asked about all rows in order.
func (d *drops) has(row int64) (bool, error) {
	if len(*d) == 0 || (*d)[0].row != row {
		return false, nil
	}
	more, err := (*d)[0].next()
	if err != nil {
		return false, err
	}
	if more {
		heap.Fix(d, 0)
	} else {
		heap.Pop(d).(*dropFile).file.Close()
	}
	return true, nil
}

func (d *drops) close() {
	for _, f := range *d {
		f.file.Close()
	}
	*d = nil
}

// Len, Less, Swap, Push and Pop are those of container/heap.
func (d drops) Len() int           { return len(d) }
func (d drops) Less(i, j int) bool { return d[i].row < d[j].row }
func (d drops) Swap(i, j int)      { d[i], d[j] = d[j], d[i] }
func (d *drops) Push(x any)        { *d = append(*d, x.(*dropFile)) }
func (d *drops) Pop() any {
	last := (*d)[len(*d)-1]
	*d = (*d)[:len(*d)-1]
	return last
}
