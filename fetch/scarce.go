package fetch

import (
	"errors"
	"net"
	"strings"
	"syscall"
	"time"
)

// Whoever uses this package bounds what is open at once by what the system allows. Names, addresses and connections
// take descriptors of their own for a moment, so that there may be none left all the same. It is waited for, since
// what is under way soon frees some.
const (
	scarceWait     = 50 * time.Millisecond
	scarcePatience = 30 * time.Second
)

// scarce reports whether an error is for want of a descriptor.
func scarce(err error) bool {
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		return true
	}
	var dns *net.DNSError // which keeps the text alone
	return errors.As(err, &dns) && strings.Contains(dns.Err, syscall.EMFILE.Error())
}

// spare calls open until it is not for want of a descriptor that it fails, or patience is over.
func spare(open func() error) error {
	for began := time.Now(); ; time.Sleep(scarceWait) {
		if err := open(); !scarce(err) || time.Since(began) > scarcePatience {
			return err
		}
	}
}
