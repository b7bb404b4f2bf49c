package export_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/xuri/excelize/v2"

	"tambonsync/server"
	"tambonsync/server/tables"
)

// read gives the rows of a file by column, each cell as text; an empty cell is
// left out. It reads with other libraries than the writer's where there are any.
func read(t *testing.T, format string, data []byte) []map[string]string {
	t.Helper()
	switch format {
	case tables.CSV:
		rest, ok := bytes.CutPrefix(data, []byte("\ufeff"))
		if !ok {
			t.Error("the file has no byte order mark: Excel would show no Thai")
		}
		lines, err := csv.NewReader(bytes.NewReader(rest)).ReadAll()
		must(t, err)
		return byColumn(lines)
	case tables.XLSX:
		return readXLSX(t, data)
	case tables.GeoJSON:
		return readGeoJSON(t, data)
	}
	return readParquet(t, data)
}

func byColumn(lines [][]string) (out []map[string]string) {
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, cell := range line {
			if cell != "" {
				row[lines[0][i]] = cell
			}
		}
		out = append(out, row)
	}
	return out
}

// readXLSX finds the columns' names in the last sheet: the first line has the
// Thai labels.
func readXLSX(t *testing.T, data []byte) []map[string]string {
	t.Helper()
	book, err := excelize.OpenReader(bytes.NewReader(data))
	must(t, err)
	defer func() { must(t, book.Close()) }()
	raw := excelize.Options{RawCellValue: true}
	lines, err := book.GetRows(book.GetSheetList()[0], raw)
	must(t, err)
	columns, err := book.GetRows("คอลัมน์", raw)
	must(t, err)
	if len(columns)-1 != len(lines[0]) {
		t.Fatalf("%d columns are listed, the sheet has %d", len(columns)-1, len(lines[0]))
	}
	for i := range lines[0] {
		lines[0][i] = columns[i+1][0]
	}
	out := byColumn(lines)
	for _, row := range out {
		for name, cell := range row {
			for _, c := range columns[1:] {
				if c[0] == name && c[3] == string(tables.Bool) {
					row[name] = map[string]string{"1": "true", "0": "false"}[cell]
				}
			}
		}
	}
	return out
}

func readGeoJSON(t *testing.T, data []byte) (out []map[string]string) {
	t.Helper()
	var file struct {
		Features []struct {
			Geometry *struct {
				Coordinates [2]json.Number `json:"coordinates"`
			} `json:"geometry"`
			Properties map[string]any `json:"properties"`
		} `json:"features"`
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	must(t, d.Decode(&file))
	for _, f := range file.Features {
		row := map[string]string{}
		for name, v := range f.Properties {
			if v != nil {
				row[name] = fmt.Sprint(v)
			}
		}
		if f.Geometry != nil {
			row["lon"], row["lat"] = f.Geometry.Coordinates[0].String(), f.Geometry.Coordinates[1].String()
		}
		out = append(out, row)
	}
	return out
}

func readParquet(t *testing.T, data []byte) (out []map[string]string) {
	t.Helper()
	r := parquet.NewReader(bytes.NewReader(data))
	names := r.Schema().Fields()
	buffer := make([]parquet.Row, 16)
	for {
		n, err := r.ReadRows(buffer)
		for _, values := range buffer[:n] {
			row := map[string]string{}
			for i, v := range values {
				if v.IsNull() {
					continue
				}
				row[names[i].Name()] = v.String()
				if v.Kind() == parquet.Double && v.Double() == math.Trunc(v.Double()) {
					row[names[i].Name()] = fmt.Sprint(int64(v.Double()))
				}
			}
			out = append(out, row)
		}
		if errors.Is(err, io.EOF) {
			return out
		}
		must(t, err)
	}
}

// export gives the rows of a request.
func (o *office) export(t *testing.T, q server.ExportRequest) []map[string]string {
	t.Helper()
	var out bytes.Buffer
	n, err := o.x.Export(t.Context(), q, &out)
	must(t, err)
	rows := read(t, q.Format, out.Bytes())
	if n != int64(len(rows)) {
		t.Errorf("%s: %d rows are told, the file has %d", q.Format, n, len(rows))
	}
	return rows
}
