package fetch

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
)

// serveRaw starts a server that calls serve for each connection, which it then closes. It returns its address.
func serveRaw(t *testing.T, serve func(conn net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer conn.Close()
				serve(conn)
			})
		}
	})
	t.Cleanup(func() { l.Close(); serving.Wait() })
	return l.Addr().String()
}

// TestOnlyABodyThatNothingEndsMayBeCut has a server end its body in all ways that HTTP/1 knows.
func TestOnlyABodyThatNothingEndsMayBeCut(t *testing.T) {
	text := []byte("the whole of it")
	chunks := fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(text), text)
	for _, tt := range []struct {
		name, head, body string
		want             bool
	}{
		{"a length", fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", len(text)), string(text), false},
		{"chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunks, false},
		{"the end of the connection", "HTTP/1.1 200 OK\r\n\r\n", string(text), true},
		{"the end of an older connection", "HTTP/1.0 200 OK\r\n\r\n", string(text), true},
		{"a coding", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", string(packed(t, text, "gzip")), false},
		{"a coding that is not there", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", string(text), true},
	} {
		addr := serveRaw(t, func(conn net.Conn) {
			if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
				io.WriteString(conn, tt.head+tt.body)
			}
		})
		body, err := newClient(t, Options{Retries: -1}).Fetch(t.Context(),
			Item{Scheme: "http", Source: "http://" + addr + "/a.jpg"}, nil)
		if err != nil || string(body.Data) != string(text) || body.MayBeCut != tt.want {
			t.Errorf("%s: %q may be cut %t, %v; want %t", tt.name, body.Data, body.MayBeCut, err, tt.want)
		}
	}
}
