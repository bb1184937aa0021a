package pipeline

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"imgpipe/fetch"
	"imgpipe/transform"
)

// A Class is a kind of failure, as Outcome.Class and ledgers name it. [Classes] lists all of them.
type Class struct {
	// Name is what stands in ledgers. It never changes: old ledgers are read by it. "http-4xx" and "http-xxx" stand
	// for many, such as "http-404".
	Name string
	// From names the package whose errors have this class; of two, both.
	From string
	// Meaning says what happened, in one sentence without a full stop.
	Meaning string
	// Lasts reports that asking again is known to bring the same answer, so that a store does not try the item again.
	// Items of all other classes are tried again by the next run.
	Lasts bool
	// Deadly reports that the image ended the process that worked on it. In this process it would end the run, so it
	// may only be tried in a worker process.
	Deadly bool
}

// Failure classes whose errors come from packages that import this one, or from this one. Those of fetch and transform
// are constants there.
const (
	ClassUnknown = "error" // of an error that names no class

	ClassNameTaken     = "name-taken"
	ClassOutputIsInput = "output-is-input"
	ClassExists        = "exists"
	ClassChanged       = "changed"
	ClassOutside       = "outside"
	ClassWrite         = "write"
	ClassDiskFull      = "disk-full"
	ClassNotWritable   = "not-writable"
	ClassFolderGone    = "folder-gone"
	ClassLocked        = "locked"
	ClassLedger        = "ledger"

	ClassWorkerKilled = "worker-killed"
	ClassOutOfMemory  = "out-of-memory"
	ClassWorkerAnswer = "worker-answer"
	ClassPoison       = "poison"
)

// The rows for HTTP statuses, of which each has a class of its own.
const (
	httpPrefix = "http-"
	httpGone   = httpPrefix + "4xx"
	httpOther  = httpPrefix + "xxx"
)

// classes is the table of all failure classes, in the order in which an item can meet them.
var classes = []Class{
	{Name: fetch.ClassRecord, From: "fetch", Meaning: "a line or row of a list names nothing to fetch"},
	{Name: fetch.ClassURL, From: "fetch", Meaning: "what a list names is not a URL that can be fetched"},
	{Name: fetch.ClassNotFound, From: "fetch", Meaning: "there is no such file, object or bucket"},
	{Name: fetch.ClassRead, From: "fetch",
		Meaning: "the file cannot be read: no permission, not a regular file, or trouble with the disk"},
	{Name: fetch.ClassTooBig, From: "fetch", Meaning: "the file has more bytes than the limit allows"},
	{Name: fetch.ClassRefused, From: "fetch",
		Meaning: "the rules of this run do not allow the URL's scheme, host, port or address"},
	{Name: fetch.ClassDNS, From: "fetch", Meaning: "the host's name is not known"},
	{Name: fetch.ClassNetwork, From: "fetch",
		Meaning: "there was no connection, it broke, or the server did not speak HTTP"},
	{Name: fetch.ClassTLS, From: "fetch",
		Meaning: "the server's certificate is not trusted, or there is no common version of TLS"},
	{Name: fetch.ClassProxy, From: "fetch", Meaning: "the proxy cannot be reached, or refuses"},
	{Name: fetch.ClassRedirect, From: "fetch",
		Meaning: "there were too many redirects, or one to a place that is not allowed"},
	{Name: httpGone, From: "fetch", Lasts: true,
		Meaning: "the server answered 400 to 499, such as http-404, but not 407, 408, 425 or 429"},
	{Name: httpOther, From: "fetch",
		Meaning: "the server answered with any other status that brings no file, such as http-503 or http-429"},
	{Name: fetch.ClassTruncated, From: "fetch",
		Meaning: "the download ended before its announced length, or, without one, before the image did"},
	{Name: fetch.ClassDenied, From: "fetch",
		Meaning: "an object store refused access: there are no valid keys, or they do not have the right"},
	{Name: fetch.ClassClock, From: "fetch",
		Meaning: "the clock of this machine differs too much from that of the object store"},
	{Name: fetch.ClassOptOut, From: "fetch", Lasts: true,
		Meaning: "the server asks by X-Robots-Tag that the picture is not collected, and a list names it"},
	{Name: fetch.ClassHash, From: "fetch", Meaning: "the file has another digest than its list says"},
	{Name: fetch.ClassSpool, From: "fetch",
		Meaning: "memory was short, and the temporary file for downloads could not be written"},
	{Name: transform.ClassTimeout, From: "fetch, transform",
		Meaning: "the server, the disk or the transform of the image took longer than its time-out"},

	{Name: transform.ClassNotAnImage, From: "transform", Meaning: "the file is no image: empty, HTML, text"},
	{Name: transform.ClassUnsupported, From: "transform",
		Meaning: "the file is an image, of a format or with a feature that cannot be read"},
	{Name: transform.ClassDecode, From: "transform",
		Meaning: "the image is damaged: nothing of it can be used, or damaged images are refused"},
	{Name: transform.ClassTooLarge, From: "transform",
		Meaning: "the image or an output has more pixels, or needs more memory, than the limits allow"},
	{Name: transform.ClassUnwanted, From: "transform",
		Meaning: "the image is smaller, or longer and thinner, than this run asks for"},
	{Name: transform.ClassOperation, From: "transform",
		Meaning: "an operation cannot be done on this image, such as a crop outside it"},
	{Name: transform.ClassEncode, From: "transform",
		Meaning: "the output format cannot hold the picture, such as a JPEG over 65,535 pixels wide"},
	{Name: transform.ClassPanic, From: "transform", Meaning: "a fault in a codec or operation was caught"},

	{Name: ClassWorkerKilled, From: "procs", Deadly: true,
		Meaning: "the worker processes that had the image crashed or were killed"},
	{Name: ClassOutOfMemory, From: "procs", Deadly: true,
		Meaning: "the image needed more memory than its worker processes could have"},
	{Name: ClassWorkerAnswer, From: "procs", Deadly: true,
		Meaning: "the worker processes that had the image answered what no sound worker does"},
	{Name: ClassPoison, From: "procs", Lasts: true, Deadly: true,
		Meaning: "an image that may have ended an earlier run also ended a worker process of its own"},

	{Name: ClassNameTaken, From: "store", Meaning: "another input of this run, or of an earlier one, has the name"},
	{Name: ClassOutputIsInput, From: "store", Meaning: "the output would replace an input"},
	{Name: ClassExists, From: "store",
		Meaning: "a file that imgpipe did not write, or that was changed since, has the name"},
	{Name: ClassChanged, From: "store",
		Meaning: "the input was changed while it was processed to be replaced, and stays as it is"},
	{Name: ClassOutside, From: "store", Meaning: "a symbolic link leads out of the output folder"},
	{Name: ClassWrite, From: "store", Meaning: "the output cannot be written, for another reason"},
	{Name: ClassDiskFull, From: "store", Meaning: "no space, or no quota, is left; the run stops"},
	{Name: ClassNotWritable, From: "store",
		Meaning: "there is no permission to write, or the file system is read-only"},
	{Name: ClassFolderGone, From: "store",
		Meaning: "the output folder or bucket is not there, or was removed or moved away; the run stops"},
	{Name: ClassLocked, From: "store", Meaning: "another run writes to the output folder; this one does not start"},
	{Name: ClassLedger, From: "store",
		Meaning: "the file with the ledger's name is no ledger, or was changed during the run; the run stops"},

	{Name: ClassUnknown, From: "pipeline", Meaning: "any other failure"},
}

// Classes returns the table of all failure classes, in the order in which an item can meet them. Each name stands in
// it once.
func Classes() []Class { return slices.Clone(classes) }

// ClassNamed returns the row for a class as a ledger has it, with that name. It is the row "http-4xx" for "http-404",
// and one without From and Meaning for a name that is not in the table, such as one from a later version.
func ClassNamed(name string) Class {
	row := name
	if text, http := strings.CutPrefix(name, httpPrefix); http {
		if status, err := strconv.Atoi(text); err == nil {
			row = httpRow(status)
		}
	}
	c := Class{}
	if i := slices.IndexFunc(classes, func(c Class) bool { return c.Name == row }); i >= 0 {
		c = classes[i]
	}
	c.Name = name
	return c
}

// httpRow returns the row of an HTTP status. From 400 to 499 a server says that there is nothing to be had, but for
// 407, which is about a proxy, and those that mean "later": 408 (request timeout), 425 (too early) and 429 (too many
// requests).
func httpRow(status int) string {
	switch {
	case status < 400 || status > 499, status == 407, status == 408, status == 425, status == 429:
		return httpOther
	}
	return httpGone
}

// ClassOf returns the class of an error: that of the first error in its chain with a method Class() string, else
// ClassUnknown.
func ClassOf(err error) string {
	var c interface{ Class() string }
	if errors.As(err, &c) {
		return c.Class()
	}
	return ClassUnknown
}
