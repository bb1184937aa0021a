// Package pipeline takes items through fetch, transform and store, many at once, and accounts for every one.
//
//	items ──> plan ──> fetch ──────> transform ──────> store ──> record, sink
//	          in       Downloads     Executor.Width    4 lanes   one at a time,
//	          order    lanes         lanes (+ Ahead)             as they end
//	                     │             │
//	                     └── Memory ───┘   bytes fetched and pixels to decode are admitted by one budget
//
// The error of one item is data: it ends that item, is part of its [Outcome], and never stops the run. What stops a run
// is the end of its items, its context, [Options.Stop], too many failures, or an error that says it is fatal, such as a
// full disk.
//
// The package knows no flag and no terminal, and does not know what processes are.
//
// # Start here
//
// To use it, call [Run] with a *fetch.Client, one of the executors ([Goroutines], or a pool of package procs), and a
// *store.Store. No interface is left to implement, not even for names and resume. The example of package store is such
// a program, with resume, a ledger and protection from images that kill a process, in thirty lines. A program that
// wants worker processes begins its main as procs.IsWorker says.
//
// To work on imgpipe, read the package comments in this order: pipeline, transform, fetch, store, procs. Each begins
// with what the package does and never does. The rest of this comment is for who changes the program.
//
// # Where a new thing goes
//
//   - A format: a row of the table in transform/format.go, and a file beside jpeg.go with the functions of the row and
//     its constant. All lists of formats come from the table: those of help, extensions, MIME types, names and errors.
//     The README's is written anew with UPDATE_README=1. The smallest example is in cmd/imgpipe/testdata/toy.
//   - An operation on pictures: a row in transform/operations.go, and its function. A way for pixels to go, such as one
//     that need not decode all: a path of transform/path.go.
//   - A kind of source, such as a bucket: a fetch.Source, added by its scheme to fetch.Inputs.Sources and
//     fetch.Options.Sources. The command makes these in inputflags.go and downloadflags.go, and has none yet.
//   - A place for outputs: a store.Files, in store.Options.Files, which must pass package storetest. It has names,
//     resume and the ledger of store.Store. The command makes these options in outputflags.go and has no Files yet:
//     foldername.go refuses s3:// and its like. Only what keeps no files at all needs another [Store]; it may also be
//     a [Recorder] and a [Shelver], and its places may be a [Guard].
//   - A way to run the CPU stage, such as other machines: an [Executor], which must pass package executortest, and may
//     be a [Queuer]. What crosses to another process is in package wire.
//   - A [Fetcher] around another, such as a cache: it is a [Sparing] if the inner one is.
//   - A kind of failure: a row in class.go. Help, README and resume go by the table.
//   - A contestant of a comparison: a row in cmd/imgpipe/internal/bench/plan.go.
//   - A flag: a row of the table in cmd/imgpipe/runflags.go. A library has options in structs whose zero value works,
//     and never the name of a flag: what a person can do about an error is a typed value that the command puts into
//     words.
//
// # What may import what
//
//	samples, fetch, transform   nothing of ours but their own internal packages
//	transform/internal/*        pixel and codec; png and tiff also inflate
//	pipeline/executor           transform
//	pipeline/wire               executor, transform
//	pipeline                    fetch, executor, transform
//	pipeline/store              fetch, pipeline, transform
//	pipeline/procs              pipeline, executor, wire, transform
//	cmd/imgpipe                 all of them
//
// Tests in cmd/imgpipe hold that table; that no package asserts the concrete type of another, since an optional ability
// is a named interface that says what is assumed without it; that no library names a flag; and that each list of
// formats comes from the table.
//
// # How to build and test
//
//	go build ./cmd/imgpipe
//	go test ./...            some minutes on two cores
//	.ci/run                  all that decides whether a change lands, in a clean clone; some twenty minutes
//
// A change comes with a test that fails without it. Output bytes, names and lines of ledgers stay as they are, unless
// the change is about them: all executors write the same bytes, and old ledgers are resumed. Speed is measured as a
// ratio of old and new in interleaved rounds.
package pipeline
