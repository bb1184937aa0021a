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

	"imgpipe/cmd/imgpipe/internal/bench"
	"imgpipe/cmd/imgpipe/internal/flags"
	"imgpipe/cmd/imgpipe/internal/modes"
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
	format             transform.Format
	quality            int

	lists               []string
	listFormat, listKey string
	root                string
	null                bool

	sizes             []transform.Resize
	fit               transform.Fit
	gravity           transform.Gravity
	filter            transform.Filter
	background        transform.Color
	upscale, noOrient bool
	ops               []transform.Op

	name                    string
	onExist                 store.OnExist
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
	maxFailures                          flags.Limit
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
	pictureHeading = "Picture"
	limitsHeading  = "Limits"

	listAuto  = "auto"
	listPlain = "plain"

	syncOn  = "on"
	syncOff = "off"

	damagedKeep = "keep"
	damagedFail = "fail"
)

func addRunFlags(set *pflag.FlagSet) *runFlags {
	f := &runFlags{set: set}
	f.addCommon(flags.Group{Set: set, Heading: "Common flags"})
	f.addInput(flags.Group{Set: set, Heading: "Input"})
	f.addPicture(flags.Group{Set: set, Heading: pictureHeading})
	f.addOutput(flags.Group{Set: set, Heading: "Output"})
	f.addSpeed(flags.Group{Set: set, Heading: "Speed and memory"})
	f.addLimits(flags.Group{Set: set, Heading: limitsHeading})
	f.worker.add(set)
	f.addNetwork(flags.Group{Set: set, Heading: "Network"})
	f.addDisplay(flags.Group{Set: set, Heading: "Display"})
	f.addTracing(flags.Group{Set: set, Heading: "Where the time goes"})
	return f
}

func (f *runFlags) addCommon(g flags.Group) {
	f.mode = modes.Goroutines
	f.quality = transform.DefaultQuality
	g.Add(
		flags.Flag{Name: "output", Short: "o", Common: true, Value: flags.Text(&f.output, "DIR"),
			Usage: "folder for the outputs and the ledger imgpipe.jsonl (required)"},
		flags.Flag{Name: "resize", Common: true,
			Value: flags.Parsed(&f.resize, "SIZE", ofTransform(transform.ParseResize), transform.Resize.String),
			Usage: "800x600, 800x, x600, 320 (a box of 320x320) or 50%; fits inside and never enlarges, but see --fit and " +
				"--upscale"},
		flags.Flag{Name: "format", Common: true,
			Value: flags.Parsed(&f.format, formatWords(), ofTransform(transform.ParseFormat), textOf[transform.Format]),
			Usage: formatHelp()},
		flags.Flag{Name: "quality", Common: true,
			Value: flags.Parsed(&f.quality, "1..100", ofTransform(transform.ParseQuality), strconv.Itoa),
			Usage: "quality of " + qualityFormats() + " outputs"},
		flags.Flag{Name: "mode", Short: "m", Common: true, Value: flags.Choice(&f.mode, modes.Names()...),
			Usage: "how images are transformed; all write the same bytes. " + modesHelp()},
	)
}

func (f *runFlags) addInput(g flags.Group) {
	f.listFormat = listAuto
	g.Add(
		flags.Flag{Name: "input-list", Short: "i", Common: true, Value: flags.Texts(&f.lists, "FILE"),
			Usage: "read files and URLs from a list, - for standard input; plain, CSV, TSV, JSONL or a JSON array, also in " +
				"gzip or zstd; may be repeated"},
		flags.Flag{Name: "list-format",
			Value: flags.Choice(&f.listFormat, listAuto, listPlain, "csv", "tsv", "jsonl"),
			Usage: "format of the lists (default auto: by extension and content)"},
		flags.Flag{Name: "url-col", Value: flags.Text(&f.listKey, "NAME"),
			Usage: "column or key that holds the URL (default url), or several URLs in JSON, where it may be image.url or " +
				"images[0].url; a number counts the columns of a table without a header from 1"},
		flags.Flag{Name: "null", Short: "0", Value: flags.Switch(&f.null),
			Usage: "entries of plain lists end with a NUL byte, as find -print0 writes them"},
		flags.Flag{Name: "root", Value: flags.Text(&f.root, "DIR"),
			Usage: "keep the folders below DIR in the names of outputs, also of files that a list or the shell names: " +
				"find /photos … | imgpipe run --root /photos -i - -o small"},
	)
}

func (f *runFlags) addPicture(g flags.Group) {
	g.Add(
		flags.Flag{Name: "size", Common: true,
			Value: flags.List(&f.sizes, "SIZE", ofTransform(transform.ParseResize)),
			Usage: "like --resize, but may be repeated: several sizes from one decode; each is named after its size"},
		flags.Flag{Name: "fit", Common: true,
			Value: flags.Parsed(&f.fit, "inside|cover|contain|fill", ofTransform(transform.ParseFit), textOf[transform.Fit]),
			Usage: "inside: as large as fits (default). cover: fill the box and cut off what stands out. contain: pad with " +
				"the background. fill: stretch"},
		flags.Flag{Name: "gravity",
			Value: flags.Parsed(&f.gravity, "WHERE", ofTransform(transform.ParseGravity), textOf[transform.Gravity]),
			Usage: "what cover keeps, and where contain puts the image: center (default), north, northeast, …, or smart " +
				"for cover"},
		flags.Flag{Name: "filter",
			Value: flags.Parsed(&f.filter, "NAME", ofTransform(transform.ParseFilter), textOf[transform.Filter]),
			Usage: "lanczos (default), catmullrom, mitchell, linear, box, nearest"},
		flags.Flag{Name: "upscale", Value: flags.Switch(&f.upscale),
			Usage: "allow images to become larger than they are. Without it, cover and fill make a smaller picture of an " +
				"image that is smaller than the box, with a warning, and contain pads it"},
		flags.Flag{Name: "op", Common: true, Value: flags.List(&f.ops, "OP", ofTransform(transform.ParseOp)),
			Usage: "an operation such as grayscale or blur=1.5; may be repeated, and is done in the order given, after " +
				"resizing: see 'imgpipe ops'"},
		flags.Flag{Name: "background",
			Value: flags.Parsed(&f.background, "COLOR", ofTransform(transform.ParseColor), textOf[transform.Color]),
			Usage: "behind transparent pixels in formats that have none, and around (default white)"},
		flags.Flag{Name: "no-auto-orient", Value: flags.Switch(&f.noOrient),
			Usage: "do not turn images upright by their EXIF or XMP orientation"},
	)
}

func (f *runFlags) addOutput(g flags.Group) {
	f.sync = syncOn
	g.Add(
		flags.Flag{Name: "name", Value: flags.Text(&f.name, "TEMPLATE"),
			Usage: "names of outputs, of {dir} {stem} {ext} {index} {host} {sha8} {size} {w} {h} (default " +
				"{dir}/{stem}.{ext}, or {dir}/{stem}-{size}.{ext} for several sizes); the stem of a URL ends in {sha8}, so " +
				"that two never meet"},
		flags.Flag{Name: "on-exist",
			Value: flags.Named(&f.onExist, store.Suffix, store.Skip, store.Overwrite, store.Fail),
			Usage: "when a name is taken: by another input of this run, by the picture of another input that an earlier " +
				"run made, which is never replaced, or by a file that is not as imgpipe wrote it. suffix: the input gets " +
				"the next free name, such as a-2; such a file is kept, and the input fails (default). skip: file or " +
				"picture is kept, and the input skipped. overwrite: as suffix, but such a file is replaced, unless it is " +
				"an input. error: what has the name is kept, and the input fails"},
		flags.Flag{Name: "force", Value: flags.Switch(&f.force),
			Usage: "do again what is done; what is not ours is still kept"},
		flags.Flag{Name: "retry-failed", Value: flags.Switch(&f.retryFailed),
			Usage: "do only what failed in an earlier run, also for good: with a status such as 404, or by killing its " +
				"worker; without this flag that is not tried again, and the exit status stays 1"},
		flags.Flag{Name: "skip-failed", Value: flags.Switch(&f.skipFailed),
			Usage: "leave out what failed in an earlier run: do only what is new"},
		flags.Flag{Name: "sync", Value: flags.Choice(&f.sync, syncOn, syncOff),
			Usage: "on: after a power failure the same command continues (default). off: that is left to the system; a " +
				"run need not wait for a slow disk"},
		flags.Flag{Name: "failed-list", Common: true, Value: flags.Text(&f.failedList, "FILE"),
			Usage: "write the inputs that failed to FILE, which --input-list can read"},
		flags.Flag{Name: "dry-run", Short: "n", Common: true, Value: flags.Switch(&f.dry),
			Usage: "show what would be written, and do nothing"},
		flags.Flag{Name: "explain", Value: flags.Switch(&f.explain),
			Usage: "with --dry-run: also by which path each local image would go, and why"},
		flags.Flag{Name: "report", Value: flags.Text(&f.report, "FILE"),
			Usage: "write a summary as JSON; - for standard output"},
	)
}

func (f *runFlags) addSpeed(g flags.Group) {
	f.workers = cpus()
	g.Add(
		flags.Flag{Name: "workers", Short: "w", Common: true, Value: flags.Whole(&f.workers, 1, 1024),
			Usage: "images transformed at once"},
		flags.Flag{Name: "downloads", Short: "d", Common: true, Value: flags.WholeOrAuto(&f.downloads, 4096),
			Usage: "images fetched at once; auto finds how many keep the workers busy"},
		flags.Flag{Name: "memory", Value: flags.Bytes(&f.memory),
			Usage: "budget for fetched files and decoded pixels; an image that needs more than three quarters of it, and " +
				"more than 17MB, is refused (default half of what there is)"},
	)
}

func (f *runFlags) addLimits(g flags.Group) {
	f.maxBytes, f.maxPixels, f.itemTimeout = 64e6, transform.DefaultMaxPixels, time.Minute
	f.damaged = damagedKeep
	g.Add(
		flags.Flag{Name: "max-bytes", Value: flags.Bytes(&f.maxBytes), Usage: "largest file that is read"},
		flags.Flag{Name: "max-pixels", Value: flags.Pixels(&f.maxPixels),
			Usage: fmt.Sprintf("largest image that is decoded, and largest output (default %dMP)",
				transform.DefaultMaxPixels/1_000_000)},
		flags.Flag{Name: "damaged", Value: flags.Choice(&f.damaged, damagedKeep, damagedFail),
			Usage: "an image that is damaged. keep: what is there of it is done, with a warning that says what is missing " +
				"(default). fail: it fails, and so does what an earlier run kept. One without a whole row fails either way"},
		flags.Flag{Name: "item-timeout", Value: flags.PeriodOrNone(&f.itemTimeout),
			Usage: "time for the whole transform of one image, from when it begins; 0 for no limit"},
		flags.Flag{Name: "max-failures", Value: flags.CountOrShare(&f.maxFailures),
			Usage: "stop when so many images have failed; 1 stops at the first (default no limit)"},
		flags.Flag{Name: "max-time", Value: flags.PeriodOrNone(&f.maxTime),
			Usage: "stop after so long as Ctrl-C does, and what is then under way after five seconds; the same command " +
				"continues (default no limit)"},
	)
}

func (f *runFlags) addNetwork(g flags.Group) {
	f.timeout, f.connectTimeout, f.retries, f.perHost = 30*time.Second, 5*time.Second, 3, 8
	g.Add(
		flags.Flag{Name: "timeout", Value: flags.Period(&f.timeout),
			Usage: "time for an answer, and from each byte of its body to the next; all tries of one download together " +
				"may take 30 times as long for each. Also the time for one local file, in which a mount whose server is " +
				"gone must answer"},
		flags.Flag{Name: "connect-timeout", Value: flags.Period(&f.connectTimeout), Usage: "time for a connection"},
		flags.Flag{Name: "retries", Value: flags.Whole(&f.retries, 0, 100),
			Usage: "further tries after time-outs, broken connections, 408, 429 and 5xx"},
		flags.Flag{Name: "per-host", Value: flags.Whole(&f.perHost, 1, 4096),
			Usage: "downloads from one host at once"},
		flags.Flag{Name: "user-agent", Value: flags.Text(&f.userAgent, "TEXT"),
			Usage: "User-Agent header of requests (default imgpipe)"},
		flags.Flag{Name: "public-only", Value: flags.Switch(&f.publicOnly),
			Usage: "for untrusted lists: refuse addresses that are not public, redirected to or not"},
		flags.Flag{Name: "allow-host", Value: flags.List(&f.allowHosts, "HOST", hostFor(false)),
			Usage: "download only from HOST and its subdomains; may be repeated"},
		flags.Flag{Name: "deny-host", Value: flags.List(&f.denyHosts, "HOST", hostFor(true)),
			Usage: "never download from HOST and its subdomains; may be repeated, and may be an address or a block of " +
				"them such as 10.0.0.0/8"},
		flags.Flag{Name: "min-speed", Value: flags.Bytes(&f.minSpeed),
			Usage: "abort a download slower than BYTES per second for 5 s; without it, one slower than 32 for longer " +
				"than --timeout"},
	)
}

func (f *runFlags) addDisplay(g flags.Group) {
	f.progress = progressAuto
	g.Add(
		progressFlag(&f.progress),
		flags.Flag{Name: "quiet", Short: "q", Common: true, Value: flags.Switch(&f.quiet),
			Usage: "say nothing but failures"},
	)
}

func (f *runFlags) addTracing(g flags.Group) {
	f.stage = bench.StageAll
	g.Add(
		flags.Flag{Name: "trace", Value: flags.Text(&f.trace, "FILE"),
			Usage: "write the stages of every image as trace events, for ui.perfetto.dev"},
		flags.Flag{Name: "cpuprofile", Value: flags.Text(&f.cpuProfile, "FILE"),
			Usage: "write a CPU profile of this process, for go tool pprof"},
		flags.Flag{Name: "memprofile", Value: flags.Text(&f.memProfile, "FILE"),
			Usage: "write a heap profile of this process at its end"},
		flags.Flag{Name: "stage", Hidden: true, Value: flags.Choice(&f.stage, bench.Stages()...),
			Usage: "one stage alone, nothing is written: for 'imgpipe compare' (default all)"},
	)
}

// modesHelp says what each mode is for, as the table of modes has it.
func modesHelp() string {
	var parts []string
	for i, m := range modes.All() {
		part := m.Name + ": " + m.Doc
		if i == 0 {
			part += " (default)"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ". ")
}

// textOf returns the text of a value whose zero value has none.
func textOf[T ~string](t T) string { return string(t) }

// ofTransform returns a parser of transform whose errors leave out the value where the flag shows it anyway.
func ofTransform[T any](parse func(string) (T, error)) func(string) (T, error) {
	return func(s string) (T, error) {
		t, err := parse(s)
		if e, ok := errors.AsType[*transform.ValueError](err); ok && e.Value == s {
			err = &flags.ValueError{Value: e.Value, Problem: e.Problem, Expected: e.Expected}
		}
		return t, err
	}
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
		case f.listFormat == listAuto:
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
	if pool != nil && f.stage == bench.StageAll { // what is all fetched before would fill them, and only the rest be copied
		o.Buffers = pool
	}
	return o
}

// spec makes the Spec that the flags ask for, with the files that its operations need.
func (f *runFlags) spec() (transform.Spec, error) {
	s := transform.Spec{
		NoOrient: f.noOrient, Background: f.background, Sizes: slices.Clone(f.sizes), Ops: f.ops,
		Format: f.format, Quality: f.quality,
	}
	if f.set.Changed("resize") {
		s.Sizes = []transform.Resize{f.resize}
	}
	for i := range s.Sizes {
		r := &s.Sizes[i]
		if f.set.Changed("fit") {
			r.Fit = f.fit
		}
		if f.set.Changed("gravity") {
			r.Gravity = f.gravity
		}
		if f.set.Changed("filter") {
			r.Filter = f.filter
		}
		r.Upscale = r.Upscale || f.upscale
	}
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
	o := store.Options{
		Spec: s, Name: f.name, OnExist: f.onExist,
		Force: f.force, RetryFailed: f.retryFailed, SkipFailed: f.skipFailed, RefuseDamaged: f.damaged == damagedFail,
		ReadOnly: f.dry || f.stage != bench.StageAll, NoSync: f.sync == syncOff,
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
