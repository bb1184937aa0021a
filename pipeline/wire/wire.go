// Package wire says how a [transform.Task] and its [transform.Result] travel as bytes: through the pipes of a worker
// process (package procs), or to another machine.
//
// Start with [TaskWriter] and [Done.Write], which write, and [TaskReader] and [Reader], which read. Nothing here starts
// a process, opens a connection or trusts what it reads. A reader allocates what has arrived, not what was announced.
//
// # Frames
//
// This is the whole of the format, so that a worker can be written in any language. All integers are little-endian. A
// frame is
//
//	tag      4 bytes   ASCII
//	head     u32       length of the head, at most 1 MiB
//	body     u64       length of the body, at most 1 GiB
//	…                  the head: the fields below, one after the other
//	…                  the body: the bytes of files, one after the other, whose lengths stand in the head
//
// A str is a u32 length and that many bytes. A list is a u32 count and that many elements. A bool is one byte, 0 or 1.
// A time is an i64 of nanoseconds. A head has no byte more than its fields.
//
//	HELO  worker → pool   version u32 (now 9), pid u32, mapped u64, isolation str
//	SPEC  pool → worker   id u32, text str, list of (name str, length u64); the body is files
//	TASK  pool → worker   task u64, spec u32, max-pixels i64, min-side i64, max-aspect i64, refuse-damaged bool,
//	                      grant i64, at u64, mapped u64, name str; the body is the image file
//	DONE  worker → pool   task u64, busy time, WORK, RESULT, failed bool, [ERROR]; the body is the outputs
//
//	WORK    wall, cpu, run-queue and scheduler times, major-faults i64, cpu-known bool, run-queue-known bool
//	RESULT  SOURCE, list of (label str, format str, width i64, height i64, copied bool, omitted bool,
//	        length u64), list of warning str, damaged bool, stripped bool, taken str, camera str, path str,
//	        swatch str, decode, operate and encode times
//	SOURCE  format str, width i64, height i64, orientation i64, alpha bool, progressive bool
//	ERROR   kind str, doing str, text str, stack str, refused bool, need i64
//
// # Order
//
// The worker speaks first, with HELO. It says how much of the memory that it shares with the pool it has mapped, 0 for
// none, and, for people, what it has given up.
//
// A SPEC has no answer. It stands for its id until another SPEC takes that id; ids are below 64. Its text and files
// make a [transform.Spec] again.
//
// A TASK is answered by one DONE with the same task number, once it has been read whole. The next TASK may come before
// that, and is not begun then: answers come in the order of their tasks. A TASK whose image file lies in shared memory
// has no body: the file is mapped bytes of that memory from at. Grant is the memory that the image may need, 0 for no
// bound. Name is what texts of the spec write for the name of the image. The time that a task may take stays with
// whoever waits for the answer.
//
// In a DONE, busy time is what the transform took, so that the pool can find what the hand-over cost. WORK says where
// it went; all of it is 0 if the worker does not measure that. An error with an empty kind is no [transform.Error].
// A worker that finds from the header that an image needs more than its grant decodes nothing. It answers with an
// error that has need, which is 0 in all others, and nothing else.
//
// The end of the input is the order to leave.
package wire

// Version is the version of this format. HELO carries it.
const Version = 9
