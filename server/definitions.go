package server

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"

	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
	"tambonsync/syncproto/view"
)

// What a definitions answer holds at most, beside ChunkBytes.
const maxDefinitionItems = 5000

// maxOutfits bounds how many different grants have their hash remembered.
const maxOutfits = 10000

// outfit is what devices get beside records: read once for each revision of
// the store, so that a hello costs one look at the revision.
type outfit struct {
	mu          sync.Mutex
	read        bool
	revision    uint64
	rounds      []givenRound
	definitions []syncproto.Definition
	hashes      map[string]syncproto.Hash // by grants
}

type givenRound struct {
	raw   []byte
	round survey.Round
}

// belongings is the outfit of one device: what concerns its grants.
type belongings struct {
	hash        syncproto.Hash
	rounds      [][]byte
	definitions []syncproto.Definition
	villages    []syncproto.VillageName
}

// definitionsHash tells whether a device has to ask for definitions.
func (s *Server) definitionsHash(ctx context.Context, grants []area.Code) (syncproto.Hash, error) {
	o := &s.outfit
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.refresh(ctx, s.store); err != nil {
		return syncproto.Hash{}, err
	}
	key := joinGrants(grants)
	if h, ok := o.hashes[key]; ok {
		return h, nil
	}
	b, err := o.of(ctx, s.store, grants)
	if err != nil {
		return syncproto.Hash{}, err
	}
	if len(o.hashes) >= maxOutfits {
		clear(o.hashes)
	}
	o.hashes[key] = b.hash
	return b.hash, nil
}

func joinGrants(grants []area.Code) string {
	list := make([]string, len(grants))
	for i, g := range grants {
		list[i] = string(g)
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

// refresh reads rounds and definitions anew if the store has others. It takes
// the revision first: what changes meanwhile is read again the next time.
func (o *outfit) refresh(ctx context.Context, store Store) error {
	revision, err := store.Revision(ctx)
	if err != nil || o.read && revision == o.revision {
		return err
	}
	rounds, err := store.Rounds(ctx)
	if err != nil {
		return err
	}
	definitions, err := store.Definitions(ctx)
	if err != nil {
		return err
	}
	o.rounds, o.definitions, o.hashes = nil, nil, map[string]syncproto.Hash{}
	for _, r := range rounds {
		o.rounds = append(o.rounds, givenRound{r.Raw, view.Round(r.Record)})
	}
	for _, d := range definitions {
		if d.Status != StatusPublished {
			continue
		}
		given := syncproto.Definition{Kind: d.Kind, Ref: d.Ref(), Body: d.Body}
		if n, err := hex.Decode(given.Hash[:], []byte(d.Hash)); err != nil || n != len(given.Hash) {
			return fmt.Errorf("definition %s: hash %.80q", d.Ref(), d.Hash)
		}
		o.definitions = append(o.definitions, given)
	}
	o.revision, o.read = revision, true
	return nil
}

// of gathers what concerns the grants.
func (o *outfit) of(ctx context.Context, store Store, grants []area.Code) (b belongings, err error) {
	for _, r := range o.rounds {
		if slices.ContainsFunc(grants, func(g area.Code) bool { return r.round.Overlaps(string(g)) }) {
			b.rounds = append(b.rounds, r.raw)
		}
	}
	b.definitions = o.definitions
	for i, g := range grants {
		if slices.ContainsFunc(grants[:i], func(other area.Code) bool { return other.Contains(g) }) {
			continue
		}
		villages, err := store.Villages(ctx, g)
		if err != nil {
			return b, err
		}
		for _, v := range villages {
			b.villages = append(b.villages, syncproto.VillageName{Code: v.Code, NameTH: v.NameTH, NameEN: v.NameEN, LocalGov: v.LocalGov})
		}
	}
	slices.SortFunc(b.villages, func(x, y syncproto.VillageName) int { return strings.Compare(string(x.Code), string(y.Code)) })
	b.villages = slices.Compact(b.villages)
	if len(b.rounds)+len(b.definitions)+len(b.villages) == 0 {
		return b, nil
	}
	whole, err := syncproto.EncodeMessage(syncproto.DefinitionsResponse{Rounds: b.rounds, All: b.names(), Villages: b.villages})
	if err != nil {
		return b, err
	}
	b.hash = syncproto.HashRecord(whole)
	return b, nil
}

func (b belongings) names() (all []syncproto.DefinitionHash) {
	for _, d := range b.definitions {
		all = append(all, d.Hash)
	}
	return all
}

func (s *Server) definitions(ctx context.Context, d Device, q syncproto.DefinitionsRequest) (a syncproto.DefinitionsResponse, err error) {
	if len(q.Have) > syncproto.MaxDefinitions {
		return a, refuse(syncproto.CodeTooLarge, "%d definitions, at most %d", len(q.Have), syncproto.MaxDefinitions)
	}
	b, err := s.belongings(ctx, d.Grants)
	if err != nil {
		return a, fmt.Errorf("definitions of %s: %w", d.ID, err)
	}
	if q.Hash != b.hash {
		q.Skip = 0
	}
	return b.page(q), nil
}

func (s *Server) belongings(ctx context.Context, grants []area.Code) (belongings, error) {
	s.outfit.mu.Lock()
	defer s.outfit.mu.Unlock()
	if err := s.outfit.refresh(ctx, s.store); err != nil {
		return belongings{}, err
	}
	return s.outfit.of(ctx, s.store, grants)
}

// page cuts out the items from q.Skip on: rounds, then definitions that the
// device lacks, then villages. It ends with the item that fills it.
func (b belongings) page(q syncproto.DefinitionsRequest) syncproto.DefinitionsResponse {
	a := syncproto.DefinitionsResponse{Hash: b.hash, All: b.names()}
	place, items, bytes := uint64(0), 0, 0
	fits := func(size int) bool {
		place++
		if place <= q.Skip {
			return false
		}
		if items >= maxDefinitionItems || bytes >= syncproto.ChunkBytes {
			a.More = true
			return false
		}
		items++
		bytes += size
		return true
	}
	for _, r := range b.rounds {
		if fits(len(r)) {
			a.Rounds = append(a.Rounds, r)
		}
	}
	for _, d := range b.definitions {
		if !slices.Contains(q.Have, d.Hash) && fits(len(d.Body)) {
			a.Definitions = append(a.Definitions, d)
		}
	}
	for _, v := range b.villages {
		if fits(len(v.NameTH) + len(v.NameEN) + len(v.LocalGov) + 16) {
			a.Villages = append(a.Villages, v)
		}
	}
	return a
}
