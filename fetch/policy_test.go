package fetch

import (
	"net/netip"
	"strings"
	"testing"
)

func TestPublicOnlyRefusesLoopbackAtDialTime(t *testing.T) {
	s := serve(t)
	port := s.URL[strings.LastIndexByte(s.URL, ':'):]
	c := newClient(t, Options{Policy: Policy{PublicOnly: true}})
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433", "127.1",
		"0x7f.1", "0177.1", "%31%32%37.1", "[64:ff9b::7f00:1]", "[::1]", "10.0.0.1", "169.254.169.254"} {
		_, err := c.Fetch(t.Context(), Item{Source: "http://" + host + port + "/ok", Scheme: "http"}, nil)
		if k := classOf(err); k != ClassRefused {
			t.Errorf("%s: got %v (%s), want class refused", host, err, k)
		}
	}
	_, err := c.Fetch(t.Context(), Item{Source: "http://example.com:25/", Scheme: "http"}, nil)
	if classOf(err) != ClassRefused {
		t.Errorf("port 25: got %v, want class refused", err)
	}
}

func TestPolicyHoldsForRedirects(t *testing.T) {
	s := serve(t)
	there := strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
	for _, p := range []Policy{{Deny: []string{"LOCALHOST."}}, {Allow: []string{"127.0.0.1"}},
		{Allow: []string{"127.0.0.1", "localhost"}, Deny: []string{"localhost"}}} {
		c := newClient(t, Options{Policy: p})
		if _, err := c.Fetch(t.Context(), Item{Source: s.URL + "/ok", Scheme: "http"}, nil); err != nil {
			t.Errorf("%+v: %v", p, err)
		}
		_, err := c.Fetch(t.Context(), Item{Source: s.URL + "/to?u=" + there + "/ok", Scheme: "http"}, nil)
		if classOf(err) != ClassRefused {
			t.Errorf("%+v: got %v, want class refused", p, err)
		}
	}
}

func TestPublicAddresses(t *testing.T) {
	for addr, want := range map[string]bool{
		"8.8.8.8": true, "1.1.1.1": true, "2606:4700::1": true, "::ffff:8.8.8.8": true, "64:ff9b::808:808": true,
		"2002:808:808::1": true,
		"127.0.0.1":       false, "10.1.2.3": false, "172.16.0.1": false, "172.32.0.1": true, "192.168.1.1": false,
		"100.64.0.1":  false,
		"100.128.0.1": true, "169.254.169.254": false, "0.0.0.0": false, "224.0.0.1": false, "255.255.255.255": false,
		"240.0.0.1": false,
		"192.0.2.1": false, "198.18.0.1": false, "::": false, "::1": false, "fe80::1": false, "fe80::1%eth0": false,
		"fc00::1": false,
		"fd12::1": false, "ff02::1": false, "::ffff:127.0.0.1": false, "64:ff9b::a00:1": false,
		"64:ff9b:1::808:808": false,
		"2002:7f00:1::":      false, "2001::1": false, "2001:db8::1": false, "::7f00:1": false, "3fff::1": false,
	} {
		if got := public(netip.MustParseAddr(addr)); got != want {
			t.Errorf("public(%s) is %v, want %v", addr, got, want)
		}
	}
	if public(netip.Addr{}) {
		t.Error("no address is public")
	}
}
