package fetch

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"

	"golang.org/x/net/publicsuffix"
)

// maxCookies is how many bytes of names and values are kept in one chain of redirects; what comes then is dropped.
// Servers take a header of 8 to 16 KB.
const maxCookies = 8 << 10

// cookies are those that the servers of one chain of redirects have set, for each other as RFC 6265 has it: a site
// that sets one and sends on to what wants it is content. The chain ends, and they are forgotten, so nothing goes to
// another item or try. The zero value is ready.
type cookies struct {
	jar  *cookiejar.Jar // nil until a server sets one, which few do
	left int            // of maxCookies
}

// addTo puts the cookies for u into the header of req.
func (c *cookies) addTo(req *http.Request, u *url.URL) {
	if c.jar == nil {
		return
	}
	for _, cookie := range c.jar.Cookies(cookieURL(u)) {
		req.AddCookie(cookie)
	}
}

// take keeps what the answer of u has set.
func (c *cookies) take(u *url.URL, resp *http.Response) {
	set := resp.Cookies()
	if len(set) == 0 {
		return
	}
	if c.jar == nil {
		// The error is always nil.
		c.jar, _ = cookiejar.New(&cookiejar.Options{PublicSuffixList: publicsuffix.List})
		c.left = maxCookies
	}
	kept := set[:0]
	for _, cookie := range set {
		if size := len(cookie.Name) + len("=; ") + len(cookie.Value); size <= c.left {
			c.left -= size
			kept = append(kept, cookie)
		}
	}
	c.jar.SetCookies(cookieURL(u), kept)
}

// cookieURL is u with its path as it is sent, which is what the paths of cookies are compared with.
func cookieURL(u *url.URL) *url.URL {
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.RawPath}
}
