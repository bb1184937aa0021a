//go:build unix

package report

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

var shots = flag.String("shots", "", "folder for pictures of the page as a browser draws it")

// A browser is a Chromium that is spoken to over pipes, in the DevTools protocol: each message is JSON and ends with a
// zero byte.
type browser struct {
	t       *testing.T
	in      io.Writer
	out     *bufio.Reader
	id      int
	session string
	events  []event
}

type event struct {
	Method string
	Params map[string]any
}

// newBrowser starts a browser, which ends with the test.
func newBrowser(t *testing.T) *browser {
	t.Helper()
	if raced {
		t.Skip("the race detector does not look into a browser")
	}
	var exe string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			exe = path
			break
		}
	}
	if exe == "" {
		t.Skip("there is no Chromium to look at the page with")
	}
	theirIn, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, theirOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), exe, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
		"--no-first-run", "--hide-scrollbars",
		"--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--user-data-dir="+t.TempDir(), "--remote-debugging-pipe")
	cmd.ExtraFiles = []*os.File{theirIn, theirOut}
	cmd.Stderr = &stderr
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	theirIn.Close()
	theirOut.Close()
	b := &browser{t: t, in: in, out: bufio.NewReader(out)}
	t.Cleanup(func() {
		// The browser ends without an answer, and how it ends is of no matter. Its helpers write to the folder of the
		// profile until then.
		_, _ = io.WriteString(in, `{"id":0,"method":"Browser.close"}`+"\x00")
		in.Close()
		_ = cmd.Wait()
		out.Close()
		if t.Failed() {
			t.Logf("the browser said:\n%s", stderr.String())
		}
	})
	target := b.do("Target.createTarget", map[string]any{"url": "about:blank"})
	b.session = b.do("Target.attachToTarget",
		map[string]any{"targetId": target["targetId"], "flatten": true})["sessionId"].(string)
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		b.do(domain+".enable", nil)
	}
	return b
}

// do sends a command and returns its result. It keeps events that come before.
func (b *browser) do(method string, params map[string]any) map[string]any {
	b.t.Helper()
	b.id++
	message := map[string]any{"id": b.id, "method": method}
	if params != nil {
		message["params"] = params
	}
	if b.session != "" {
		message["sessionId"] = b.session
	}
	text, err := json.Marshal(message)
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.in.Write(append(text, 0)); err != nil {
		b.t.Fatalf("%s: %v", method, err)
	}
	for {
		var answer struct {
			event
			ID     int
			Result map[string]any
			Error  *struct{ Message string }
		}
		b.read(&answer)
		switch {
		case answer.ID == b.id && answer.Error != nil:
			b.t.Fatalf("%s: %s", method, answer.Error.Message)
		case answer.ID == b.id:
			return answer.Result
		case answer.Method != "":
			b.events = append(b.events, answer.event)
		}
	}
}

func (b *browser) read(into any) {
	b.t.Helper()
	text, err := b.out.ReadBytes(0)
	if err != nil {
		b.t.Fatalf("read from the browser: %v", err)
	}
	if err := json.Unmarshal(text[:len(text)-1], into); err != nil {
		b.t.Fatal(err)
	}
}

// open shows a page of a width, and returns when it is there.
func (b *browser) open(url string, width int, dark bool) {
	b.t.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	b.do("Emulation.setEmulatedMedia",
		map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}})
	b.do("Emulation.setDeviceMetricsOverride",
		map[string]any{"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600})
	b.events = nil
	b.do("Page.navigate", map[string]any{"url": url})
	for !slices.ContainsFunc(b.events, func(e event) bool { return e.Method == "Page.loadEventFired" }) {
		var e event
		b.read(&e)
		b.events = append(b.events, e)
	}
}

// eval returns the value of an expression in the page.
func (b *browser) eval(expression string, into any) {
	b.t.Helper()
	result := b.do("Runtime.evaluate",
		map[string]any{"expression": "JSON.stringify(" + expression + ")", "returnByValue": true})
	text, ok := result["result"].(map[string]any)["value"].(string)
	if !ok {
		b.t.Fatalf("%s: %v", expression, result)
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		b.t.Fatal(err)
	}
}

// shoot writes pictures of the whole page, cut into pieces of a height that can be looked at.
func (b *browser) shoot(name string, width int) {
	b.t.Helper()
	var height int
	b.eval("document.documentElement.scrollHeight", &height)
	for y := 0; y < height; y += 1400 {
		clip := map[string]any{"x": 0, "y": y, "width": width, "height": min(1400, height-y), "scale": 1}
		shot := b.do("Page.captureScreenshot", map[string]any{"captureBeyondViewport": true, "clip": clip})
		png, err := base64.StdEncoding.DecodeString(shot["data"].(string))
		if err != nil {
			b.t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(*shots, fmt.Sprintf("%s-%d.png", name, y/1400)), png, 0o644); err != nil {
			b.t.Fatal(err)
		}
	}
}

// outside lists the words that stick out of the page to the left or right, but for those in what can be scrolled.
const outside = `[...document.querySelectorAll("svg text, h1, h2, h3, p, dt, dd, li, img, pre")].filter(e => {
	const r = e.getBoundingClientRect()
	return r.width > 0 && (r.left < -0.5 || r.right > innerWidth + 0.5)
}).map(e => e.textContent)`

// collisions lists pairs of words in one chart that overlap.
const collisions = `[...document.querySelectorAll("svg[role=img]")].flatMap(svg => {
	const boxes = [...svg.querySelectorAll("text:not(.in-bar)")].map(e => [e.textContent, e.getBoundingClientRect()])
	return boxes.flatMap(([a, p], i) => boxes.slice(i + 1).filter(([b, q]) =>
		p.left < q.right - 1 && q.left < p.right - 1 && p.top < q.bottom - 2 && q.top < p.bottom - 2)
		.map(([b]) => a + " | " + b))
})`

func TestPageFitsScreensAndAsksForNothing(t *testing.T) {
	b := newBrowser(t)
	dir := t.TempDir()
	grounds := map[bool]string{}
	comparisons := awkward(t)
	for _, screen := range []struct {
		shows string
		width int
		dark  bool
	}{
		{"rich", 360, false}, {"rich", 360, true}, {"rich", 800, false}, {"rich", 800, true}, {"rich", 1400, false},
		{"rich", 1400, true}, {"withheld", 360, true}, {"withheld", 1400, false}, {"older", 800, false},
		{"parts", 360, true}, {"downloads differ", 360, false}, {"swift", 360, false},
	} {
		name := fmt.Sprintf("%s-%d-%t", strings.ReplaceAll(screen.shows, " ", "-"), screen.width, screen.dark)
		file := filepath.Join(dir, name+".html")
		if err := os.WriteFile(file, []byte(draw(t, HTML, comparisons[screen.shows])), 0o644); err != nil {
			t.Fatal(err)
		}
		url := "file://" + file
		b.open(url, screen.width, screen.dark)
		var wide int
		if b.eval("document.documentElement.scrollWidth", &wide); wide > screen.width {
			t.Errorf("%s: the page is %d pixels wide", name, wide)
		}
		var words []string
		if b.eval(outside, &words); len(words) > 0 {
			t.Errorf("%s: out of the page: %q", name, words)
		}
		if b.eval(collisions, &words); len(words) > 0 {
			t.Errorf("%s: over each other: %q", name, words)
		}
		var unseen int
		if b.eval(`[...document.images].filter(i => !i.naturalWidth).length`, &unseen); unseen > 0 {
			t.Errorf("%s: %d pictures cannot be seen", name, unseen)
		}
		var ground string
		b.eval("getComputedStyle(document.body).backgroundColor", &ground)
		grounds[screen.dark] = ground
		for _, e := range b.events {
			switch e.Method {
			case "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded":
				t.Errorf("%s: the console says %v", name, e.Params)
			case "Network.requestWillBeSent":
				if asked := e.Params["request"].(map[string]any)["url"].(string); asked != url &&
					!strings.HasPrefix(asked, "data:") {
					t.Errorf("%s: the page asks for %s", name, asked)
				}
			}
		}
		if *shots != "" {
			b.shoot(name, screen.width)
		}
	}
	if grounds[true] == grounds[false] {
		t.Errorf("the page is as bright in dark mode as in light: %s", grounds[true])
	}
}

// zoomed reports how many times as wide as its room a timeline is, and whether it can be reached by keyboard.
const zoomed = `(() => {
	const pane = document.querySelector(".s-of-timeline .pane")
	return [Math.round(pane.scrollWidth / pane.clientWidth), pane.tabIndex == 0 ? 1 : 0,
		document.documentElement.scrollWidth <= innerWidth ? 1 : 0]
})()`

func TestTimelinesZoomWithoutAScript(t *testing.T) {
	b := newBrowser(t)
	file := filepath.Join(t.TempDir(), "rich.html")
	if err := os.WriteFile(file, []byte(draw(t, HTML, rich(t))), 0o644); err != nil {
		t.Fatal(err)
	}
	b.open("file://"+file, 360, false)
	for _, zoom := range zooms {
		var clicked bool
		b.eval(fmt.Sprintf(`document.querySelector(".s-of-timeline .z%d").click() === undefined`, zoom), &clicked)
		var got []int
		if b.eval(zoomed, &got); !slices.Equal(got, []int{zoom, 1, 1}) {
			t.Errorf("at %d×: the width, the keyboard and the page are %v, want %v", zoom, got, []int{zoom, 1, 1})
		}
	}
	// The figures of every chart are a key away: what opens them can be focused.
	var closed int
	b.eval(`[...document.querySelectorAll("figure")].filter(f => f.querySelector("svg[role=img], .rows") &&
		!f.querySelector("details > summary")).length`, &closed)
	if closed > 0 {
		t.Errorf("%d charts have no table", closed)
	}
}

// cut lists the words that stick out of a printed page to the right or are hidden.
const cut = `[...document.querySelectorAll("svg text, h1, h2, h3, p, dt, dd, li, td, th, pre")].filter(e => {
	const r = e.getBoundingClientRect()
	return r.right > innerWidth + 0.5 || !e.closest("thead") && r.height == 0 && !e.closest(".zoom, nav") &&
		!e.classList.contains("zoom4") && !e.classList.contains("zoom16")
}).map(e => e.tagName + " " + e.textContent)`

func TestPrintedPageHasEverythingOnEightSheets(t *testing.T) {
	b := newBrowser(t)
	file := filepath.Join(t.TempDir(), "rich.html")
	if err := os.WriteFile(file, []byte(draw(t, HTML, rich(t))), 0o644); err != nil {
		t.Fatal(err)
	}
	// A sheet of A4 within the margins of the page is 710 pixels wide.
	b.open("file://"+file, 710, false)
	b.do("Emulation.setEmulatedMedia", map[string]any{"media": "print"})
	var words []string
	if b.eval(cut, &words); len(words) > 0 {
		t.Errorf("cut off: %q", words)
	}
	printed := b.do("Page.printToPDF", map[string]any{"preferCSSPageSize": true, "paperWidth": 8.27,
		"paperHeight": 11.69})
	pdf, err := base64.StdEncoding.DecodeString(printed["data"].(string))
	if err != nil {
		t.Fatal(err)
	}
	if *shots != "" {
		if err := os.WriteFile(filepath.Join(*shots, "rich.pdf"), pdf, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	sheets := len(regexp.MustCompile(`/Type\s*/Page\b`).FindAll(pdf, -1))
	if sheets == 0 || sheets > 8 {
		t.Errorf("printed on %d sheets, want at most 8", sheets)
	}
}
