package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
)

// A Policy says which servers may be asked. It is applied to each redirect as to the first URL. The zero value allows
// all. What it refuses fails with the class "refused".
type Policy struct {
	// PublicOnly refuses addresses that are not on the public Internet: loopback, link-local, private, shared
	// (CGNAT), unique local and other special-purpose ones, and IPv6 addresses that stand for such an IPv4 address.
	// It looks at the address of each connection, after the name was resolved, so no name can get round it. It also
	// refuses ports below 1024 but 80 and 443. No proxy is used then, for it would hide the address.
	PublicOnly bool
	// Allow, unless it is empty, has the only hosts that may be asked, and Deny those that may not. "example.com"
	// stands for itself and all names below it, in whatever case and in Unicode or ASCII (RFC 5891). Deny may also
	// hold addresses, such as "192.0.2.7", and blocks of them, such as "10.0.0.0/8" or "fd00::/8": like PublicOnly
	// they are compared with the address of each connection, and have no proxy used. Deny goes before Allow.
	Allow, Deny []string

	denied []netip.Prefix // the addresses of Deny
}

func refused(format string, args ...any) error {
	return &Error{Kind: ClassRefused, Err: fmt.Errorf(format, args...)}
}

// compiled is p ready for use.
func (p Policy) compiled() Policy {
	var names []string
	for _, host := range p.Deny {
		if block, ok := parseBlock(host); ok {
			p.denied = append(p.denied, block)
		} else {
			names = append(names, plainHost(host))
		}
	}
	p.Deny = names
	allow := make([]string, len(p.Allow))
	for i, host := range p.Allow {
		allow[i] = plainHost(host)
	}
	p.Allow = allow
	return p
}

// parseBlock reads an address, in any form that a URL takes, or a block of them. An IPv4 address in the clothes of IPv6
// is taken for what it is.
func parseBlock(s string) (netip.Prefix, bool) {
	if known, err := parseHost(s); err == nil {
		s = known
	}
	s = strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")
	if a, err := netip.ParseAddr(s); err == nil {
		a = a.Unmap().WithZone("")
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	b, err := netip.ParsePrefix(s)
	return b.Masked(), err == nil
}

// CheckHost returns what is wrong with a name or an address for Policy.Allow, or with one or a block of addresses for
// Policy.Deny.
func CheckHost(host string, deny bool) error {
	if _, block := parseBlock(host); block && (deny || !strings.Contains(host, "/")) {
		return nil
	}
	name := plainHost(host)
	if name == "" || strings.ContainsAny(name, "/:@?# *[]") {
		if deny {
			return errors.New("expected a host such as example.com, an address or a block such as 10.0.0.0/8")
		}
		return errors.New("expected a host such as example.com")
	}
	return nil
}

// plainHost returns a host in the one form in which hosts are compared, which is the one that is looked up.
func plainHost(host string) string {
	host = strings.ToLower(strings.Trim(host, "."))
	if known, err := parseHost(host); err == nil {
		host = strings.Trim(known, ".")
	}
	return strings.TrimPrefix(strings.TrimSuffix(host, "]"), "[")
}

// looksAtAddresses reports whether the address of each connection matters.
func (p Policy) looksAtAddresses() bool { return p.PublicOnly || len(p.denied) > 0 }

// permit looks at what a URL says itself.
func (p Policy) permit(u *url.URL) error {
	host := u.Hostname()
	if inHosts(p.Deny, host) {
		return refused("the host %s is denied", host)
	}
	if len(p.Allow) > 0 && !inHosts(p.Allow, host) {
		return refused("the host %s is not among those allowed", host)
	}
	if !p.PublicOnly {
		return nil
	}
	if port, err := strconv.Atoi(u.Port()); err == nil && port < 1024 && port != 80 && port != 443 {
		return refused("the port %d is not for the web, expected 80, 443 or one from 1024", port)
	}
	return nil
}

// inHosts compares a host with names in their plain form.
func inHosts(names []string, host string) bool {
	if len(names) == 0 {
		return false
	}
	host = plainHost(host)
	for _, n := range names {
		if n != "" && (host == n || strings.HasSuffix(host, "."+n)) {
			return true
		}
	}
	return false
}

// control looks at the address of a connection before it is made.
func (p Policy) control(_ context.Context, network, address string, _ syscall.RawConn) error {
	if !p.looksAtAddresses() {
		return nil
	}
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return refused("the address %s cannot be read", address)
	}
	if !strings.HasPrefix(network, "tcp") {
		return &Error{Kind: ClassRefused, Err: errors.New("only TCP is allowed")}
	}
	for _, block := range p.denied {
		if block.Contains(ap.Addr().Unmap().WithZone("")) {
			return refused("the address %s is denied", ap.Addr())
		}
	}
	if p.PublicOnly && !public(ap.Addr()) {
		return refused("the address %s is not public", ap.Addr())
	}
	return nil
}

// special are the addresses that are not public, from IANA's special-purpose address registries (RFC 6890), multicast
// included. Of IPv6, whatever is outside 2000::/3 is not public either.
var special = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
	"192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
	"198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
	"2001::/23", "2001:db8::/32", "3fff::/20",
)

var (
	unicast6  = netip.MustParsePrefix("2000::/3")
	nat64     = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052
	sixToFour = netip.MustParsePrefix("2002::/16")    // RFC 3056
)

func prefixes(list ...string) []netip.Prefix {
	ps := make([]netip.Prefix, len(list))
	for i, s := range list {
		ps[i] = netip.MustParsePrefix(s)
	}
	return ps
}

// public reports whether a is an address on the public Internet.
func public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if a.Is6() {
		b := a.As16()
		switch {
		case nat64.Contains(a):
			return public(netip.AddrFrom4([4]byte(b[12:16])))
		case sixToFour.Contains(a):
			return public(netip.AddrFrom4([4]byte(b[2:6])))
		case !unicast6.Contains(a):
			return false
		}
	}
	for _, p := range special {
		if p.Contains(a) {
			return false
		}
	}
	return a.IsValid()
}
