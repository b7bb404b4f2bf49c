// Command judges prints random households with everything that the office
// concludes from them, as JSON lines, for another runtime of forms to compare
// with (clientlib/webapp/src/survey/judges.test.ts).
//
//	go run ./cmd/tambonsim/judges -seed 7 -cases 500
//
// The first lines are definitions: the built-in จปฐ. form with its indicators,
// and forms that hold every type of question and random expressions. Then come
// the cases, and at last the sums of all cases of each form. The same seed
// prints the same.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"

	"tambonsync/syncproto/survey"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "judges:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout io.Writer) error {
	f := flag.NewFlagSet("judges", flag.ContinueOnError)
	seed := f.Uint64("seed", 1, "what to begin with")
	cases := f.Int("cases", 500, "how many households")
	stress := f.Int("forms", 3, "how many random forms")
	if err := f.Parse(args); err != nil {
		return err
	}
	b := bufio.NewWriter(stdout)
	p := &printer{enc: json.NewEncoder(b), random: rand.New(rand.NewPCG(*seed, 4))}
	if err := p.all(*cases, *stress); err != nil {
		return err
	}
	return b.Flush()
}

type printer struct {
	enc    *json.Encoder
	random *rand.Rand
}

// ground is a form with its indicators and the sums of what was judged by them.
type ground struct {
	x     *survey.Indicators
	tally *survey.Tally
}

func (p *printer) all(cases, stress int) error {
	bmn, err := survey.Builtin().Indicators("bmn-2560@1", "bmn-2560@1")
	if err != nil {
		return err
	}
	grounds := []ground{{bmn, survey.NewTally()}}
	for i := range stress {
		x, err := randomIndicators(p.random, i+1)
		if err != nil {
			return err
		}
		grounds = append(grounds, ground{x, survey.NewTally()})
	}
	for _, g := range grounds {
		for _, definition := range [][]byte{g.x.Form().JSON(), g.x.Set().JSON()} {
			if err := p.enc.Encode(map[string]any{"definition": string(definition)}); err != nil {
				return err
			}
		}
	}
	for i := range cases {
		c := p.judge(grounds[i%len(grounds)])
		if err := p.enc.Encode(map[string]any{"case": c}); err != nil {
			return err
		}
	}
	for _, g := range grounds {
		err := p.enc.Encode(map[string]any{"sums": map[string]any{
			"form": g.x.Form().Ref(), "set": g.x.Set().Ref(), "summary": g.tally.Summary(g.x), "numbers": survey.Numbers(g.tally),
		}})
		if err != nil {
			return err
		}
	}
	return nil
}

// oneCase is a household and what Go concludes from it.
type oneCase struct {
	Form      string           `json:"form"`
	Set       string           `json:"set"`
	Type      string           `json:"type"`
	Entry     entry            `json:"entry"`
	Reference string           `json:"reference"`
	Carried   bool             `json:"carried"`
	Review    reviewed         `json:"review"`
	Complete  bool             `json:"complete"`
	Count     int              `json:"count"`
	State     survey.State     `json:"state"`
	Result    survey.Result    `json:"result"`
	Alone     []survey.Problem `json:"alone"` // of Check
	Groups    map[string]any   `json:"groups"`
	Flat      map[string]any   `json:"flat"`
	Changes   map[string]any   `json:"changes"`
	Packed    map[string]any   `json:"packed"`
	Masked    map[string]any   `json:"masked"`
}

type entry struct {
	Values   map[string]any     `json:"values"`
	Children map[string][]entry `json:"children,omitempty"`
	Today    string             `json:"today"`
}

// reviewed is a Review as data.
type reviewed struct {
	Type     string                `json:"type"`
	Values   map[string]any        `json:"values"`
	Asked    []string              `json:"asked"` // in form order
	Answered int                   `json:"answered"`
	Missing  []string              `json:"missing"`
	Problems []survey.Problem      `json:"problems"`
	Children map[string][]reviewed `json:"children"`
}

func (p *printer) judge(g ground) oneCase {
	form := g.x.Form()
	r := answerer{Rand: p.random, form: form}
	t, _ := form.Type(g.x.RecordType())
	e := r.entry(t)
	c := oneCase{
		Form: form.Ref(), Set: g.x.Set().Ref(), Type: t.Name(), Entry: e, Reference: r.pick(references), Carried: r.one(20),
	}
	if r.one(60) {
		c.Type = "nothing"
	}
	review := form.Review(c.Type, r.asDecoded(e), c.Reference)
	c.Review, c.Complete, c.Count = asData(form, review), review.Complete(), review.Count()
	c.State, c.Result = survey.DerivedState(review, c.Carried), g.x.Outcomes(review)
	c.Alone = form.Check(c.Type, e.Values)
	persons := 0
	for _, list := range review.Children {
		persons += len(list)
	}
	judged := survey.Judged{State: c.State, Complete: c.Complete, Persons: persons, Result: c.Result}
	g.tally.Add(judged)
	if r.one(10) {
		g.tally.Add(judged)
		g.tally.Remove(judged)
	}
	c.Groups = r.groups(t, e.Values)
	c.Flat = t.Unpack(c.Groups)
	c.Changes = r.values(t)
	c.Packed, c.Masked = t.Pack(c.Flat, c.Changes), t.Mask(c.Flat)
	return c
}

func asData(form *survey.Form, r survey.Review) reviewed {
	out := reviewed{
		Type: r.Type, Values: r.Values, Asked: []string{}, Answered: r.Answered, Missing: r.Missing, Problems: r.Problems,
		Children: map[string][]reviewed{},
	}
	if out.Values == nil {
		out.Values = map[string]any{}
	}
	t, _ := form.Type(r.Type)
	for _, q := range t.Questions() {
		if r.Asked[q.Name] {
			out.Asked = append(out.Asked, q.Name)
		}
	}
	for kind, list := range r.Children {
		for i := range list {
			out.Children[kind] = append(out.Children[kind], asData(form, list[i]))
		}
	}
	return out
}
