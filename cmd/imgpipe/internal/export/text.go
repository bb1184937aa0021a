package export

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
)

// A csvWriter writes RFC 4180 with a line of names. What is missing is an empty field.
type csvWriter struct {
	w      *csv.Writer
	fields []string
}

func newCSV(w io.Writer, columns []Column) (*csvWriter, error) {
	c := &csvWriter{csv.NewWriter(w), make([]string, len(columns))}
	for i, column := range columns {
		c.fields[i] = column.Name
	}
	return c, c.w.Write(c.fields)
}

func (c *csvWriter) write(row []any) error {
	for i, v := range row {
		c.fields[i] = fieldOf(v)
	}
	return c.w.Write(c.fields)
}

func fieldOf(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

func (c *csvWriter) close() error {
	c.w.Flush()
	return c.w.Error()
}

// A jsonlWriter writes one JSON object on a line, with the columns in order. What is missing is left out.
type jsonlWriter struct {
	w     *bufio.Writer
	names [][]byte // quoted, with the colon
	line  []byte
}

func newJSONL(w io.Writer, columns []Column) *jsonlWriter {
	j := &jsonlWriter{w: bufio.NewWriter(w)}
	for _, c := range columns {
		name, _ := json.Marshal(c.Name) // a string has no way to fail
		j.names = append(j.names, append(name, ':'))
	}
	return j
}

func (j *jsonlWriter) write(row []any) error {
	j.line = append(j.line[:0], '{')
	for i, v := range row {
		if v == nil {
			continue
		}
		b, err := json.Marshal(v)
		if err != nil {
			return err
		}
		if len(j.line) > 1 {
			j.line = append(j.line, ',')
		}
		j.line = append(append(j.line, j.names[i]...), b...)
	}
	_, err := j.w.Write(append(j.line, "}\n"...))
	return err
}

func (j *jsonlWriter) close() error { return j.w.Flush() }
