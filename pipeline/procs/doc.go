// Package procs is the [pipeline.Executor] that runs transform.Do in child processes of this same program.
//
//	Pool.Do ──> a slot ──┬── stdin:  SPEC?, TASK ──>┐
//	                     ├── memory: all images ───>┤  worker process: one at a time,
//	   Result <──────────┼── stdout: HELO, DONE… <──┤  transform.Do, GOMAXPROCS=1,
//	   death's message <─┴── stderr: last 4 KiB  <──┘  no files, no network, no programs
//
// An image that crashes, hangs or exhausts its worker costs that worker and nothing else. The pool never runs an
// image in the parent, and never leaves a worker behind. A worker has one image at a time; others may stand in line
// in its pipe (Options.Ahead), and go to another worker if this one dies before it comes to them, which is not held
// against them. Where one leaves a line before its turn, all do, and the worker is ended when it has answered its
// first.
//
// # Wire
//
// This is the whole of what a worker must know; one can be written in any language. A worker is started with
// IMGPIPE_WORKER=1 in its environment, reads frames from standard input and writes frames to standard output. What it
// writes to standard error is kept for the message of its crash. All integers are little-endian. A frame is
//
//	tag      4 bytes   ASCII
//	head     u32       length of the head, at most 1 MiB
//	body     u64       length of the body, at most 1 GiB
//	…                  the head: the fields below, one after the other
//	…                  the body: the bytes of files, one after the other, their lengths standing in the head
//
// A str is a u32 length and that many bytes; a list is a u32 count and that many elements; a bool is one byte, 0 or
// 1; times are i64 nanoseconds. A head has no byte more than its fields.
//
//	HELO  worker → pool   version u32 (now 5), pid u32, mapped u64, isolation str
//	SPEC  pool → worker   id u32, text str, list of (name str, length u64); the body is the named files (watermarks)
//	TASK  pool → worker   task u64, spec u32, max-pixels i64, refuse-damaged bool, grant i64, at u64, mapped u64;
//	                      the body is the image file
//	DONE  worker → pool   task u64, busy time, collected time, RESULT, failed bool, [ERROR]; the body is the outputs
//
//	RESULT  SOURCE, list of (label str, format str, width i64, height i64, length u64), list of warning str,
//	        damaged bool, path str, decode, operate and encode times
//	SOURCE  format str, width i64, height i64, orientation i64, alpha bool, progressive bool
//	ERROR   kind str, doing str, text str, stack str, refused bool, need i64
//
// The environment has what Options.Env says, and a few variables of the Go runtime; nothing else of the pool's own
// goes to a worker, no descriptor but these, and on Linux no capability. Where IMGPIPE_WORKER_MAPPED is in its
// environment, descriptor 3 is shared memory of so many bytes. A worker that says in HELO that it has mapped so many
// gets image files there: then the body of a TASK is empty, and the file is mapped bytes of that memory from at,
// which the pool leaves alone until the DONE, unless it is about to end the worker. Nobody but the pool can write to
// it. The files that other workers have, wait in line or are being fetched are in that memory, too, and what is left
// of earlier ones: a worker that an image has taken over can read those. It has no way to send them anywhere but into
// the outputs of its own image. IMGPIPE_WORKER_ISOLATE is auto, strict or off; isolation in HELO says for people what
// the worker has given up before it said HELO. IMGPIPE_WORKER_MEMORY is in bytes.
//
// The worker speaks first: HELO. A SPEC has no answer; it stands for its id until another SPEC takes that id; ids are
// below 64. A TASK is answered by one DONE with the same task number, once it has been read whole. The next TASK may
// come before that, and is not to be begun then: answers come in the order of their tasks. Busy time is what
// transform.Do took, so that the pool can tell what the hand-over cost; collected time is the CPU time that the worker
// has spent on garbage collection since it began, 0 where it has none. An error with an empty kind is no
// [transform.Error]. Grant is the memory that the image may need, 0 without a bound. A worker that finds from the
// header that it needs more decodes nothing and answers with an error that has need, 0 in all others, and nothing else.
// End of input is the order to leave, with status 0, and is also what a worker sees when its parent was killed. A
// worker ignores SIGINT and SIGTERM, which reach it together with its parent: the parent decides. Anything else that
// arrives at the pool condemns the worker: it is killed and counts as dead. So does an answer that is no result of its
// task: the pool holds it against what the spec makes of such a source (one output for each size, labels, format,
// dimensions, first and last bytes of the files, lengths that follow from dimensions and grant, a class that transform
// has, few warnings), and makes what is for people short and printable.
//
// # Death
//
// A worker that dies is replaced, and its image is tried once more, alone in a fresh process. If that dies too, the
// image fails with class "worker-killed" and a message that names the signal or exit status and what the worker last
// said. Where the signal was one that people and kernels send (SIGKILL and its like) rather than one that a fault
// raises (SIGSEGV and its like), the image is tried up to five times, since it is probably innocent. Where the worker
// said that memory ran out, the class is "out-of-memory"; where its answer was no result, "worker-answer": the second
// try is for an image that came to a worker which another had taken over. A task whose context ends has its worker
// killed and is not tried again. Three starts in a row that never said HELO end the pool with a [StartError]; those
// that were killed from outside do so when they are thirty.
//
// # Price
//
// On a 2-core AMD EPYC VM that others were using, 2026-11-22, Go 1.26 (BenchmarkRoundTrip, BenchmarkHandOver,
// BenchmarkStart): 33 µs for a task of a hundred bytes there and back; 30 to 36 µs for an image in shared memory,
// whatever its size; 0.15 ms for 3 MiB and 0.35 ms for 10 MiB that have to be copied there, where the pipe took 2.0
// ms for 3 MiB. What comes back is small and goes through the pipe: 0.12 ms for 64 KiB there and back. A worker
// starts and leaves in 3.5 ms, with isolation or without, which costs an image 0.3 % of its time at most. All of it
// is in pipeline.Cost: Start, Handover and Copied.
//
// # Orphans
//
// On Linux a worker is killed by the kernel when its parent dies. Elsewhere it leaves when it next reads, after the
// image that it has, or within a second or two on Unix, where it watches its parent.
package procs
