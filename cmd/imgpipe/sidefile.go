package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A sideFile is what a flag names beside the outputs: a report, a list of failures, a trace, a profile.
//
// A regular file appears under its name when it is complete, or not at all. If the name is a link, it appears where the
// link leads. A device, a pipe or an open descriptor is written to directly. Nil is valid and writes nothing.
type sideFile struct {
	flag, path string
	// place is the name of a regular file after all links, temp the file's name until it is complete. Both are "" for a
	// file that is written to directly.
	place, temp string
	// mode has the permissions of the file that has the name now.
	mode fs.FileMode
	// allowed returns an error if what has the name may not be replaced. It is called last of all.
	allowed func() error
	out     io.WriteCloser
	closed  bool
	*bufio.Writer
}

// openSide begins the file that a flag names. It returns nil if path is "". allowed may be nil. The caller closes or
// abandons the file.
func openSide(ctx context.Context, flag, path string, allowed func() error) (*sideFile, error) {
	if path == "" {
		return nil, nil
	}
	s := &sideFile{flag: flag, path: path, mode: 0o666, allowed: allowed}
	if err := s.open(ctx); err != nil {
		return nil, s.failed(err)
	}
	s.Writer = bufio.NewWriter(s.out)
	return s, nil
}

func (s *sideFile) failed(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) { // the flag names the file; its temporary name means nothing to a person
		err = p.Err
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("the folder %q is not there", filepath.Dir(cmp.Or(s.place, s.path)))
	}
	return fmt.Errorf("--%s %q: %w", s.flag, s.path, err)
}

func (s *sideFile) open(ctx context.Context) (err error) {
	place, fd := behindLinks(s.path)
	if fd >= 0 {
		s.out, err = openDescriptor(fd)
		return err
	}
	switch info, err := os.Stat(s.path); {
	case err == nil && info.IsDir():
		return errors.New("it is a folder: expected a file")
	case err == nil && !info.Mode().IsRegular():
		s.out, err = openSpecial(ctx, s.path, info.Mode())
		return err
	case err == nil:
		s.mode = info.Mode().Perm()
	}
	s.place = place
	for range 100 {
		s.temp = filepath.Join(filepath.Dir(place), fmt.Sprintf(".%s-%08x", filepath.Base(place), rand.Uint32()))
		// As with any new file, the umask takes from these permissions. A file that has the name may have fewer.
		s.out, err = os.OpenFile(s.temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666&s.mode)
		if !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return err
}

// behindLinks returns where the links of a path's last element lead, whether or not a file is there. fd is the number
// of the open descriptor that they lead to, as /dev/stdout does, else -1.
func behindLinks(path string) (place string, fd int) {
	for range 40 { // as many as Linux follows
		if fd, ok := descriptorOf(path); ok {
			return path, fd
		}
		target, err := os.Readlink(path)
		if err != nil {
			break
		}
		if !filepath.IsAbs(target) {
			// Join would take a link away together with a ".." after it, which leads elsewhere.
			target = filepath.Dir(path) + string(filepath.Separator) + target
		}
		path = target
	}
	return path, -1
}

// descriptorOf returns the number of the descriptor that a path names, as /dev/fd/3 does.
func descriptorOf(path string) (fd int, ok bool) {
	switch path = filepath.Clean(path); path {
	case "/dev/stdout":
		return 1, true
	case "/dev/stderr":
		return 2, true
	}
	own := fmt.Sprintf("/proc/%d/fd/", os.Getpid())
	for _, folder := range []string{"/dev/fd/", "/proc/self/fd/", "/proc/thread-self/fd/", own} {
		if name, found := strings.CutPrefix(path, folder); found {
			n, err := strconv.Atoi(name)
			return n, err == nil && n >= 0
		}
	}
	return 0, false
}

// pipeWait is how long a named pipe waits for somebody who reads it.
const pipeWait = 30 * time.Second

// openSpecial opens a device, a socket or a pipe. A named pipe waits for its reader.
func openSpecial(ctx context.Context, path string, mode fs.FileMode) (io.WriteCloser, error) {
	switch {
	case mode&fs.ModeSocket != 0:
		return net.Dial("unix", path)
	case mode&fs.ModeNamedPipe == 0:
		return os.OpenFile(path, os.O_WRONLY, 0)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, pipeWait, fmt.Errorf("nobody has read the pipe for %v", pipeWait))
	defer cancel()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		// Without a reader this fails at once, where to open it in the usual way could not be interrupted.
		f, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK, 0)
		if !errors.Is(err, syscall.ENXIO) {
			return f, err
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-look.C:
		}
	}
}

// close puts the file in place, unless err says that writing it failed. It returns err, or its own error.
func (s *sideFile) close(err error) error {
	if s == nil {
		return err
	}
	s.closed = true
	if s.temp != "" {
		defer os.Remove(s.temp) // without effect once it is renamed
	}
	if err == nil {
		err = s.Flush()
	}
	if closeErr := s.out.Close(); err == nil {
		err = closeErr
	}
	if err == nil && s.allowed != nil {
		err = s.allowed()
	}
	if err == nil && s.temp != "" {
		err = os.Rename(s.temp, s.place)
	}
	if err != nil {
		return s.failed(err)
	}
	return nil
}

// abandon removes a regular file that was not closed.
func (s *sideFile) abandon() {
	if s == nil || s.closed {
		return
	}
	s.closed = true
	s.out.Close()
	if s.temp != "" {
		os.Remove(s.temp)
	}
}

// forget removes a file that is not in place yet. It is for a program that ends while something blocks.
func (s *sideFile) forget() {
	if s != nil && s.temp != "" {
		os.Remove(s.temp)
	}
}

// writeSide calls write with the file that a flag names. Without a path it does nothing.
func writeSide(ctx context.Context, flag, path string, allowed func() error, write func(io.Writer) error) error {
	s, err := openSide(ctx, flag, path, allowed)
	if err != nil || s == nil {
		return err
	}
	return s.close(write(s))
}
