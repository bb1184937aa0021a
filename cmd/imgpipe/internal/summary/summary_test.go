package summary_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/fetch"
	"imgpipe/pipeline"
)

func outcomes() []pipeline.Outcome {
	const ms = time.Millisecond
	return []pipeline.Outcome{
		{Status: pipeline.Done, Damaged: true, BytesIn: 1000, Fetches: 3, Path: "ycbcr",
			Warnings: []string{"its end is missing", "w"}, Item: fetch.Item{Source: "cut.jpg"},
			Outputs: []pipeline.Output{{Bytes: 100}, {Bytes: 200}},
			Cost:    pipeline.Cost{Attempts: 2, Start: 4 * ms, Copied: 1300},
			Spans: []pipeline.Span{{Stage: pipeline.StageFetch, End: 250 * ms},
				{Stage: pipeline.StageDecode, Start: 250 * ms, End: 375 * ms}}},
		{Status: pipeline.Done, BytesIn: 500, Fetches: 1, Cost: pipeline.Cost{Attempts: 1, Start: 2 * ms},
			Spans:   []pipeline.Span{{Stage: pipeline.StageFetch, End: 500 * ms}},
			Outputs: []pipeline.Output{{Bytes: 10}}},
		{Status: pipeline.Skipped, Outputs: []pipeline.Output{{Bytes: 9999, Kept: true}}},
		{Status: pipeline.Interrupted, Damaged: true},
		{Status: pipeline.Failed, Class: "decode", Err: errors.New("one"),
			Item: fetch.Item{Source: "http://user:secret@host/a.jpg", Scheme: "http"}},
		{Status: pipeline.Failed, Class: "http-404", Err: errors.New("gone")},
		{Status: pipeline.Failed, Class: "http-404", Err: errors.New("gone too")},
	}
}

func TestSummaryAddsUp(t *testing.T) {
	var s summary.Summary
	for _, o := range outcomes() {
		s.Add(o)
	}
	s.Finish(2 * time.Second)
	if s.Items != 7 || s.Done != 2 || s.Skipped != 1 || s.Interrupted != 1 || s.Failed != 3 {
		t.Errorf("counts %+v", s)
	}
	if s.Damaged != 1 {
		t.Errorf("%d of those done are damaged, want 1", s.Damaged)
	}
	if s.Outputs != 3 || s.BytesOut != 310 || s.BytesIn != 1500 || s.Copied != 1300 {
		t.Errorf("%d outputs of %d bytes from %d, %d copied; files that were kept do not count", s.Outputs, s.BytesOut,
			s.BytesIn, s.Copied)
	}
	if s.Retries != 2 || s.Replaced != 1 || s.Warnings != 2 || len(s.WarningKinds) != 2 || s.ImagesPerSec != 1 {
		t.Errorf("%d retries, %d replaced, %d warnings, kinds %v, %v images/s", s.Retries, s.Replaced, s.Warnings,
			s.WarningKinds, s.ImagesPerSec)
	}
	if s.Stages[pipeline.StageFetch] != 0.75 || s.Stages[pipeline.StageDecode] != 0.125 {
		t.Errorf("stages %v", s.Stages)
	}
	if len(s.Failures) != 2 || s.Failures[0].Class != "http-404" || s.Failures[0].Count != 2 ||
		s.Failures[0].Example != "gone" {
		t.Errorf("failures %+v, want the most frequent class first, with its first example", s.Failures)
	}
}

func TestTextAndJSONTellNoSecrets(t *testing.T) {
	var s summary.Summary
	for _, o := range outcomes() {
		s.Add(o)
	}
	s.Finish(time.Second)
	var text, file bytes.Buffer
	s.WriteText(&text)
	if err := s.WriteJSON(&file); err != nil {
		t.Fatal(err)
	}
	var back summary.Summary
	if err := json.Unmarshal(file.Bytes(), &back); err != nil || back.Done != 2 ||
		back.Stages[pipeline.StageFetch] != 0.75 {
		t.Errorf("read back %+v, %v", back, err)
	}
	for _, b := range []string{text.String(), file.String()} {
		if !strings.Contains(strings.ToLower(b), "damaged") {
			t.Errorf("nothing of what is damaged in:\n%s", b)
		}
		if !strings.Contains(b, "its end is missing") || !strings.Contains(b, "cut.jpg") {
			t.Errorf("no warning in:\n%s", b)
		}
		if strings.Contains(b, "secret") || !strings.Contains(b, "http-404") {
			t.Errorf("a secret, or no failure, in:\n%s", b)
		}
	}
}

func TestBytesHaveThreeDigits(t *testing.T) {
	for n, want := range map[int64]string{0: "0B", 999: "999B", 1000: "1kB", 1234: "1.23kB", 64e6: "64MB",
		999_600: "1MB", 12_345_678_901: "12.3GB"} {
		if got := summary.Bytes(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}

func TestPrintableSteersNoTerminal(t *testing.T) {
	for in, want := range map[string]string{"plain ü 日本": "plain ü 日本", "a\x1b[2Jb\r\n": `a\x1b[2Jb\r\n`,
		"\u202egpj": `\u202egpj`} {
		if got := summary.Printable(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// TestWarningsAreCountedByKind: those of a kind differ in their numbers alone. There is no end of kinds, since what a
// warning says may come from a file.
func TestWarningsAreCountedByKind(t *testing.T) {
	var s summary.Summary
	add := func(source, warning string) {
		s.Add(pipeline.Outcome{Status: pipeline.Done, Item: fetch.Item{Source: source}, Warnings: []string{warning}})
	}
	add("x.tif", "only the first of 7 pages was used")
	for i := range 20 {
		add(fmt.Sprintf("%d.jpg", i), fmt.Sprintf("it has %dx%d pixels, 256x256 were asked for", 100+i, i))
	}
	s.Finish(time.Second)
	if len(s.WarningKinds) != 2 || s.WarningKinds[0].Count != 20 || s.WarningKinds[0].Source != "0.jpg" ||
		s.WarningKinds[1].Count != 1 {
		t.Errorf("%+v", s.WarningKinds)
	}
	for i := range 1000 {
		add("bad", strings.Repeat("x", i)+"\x1b[2J")
		if i >= 100 && i < 105 {
			add("late.gif", "a frequent kind that is met late")
		}
	}
	s.Finish(time.Second)
	if s.Warnings != 1026 || len(s.WarningKinds) > 50 {
		t.Errorf("%d warnings, %d kinds", s.Warnings, len(s.WarningKinds))
	}
	var text bytes.Buffer
	s.WriteText(&text)
	others := s.WarningKinds[len(s.WarningKinds)-1]
	if !others.Others || others.Count != 1026-20-5-28 || others.Source != "bad" {
		t.Errorf("the last kind is %+v", others)
	}
	if !strings.Contains(text.String(), "973  others, such as bad: x") ||
		!strings.Contains(text.String(), "5  a frequent kind") {
		t.Errorf("%s", text.String())
	}
	if strings.Contains(text.String(), "\x1b") || !strings.Contains(text.String(), "20  it has 100x0 pixels") {
		t.Errorf("%s", text.String())
	}
}

// A class may come from a worker that a file has taken over.
func TestNothingInASummarySteersATerminal(t *testing.T) {
	var s summary.Summary
	s.Add(pipeline.Outcome{Status: pipeline.Failed, Class: "\x1b]0;title\a", Err: errors.New("\x1b[2J"),
		Item: fetch.Item{Source: "\x1b[1A"}})
	var text bytes.Buffer
	s.WriteText(&text)
	if strings.Contains(text.String(), "\x1b") {
		t.Errorf("%q", text.String())
	}
}

func TestHostsAreCounted(t *testing.T) {
	var s summary.Summary
	for _, u := range []string{"http://a/1", "http://a/2?x=http://b/", "https://me:secret@a", "http://b:8080#x",
		"http://b/"} {
		s.Add(pipeline.Outcome{Status: pipeline.Done, Item: fetch.Item{Source: u, Scheme: "http"}})
	}
	if s.Hosts != 3 {
		t.Errorf("%d hosts, want a, b:8080 and b", s.Hosts)
	}
}

// TestWarningsOfOneCauseAreOneKind: which rows are missing, and what a profile is called, makes no kind of its own.
func TestWarningsOfOneCauseAreOneKind(t *testing.T) {
	var s summary.Summary
	for _, warning := range []string{
		"decode webp: the file ends before the image does: of 9 rows the last 2 are missing",
		"decode webp: the file ends before the image does: of 32 rows 6 from row 4 on are missing",
		`the color profile "A" was left out: it fits no pixels of the bmp`,
		`the color profile "B \"c\"" was left out: it fits no pixels of the bmp`,
	} {
		s.Add(pipeline.Outcome{Status: pipeline.Done, Item: fetch.Item{Source: "x"}, Warnings: []string{warning}})
	}
	if len(s.WarningKinds) != 2 || s.WarningKinds[0].Count != 2 || s.WarningKinds[1].Count != 2 {
		t.Errorf("%+v", s.WarningKinds)
	}
}

func TestImagesWhoseMetadataWasLeftOutAreCounted(t *testing.T) {
	var s summary.Summary
	for _, o := range []pipeline.Outcome{
		{Status: pipeline.Done, Stripped: true},
		{Status: pipeline.Done, Stripped: true},
		{Status: pipeline.Done},
		{Status: pipeline.Failed, Class: "decode", Err: errors.New("damaged")},
	} {
		s.Add(o)
	}
	s.Finish(time.Second)
	var text, file bytes.Buffer
	s.WriteText(&text)
	if err := s.WriteJSON(&file); err != nil {
		t.Fatal(err)
	}
	const said = "\nmetadata of 2 images was left out: --metadata copyright|all\n"
	if !strings.Contains(text.String(), said) {
		t.Errorf("no %q in:\n%s", said, &text)
	}
	if want := `"metadata_left_out": 2`; !strings.Contains(file.String(), want) {
		t.Errorf("no %s in:\n%s", want, &file)
	}
}
