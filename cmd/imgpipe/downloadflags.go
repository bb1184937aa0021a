package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"golang.org/x/net/http/httpguts"

	"imgpipe/fetch"
	"imgpipe/pipeline/procs"
)

// downloadFlags say how items are fetched, files of this machine among them.
type downloadFlags struct {
	timeout, connectTimeout  time.Duration
	retries, perHost         int
	maxBytes, minSpeed       int64
	userAgent                string
	publicOnly, ignoreOptOut bool
	headers                  []fetch.Header
	referer                  string
	rate                     float64
	allowHosts, denyHosts    []string
}

func (f *downloadFlags) check() error {
	if !httpguts.ValidHeaderFieldValue(f.userAgent) {
		return fmt.Errorf("--user-agent %q: expected text without control characters", f.userAgent)
	}
	if f.referer != "" {
		if _, err := fetch.ParseHeader("Referer: " + f.referer); err != nil || !fetch.IsURL(f.referer) {
			return fmt.Errorf("--referer %q: expected the URL of a page", fetch.Redact(f.referer))
		}
		if slices.ContainsFunc(f.headers, func(h fetch.Header) bool { return h.Name == "Referer" }) {
			return errors.New("--referer and --header Referer exclude each other: expected one of them")
		}
	}
	return nil
}

// options are those of a client that keeps idle connections for later, 0 for the default. Items are fetched into memory
// of buffers, which workers can read, if it is not nil.
func (f *downloadFlags) options(idle int, buffers *procs.Pool) fetch.Options {
	o := fetch.Options{
		Timeout:        f.timeout,
		ConnectTimeout: f.connectTimeout,
		Retries:        f.retries,
		PerHost:        f.perHost,
		MaxBytes:       f.maxBytes,
		UserAgent:      f.userAgent,
		Accept:         accepted(),
		Idle:           idle,
		MinSpeed:       f.minSpeed,
		Policy:         fetch.Policy{PublicOnly: f.publicOnly, Allow: f.allowHosts, Deny: f.denyHosts},
	}
	o.Headers, o.IgnoreOptOut, o.Rate = slices.Clone(f.headers), f.ignoreOptOut, f.rate
	if f.referer != "" {
		o.Headers = append(o.Headers, fetch.Header{Name: "Referer", Value: f.referer})
	}
	if f.retries == 0 {
		o.Retries = -1
	}
	if buffers != nil {
		o.Buffers = buffers
	}
	return o
}

// parseRate reads a number of requests in a second.
func parseRate(s string) (float64, error) {
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || !(n >= 0.001 && n <= 10_000) {
		return 0, errors.New("expected a number from 0.001 to 10000, such as 2 or 0.5")
	}
	return n, nil
}

// formatRate returns what parseRate reads; "" for 0.
func formatRate(n float64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatFloat(n, 'f', -1, 64)
}

// hostFor reads a host of --allow-host or --deny-host.
func hostFor(deny bool) func(string) (string, error) {
	return func(s string) (string, error) { return s, fetch.CheckHost(s, deny) }
}
