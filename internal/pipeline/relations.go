package pipeline

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
	"github.com/portent-cti/portent/internal/store"
)

const (
	// atHome is how far an actor's origin must be believed for what it does to
	// count as its country's; soleHome is how far if one origin alone says so, or
	// an account could move an actor.
	atHome   = 0.5
	soleHome = 0.6
	// relationDays is how far back relations of countries are told.
	relationDays = 2 * 365
	// mostRelations is how many countries each way are shown, and mostAttackers
	// how many actors of each.
	mostRelations = 20
	mostAttackers = 3
)

// homes says from which countries actors are, and how far that is believed.
type homes struct {
	said map[intel.Entity]map[intel.Entity]float64 // by documents
	ed   *Editor
	w    Window
	now  time.Time
}

func (ed *Editor) homes(ctx context.Context, r intel.Reader, w Window, now time.Time) (homes, error) {
	h := homes{map[intel.Entity]map[intel.Entity]float64{}, ed, w, now}
	past, err := ed.past(ctx, w, now)
	if err != nil {
		return h, err
	}
	rows, err := ed.DB.Homes(ctx, r, past)
	if err != nil {
		return h, err
	}
	names := make([]intel.Entity, len(rows))
	for i, a := range rows {
		names[i] = a.Link.From
	}
	mains, err := ed.DB.Mains(ctx, r, names)
	if err != nil {
		return h, err
	}
	for _, a := range rows {
		who := a.Link.From
		if main, ok := mains[who]; ok {
			who = main.Entity
		}
		if a.Origins < 2 && a.Probability < soleHome {
			continue
		}
		if h.said[who] == nil {
			h.said[who] = map[intel.Entity]float64{}
		}
		h.said[who][a.Link.To] = max(h.said[who][a.Link.To], a.Probability)
	}
	return h, nil
}

// of returns the countries that an actor is believed to be from, by documents
// and by the lists of the reference, which are of today. Where an address is
// registered is no part of it.
func (h homes) of(actor intel.Entity) map[intel.Entity]float64 {
	out := maps.Clone(h.said[actor])
	if f, ok := h.ed.Reference().Facts(actor); ok && !h.w.Back {
		for _, c := range f.Countries {
			if out == nil {
				out = map[intel.Entity]float64{}
			}
			out[c.Entity] = 1 - (1-out[c.Entity])*(1-score.Fuse(listings(c.SaidBy, h.now)))
		}
	}
	maps.DeleteFunc(out, func(_ intel.Entity, p float64) bool { return p < atHome })
	return out
}

// from returns the actors that are believed to be from a country.
func (h homes) from(country intel.Entity) []intel.Entity {
	actors := map[intel.Entity]bool{}
	for who := range h.said {
		actors[who] = true
	}
	for _, t := range h.ed.Reference().Told(country) {
		actors[t.Entity] = t.Relation == intel.OriginatesFrom || actors[t.Entity]
	}
	var out []intel.Entity
	for who, of := range actors {
		if _, ok := h.of(who)[country]; ok && of && who.Kind == intel.Actor {
			out = append(out, who)
		}
	}
	slices.SortFunc(out, func(a, b intel.Entity) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// attacksByCountry returns the mentions of attacks by actors of each country.
func (ed *Editor) attacksByCountry(ctx context.Context, r intel.Reader, d store.Days, w Window, now time.Time) (map[intel.Entity][]intel.Voiced, error) {
	byActor := map[int64][]intel.Voiced{}
	err := ed.DB.EachHeard(ctx, r, intel.Actor, d, func(id int64, heard []store.Heard) error {
		if attacks := of(heard, intel.Offensive); len(attacks) > 0 {
			byActor[id] = attacks
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	ids := slices.Sorted(maps.Keys(byActor))
	actors, err := ed.DB.Entities(ctx, ids)
	if err != nil {
		return nil, err
	}
	h, err := ed.homes(ctx, r, w, now)
	if err != nil {
		return nil, err
	}
	out := map[intel.Entity][]intel.Voiced{}
	for _, id := range ids {
		for country, p := range h.of(actors[id]) {
			for _, m := range byActor[id] {
				m.Share *= p
				out[country] = append(out[country], m)
			}
		}
	}
	return out, nil
}

// A pair is two countries, of which actors of the first attack the second.
type pair struct{ from, to intel.Entity }

// A telling is what is told of a pair.
type telling struct {
	mentions []intel.Voiced
	attacks  []store.Attack
}

// relations says who targets a country and whom its actors target.
func (ed *Editor) relations(ctx context.Context, r intel.Reader, p *intel.Profile, w Window, now time.Time) error {
	if p.Entity.Kind != intel.Country {
		return nil
	}
	h, err := ed.homes(ctx, r, w, now)
	if err != nil {
		return err
	}
	d := store.DaysBack(now, relationDays, w.then(now))
	on, err := ed.DB.AttacksOn(ctx, r, p.Entity, d)
	if err != nil {
		return err
	}
	by, err := ed.DB.AttacksBy(ctx, r, h.from(p.Entity), d)
	if err != nil {
		return err
	}
	told := map[pair]*telling{}
	add := func(k pair, a store.Attack, share float64) {
		if told[k] == nil {
			told[k] = &telling{}
		}
		told[k].attacks = append(told[k].attacks, a)
		a.Share *= share
		told[k].mentions = append(told[k].mentions, a.Voiced)
	}
	for _, a := range on {
		from := h.of(a.Actor)
		for country, share := range from {
			add(pair{country, p.Entity}, a, share)
		}
		if len(from) == 0 {
			add(pair{intel.Entity{}, p.Entity}, a, 1)
		}
	}
	for _, a := range by {
		if share, ok := h.of(a.Actor)[p.Entity]; ok && a.Target != p.Entity { // at home it is told of already
			add(pair{p.Entity, a.Target}, a, share)
		}
	}
	return ed.tensions(ctx, r, p, told, w, now)
}

// tensions puts what is told of pairs into the profile, the most tense first.
func (ed *Editor) tensions(ctx context.Context, r intel.Reader, p *intel.Profile, told map[pair]*telling, w Window, now time.Time) error {
	var all []intel.Tension
	for k, t := range told {
		all = append(all, ed.tension(k, *t, p.Entity, now))
	}
	slices.SortFunc(all, func(a, b intel.Tension) int {
		return cmp.Or(cmp.Compare(b.Tension, a.Tension), cmp.Compare(b.Documents, a.Documents), cmp.Compare(a.From.Name, b.From.Name), cmp.Compare(a.To.Name, b.To.Name))
	})
	shown := map[bool]int{}
	for _, t := range all {
		if inward := t.To == p.Entity; shown[inward] < mostRelations {
			shown[inward]++
			actors, err := ed.attackers(ctx, r, told[pair{t.From, t.To}].attacks, t.To, w, now)
			if err != nil {
				return err
			}
			t.Actors = actors
			p.Relations = append(p.Relations, t)
		}
	}
	if more := len(all) - len(p.Relations); more > 0 {
		p.Hidden["relations"] = more
	}
	return nil
}

// tension sums up what is told of a pair, seen from a country.
func (ed *Editor) tension(k pair, t telling, seen intel.Entity, now time.Time) intel.Tension {
	out := intel.Tension{From: k.from, To: k.to}
	other := k.from
	if k.from == seen {
		other = k.to
	}
	if out.Value = "origin not known"; other.Name != "" {
		out.Value = ed.Reference().CountryName(other.Name)
	}
	out.Tension, out.Change, out.Trend = score.Tension(t.mentions, now)
	voices, byMonth := map[int64]bool{}, map[time.Time]map[int64]bool{}
	documents := map[time.Time]int{}
	for _, a := range t.attacks {
		at := time.Unix(86400*a.Day, 0).UTC()
		month := time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, time.UTC)
		if byMonth[month] == nil {
			byMonth[month] = map[int64]bool{}
		}
		voices[a.Voice], byMonth[month][a.Voice] = true, true
		documents[month] += a.Documents
		out.Documents += a.Documents
		if out.First.IsZero() || at.Before(out.First) {
			out.First = at
		}
		if at.After(out.Last) {
			out.Last = at
		}
	}
	out.Origins = len(voices)
	last := time.Date(now.UTC().Year(), now.UTC().Month(), 1, 0, 0, 0, 0, time.UTC)
	for m := last.AddDate(0, -23, 0); !m.After(last); m = m.AddDate(0, 1, 0) {
		out.Monthly = append(out.Monthly, intel.Month{Start: m, Documents: documents[m], Origins: len(byMonth[m])})
	}
	return out
}

// attackers returns the actors that attacks are told of most, with evidence.
func (ed *Editor) attackers(ctx context.Context, r intel.Reader, attacks []store.Attack, target intel.Entity, w Window, now time.Time) ([]intel.Row, error) {
	documents := map[intel.Entity]int{}
	for _, a := range attacks {
		documents[a.Actor] += a.Documents
	}
	actors := slices.SortedFunc(maps.Keys(documents), func(a, b intel.Entity) int {
		return cmp.Or(cmp.Compare(documents[b], documents[a]), cmp.Compare(a.Name, b.Name))
	})
	past, err := ed.past(ctx, w, now)
	if err != nil {
		return nil, err
	}
	var rows []intel.Row
	for _, who := range actors[:min(len(actors), mostAttackers)] {
		names, err := ed.DB.NamesOf(ctx, r, who)
		if err != nil {
			return nil, err
		}
		links, err := ed.DB.Told(ctx, r, store.Names(names), target, past, intel.Targets, intel.ClaimsAttack)
		if err != nil {
			return nil, err
		}
		if len(links) == 0 {
			continue
		}
		a := links[0]
		dated, lasting := score.Dated(a.Link, a.Last, now), lastingOf(a.Assessment, w.cuts)
		row := intel.Row{ID: strconv.FormatInt(a.ID, 10), Entity: who, Relation: a.Link.Relation, Probability: a.Probability, First: a.First, Last: a.Last, Dated: dated,
			Level: w.cuts.Level(a.Probability, lasting, dated), Origins: a.Origins, Lasting: lasting, Documents: documents[who]}
		if row.Value, err = ed.title(ctx, r, who); err != nil {
			return nil, err
		}
		row.Joins = saidUnder(links, names)
		rows = append(rows, row)
	}
	if err := ed.join(ctx, r, target, func(e intel.Entity) bool { return e == target }, rows, w, now); err != nil {
		return nil, err
	}
	return rows, ed.prove(ctx, r, rows, w, now)
}

// saidUnder is links from names as what makes one row; none of one link of the very
// name.
func saidUnder(links []store.Assessed, names []store.Resolution) []intel.Join {
	var out []intel.Join
	for _, a := range links {
		i := slices.IndexFunc(names, func(n store.Resolution) bool { return n.Name == a.Link.From })
		out = append(out, intel.Join{Link: a.ID, Name: a.Link.From, Share: names[i].Share})
	}
	if len(out) == 1 && out[0].Share == 1 {
		return nil
	}
	return out
}
