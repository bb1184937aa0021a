package fetch

import (
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// A Header is a line of a request, beside those that a Client sends by itself.
type Header struct{ Name, Value string }

// ownHeaders are those that a Client sets itself, or that would break how a request is read.
var ownHeaders = []string{
	"Accept", "Accept-Encoding", "Connection", "Content-Length", "Host", "Keep-Alive", "Proxy-Authorization",
	"Proxy-Connection", "Range", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "User-Agent",
}

// ParseHeader reads "Name: value".
func ParseHeader(s string) (Header, error) {
	name, value, ok := strings.Cut(s, ":")
	h := Header{textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name)), strings.TrimSpace(value)}
	switch {
	case !ok || !httpguts.ValidHeaderFieldName(h.Name):
		return Header{}, errors.New("expected NAME: VALUE, such as 'Referer: https://example.com/'")
	case h.Value == "" || !httpguts.ValidHeaderFieldValue(h.Value):
		return Header{}, fmt.Errorf("the value of %s: expected text without control characters", h.Name)
	case slices.Contains(ownHeaders, h.Name):
		return Header{}, fmt.Errorf("%s is set by the download itself: expected another header", h.Name)
	}
	return h, nil
}

// optOuts are the words of X-Robots-Tag by which a server asks that a picture is not collected.
var optOuts = []string{"noai", "noimageai", "noindex", "noimageindex"}

// optedOut returns the first of such words that an answer has for anybody or for this agent; "" if it has none. A word
// behind the name of an agent is for that one alone, as are those that follow it on the line.
func optedOut(header http.Header, agent string) string {
	for _, line := range header.Values("X-Robots-Tag") {
		forUs := true
		for word := range strings.SplitSeq(line, ",") {
			if name, rest, named := strings.Cut(word, ":"); named {
				name = strings.ToLower(strings.TrimSpace(name))
				if name == "unavailable_after" { // a word with a value, and no agent
					continue
				}
				forUs, word = name == "*" || name != "" && strings.Contains(strings.ToLower(agent), name), rest
			}
			word = strings.ToLower(strings.TrimSpace(word))
			if forUs && slices.Contains(optOuts, word) {
				return word
			}
		}
	}
	return ""
}

// heed returns an error if the server asks that what it sends is not collected, and that is to be heeded: for an item
// of a list. Who names a URL by itself has chosen that one picture.
func (f *download) heed(header http.Header) error {
	if f.item.Row == 0 || f.opts.IgnoreOptOut {
		return nil
	}
	word := optedOut(header, f.opts.UserAgent)
	if word == "" {
		return nil
	}
	return &Error{Kind: ClassOptOut, Err: fmt.Errorf("the server says X-Robots-Tag: %s: the picture is not to be "+
		"collected", word)}
}
