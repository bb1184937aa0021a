package store

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"imgpipe/pipeline"
)

// line is an Entry as it stands in the ledger. ID comes at a fixed place, so that Open need not parse the rest.
type line struct {
	V  int    `json:"v"`
	ID string `json:"id"`
	Entry
}

// appendLine appends e's line, with its newline: what encoding/json makes of a line, in a fifth of the time. The order
// of the fields is that of the types, and a field that is zero is left out as their tags say.
func appendLine(dst []byte, e Entry, id uint64) ([]byte, error) {
	e.ModTime, e.Time = stamp(e.ModTime), stamp(e.Time)
	var key [8]byte
	binary.BigEndian.PutUint64(key[:], id)
	if !e.MS.plain() {
		return encode(dst, line{V: 1, ID: hex.EncodeToString(key[:]), Entry: e})
	}
	dst = append(dst, `{"v":1,"id":"`...)
	dst = hex.AppendEncode(dst, key[:])
	dst = appendString(append(dst, `","status":`...), string(e.Status))
	dst = appendString(append(dst, `,"source":`...), e.Source)
	dst = appendText(dst, `,"name":`, e.Name)
	dst = appendList(dst, `,"outputs":[`, e.Outputs, appendOutput)
	dst = appendInt(dst, `,"size":`, e.Size)
	dst = appendTime(dst, `,"mtime":"`, e.ModTime)
	dst = appendText(dst, `,"version":`, e.Version)
	dst = appendText(dst, `,"spec":`, e.Spec)
	dst = appendText(dst, `,"class":`, e.Class)
	dst = appendText(dst, `,"error":`, e.Error)
	dst = appendText(dst, `,"stack":`, e.Stack)
	dst = appendList(dst, `,"warnings":[`, e.Warnings, appendString)
	dst = appendTrue(dst, `,"damaged":true`, e.Damaged)
	dst = appendText(dst, `,"swatch":`, string(e.Swatch))
	dst = appendInt(dst, `,"attempts":`, int64(e.Attempts))
	dst = strconv.AppendInt(append(dst, `,"worker":`...), int64(e.Worker), 10)
	dst = appendInt(dst, `,"in_bytes":`, e.InBytes)
	dst = e.MS.append(dst)
	dst = appendTime(dst, `,"time":"`, e.Time)
	dst = appendInt(dst, `,"row":`, int64(e.Row))
	if e.Columns != "" {
		dst = append(append(dst, `,"columns":`...), e.Columns...)
	}
	dst = appendText(dst, `,"source_sha256":`, e.SourceSHA256)
	dst = appendText(dst, `,"by":`, e.By)
	return append(dst, "}\n"...), nil
}

// encode has encoding/json append v, with a newline.
func encode(dst []byte, v any) ([]byte, error) {
	b := bytes.NewBuffer(dst)
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return b.Bytes(), err
}

func appendOutput(dst []byte, o pipeline.Output) []byte {
	dst = appendString(append(dst, `{"path":`...), o.Path)
	dst = strconv.AppendInt(append(dst, `,"bytes":`...), o.Bytes, 10)
	dst = appendInt(dst, `,"w":`, int64(o.Width))
	dst = appendInt(dst, `,"h":`, int64(o.Height))
	dst = appendText(dst, `,"sha256":`, o.SHA256)
	dst = appendText(dst, `,"format":`, string(o.Format))
	dst = appendTrue(dst, `,"kept":true`, o.Kept)
	dst = appendTrue(dst, `,"copied":true`, o.Copied)
	dst = appendTrue(dst, `,"omitted":true`, o.Omitted)
	dst = appendText(dst, `,"backup":`, o.Backup)
	return append(dst, '}')
}

// fields returns the names and values in order.
func (s *Stages) fields() [8]stageField {
	return [...]stageField{
		{`"fetch":`, s.Fetch}, {`"wait":`, s.Wait}, {`"decode":`, s.Decode}, {`"operate":`, s.Operate},
		{`"encode":`, s.Encode},
		{`"handover":`, s.Handover}, {`"start":`, s.Start}, {`"store":`, s.Store},
	}
}

type stageField struct {
	name string
	ms   float64
}

// plain reports whether a line holds all numbers of s without an exponent and without a signed zero, as it does a
// run's.
func (s *Stages) plain() bool {
	for _, f := range s.fields() {
		if size := math.Abs(f.ms); math.Float64bits(f.ms) != 0 && !(size >= 1e-6 && size < 1e21) {
			return false
		}
	}
	return true
}

func (s *Stages) append(dst []byte) []byte {
	before := `,"ms":{`
	for _, f := range s.fields() {
		if f.ms != 0 {
			dst = append(append(dst, before...), f.name...)
			dst = strconv.AppendFloat(dst, f.ms, 'f', -1, 64)
			before = ","
		}
	}
	if *s == (Stages{}) {
		return dst
	}
	return append(dst, '}')
}

// The following append the text before, and a value; or nothing if the value is zero.

func appendText(dst []byte, before, s string) []byte {
	if s == "" {
		return dst
	}
	return appendString(append(dst, before...), s)
}

// appendList expects that before ends in the opening bracket.
func appendList[T any](dst []byte, before string, all []T, one func([]byte, T) []byte) []byte {
	for i, v := range all {
		if i > 0 {
			before = ","
		}
		dst = one(append(dst, before...), v)
	}
	if len(all) == 0 {
		return dst
	}
	return append(dst, ']')
}

func appendInt(dst []byte, before string, n int64) []byte {
	if n == 0 {
		return dst
	}
	return strconv.AppendInt(append(dst, before...), n, 10)
}

// appendTrue expects that what has the value, too.
func appendTrue(dst []byte, what string, yes bool) []byte {
	if !yes {
		return dst
	}
	return append(dst, what...)
}

// appendTime expects that before ends in the opening quote.
func appendTime(dst []byte, before string, t time.Time) []byte {
	if t.IsZero() {
		return dst
	}
	return append(t.AppendFormat(append(dst, before...), time.RFC3339Nano), '"')
}

// appendString appends s in quotes. If it may need an escape, encoding/json does it.
func appendString(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c >= 0x80 || c == '"' || c == '\\' {
			dst, _ = encode(dst, s) // a string has no way to fail
			return bytes.TrimSuffix(dst, []byte{'\n'})
		}
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}

// parseLine reads what appendLine wrote.
func parseLine(b []byte) (Entry, error) {
	var l line
	if err := json.Unmarshal(b, &l); err != nil {
		return Entry{}, err
	}
	if l.V != 1 {
		return Entry{}, fmt.Errorf("version %d of a ledger's line: expected 1", l.V)
	}
	l.Damaged = l.Damaged || slices.ContainsFunc(l.Warnings, meantDamage)
	return l.Entry, nil
}

// meantDamage reports whether a warning is one by which older lines, which have no field for damage, say that there is
// some. In newer lines such warnings go on and say how much is missing.
func meantDamage(warning string) bool {
	switch warning {
	case "decode jpeg: the scan ends early",
		"decode jpeg: the scan has a code that means nothing",
		"decode jpeg: the scan lacks a restart marker where one was expected":
		return true
	}
	return false
}
