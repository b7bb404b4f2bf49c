package analysis

import (
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
)

// KindName is the kind of duplicates that are alike, such as in name and birth
// date, in one village: see survey.RecordType.Alike. Every other kind is called
// after the questions whose answers are equal, joined by "+".
const KindName = "name"

// maxCounted bounds how many records of one key are counted: a number typed in
// everywhere for want of a better one must not slow every save.
const maxCounted = 1000

// duplicateSpace is the namespace of duplicate cases.
var duplicateSpace = uuid.MustParse("5a0d7c1e-6f57-5c1b-9a44-8b0f6f2d3e91")

// keyPlan is one way to recognise a record.
type keyPlan struct {
	kind      string
	questions []string
	name      bool // alike: the parts of a name count as one, the village counts too
}

// plansOf tells how the records of each type are recognised: by the form's
// unique keys, by every answer that identifies, and by what it calls alike.
func plansOf(c *survey.Catalog) map[*survey.RecordType][]keyPlan {
	out := map[*survey.RecordType][]keyPlan{}
	for _, f := range c.Forms() {
		for _, t := range f.Types() {
			out[t] = plansOfType(t)
		}
	}
	return out
}

func plansOfType(t *survey.RecordType) (plans []keyPlan) {
	add := func(questions ...string) {
		kind := strings.Join(questions, "+")
		if !slices.ContainsFunc(plans, func(p keyPlan) bool { return p.kind == kind }) {
			plans = append(plans, keyPlan{kind: kind, questions: questions})
		}
	}
	for _, u := range t.Unique() {
		add(u...)
	}
	for _, q := range t.Questions() {
		if q.Privacy == survey.PrivacyID && (q.Type == survey.TypeText || q.Type == survey.TypeThaiID) {
			add(q.Name)
		}
	}
	for _, questions := range t.Alike() {
		plans = append(plans, keyPlan{kind: KindName, questions: questions, name: true})
	}
	return plans
}

// key is a row of keys without its record.
type key struct {
	round syncproto.RecordID
	kind  string
	hash  [16]byte
}

// text is what a record is recognised by, in one spelling. Answers that are
// missing, or that stand for "not known", give none.
func (p keyPlan) text(t *survey.RecordType, values map[string]any, code area.Code) (string, bool) {
	if p.name {
		return p.alike(t, values, code)
	}
	var parts []string
	for _, name := range p.questions {
		q, _ := t.Question(name)
		s := plainAnswer(values[name])
		switch {
		case q.Privacy == survey.PrivacyID || q.Type == survey.TypeThaiID:
			if s = survey.NormaliseNumber(s); placeholder(s) {
				return "", false
			}
		default:
			s = strings.ToLower(area.CleanName(s))
		}
		if s == "" {
			return "", false
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, "\x00"), true
}

// alike is a name, written one way, with the other answers and the village. All
// of the others are needed, and some part of the name.
func (p keyPlan) alike(t *survey.RecordType, values map[string]any, code area.Code) (string, bool) {
	var names []string
	parts := []string{string(code)}
	for _, question := range p.questions {
		q, _ := t.Question(question)
		s := plainAnswer(values[question])
		if q.Privacy == survey.PrivacyName {
			names = append(names, s)
			continue
		}
		if s = strings.ToLower(area.CleanName(s)); s == "" {
			return "", false
		}
		parts = append(parts, s)
	}
	name := survey.NormaliseName(strings.Join(names, " "))
	return strings.Join(append(parts, name), "\x00"), name != "" || len(names) == 0
}

// plainAnswer is an answer as text; lists and maps give none.
func plainAnswer(v any) string {
	switch v := v.(type) {
	case string:
		return v[:min(len(v), 1000)]
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ""
}

// placeholder reports whether an identifier is one digit again and again, as
// people type when there is none.
func placeholder(s string) bool { return len(s) < 2 || strings.Count(s, s[:1]) == len(s) }

// settleKeys brings the keys of a record up to date. Only records that count
// and belong to a round have any.
func (b *batch) settleKeys(it *item, rec syncproto.Record) error {
	now, err := b.keysOf(it, rec)
	if err != nil {
		return err
	}
	had := it.holds&holdsKeys != 0
	it.holds &^= holdsKeys
	if len(now) > 0 {
		it.holds |= holdsKeys
	}
	if had {
		old, code, err := b.storedKeys(it.id)
		if err != nil {
			return err
		}
		for _, k := range old {
			if code == it.area && slices.Contains(now, k) {
				now = slices.DeleteFunc(now, func(n key) bool { return n == k })
				continue
			}
			b.touched[k] = true
			if err := b.exec(`DELETE FROM keys WHERE round = $1 AND kind = $2 AND key = $3 AND id = $4`, k.round[:], k.kind, k.hash[:], it.id[:]); err != nil {
				return err
			}
		}
	}
	for _, k := range now {
		b.touched[k] = true
		if err := b.exec(`INSERT INTO keys (round, kind, key, id, area) VALUES ($1, $2, $3, $4, $5)`, k.round[:], k.kind, k.hash[:], it.id[:], it.area); err != nil {
			return err
		}
	}
	return nil
}

func (b *batch) keysOf(it *item, rec syncproto.Record) (out []key, err error) {
	r := b.w.byID[it.round]
	if !it.attached || r == nil || r.x == nil || it.typ == syncproto.TypeVillage {
		return nil, nil
	}
	t, _ := r.x.Form().Type(it.typ)
	plans := b.w.plans[t]
	if len(plans) == 0 {
		return nil, nil
	}
	values := entryOf(t, rec).Values
	for _, p := range plans {
		text, ok := p.text(t, values, it.area)
		if !ok {
			continue
		}
		mac := hmac.New(sha256.New, b.a.pepper)
		mac.Write([]byte("duplicate\x00" + p.kind + "\x00" + text))
		out = append(out, key{round: it.round, kind: p.kind, hash: [16]byte(mac.Sum(nil))})
	}
	return out, nil
}

func (b *batch) storedKeys(id syncproto.RecordID) (out []key, code area.Code, err error) {
	out, err = rows(b, func(r *sql.Rows) (k key, err error) {
		var hash []byte
		err = r.Scan((*scanID)(&k.round), &k.kind, &hash, &code)
		copy(k.hash[:], hash)
		return k, err
	}, `SELECT round, kind, key, area FROM keys WHERE id = $1`, id[:])
	return out, code, err
}

// finishKeys opens and closes duplicate cases for the keys that changed.
func (b *batch) finishKeys() error {
	for k := range b.touched {
		var n int
		err := b.row(`SELECT count(*) FROM (SELECT 1 FROM keys WHERE round = $1 AND kind = $2 AND key = $3 LIMIT $4) AS k`, k.round[:], k.kind, k.hash[:], maxCounted).Scan(&n)
		if err != nil {
			return err
		}
		id := DuplicateID(k.round, k.kind, k.hash)
		if n < 2 {
			err = b.exec(`DELETE FROM duplicates WHERE id = $1`, id)
		} else {
			err = b.exec(`INSERT INTO duplicates (id, round, kind, key, n) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO UPDATE SET n = excluded.n`,
				id, k.round[:], k.kind, k.hash[:], n)
		}
		if err != nil {
			return err
		}
	}
	clear(b.touched)
	return nil
}

// DuplicateID is the id of the case about records of a round that have one key:
// the same whenever and wherever this office finds it.
func DuplicateID(round syncproto.RecordID, kind string, hash [16]byte) string {
	return uuid.NewSHA1(duplicateSpace, []byte(kind+"\x00"+string(round[:])+string(hash[:]))).String()
}
