// Package fetch is the I/O-bound stage: it finds the items of a run and gets their bytes.
//
//	files, folders, globs, URLs, lists ──> Inputs ──> Items ──> Client.Fetch ──> Body
//	                                          │     streamed         │
//	                                        List                    Open, with limits, retries, politeness
//	                                          └─────── Source ───────┘
//	                              files of this machine, HTTP, and what you add by scheme
//
// Start with [Inputs], which lists items, and [New], which makes the [Client] that fetches them. [Spread] fetches
// many at once so that one slow host does not hold back the others. To add another kind of place that items come
// from, such as a store of objects, write a [Source].
//
// To read the code, begin with client.go (Fetch and its tries), try.go (one try) and http.go (how a server is asked).
// How long a host is left alone that answers 429 or 503 is decided in host.go and rounds.go. Items of it that were
// begun wait in Fetch, with their lanes and without memory. Its other items wait in spread.go, without a lane.
//
// The package never decodes an image. It writes no files but temporary ones without a name: one for bodies that memory
// has no room for, and one for items that wait for their host (see spool).
package fetch

import (
	"time"
)

// An Item is one input to do: a local file or a URL, not yet read.
type Item struct {
	// Index is the item's place in the input, from 0. Names and the ledger depend on it, never on timing.
	Index int
	// Scheme says what kind of place the item is in, and so which kind of source opens it. It is the scheme of a URL,
	// in lower case, such as "https". Empty means a file of this machine.
	Scheme string
	// Source is the item as a person would name it, and as it can stand in a list: a path or a URL.
	Source string
	// Dir is the folder of the file relative to the folder that was walked, with forward slashes and without a
	// leading or trailing one; "" at its top, for a file named on its own, and for a URL. Where several folders were
	// walked it begins with the name of the one. Inputs.Root may say otherwise.
	Dir string
	// Folder is the name of the folder that was walked, whether Dir begins with it or not. It is "" for a file that was
	// found in no folder, and where Dir is what Inputs.Root says.
	Folder string
	// Size, ModTime and Version are the identity of what Source names: if one of them changes, outputs that were made
	// of it are out of date. Each is zero where it is not known before the item is opened.
	//
	//	            Size             ModTime            Version
	//	file        length in bytes  its last change    ""
	//	http(s) URL 0                zero               ""
	//	others      as their source knows them: Version may be the ETag of an object
	Size    int64
	ModTime time.Time
	Version string
	// Listed reports that the item is no file and was found in a listing of what lies below a name, as a walk finds
	// files. No two have the same Dir and the same last part of Source.
	Listed bool
	// Row is the line where the item stands in its list, from 1; 0 if it stands in none.
	Row int
	// Columns are those that List.Columns asked for.
	Columns Columns
	// Want is what the bytes of the item must have, as List.Hash says. The Client compares them.
	Want Digest
	// Head are the first bytes of a file, if Inputs.Heads asked for them and they could be read. Of a file of up to 4
	// KB it has all, and the file is not read again.
	Head []byte
	// Err is why there is nothing to fetch, such as a file that a list names and that does not exist. The item
	// counts and fails with it.
	Err error

	chosen bool    // by a walk: Inputs.Include and Inputs.Exclude have been asked
	from   *origin // that a walk found the file in; nil for one that was named itself, and for one behind a link
	device uint64  // where the file lies; 0 where that is not known
}

// Local reports whether the item is a file of this machine.
func (i Item) Local() bool { return i.Scheme == "" }

// A Body is what was fetched.
type Body struct {
	// Data is the whole file. It belongs to the receiver until Release.
	Data []byte
	// Attempts is how many times it was tried, at least 1.
	Attempts int
	// MayBeCut reports that only the end of the connection marked the end of the file: the server announced no length,
	// and used no coding that has an end. So an image that ends early may be whole at the server.
	MayBeCut bool
	// ModTime is when the file was changed last, as its source says: a file's time, or a server's header Last-Modified.
	// It is zero if that is not known.
	ModTime time.Time
	// SHA256 is the digest of Data, in hexadecimal digits, if Options.SHA256 asks for it.
	SHA256 string
	// Took is how long the successful try took, without waits for a turn at its host.
	Took time.Duration
	// Release lets later fetches use the memory of Data, which nobody may read any more. It may be nil, and need not be
	// called.
	Release func()
}

// Failure classes of this package, as [Error.Class] returns them. A status of 400 and above has its own: "http-404".
const (
	ClassNotFound = "not-found" // no such file
	ClassRead     = "read"      // the file cannot be read: permission, not a regular file, disk trouble
	ClassTooBig   = "too-big"   // more bytes than Options.MaxBytes
	ClassTimeout  = "timeout"   // the server, disk or mount did not answer, or not fast enough
	ClassNetwork  = "network"   // no connection, or it broke
	ClassDNS      = "dns"       // the host's name is not known
	ClassTLS      = "tls"       // the certificate is not trusted, or no common protocol
	ClassRedirect = "redirect"  // too many, or to a place that is not allowed
	// the body ended before its announced length, or an image before its end where none was
	ClassTruncated = "truncated"
	ClassProxy     = "proxy"   // the proxy cannot be reached, or refuses
	ClassRefused   = "refused" // policy: scheme, host, port or address not allowed
	ClassURL       = "bad-url" // not a URL that can be fetched
	// there was no memory for a body, and the temporary file in its place could not be written
	ClassSpool  = "temp-file"
	ClassRecord = "bad-record" // a line or row of a list that names nothing
	ClassDenied = "denied"     // an object store refused access, or found no valid keys
	ClassClock  = "clock"      // an object store finds the clock of this machine wrong
	ClassOptOut = "opted-out"  // the server asks that the picture is not collected
	ClassHash   = "wrong-hash" // the bytes are not those whose digest the list has
)

// An Error is why an item could not be fetched.
type Error struct {
	// Kind is one of the Class constants or "http-" and the status.
	Kind string
	// Doing says what was being done, such as "get https://example.com/a.jpg".
	Doing string
	// Err is what was wrong.
	Err error
	// Attempts is how many times it was tried.
	Attempts int

	// Again says that another try may go better.
	Again bool
}

// Error is one line: what was being done and what was wrong.
func (e *Error) Error() string { return e.Doing + ": " + e.Err.Error() }

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// Class returns Kind.
func (e *Error) Class() string { return e.Kind }
