package tables

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/paulmach/orb"
	"github.com/paulmach/orb/geojson"
	"github.com/xuri/excelize/v2"
)

func sampleColumns() []Column {
	return []Column{
		{Name: "id", LabelTH: "เลขรหัสประจำบ้าน", LabelEN: "House code"},
		{Name: "members", LabelTH: "สมาชิก", LabelEN: "Members", Kind: Int},
		{Name: "income", LabelTH: "รายได้", LabelEN: "Income", Kind: Number},
		{Name: "done", Kind: Bool},
		{Name: "visited", Kind: Date},
		{Name: "answers", Kind: JSON},
		{Name: "lat", Kind: Number},
		{Name: "lon", Kind: Number},
	}
}

func sampleRows() [][]any {
	return [][]any{
		{"01234567890", 4, 38000.5, true, "2020-01-31", map[string]any{"q": "<ก>"}, 15.1234567, 103.5},
		{nil, nil, nil, nil, nil, nil, nil, nil},
		{"=cmd|' /C calc'!A1", json.Number("7"), json.Number("1.25"), false, time.Date(2020, 2, 29, 23, 0, 0, 0, time.Local), []any{"a", 1.0}, nil, 103.5},
		{"บรรทัด 1\nบรรทัด 2, \"ใหม่\"\r\nจบ\r", "สิบ", "มาก", "ใช่", "1985-03", math.NaN(), 95.0, 103.5},
	}
}

func written(t *testing.T, format string, cols []Column, rows [][]any, opts Options) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := New(format, &out, cols, opts)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Discard()
	for _, row := range rows {
		if err := w.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestCSVIsReadBackByAnotherReader(t *testing.T) {
	data := written(t, CSV, sampleColumns(), sampleRows(), Options{})
	text, bom := strings.CutPrefix(string(data), "\ufeff")
	if !bom || !strings.HasPrefix(text, "id,members,income,done,visited,answers,lat,lon\r\n01234567890,4,38000.5,true,2020-01-31,") {
		t.Fatalf("file starts %q", data[:100])
	}
	// encoding/csv turns CRLF inside a cell into LF, as Excel shows it.
	got, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"01234567890", "4", "38000.5", "true", "2020-01-31", `{"q":"<ก>"}`, "15.1234567", "103.5"},
		{"", "", "", "", "", "", "", ""},
		{"'=cmd|' /C calc'!A1", "7", "1.25", "false", "2020-02-29", `["a",1]`, "", "103.5"},
		{"บรรทัด 1\nบรรทัด 2, \"ใหม่\"\nจบ\r", "สิบ", "มาก", "ใช่", "1985-03", "NaN", "95", "103.5"},
	}
	same(t, got[1:], want)
	if !strings.Contains(text, "ใหม่\"\"\r\nจบ\r\"") {
		t.Error("line breaks inside a cell were changed")
	}
	labels := string(written(t, CSV, sampleColumns(), nil, Options{Header: HeaderTH}))
	if want := "\ufeffเลขรหัสประจำบ้าน,สมาชิก,รายได้,done,visited,answers,lat,lon\r\n"; labels != want {
		t.Errorf("labels: %q, want %q", labels, want)
	}
}

func TestNoTextRunsAsAFormula(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"equals", "=1+1", "'=1+1"},
		{"plus", "+SUM(A1)", "'+SUM(A1)"},
		{"minus", "-2+3+cmd|' /C calc'!A0", "'-2+3+cmd|' /C calc'!A0"},
		{"at", "@SUM(A1)", "'@SUM(A1)"},
		{"tab", "\t=1", "'\t=1"},
		{"carriage return", "\r=1", "'\r=1"},
		{"behind spaces", "  =1+1", "'  =1+1"},
		{"full width", "＝1+1", "'＝1+1"},
		{"already guarded", "'=1", "''=1"},
		{"negative number", "-12.50", "-12.50"},
		{"telephone number", "+66812345678", "+66812345678"},
		{"not quite a number", "-12.5.1", "'-12.5.1"},
		{"a dash alone", "-", "'-"},
		{"Thai", "บ้านเลขที่ 12/3", "บ้านเลขที่ 12/3"},
		{"apostrophe", "'quoted'", "'quoted'"},
		{"empty", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := guard(tt.text); got != tt.want {
				t.Errorf("guard(%q) = %q, want %q", tt.text, got, tt.want)
			}
			if back := unguard(guard(tt.text)); back != tt.text {
				t.Errorf("comes back as %q", back)
			}
			for _, kind := range []Kind{Text, Int, Number, Bool, Date} {
				data := written(t, CSV, []Column{{Name: "a", Kind: kind}, {Name: "b"}}, [][]any{{tt.text, "x"}}, Options{})
				records, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
				if err != nil || records[1][0] != tt.want {
					t.Errorf("kind %s: %q, %v", kind, records, err)
				}
			}
		})
	}
}

func TestXLSXIsReadBackByAnotherReader(t *testing.T) {
	rows := sampleRows()
	rows = append(rows, []any{"12345678901234567890", int64(1<<53 + 1), -0.5, nil, "1900-01-15", nil, nil, nil})
	file, err := excelize.OpenReader(bytes.NewReader(written(t, XLSX, sampleColumns(), rows, Options{Sheet: "ครัวเรือน"})))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	same(t, file.GetSheetList(), []string{"ครัวเรือน", "คอลัมน์"})
	cells := func(sheet string) [][]string {
		got, err := file.GetRows(sheet)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	same(t, cells("ครัวเรือน"), [][]string{
		{"เลขรหัสประจำบ้าน", "สมาชิก", "รายได้", "done", "visited", "answers", "lat", "lon"},
		{"01234567890", "4", "38000.5", "TRUE", "2020-01-31", `{"q":"<ก>"}`, "15.1234567", "103.5"},
		nil,
		{"=cmd|' /C calc'!A1", "7", "1.25", "FALSE", "2020-02-29", `["a",1]`, "", "103.5"},
		{"บรรทัด 1\nบรรทัด 2, \"ใหม่\"\r\nจบ\r", "สิบ", "มาก", "ใช่", "1985-03", "NaN", "95", "103.5"},
		{"12345678901234567890", "9007199254740993", "-0.5", "", "1900-01-15"},
	})
	same(t, cells("คอลัมน์")[:3], [][]string{
		{"name", "ชื่อคอลัมน์", "label (English)", "kind"},
		{"id", "เลขรหัสประจำบ้าน", "House code", "text"},
		{"members", "สมาชิก", "Members", "int"},
	})
	if formula, _ := file.GetCellFormula("ครัวเรือน", "A4"); formula != "" {
		t.Errorf("A4 is a formula: %s", formula)
	}
	if kind, _ := file.GetCellType("ครัวเรือน", "A2"); kind != excelize.CellTypeInlineString {
		t.Errorf("an id is stored as %v, not text", kind)
	}
	panes, err := file.GetPanes("ครัวเรือน")
	if err != nil || !panes.Freeze || panes.YSplit != 1 {
		t.Errorf("the header line is not frozen: %+v, %v", panes, err)
	}
}

func TestXLSXGoesOnInAnotherSheet(t *testing.T) {
	for _, bound := range []string{"rows", "bytes"} {
		t.Run(bound, func(t *testing.T) {
			var out bytes.Buffer
			x, err := newXLSX(&out, []Column{{Name: "n", Kind: Int}}, Options{Sheet: "บ้าน"})
			if err != nil {
				t.Fatal(err)
			}
			if bound == "rows" {
				x.maxRows = 3
			} else {
				x.maxBytes = 3 * 60
			}
			for i := range 7 {
				if err := x.Write([]any{i}); err != nil {
					t.Fatal(err)
				}
			}
			if err := x.Close(); err != nil {
				t.Fatal(err)
			}
			file, err := excelize.OpenReader(&out)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = file.Close() }()
			var got [][][]string
			for _, sheet := range file.GetSheetList()[:3] {
				rows, err := file.GetRows(sheet)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, rows)
			}
			same(t, got, [][][]string{{{"n"}, {"0"}, {"1"}, {"2"}}, {{"n"}, {"3"}, {"4"}, {"5"}}, {{"n"}, {"6"}}})
			same(t, file.GetSheetList(), []string{"บ้าน", "บ้าน 2", "บ้าน 3", "คอลัมน์"})
		})
	}
}

func TestXLSXNamesACellThatIsTooLong(t *testing.T) {
	w, err := New(XLSX, io.Discard, []Column{{Name: "note"}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Discard()
	if err := w.Write([]any{strings.Repeat("ก", 32_767)}); err != nil {
		t.Errorf("the longest cell: %v", err)
	}
	err = w.Write([]any{strings.Repeat("ก", 32_768)})
	if err == nil || !strings.Contains(err.Error(), "row 2, column note") {
		t.Errorf("a cell that Excel would cut: %v", err)
	}
}

func TestXLSXLeavesNoTemporaryFile(t *testing.T) {
	for _, end := range []string{"closed", "given up"} {
		t.Run(end, func(t *testing.T) {
			folder := t.TempDir()
			w, err := New(XLSX, io.Discard, []Column{{Name: "note"}}, Options{TempDir: folder})
			if err != nil {
				t.Fatal(err)
			}
			row := []any{strings.Repeat("x", 30_000)}
			for range 1000 {
				if err := w.Write(row); err != nil {
					t.Fatal(err)
				}
			}
			if n := len(entries(t, folder)); n == 0 {
				t.Fatal("30 MB were kept in memory")
			}
			if end == "closed" {
				if err := w.Close(); err != nil {
					t.Fatal(err)
				}
			}
			w.Discard()
			if left := entries(t, folder); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
			if end == "given up" && (w.Write(row) == nil || w.Close() == nil) {
				t.Error("a file given up can be written")
			}
		})
	}
}

func TestGeoJSONIsReadBackByAnotherReader(t *testing.T) {
	data := written(t, GeoJSON, sampleColumns(), sampleRows(), Options{})
	got, err := geojson.UnmarshalFeatureCollection(data)
	if err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	if len(got.Features) != 4 {
		t.Fatalf("%d features", len(got.Features))
	}
	same(t, got.Features[0].Geometry, orb.Geometry(orb.Point{103.5, 15.123457})) // longitude first
	same(t, got.Features[0].Properties, geojson.Properties{
		"id": "01234567890", "members": 4.0, "income": 38000.5, "done": true,
		"visited": "2020-01-31", "answers": map[string]any{"q": "<ก>"},
	})
	for i, f := range got.Features[1:] {
		if f.Geometry != nil {
			t.Errorf("feature %d without a position has %v", i+2, f.Geometry)
		}
	}
	same(t, got.Features[2].Properties["lon"], any(103.5))
	same(t, got.Features[3].Properties["lat"], any(95.0))
	same(t, got.Features[3].Properties["members"], any("สิบ"))
	if empty := written(t, GeoJSON, sampleColumns(), nil, Options{}); !json.Valid(empty) {
		t.Errorf("without rows: %s", empty)
	}
	if _, err := New(GeoJSON, io.Discard, []Column{{Name: "id"}}, Options{}); err == nil {
		t.Error("a file without positions was made")
	}
}

func TestParquetIsReadBackByAnotherReader(t *testing.T) {
	data := written(t, Parquet, sampleColumns(), sampleRows(), Options{})
	type row struct {
		ID      *string  `parquet:"id"`
		Members *int64   `parquet:"members"`
		Income  *float64 `parquet:"income"`
		Done    *bool    `parquet:"done"`
		Visited *int32   `parquet:"visited"`
		Answers *string  `parquet:"answers"`
		Lat     *float64 `parquet:"lat"`
		Lon     *float64 `parquet:"lon"`
		Unfit   *string  `parquet:"_unfit"`
	}
	got, err := parquet.Read[row](bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	dayOf := func(s string) *int32 {
		d, err := time.Parse(time.DateOnly, s)
		if err != nil {
			t.Fatal(err)
		}
		n := int32(d.Unix() / 86400)
		return &n
	}
	want := []row{
		{new("01234567890"), new(int64(4)), new(38000.5), new(true), dayOf("2020-01-31"), new(`{"q":"<ก>"}`), new(15.1234567), new(103.5), nil},
		{},
		{new("=cmd|' /C calc'!A1"), new(int64(7)), new(1.25), new(false), dayOf("2020-02-29"), new(`["a",1]`), nil, new(103.5), nil},
		{ID: new("บรรทัด 1\nบรรทัด 2, \"ใหม่\"\r\nจบ\r"), Lat: new(95.0), Lon: new(103.5), Unfit: new(`{"answers":"NaN","done":"ใช่","income":"มาก","members":"สิบ","visited":"1985-03"}`)},
	}
	same(t, got, want)

	file, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range file.Schema().Fields() {
		names = append(names, f.Name())
	}
	same(t, names, []string{"id", "members", "income", "done", "visited", "answers", "lat", "lon", "_unfit"})
	if label, _ := file.Lookup("label_th:members"); label != "สมาชิก" {
		t.Errorf("label %q", label)
	}
	if got := file.Schema().Fields()[4].Type().LogicalType(); got == nil || got.String() != "DATE" {
		t.Errorf("a date is stored as %v", got)
	}
}

func TestParquetGoesOutInGroups(t *testing.T) {
	tests := []struct {
		name   string
		rows   int
		text   string
		groups int
	}{
		{"by rows", 2*groupRows + 1, "", 3},
		{"by bytes", 9, strings.Repeat("x", groupBytes/4), 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rows := make([][]any, tt.rows)
			for i := range rows {
				rows[i] = []any{tt.text}
			}
			data := written(t, Parquet, []Column{{Name: "a"}}, rows, Options{})
			file, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
			if err != nil {
				t.Fatal(err)
			}
			if got := len(file.RowGroups()); got != tt.groups || file.NumRows() != int64(tt.rows) {
				t.Errorf("%d rows in %d groups, want %d in %d", file.NumRows(), got, tt.rows, tt.groups)
			}
		})
	}
}

func TestNewRefusesColumnsThatAFileCannotHave(t *testing.T) {
	tests := []struct {
		name   string
		format string
		cols   []Column
		opts   Options
	}{
		{"no format", "pdf", []Column{{Name: "a"}}, Options{}},
		{"no columns", CSV, nil, Options{}},
		{"a name twice", CSV, []Column{{Name: "a"}, {Name: "a"}}, Options{}},
		{"no name", CSV, []Column{{}}, Options{}},
		{"no such kind", CSV, []Column{{Name: "a", Kind: "colour"}}, Options{}},
		{"too many", CSV, make([]Column, MaxColumns+1), Options{}},
		{"a sheet name with a slash", XLSX, []Column{{Name: "a"}}, Options{Sheet: "a/b"}},
		{"a taken name", Parquet, []Column{{Name: "_unfit"}}, Options{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if w, err := New(tt.format, io.Discard, tt.cols, tt.opts); err == nil {
				w.Discard()
				t.Error("accepted")
			}
		})
	}
	for _, format := range Formats() {
		w, err := New(format, io.Discard, []Column{{Name: "lat"}, {Name: "lon"}}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write([]any{1}); err == nil {
			t.Errorf("%s took a row with too few values", format)
		}
		w.Discard()
	}
}
