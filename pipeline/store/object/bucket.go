package object

import (
	"cmp"
	"context"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// Options say how object stores are asked. The zero value means the defaults.
type Options struct {
	// Transport makes the requests; nil means that of package net/http. It need not bound how long they take.
	Transport http.RoundTripper
	// Timeout is how long the server may take to answer, and then for each further part of its answer. Default 30 s.
	Timeout time.Duration
	// UserAgent is how the client calls itself. Default "imgpipe".
	UserAgent string
	// Tries is how often a request is made that fails with what may pass. Default 10, which takes some seconds.
	Tries int
}

func (o Options) withDefaults() Options {
	if o.Transport == nil {
		o.Transport = http.DefaultTransport
	}
	if o.Timeout <= 0 {
		o.Timeout = 30 * time.Second
	}
	o.UserAgent = cmp.Or(o.UserAgent, "imgpipe")
	if o.Tries <= 0 {
		o.Tries = 10
	}
	return o
}

// amazon is the endpoint where none is named.
const amazon = "https://s3.amazonaws.com"

// A Bucket is a part of an object store: the keys that begin with that of its address, which ends in a slash or is "".
// Its methods may be called from many goroutines.
type Bucket struct {
	addr   Address // resolved, and a Folder
	client *minio.Client
	core   minio.Core
	wire   *wire
}

// Open returns the Bucket of an address. It asks nobody yet.
func Open(a Address, opts Options) (*Bucket, error) {
	opts = opts.withDefaults()
	a, err := a.resolved()
	if err != nil {
		return nil, err
	}
	return open(a.Folder(), opts, keysOf(a))
}

// open returns the Bucket of an address that is resolved.
func open(a Address, opts Options, keys *credentials.Credentials) (*Bucket, error) {
	server := a.Endpoint
	if server == "" {
		server = amazon
	}
	scheme, host, _ := strings.Cut(server, "://")
	b := &Bucket{addr: a, wire: &wire{
		next: opts.Transport, timeout: opts.Timeout, host: host, agent: opts.UserAgent,
	}}
	client, err := minio.New(host, &minio.Options{
		Creds: keys, Secure: scheme == "https", Region: a.Region, Transport: b.wire, MaxRetries: opts.Tries,
	})
	if err != nil {
		return nil, err
	}
	b.client, b.core = client, minio.Core{Client: client}
	return b, nil
}

// ID names the bucket and its prefix as no other is named.
func (b *Bucket) ID() string {
	return b.client.EndpointURL().String() + " " + b.addr.Bucket + " " + b.addr.Key
}

// Host names the server, as fetch.Source has it.
func (b *Bucket) Host() string {
	u := b.client.EndpointURL()
	if u.Port() != "" {
		return u.Host
	}
	if u.Scheme == "http" {
		return u.Host + ":80"
	}
	return u.Host + ":443"
}

// keysOf returns the keys of access for an address that the user named: those of the environment, of the file of
// credentials, or of the machine's role; none where there are none. The role is asked for only where it can be known:
// on machines of Amazon, and where the environment says how.
func keysOf(a Address) *credentials.Credentials {
	if a.Anonymous {
		return credentials.NewStatic("", "", "", credentials.SignatureAnonymous)
	}
	chain := []credentials.Provider{&credentials.FileAWSCredentials{Profile: a.Profile}}
	if a.Profile == "" {
		chain = append([]credentials.Provider{&credentials.EnvAWS{}}, chain...)
	}
	byRole := firstSet("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
		"AWS_CONTAINER_CREDENTIALS_FULL_URI")
	if byRole != "" || a.Endpoint == "" && os.Getenv("AWS_EC2_METADATA_DISABLED") != "true" {
		const patience = 2 * time.Second // elsewhere nobody answers
		chain = append(chain, &credentials.IAM{Client: &http.Client{Timeout: patience}})
	}
	return credentials.NewChainCredentials(chain)
}

// key returns the key of an object below the prefix.
func (b *Bucket) key(name string) string { return b.addr.Key + name }

// buckets are those that were opened, by their addresses without keys of objects.
type buckets struct {
	mu    sync.Mutex
	known map[Address]*Bucket
}

// of returns the Bucket of an address, with the key "". open makes it where there is none.
func (s *buckets) of(a Address, open func(Address) (*Bucket, error)) (*Bucket, error) {
	a.Key = ""
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.known[a]; b != nil {
		return b, nil
	}
	b, err := open(a)
	if err != nil {
		return nil, err
	}
	if s.known == nil || len(s.known) >= mostBuckets {
		s.known = map[Address]*Bucket{}
	}
	s.known[a] = b
	return b, nil
}

// mostBuckets bounds how many a list can have remembered.
const mostBuckets = 256

// within returns ctx with a limit for all tries of a request that moves so many bytes.
func (b *Bucket) within(ctx context.Context, size int64) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, 4*b.wire.limit(size))
}
