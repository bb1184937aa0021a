package fetch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpproxy"
)

// Proxies say through which servers others are asked. Nil, like the zero value, is none. EnvironmentProxies makes
// them.
type Proxies struct {
	http, https *url.URL
	exceptions  bool // NO_PROXY is not empty
	find        func(*url.URL) (*url.URL, error)
}

// EnvironmentProxies returns the proxies that the environment names, by the customs of curl and others:
//
//	HTTP_PROXY, HTTPS_PROXY   for URLs of that scheme: http://host:port, https://…, socks5://… or socks5h://…,
//	                          with user:password@ before the host if the proxy wants them; host:port means
//	                          http://host:port
//	ALL_PROXY                 for a scheme that has none of its own
//	NO_PROXY                  hosts that are asked directly, separated by commas: names, which stand for all below
//	                          them, addresses and blocks of them, each with or without a port; * is all
//
// Names in lower case go first. This machine itself (localhost and loopback addresses) is always asked directly. The
// error names a variable that cannot be used, and shows no password.
func EnvironmentProxies() (*Proxies, error) {
	names := func(name string) []string { return []string{strings.ToLower(name), name} }
	all := names("ALL_PROXY")
	plain := append(names("HTTP_PROXY"), all...)
	if os.Getenv("REQUEST_METHOD") != "" && os.Getenv("http_proxy") == "" && os.Getenv("HTTP_PROXY") != "" {
		return nil, errors.New("HTTP_PROXY can be set by a stranger in a CGI program: expected http_proxy")
	}
	p := &Proxies{}
	var err error
	if p.http, err = proxyOf(plain); err != nil {
		return nil, err
	}
	if p.https, err = proxyOf(append(names("HTTPS_PROXY"), all...)); err != nil {
		return nil, err
	}
	config := httpproxy.Config{}
	_, config.NoProxy = firstOf(names("NO_PROXY"))
	p.exceptions = config.NoProxy != ""
	if p.http != nil {
		config.HTTPProxy = p.http.String()
	}
	if p.https != nil {
		config.HTTPSProxy = p.https.String()
	}
	p.find = config.ProxyFunc()
	return p, nil
}

// firstOf returns the first variable of names that is not empty.
func firstOf(names []string) (name, value string) {
	for _, name := range names {
		if value := os.Getenv(name); value != "" {
			return name, value
		}
	}
	return "", ""
}

// proxyOf returns the proxy that the first variable of names has; nil where none has one.
func proxyOf(names []string) (*url.URL, error) {
	name, value := firstOf(names)
	if value == "" {
		return nil, nil
	}
	text := strings.TrimSpace(value)
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	if err == nil && proxyIsGood(u) {
		u.Path = ""
		return u, nil
	}
	said := ""
	if !strings.Contains(value, "@") { // before which its password stands
		said = " " + strconv.Quote(value)
	}
	const expected = "expected http://host:port, https://host:port or socks5://host:port"
	return nil, errors.New(name + said + " is no proxy, " + expected)
}

func proxyIsGood(u *url.URL) bool {
	switch u.Scheme {
	case "http", "https", "socks5", "socks5h":
	default:
		return false
	}
	if u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" {
		return false
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return false
		}
	} else if strings.HasSuffix(u.Host, ":") {
		return false
	}
	host := u.Hostname()
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	_, err := parseHost(host)
	return err == nil
}

// of returns the proxy through which u is asked for; nil where it is asked directly.
func (p *Proxies) of(u *url.URL) (*url.URL, error) {
	if p == nil || p.find == nil {
		return nil, nil
	}
	return p.find(u)
}

// none reports whether all is asked directly.
func (p *Proxies) none() bool { return p == nil || p.http == nil && p.https == nil }

// String names the proxies as the header line of a run says them, without passwords; "" where there are none.
func (p *Proxies) String() string {
	if p.none() {
		return ""
	}
	s := ""
	switch plain, secure := proxyName(p.http), proxyName(p.https); {
	case plain == secure:
		s = plain
	case secure == "":
		s = plain + " for http"
	case plain == "":
		s = secure + " for https"
	default:
		s = plain + " for http, " + secure + " for https"
	}
	if p.exceptions {
		s += " but for NO_PROXY"
	}
	return s
}

// proxyName names a proxy without its password.
func proxyName(u *url.URL) string {
	if u == nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// Proxies returns those that the client uses, and those of Options that its policy leaves aside.
func (c *Client) Proxies() (used, unused *Proxies) {
	if c.web.proxies == nil {
		return nil, c.opts.Proxies
	}
	return c.web.proxies, nil
}

// withDefault returns p, or the proxies of the environment where p is nil. Those that cannot be used fail whatever is
// asked for.
func (p *Proxies) withDefault() *Proxies {
	if p != nil {
		return p
	}
	p, err := EnvironmentProxies()
	if err != nil {
		p = &Proxies{find: func(*url.URL) (*url.URL, error) { return nil, err }}
	}
	return p
}

// useProxies has t use those of the options. Behind a proxy the address that is asked cannot be seen, so a policy that
// looks at it allows none.
func (w *web) useProxies(t *http.Transport) {
	if w.opts.Policy.looksAtAddresses() {
		return
	}
	w.proxies = w.opts.Proxies
	t.Proxy = func(r *http.Request) (*url.URL, error) { return w.proxies.of(r.URL) }
	t.OnProxyConnectResponse = connected
}

// connected looks at what a proxy answered when it was asked for a connection to a server.
func connected(_ context.Context, proxy *url.URL, asked *http.Request, answer *http.Response) error {
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	return proxyRefused(proxy, answer.StatusCode, " when asked for a connection to "+asked.URL.Opaque)
}

// proxyRefused is the error of a proxy that answered with status, no server having been asked.
func proxyRefused(proxy *url.URL, status int, what string) *Error {
	text := "the proxy " + proxyName(proxy) + " answered " + statusLine(status) + what
	if status == http.StatusProxyAuthRequired {
		text += ": it wants a user and a password, expected " + proxy.Scheme + "://user:password@" + proxy.Host
		if proxy.User != nil {
			text = strings.TrimSuffix(text, proxy.Host) + proxy.Host + " with others"
		}
	}
	return &Error{Kind: ClassProxy, Err: errors.New(text), Again: passes(status)}
}

// passes reports whether a status says no more than "not now".
func passes(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests:
		return true
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
		return false
	}
	return status >= 500
}

// through is err, which names the proxy through which u was asked for, if there is one: it may be to blame.
func (f *download) through(u *url.URL, err error) error {
	if proxy, wrong := f.proxies.of(u); wrong == nil && proxy != nil {
		return fmt.Errorf("%w, through the proxy %s", err, proxyName(proxy))
	}
	return err
}

// proxyFailed returns the error of a proxy that gave no connection, where that is what err is.
func (f *download) proxyFailed(u *url.URL, err error) *Error {
	proxy, wrong := f.proxies.of(u)
	if wrong != nil || proxy == nil {
		return nil
	}
	var op *net.OpError
	for e := err; errors.As(e, &op); e = op.Err {
		if op.Op != "proxyconnect" && op.Op != "socks connect" {
			continue
		}
		why, kind, again := op.Err, "", false
		if kind, again = Classify(why); kind == ClassTimeout {
			why = errors.New("no connection within " + f.opts.ConnectTimeout.String())
		}
		return &Error{Kind: ClassProxy, Err: fmt.Errorf("the proxy %s: %w", proxyName(proxy), why), Again: again}
	}
	return nil
}
