package object

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/minio/minio-go/v7"

	"imgpipe/fetch"
	"imgpipe/pipeline"
)

// A trouble is what a server's answer means, or that there was none.
type trouble int

const (
	unanswered trouble = iota // the network, or what is not known
	noKey
	noBucket
	denied
	skewed
	changed
	later
	full
	elsewhere
	unable
	refused // any other answer that will not change
	broken  // any other answer that may
)

// troubles is the table of what a trouble means. read and write are the classes of an input's failure and of an
// output's; of "", it is that of the network, or of the status. whole reports that no other output would fare better.
var troubles = map[trouble]struct {
	read, write string
	whole       bool
	text        string
}{
	noKey: {fetch.ClassNotFound, pipeline.ClassWrite, false, "the bucket has no such object"},
	noBucket: {fetch.ClassNotFound, pipeline.ClassFolderGone, true,
		"there is no such bucket: expected the name of one that is there, with its endpoint and region"},
	denied: {fetch.ClassDenied, pipeline.ClassNotWritable, true,
		"the object store refused access: expected keys that are valid and have the right, in the environment " +
			"(AWS_ACCESS_KEY_ID and the like) or in ~/.aws/credentials"},
	skewed: {fetch.ClassClock, fetch.ClassClock, true, "the clock of this machine is not right"},
	changed: {fetch.ClassRead, pipeline.ClassExists, false,
		"the object was changed since it was listed"},
	later:     {"", pipeline.ClassWrite, true, "the object store is too busy"},
	full:      {"", pipeline.ClassDiskFull, true, "the object store has no room left, or a quota is used up"},
	elsewhere: {fetch.ClassRedirect, pipeline.ClassNotWritable, true, "the bucket is in another region"},
	unable: {"", pipeline.ClassNotWritable, true,
		"the object store cannot do what was asked: expected one with the S3 protocol and conditional PUTs"},
	refused: {"", pipeline.ClassWrite, false, "the object store refused the request"},
	broken:  {"", pipeline.ClassWrite, true, "the object store failed"},
}

// codes is the table of the codes of answers (Amazon S3 API, Error responses). What is not in it is known by status.
var codes = map[string]trouble{
	"NoSuchKey": noKey, "NoSuchBucket": noBucket,
	"AccessDenied": denied, "InvalidAccessKeyId": denied, "SignatureDoesNotMatch": denied, "ExpiredToken": denied,
	"InvalidToken": denied, "TokenRefreshRequired": denied, "AllAccessDisabled": denied, "AccountProblem": denied,
	"InvalidSecurity": denied, "NotSignedUp": denied,
	"RequestTimeTooSkewed": skewed, "RequestExpired": skewed,
	"PreconditionFailed": changed, "ConditionalRequestConflict": changed, "OperationAborted": changed,
	"SlowDown": later, "ServiceUnavailable": later, "TooManyRequests": later, "RequestLimitExceeded": later,
	"QuotaExceeded": full, "InsufficientStorage": full, "XMinioStorageFull": full,
	"XMinioAdminBucketQuotaExceeded": full,
	"PermanentRedirect":              elsewhere, "AuthorizationHeaderMalformed": elsewhere,
	"IllegalLocationConstraintException": elsewhere,
	"NotImplemented":                     unable, "MethodNotAllowed": unable,
}

// statuses is the same for the statuses of answers.
var statuses = map[int]trouble{
	http.StatusNotFound: noKey, http.StatusUnauthorized: denied, http.StatusForbidden: denied,
	http.StatusPreconditionFailed: changed, http.StatusConflict: changed,
	http.StatusTooManyRequests: later, http.StatusServiceUnavailable: later,
	http.StatusInsufficientStorage: full, http.StatusMovedPermanently: elsewhere,
	http.StatusNotImplemented: unable, http.StatusMethodNotAllowed: unable,
}

// troubleOf returns what an error of a request means, and the answer if there was one.
func troubleOf(err error) (trouble, minio.ErrorResponse) {
	answer, ok := errors.AsType[minio.ErrorResponse](err)
	if !ok || answer.StatusCode == 0 {
		return unanswered, answer
	}
	if t, known := codes[answer.Code]; known {
		return t, answer
	}
	if t, known := statuses[answer.StatusCode]; known {
		return t, answer
	}
	if answer.StatusCode >= http.StatusInternalServerError {
		return broken, answer
	}
	return refused, answer
}

// isTrouble reports whether an error of a request has that meaning.
func isTrouble(err error, which trouble) bool {
	t, _ := troubleOf(err)
	return err != nil && t == which
}

// says returns an error as a sentence. What the server writes is not shown but for its code, as it may hold anything.
func (b *Bucket) says(err error) error {
	t, answer := troubleOf(err)
	if t == unanswered {
		if stranger, ok := errors.AsType[*strangerError](err); ok {
			return stranger
		}
		if late, ok := errors.AsType[*lateError](err); ok {
			return late
		}
		return fmt.Errorf("ask %s: %w", b.Host(), bare(err))
	}
	text := troubles[t].text
	switch off := time.Duration(b.wire.skew.Load()).Round(time.Second); {
	case t == skewed && off > 0:
		text += fmt.Sprintf(": that of the object store is %v ahead", off)
	case t == skewed && off < 0:
		text += fmt.Sprintf(": that of the object store is %v behind", -off)
	case t == elsewhere && isWord(answer.Region):
		text += ": expected region=" + answer.Region + " in the address"
	}
	if isWord(answer.Code) && len(answer.Code) < 60 {
		return fmt.Errorf("%s (%s)", text, answer.Code)
	}
	return fmt.Errorf("%s (status %d)", text, answer.StatusCode)
}

// bare drops what net/http puts before an error: the method, and a URL that may hold a signature.
func bare(err error) error {
	if e, ok := errors.AsType[interface {
		error
		Timeout() bool
		Unwrap() error
	}](err); ok && e.Unwrap() != nil {
		return e.Unwrap()
	}
	return err
}

// unread returns the error of an input.
func (b *Bucket) unread(doing string, err error) error {
	t, answer := troubleOf(err)
	kind, again := troubles[t].read, t == later || t == broken || t == full
	switch {
	case t == unanswered:
		if known, ok := errors.AsType[*fetch.Error](err); ok { // refused by the policy
			return &fetch.Error{Kind: known.Kind, Doing: doing, Err: known.Err, Again: known.Again}
		}
		if errors.As(err, new(*strangerError)) {
			kind = fetch.ClassRedirect
			break
		}
		kind, again = fetch.Classify(err)
	case kind == "":
		kind = "http-" + strconv.Itoa(answer.StatusCode)
	}
	return &fetch.Error{Kind: kind, Doing: doing, Err: b.says(err), Again: again}
}

// An Error is why an object could not be written, or a ledger not kept.
type Error struct {
	kind, hint string
	err        error
	whole      bool
}

func (e *Error) Error() string { return e.err.Error() }

// Unwrap returns what was wrong.
func (e *Error) Unwrap() error { return e.err }

// Class returns the class of the failure.
func (e *Error) Class() string { return e.kind }

// Fatal reports whether no other output would fare better.
func (e *Error) Fatal() bool { return e.whole }

// Advice returns what a person could do; it may be "".
func (e *Error) Advice() string { return e.hint }

// unwritten returns the error of an output.
func (b *Bucket) unwritten(err error) error {
	t, _ := troubleOf(err)
	row := troubles[t]
	e := &Error{kind: row.write, err: b.says(err), whole: row.whole}
	if t == unanswered {
		e.kind, _ = fetch.Classify(err)
		e.whole = true
	}
	return e
}
