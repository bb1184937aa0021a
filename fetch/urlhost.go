package fetch

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// This file has the host parser of the URL Standard.

// errNoHost is the error of a URL without a host.
var errNoHost = errors.New("the URL names no host")

// hostNames maps names as browsers do (UTS #46): hyphens may stand anywhere, and underscores and the like are let
// through.
var hostNames = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.Transitional(false),
	idna.StrictDomainName(false), idna.CheckHyphens(false))

// notInHost is what no host may hold (forbidden domain code points), besides blanks and control characters.
const notInHost = "#/:<>?@[\\]^|%\x7f"

// parseHost returns the one form of a host under which it is looked up, compared and named to the server: a name in
// lower case and in ASCII, an IPv4 address as four decimal numbers, whatever form it had, or an IPv6 address in
// brackets.
func parseHost(host string) (string, error) {
	if host == "" {
		return "", errNoHost
	}
	if host[0] == '[' {
		return parseHost6(host)
	}
	host = percentDecode(host)
	plain := true
	for i := range len(host) {
		plain = plain && host[i] < utf8.RuneSelf
	}
	host = strings.ToLower(host)
	if !plain || strings.HasPrefix(host, "xn--") || strings.Contains(host, ".xn--") {
		if !utf8.ValidString(host) {
			return "", errors.New("the host is not UTF-8")
		}
		ascii, err := hostNames.ToASCII(host)
		if err != nil || strings.Contains("."+host+".", ".xn--.") { // which would become an empty label
			return "", errors.New("the host has characters that no name on the Internet has")
		}
		host = ascii
	}
	if host == "" {
		return "", errNoHost
	}
	for i := range len(host) {
		if host[i] <= ' ' || strings.IndexByte(notInHost, host[i]) >= 0 {
			return "", errors.New("the host has characters that no host has")
		}
	}
	if !endsInNumber(host) {
		return host, nil
	}
	addr, ok := parseIPv4(host)
	if !ok {
		return "", errors.New("the host ends in a number and is no IPv4 address")
	}
	return addr.String(), nil
}

// parseHost6 reads an IPv6 address in brackets.
func parseHost6(host string) (string, error) {
	text, closed := strings.CutSuffix(host[1:], "]")
	text, zone, zoned := strings.Cut(text, "%25")
	addr, err := netip.ParseAddr(text)
	good := closed && err == nil && addr.Is6() && addr.Zone() == ""
	const zones = "-._~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	if !good || zoned && zone == "" || strings.Trim(zone, zones) != "" {
		return "", errors.New("the host is no IPv6 address")
	}
	if addr.Is4In6() { // where netip writes the last four bytes as an IPv4 address
		b := addr.As16()
		hex := func(hi, lo byte) string { return strconv.FormatUint(uint64(hi)<<8|uint64(lo), 16) }
		return "[::ffff:" + hex(b[12], b[13]) + ":" + hex(b[14], b[15]) + "]", nil
	}
	return "[" + addr.WithZone(zone).String() + "]", nil
}

// endsInNumber reports whether the last label of host is a number, so that host can be nothing but an IPv4 address.
func endsInNumber(host string) bool {
	host = strings.TrimSuffix(host, ".")
	last := host[strings.LastIndexByte(host, '.')+1:]
	if last == "" {
		return false
	}
	if strings.Trim(last, "0123456789") == "" {
		return true
	}
	_, ok := parseNumber(last)
	return ok
}

// parseIPv4 reads an address of one to four numbers, of which the last fills all bytes that are left.
func parseIPv4(host string) (netip.Addr, bool) {
	parts := strings.Split(strings.TrimSuffix(host, "."), ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var all uint64
	for i, part := range parts {
		n, ok := parseNumber(part)
		room := 8 // bits
		if i == len(parts)-1 {
			room = 8 * (5 - len(parts))
		}
		if !ok || n >= 1<<room {
			return netip.Addr{}, false
		}
		all = all<<room | n
	}
	return netip.AddrFrom4([4]byte{byte(all >> 24), byte(all >> 16), byte(all >> 8), byte(all)}), true
}

// parseNumber reads a number of an IPv4 address: decimal, octal behind a 0, hexadecimal behind 0x, where no digits are
// 0.
func parseNumber(s string) (uint64, bool) {
	base := 10
	switch {
	case strings.HasPrefix(s, "0x"):
		s, base = s[2:], 16
		if s == "" {
			return 0, true
		}
	case len(s) > 1 && s[0] == '0':
		s, base = s[1:], 8
	}
	n, err := strconv.ParseUint(s, base, 64)
	return n, err == nil
}
