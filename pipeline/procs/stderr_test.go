package procs

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestTranscriptKeepsTheLineThatTellsMost(t *testing.T) {
	noise := strings.Repeat("goroutine 7 [running]: main.go:12\n", 1000)
	for _, tt := range []struct{ name, written, want string }{
		{"nothing", "", ""},
		{"last line", "one\ntwo\n\n", "two"},
		{"panic above a long trace", "panic: boom\n\n" + noise, "panic: boom"},
		{"panic below long noise", noise + "fatal error: out of memory\nexit", "fatal error: out of memory"},
		{"endless line", strings.Repeat("x", 5000), strings.Repeat("x", 200)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tr := &transcript{}
			io.Copy(tr, iotest.HalfReader(strings.NewReader(tt.written)))
			if got := tr.said(); got != tt.want {
				t.Errorf("said %q, want %q", got, tt.want)
			}
			if len(tr.last) > keepLast {
				t.Errorf("%d bytes kept, want up to %d", len(tr.last), keepLast)
			}
		})
	}
}
