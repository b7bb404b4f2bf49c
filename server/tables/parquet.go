package tables

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

// unfitColumn keeps the values that do not fit their columns.
const unfitColumn = "_unfit"

// A row group is what the writer holds in memory: it goes out after so many
// rows or about so many bytes, whichever is first.
const (
	groupRows  = 50_000
	groupBytes = 16 << 20
)

// parquetWriter writes optional columns, zstd: text as UTF-8 strings, whole
// numbers as INT64, numbers as DOUBLE, dates as DATE, lists and maps as JSON.
// Labels are in the file's metadata under "label_th:NAME" and "label_en:NAME".
type parquetWriter struct {
	out    *parquet.GenericWriter[any]
	cols   []Column
	rows   int
	inRows int
	bytes  int
	row    parquet.Row // reused
	closed bool
	err    error
}

func newParquet(w io.Writer, cols []Column) (*parquetWriter, error) {
	p := &parquetWriter{cols: cols}
	root := orderedGroup{Group: parquet.Group{}}
	for _, c := range cols {
		if c.Name == unfitColumn {
			return nil, fmt.Errorf("parquet: column name %q is taken", unfitColumn)
		}
		root.add(c.Name, parquetNode(c.Kind))
	}
	root.add(unfitColumn, parquet.JSON())
	config := []parquet.WriterOption{
		parquet.NewSchema("rows", root),
		parquet.Compression(&zstd.Codec{Level: zstd.SpeedDefault, Concurrency: 1}),
		parquet.PageBufferSize(64 << 10),
		parquet.CreatedBy("tambonsync", "", ""),
	}
	for _, c := range cols {
		if c.LabelTH != "" {
			config = append(config, parquet.KeyValueMetadata("label_th:"+c.Name, c.LabelTH))
		}
		if c.LabelEN != "" {
			config = append(config, parquet.KeyValueMetadata("label_en:"+c.Name, c.LabelEN))
		}
	}
	p.out = parquet.NewGenericWriter[any](w, config...)
	return p, nil
}

func parquetNode(k Kind) parquet.Node {
	switch k {
	case Int:
		return parquet.Int(64)
	case Number:
		return parquet.Leaf(parquet.DoubleType)
	case Bool:
		return parquet.Leaf(parquet.BooleanType)
	case Date:
		return parquet.Date()
	case JSON:
		return parquet.JSON()
	}
	return parquet.String()
}

// orderedGroup is a group whose columns stay in the order given; parquet.Group
// sorts them by name.
type orderedGroup struct {
	parquet.Group
	fields []parquet.Field
}

func (g *orderedGroup) add(name string, leaf parquet.Node) {
	node := parquet.Optional(leaf)
	g.Group[name] = node
	for _, f := range g.Group.Fields() { // the library's own kind of field
		if f.Name() == name {
			g.fields = append(g.fields, f)
		}
	}
}

func (g orderedGroup) Fields() []parquet.Field { return g.fields }

func (p *parquetWriter) Write(row []any) error {
	if p.err != nil {
		return p.err
	}
	if err := checkWidth(p.rows+1, row, p.cols); err != nil {
		return err
	}
	p.row = p.row[:0]
	var unfit map[string]any
	for i, v := range row {
		fitted, fits := p.cols[i].Kind.fit(v)
		if !fits {
			if unfit == nil {
				unfit = map[string]any{}
			}
			unfit[p.cols[i].Name], fitted = json.RawMessage(jsonValue(p.cols[i].Kind, v)), nil
		}
		p.put(i, fitted)
	}
	p.put(len(row), p.encode(unfit))
	p.rows++
	if err := p.send(); err != nil {
		p.err = fmt.Errorf("parquet: row %d: %w", p.rows, err)
	}
	return p.err
}

func (p *parquetWriter) encode(unfit map[string]any) any {
	if unfit == nil {
		return nil
	}
	raw, _ := marshal(unfit) // of valid JSON only
	return raw
}

func (p *parquetWriter) put(column int, v any) {
	var value parquet.Value
	p.bytes += 8
	switch t := v.(type) {
	case nil:
		p.row = append(p.row, parquet.NullValue().Level(0, 0, column))
		return
	case bool:
		value = parquet.BooleanValue(t)
	case int64:
		value = parquet.Int64Value(t)
	case float64:
		value = parquet.DoubleValue(t)
	case day:
		value = parquet.Int32Value(int32(t.Unix() / 86400))
	case json.RawMessage:
		value = parquet.ByteArrayValue(t)
		p.bytes += len(t)
	case string:
		value = parquet.ByteArrayValue([]byte(t))
		p.bytes += len(t)
	}
	p.row = append(p.row, value.Level(0, 1, column))
}

func (p *parquetWriter) send() error {
	if _, err := p.out.WriteRows([]parquet.Row{p.row}); err != nil {
		return err
	}
	p.inRows++
	if p.inRows < groupRows && p.bytes < groupBytes {
		return nil
	}
	p.inRows, p.bytes = 0, 0
	return p.out.Flush()
}

func (p *parquetWriter) Close() error {
	if p.err != nil || p.closed {
		return p.err
	}
	p.closed = true
	if err := p.out.Close(); err != nil {
		p.err = fmt.Errorf("parquet: %w", err)
	}
	return p.err
}

func (p *parquetWriter) Discard() {
	if !p.closed && p.err == nil {
		p.err = errDiscarded
	}
}
