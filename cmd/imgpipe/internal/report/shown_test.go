package report

import (
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"imgpipe/cmd/imgpipe/internal/bench"
	"imgpipe/pipeline"
)

func TestEveryContestantIsNamedInEveryFormat(t *testing.T) {
	c := rich(t)
	c.Configs[6].Name = strings.Repeat("a long name, in words, ", 7) + "and its end"
	for kind, f := range allFormats {
		got := draw(t, f, c)
		if kind == "text" {
			got = strings.Join(strings.Fields(got), " ")
		}
		for i, name := range newView(c).labels {
			want := name
			switch {
			case kind == "bench":
				want = word(name)
			case kind == "text" && i == 6:
				want = "and its end" // it is wrapped, and other columns stand beside its lines
			case kind == "svg" && len(name) > 100:
				continue // which shows the widest of each mode
			}
			if kind != "svg" && !strings.Contains(got, want) {
				t.Errorf("%s does not name %q", kind, want)
			}
		}
	}
}

func TestFirstFigureHasEveryContestantTwice(t *testing.T) {
	c := rich(t)
	v := newView(c)
	ch, ok := v.hero()
	if !ok || len(ch.Panels) != 2 {
		t.Fatalf("the first figure has %d panels", len(ch.Panels))
	}
	for _, p := range ch.Panels {
		var names []string
		for _, r := range p.Rows {
			names = append(names, r.Label)
		}
		if !slices.Equal(names, v.labels) {
			t.Errorf("%s has %q, want %q", p.Title, names, v.labels)
		}
	}
}

// place returns where a row has its dot, its baseline, and the ends of its band.
func place(t *testing.T, r row) (dot, home, left, right float64) {
	t.Helper()
	for _, m := range r.Scene.Marks {
		switch {
		case m.Kind == "point" && strings.HasPrefix(m.Class, "dot"):
			dot = float64(m.X)
		case m.Class == "home":
			home = float64(m.X)
		case m.Class == "band":
			left, right = float64(m.X), float64(m.X2)
		}
	}
	return dot, home, left, right
}

// TestWhatTheFirstSentenceRestsOnIsFolded: a reader meets the sentence, and opens the figures of it.
func TestWhatTheFirstSentenceRestsOnIsFolded(t *testing.T) {
	for findings, summary := range map[int]string{1: "What this rests on", 2: "The whole verdict"} {
		c := rich(t)
		c.Verdict = c.Verdict[:findings]
		var page strings.Builder
		if err := HTML(&page, c); err != nil {
			t.Fatal(err)
		}
		if want := "<summary>" + summary + `</summary><p class="figures">`; !strings.Contains(page.String(), want) ||
			strings.Count(page.String(), `class="figures"`) != 1 {
			t.Errorf("%d findings: the figures of the first do not follow %s", findings, want)
		}
	}
}

// TestFiguresRiseToTheRightInBothPanels: one axis that ran the other way would be read wrong.
func TestFiguresRiseToTheRightInBothPanels(t *testing.T) {
	for _, ratio := range []float64{0.2, 0.8, 0.97, 1.02, 1.3, 7} {
		c := rich(t)
		c.Results[3].Speedup, c.Results[3].CPURatio = about(ratio, 0.01), about(ratio, 0.01)
		ch, _ := newView(c).hero()
		for _, p := range ch.Panels {
			dot, home, left, right := place(t, p.Rows[3])
			if (dot > home) != (ratio > 1) {
				t.Errorf("%s: %v times stands at %v, the baseline at %v", p.Title, ratio, dot, home)
			}
			if inside := dot > left && dot < right; inside != (ratio == 0.97 || ratio == 1.02) {
				t.Errorf("%s: %v times stands at %v, and the band is %v to %v", p.Title, ratio, dot, left, right)
			}
		}
	}
}

func TestADotIsFilledIfADifferenceIsShown(t *testing.T) {
	c := rich(t)
	c.Results[3].Differs, c.Results[4].Differs = true, false
	ch, _ := newView(c).hero()
	for n, want := range map[int]string{3: "dot", 4: "dot hollow"} {
		marks := ch.Panels[0].Rows[n].Scene.Marks
		if !slices.ContainsFunc(marks, func(m mark) bool { return m.Class == want }) {
			t.Errorf("row %d has no %q", n, want)
		}
	}
}

func TestWithheldOrderIsNotShownAndSaidWhy(t *testing.T) {
	c := withheld(t)
	c.Parts, c.Lesson = nil, nil
	for kind, f := range allFormats {
		if kind == "json" || kind == "csv" || kind == "bench" || kind == "svg" {
			continue // which have the runs as they were
		}
		got := strings.Join(strings.Fields(draw(t, f, c)), " ")
		if !strings.Contains(got, "ther programs held 1.4 of 2 CPUs in 11 of 12 rounds") {
			t.Errorf("%s does not say why there is no order", kind)
		}
		if n := strings.Count(got, "no order"); n < 6 {
			t.Errorf("%s says %d times that there is no order, want it of six contestants", kind, n)
		}
		for _, bad := range []string{"× as fast", "4.76×"} {
			if kind != "html" && strings.Contains(got, bad) {
				t.Errorf("%s says %q, though the order is withheld", kind, bad)
			}
		}
	}
	ch, _ := newView(c).hero()
	if p := ch.Panels[0]; !p.Faded || strings.Contains(p.Desc, "as fast") {
		t.Errorf("the clock is drawn as if it showed an order: %s", p.Desc)
	}
	if p := ch.Panels[1]; p.Faded || p.Title != "CPU time for each image" {
		t.Errorf("CPU time is withheld, too: %+v", p.Title)
	}
}

func TestBarsAddUpToWorkersTimesWall(t *testing.T) {
	for name, c := range map[string]*bench.Comparison{"whole": comparison(t), "rich": rich(t)} {
		v := newView(c)
		ch, ok := v.account()
		if !ok || len(ch.Panels[0].Rows) != len(c.Configs) {
			t.Fatalf("%s: not every contestant has a bar", name)
		}
		longest := 0.0
		for i := range c.Configs {
			longest = max(longest, v.lanes(i))
		}
		for i, r := range ch.Panels[0].Rows {
			at, drawn := 0.0, 0.0
			for _, m := range r.Scene.Marks {
				if m.Kind != "rect" {
					continue
				}
				if math.Abs(float64(m.X)-at) > 1e-9 {
					t.Errorf("%s: a part of %s begins at %v, and the one before it ends at %v", name, r.Label, m.X, at)
				}
				at = float64(m.X2)
				drawn += float64(m.Width())
			}
			want := float64(c.Configs[i].Workers) * c.Results[i].Wall.Center
			if got := drawn * longest; math.Abs(got-want) > 0.03*want {
				t.Errorf("%s: the parts of %s are %v s, workers × wall %v s", name, r.Label, got, want)
			}
		}
	}
}

func TestPartsOfAnEntryAreInNoBar(t *testing.T) {
	for _, e := range pipeline.Entries() {
		_, whole := letters[e.Entry]
		if whole != (e.Of == "") {
			t.Errorf("%s is a part of %q and has a letter: %v", e.Entry, e.Of, whole)
		}
	}
}

func TestWhatTheSystemDoesNotTellIsNotKnown(t *testing.T) {
	c := comparison(t)
	for _, row := range newView(c).entries().Rows {
		if row[0] == "of which throttled by a quota" {
			if row[1] != "not known" {
				t.Errorf("%q, want it not known", row)
			}
			return
		}
	}
	t.Error("the table has no line for an entry that is not known")
}

// strip removes the keys that files of an earlier version lack.
func strip(v any) {
	lacking := []string{"elapsed_s", "disturbed_share", "conditions", "account", "account_s", "cpu_per_image_s",
		"cpu_ratio",
		"cpu_p", "before_s", "wall_detectable", "cpu_detectable", "quiet_rounds", "downloads_at_once", "card", "name"}
	switch v := v.(type) {
	case map[string]any:
		for _, key := range lacking {
			delete(v, key)
		}
		for _, inner := range v {
			strip(inner)
		}
	case []any:
		for _, inner := range v {
			strip(inner)
		}
	}
}

func TestFilesOfAnEarlierVersionAreDrawnWithDashes(t *testing.T) {
	var tree any
	if err := json.Unmarshal([]byte(draw(t, JSON, older(t))), &tree); err != nil {
		t.Fatal(err)
	}
	strip(tree)
	old, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	var c bench.Comparison
	if err := json.Unmarshal(old, &c); err != nil {
		t.Fatal(err)
	}
	for kind, f := range allFormats {
		got := draw(t, f, &c)
		for _, bad := range []string{"NaN", "0.00×", "0 of 5 rounds", "%!"} {
			if strings.Contains(got, bad) {
				t.Errorf("%s says %q of a file that lacks it", kind, bad)
			}
		}
	}
	work := newView(&c).work()
	for _, row := range work.Rows {
		if row[2] != unknown || row[4] != unknown {
			t.Errorf("%q has a figure that the file lacks", row)
		}
	}
	if page := draw(t, HTML, &c); !strings.Contains(page, "How the CPU time for an image compares is not known here") {
		t.Error("the page does not say that the CPU time is not known")
	}
}

func TestDisturbedRunsAreHollow(t *testing.T) {
	c := rich(t)
	want := 0
	for _, s := range c.Samples {
		if s.Disturbed != "" {
			want++
		}
	}
	v := newView(c)
	for _, draw := range []func() (chart, bool){v.everyRun, v.disturbance} {
		ch, ok := draw()
		got := 0
		for _, p := range ch.Panels {
			marks := p.Scene.Marks
			for _, r := range p.Rows {
				marks = append(marks, r.Scene.Marks...)
			}
			for _, m := range marks {
				if strings.HasSuffix(m.Class, " hollow") {
					got++
				}
			}
		}
		if !ok || got != want || want == 0 {
			t.Errorf("%s has %d hollow marks, want %d", ch.Title, got, want)
		}
	}
}

func TestIdealLevelsOffAtTheCPUs(t *testing.T) {
	ch, ok := newView(rich(t)).curves()
	if !ok {
		t.Fatal("nothing is drawn of scaling")
	}
	var cpus pct
	top := px(math.Inf(1))
	for _, m := range ch.Panels[0].Scene.Marks {
		if m.Class == "cpus" {
			cpus = m.X
		}
	}
	for _, m := range ch.Panels[0].Scene.Marks {
		if m.Class == "ideal" {
			top = min(top, m.Y2)
			if m.X >= cpus && m.Y != m.Y2 {
				t.Errorf("beyond the CPUs the ideal goes on from %v to %v", m.Y, m.Y2)
			}
		}
	}
	if cpus == 0 || math.IsInf(float64(top), 0) {
		t.Error("the CPUs or the ideal are not drawn")
	}
}

func TestNoCeilingIsShownUnlessItIsKnown(t *testing.T) {
	c := rich(t)
	if got := draw(t, HTML, c); strings.Contains(got, "Amdahl") {
		t.Error("the page has a ceiling that nothing measured")
	}
	c.Results[3].Serial, c.Results[3].Ceiling = 0.1, 10
	if got := draw(t, HTML, c); !strings.Contains(got, "Amdahl") || !strings.Contains(got, "10.0×") {
		t.Error("the page does not show the ceiling")
	}
}

func TestEveryWordOfTheAccountIsExplained(t *testing.T) {
	terms := glossary()
	for _, e := range pipeline.Entries() {
		n := slices.IndexFunc(terms, func(g term) bool { return g.Word == e.Word })
		if n < 0 || !strings.HasSuffix(terms[n].Means, ".") {
			t.Errorf("%q is not explained", e.Word)
		}
	}
	for _, e := range wholes() {
		if !strings.Contains(string(chartCSS), ".e-"+string(e.Entry)+"{") &&
			!strings.Contains(string(chartCSS), ".e-"+string(e.Entry)+",") {
			t.Errorf("%s has no color", e.Entry)
		}
	}
	for _, s := range stageWords {
		if !regexp.MustCompile(`\.s-` + string(s.Stage) + `[{,]`).MatchString(string(chartCSS)) {
			t.Errorf("%s has no color", s.Stage)
		}
	}
}
