package main

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"imgpipe/samples"
)

// A way is one in which a server can misbehave.
type way struct {
	name  string
	serve func(c net.Conn) // what the server does with a connection, after it has read a request
	class string           // that an item from it must end with; "" if the item must be done all the same
	path  string           // the URL; "" for one made of the number of the way
	flags []string
}

// ways are those of TestServerThatMisbehavesInTwentyWays. u is the URL of the server.
func ways(u string, picture []byte) []way {
	say := func(text string) func(net.Conn) { return func(c net.Conn) { _, _ = io.WriteString(c, text) } }
	ok := func(head string) string { return "HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n" + head + "\r\n" }
	send := func(head string, body ...[]byte) func(net.Conn) {
		return func(c net.Conn) {
			_, _ = io.WriteString(c, ok(head))
			for _, b := range body {
				_, _ = c.Write(b)
			}
		}
	}
	forever := func(head string, piece []byte, every time.Duration) func(net.Conn) {
		return func(c net.Conn) {
			if _, err := io.WriteString(c, head); err != nil {
				return
			}
			for {
				if _, err := c.Write(piece); err != nil {
					return
				}
				<-time.After(every)
			}
		}
	}
	hang := func(c net.Conn) { _, _ = io.Copy(io.Discard, c) } // until the client goes
	length := func(n int) string { return fmt.Sprintf("Content-Length: %d\r\n", n) }
	redirect := func(to string) func(net.Conn) {
		return say("HTTP/1.1 302 Found\r\nLocation: " + to + "\r\nContent-Length: 0\r\n\r\n")
	}
	status := func(line, more string) func(net.Conn) {
		return say("HTTP/1.1 " + line + "\r\n" + more + "Content-Length: 0\r\n\r\n")
	}
	gzipped := func(data []byte) []byte {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write(data) // a buffer takes everything
		_ = z.Close()
		return b.Bytes()
	}
	chunked := func(data []byte) []byte { return fmt.Appendf(nil, "%x\r\n%s\r\n", len(data), data) }
	inChunks, inGzip := "Transfer-Encoding: chunked\r\n", "Content-Encoding: gzip\r\n"
	n := len(picture)
	long := strings.Repeat("x", 1<<20)
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(u, "http://"))
	gigapixels := awkward("gigapixels.png")
	return []way{
		{name: "never answers", serve: hang, class: "timeout"},
		{name: "hangs up without a word", serve: func(net.Conn) {}, class: "network"},
		{
			name: "resets the connection", class: "network",
			serve: func(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) },
		},
		{name: "speaks another protocol", serve: say("SSH-2.0-OpenSSH_9.9\r\n"), class: "network"},
		{name: "answers as in 1991", serve: say("<html>hello</html>"), class: "network"},
		{
			name: "sends its header a byte at a time", class: "timeout",
			serve: forever("HTTP/1.1 200 OK\r\nX-Slow: ", []byte("x"), 10*time.Millisecond),
		},
		{
			name: "sends a header without end", class: "network",
			serve: forever("HTTP/1.1 200 OK\r\nX: ", []byte(long), 0),
		},
		{
			name: "sends a million header fields", class: "network",
			serve: forever("HTTP/1.1 200 OK\r\n", []byte(strings.Repeat("A: b\r\n", 4096)), 0),
		},
		{
			name: "says Continue without end", class: "network",
			serve: forever("", []byte("HTTP/1.1 100 Continue\r\n\r\n"), 0),
		},
		{
			name: "switches protocols unasked", class: "http-101",
			serve: say("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"),
		},
		{
			name: "sends its body a byte at a time", class: "timeout",
			serve: forever(ok(length(n)), []byte("x"), 10*time.Millisecond),
		},
		{
			name: "stops in the middle of its body", class: "timeout",
			serve: func(c net.Conn) { send(length(n), picture[:n/2])(c); hang(c) },
		},
		{name: "hangs up in the middle of its body", serve: send(length(n), picture[:n/2]), class: "truncated"},
		{name: "hangs up in the middle of a chunk", serve: send(inChunks, chunked(picture)[:n/2]), class: "truncated"},
		{name: "hangs up before the last chunk", serve: send(inChunks, chunked(picture[:n/2])), class: "truncated"},
		{
			name: "hangs up in the middle of gzip coding", class: "truncated",
			serve: send(inGzip, gzipped(picture)[:n/2]),
		},
		{name: "hangs up in the middle of a body of no length", serve: send("", picture[:n/2]), class: "truncated"},
		{name: "announces no length", serve: send("", picture)},
		{name: "announces the length of half a picture", serve: send(length(n/2), picture[:n/2])},
		{
			name:  "sends half a picture in whole chunks",
			serve: send(inChunks, chunked(picture[:n/2]), []byte("0\r\n\r\n")),
		},
		{name: "sends more than it announced", serve: send(length(n), picture, []byte(long))},
		{name: "announces too little", serve: send(length(100), picture), class: "decode"},
		{
			name: "announces ten gigabytes", class: "too-big",
			serve: func(c net.Conn) { send("Content-Length: 10000000000\r\n", picture)(c); hang(c) },
		},
		{name: "announces a length below zero", serve: send("Content-Length: -1\r\n", picture), class: "network"},
		{name: "announces two lengths", serve: send(length(n)+length(n+1), picture), class: "network"},
		{name: "sends a body without end", serve: forever(ok(""), []byte(long), 0), class: "too-big"},
		{
			name: "breaks the chunked coding", class: "network",
			serve: send("Transfer-Encoding: chunked\r\n", []byte("zz\r\n")),
		},
		{
			name: "sends trailers without end", class: "network",
			serve: forever(ok("Transfer-Encoding: chunked\r\n")+"1\r\nx\r\n0\r\n", []byte("A: b\r\n"+long), 0),
		},
		{name: "redirects to itself", serve: redirect("#again"), class: "redirect"},
		{
			name: "redirects to an ever longer URL", class: "redirect",
			serve: redirect("/" + strings.Repeat("y", 17<<10)),
		},
		{name: "redirects to a local file", serve: redirect("file:///etc/passwd"), class: "redirect"},
		{name: "redirects to nowhere", serve: status("302 Found", ""), class: "redirect"},
		{
			name:  "redirects to a host that is denied",
			class: "refused", flags: []string{"--deny-host", "localhost"},
			serve: redirect("http://localhost:" + port + "/"),
		},
		{
			name:  "redirects to a host that is not allowed",
			class: "refused", flags: []string{"--allow-host", "127.0.0.1"},
			serve: redirect("http://localhost.:" + port + "/"),
		},
		{
			name: "resolves to an address that is not public", class: "refused", flags: []string{"--public-only"},
			serve: send(length(n), picture),
		},
		{
			name:  "has no TLS where it is asked for",
			class: "tls", path: strings.Replace(u, "http:", "https:", 1) + "/a.jpg",
		},
		{
			name: "sends a bomb in gzip coding", class: "too-big",
			serve: send("Content-Encoding: gzip\r\n", gzipped(make([]byte, 20<<20))),
		},
		{
			name: "sends empty gzip members without end", class: "too-big",
			serve: forever(ok("Content-Encoding: gzip\r\n"), bytes.Repeat(gzipped(nil), 4096), 0),
		},
		{
			name: "sends damaged gzip coding", class: "network",
			serve: send("Content-Encoding: gzip\r\n", []byte("\x1f\x8b\x08damage, and nothing but damage")),
		},
		{name: "says gzip of a body that is not", serve: send("Content-Encoding: gzip\r\n"+length(n), picture)},
		{name: "uses a coding nobody asked for", serve: send("Content-Encoding: br\r\n", picture), class: "network"},
		{
			name: "wants to be left alone for a year", class: "http-503", flags: []string{"--retries", "3"},
			serve: status("503 Service Unavailable", "Retry-After: 31536000\r\n"),
		},
		{name: "is out of order", serve: status("500 Internal Server Error", ""), class: "http-500"},
		{name: "has nothing to say", serve: say("HTTP/1.1 204 No Content\r\n\r\n"), class: "http-204"},
		{
			name: "sends a part nobody asked for", class: "http-206",
			serve: say("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-9/100\r\n" +
				"Content-Length: 10\r\n\r\n0123456789"),
		},
		{name: "sends an empty body", serve: send(length(0)), class: "not-an-image"},
		{
			name: "sends a page that says it is a picture", class: "not-an-image",
			serve: send("", []byte("<!DOCTYPE html><p>Gone")),
		},
		{name: "sends a header that claims gigapixels", serve: send("", gigapixels), class: "too-large"},
		{
			name:  "is reached by a name that climbs out of the folder",
			path:  u + "/..%2f..%2f..%2fetc%2fpasswd%00.jpg",
			serve: send(length(n), picture),
		},
		{
			name: "is reached by a name of 10 kB", path: u + "/" + strings.Repeat("n", 10_000) + ".jpg",
			serve: send(length(n), picture),
		},
	}
}

// awkward returns one of the odd samples.
func awkward(name string) []byte {
	for _, f := range samples.Awkward() {
		if f.Name == name {
			return f.Data
		}
	}
	panic("no such sample: " + name)
}

// TestServerThatMisbehavesInTwentyWays runs imgpipe run on each way, together with an image from a server that behaves.
// The run must end by itself, long before the limit of this test. The good image must be done, and the other must have
// its class in the ledger. With -v it prints the table.
func TestServerThatMisbehavesInTwentyWays(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	good := new(samples.Server)
	goodURL, err := good.Start("")
	if err != nil {
		t.Fatal(err)
	}
	defer good.Close()
	warm, err := http.Get(goodURL + "/small/1.jpg") // it is drawn when it is first asked for
	if err != nil {
		t.Fatal(err)
	}
	warm.Body.Close()
	picture, err := os.ReadFile(writeNoisy(t, t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	all := ways("http://"+listener.Addr().String(), picture)
	if len(all) < 20 {
		t.Fatalf("%d ways, want twenty", len(all))
	}
	go misbehave(listener, all)
	t.Run("ways", func(t *testing.T) {
		for i, w := range all {
			if testing.Short() && i%4 != 0 {
				continue
			}
			t.Run(w.name, func(t *testing.T) {
				t.Parallel()
				bad := w.path
				if bad == "" {
					bad = fmt.Sprintf("http://%s/%d.jpg", listener.Addr(), i)
				} else {
					bad += fmt.Sprintf("?%d", i)
				}
				meet(t, w, bad, goodURL+"/small/1.jpg")
			})
		}
	})
}

// meet runs imgpipe run on a bad URL and a good one.
func meet(t *testing.T, w way, bad, good string) {
	out := filepath.Join(t.TempDir(), "out")
	args := []string{"run", "-q", "-o", out, "--resize", "40", "--max-bytes", "5MB", "--timeout", "20s", "--retries=0"}
	args = append(append(args, good, bad), w.flags...)
	if w.class == "timeout" {
		args = append(args, "--timeout", "700ms")
	}
	wantDone, wantStatus := 2, exitOK
	if w.class != "" {
		wantDone, wantStatus = 1, exitSomeFailed
	}
	if strings.Contains(strings.Join(w.flags, " "), "--public-only") {
		wantDone = 0 // the good server is on this machine, too
	}
	var said bytes.Buffer
	began := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // a run that hangs ends here
	defer cancel()
	cmd := program(ctx, args...)
	cmd.Stderr = &said
	err := cmd.Run()
	took := time.Since(began)
	if got := cmd.ProcessState.ExitCode(); got != wantStatus {
		t.Errorf("%v, want exit status %d\n%s", err, wantStatus, &said)
	}
	for line := range strings.Lines(said.String()) {
		text := strings.TrimSuffix(line, "\n")
		if !strings.HasPrefix(text, "FAIL ") || strings.ContainsFunc(text, unicode.IsControl) {
			t.Errorf("the server had this said on standard error: %q", line)
		}
	}
	class := failures(t, out)[bad]
	if class != w.class {
		t.Errorf("class %q, want %q\n%s", class, w.class, &said)
	}
	pictures, err := filepath.Glob(filepath.Join(out, "*.jpg"))
	if err != nil || len(pictures) != wantDone {
		t.Errorf("the outputs are %q, want %d (%v)", pictures, wantDone, err)
	}
	t.Logf("a server that %-52s %-12s in %v", w.name+":", cmp.Or(class, "done"), took.Round(time.Millisecond))
}

// writeNoisy writes a picture of some 20 kB and returns its path.
func writeNoisy(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "a.jpg")
	if err := writePicture(path, 400, 300); err != nil {
		t.Fatal(err)
	}
	return path
}

// misbehave answers until l is closed. The number before ".jpg" or after "?" in a request's URL is that of the way.
func misbehave(l net.Listener, all []way) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			line, err := bufio.NewReader(c).ReadString('\n')
			if err != nil && !errors.Is(err, io.EOF) {
				return
			}
			var i int
			if !strings.HasPrefix(line, "GET ") { // as servers without TLS answer to what asks for it
				_, _ = io.WriteString(c, "HTTP/1.0 400 Bad Request\r\n\r\n")
				return
			}
			if _, number, ok := strings.Cut(line, ".jpg?"); ok {
				_, _ = fmt.Sscanf(number, "%d", &i)
			} else if _, err := fmt.Sscanf(line, "GET /%d.jpg", &i); err != nil {
				// Where a redirect or another protocol led, what is said no longer matters.
				return
			}
			all[i].serve(c)
		}()
	}
}
