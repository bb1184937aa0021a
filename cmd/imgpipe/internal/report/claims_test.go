package report

import (
	"strings"
	"testing"

	"imgpipe/cmd/imgpipe/internal/bench"
)

// flat returns what a format shows on one line.
func flat(t *testing.T, f format, c *bench.Comparison) string {
	t.Helper()
	return strings.Join(strings.Fields(draw(t, f, c)), " ")
}

func TestClaimsOfWhichNothingIsShownAreOneSentence(t *testing.T) {
	c := comparison(t)
	for n := range c.Claims {
		c.Claims[n].Holds = "not shown"
	}
	for kind, f := range map[string]format{"text": Text, "markdown": Markdown} {
		got := flat(t, f, c)
		if n := strings.Count(got, "nothing of them is shown here; imgpipe compare --lesson measures them"); n != 1 {
			t.Errorf("%s says %d times that no claim is shown, want once", kind, n)
		}
		for _, k := range c.Claims {
			if strings.Contains(got, k.Text) {
				t.Errorf("%s has the claim %q, of which nothing is shown", kind, k.Text)
			}
		}
	}
	// The page folds them.
	got := flat(t, HTML, c)
	at := strings.Index(got, "Nothing of them is shown here")
	if at < 0 || !strings.Contains(got[at:], c.Claims[0].Text) || strings.Contains(got[:at], c.Claims[0].Text) {
		t.Error("the page does not fold the claims of which nothing is shown")
	}
}

func TestClaimsThatAreShownComeWithFiguresAndTheOthersByName(t *testing.T) {
	c := comparison(t)
	c.Claims[0], c.Claims[2] = c.Claims[2], c.Claims[0]
	for kind, f := range map[string]format{"text": Text, "markdown": Markdown} {
		got := flat(t, f, c)
		for n, k := range c.Claims {
			figures := k.Holds == "yes"
			if !strings.Contains(got, k.Text) || strings.Contains(got, k.Measured) != figures {
				t.Errorf("%s: claim %d, %s, has its figures: %t, want %t", kind, n, k.Holds, !figures, figures)
			}
		}
		if open, shown := strings.Index(got, c.Claims[0].Text), strings.Index(got, c.Claims[2].Text); open < shown {
			t.Errorf("%s: what is not shown stands above what is", kind)
		}
	}
}

func TestALessonSaysWhyAClaimIsNotShownAndDoesNotAdviseItself(t *testing.T) {
	c := rich(t)
	text := flat(t, Text, c)
	if !strings.Contains(text, "Not shown here: "+c.Claims[2].Text+" "+c.Claims[2].Measured) {
		t.Error("the lesson does not say why a claim is not shown")
	}
	if strings.Contains(text, lessonCommand+" measures") || strings.Contains(flat(t, HTML, c), "To see it: <code>"+
		lessonCommand) {
		t.Error("the lesson advises a lesson")
	}
}

func TestTheOtherProgramIsInEveryFormatForReaders(t *testing.T) {
	c := rich(t)
	for kind, f := range map[string]format{"text": Text, "markdown": Markdown, "html": HTML} {
		got := strings.ReplaceAll(flat(t, f, c), "\\", "")
		for _, want := range []string{peerTitle, c.Peer.Program, "45.9 dB", "41.0 dB, of", "odd.jpg", cellsName} {
			if !strings.Contains(got, want) {
				t.Errorf("%s does not have %q", kind, want)
			}
		}
		c := rich(t)
		c.Peer = nil
		if strings.Contains(flat(t, f, c), peerTitle) {
			t.Errorf("%s has a part about a program that did not run", kind)
		}
	}
}

func TestTheReasonForNoOrderIsSaidOnce(t *testing.T) {
	const why = "other programs held 1.4 of 2 CPUs in 11 of 12 rounds"
	for _, said := range []string{why, why + ".", why + ": no order by the clock", why + ": no order by the clock."} {
		v := newView(withheld(t))
		v.Withheld = said
		if got, want := v.noOrder(), "No order by the clock: "+why+"."; got != want {
			t.Errorf("%q is said as %q, want %q", said, got, want)
		}
		if got := v.withheldBy(); got != why {
			t.Errorf("the reason of %q is %q", said, got)
		}
	}
}

func TestTimelinesShowTheProgramBeforeAndAfterItsImages(t *testing.T) {
	c := rich(t)
	v := newView(c)
	first, _ := v.primary()
	ch, ok := v.timelines("timeline", "", "", first, longest(first))
	if !ok {
		t.Fatal("no timelines")
	}
	for n, p := range ch.Panels {
		var before, after, images []mark
		for _, m := range p.Scene.Marks {
			switch class, _, _ := strings.Cut(m.Class, " "); class {
			case "s-before":
				before = append(before, m)
			case "s-after":
				after = append(after, m)
			case "s-decode", "s-encode", "s-operate":
				images = append(images, m)
			}
		}
		if workers := v.Configs[first[n].Config].Workers; len(before) != workers || len(after) != workers {
			t.Fatalf("%s: %d and %d lanes before and after, want %d", p.Title, len(before), len(after), workers)
		}
		for _, m := range images {
			if m.X < before[0].X2 || m.X2 > after[0].X {
				t.Errorf("%s: an image from %v to %v, outside %v to %v", p.Title, m.X, m.X2, before[0].X2, after[0].X)
			}
		}
	}
	labels := map[string]bool{}
	for _, k := range ch.Keys {
		labels[k.Label] = true
	}
	if !labels["before the first image"] || !labels["after the last image"] {
		t.Errorf("the keys are %v", labels)
	}
}
