package main

import (
	"imgpipe/fetch"
)

// checkProxies returns an error if the run may ask servers and a proxy of the environment cannot be used.
func (f *runFlags) checkProxies() error {
	if !f.input.asksServers() {
		return nil
	}
	_, err := fetch.EnvironmentProxies()
	return err
}

// wayOut returns the part of the header line that names the proxies through which servers are asked. note is about
// proxies that the environment names and that a flag leaves aside.
func (f *runFlags) wayOut(c *fetch.Client) (head, note string) {
	if !f.input.asksServers() {
		return "", ""
	}
	used, unused := c.Proxies()
	if s := used.String(); s != "" {
		return "; through the proxy " + s, ""
	}
	if s := unused.String(); s != "" {
		flag := "--public-only"
		if !f.download.publicOnly {
			flag = "--deny-host of addresses"
		}
		return "", "the proxy " + s + " is not used: with " + flag +
			" servers are asked directly, so that addresses are seen"
	}
	return "", ""
}
