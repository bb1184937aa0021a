package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"imgpipe/fetch"
	"imgpipe/pipeline/procs"
	"imgpipe/pipeline/store"
	"imgpipe/transform"
)

// runFlags are the flags of imgpipe run. Their values are good by themselves; validate looks at them together.
type runFlags struct {
	inputs []string

	output, mode       string
	workers, downloads int
	resize             transform.Resize
	format, quality    string

	lists               []string
	listFormat, listKey string
	root                string
	null                bool

	sizes                        []transform.Resize
	fit, gravity, filter, colour string
	upscale, noOrient            bool
	ops                          []transform.Op

	name, onExist           string
	sync                    string
	force, retryFailed, dry bool
	skipFailed              bool
	explain                 bool
	failedList, report      string

	timeout, connectTimeout, itemTimeout time.Duration
	retries, perHost                     int
	maxBytes, maxPixels, memory          int64
	damaged                              string
	userAgent                            string
	publicOnly                           bool
	worker                               workerFlags
	minSpeed                             int64
	allowHosts, denyHosts                []string
	maxFailures                          limit
	maxTime                              time.Duration

	progress string
	quiet    bool

	trace, cpuProfile, memProfile string
	stage                         string

	set  *pflag.FlagSet
	open openFiles // the zero value sets no bounds
	// scarce says how fewer open files than the flags want bound the run; "" where they do not.
	scarce string
}

const (
	modeSerial     = "serial"
	modeGIL        = "gil"
	modeGoroutines = "goroutines"
	modeProcesses  = "processes"
	modeAuto       = "auto"

	damagedKeep = "keep"
	damagedFail = "fail"
)

func addRunFlags(flags *pflag.FlagSet) *runFlags {
	f := &runFlags{set: flags}
	first := flagGroup{flags, "Common flags"}
	first.str(&f.output, "output", "o", "DIR", "folder for the outputs, the ledger imgpipe.jsonl among them (required)")
	first.add(parsed(&f.resize, "SIZE", transform.ParseResize, transform.Resize.String), "resize", "",
		"800x600, 800x, x600, 320 (a box of 320x320) or 50%; fits inside and never\nenlarges, but see --fit and --upscale")
	first.add(word(&f.format, formatWords(), func(s string) error { _, err := transform.ParseFormat(s); return err }),
		"format", "", formatHelp())
	first.add(word(&f.quality, "1..100", func(s string) error { _, err := transform.ParseQuality(s); return err }),
		"quality", "", fmt.Sprintf("quality of %s outputs (default %d)", qualityFormats(), transform.DefaultQuality))
	f.mode = modeGoroutines
	first.add(choice(&f.mode, modeGoroutines, modeProcesses, modeSerial, modeGIL, modeAuto), "mode", "m",
		"how images are transformed; all write the same bytes. goroutines: light,\nshare memory (default). processes: an image that crashes or hangs costs one\n"+
			"worker. serial: one after the other. gil: goroutines under one lock, as in\na language with a global interpreter lock. auto: the faster of goroutines and\nprocesses on the first images")

	input := flagGroup{flags, "Input"}
	input.add(list[string]{&f.lists, func(s string) (string, error) { return s, nil }, "FILE"}, "input-list", "i",
		"read files and URLs from a list, - for standard input; plain, CSV, TSV, JSONL\nor a JSON array, also in gzip or zstd; may be repeated")
	f.listFormat = "auto"
	input.add(choice(&f.listFormat, "auto", "plain", "csv", "tsv", "jsonl"), "list-format", "", "format of the lists (default auto: by extension and content)")
	input.str(&f.listKey, "url-col", "", "NAME", "column or key that holds the URL (default url), or several URLs in JSON, where\nit may be image.url or images[0].url; a number counts the columns of a table\nwithout a header from 1")
	input.yes(&f.null, "null", "0", "entries of plain lists end with a NUL byte, as find -print0 writes them")
	input.str(&f.root, "root", "", "DIR", "keep the folders below DIR in the names of outputs, also of files that a list\nor the shell names: find /photos … | imgpipe run --root /photos -i - -o small")

	picture := flagGroup{flags, "Picture"}
	picture.add(list[transform.Resize]{&f.sizes, transform.ParseResize, "SIZE"}, "size", "",
		"like --resize; may be repeated: several sizes from one decode, each named\nafter its size")
	picture.add(word(&f.fit, "inside|cover|contain|fill", func(s string) error { _, err := transform.ParseFit(s); return err }), "fit", "",
		"inside: as large as fits (default). cover: fill the box and cut off what\nstands out. contain: pad with the background. fill: stretch")
	picture.add(word(&f.gravity, "WHERE", func(s string) error { _, err := transform.ParseGravity(s); return err }), "gravity", "",
		"what cover keeps, and where contain puts the image: center (default), north,\nnortheast, …, or smart for cover")
	picture.add(word(&f.filter, "NAME", func(s string) error { _, err := transform.ParseFilter(s); return err }), "filter", "",
		"lanczos (default), catmullrom, mitchell, linear, box, nearest")
	picture.yes(&f.upscale, "upscale", "", "allow images to become larger than they are. Without it, cover and fill make a\nsmaller picture of an image that is smaller than the box, with a warning, and\ncontain pads it")
	picture.add(list[transform.Op]{&f.ops, transform.ParseOp, "OP"}, "op", "",
		"an operation such as grayscale or blur=1.5; may be repeated, and is done in\nthe order given, after resizing: see 'imgpipe ops'")
	picture.add(word(&f.colour, "COLOR", func(s string) error { _, err := transform.ParseColor(s); return err }), "background", "",
		"behind transparent pixels in formats that have none, and around (default white)")
	picture.yes(&f.noOrient, "no-auto-orient", "", "do not turn images upright by their EXIF or XMP orientation")

	output := flagGroup{flags, "Output"}
	output.str(&f.name, "name", "", "TEMPLATE", "names of outputs, of {dir} {stem} {ext} {index} {host} {sha8} {size} {w} {h}\n(default {dir}/{stem}.{ext}, or {dir}/{stem}-{size}.{ext} for several sizes);\nthe stem of a URL ends in {sha8}, so that two never meet")
	f.onExist = "suffix"
	output.add(choice(&f.onExist, "suffix", "skip", "overwrite", "error"), "on-exist", "",
		"when a name is taken: by another input of this run, by the picture of another\ninput that an earlier run made, which is never replaced, or by a file that is\n"+
			"not as imgpipe wrote it. suffix: the input gets the next free name, such as\na-2; such a file is kept, and the input fails (default). skip: file or picture\n"+
			"is kept, and the input skipped. overwrite: as suffix, but such a file is\nreplaced, unless it is an input. error: what has the name is kept, and the\ninput fails")
	output.yes(&f.force, "force", "", "do again what is done; what is not ours is still kept")
	output.yes(&f.retryFailed, "retry-failed", "", "do only what failed in an earlier run, also for good: with a status such as\n404, or by killing its worker; without this flag that is not tried again, and\nthe exit status stays 1")
	output.yes(&f.skipFailed, "skip-failed", "", "leave out what failed in an earlier run: do only what is new")
	f.sync = "on"
	output.add(choice(&f.sync, "on", "off"), "sync", "", "on: after a power failure the same command continues (default). off: that is\nleft to the system; a run need not wait for a slow disk")
	output.str(&f.failedList, "failed-list", "", "FILE", "write the inputs that failed to FILE, which --input-list can read")
	output.yes(&f.dry, "dry-run", "n", "show what would be written, and do nothing")
	output.yes(&f.explain, "explain", "", "with --dry-run: also by which path each local image would go, and why")
	output.str(&f.report, "report", "", "FILE", "write a summary as JSON; - for standard output")

	speed := flagGroup{flags, "Speed and memory"}
	f.workers = cpus()
	speed.add(whole(&f.workers, 1, 1024), "workers", "w", "images transformed at once")
	speed.add(downloads(&f.downloads), "downloads", "d", "images fetched at once; auto finds how many keep the workers busy")
	speed.add(amount(&f.memory), "memory", "", "budget for fetched files and decoded pixels; an image that needs more than\nthree quarters of it, and more than 17MB, is refused (default half of what\nthere is)")

	limits := flagGroup{flags, "Limits"}
	f.maxBytes, f.maxPixels, f.itemTimeout = 64e6, transform.DefaultMaxPixels, time.Minute
	limits.add(amount(&f.maxBytes), "max-bytes", "", "largest file that is read")
	limits.add(pixels(&f.maxPixels), "max-pixels", "", fmt.Sprintf("largest image that is decoded, and largest output (default %dMP)", transform.DefaultMaxPixels/1_000_000))
	f.damaged = damagedKeep
	limits.add(choice(&f.damaged, damagedKeep, damagedFail), "damaged", "",
		"an image that is damaged. keep: what is there of it is done, with a warning\n"+
			"that says what is missing (default). fail: it fails, and so does what an\n"+
			"earlier run kept. One without a whole row fails either way")
	limits.add(period(&f.itemTimeout, true), "item-timeout", "", "time for the whole transform of one image, from when it\nbegins; 0 for no limit")
	limits.add(failures(&f.maxFailures), "max-failures", "", "stop when so many images have failed; 1 stops at the first (default no limit)")
	limits.add(period(&f.maxTime, true), "max-time", "", "stop after so long as Ctrl-C does, and what is then under way after five\nseconds; the same command continues (default no limit)")

	f.worker.add(flags)

	network := flagGroup{flags, "Network"}
	f.timeout, f.connectTimeout, f.retries, f.perHost = 30*time.Second, 5*time.Second, 3, 8
	network.add(period(&f.timeout, false), "timeout", "", "time for an answer, and from each byte of its body to the next; all tries\nof one download together may take 30 times as long for each. Also the time\nfor one local file, in which a mount whose server is gone must answer")
	network.add(period(&f.connectTimeout, false), "connect-timeout", "", "time for a connection")
	network.add(whole(&f.retries, 0, 100), "retries", "", "further tries after time-outs, broken connections, 408, 429 and 5xx")
	network.add(whole(&f.perHost, 1, 4096), "per-host", "", "downloads from one host at once")
	network.str(&f.userAgent, "user-agent", "", "TEXT", "how to call ourselves (default imgpipe)")
	network.yes(&f.publicOnly, "public-only", "", "for lists from strangers: refuse addresses that are not public, redirected\nto or not")
	network.add(list[string]{&f.allowHosts, hostFor(false), "HOST"}, "allow-host", "", "ask this host and those below it alone; may be repeated")
	network.add(list[string]{&f.denyHosts, hostFor(true), "HOST"}, "deny-host", "", "never ask this host and those below it; may be repeated, and may be an\naddress or a block of them such as 10.0.0.0/8")
	network.add(amount(&f.minSpeed), "min-speed", "", "give up a try whose body comes at fewer bytes in a second, over five\nseconds; without it, at fewer than 32 over more than --timeout")

	display := flagGroup{flags, "Display"}
	f.progress = "auto"
	display.add(choice(&f.progress, "auto", "bar", "plain", "none"), "progress", "", "auto: a bar on a terminal, else a line every few seconds")
	display.yes(&f.quiet, "quiet", "q", "say nothing but failures")

	look := flagGroup{flags, "Where the time goes"}
	look.str(&f.trace, "trace", "", "FILE", "write the stages of every image as trace events, for ui.perfetto.dev")
	look.str(&f.cpuProfile, "cpuprofile", "", "FILE", "write a CPU profile of this process, for go tool pprof")
	look.str(&f.memProfile, "memprofile", "", "FILE", "write a heap profile of this process at its end")
	f.stage = stageAll
	look.add(choice(&f.stage, stageAll, stageFetch, stageTransform), "stage", "", "one stage alone, nothing is written: for 'imgpipe compare' (default all)")
	flags.Lookup("stage").Hidden = true
	return f
}

// downloads is a number from 1, or auto, which is 0.
func downloads(p *int) pflag.Value {
	return value[int]{p, func(s string) (int, error) {
		if s == "auto" {
			return 0, nil
		}
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > 4096 {
			return 0, errors.New("expected auto or a whole number from 1 to 4096")
		}
		return n, nil
	}, downloadsText, "N"}
}

func downloadsText(n int) string {
	if n == 0 {
		return "auto"
	}
	return strconv.Itoa(n)
}

// parsed is a flag with a type of another package, which has a parser and a canonical text.
func parsed[T any](p *T, kind string, parse func(string) (T, error), print func(T) string) pflag.Value {
	var zero T
	none := print(zero)
	return value[T]{p, func(s string) (T, error) {
		t, err := parse(s)
		return t, unquoted(s, err)
	}, func(t T) string {
		if s := print(t); s != none {
			return s
		}
		return ""
	}, kind}
}

// unquoted is err without the value at its beginning, which flagError says as well.
func unquoted(value string, err error) error {
	if err == nil {
		return nil
	}
	if _, rest, ok := strings.Cut(err.Error(), strconv.Quote(value)+": "); ok {
		return errors.New(rest)
	}
	return err
}

// word is a flag that is kept as it was typed, once check has found it good.
func word(p *string, kind string, check func(string) error) pflag.Value {
	return value[string]{p, func(s string) (string, error) { return s, unquoted(s, check(s)) }, func(s string) string { return s }, kind}
}

// hostFor reads a host of --allow-host or --deny-host.
func hostFor(deny bool) func(string) (string, error) {
	return func(s string) (string, error) { return s, fetch.CheckHost(s, deny) }
}

// source says where the items come from.
func (f *runFlags) source(stdin io.Reader) fetch.Inputs {
	in := fetch.Inputs{
		Args: f.inputs, Root: f.root, Skip: []string{f.output}, Marker: store.LedgerName, Stdin: stdin, Timeout: f.timeout,
		Extensions: imageFiles(),
	}
	for _, l := range f.lists {
		format := fetch.ListFormat(f.listFormat)
		switch {
		case f.null:
			format = fetch.NULList
		case f.listFormat == "auto":
			format = fetch.AutoList
		}
		in.Lists = append(in.Lists, fetch.List{Path: l, Format: format, Column: f.listKey})
	}
	return in
}

// client says how items are fetched: into memory that the workers can read, where there is a pool of them.
func (f *runFlags) client(pool *procs.Pool) fetch.Options {
	o := fetch.Options{
		Timeout:        f.timeout,
		ConnectTimeout: f.connectTimeout,
		Retries:        f.retries,
		PerHost:        f.perHost,
		MaxBytes:       f.maxBytes,
		UserAgent:      f.userAgent,
		Accept:         accepted(),
		Idle:           f.open.idle,
		MinSpeed:       f.minSpeed,
		Policy:         fetch.Policy{PublicOnly: f.publicOnly, Allow: f.allowHosts, Deny: f.denyHosts},
	}
	if f.retries == 0 {
		o.Retries = -1
	}
	if pool != nil && f.stage == stageAll { // what is all fetched before would fill them, and only the rest be copied
		o.Buffers = pool
	}
	return o
}

// spec makes the Spec that the flags ask for, with the files that its operations need.
func (f *runFlags) spec() (transform.Spec, error) {
	s := transform.Spec{NoOrient: f.noOrient, Ops: f.ops, Sizes: slices.Clone(f.sizes)}
	if f.set.Changed("resize") {
		s.Sizes = []transform.Resize{f.resize}
	}
	for i := range s.Sizes {
		r := &s.Sizes[i]
		if f.set.Changed("fit") {
			r.Fit = transform.Fit(strings.ToLower(f.fit))
		}
		if f.set.Changed("gravity") {
			r.Gravity = transform.Gravity(strings.ToLower(f.gravity))
		}
		if f.set.Changed("filter") {
			r.Filter = transform.Filter(strings.ToLower(f.filter))
		}
		r.Upscale = r.Upscale || f.upscale
	}
	// The flags were parsed when they were read, so these give no error.
	s.Format, _ = transform.ParseFormat(or(f.format, "keep"))
	s.Quality, _ = transform.ParseQuality(or(f.quality, fmt.Sprint(transform.DefaultQuality)))
	s.Background, _ = transform.ParseColor(or(f.colour, "white"))
	if err := s.Validate(); err != nil {
		return s, err
	}
	files := map[string][]byte{}
	for _, name := range s.AssetNames() {
		b, err := readAsset(name)
		if err != nil {
			return s, fmt.Errorf("--op: the watermark's %w", err)
		}
		files[name] = b
	}
	return s.WithAssets(files)
}

func or(s, def string) string {
	if s == "" {
		return def
	}
	return s
}

// maxAsset bounds the file of a watermark, which each worker holds.
const maxAsset = 64e6

func readAsset(name string) ([]byte, error) {
	info, err := os.Stat(name)
	var failed *fs.PathError
	switch {
	case errors.As(err, &failed):
		return nil, fmt.Errorf("image %s: %w", name, failed.Err)
	case !info.Mode().IsRegular() || info.Size() > maxAsset:
		return nil, fmt.Errorf("image %s: expected a file of at most 64MB", name)
	}
	return os.ReadFile(name)
}

// storeOptions say how outputs are kept, but for what is known only when the run begins.
func (f *runFlags) storeOptions(s transform.Spec) (store.Options, error) {
	onExist, err := store.ParseOnExist(f.onExist)
	if err != nil {
		return store.Options{}, fmt.Errorf("--on-exist: %w", err)
	}
	o := store.Options{
		Spec: s, Name: f.name, OnExist: onExist,
		Force: f.force, RetryFailed: f.retryFailed, SkipFailed: f.skipFailed, RefuseDamaged: f.damaged == damagedFail,
		ReadOnly: f.dry || f.stage != stageAll, NoSync: f.sync == "off",
	}
	return o, badName(o.Check())
}

// limits are those of the transform of one image.
func (f *runFlags) limits() transform.Limits {
	return transform.Limits{MaxPixels: f.maxPixels, RefuseDamaged: f.damaged == damagedFail}
}

// shownOutput is the output folder as a person would write it.
func (f *runFlags) shownOutput() string {
	return filepath.Clean(f.output)
}

// budget is the memory for files and pixels.
func (f *runFlags) budget() int64 {
	if f.memory > 0 {
		return f.memory
	}
	if all := memoryLimit(); all > 0 {
		return all / 2
	}
	return min(4<<30, math.MaxInt)
}
