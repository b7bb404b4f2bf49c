package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"tambonsync/server"
)

// description is openapi.json as the office serves it, and what of it was seen
// in answers.
type description struct {
	t        *testing.T
	doc      map[string]any
	compiler *jsonschema.Compiler
	seen     map[string]bool // "Schema.property"
}

const descriptionURL = "mem:///openapi.json"

func readDescription(t *testing.T) *description {
	t.Helper()
	body, err := os.ReadFile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	d := &description{t: t, doc: doc.(map[string]any), compiler: jsonschema.NewCompiler(), seen: map[string]bool{}}
	d.compiler.AssertFormat()
	if err := d.compiler.AddResource(descriptionURL, doc); err != nil {
		t.Fatal(err)
	}
	return d
}

// at follows keys into the document.
func (d *description) at(keys ...string) any {
	var v any = d.doc
	for _, k := range keys {
		m, _ := v.(map[string]any)
		v = d.resolve(m[k])
	}
	return v
}

// resolve follows a reference inside the document.
func (d *description) resolve(v any) any {
	m, _ := v.(map[string]any)
	if ref, ok := m["$ref"].(string); ok {
		return d.at(strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
	}
	return v
}

// schema compiles the schema at the keys.
func (d *description) schema(keys ...string) *jsonschema.Schema {
	d.t.Helper()
	pointer := ""
	for _, k := range keys {
		pointer += "/" + strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D", " ", "%20").Replace(k)
	}
	s, err := d.compiler.Compile(descriptionURL + "#" + pointer)
	if err != nil {
		d.t.Fatal(err)
	}
	return s
}

type operation struct {
	method, path string // as the document writes it: "get", "/api/v1/records/{id}"
	node         map[string]any
}

func (o operation) String() string { return strings.ToUpper(o.method) + " " + o.path }

func (d *description) operations() (out []operation) {
	paths := d.doc["paths"].(map[string]any)
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		item := paths[path].(map[string]any)
		for _, method := range slices.Sorted(maps.Keys(item)) {
			out = append(out, operation{method, path, item[method].(map[string]any)})
		}
	}
	return out
}

// answersJSON reports whether an operation has a JSON answer to check.
func (d *description) answersJSON(o operation) bool {
	content, _ := d.at("paths", o.path, o.method, "responses", "200", "content", "application/json").(map[string]any)
	return content != nil
}

// parameters returns an operation's parameters in query or path.
func (d *description) parameters(o operation, in string) (names []string) {
	list, _ := o.node["parameters"].([]any)
	for _, p := range list {
		if p := d.resolve(p).(map[string]any); p["in"] == in {
			names = append(names, p["name"].(string))
		}
	}
	return names
}

func routesOf(t *testing.T) []*echo.Route {
	t.Helper()
	o := newOffice(t)
	s, err := server.New(t.Context(), server.Config{Store: o.store})
	if err != nil {
		t.Fatal(err)
	}
	return s.Handler().(*echo.Echo).Routes()
}

var echoParameter = regexp.MustCompile(`:([a-z]+)`)

func TestTheDescriptionHasEveryRouteAndNoOther(t *testing.T) {
	d := readDescription(t)
	described := map[string]bool{}
	for _, o := range d.operations() {
		described[o.String()] = true
		var want []string
		for _, m := range regexp.MustCompile(`\{([a-z]+)\}`).FindAllStringSubmatch(o.path, -1) {
			want = append(want, m[1])
		}
		if got := d.parameters(o, "path"); !slices.Equal(got, want) {
			t.Errorf("%s describes the path parameters %v, want %v", o, got, want)
		}
	}
	for _, r := range routesOf(t) {
		name := r.Method + " " + echoParameter.ReplaceAllString(r.Path, "{$1}")
		if !described[name] {
			t.Errorf("%s is not described", name)
		}
		delete(described, name)
	}
	for name := range described {
		t.Errorf("%s is described and not there", name)
	}
}

func TestTheDescriptionIsServedToAnybody(t *testing.T) {
	o := newOffice(t)
	a := o.api(http.MethodGet, "/openapi.json", "", nil, nil)
	file, err := os.ReadFile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if a.status != http.StatusOK || !bytes.Equal(a.body, file) {
		t.Errorf("answered %d with %d bytes, want the %d of the file", a.status, len(a.body), len(file))
	}
}

// Every schema of an object says whether it takes more than it names; what
// takes more is a map by question, language or number, and says so.
func TestNoSchemaOfAnObjectIsLeftOpen(t *testing.T) {
	d := readDescription(t)
	schemas := 0
	var walk func(place string, v any)
	walk = func(place string, v any) {
		switch v := v.(type) {
		case []any:
			for i, x := range v {
				walk(fmt.Sprintf("%s/%d", place, i), x)
			}
		case map[string]any:
			for k, x := range v {
				if k != "example" && k != "examples" && k != "default" {
					walk(place+"/"+k, x)
				}
			}
			if v["type"] != "object" {
				return
			}
			schemas++
			more, said := v["additionalProperties"]
			switch {
			case !said:
				t.Errorf("%s does not say whether it takes more properties", place)
			case more != false && (v["properties"] != nil || v["description"] == nil):
				t.Errorf("%s takes properties that it does not name, and does not say which", place)
			}
		}
	}
	walk("", d.doc["paths"])
	walk("", d.doc["components"].(map[string]any)["schemas"])
	if schemas < 50 {
		t.Errorf("walked over %d schemas of objects: too few", schemas)
	}
}

func TestTheExamplesOfTheDescriptionFitIt(t *testing.T) {
	d := readDescription(t)
	n := 0
	check := func(name string, keys []string, v any) {
		n++
		if err := d.schema(append(slices.Clone(keys), "schema")...).Validate(v); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name := range d.at("components", "responses").(map[string]any) {
		keys := []string{"components", "responses", name, "content", "application/problem+json"}
		check(name, keys, d.at(append(slices.Clone(keys), "example")...))
	}
	for _, o := range d.operations() {
		keys := []string{"paths", o.path, o.method, "responses", "200", "content", "application/json"}
		if example := d.at(append(slices.Clone(keys), "example")...); example != nil {
			check(o.String(), keys, example)
		}
		keys = []string{"paths", o.path, o.method, "requestBody", "content", "application/json"}
		examples, _ := d.at(append(slices.Clone(keys), "examples")...).(map[string]any)
		if d.at(keys...) != nil && len(examples) == 0 {
			t.Errorf("%s has no example of its body", o)
		}
		for name, e := range examples {
			check(o.String()+" "+name, keys, e.(map[string]any)["value"])
		}
	}
	if n < 25 {
		t.Errorf("checked %d examples: too few", n)
	}
}

// answered checks one answer against the description.
func (d *description) answered(op operation, a answer) {
	d.t.Helper()
	responses := op.node["responses"].(map[string]any)
	status := fmt.Sprint(a.status)
	if responses[status] == nil {
		d.t.Errorf("%s answered %s, which is not described: %s", op, status, a.body)
		return
	}
	keys := []string{"paths", op.path, op.method, "responses", status, "content", "application/json"}
	if ref, ok := responses[status].(map[string]any)["$ref"].(string); ok {
		keys = append(strings.Split(strings.TrimPrefix(ref, "#/"), "/"), "content", "application/problem+json")
	}
	if d.at(keys...) == nil {
		return // no JSON
	}
	kind, _, _ := strings.Cut(a.header.Get("Content-Type"), ";")
	if kind != keys[len(keys)-1] {
		d.t.Errorf("%s answered %s, want %s", op, kind, keys[len(keys)-1])
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(a.body))
	if err != nil {
		d.t.Fatal(err)
	}
	schema := d.schema(append(keys, "schema")...)
	if err := schema.Validate(value); err != nil {
		d.t.Errorf("%s: %v\n%.2000s", op, err, a.body)
	}
	d.mark(d.node(keys), value)
	if more, ok := value.(map[string]any); ok && op.path != "/api/v1/openapi.json" {
		more["zz_unknown"] = 1
		if schema.Validate(more) == nil {
			d.t.Errorf("%s: a property that is not described passes", op)
		}
	}
}

func (d *description) node(keys []string) any {
	content, _ := d.at(keys...).(map[string]any)
	return content["schema"]
}

// mark notes which described properties an answer has.
func (d *description) mark(schema, value any) {
	m, _ := schema.(map[string]any)
	name := ""
	if ref, ok := m["$ref"].(string); ok {
		name = ref[strings.LastIndex(ref, "/")+1:]
		m, _ = d.resolve(schema).(map[string]any)
	}
	for _, one := range list(m["oneOf"]) {
		d.mark(one, value)
	}
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			d.mark(m["items"], item)
		}
	case map[string]any:
		properties, _ := m["properties"].(map[string]any)
		for k, x := range v {
			if properties[k] == nil {
				d.mark(m["additionalProperties"], x)
				continue
			}
			if name != "" {
				d.seen[name+"."+k] = true
			}
			d.mark(properties[k], x)
		}
	}
}

func list(v any) []any { l, _ := v.([]any); return l }

// unseen lists the described properties of answers that no answer had.
func (d *description) unseen() (out []string) {
	for name, schema := range d.at("components", "schemas").(map[string]any) {
		properties, _ := schema.(map[string]any)["properties"].(map[string]any)
		for p := range properties {
			if !d.seen[name+"."+p] {
				out = append(out, name+"."+p)
			}
		}
	}
	slices.Sort(out)
	return out
}

// examplesOf are the bodies that the description gives as examples, by name.
func (d *description) examplesOf(o operation) map[string]json.RawMessage {
	examples, _ := d.at("paths", o.path, o.method, "requestBody", "content", "application/json", "examples").(map[string]any)
	out := map[string]json.RawMessage{}
	for name, e := range examples {
		body, err := json.Marshal(e.(map[string]any)["value"])
		if err != nil {
			d.t.Fatal(err)
		}
		out[name] = body
	}
	return out
}
