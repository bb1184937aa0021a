// Package object has the objects of a bucket as inputs and as outputs: s3://bucket/prefix, of Amazon or of any server
// that speaks its protocol.
//
//	fetch.Inputs ──> Source.List ──> items, 1,000 keys a request
//	fetch.Client ──> Source.Open ──> one GET
//	store.Store  ──> Files       ──> one PUT, if nothing else has the key: PREFIX/a/b.jpg
//	             ──> Ledger      ──> PREFIX/.imgpipe/ledger/000001.jsonl.gz, and who writes: PREFIX/.imgpipe/run.json
//
// Start here: [Parse] reads an [Address]. [NewSource] makes the fetch.Source of the scheme, and [Open] a [Bucket],
// whose Files and Ledger are for store.Options.
//
// Of many that write one key at once, one succeeds, because each PUT has a condition: If-None-Match for a new object
// and If-Match for one that was seen (RFC 9110, section 13.1). A store that does not heed them is refused. The SHA-256
// of an object is in its metadata, as x-amz-meta-imgpipe-sha256.
//
// Keys of access come from the environment, the file of credentials, or the machine's role, and stand in no address, no
// error and no ledger. They are used for addresses that the user named, and not for those that a list has.
package object
