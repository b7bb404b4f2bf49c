package export

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"tambonsync/server/tables"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
)

// layout is the columns of records of one type.
type layout struct {
	form     *survey.Form
	typ      *survey.RecordType
	head     bool // of judged records, with their indicators
	personal bool
	columns  []tables.Column
	cells    []func(*source) any
	lat, lon string // columns of the first position
}

// source is what a row is made of.
type source struct {
	fam      family
	review   survey.Review
	rec      syncproto.Record
	position int
}

// add makes a column and returns its name: another one where a question is
// called as a column of ours, such as "area".
func (l *layout) add(c tables.Column, cell func(*source) any) string {
	name := c.Name
	for n := 2; l.has(c.Name); n++ {
		c.Name = fmt.Sprintf("%s_%d", name, n)
	}
	l.columns, l.cells = append(l.columns, c), append(l.cells, cell)
	return c.Name
}

func (l *layout) has(name string) bool {
	return slices.ContainsFunc(l.columns, func(c tables.Column) bool { return c.Name == name })
}

// check reports why a file of this layout cannot be.
func (l *layout) check(format string) error {
	switch {
	case len(l.columns) > tables.MaxColumns:
		return fmt.Errorf("%w: form %s makes %d columns of %s, a file has at most %d", ErrRequest, l.form.Ref(), len(l.columns), l.typ.Name(), tables.MaxColumns)
	case format == tables.GeoJSON && l.lat == "":
		return fmt.Errorf("%w: form %s asks for no position that may be shown: choose csv, xlsx or parquet", ErrRequest, l.form.Ref())
	}
	return nil
}

func column(name string, kind tables.Kind, th, en string) tables.Column {
	return tables.Column{Name: name, Kind: kind, LabelTH: th, LabelEN: en}
}

// row makes one row.
func (l *layout) row(f family, r survey.Review, rec syncproto.Record, position int) []any {
	s := &source{fam: f, review: r, rec: rec, position: position}
	out := make([]any, len(l.cells))
	for i, cell := range l.cells {
		out[i] = cell(s)
	}
	return out
}

// build lays the columns out: where, how far, answers, indicators.
func (l *layout) build(x *survey.Indicators) {
	l.add(column("id", tables.Text, "รหัสระเบียน", "Record id"), func(s *source) any { return s.rec.ID.String() })
	if !l.head {
		l.add(column("parent", tables.Text, "รหัสครัวเรือน", "Household id"), func(s *source) any { return s.fam.head.ID.String() })
		l.add(column("position", tables.Int, "ลำดับ", "Position"), func(s *source) any { return s.position })
	}
	code := func(s *source) area.Code { return s.fam.result.Area }
	l.add(column("area", tables.Text, "รหัสพื้นที่", "Area code"), func(s *source) any { return string(code(s)) })
	l.add(column("area_name", tables.Text, "พื้นที่", "Area"), func(s *source) any { return area.FullName(code(s)) })
	if l.head {
		l.add(column("state", tables.Text, "สถานะ", "State"), func(s *source) any { return string(s.fam.result.State) })
		l.add(column("complete", tables.Bool, "ข้อมูลครบ", "Complete"), func(s *source) any { return s.fam.review.Complete() })
		l.add(column("persons", tables.Int, "จำนวนสมาชิก", "Persons"), func(s *source) any { return s.fam.result.Persons })
		l.add(column("problems", tables.Int, "จุดที่ควรตรวจ", "Answers to check"), func(s *source) any { return s.fam.review.Count() })
	}
	for _, q := range l.typ.Questions() {
		if q.Type != survey.TypeNote && (l.personal || !l.private(q)) {
			l.question(q)
		}
	}
	if l.head {
		l.indicators(x)
		return
	}
	head, _ := l.form.Type(x.RecordType())
	for _, q := range head.Questions() { // people have the position of their household
		if q.Type == survey.TypeGeopoint && (l.personal || !hidden(q)) {
			l.position(q, head.Name()+"_"+q.Name, func(s *source) survey.Review { return s.fam.review })
			return
		}
	}
}

// private reports whether a question's answers, or what is computed from
// answers, may name or expose somebody.
func (l *layout) private(q survey.Question) bool {
	if q.Type != survey.TypeCalculate {
		return hidden(q)
	}
	return hidden(q) || l.exposes(q.Calculation, map[string]bool{})
}

var (
	names = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*`)
	ages  = regexp.MustCompile(`\bage_(years|months)\([^()]*\)`)
)

// exposes reports whether a calculation looks at hidden answers, anywhere in
// the form. An age is what may be told of a date of birth.
func (l *layout) exposes(calculation string, seen map[string]bool) bool {
	for _, name := range names.FindAllString(ages.ReplaceAllString(calculation, ""), -1) {
		for _, t := range l.form.Types() {
			q, ok := t.Question(name)
			if !ok || seen[t.Name()+"."+name] {
				continue
			}
			seen[t.Name()+"."+name] = true
			if hidden(q) || q.Type == survey.TypeCalculate && l.exposes(q.Calculation, seen) {
				return true
			}
		}
	}
	return false
}

// hidden reports whether a question's answers may name or expose somebody.
func hidden(q survey.Question) bool {
	switch q.Type {
	case survey.TypeText, survey.TypeBarcode, survey.TypeThaiID, survey.TypePhoto, survey.TypeSignature:
		return true
	case survey.TypeDate:
		return q.Partial // dates of birth
	}
	return q.Privacy != survey.PrivacyNone
}

var kinds = map[survey.Type]tables.Kind{
	survey.TypeBool: tables.Bool, survey.TypeInt: tables.Int, survey.TypeDecimal: tables.Number, survey.TypeMoney: tables.Number,
}

func (l *layout) question(q survey.Question) {
	switch q.Type {
	case survey.TypeGeopoint:
		l.position(q, q.Name, func(s *source) survey.Review { return s.review })
		return
	case survey.TypeCountTable, survey.TypeTable:
		l.table(q)
		return
	case survey.TypeCalculate:
		l.calculation(q)
		return
	}
	kind := kinds[q.Type]
	if kind == "" {
		kind = tables.Text
	}
	l.add(column(q.Name, kind, q.Label.TH, q.Label.EN), func(s *source) any { return plain(s.review.Values[q.Name]) })
}

func (l *layout) calculation(q survey.Question) {
	kind := kinds[l.typ.Calculates(q.Name)]
	if kind == "" {
		kind = tables.Text
	}
	l.add(column(q.Name, kind, q.Label.TH, q.Label.EN), func(s *source) any { return s.review.Values[q.Name] })
}

// plain shows several choices as XLSForm's tools do, with spaces between.
func plain(v any) any {
	list, ok := v.([]any)
	if !ok {
		return v
	}
	names := make([]string, len(list))
	for i, x := range list {
		names[i] = fmt.Sprint(x)
	}
	return strings.Join(names, " ")
}

// position makes two or three columns of a place.
func (l *layout) position(q survey.Question, name string, of func(*source) survey.Review) {
	part := func(key string) func(*source) any {
		return func(s *source) any {
			m, _ := of(s).Values[q.Name].(map[string]any)
			n, ok := m[key].(float64)
			if !ok {
				return nil
			}
			if !l.personal {
				n = math.Round(n*100) / 100
			}
			return n
		}
	}
	lat := l.add(column(name+"_lat", tables.Number, q.Label.TH+" (ละติจูด)", q.Label.EN+" (latitude)"), part("lat"))
	lon := l.add(column(name+"_lon", tables.Number, q.Label.TH+" (ลองจิจูด)", q.Label.EN+" (longitude)"), part("lon"))
	if l.lat == "" {
		l.lat, l.lon = lat, lon
	}
	if l.personal {
		l.add(column(name+"_acc", tables.Number, q.Label.TH+" (ความแม่นยำ ม.)", q.Label.EN+" (accuracy, m)"), part("acc"))
	}
}

// table makes a column of each cell.
func (l *layout) table(q survey.Question) {
	for _, row := range q.Rows {
		if q.Type == survey.TypeCountTable {
			l.add(column(q.Name+"_"+row.Name, tables.Int, q.Label.TH+": "+row.Label.TH, q.Label.EN+": "+row.Label.EN), func(s *source) any {
				m, _ := s.review.Values[q.Name].(map[string]any)
				return m[row.Name]
			})
			continue
		}
		for _, c := range q.Columns {
			kind := kinds[c.Type]
			if kind == "" {
				if kind = tables.Text; !l.personal {
					continue
				}
			}
			label := survey.Text{TH: ": " + row.Label.TH + " " + c.Label.TH, EN: ": " + row.Label.EN + " " + c.Label.EN}
			l.add(column(q.Name+"_"+row.Name+"_"+c.Name, kind, q.Label.TH+label.TH, q.Label.EN+label.EN), func(s *source) any {
				m, _ := s.review.Values[q.Name].(map[string]any)
				cells, _ := m[row.Name].(map[string]any)
				return cells[c.Name]
			})
		}
	}
}

// indicators makes three columns of each, or of a score two.
func (l *layout) indicators(x *survey.Indicators) {
	for i, ind := range x.List() {
		prefix := fmt.Sprintf("i%02d", ind.No)
		outcome := func(s *source) survey.Outcome { return s.fam.full.Outcomes[i] }
		th, en := fmt.Sprintf("ตัวชี้วัด %d %s", ind.No, ind.Name.TH), fmt.Sprintf("Indicator %d %s", ind.No, ind.Name.EN)
		l.add(column(prefix+"_verdict", tables.Text, th+" (ผล)", en+" (verdict)"), func(s *source) any { return string(outcome(s).Verdict) })
		if ind.Score != "" {
			l.add(column(prefix+"_score", tables.Int, th+" (คะแนน)", en+" (score)"), func(s *source) any {
				if n := outcome(s).Score; n > 0 {
					return n
				}
				return nil
			})
			continue
		}
		l.add(column(prefix+"_applicable", tables.Int, th+" (สำรวจ)", en+" (applicable)"), func(s *source) any { return outcome(s).Applicable })
		l.add(column(prefix+"_failing", tables.Int, th+" (ตก)", en+" (failing)"), func(s *source) any { return outcome(s).Failing })
	}
	if len(x.Set().Definition().Levels) > 0 {
		l.add(column("level", tables.Int, "ระดับ", "Level"), func(s *source) any {
			if s.fam.full.Level > 0 {
				return s.fam.full.Level
			}
			return nil
		})
	}
}
