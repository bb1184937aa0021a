package bench

import (
	"cmp"
	"fmt"
	"strings"

	"imgpipe/cmd/imgpipe/internal/figure"
)

// verdict returns what follows from the figures, each sentence with its own: what to use, what bounds it, what other
// widths did, what each contestant costs, what came of more CPUs, and what was left out or disturbed. If the runs
// cannot be compared, that is all it says.
func (c *Comparison) verdict() []Finding {
	var all []Finding
	say := func(kind, text, figures string) { all = append(all, Finding{kind, text, figures}) }
	switch {
	case c.Different != "":
		say("different", "The runs did not do the same work, so their times cannot be compared.", c.Different)
		return all
	case len(c.Samples) == 0:
		say("nothing", "No run was finished, so nothing can be said.", cmp.Or(c.Partial, "0 runs"))
		return all
	case c.Samples[0].Summary.Done == 0:
		say("nothing", "No image could be done, in any mode: the figures are those of failing.", c.failures())
		return all
	}
	e := c.evidence()
	if len(e.whole) == 0 {
		say("nothing", "No round was finished, so nothing can be compared.", cmp.Or(c.Partial, "0 rounds"))
		return all
	}
	choice := e.sayChoice(say)
	e.sayBound(say, choice)
	e.sayWorkers(say, choice)
	e.sayDownloads(say, choice)
	e.sayCosts(say, choice)
	c.saySame(say)
	e.sayLock(say)
	e.sayScaling(say, choice)
	if c.Partial != "" {
		say("partial", "This is partial.", c.Partial)
	}
	c.sayLeftOut(say)
	e.sayDisturbed(say)
	return all
}

func (c *Comparison) failures() string {
	s := c.Samples[0].Summary
	text := fmt.Sprintf("%d of %d failed", s.Failed, s.Items)
	if len(s.Failures) > 0 {
		text += fmt.Sprintf("; %d %s, such as: %s", s.Failures[0].Count, s.Failures[0].Class, s.Failures[0].Example)
	}
	return text
}

// sayLeftOut says which images were not done in every run, and which failed in all.
func (c *Comparison) sayLeftOut(say sayer) {
	if n := len(c.LeftOut); n > 0 {
		classes := map[string]LeftOut{}
		var order []string
		for _, l := range c.LeftOut {
			worst, ok := classes[l.Class]
			if !ok {
				order = append(order, l.Class)
			}
			if l.Runs > worst.Runs {
				classes[l.Class] = l
			}
		}
		var said []string
		for _, class := range order {
			said = append(said, fmt.Sprintf("%s in %d of %d runs", class, classes[class].Runs, classes[class].Of))
		}
		say("left-out",
			fmt.Sprintf("%d of %s left out: %s.", n, figure.Count(c.Job.Images, "image"), strings.Join(said, ", ")),
			fmt.Sprintf("such as %s; what they cost is still in the wall and CPU times", c.LeftOut[0].Source))
	}
	if n := c.failedAlways(); n > 0 {
		say("failed", fmt.Sprintf("%d of %s failed in every run.", n, figure.Count(c.Job.Images, "image")),
			c.failures())
	}
}

// failedAlways returns how many images failed in every run, beside those that were left out.
func (c *Comparison) failedAlways() int {
	failed, runs := 0, 0
	for _, s := range c.Samples {
		if config := c.Configs[s.Config]; config.Peer == "" && config.SameAs == "" {
			failed += s.Summary.Failed
			runs++
		}
	}
	for _, l := range c.LeftOut {
		failed -= l.Runs
	}
	return max(failed, 0) / max(runs, 1)
}

// sayDisturbed says what disturbed the rounds that do not count by the clock, if the others were enough for an order.
func (e *evidence) sayDisturbed(say sayer) {
	if len(e.quiet) == len(e.whole) || e.c.Withheld != "" && e.enough() && len(e.ran) > 1 {
		return
	}
	text := e.c.disturbance()
	if e.c.Withheld == "" {
		text += ": by the clock, two contestants are compared in the rounds in which neither was disturbed"
	}
	say("disturbed", sentence(text), e.shares(e.ran))
}
