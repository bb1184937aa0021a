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
// The package knows no flag and no terminal. What it runs the CPU stage on is an [Executor]: [Serial], [Goroutines] and
// [GIL] are here, processes are in package procs. What it writes to is a [Store]; the one with names, whole files and a
// ledger is in package store.
package pipeline
