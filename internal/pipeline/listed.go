package pipeline

import (
	"cmp"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/reference"
	"github.com/portent-cti/portent/internal/score"
)

// listed adds to the rows of one table what the reference says of e: the
// countries it is alleged to be from and to attack, and the techniques and
// software that ATT&CK lists. It is believed like an undated word of those lists. Where documents say
// it too, lists that allege countries are further voices; ATT&CK's lists may be
// what the documents were written from, so a row is believed as its stronger
// half.
func (ed *Editor) listed(e intel.Entity, table string, rows []intel.Row, now time.Time) []intel.Row {
	f, ok := ed.Reference().Facts(e)
	if !ok {
		return rows
	}
	set := ed.Reference()
	type key struct {
		entity intel.Entity
		role   string
	}
	there := map[key]int{}
	for i, r := range rows {
		there[key{r.Entity, r.Role}] = i
	}
	add := func(row intel.Row, said ...string) {
		p := score.Probability(listings(said, now), false)
		i, ok := there[key{row.Entity, row.Role}]
		if !ok {
			row.SaidBy, row.Origins, row.Probability = said, len(said), p
			row.Level = score.Level(p, len(said), false)
			there[key{row.Entity, row.Role}] = len(rows)
			rows = append(rows, row)
			return
		}
		r := &rows[i]
		if r.SaidBy != nil {
			return // listed twice
		}
		r.SaidBy, r.Description = said, cmp.Or(r.Description, row.Description)
		if table == "countries" {
			r.Origins += len(said)
			r.Probability = 1 - (1-r.Probability)*(1-p)
		} else {
			r.Probability = max(r.Probability, p)
		}
		r.Level = score.Level(r.Probability, r.Origins, !r.Last.IsZero())
	}
	switch table {
	case "countries":
		allege := func(a reference.Alleged, r intel.Relation, role string) {
			add(intel.Row{Entity: a.Entity, Value: set.Title(a.Entity), Relation: r, Role: role, Description: "alleged by " + strings.Join(a.SaidBy, ", ")}, a.SaidBy...)
		}
		for _, c := range f.Countries {
			allege(c, intel.OriginatesFrom, "origin")
		}
		for _, v := range f.Victims {
			if v.Entity.Kind == intel.Country {
				allege(v, intel.Targets, "target")
			}
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
