package xlsform

import (
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"tambonsync/syncproto/survey"
)

// field is one expression of a question or section: the columns it stands in,
// and how it is read.
type field struct {
	std, ext  string
	condition bool
}

var (
	relevantField    = field{"relevant", xRelevant, true}
	constraintField  = field{"constraint", xConstraint, true}
	calculationField = field{"calculation", xCalculation, false}
	filterField      = field{"choice_filter", xChoiceFilter, true}
	requiredField    = field{"required", xRequired, true}
)

// place is where an expression stands: what it may name.
type place struct {
	in     *typeShape
	this   *questionShape
	choice map[string]bool // of a choice_filter
}

// toXPath writes CEL as the standard column holds it, "" if it cannot.
func (f field) toXPath(at place, cel string) string {
	w := writer{in: at.in, this: at.this, choice: f == filterField}
	return w.xpathOf(cel, f.condition)
}

// toCEL reads what the standard column holds.
func (f field) toCEL(at place, xpath string) (string, []*fault) {
	n, bad := parseXPath(xpath)
	if bad != nil {
		return "", []*fault{bad}
	}
	t := translator{in: at.in, this: at.this}
	if f == filterField {
		t.choice = at.choice
	}
	var cel string
	if f.condition {
		cel = t.condition(n)
	} else {
		cel = t.calculation(n)
	}
	return cel, t.faults
}

// write returns both columns of an expression. Ours is only used where XPath
// would not come back as the same CEL.
func (f field) write(at place, cel string) (std, ext string) {
	if cel == "" {
		return "", ""
	}
	std = f.toXPath(at, cel)
	if again, faults := f.toCEL(at, std); len(faults) > 0 || again != cel || f == requiredField && isRequiredWord(std) {
		ext = cel
	}
	return std, ext
}

var requiredWords = map[string]bool{
	"yes": true, "true": true, "true()": true, "1": true, "no": false, "false": false, "false()": false, "0": false, "": false,
}

func isRequiredWord(s string) bool {
	_, ok := requiredWords[strings.ToLower(s)]
	return ok
}

// yes reads the cell of a mark.
func yes(s string) bool { return requiredWords[strings.ToLower(s)] }

// standardDefault writes a default as XLSForm does, "" if it has no way to.
func standardDefault(t survey.Type, v any) string {
	switch v := v.(type) {
	case string:
		return v
	case bool:
		if t == survey.TypeBool {
			return strings.Trim(yesWord(&questionShape{typ: t}, v), "'")
		}
	case float64:
		return number(v)
	case map[string]any:
		return pointText(v)
	case []any:
		var names []string
		for _, e := range v {
			name, _ := e.(string)
			names = append(names, name)
		}
		return strings.Join(names, " ")
	}
	return ""
}

// pointText writes a position as ODK Collect does, "" where it cannot: there an
// accuracy follows an altitude.
func pointText(v map[string]any) string {
	var parts []string
	for _, key := range pointKeys {
		n, ok := v[key].(float64)
		if !ok {
			break
		}
		parts = append(parts, number(n))
	}
	if len(parts) != len(v) {
		return ""
	}
	return strings.Join(parts, " ")
}

// readDefault reads a default of the standard column.
func readDefault(t survey.Type, s string) (any, bool) {
	switch t {
	case survey.TypeInt, survey.TypeDecimal, survey.TypeMoney:
		n, err := parseNumber(s)
		return n, err == nil
	case survey.TypeBool:
		return yes(s), isRequiredWord(s)
	case survey.TypeMulti:
		var out []any
		for name := range strings.FieldsSeq(s) {
			out = append(out, name)
		}
		return out, true
	case survey.TypeGeopoint:
		return readPoint(s)
	}
	return s, true
}

var pointKeys = []string{"lat", "lon", "alt", "acc"}

// readPoint reads "latitude longitude altitude accuracy"; the last two may be
// missing.
func readPoint(s string) (any, bool) {
	parts := strings.Fields(s)
	if len(parts) < 2 || len(parts) > len(pointKeys) {
		return nil, false
	}
	out := map[string]any{}
	for i, p := range parts {
		n, err := parseNumber(p)
		if err != nil {
			return nil, false
		}
		out[pointKeys[i]] = n
	}
	return out, true
}

// writeDefault returns both columns of a default.
func writeDefault(t survey.Type, v any) (std, ext string, err error) {
	if v == nil {
		return "", "", nil
	}
	std = standardDefault(t, v)
	if again, ok := readDefault(t, strings.TrimSpace(std)); ok && std != "" && !isExpression(std) && reflect.DeepEqual(again, v) {
		return std, "", nil
	}
	j, err := json.Marshal(v)
	return std, string(j), err
}

// isExpression tells a default that is to be computed.
func isExpression(s string) bool {
	return strings.Contains(s, "${") || strings.HasSuffix(s, ")") && strings.Contains(s, "(") && parses(s)
}

func parses(s string) bool {
	n, bad := parseXPath(s)
	return bad == nil && n.form != fColumn
}

// plainFilter reports whether the columns of the sheet can hold a choice's
// filter.
func plainFilter(f map[string]string) bool {
	var seen []string
	for k, v := range f {
		key := strings.ToLower(k)
		if headKey(k) != key || slices.Contains(seen, key) || slices.Contains(choiceColumns, key) ||
			strings.TrimSpace(k) != k || !isCode(k) || strings.TrimSpace(v) != v || v == "" {
			return false
		}
		seen = append(seen, key)
	}
	return true
}

// choiceColumns are the columns of the sheet choices that are no filter.
var choiceColumns = []string{"list_name", "name", "label", "image", "audio", "video", xFilter}

// isCode reports whether the name can be one of a choice or list.
func isCode(s string) bool {
	if s == "" || len(s) > 64 || strings.ContainsRune("_-.", rune(s[0])) {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		return !letter && !isDigit(r) && !strings.ContainsRune("_-.", r)
	})
}

// isName reports whether the name can be one of a question, section, record
// type or form.
func isName(s string) bool { return isCode(s) && !isDigit(rune(s[0])) }

func bound(s string) (*float64, bool) {
	if s == "" {
		return nil, true
	}
	n, err := parseNumber(s)
	return &n, err == nil
}

func countBound(s string) (*int, bool) {
	if s == "" {
		return nil, true
	}
	n, err := strconv.Atoi(s)
	return &n, err == nil && n >= 0
}
