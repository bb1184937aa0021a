package export

import (
	"errors"
	"io"

	"github.com/parquet-go/parquet-go"
)

// groupRows is how many rows a row group has: what is written is held until then.
const groupRows = 20_000

// A parquetWriter writes optional columns, compressed with zstd.
type parquetWriter struct {
	w    *parquet.GenericWriter[any]
	at   []int // the place of each column in the schema, which has them by their names
	row  parquet.Row
	rows int
}

func newParquet(w io.Writer, columns []Column) *parquetWriter {
	nodes := map[Kind]func() parquet.Node{
		Text:   parquet.String,
		Whole:  func() parquet.Node { return parquet.Int(64) },
		Number: func() parquet.Node { return parquet.Leaf(parquet.DoubleType) },
		Truth:  func() parquet.Node { return parquet.Leaf(parquet.BooleanType) },
	}
	group := parquet.Group{}
	for _, c := range columns {
		group[c.Name] = parquet.Optional(nodes[c.Kind]())
	}
	schema := parquet.NewSchema("imgpipe", group)
	p := &parquetWriter{row: make(parquet.Row, len(columns))}
	for _, c := range columns {
		leaf, _ := schema.Lookup(c.Name)
		p.at = append(p.at, leaf.ColumnIndex)
	}
	p.w = parquet.NewGenericWriter[any](w, schema, parquet.Compression(&parquet.Zstd))
	return p
}

func (p *parquetWriter) write(row []any) error {
	for i, v := range row {
		at := p.at[i]
		p.row[at] = parquet.NullValue().Level(0, 0, at)
		if v != nil {
			p.row[at] = parquet.ValueOf(v).Level(0, 1, at)
		}
	}
	if _, err := p.w.WriteRows([]parquet.Row{p.row}); err != nil {
		return err
	}
	if p.rows++; p.rows%groupRows == 0 {
		return p.w.Flush()
	}
	return nil
}

func (p *parquetWriter) close() error { return errors.Join(p.w.Close()) }
