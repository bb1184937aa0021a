package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"imgpipe/cmd/imgpipe/internal/bench"
	"imgpipe/cmd/imgpipe/internal/flags"
	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/fetch"
	"imgpipe/pipeline/store"
	"imgpipe/transform"
)

// runFlags are the flags of imgpipe run, in parts by what they are for. Each part makes the options of one package
// from what it holds. A flag's value is good by itself once it has been read. Then finalize derives what flags leave
// open, and check looks at flags together. Nothing changes them after finalize.
type runFlags struct {
	preset   presetFlags   // which presets flags come from
	input    inputFlags    // where items come from
	download downloadFlags // how they are fetched
	picture  pictureFlags  // what is made of them
	output   outputFlags   // where outputs go, and which items are done
	exec     execFlags     // where images are transformed, with how much at once
	limits   limitFlags    // what is too much
	tell     tellFlags     // what the run says of itself

	dry, explain bool
	// watched reports that the folders are watched: an image may come later.
	watched bool

	set *pflag.FlagSet
}

// Headings that imgpipe compare has as well.
const (
	inputHeading    = "Input"
	pictureHeading  = "Picture"
	filesHeading    = "Files"
	limitsHeading   = "Limits"
	downloadHeading = "Network"
)

const speedHeading = "Speed and memory"

func addRunFlags(set *pflag.FlagSet) *runFlags {
	f := &runFlags{set: set}
	f.addCommon(flags.Group{Set: set, Heading: "Common flags"})
	f.addInput(flags.Group{Set: set, Heading: inputHeading})
	f.preset.add(set)
	f.addPicture(flags.Group{Set: set, Heading: pictureHeading})
	f.addFiles(flags.Group{Set: set, Heading: filesHeading})
	f.addOutput(flags.Group{Set: set, Heading: "Output"})
	f.addSpeed(flags.Group{Set: set, Heading: speedHeading})
	f.addLimits(flags.Group{Set: set, Heading: limitsHeading})
	f.exec.worker.add(set)
	f.addNetwork(flags.Group{Set: set, Heading: downloadHeading})
	f.addDisplay(flags.Group{Set: set, Heading: "Display"})
	f.addTracing(flags.Group{Set: set, Heading: "Where the time goes"})
	return f
}

func (f *runFlags) addCommon(g flags.Group) {
	g.Add(
		flags.Flag{Name: "output", Short: "o", Common: true, Value: flags.Text(&f.output.dir, "DIR"),
			Usage: "folder for the outputs and the ledger, imgpipe.jsonl, or s3://BUCKET/PREFIX (required)"},
	)
	f.addResult(g)
	f.addMode(g)
}

func (f *runFlags) addMode(g flags.Group) {
	f.exec.mode = modes.Goroutines
	g.Add(
		flags.Flag{Name: "mode", Short: "m", Common: true, Value: flags.Choice(&f.exec.mode, modes.Names()...),
			Usage: "where images are transformed: " + strings.Join(modes.Names(), ", ") +
				"; all write the same bytes. " + modesHelp()},
	)
}

// addResult adds the flags of the picture that people use most.
func (f *runFlags) addResult(g flags.Group) {
	g.Add(
		flags.Flag{Name: "resize", Common: true,
			Value: flags.Parsed(&f.picture.resize, "SIZE", ofTransform(transform.ParseResize), transform.Resize.String),
			Usage: "800x600, 800x, x600, 320 (a box of 320x320) or 50%; fits inside and never enlarges, unless " +
				"--fit or --upscale says so"},
		flags.Flag{Name: "format", Common: true,
			Value: flags.Parsed(&f.picture.format, formatWords(), ofTransform(parseFormatChoice), formatChoice.String),
			Usage: formatHelp()},
		flags.Flag{Name: "quality", Common: true,
			Value: flags.Parsed(&f.picture.quality, "1..100", ofTransform(transform.ParseQuality), unlessZero),
			Usage: "quality of outputs, a scale of its own for each format (default " + qualityHelp() + ")"},
	)
}

func (f *runFlags) addPicture(g flags.Group) {
	g.Add(
		flags.Flag{Name: "size", Common: true,
			Value: flags.List(&f.picture.sizes, "SIZE", ofTransform(transform.ParseResize)),
			Usage: "like --resize, but may be repeated: several sizes from one decode; each is named after its size"},
		flags.Flag{Name: "fit", Common: true,
			Value: flags.Parsed(&f.picture.fit, "inside|cover|contain|fill",
				ofTransform(transform.ParseFit), textOf[transform.Fit]),
			Usage: "inside: as large as fits (default). cover: fill the box and cut off what stands out. contain: " +
				"pad with the background. fill: stretch"},
		flags.Flag{Name: "gravity",
			Value: flags.Parsed(&f.picture.gravity, "WHERE",
				ofTransform(transform.ParseGravity), textOf[transform.Gravity]),
			Usage: "what cover keeps, and where contain puts the image: center (default), north, northeast, …, or " +
				"smart for cover"},
		flags.Flag{Name: "filter",
			Value: flags.Parsed(&f.picture.filter, "NAME",
				ofTransform(transform.ParseFilter), textOf[transform.Filter]),
			Usage: "lanczos (default), catmullrom, mitchell, linear, box, nearest"},
		flags.Flag{Name: "linear", Value: flags.Switch(&f.picture.linear),
			Usage: "resize in linear light: fine bright detail stays as bright as it was. Levels are taken for those " +
				"of sRGB, whatever the profile. Large JPEGs take six times as long, PNGs 1.3 times. See imgpipe help " +
				"color"},
		flags.Flag{Name: "upscale", Value: flags.Switch(&f.picture.upscale),
			Usage: "allow images to become larger. Without it, an image smaller than the box stays small: cover " +
				"and fill warn, contain pads it"},
		flags.Flag{Name: "op", Common: true, Value: flags.List(&f.picture.ops, "OP", ofTransform(transform.ParseOp)),
			Usage: "an operation such as grayscale or blur=1.5; may be repeated, and is done in the order given, " +
				"after resizing: see 'imgpipe ops'"},
		flags.Flag{Name: "background",
			Value: flags.Parsed(&f.picture.background, "COLOR",
				ofTransform(transform.ParseColor), textOf[transform.Color]),
			Usage: "color for transparent pixels in formats without transparency, and around images (default " +
				"white)"},
		flags.Flag{Name: "no-auto-orient", Value: flags.Switch(&f.picture.noOrient),
			Usage: "do not turn images upright by their EXIF or XMP orientation"},
	)
	f.addRaw(g)
}

func (f *runFlags) addRaw(g flags.Group) {
	g.Add(
		flags.Flag{Name: "raw-preview", Value: flags.Switch(&f.picture.rawPreview),
			Usage: "take camera raw files too (CR2, CR3, NEF, ARW, DNG, RAF, ORF, RW2 and others), and use the " +
				"largest JPEG in each"},
	)
}

// addFiles adds the flags of what is in a file besides the picture, and of how it is packed.
func (f *runFlags) addFiles(g flags.Group) {
	p := &f.picture
	g.Add(
		flags.Flag{Name: "metadata", Common: true,
			Value: flags.Parsed(&p.metadata, "strip|copyright|all",
				ofTransform(transform.ParseMetadata), textOf[transform.Metadata]),
			Usage: "strip: outputs have none, and the summary counts the images that had some (default). copyright: " +
				"author and rights, and nothing else. all: EXIF, IPTC and XMP, with the place where a photo was " +
				"taken, and without its thumbnail; for " + metadataFormats()},
		flags.Flag{Name: "icc",
			Value: flags.Parsed(&p.icc, "keep|srgb|strip",
				ofTransform(transform.ParseProfileRule), textOf[transform.ProfileRule]),
			Usage: "color profile. keep: pixels as they are, and the profile with them; sRGB where the format has no " +
				"place for it (default). srgb: convert to sRGB. strip: pixels as they are, and no profile. See " +
				"imgpipe help color"},
		flags.Flag{Name: "depth",
			Value: flags.Parsed(&p.depth, "keep|8", ofTransform(transform.ParseDepth), textOf[transform.Depth]),
			Usage: "bits of a sample in " + heeding("depth") + ". keep: 16 where the source has 16, and a warning " +
				"where an operation is done with 8 (default). 8: always 8"},
		flags.Flag{Name: "animate",
			Value: flags.Parsed(&p.animate, "keep|first",
				ofTransform(transform.ParseAnimation), textOf[transform.Animation]),
			Usage: "keep: an animation stays one in " + animatedFormats() + "; other formats get its first frame " +
				"(default). first: its first frame"},
		flags.Flag{Name: "effort",
			Value: flags.Parsed(&p.effort, "fast|normal|high",
				ofTransform(transform.ParseEffort), textOf[transform.Effort]),
			Usage: "time that encoders may take for a smaller file of the same quality (default fast), for " +
				heeding("effort") + ". JPEGs are progressive with high; fast and normal make the same"},
		flags.Flag{Name: "progressive", Value: flags.Switch(&p.progressive),
			Usage: "JPEGs that show the whole picture early: 4 % smaller, and slower to write"},
		flags.Flag{Name: "chroma",
			Value: flags.Parsed(&p.chroma, "auto|420|444", ofTransform(transform.ParseChroma),
				textOf[transform.Chroma]),
			Usage: "resolution of color in " + heeding("chroma") + ". auto: full from quality 90 on, where the " +
				"source has it, else half (default). 420: half. 444: full"},
		flags.Flag{Name: "compression",
			Value: flags.Parsed(&p.compression, "1..9", ofTransform(transform.ParseCompression), unlessZero),
			Usage: "how hard " + heeding("compression") + " are packed: 1 is fastest, 9 smallest (default 3, TIFF 7)"},
		flags.Flag{Name: "only-if-smaller",
			Value: flags.Parsed(&p.ifSmaller, "off|copy|skip", ofTransform(transform.ParseIfSmaller),
				textOf[transform.IfSmaller]),
			Usage: "when an output is its input packed anew, in the same format and size, and has no fewer bytes. " +
				"copy: the input's file takes its place, without metadata. skip: nothing is written. off: it is " +
				"written (default)"},
		flags.Flag{Name: "colors",
			Value: flags.Parsed(&p.colors, "2..256", ofTransform(transform.ParseColors), unlessZero),
			Usage: "at most so many colors, in a palette: for " + heeding("colors") + "; other formats keep all"},
	)
}

// unlessZero returns the text of a number, and "" for 0.
func unlessZero(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func (f *runFlags) addOutput(g flags.Group) {
	f.output.sync, f.output.unique = syncOn, uniqueNo
	g.Add(
		flags.Flag{Name: "name", Value: flags.Text(&f.output.name, "TEMPLATE"),
			Usage: "names of outputs, of {dir} {stem} {ext} {index} {host} {sha8} {size} {w} {h}, and of " +
				"photos {date} {year} {month} {day} {camera}, and of lists {column:NAME} (default " +
				"{dir}/{stem}.{ext}, or {dir}/{stem}-{size}.{ext} for several sizes); the stem of a URL ends in " +
				"{sha8}, so that two never meet"},
		flags.Flag{Name: "on-exist",
			Value: flags.Named(&f.output.onExist, store.Suffix, store.Skip, store.Overwrite, store.Fail),
			Usage: "when a name is taken: by another input of this run, by the picture of another input that an " +
				"earlier run made (never replaced), or by a file that is not as imgpipe wrote it. suffix: the " +
				"input gets the next free name, such as a-2; a file that is not as imgpipe wrote it is kept, and " +
				"the input fails (default). skip: keep what is there, and skip the input. overwrite: as suffix, " +
				"but replace such a file, unless it is an input. error: keep what is there, and fail the input"},
		flags.Flag{Name: "keep-mtime", Value: flags.Switch(&f.output.keepTime),
			Usage: "outputs that are written get the time of the last change of their input; of a URL, what its " +
				"server says"},
	)
	f.addInPlace(g)
	f.addPrune(g)
	g.Add(
		flags.Flag{Name: "force", Value: flags.Switch(&f.output.force),
			Usage: "do again what is done; files that imgpipe did not write are still kept"},
		flags.Flag{Name: "retry-failed", Value: flags.Switch(&f.output.retryFailed),
			Usage: "do only what failed in an earlier run, also what failed for good: a status such as 404, or an " +
				"image of class poison. Without this flag such items are not tried again, and the exit status " +
				"stays 1"},
		flags.Flag{Name: "skip-failed", Value: flags.Switch(&f.output.skipFailed),
			Usage: "skip what failed in an earlier run: do only what is new"},
		flags.Flag{Name: "source-sha256", Value: flags.Switch(&f.output.sourceSHA256),
			Usage: "have the ledger say the SHA-256 of each file that is read, beside that of each output"},
		flags.Flag{Name: "unique", Value: flags.Choice(&f.output.unique, uniqueNo, uniqueURL),
			Usage: "url: skip an input whose URL or path an earlier input of the run has, which takes 8 bytes of " +
				"memory for each input. no: do it as often as it is named (default)"},
		flags.Flag{Name: "verify", Value: flags.Switch(&f.output.verify),
			Usage: "with --output s3://: ask whether each output that the ledger has is still there; without this " +
				"flag the ledger is believed. See 'imgpipe help s3'"},
		flags.Flag{Name: "sync", Value: flags.Choice(&f.output.sync, syncOn, syncOff),
			Usage: "on: after a power failure the same command continues where it stopped (default). off: the " +
				"system decides when to write, so that a run need not wait for a slow disk"},
		flags.Flag{Name: "failed-list", Common: true, Value: flags.Text(&f.tell.failedList, "FILE"),
			Usage: "write the inputs that failed to FILE, which --input-list can read"},
		flags.Flag{Name: "manifest", Value: flags.Text(&f.tell.manifest, "FILE"),
			Usage: "write what a page needs to know of each image: its outputs, srcset, <picture>, mean color and a " +
				"placeholder, as FILE.json or as a page FILE.html; see 'imgpipe help web'"},
		flags.Flag{Name: "dry-run", Short: "n", Common: true, Value: flags.Switch(&f.dry),
			Usage: "show what would be written, and write nothing"},
		flags.Flag{Name: "explain", Value: flags.Switch(&f.explain),
			Usage: "with --dry-run: show how the pixels of each local image would be processed, and why"},
		flags.Flag{Name: "report", Value: flags.Text(&f.tell.report, "FILE"),
			Usage: "write a summary of the run as JSON; - for standard output; see 'imgpipe help report'"},
	)
}

func (f *runFlags) addSpeed(g flags.Group) {
	f.exec.workers = cpus()
	g.Add(
		flags.Flag{Name: "workers", Short: "w", Common: true, Value: flags.Whole(&f.exec.workers, 1, 1024),
			Usage: "images transformed at once"},
		flags.Flag{Name: "downloads", Short: "d", Common: true, Value: flags.WholeOrAuto(&f.exec.downloads, 4096),
			Usage: "images fetched at once; auto finds how many keep the workers busy (default auto)"},
		flags.Flag{Name: "memory", Value: flags.Bytes(&f.exec.memory),
			Usage: "budget for fetched files and decoded pixels; an image that needs more than three quarters of " +
				"it, and more than 17MB, is refused (default half of what there is)"},
	)
}

// addFileLimits adds the flags of how large a file and an image may be.
func (f *runFlags) addFileLimits(g flags.Group) {
	f.download.maxBytes, f.limits.maxPixels = 64e6, transform.DefaultMaxPixels
	g.Add(
		flags.Flag{Name: "max-bytes", Value: flags.Bytes(&f.download.maxBytes), Usage: "largest file that is read"},
		flags.Flag{Name: "max-pixels", Value: flags.Pixels(&f.limits.maxPixels),
			Usage: fmt.Sprintf("largest image that is decoded, and largest output (default %dMP)",
				transform.DefaultMaxPixels/1_000_000)},
	)
}

func (f *runFlags) addLimits(g flags.Group) {
	f.addFileLimits(g)
	f.addImageLimits(g)
	g.Add(
		flags.Flag{Name: "max-time", Value: flags.PeriodOrNone(&f.limits.maxTime),
			Usage: "stop after this time: begin no more images, and end those under way five seconds later; the " +
				"same command continues (default no limit)"},
	)
}

// addImageLimits adds the flags of what becomes of an image that is too much.
func (f *runFlags) addImageLimits(g flags.Group) {
	f.limits.itemTimeout, f.limits.damaged = time.Minute, damagedKeep
	g.Add(
		flags.Flag{Name: "damaged", Value: flags.Choice(&f.limits.damaged, damagedKeep, damagedFail),
			Usage: "what to do with a damaged image. keep: use the rows that are there, and warn about what is " +
				"missing (default). fail: the image fails, also one that an earlier run kept. An image without a " +
				"whole row always fails"},
		flags.Flag{Name: "min-size",
			Value: flags.Parsed(&f.limits.minSize, "PIXELS", parseMinSize, unlessZero),
			Usage: "smallest image that is taken, by its shorter side: a smaller one fails, and nothing of it is " +
				"decoded"},
		flags.Flag{Name: "max-aspect", Value: flags.Parsed(&f.limits.maxAspect, "RATIO", parseAspect, formatAspect),
			Usage: "longest image that is taken, such as 2.5: one whose longer side is more of the shorter fails, " +
				"and nothing of it is decoded"},
		flags.Flag{Name: "item-timeout", Value: flags.PeriodOrNone(&f.limits.itemTimeout),
			Usage: "time for the whole transform of one image, from when it begins; 0 for no limit"},
		flags.Flag{Name: "max-failures", Value: flags.CountOrShare(&f.limits.maxFailures),
			Usage: "stop after this many failed images; 1 stops at the first (default no limit)"},
	)
}

func (f *runFlags) addNetwork(g flags.Group) {
	f.download.timeout, f.download.connectTimeout = 30*time.Second, 5*time.Second
	f.download.retries, f.download.perHost = 3, 8
	g.Add(
		flags.Flag{Name: "timeout", Value: flags.Period(&f.download.timeout),
			Usage: "time for an answer, and from each byte of its body to the next; all tries of one download " +
				"together may take 30 times as long for each. Also the time for one local file, in which a mount " +
				"whose server is gone must answer"},
		flags.Flag{Name: "connect-timeout", Value: flags.Period(&f.download.connectTimeout),
			Usage: "time for a connection"},
		flags.Flag{Name: "retries", Value: flags.Whole(&f.download.retries, 0, 100),
			Usage: "further tries after time-outs, broken connections, 408, 429 and 5xx"},
		flags.Flag{Name: "per-host", Value: flags.Whole(&f.download.perHost, 1, 4096),
			Usage: "downloads from one host at once"},
		flags.Flag{Name: "rate", Value: flags.Parsed(&f.download.rate, "N", parseRate, formatRate),
			Usage: "requests to one host that begin in a second, spread evenly, such as 2 or 0.5 (default no limit); " +
				"of shards, each has its own"},
		flags.Flag{Name: "user-agent", Value: flags.Text(&f.download.userAgent, "TEXT"),
			Usage: "User-Agent header of requests (default imgpipe)"},
		flags.Flag{Name: "header", Value: flags.List(&f.download.headers, "NAME: VALUE", fetch.ParseHeader),
			Usage: "further header of requests; may be repeated. It goes to the host of each URL of the input, and " +
				"not to another one that it sends on to; reports do not show its value"},
		flags.Flag{Name: "referer", Value: flags.Text(&f.download.referer, "URL"),
			Usage: "page that requests say they come from, as some servers ask for"},
		flags.Flag{Name: "ignore-opt-out", Value: flags.Switch(&f.download.ignoreOptOut),
			Usage: "download what lists name also if its server asks, by X-Robots-Tag with noai, noimageai, noindex " +
				"or noimageindex, that it is not collected; without it, such inputs fail for good"},
		flags.Flag{Name: "public-only", Value: flags.Switch(&f.download.publicOnly),
			Usage: "for untrusted lists: refuse addresses that are not public, also as the target of a redirect"},
		flags.Flag{Name: "allow-host", Value: flags.List(&f.download.allowHosts, "HOST", hostFor(false)),
			Usage: "download only from HOST and its subdomains; may be repeated"},
		flags.Flag{Name: "deny-host", Value: flags.List(&f.download.denyHosts, "HOST", hostFor(true)),
			Usage: "never download from HOST and its subdomains; may be repeated, and may be an address or a block " +
				"of them such as 10.0.0.0/8"},
		flags.Flag{Name: "min-speed", Value: flags.Bytes(&f.download.minSpeed),
			Usage: "abort a download slower than BYTES per second for 5 s; without it, one slower than 32 for " +
				"longer than --timeout"},
	)
}

func (f *runFlags) addDisplay(g flags.Group) {
	f.tell.progress = progressAuto
	g.Add(
		progressFlag(&f.tell.progress),
		flags.Flag{Name: "quiet", Short: "q", Common: true, Value: flags.Switch(&f.tell.quiet),
			Usage: "write nothing but failures to standard error"},
	)
}

func (f *runFlags) addTracing(g flags.Group) {
	f.exec.stage = bench.StageAll
	g.Add(
		flags.Flag{Name: "trace", Value: flags.Text(&f.tell.trace, "FILE"),
			Usage: "write the stages of every image as trace events, for ui.perfetto.dev: each worker process is a " +
				"process there"},
		flags.Flag{Name: "cpuprofile", Value: flags.Text(&f.tell.cpuProfile, "FILE"),
			Usage: "write a CPU profile of this process, for go tool pprof"},
		flags.Flag{Name: "memprofile", Value: flags.Text(&f.tell.memProfile, "FILE"),
			Usage: "write a heap profile of this process at its end"},
		flags.Flag{Name: "stage", Hidden: true, Value: flags.Choice(&f.exec.stage, bench.Stages()...),
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

// inputs say what is read. The output folder is none of it.
func (f *runFlags) inputs(stdin io.Reader) fetch.Inputs {
	in := f.input.options(stdin)
	if f.picture.rawPreview {
		in.Extensions = append(in.Extensions, transform.RawExtensions()...)
	}
	in.Timeout, in.Skip = f.download.timeout, []string{f.output.dir}
	in.Sources = f.sources()
	for i, l := range in.Lists {
		in.Lists[i].Columns = f.input.columns.with(store.TemplateColumns(f.output.name))
		in.Lists[i].From = f.opener(l.Path, in.Sources)
	}
	return in
}
