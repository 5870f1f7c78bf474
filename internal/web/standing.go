package web

import (
	"net/url"

	"github.com/portent-cti/portent/internal/intel"
)

// A standing is a score, ready to print.
type standing struct {
	intel.Standing
	Title, Place string
	Line         []intel.Count // of a spark
	Bars         []shareOf
}

// A shareOf is one kind of source and what it adds.
type shareOf struct {
	Name, Width, Text string
}

// standings returns the scores of a profile: of interest, or of either side.
func standings(p Profile, plural string) (all []standing) {
	for _, s := range []struct {
		title string
		*intel.Standing
	}{{"CTI interest", p.Interest}, {"Offensive activity", p.Activities.Offensive}, {"Defensive activity", p.Activities.Defensive}} {
		if s.Standing == nil {
			continue
		}
		out := standing{Standing: *s.Standing, Title: s.title, Place: s.Place(lower(plural))}
		for _, w := range s.Weekly {
			out.Line = append(out.Line, intel.Count{Start: w.Start, N: int(100 * w.Weight)})
		}
		most := 1e-9
		for _, part := range s.Parts {
			most = max(most, part.Weight)
		}
		for _, part := range s.Parts {
			noun := " voices"
			if part.Voices == 1 {
				noun = " voice"
			}
			out.Bars = append(out.Bars, shareOf{clip(string(part.Genre)), fixed(100 * part.Weight / most), number(part.Voices) + noun + " · " + intel.Points(part.Weight)})
		}
		all = append(all, out)
	}
	return all
}

// A relation is the attacks of one country on another, ready to print. Its row
// is that of the actor most is told of.
type relation struct {
	row
	intel.Tension
	Line   []intel.Count // documents a month
	Others []named       // the actors
}

type named struct{ Name, Href string }

// A way is one direction of the relations of a country.
type way struct {
	Title string
	Rows  []relation
}

// relationSpan is how many columns the table of relations has.
const relationSpan = 9

// ways returns who targets a country and whom its actors target.
func ways(p Profile, base, open string) (all []way) {
	inward, outward := p.Ways()
	for _, w := range []struct {
		title string
		of    []intel.Tension
	}{{"Who targets " + p.Name, inward}, {"Whom actors of " + p.Name + " target", outward}} {
		if len(w.of) == 0 {
			continue
		}
		out := way{Title: w.title}
		for _, t := range w.of {
			out.Rows = append(out.Rows, related(t, p.Entity, base, open))
		}
		all = append(all, out)
	}
	return all
}

// related makes the row of one relation, seen from a country.
func related(t intel.Tension, seen intel.Entity, base, open string) relation {
	r := relation{Tension: t, row: row{Span: relationSpan}}
	other := t.From
	if other == seen {
		other = t.To
	}
	if other.Name != "" {
		r.Href = Path(other)
	}
	r.row.Value = t.Value
	for _, m := range t.Monthly {
		r.Line = append(r.Line, intel.Count{Start: m.Start, N: m.Documents})
	}
	for _, a := range t.Actors {
		r.Others = append(r.Others, named{a.Value, Path(a.Entity)})
	}
	r.ID = "relation-" + t.From.Name + "-" + t.To.Name
	if len(t.Actors) > 0 && t.Actors[0].ID != "" {
		r.Row.ID = t.Actors[0].ID
		r.Open = open == r.ID
		v := url.Values{}
		if !r.Open {
			v.Set("open", r.ID)
		}
		r.Opener = base + "?" + v.Encode() + "#" + url.PathEscape(r.ID)
		r.Fetch = "/evidence/" + url.PathEscape(r.Row.ID) + "?" + fetched(r.row).Encode()
	}
	return r
}
