package store

import (
	"encoding/hex"
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"imgpipe/pipeline"
	"imgpipe/transform"
)

// byEncodingJSON is the line as encoding/json writes it, which is what a line is defined to be.
func byEncodingJSON(t *testing.T, e Entry, id uint64) (string, error) {
	t.Helper()
	e.ModTime, e.Time = stamp(e.ModTime), stamp(e.Time)
	var key [8]byte
	for i := range key {
		key[i] = byte(id >> (56 - 8*i))
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(line{V: 1, ID: hex.EncodeToString(key[:]), Entry: e})
	return b.String(), err
}

func sameLine(t *testing.T, e Entry, id uint64) {
	t.Helper()
	want, wantErr := byEncodingJSON(t, e, id)
	got, err := appendLine([]byte("before"), e, id)
	if (err != nil) != (wantErr != nil) {
		t.Fatalf("%+v: error %v, want %v", e, err, wantErr)
	}
	if err == nil && string(got) != "before"+want {
		t.Errorf("%+v:\ngot  %s\nwant before%s", e, got, want)
	}
}

// TestLineHasEveryFieldInItsPlace sets one field after the other, each alone and together with those before it.
func TestLineHasEveryFieldInItsPlace(t *testing.T) {
	all := full()
	all.MS.Wait = 0.25
	grown := Entry{}
	sameLine(t, grown, 0)
	from := reflect.ValueOf(all)
	for i := range from.NumField() {
		alone := Entry{}
		reflect.ValueOf(&alone).Elem().Field(i).Set(from.Field(i))
		reflect.ValueOf(&grown).Elem().Field(i).Set(from.Field(i))
		sameLine(t, alone, 1)
		sameLine(t, grown, math.MaxUint64)
	}
	for i := range from.FieldByName("MS").NumField() {
		var e Entry
		reflect.ValueOf(&e.MS).Elem().Field(i).SetFloat(1.125)
		sameLine(t, e, 2)
	}
	output := reflect.ValueOf(pipeline.Output{
		Path: "p", Bytes: -1, Width: 2, Height: 3, SHA256: "s", Format: "f", Kept: true,
	})
	for i := range output.NumField() {
		var o pipeline.Output
		reflect.ValueOf(&o).Elem().Field(i).Set(output.Field(i))
		sameLine(t, Entry{Outputs: []pipeline.Output{o, {}, o}}, 3)
	}
	for _, ms := range []float64{0, math.Copysign(0, -1), 1e-7, -1e-7, 1e-6, 0.001, -3.5, 1e20, 1e21, math.MaxFloat64,
		math.Inf(1), math.NaN(), 0.1 + 0.2} {
		sameLine(t, Entry{MS: Stages{Decode: ms}}, 4)
		sameLine(t, Entry{MS: Stages{Decode: ms, Store: 1}}, 4)
	}
	for _, s := range []string{"<a&b>", "tab\t", "\x00\x1f\x7f\x80", `"\`, "ü", "\u2028\u2029", "\xff\xfe",
		"𝔘", "/"} {
		sameLine(t, Entry{Source: s, Error: s, Warnings: []string{s, ""}, Outputs: []pipeline.Output{{Path: s}}}, 5)
	}
	for _, at := range []time.Time{time.Unix(0, 1), time.Unix(-1<<62, 0), time.Unix(1<<62, 999),
		time.Unix(1e9, 0).In(time.FixedZone("", 3600))} {
		sameLine(t, Entry{ModTime: at, Time: at}, 6)
	}
}

func FuzzLineIsThatOfEncodingJSON(f *testing.F) {
	f.Add("done", "a/b.jpg", "a/b.{ext}", "", int64(12), int64(1e9), int64(5), 1.5, uint64(7), 1)
	f.Add("failed", "ü\xff\"", "\u2028", "<&>", int64(-1), int64(-1<<60), int64(0), 1e-9, uint64(1<<63), -3)
	f.Fuzz(func(t *testing.T, status, source, name, text string, size, sec, nsec int64, ms float64, id uint64, n int) {
		at := time.Unix(sec, nsec)
		sameLine(t, Entry{
			Status: pipeline.Status(status), Source: source, Name: name, Size: size, ModTime: at, Spec: text,
			Class: status, Error: source, Stack: text,
			Warnings: []string{text, name}, Damaged: n%3 == 0, Attempts: n, Worker: -n, InBytes: sec,
			Time: at.Add(time.Duration(nsec)),
			MS:   Stages{Fetch: ms, Operate: ms / 3, Store: float64(n) / 1000},
			Outputs: []pipeline.Output{{Path: name, Bytes: nsec, Width: n, Height: int(size), SHA256: text,
				Format: transform.Format(status), Kept: n%2 == 0}},
		}, id)
	})
}
