package tables

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
)

// geoWriter writes an RFC 7946 FeatureCollection, one feature a line. Rows with
// a position on earth become points and their latitude and longitude are left
// out of the properties; of other rows the geometry is null and whatever stands
// in the two columns stays, so nothing is lost. Numbers have at most six
// decimals, about 0.1 m.
//
// The JSON is written by hand: orb/geojson, with which the tests read it back,
// would bring a database driver into the program.
type geoWriter struct {
	out      *bufio.Writer
	cols     []Column
	names    [][]byte // column names as JSON
	lat, lon int
	rows     int
	closed   bool
	err      error
}

func newGeoJSON(w io.Writer, cols []Column, opts Options) (*geoWriter, error) {
	if opts.Lat == "" && opts.Lon == "" {
		opts.Lat, opts.Lon = "lat", "lon"
	}
	g := &geoWriter{out: bufio.NewWriterSize(w, 64<<10), cols: cols, lat: -1, lon: -1}
	for i, c := range cols {
		name, err := marshal(c.Name)
		if err != nil {
			return nil, fmt.Errorf("geojson: column %q: %w", c.Name, err)
		}
		g.names = append(g.names, name)
		switch c.Name {
		case opts.Lat:
			g.lat = i
		case opts.Lon:
			g.lon = i
		}
	}
	if g.lat < 0 || g.lon < 0 {
		return nil, fmt.Errorf("geojson: no columns %q and %q for the position", opts.Lat, opts.Lon)
	}
	_, g.err = g.out.WriteString(`{"type":"FeatureCollection","features":[`)
	return g, g.err
}

func (g *geoWriter) Write(row []any) error {
	if g.err != nil {
		return g.err
	}
	if err := checkWidth(g.rows+1, row, g.cols); err != nil {
		return err
	}
	point := g.point(row)
	comma := ",\n"
	if g.rows == 0 {
		comma = "\n"
	}
	g.rows++
	_, _ = g.out.WriteString(comma + `{"type":"Feature","geometry":`)
	if point == nil {
		_, _ = g.out.WriteString("null")
	}
	_, _ = g.out.Write(point)
	_, _ = g.out.WriteString(`,"properties":{`)
	g.properties(row, point != nil)
	_, g.err = g.out.WriteString("}}")
	return g.err
}

// point is the row's position as a GeoJSON geometry, nil if it has none.
func (g *geoWriter) point(row []any) []byte {
	lat, okLat := fitNumber(row[g.lat]).(float64)
	lon, okLon := fitNumber(row[g.lon]).(float64)
	if !okLat || !okLon || math.Abs(lat) > 90 || math.Abs(lon) > 180 {
		return nil
	}
	out := append([]byte(`{"type":"Point","coordinates":[`), plainNumber(sixDecimals(lon))...)
	out = append(append(out, ','), plainNumber(sixDecimals(lat))...)
	return append(out, "]}"...)
}

func (g *geoWriter) properties(row []any, placed bool) {
	first := true
	for i, v := range row {
		if placed && (i == g.lat || i == g.lon) {
			continue
		}
		if !first {
			_ = g.out.WriteByte(',')
		}
		first = false
		_, _ = g.out.Write(g.names[i])
		_ = g.out.WriteByte(':')
		_, _ = g.out.Write(jsonValue(g.cols[i].Kind, v))
	}
}

// jsonValue is a value as JSON. One that does not fit its column keeps its own
// kind, or becomes text where JSON has no such value.
func jsonValue(kind Kind, v any) []byte {
	fitted, fits := kind.fit(v)
	if !fits {
		switch v.(type) {
		case bool, json.Number, []any, map[string]any:
			fitted = json.RawMessage(fitted.(string))
		default:
			if f, ok := fitNumber(v).(float64); ok {
				fitted = f
			}
		}
	}
	switch t := fitted.(type) {
	case nil:
		return []byte("null")
	case json.RawMessage:
		return t
	case bool:
		return strconv.AppendBool(nil, t)
	case int64:
		return strconv.AppendInt(nil, t, 10)
	case float64:
		return []byte(plainNumber(sixDecimals(t)))
	}
	raw, _ := marshal(plainText(fitted)) // a string always has a JSON form
	return raw
}

// sixDecimals rounds; numbers too large to have six decimals stay.
func sixDecimals(f float64) float64 {
	if math.Abs(f) >= 1<<53/1e6 {
		return f
	}
	if f = math.Round(f*1e6) / 1e6; f == 0 {
		return 0 // not -0
	}
	return f
}

func (g *geoWriter) Close() error {
	if g.err != nil || g.closed {
		return g.err
	}
	g.closed = true
	_, _ = g.out.WriteString("\n]}\n")
	if err := g.out.Flush(); err != nil {
		g.err = err
		return err
	}
	return nil
}

func (g *geoWriter) Discard() {
	if !g.closed && g.err == nil {
		g.err = errDiscarded
	}
}

var errDiscarded = errors.New("the file was given up")
