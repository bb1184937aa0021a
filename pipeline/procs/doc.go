// Package procs is the [pipeline.Executor] that runs transform.Do in child processes of this same program.
//
//	Pool.Do ──> a slot ──┬── stdin:  SPEC?, TASK ──>┐
//	                     ├── memory: all images ───>┤  worker process: one at a time,
//	   Result <──────────┼── stdout: HELO, DONE… <──┤  transform.Do, GOMAXPROCS=1,
//	   death's message <─┴── stderr: last 4 KiB  <──┘  no files, no network, no programs
//
// Start with [New], which makes a [Pool], and with [IsWorker], which main must ask. [Pool.Tune] makes small images
// faster. [Apart] does images that may have killed an earlier run.
//
// An image that crashes, hangs or exhausts its worker costs that worker and nothing else. The pool never runs an image
// in the parent, and never leaves a worker behind. A worker transforms one image at a time. With Options.Ahead more are
// queued in its pipe. If the worker dies, they go to other workers, and that is not held against them. If a queued
// image is canceled, all images queued at that worker go back to the pool, and the worker is killed after its current
// answer.
//
// To read the code, begin with pool.go (Do from end to end), queue.go (which task goes where: the table of states),
// turn.go (how a task comes to its turn), start.go (how a worker is started) and worker.go (what is said to it); then
// answer.go and death.go (what is believed, and what it died of). All these run in the parent. serve.go and isolate are
// the worker's side.
//
// # Wire
//
// What goes through the pipes is in package wire: frames, messages and their order. A worker can be written in any
// language. It is started with IMGPIPE_WORKER=1 in its environment, reads frames from standard input and writes frames
// to standard output. What it writes to standard error is kept for the message of its crash.
//
// The environment has what Options.Env says, and a few variables of the Go runtime. A worker gets nothing else of the
// parent's: no descriptor but these three, and on Linux no capability. IMGPIPE_WORKER_ISOLATE is auto, strict or off.
// IMGPIPE_WORKER_MEMORY is in bytes. If IMGPIPE_WORKER_MAPPED is set, descriptor 3 is shared memory of that many bytes.
//
// A worker whose HELO says that it has mapped this memory finds image files there. The pool leaves a file alone until
// the DONE, unless it is about to end the worker. Only the pool can write to this memory. It also holds the files that
// other workers have, that are queued or that are being fetched, and what is left of earlier ones: a worker that an
// image has taken over can read those. It has no way to send them anywhere but into the outputs of its own image.
//
// End of input is the order to leave, with status 0. It is also what a worker sees when its parent was killed. A worker
// ignores SIGINT and SIGTERM, which reach it together with its parent: the parent decides.
//
// Anything else that arrives at the pool condemns the worker: it is killed and counts as dead. So does an answer that
// is no result of its task. The pool compares it with what the spec makes of such a source: one output for each size,
// labels, format, dimensions, first and last bytes of the files, lengths that follow from dimensions and grant, a class
// that transform has, few warnings. Text for people is made short and printable.
//
// # Death
//
// A worker that dies is replaced, and its image is tried once more, alone in a fresh process. If that dies too, the
// image fails with class "worker-killed" and a message that names the signal or exit status and what the worker last
// said. Some signals are sent by people and kernels (SIGKILL and its like), others raised by a fault (SIGSEGV and its
// like). After one of the former the image is probably innocent, and is tried up to five times.
//
// If the worker said that memory ran out, or Linux noted that beside a SIGKILL, the class is "out-of-memory" after two
// tries. If its answer was no result, it is "worker-answer": the second try is for an image that came to a worker which
// another image had taken over. If the context or the time of a task ends, its worker is killed and the task is not
// tried again. One exception is a worker that somebody has stopped (SIGSTOP): then its task has the time of another
// try. Three starts in a row that never said HELO end the pool with a [StartError]; of starts that were killed from
// outside, thirty do.
//
// The three classes are deadly, see [pipeline.Class]: the next run of a Store has such an image done by an [Apart]. If
// it ends its workers there, too, its class is "poison", and no later run tries it.
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
// On Linux the kernel kills a worker when its parent dies. Elsewhere it leaves when it next reads, after its current
// image. On Unix it watches its parent, and leaves within a second or two.
package procs
