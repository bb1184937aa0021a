package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"regexp"
	"testing"
)

func TestSampleServerServesUntilItIsToldToEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, in := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		args := []string{"samples", "--serve", "127.0.0.1:0", "--as", "status=418", "--rate", "1000"}
		ended <- run(ctx, args, nil, in, io.Discard)
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	url := regexp.MustCompile(`http://[0-9.:]+`).FindString(line)
	resp, err := http.Get(url + "/small/1.jpg")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusTeapot {
		t.Errorf("status %d, want what --as asked for", resp.StatusCode)
	}
	cancel()
	if code := <-ended; code != exitOK {
		t.Errorf("exit status %d", code)
	}
}
