package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/portent-cti/portent/internal/correlate"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/reference"
	"github.com/portent-cti/portent/internal/score"
	"github.com/portent-cti/portent/internal/store"
)

// A naming is what is said of one name and what a profile is of.
type naming struct {
	name    intel.Entity
	title   string
	lists   []string // that say it is an alias
	share   float64  // with which it means what the profile is of
	claims  wording
	against wording              // that deny it
	ruled   []intel.AliasVerdict // of analysts who dispute it
	apart   bool                 // it does not stand for what the profile is of
}

// wording is the links that say something of a name.
type wording struct {
	links     []intel.Join
	documents int
}

// calling is the names of a profile, without what proves them.
type calling struct {
	set               *reference.Set // whose lists these are
	all               []naming
	aliases, disputed []intel.Row
}

// aliases lists the names that stand for the profile's entity, with who says so and
// how far that is believed: a list of the reference is an undated voice, a claim of
// documents is the link it became, and what denies it speaks against it. Apart from
// them are the names that somebody says stand for it, and that do not because somebody
// says otherwise.
func (ed *Editor) aliases(ctx context.Context, r intel.Reader, s subject, w Window, now time.Time) (aliases, disputed []intel.Row, err error) {
	c := s.digest.calling
	if c.set != ed.Reference() {
		if c, err = ed.calling(ctx, r, s, w, now); err != nil {
			return nil, nil, err
		}
	}
	aliases, disputed = slices.Clone(c.aliases), slices.Clone(c.disputed)
	for _, rows := range [][]intel.Row{aliases, disputed} {
		if err := ed.knownSince(ctx, r, s.names[0].Name, rows, w, now); err != nil {
			return nil, nil, err
		}
		if err := ed.prove(ctx, r, rows, w, now); err != nil {
			return nil, nil, err
		}
	}
	if w.Proofs > 0 {
		object(r, c.all, aliases, disputed)
	}
	return aliases, disputed, nil
}

// calling weighs the names of a profile.
func (ed *Editor) calling(ctx context.Context, r intel.Reader, s subject, w Window, now time.Time) (c calling, err error) {
	c.set = ed.Reference()
	if c.all, err = ed.namings(ctx, r, s, w, now); err != nil {
		return c, err
	}
	var ids []int64
	for _, n := range c.all {
		for _, j := range append(slices.Clip(n.claims.links), n.against.links...) {
			ids = append(ids, j.Link)
		}
	}
	found, err := ed.weigh(ctx, r, ids, w, now)
	if err != nil {
		return c, err
	}
	for _, n := range c.all {
		row, err := ed.named(ctx, n, s.names[0].Name, found)
		if err != nil {
			return c, err
		}
		if n.apart {
			c.disputed = append(c.disputed, row)
		} else {
			c.aliases = append(c.aliases, row)
		}
	}
	likelier := func(a, b intel.Row) int { return cmp.Compare(b.Probability, a.Probability) }
	slices.SortStableFunc(c.aliases, likelier)
	slices.SortStableFunc(c.disputed, likelier)
	return c, nil
}

// Called lists what e is called, and the names of which that is disputed, as its
// profile does.
func (ed *Editor) Called(ctx context.Context, r intel.Reader, e intel.Entity, w Window, now time.Time) (aliases, disputed []intel.Row, err error) {
	names, err := ed.DB.NamesOf(ctx, r, e)
	if err != nil {
		return nil, nil, err
	}
	w, past, err := ed.weighed(ctx, w, now)
	if err != nil {
		return nil, nil, err
	}
	outline, err := ed.outline(ctx, r, e, names, past)
	if err != nil {
		return nil, nil, err
	}
	return ed.aliases(ctx, r, subject{names: names, outline: outline}, w, now)
}

// namings gathers what is said of each name.
func (ed *Editor) namings(ctx context.Context, r intel.Reader, s subject, w Window, now time.Time) ([]naming, error) {
	claims, err := ed.claims(ctx, r, s, intel.AliasOf)
	if err != nil {
		return nil, err
	}
	against, err := ed.claims(ctx, r, s, intel.NotAliasOf)
	if err != nil {
		return nil, err
	}
	verdicts, err := ed.DB.AliasVerdicts(ctx)
	if err != nil {
		return nil, err
	}
	if w.Back {
		verdicts = slices.DeleteFunc(verdicts, func(v intel.AliasVerdict) bool { return v.At.After(now) })
	}
	inForce := intel.InForce(verdicts)
	who := s.names[0].Name
	ruled := disputesOf(who, s.outline.Has, inForce)
	spelled := map[string]bool{who.Name: true}
	var out []naming
	for _, n := range s.names {
		lists := slices.DeleteFunc(slices.Clone(n.SaidBy), func(by string) bool { return by == correlate.ByDocuments })
		if w.Back {
			lists = confirmedBy(lists, n.Name, inForce)
		}
		if spelled[n.Name.Name] || len(lists) == 0 && len(claims[n.Name].links) == 0 { // or said by documents of later
			continue
		}
		spelled[n.Name.Name] = true
		title, err := ed.title(ctx, r, n.Name)
		if err != nil {
			return nil, err
		}
		out = append(out, naming{name: n.Name, title: title, lists: lists, share: n.Share, claims: claims[n.Name], against: against[n.Name], ruled: ruled[n.Name]})
	}
	if !w.Back { // the lists are of today
		unseen := ed.unseen(who, spelled, inForce)
		out = append(out, unseen...)
	}
	denied := slices.Concat(slices.Collect(maps.Keys(against)), slices.Collect(maps.Keys(ruled)))
	slices.SortFunc(denied, func(a, b intel.Entity) int { return cmp.Compare(a.String(), b.String()) })
	for _, name := range slices.Compact(denied) {
		n := naming{name: name, share: 1, claims: claims[name], against: against[name], ruled: ruled[name], apart: true}
		for _, c := range ed.Reference().Resolve(name) {
			if c.Entity == who && !w.Back {
				n.lists, n.share = c.SaidBy, c.Share
			}
		}
		for _, c := range ed.Reference().Resolve(who) {
			if c.Entity == name && !w.Back {
				n.lists, n.share = c.SaidBy, c.Share
			}
		}
		if spelled[name.Name] || len(n.lists) == 0 && len(n.claims.links) == 0 {
			continue // told of above, or nobody says it
		}
		if n.title, err = ed.title(ctx, r, name); err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	return out, nil
}

// confirmedBy leaves out of who lists a name the analysts whose word on it is not in force.
func confirmedBy(lists []string, name intel.Entity, inForce []intel.AliasVerdict) []string {
	return slices.DeleteFunc(lists, func(by string) bool {
		return intel.SourceID(by).Reserved() && !slices.ContainsFunc(inForce, func(v intel.AliasVerdict) bool {
			return v.Ruling == intel.Confirm && v.Name == name && string(v.By) == by
		})
	})
}

// disputesOf returns the verdicts that dispute names of who, by name.
func disputesOf(who intel.Entity, own func(intel.Entity) bool, inForce []intel.AliasVerdict) map[intel.Entity][]intel.AliasVerdict {
	out := map[intel.Entity][]intel.AliasVerdict{}
	for _, v := range inForce {
		if v.Ruling != intel.Dispute {
			continue
		}
		for _, ends := range [][2]intel.Entity{{v.Name, v.Other}, {v.Other, v.Name}} {
			if name, of := ends[0], ends[1]; name != who && (of == who || own(of)) {
				out[name] = append(out[name], v)
			}
		}
	}
	return out
}

// claims returns the links of a relation between names of the profile and others, by
// those, the names of the profile among them.
func (ed *Editor) claims(ctx context.Context, r intel.Reader, s subject, rel intel.Relation) (map[intel.Entity]wording, error) {
	out := map[intel.Entity]wording{}
	for _, inward := range []bool{true, false} {
		section := store.Section{Relations: []intel.Relation{rel}, Inward: inward, Class: intel.Name}
		found, _, err := ed.DB.RowsOf(ctx, r, s.outline, section, 500, 0)
		if err != nil {
			return nil, err
		}
		for _, a := range found {
			name, _ := a.Other(section)
			c := out[name]
			c.documents = max(c.documents, a.Documents)
			for _, j := range a.Joined(section) {
				j.Denies = rel == intel.NotAliasOf
				c.links = append(c.links, j)
			}
			out[name] = c
		}
	}
	return out, nil
}

// unseen returns the names that the reference lists and no document uses, but for
// those of which analysts say that they are another's.
func (ed *Editor) unseen(who intel.Entity, spelled map[string]bool, inForce []intel.AliasVerdict) (out []naming) {
	rulings := correlate.NewRulings(inForce, ed.Reference().Resolve)
	known := map[string]bool{}
	for name := range spelled {
		known[intel.Compact(name)] = true
	}
	for _, a := range ed.Reference().Aliases(who) {
		if known[intel.Compact(a.Text)] {
			continue
		}
		name := intel.NewEntity(who.Kind, a.Text)
		if len(inForce) > 0 {
			means := rulings.On(name, ed.Reference().Resolve(name))
			if !slices.ContainsFunc(means, func(c reference.Candidate) bool { return c.Entity == who }) {
				continue
			}
		}
		spelled[name.Name] = true
		out = append(out, naming{name: name, title: a.Text, lists: a.SaidBy, share: a.Share})
	}
	return out
}

// named is the row of a name.
func (ed *Editor) named(ctx context.Context, n naming, who intel.Entity, w weighing) (intel.Row, error) {
	row := intel.Row{Entity: n.name, Value: n.title, Relation: intel.AliasOf, SaidBy: n.lists, Disputed: len(n.against.links)+len(n.ruled) > 0}
	row.ID = says(who, row, true)
	for _, j := range append(slices.Clip(n.claims.links), n.against.links...) {
		j.Share = n.share
		row.Joins = append(row.Joins, j)
	}
	sayings, at := w.sayings(row)
	m, err := w.measure(ctx, at)
	if err != nil {
		return row, err
	}
	a, steps := m.Together(sayings)
	if len(n.lists) > 0 {
		row.Listed = score.Fuse(listings(n.lists, w.now))
		row.Probability, row.Origins, row.Lasting = row.Listed*n.share*score.Consent(steps), len(n.lists), len(n.lists)
	} else {
		row.Probability, row.Origins, row.First, row.Last, row.Dated = a.Probability, a.Origins, a.First, a.Last, w.dated(row, a)
		if row.Lasting, err = w.lasting(ctx, sayings, a); err != nil {
			return row, err
		}
		row.SaidBy = voicesOf(sayings, intel.Supports)
	}
	row.Against = voicesOf(sayings, intel.Disputes)
	if len(n.ruled) > 0 {
		row.Against = append(row.Against, byAnalyst)
	}
	if n.apart {
		for range n.ruled {
			row.Probability *= 1 - score.Objection*score.Reliability('A')
		}
	}
	said, err := w.documents(ctx, row)
	if err != nil {
		return row, err
	}
	row.Documents = max(n.claims.documents, said)
	row.Level = w.cuts.Level(row.Probability, row.Lasting, row.Dated)
	if len(row.Joins) == 1 && row.Joins[0].Share == 1 && len(n.lists) == 0 && !row.Disputed { // that link as it stands
		row.ID, row.Joins = strconv.FormatInt(row.Joins[0].Link, 10), nil
	}
	return row, nil
}

// byAnalyst is who disputes a name for those who may not read whose word it is.
const byAnalyst = "an analyst"

// mostVoices is how many of those are named who say a name.
const mostVoices = 12

// voicesOf returns whose words support something or dispute it, each once.
func voicesOf(sayings []score.Saying, stance intel.Stance) (out []string) {
	for _, s := range sayings {
		for _, e := range s.Evidence {
			if e.Stance == stance {
				out = append(out, e.Origin)
			}
		}
	}
	slices.Sort(out)
	out = slices.Compact(out)
	if more := len(out) - mostVoices; more > 0 {
		out = append(out[:mostVoices:mostVoices], fmt.Sprintf("%d more", more))
	}
	return out
}

// object turns what proves that a name is not an alias against it, and puts before it
// what analysts say whose word the reader may read.
func object(r intel.Reader, all []naming, tables ...[]intel.Row) {
	byName := make(map[intel.Entity]naming, len(all))
	for _, n := range all {
		byName[n.name] = n
	}
	for _, rows := range tables {
		for i, row := range rows {
			n := byName[row.Entity]
			var words []intel.Proof
			for _, v := range n.ruled {
				if v.Marking <= r.Clearance {
					words = append(words, intel.Proof{Document: v.Kept, Source: v.By, Genre: intel.Verdict, Title: "Disputed by " + string(v.By) + ": " + v.Name.String() + " is " + v.Other.String(),
						Snippet: v.Reason, Offset: -1, At: v.At, Stance: intel.Disputes, Weight: 1, Marking: v.Marking})
				}
			}
			rows[i].Evidence = append(words, row.Evidence...)
		}
	}
}

// contest tells in rows of associated actors, of names that e or one of them goes by,
// what the list of names tells that they stand in: that of e, or of whom e is a name.
func (ed *Editor) contest(ctx context.Context, r intel.Reader, e intel.Entity, rows, own []intel.Row, w Window, now time.Time) error {
	told := make(map[intel.Entity]intel.Row, len(own))
	for _, row := range own {
		told[row.Entity] = row
	}
	isAlias := func(row intel.Row) bool { return row.Relation == intel.AliasOf }
	if !slices.ContainsFunc(rows, isAlias) {
		return nil
	}
	means, err := ed.DB.Candidates(ctx, r, []intel.Entity{e})
	if err != nil {
		return err
	}
	for _, c := range means[e] {
		if _, ok := told[c.Entity]; ok || c.Entity == e || !slices.ContainsFunc(rows, func(row intel.Row) bool { return isAlias(row) && row.Entity == c.Entity }) {
			continue
		}
		aliases, disputed, err := ed.Called(ctx, r, c.Entity, w, now)
		if err != nil {
			return err
		}
		for _, row := range append(aliases, disputed...) {
			if row.Entity == e {
				told[c.Entity] = row
			}
		}
	}
	for i, row := range rows {
		if as, ok := told[row.Entity]; ok && isAlias(row) {
			as.Entity, as.Value, as.Role, as.Description, as.Common = row.Entity, row.Value, row.Role, row.Description, row.Common
			rows[i] = as
		}
	}
	slices.SortStableFunc(rows, ranked)
	return nil
}
