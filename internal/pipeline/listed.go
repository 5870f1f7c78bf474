package pipeline

import (
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
)

// listed returns what the reference says of e for one table and no row says
// yet: the country it is alleged to be from, and the techniques and software
// that ATT&CK lists. It is believed like an undated word of those lists; no
// document stands behind it.
func (ed *Editor) listed(e intel.Entity, table string, rows []intel.Row, now time.Time) []intel.Row {
	f, ok := ed.Reference().Facts(e)
	if !ok {
		return nil
	}
	set := ed.Reference()
	there := map[intel.Entity]bool{}
	for _, r := range rows {
		if table != "countries" || r.Role == "origin" {
			there[r.Entity] = true
		}
	}
	var out []intel.Row
	add := func(row intel.Row, said ...string) {
		if there[row.Entity] {
			return
		}
		there[row.Entity] = true
		row.SaidBy, row.Origins = said, len(said)
		row.Probability = score.Probability(voices(said, now), false)
		row.Level = score.Level(row.Probability, len(said), false)
		out = append(out, row)
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
	return out
}
