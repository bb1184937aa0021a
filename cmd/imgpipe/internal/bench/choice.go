package bench

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"imgpipe/cmd/imgpipe/internal/figure"
	"imgpipe/cmd/imgpipe/internal/modes"
)

// plainness ranks the modes, the plainest first. What is not here comes last.
var plainness = []string{
	modes.Serial, modes.Goroutines, modes.Threads, modes.Auto, modes.Processes, modes.Pipes, modes.Spawn,
	modes.GILReleased, modes.GIL,
}

func rank(mode string) int {
	if i := slices.Index(plainness, mode); i >= 0 {
		return i
	}
	return len(plainness)
}

// plainer reports whether a asks for less than b: this program, a plainer mode, no flags, fewer workers, fewer
// downloads.
func (a Config) plainer(b Config) bool {
	settings := func(c Config) int { return len(c.Extra) + len(c.Env) }
	return cmp.Or(
		cmp.Compare(min(len(a.Program), 1), min(len(b.Program), 1)),
		cmp.Compare(rank(a.Mode), rank(b.Mode)),
		cmp.Compare(settings(a), settings(b)),
		cmp.Compare(a.Workers, b.Workers),
		cmp.Compare(a.Downloads, b.Downloads),
		cmp.Compare(a.PerHost, b.PerHost),
	) < 0
}

// plainest returns the plainest of some contestants: the first of those than which none is plainer.
func (c *Comparison) plainest(of ...int) int { return c.equallyPlain(of)[0] }

// equallyPlain returns those of some contestants than which none is plainer.
func (c *Comparison) equallyPlain(of []int) []int {
	return slices.DeleteFunc(slices.Clone(of), func(i int) bool {
		return slices.ContainsFunc(of, func(j int) bool { return c.Configs[j].plainer(c.Configs[i]) })
	})
}

// sparing returns the plainest of some contestants that tie by the clock, and a sentence about it. Of several that are
// equally plain, it returns one that none is shown to beat by CPU time.
func (e *evidence) sparing(of []int) (choice int, text string) {
	plain := e.c.equallyPlain(of)
	if len(plain) == 1 {
		return plain[0], fmt.Sprintf("The plainest is %s.", e.c.Name(plain[0]))
	}
	text = fmt.Sprintf("The plainest are %s", e.names(plain))
	if len(plain) == len(of) {
		text = fmt.Sprintf("%s are equally plain", e.names(plain))
	}
	o := e.order(byCPU, plain)
	if len(o.worse) > 0 {
		text += fmt.Sprintf("; CPU for each image: %s least, %s", e.c.Name(o.best), e.amounts(byCPU, o.best, o.worse))
	}
	return slices.Min(o.alike()), text + "."
}

// eligible returns the contestants that can be advised. A mode with a lock is a lesson, not a tool: those are left out
// unless there is nothing else.
func (e *evidence) eligible() []int {
	tools := slices.DeleteFunc(slices.Clone(e.ran), func(i int) bool {
		return slices.Contains([]string{modes.GIL, modes.GILReleased}, e.c.Configs[i].Mode)
	})
	if len(tools) == 0 {
		return e.ran
	}
	return tools
}

// sayChoice says which contestant to use, and returns it. It is the plainest of those that tie with the best; if
// nothing is shown, the plainest of all of which nothing is shown.
func (e *evidence) sayChoice(say sayer) (choice int) {
	among := e.eligible()
	switch {
	case len(e.ran) == 1 && e.c.Against != nil && e.c.Peer == nil:
		e.sayAlone(say, e.c.Against)
		return e.ran[0]
	case len(e.ran) == 1:
		text := fmt.Sprintf("Only %s was run, so there is nothing to compare it with.", e.c.Name(e.ran[0]))
		if e.c.Peer != nil {
			text = fmt.Sprintf("Of the modes of imgpipe only %s was run, so there is no choice between them.",
				e.c.Name(e.ran[0]))
		}
		say("choice", text, e.measured(e.ran))
		return e.ran[0]
	case !e.enough():
		say("choice", fmt.Sprintf("%s no order: %d are needed (--runs %d).",
			plural(len(e.whole), "round shows", "rounds show"), enoughRuns, enoughRuns), e.measured(e.ran))
		return e.c.plainest(among...)
	case len(among) == 1:
		text := fmt.Sprintf("Of what was run only %s can be advised: modes with a lock are lessons.",
			e.c.Name(among[0]))
		if e.c.Withheld != "" {
			text += " " + e.noOrder()
		}
		say("choice", text, e.measured(e.ran))
		return among[0]
	case e.c.Withheld != "":
		return e.sayWithheld(say, among)
	}
	o := e.order(byClock, among)
	e.sayUneven(say, o)
	alike := o.alike()
	figures := e.measured(among)
	switch {
	case len(o.open) > 0:
		return e.sayOpen(say, o, alike)
	case len(alike) == 1:
		choice = o.best
		next := o.worse[0]
		say("choice", fmt.Sprintf("%s: the fastest, %s times as fast as %s, the next.", e.c.Name(choice),
			withInterval(e.pair(byClock, next, choice).speed()), e.c.Name(next)), figures)
	default:
		var plain string
		choice, plain = e.sparing(alike)
		text := fmt.Sprintf("%s: as fast as anything measured. %s", e.c.Name(choice), plain)
		if len(alike) == len(among) {
			text += fmt.Sprintf(" All %d tie: %s.", len(alike), e.names(alike))
		} else {
			text += fmt.Sprintf(" It ties with %s.", e.names(without(alike, choice)))
		}
		say("choice", text, e.beside(byClock, choice, without(alike, choice))+"; "+figures)
	}
	return choice
}

// sayOpen says that there is no order among the first, and what difference would have been seen. It returns the
// contestant that is advised.
func (e *evidence) sayOpen(say sayer, o order, alike []int) (choice int) {
	text := fmt.Sprintf("No order is shown between %s.", e.names(alike))
	if o.seen > 0 {
		text = fmt.Sprintf("No order shown: these %d tie: %s. A difference of %s would have been seen.", len(alike),
			e.names(alike), figure.Difference(o.seen))
	}
	choice, plain := e.sparing(alike)
	text += " " + plain
	if len(o.worse) > 0 {
		text += fmt.Sprintf(" Slower: %s.", e.beside(byClock, o.best, o.worse))
	}
	say("choice", text, e.beside(byClock, o.best, without(alike, o.best))+"; "+e.measured(alike))
	return choice
}

// sayUneven names the contestants whose walls are not compared, because other programs took more from one of them.
func (e *evidence) sayUneven(say sayer, o order) {
	for _, i := range without(slices.Concat(o.ties, o.open, o.worse), o.best) {
		if e.c.uneven(o.best, i) && !e.c.beyond(i, o.best) {
			say("uneven", fmt.Sprintf("The machine was not as quiet for %s as for %s: no order of these two by the "+
				"clock. CPU for each image: %s times that of the other.", e.c.Name(i), e.c.Name(o.best),
				withInterval(e.pair(byCPU, o.best, i).cost)), e.shares([]int{o.best, i}))
		}
	}
}

// sayWithheld says why there is no order by the clock, and what the CPU time shows instead. What no disturbance
// explains counts all the same.
func (e *evidence) sayWithheld(say sayer, among []int) (choice int) {
	var left, beaten []int
	for _, i := range among {
		if slices.ContainsFunc(among, func(other int) bool { return e.c.beyond(i, other) }) {
			beaten = append(beaten, i)
		} else {
			left = append(left, i)
		}
	}
	o := e.order(byCPU, left)
	alike := o.alike()
	choice = e.c.plainest(e.ofOneWidth(alike)...)
	text := e.noOrder()
	if len(beaten) > 0 {
		text += " But more than that explains: " + e.beaten(beaten, left) + "."
	}
	text += " CPU for each image: "
	switch {
	case len(left) == 1:
		text += fmt.Sprintf("%s, beside %s.", e.amounts(byCPU, choice, without(among, choice)), e.c.Name(choice))
	case len(o.worse) > 0:
		text += fmt.Sprintf("%s least; %s.", e.c.Name(o.best), e.amounts(byCPU, o.best, o.worse))
		if others := without(alike, o.best); len(others) > 0 {
			text += fmt.Sprintf(" No difference to it is shown for %s.", e.names(others))
		}
	case len(o.open) == 0:
		text += fmt.Sprintf("a tie of %s.", e.names(alike))
	default:
		text += fmt.Sprintf("no difference shown between %s; %s would have been seen.", e.names(alike),
			figure.Difference(o.seen))
	}
	if len(e.ofOneWidth(left)) < len(left) {
		text += " It does not say which width is faster."
	} else if len(alike) > 1 {
		if plain := e.c.equallyPlain(e.ofOneWidth(alike)); len(plain) > 1 {
			text += fmt.Sprintf(" %s are equally plain.", e.names(plain))
		} else {
			text += fmt.Sprintf(" The plainest is %s: take it until a quieter machine shows more.", e.c.Name(choice))
		}
	}
	say("choice", text, e.measured(among)+"; "+e.shares(e.ran))
	return choice
}

// ofOneWidth returns those of some contestants that have the widths of one of them: as many workers as there are CPUs,
// or the number next to that.
func (e *evidence) ofOneWidth(of []int) []int {
	cpus := max(e.c.Machine.CPUs, 1)
	like := e.c.Configs[slices.MinFunc(of, func(a, b int) int {
		x, y := e.c.Configs[a], e.c.Configs[b]
		return cmp.Or(cmp.Compare(max(x.Workers-cpus, cpus-x.Workers), max(y.Workers-cpus, cpus-y.Workers)),
			cmp.Compare(y.Downloads, x.Downloads))
	})]
	return slices.DeleteFunc(slices.Clone(of), func(i int) bool { return !e.c.Configs[i].alike(like) })
}

// noOrder says why there is no order by the clock.
func (e *evidence) noOrder() string {
	return sentence(e.c.Withheld + noOrder)
}

// beaten returns which contestants others beat by more than disturbance explains, and by how much at least.
func (e *evidence) beaten(losers, winners []int) string {
	by := map[int][]string{}
	for _, i := range losers {
		best := slices.MaxFunc(winners, func(a, b int) int {
			return cmp.Compare(e.c.certainly(i, a).Low, e.c.certainly(i, b).Low)
		})
		by[best] = append(by[best], fmt.Sprintf("%.2f times as fast as %s", e.c.certainly(i, best).Low, e.c.Name(i)))
	}
	var said []string
	for _, i := range winners {
		if len(by[i]) > 0 {
			said = append(said, fmt.Sprintf("%s was at least %s", e.c.Name(i), list(by[i])))
		}
	}
	return strings.Join(said, "; ")
}

// amounts returns how contestants compare with another one on a scale.
func (e *evidence) amounts(s scale, with int, of []int) string {
	var said []string
	for _, i := range of {
		p := e.pair(s, with, i)
		if s == byClock {
			said = append(said, fmt.Sprintf("%s %s times as fast", e.c.Name(i), withInterval(p.speed())))
		} else {
			said = append(said, fmt.Sprintf("%s %s times as much", e.c.Name(i), withInterval(p.cost)))
		}
	}
	return strings.Join(said, ", ")
}

// beside returns amounts with the contestant that they are counted from.
func (e *evidence) beside(s scale, with int, of []int) string {
	return fmt.Sprintf("beside %s: %s", e.c.Name(with), e.amounts(s, with, of))
}
