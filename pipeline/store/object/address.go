package object

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"unicode/utf8"
)

// Scheme is the scheme of addresses.
const Scheme = "s3"

// maxKey is the longest key of an object, in bytes.
const maxKey = 1024

// An Address names an object, or all objects whose keys begin alike.
type Address struct {
	// Bucket is the name of the bucket, and Key that of the object or the beginning of keys; it may be "".
	Bucket, Key string
	// Endpoint is the server, such as "https://host:9000". "" is that of the environment, else Amazon's.
	Endpoint string
	// Region is where the bucket is; "" is that of the environment, else what the server says.
	Region string
	// Profile is a part of the file of credentials; "" is that of the environment, else the default.
	Profile string
	// Anonymous asks without keys of access, as a public bucket allows.
	Anonymous bool
}

// parameters is the table of what may follow the question mark of an address.
var parameters = []struct {
	name string
	set  func(*Address, string) error
	get  func(Address) string
}{
	{"anonymous", func(a *Address, v string) error {
		a.Anonymous = v == "true"
		if v != "true" && v != "false" {
			return fmt.Errorf("anonymous=%q: expected true or false", v)
		}
		return nil
	}, func(a Address) string {
		if a.Anonymous {
			return "true"
		}
		return ""
	}},
	{"endpoint", func(a *Address, v string) (err error) {
		a.Endpoint, err = endpoint(v)
		return err
	}, func(a Address) string { return a.Endpoint }},
	{"profile", func(a *Address, v string) error {
		a.Profile = v
		return nil
	}, func(a Address) string { return a.Profile }},
	{"region", func(a *Address, v string) error {
		a.Region = v
		return plainWord("region", v)
	}, func(a Address) string { return a.Region }},
}

// Parse reads an address: s3://BUCKET/KEY, with ?endpoint=https://HOST:PORT and the like. In KEY, %XX stands for one
// byte, and a % that begins no such code for itself. The error shows nothing of s that could be secret.
func Parse(s string) (Address, error) {
	scheme, rest, ok := strings.Cut(strings.TrimSpace(s), ":")
	if !ok || !strings.EqualFold(scheme, Scheme) || !strings.HasPrefix(rest, "//") {
		return Address{}, errors.New("it is no address of an object store: expected s3://BUCKET/PREFIX")
	}
	path, query, _ := strings.Cut(rest[2:], "?")
	var a Address
	a.Bucket, a.Key, _ = strings.Cut(path, "/")
	if strings.ContainsRune(a.Bucket, '@') {
		return Address{}, errors.New("keys of access do not belong into an address: expected them in " +
			"AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or in the file ~/.aws/credentials")
	}
	if err := checkBucket(a.Bucket); err != nil {
		return Address{}, err
	}
	a.Key = decoded(a.Key)
	if err := checkKey(a.Key); err != nil {
		return Address{}, err
	}
	return a, a.setAll(query)
}

// setAll reads what follows the question mark.
func (a *Address) setAll(query string) error {
	for query != "" {
		var one string
		one, query, _ = strings.Cut(query, "&")
		if one == "" {
			continue
		}
		name, value, _ := strings.Cut(one, "=")
		if plain, err := url.QueryUnescape(value); err == nil {
			value = plain
		}
		if err := a.set(name, value); err != nil {
			return err
		}
	}
	return nil
}

func (a *Address) set(name, value string) error {
	var names []string
	for _, p := range parameters {
		if p.name == name {
			return p.set(a, value)
		}
		names = append(names, p.name)
	}
	if !isWord(name) || len(name) > 40 { // it may be anything, even a key of access
		return errors.New("what follows its ? is not known: expected " + strings.Join(names, ", "))
	}
	return fmt.Errorf("%s is not known in it: expected %s", name, strings.Join(names, ", "))
}

// checkBucket returns an error unless a bucket can have a name. Older ones have capitals and underscores.
func checkBucket(name string) error {
	switch {
	case name == "":
		return errors.New("it names no bucket: expected s3://BUCKET/PREFIX")
	case len(name) < 3, len(name) > 63, strings.Trim(name, lettersDigits+"-._") != "", strings.Contains(name, ".."),
		!isPlain(name[0]), !isPlain(name[len(name)-1]):
		return fmt.Errorf("%.70q is no name of a bucket: expected 3 to 63 letters, digits, dots and hyphens", name)
	}
	return nil
}

// isPlain reports whether a character is a letter or a digit.
func isPlain(c byte) bool { return strings.IndexByte(lettersDigits, c) >= 0 }

const lettersDigits = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// checkKey returns an error unless an object can have a key.
func checkKey(key string) error {
	switch {
	case len(key) > maxKey:
		return fmt.Errorf("its key has %d bytes: expected at most %d", len(key), maxKey)
	case !utf8.ValidString(key):
		return errors.New("its key is not UTF-8")
	}
	for part := range strings.SplitSeq(key, "/") {
		if part == "." || part == ".." {
			return fmt.Errorf("its key has a part %q, which servers and browsers take for a folder", part)
		}
	}
	return nil
}

// plainWord returns an error unless a value is what can stand in a header or in the name of a host.
func plainWord(name, value string) error {
	if !isWord(value) {
		return fmt.Errorf("%s=%q: expected letters, digits and hyphens, such as us-east-1", name, value)
	}
	return nil
}

func isWord(s string) bool { return s != "" && strings.Trim(s, lettersDigits+"-_") == "" }

// endpoint returns the one form of an endpoint.
func endpoint(s string) (string, error) {
	bad := func(what string) (string, error) {
		return "", errors.New("the endpoint " + what + ": expected one such as https://host:9000")
	}
	text := s
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return bad("cannot be read")
	case u.User != nil:
		return bad("holds a user or a password")
	case u.Scheme != "http" && u.Scheme != "https":
		return bad("has the scheme " + u.Scheme)
	case u.Hostname() == "":
		return bad("names no host")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return bad("has more than a host and a port")
	}
	return u.Scheme + "://" + strings.ToLower(u.Host), nil
}

// String returns an address that Parse reads as a.
func (a Address) String() string {
	b := append(append([]byte(Scheme+"://"), a.Bucket...), '/')
	b = appendEncoded(b, a.Key)
	sign := byte('?')
	for _, p := range parameters {
		if v := p.get(a); v != "" {
			b = append(append(append(b, sign), p.name...), '=')
			b = append(b, plainQuery(v)...)
			sign = '&'
		}
	}
	return string(b)
}

// plainQuery encodes what would not come back from a query; a colon and slashes stay readable.
func plainQuery(v string) string {
	return strings.NewReplacer("%3A", ":", "%2F", "/").Replace(url.QueryEscape(v))
}

// appendEncoded appends a key. It encodes what an address, a line of a list or a terminal takes for something else.
func appendEncoded(b []byte, key string) []byte {
	const digits = "0123456789ABCDEF"
	for i := range len(key) {
		c := key[i]
		remark := c == ' ' && (i == 0 || i == len(key)-1 || key[i+1] == '#' || key[i+1] == ' ')
		if c < ' ' || c == 0x7f || c == '%' || c == '?' || c == '#' || c == '"' || remark {
			b = append(b, '%', digits[c>>4], digits[c&15])
		} else {
			b = append(b, c)
		}
	}
	return b
}

// decoded is what appendEncoded encoded, and what a person did.
func decoded(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			high, low := strings.IndexByte(hexDigits, s[i+1]|0x20), strings.IndexByte(hexDigits, s[i+2]|0x20)
			if high >= 0 && low >= 0 {
				b = append(b, byte(high<<4|low))
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}

const hexDigits = "0123456789abcdef"

// Folder is a with a Key that ends in a slash, or that is "".
func (a Address) Folder() Address {
	if a.Key != "" && !strings.HasSuffix(a.Key, "/") {
		a.Key += "/"
	}
	return a
}

// resolved is a with what the environment says of all that a leaves open.
func (a Address) resolved() (Address, error) {
	if a.Endpoint == "" {
		for _, name := range []string{"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"} {
			if v := os.Getenv(name); v != "" {
				var err error
				if a.Endpoint, err = endpoint(v); err != nil {
					return a, fmt.Errorf("%s: %w", name, err)
				}
				break
			}
		}
	}
	if a.Region == "" {
		a.Region = firstSet("AWS_REGION", "AWS_DEFAULT_REGION")
	}
	if a.Profile == "" {
		a.Profile = os.Getenv("AWS_PROFILE")
	}
	return a, nil
}

// firstSet returns the value of the first variable that has one.
func firstSet(names ...string) string {
	for _, name := range names {
		if v := os.Getenv(name); v != "" {
			return v
		}
	}
	return ""
}

// Contains reports whether an object lies below the folder that a names: in the same bucket of the same server.
func (a Address) Contains(b Address) bool {
	x, errX := a.resolved()
	y, errY := b.resolved()
	return errX == nil && errY == nil && x.Endpoint == y.Endpoint && x.Bucket == y.Bucket &&
		strings.HasPrefix(y.Key, x.Folder().Key)
}
