package fetch

import (
	"os"
	"os/signal"
	"testing"

	"golang.org/x/sys/unix"
)

// TestFileUnderALeaseIsWaitedFor has another program, which a server of files may be, hold a file until it is asked
// to give it up.
func TestFileUnderALeaseIsWaitedFor(t *testing.T) {
	tree(t, "leased.jpg")
	holder, err := os.OpenFile("leased.jpg", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close()
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, unix.SIGIO)
	defer signal.Stop(asked)
	if _, err := unix.FcntlInt(holder.Fd(), unix.F_SETLEASE, unix.F_WRLCK); err != nil {
		t.Skipf("the file system has no leases: %v", err)
	}
	gaveUp := make(chan error, 1)
	go func() {
		<-asked
		_, err := unix.FcntlInt(holder.Fd(), unix.F_SETLEASE, unix.F_UNLCK)
		gaveUp <- err
	}()
	if got := head("leased.jpg", 4); string(got) != "leased.jpg" {
		t.Errorf("got %q", got)
	}
	if err := <-gaveUp; err != nil {
		t.Error(err)
	}
}
