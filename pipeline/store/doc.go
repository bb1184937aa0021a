// Package store is where outputs and the ledger are written: it plans names, puts files in place whole or not at all,
// and knows on the next run what is done.
//
//	fetch.Item ──> Store.Plan ──> a place ──> Put ──> .imgpipe-tmp/N ──rename──> DIR/NAME
//	               in input order, before anything is fetched
//	Begin … End ──> .imgpipe-tmp/under-way ──> a suspect, on the next run after a crash
//	Outcome ──> Store.Record ──> .imgpipe-tmp/lines-N ──sync──> DIR/imgpipe.jsonl, for the next run
//
// Start here: [Open] returns a [Store], which is a pipeline.Store. The example is a whole program. [Options] say what
// happens to files that are not ours and to what failed before; [NameOptions] have the fields of a name template. A
// place for outputs that is no folder is a [Files].
//
// Several runs can share one input, on one machine or on many: see [Part]. [Store.Adopt] brings their folders together,
// and the package shard packs outputs into large files.
//
// A name depends on the inputs, their order, and the ledger of earlier runs: no input gets the name of another one's
// picture. A file under its own name is always whole: it is written under another name in a hidden folder beside it,
// which [Store.Close] removes and the next [Open] cleans after a kill. Without Options.InPlace, nothing is written
// outside the output folder, through whatever name or symbolic link. A file is ours if its length and SHA-256 are what
// the ledger says. Another one is kept unless [Overwrite] is asked for, or it is what a power failure has left of the
// same output (doubt.go).
//
// Originals are safe: but for Options.InPlace, no output ever replaces an input of the run or another file that it
// reads. One function guarantees it, look in look.go: every output passes it, after its name is known in full and just
// before it is put. All earlier checks are courtesies, which fail sooner and say more: of the command's flags, of its
// look at all inputs, of [Namer.Plan] and of [Store.Plan].
//
// A line gets into the ledger after its outputs are on the disk: one sync of the file system does for all lines of a
// second. So what it promises holds when the program is killed at any moment and, unless Options.NoSync is set, when
// the power fails.
//
// An item that was under way when a run died is a suspect in the next one, which does it apart: in a process of its
// own, if pipeline.Options.Apart has one. If it ends that process, too, it is poison and not tried again.
//
// With [Options.InPlace] alone, outputs take the places of inputs, which are kept before: swap.go has the steps, each
// of which a kill may follow. What was made so is no input of a later run.
//
// An output whose input is gone is a [Stray]. [Store.Prune] removes it, if it still is what the ledger says.
//
// But for that, the package never reads or changes an input. It never decodes an image, and knows the name of no flag:
// what a person can do about an [Error] is a [Hint].
//
// What [Namer.Plan], [Store.Put], [Store.Append], [Store.Done] and [Open] say they cost was measured with the
// benchmarks of this package on one core of a 2-core AMD EPYC VM in November 2026, with the files in memory (tmpfs).
package store
