package fetch

import "time"

// Hosts know which hosts items are asked of, and how many more each takes now. [Spread] asks them, so that one slow
// host does not hold back the items of others. [Client.Hosts] returns those of a Client. What wraps a Client, such as
// a cache, passes them on:
//
//	func (c *Cache) Hosts() fetch.Hosts { return c.client.Hosts() }
//
// All methods may be called from many goroutines at once, and none of them waits.
type Hosts interface {
	// Host names the host that item is asked of. Empty means that none is needed, as for a file of this machine.
	Host(item Item) string
	// State returns how a host that Host named is to be asked now.
	State(host string) HostState
	// Full reports whether no host takes more now, since the line that all share is full.
	Full() bool
	// Finished returns a channel that is closed when nobody is to wait for a host any more. Nil is valid and never
	// closed.
	Finished() <-chan struct{}
}

// A HostState says how a host is to be asked now. The zero value takes nothing.
type HostState struct {
	// Limit is how many items may be fetched from it at once.
	Limit int
	// From is the time before which no further one may begin; zero means now.
	From time.Time
	// Silent reports whether its last try had no answer. Hosts that answer are to come first.
	Silent bool
}

// A Holder is a [Hosts] that wants to know what [Spread] holds back. Of one that is none, nobody learns that.
type Holder interface {
	Hosts
	// Holding is called when the number of values changes that wait for their hosts while there are lanes for them, by
	// the goroutine that called Spread. more is how many of these wait for the first time. It must not wait.
	Holding(now, more int)
}

// Hosts returns what c knows of the hosts that it asks. It is never nil.
func (c *Client) Hosts() Hosts { return &c.hosts }
