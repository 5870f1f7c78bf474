package pipeline

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
)

// listed adds to the rows of one table what the reference says of e: the
// country it is alleged to be from, and the techniques and software that ATT&CK
// lists. It is believed like an undated word of those lists. Where documents say
// it too, lists that allege a country are further voices; ATT&CK's lists may be
// what the documents were written from, so a row is believed as its stronger
// half.
func (ed *Editor) listed(e intel.Entity, table string, rows []intel.Row, now time.Time) []intel.Row {
	f, ok := ed.Reference().Facts(e)
	if !ok {
		return rows
	}
	set := ed.Reference()
	there := map[intel.Entity]int{}
	for i, r := range rows {
		if table != "countries" || r.Role == "origin" {
			there[r.Entity] = i
		}
	}
	add := func(row intel.Row, said ...string) {
		p := score.Probability(voices(said, now), false)
		i, ok := there[row.Entity]
		if !ok {
			row.SaidBy, row.Origins, row.Probability = said, len(said), p
			row.Level = score.Level(p, len(said), false)
			there[row.Entity] = len(rows)
			rows = append(rows, row)
			return
		}
		r := &rows[i]
		if r.SaidBy != nil {
			return // listed twice
		}
		r.SaidBy, r.Description = said, cmp.Or(r.Description, row.Description)
		if row.Role == "origin" {
			r.Origins += len(said)
			r.Probability = 1 - (1-r.Probability)*(1-p)
		} else {
			r.Probability = max(r.Probability, p)
		}
		r.Level = score.Level(r.Probability, r.Origins, !r.Last.IsZero())
	}
	switch table {
	case "countries":
		said := slices.DeleteFunc(slices.Clone(f.SaidBy), func(by string) bool { return by == "attack" }) // it names none
		for _, c := range f.Countries {
			add(intel.Row{Entity: intel.Entity{Kind: intel.Country, Name: c}, Value: set.CountryName(c), Relation: intel.OriginatesFrom, Role: "origin",
				Description: "alleged by " + strings.Join(said, ", ")}, said...)
		}
	case "ttp":
		for _, id := range f.Techniques {
			t := intel.Entity{Kind: intel.Technique, Name: id}
			add(intel.Row{Entity: t, Value: id, Relation: intel.Uses, Description: techniqueName(set, t)}, "attack")
		}
	case "arsenal":
		for _, s := range f.Software {
			add(intel.Row{Entity: s, Value: set.Title(s), Relation: intel.Uses, Description: "listed by attack"}, "attack")
		}
	}
	return rows
}
