package pipeline

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
	"github.com/portent-cti/portent/internal/store"
)

// inPacks reports whether the packs say more of e than its name, or a catalogue has it:
// of a vendor, whether entries were forecast from one.
func (ed *Editor) inPacks(ctx context.Context, e intel.Entity) (bool, error) {
	if ed.listedAtAll(e) {
		return true, nil
	}
	if e.Kind == intel.Vendor {
		fs, err := ed.DB.ForecastsOf(ctx, intel.Public(), e, store.Period{To: time.Unix(1<<32, 0)})
		return slices.ContainsFunc(fs, func(f intel.Forecast) bool { return byCatalogue(f.Kind) }), err
	}
	text, err := ed.catalogued(ctx, e, time.Time{})
	return text != "", err
}

// listedAtAll reports whether the packs say more of e than its name.
func (ed *Editor) listedAtAll(e intel.Entity) bool {
	_, ok := ed.Reference().Facts(e)
	return ok || len(ed.Reference().Told(e)) > 0
}

// listed adds to the rows of one table what the reference says of e: the
// countries it is alleged to be from and to attack, the techniques and software
// that ATT&CK lists, and whom either is said of. It is believed like an undated
// word of those lists. Where documents say it too, lists that allege countries
// are further voices; ATT&CK's lists may be what the documents were written from,
// so a row is believed as its stronger half.
func (ed *Editor) listed(e intel.Entity, table string, rows []intel.Row, cuts score.Cuts, now time.Time) []intel.Row {
	type key struct {
		entity intel.Entity
		role   string
	}
	there := map[key]int{}
	for i, r := range rows {
		there[key{r.Entity, r.Role}] = i
	}
	for _, row := range ed.told(e, table) {
		p := score.Fuse(listings(row.SaidBy, now))
		i, ok := there[key{row.Entity, row.Role}]
		if !ok {
			row.Origins, row.Lasting, row.Probability, row.Level, row.Listed = len(row.SaidBy), len(row.SaidBy), p, cuts.Level(p, len(row.SaidBy), false), p
			row.ID = says(e, row, table == "associated_actors")
			there[key{row.Entity, row.Role}] = len(rows)
			rows = append(rows, row)
			continue
		}
		r := &rows[i]
		if r.SaidBy != nil {
			continue // listed twice
		}
		r.SaidBy, r.Description, r.Listed = row.SaidBy, cmp.Or(r.Description, row.Description), p
		if len(r.Joins) == 0 { // else it says already what it is
			r.Joins, r.ID = joinsOf(*r), says(e, row, table == "associated_actors")
		}
		if row.Relation != intel.Uses {
			r.Origins, r.Lasting = r.Origins+len(row.SaidBy), r.Lasting+len(row.SaidBy)
			r.Probability = 1 - (1-r.Probability)*(1-p)
		} else {
			r.Probability = max(r.Probability, p)
		}
		r.Level = cuts.Level(r.Probability, r.Lasting, r.Dated)
	}
	return rows
}

// lifted notes how many voices count for High of rows that documents alone make no High
// and the reference may: of others their level tells it, see [lastingOf], and where lists
// count as voices one of those and the one that dates the row are two.
func (ed *Editor) lifted(ctx context.Context, r intel.Reader, e intel.Entity, table string, rows []intel.Row, w Window, now time.Time) error {
	at := map[int64]int{}
	for _, told := range ed.told(e, table) {
		i := slices.IndexFunc(rows, func(row intel.Row) bool { return row.Entity == told.Entity && row.Role == told.Role })
		if i < 0 || told.Relation != intel.Uses || rows[i].Level == intel.High || rows[i].Lasting < 2 || !rows[i].Dated || len(rows[i].Joins) > 0 {
			continue
		}
		for _, link := range rows[i].Links() {
			at[link] = i
		}
	}
	if len(at) == 0 {
		return nil
	}
	weighed, err := ed.weigh(ctx, r, slices.Collect(maps.Keys(at)), w, now)
	if err != nil {
		return err
	}
	m, err := weighed.measure(ctx, now)
	if err != nil {
		return err
	}
	for link, i := range at {
		a, _ := m.Together([]score.Saying{{Share: 1, Evidence: weighed.parts[link]}})
		rows[i].Lasting = min(rows[i].Lasting, a.Lasting)
	}
	return nil
}

// told is what the reference says of e for one table, without how far that is
// believed.
func (ed *Editor) told(e intel.Entity, table string) (rows []intel.Row) {
	set := ed.Reference()
	f, _ := set.Facts(e)
	add := func(e intel.Entity, r intel.Relation, how string, said ...string) {
		rows = append(rows, intel.Row{Entity: e, Value: set.Title(e), Relation: r, Role: role(r), SaidBy: said, Description: how + strings.Join(said, ", ")})
	}
	switch table {
	case "countries":
		for _, c := range f.Countries {
			add(c.Entity, intel.OriginatesFrom, "alleged by ", c.SaidBy...)
		}
		for _, v := range f.Victims {
			if v.Entity.Kind == intel.Country {
				add(v.Entity, intel.Targets, "alleged by ", v.SaidBy...)
			}
		}
	case "associated_actors":
		for _, t := range set.Told(e) {
			if t.Entity.Kind != intel.Campaign {
				add(t.Entity, t.Relation, "listed by ", t.SaidBy...)
			}
		}
	case "ttp":
		for _, id := range f.Techniques {
			t := intel.Entity{Kind: intel.Technique, Name: id}
			rows = append(rows, intel.Row{Entity: t, Value: id, Relation: intel.Uses, SaidBy: []string{"attack"}, Description: techniqueName(set, t)})
		}
	case "arsenal":
		for _, s := range f.Software {
			add(s, intel.Uses, "listed by ", "attack")
		}
	}
	return rows
}
