package main

import (
	"slices"
	"strings"

	"imgpipe/fetch"
)

// asksServers reports whether the run may ask servers: an input or a line of a list can be a URL.
func (f *runFlags) asksServers() bool {
	return len(f.lists) > 0 || slices.ContainsFunc(f.inputs, func(s string) bool { return strings.Contains(s, ":") })
}

// checkProxies refuses proxies of the environment that cannot be used, where servers may be asked.
func (f *runFlags) checkProxies() error {
	if !f.asksServers() {
		return nil
	}
	_, err := fetch.EnvironmentProxies()
	return err
}

// wayOut is the part of the header line that says through which proxies servers are asked. note is what is to be said
// of those that the environment names and a flag leaves aside.
func (f *runFlags) wayOut(c *fetch.Client) (head, note string) {
	if !f.asksServers() {
		return "", ""
	}
	used, unused := c.Proxies()
	if s := used.String(); s != "" {
		return "; through the proxy " + s, ""
	}
	if s := unused.String(); s != "" {
		flag := "--public-only"
		if !f.publicOnly {
			flag = "--deny-host of addresses"
		}
		return "", "the proxy " + s + " is not used: with " + flag +
			" servers are asked directly, so that addresses are seen"
	}
	return "", ""
}
