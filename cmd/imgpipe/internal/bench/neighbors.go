package bench

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"imgpipe/cmd/imgpipe/internal/figure"
	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/pipeline"
)

// A dimension is a width of a grid of contestants.
type dimension struct {
	kind string
	of   func(*Config) *int
	// name returns words for one width.
	name func(n int) string
}

var (
	workersDimension = dimension{"workers", func(c *Config) *int { return &c.Workers },
		func(n int) string { return figure.Count(n, "worker") }}
	downloadsDimension = dimension{"downloads", func(c *Config) *int { return &c.Downloads },
		func(n int) string { return figure.Count(n, "download") }}
	perHostDimension = dimension{"per-host", func(c *Config) *int { return &c.PerHost },
		func(n int) string { return fmt.Sprintf("--per-host %d", n) }}
)

// neighbors returns the contestants that differ from one in one width alone, the narrowest first.
func (e *evidence) neighbors(d dimension, of int) (found []int) {
	this := e.c.Configs[of]
	width := *d.of(&this)
	*d.of(&this) = 0
	for _, i := range e.ran {
		other := e.c.Configs[i]
		w := *d.of(&other)
		*d.of(&other) = 0
		if w != width && other.Same(this) {
			found = append(found, i)
		}
	}
	slices.SortStableFunc(found, func(i, j int) int {
		return cmp.Compare(*d.of(&e.c.Configs[i]), *d.of(&e.c.Configs[j]))
	})
	return found
}

// sayNeighbors says what was measured with other widths, and reports whether there were wider ones. Downloads that a
// host did not let run are no wider ones.
func (e *evidence) sayNeighbors(say sayer, d dimension, of int) (wider bool) {
	near := e.neighbors(d, of)
	if len(near) == 0 || !e.enough() {
		return len(near) > 0
	}
	mine, _ := e.atOnce(of)
	width := *d.of(&e.c.Configs[of])
	var said, figures []string
	for _, i := range near {
		w := *d.of(&e.c.Configs[i])
		limit := ""
		if d.kind == downloadsDimension.kind {
			limit = e.limit(i)
		}
		theirs, _ := e.atOnce(i)
		wider = wider || w > width && (limit == "" || theirs > mine)
		p := e.pair(byClock, of, i)
		cpu := e.pair(byCPU, of, i).cost
		text := ""
		switch {
		case e.c.clear(of, i):
			text = withInterval(p.speed()) + " times as fast" + e.gain(of, i, w > width)
		case e.c.beyond(of, i):
			text = fmt.Sprintf("at least %.2f times as fast, whatever was disturbed", e.c.certainly(of, i).Low)
		case e.c.beyond(i, of):
			text = fmt.Sprintf("at most %.2f times as fast, whatever was disturbed", 1/e.c.certainly(i, of).Low)
		default:
			text = "by the clock disturbed, CPU for each image " + withInterval(cpu) + " times as much"
		}
		said = append(said, fmt.Sprintf("%s: %s%s", d.name(w), text, limit))
		figures = append(figures, fmt.Sprintf("%s: %s by the clock, CPU for each image %s times as much", d.name(w),
			probability(p.p), withInterval(cpu)))
	}
	say(d.kind, fmt.Sprintf("Beside %s, %s.", d.name(width), strings.Join(said, "; ")),
		strings.Join(figures, "; "))
	return wider
}

// atOnce returns the most downloads that a contestant had at once in any run, and the most images that hosts held back.
// A host that holds one back lets another run, so there is a download if anything was held back.
func (e *evidence) atOnce(config int) (atOnce, held int) {
	for _, run := range e.runs[config] {
		if run != nil {
			atOnce, held = max(atOnce, run.Summary.DownloadsAtOnce), max(held, run.Summary.HeldBack)
		}
	}
	return atOnce, held
}

// limit returns in words that hosts let a contestant have fewer downloads at once than it could; "" if they did not.
func (e *evidence) limit(config int) string {
	atOnce, held := e.atOnce(config)
	s := e.runs[config][e.whole[0]].Summary
	switch {
	case held == 0 || atOnce >= e.c.Configs[config].Downloads:
		return ""
	case s.PerHost > 0 && atOnce >= s.Hosts*s.PerHost:
		return fmt.Sprintf(" (--per-host %d let %d run at once)", s.PerHost, atOnce)
	}
	return fmt.Sprintf(" (hosts let %d run at once)", atOnce)
}

// gain returns what follows from the interval of a wider neighbor.
func (e *evidence) gain(of, wider int, isWider bool) string {
	p := e.pair(byClock, of, wider)
	switch {
	case !isWider:
		return ""
	case p.cost.Low >= 1-tieWithin:
		return ", no gain"
	case !p.less():
		return ", no gain shown"
	}
	return ""
}

// sayWorkers says what other numbers of workers did. What was not tried is named where the account leaves room for it.
func (e *evidence) sayWorkers(say sayer, choice int) {
	config := e.c.Configs[choice]
	if e.c.Job.Stage == StageFetch || e.sayNeighbors(say, workersDimension, choice) {
		return
	}
	a, u := e.account(choice), e.use(choice)
	room := a.fewWorkers(u, config.Workers) && !u.full()
	if room && e.c.Job.Images > config.Workers && a[pipeline.EntryThrottled] < leastShare {
		say("workers", fmt.Sprintf("Not tried: --workers %d.", min(2*config.Workers, int(u.cpus))),
			fmt.Sprintf("%s on a CPU %s of the time; %s", plural(config.Workers, "worker was", "workers were"),
				figure.Percent(a[pipeline.EntryCPU]), u))
	}
}

// sayDownloads says what other numbers of downloads did, and whether hosts let so many run. It extends no line beyond
// what was measured.
func (e *evidence) sayDownloads(say sayer, choice int) {
	if e.c.Job.Stage == StageTransform {
		return
	}
	a, config := e.account(choice), e.c.Configs[choice]
	bound := e.sayHosts(say, a, choice)
	e.sayNeighbors(say, perHostDimension, choice)
	wider := e.sayNeighbors(say, downloadsDimension, choice)
	waited := a[pipeline.EntryLatency] + a[pipeline.EntryBody]
	if wider || bound || waited < muchShare || config.Mode == modes.Serial || config.Downloads >= e.c.Job.Images ||
		e.deferring(choice) > 0 {
		return
	}
	more := min(2*config.Downloads, e.c.Job.Images)
	flags := fmt.Sprintf("--downloads %d", more)
	if s := e.runs[choice][e.whole[0]].Summary; s.Hosts > 0 && s.PerHost > 0 && more > s.Hosts*s.PerHost {
		if e.triedBoth(choice) {
			return
		}
		flags += fmt.Sprintf(" --per-host %d", (more+s.Hosts-1)/s.Hosts)
	}
	say("downloads", fmt.Sprintf("Not tried: %s.", flags), fmt.Sprintf("with %s the workers waited %s of their time "+
		"for servers", figure.Count(config.Downloads, "download"), figure.Percent(waited)))
}

// triedBoth reports whether a contestant like this one had more downloads, and more of them from one host.
func (e *evidence) triedBoth(of int) bool {
	this := e.c.Configs[of]
	return slices.ContainsFunc(e.ran, func(i int) bool {
		other := e.c.Configs[i]
		more := other.Downloads > this.Downloads && other.PerHost > this.PerHost
		other.Downloads, other.PerHost = this.Downloads, this.PerHost
		return more && other.Same(this)
	})
}

// deferring returns how many hosts, in any run of a contestant, wanted to be asked later: more downloads at once would
// make them say so sooner.
func (e *evidence) deferring(config int) (hosts int) {
	for _, run := range e.runs[config] {
		if run != nil {
			hosts = max(hosts, run.Summary.Deferring)
		}
	}
	return hosts
}

// sayHosts says how many downloads hosts let run at once, and reports whether that was what held the job up.
func (e *evidence) sayHosts(say sayer, a account, choice int) bool {
	s := e.runs[choice][e.whole[0]].Summary
	atOnce, held := e.atOnce(choice)
	wanted := e.c.Configs[choice].Downloads
	if held == 0 || atOnce >= wanted || a[pipeline.EntryPerHost] < leastShare {
		return false
	}
	from := "this host"
	if s.Hosts != 1 {
		from = plural(s.Hosts, "host", "hosts")
	}
	figures := fmt.Sprintf("%d were allowed; %s held back; the workers waited %s of their time for that", wanted,
		plural(held, "image was", "images were"), figure.Percent(a[pipeline.EntryPerHost]))
	if n := e.deferring(choice); n > 0 {
		which := "which"
		if s.Hosts != 1 {
			which = fmt.Sprintf("%d of which", n)
		}
		say("per-host", fmt.Sprintf("%d at once from %s, %s answered 429 or 503 to be asked later: %s held back.",
			atOnce, from, which, plural(held, "image was", "images were")), figures)
		return true
	}
	if s.PerHost == 0 || atOnce < s.Hosts*s.PerHost {
		say("per-host", fmt.Sprintf("%d at once from %s, %d were allowed: %s held back for a host that took no more.",
			atOnce, from, wanted, plural(held, "image was", "images were")), figures)
		return true
	}
	text := fmt.Sprintf("%d at once from %s: --per-host %d bounds, %s held back.", atOnce, from, s.PerHost,
		plural(held, "image was", "images were"))
	more := e.neighbors(perHostDimension, choice)
	if !slices.ContainsFunc(more, func(i int) bool { return e.c.Configs[i].PerHost > s.PerHost }) {
		text += fmt.Sprintf(" Not tried: --per-host %d.", 2*s.PerHost)
	}
	say("per-host", text, figures)
	return true
}
