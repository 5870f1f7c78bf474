package publish

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// interest writes how much is said of a vulnerability, product or vendor.
func (b *writer) interest() {
	s := b.p.Interest
	if s == nil {
		return
	}
	b.section("CTI Interest Score", fmt.Sprintf("**%s** of 10: **%s**, %s.", intel.Points(s.Score), s.Band, s.Place(folder(b.p.Entity.Kind))), 1)
	b.parts(s.Parts)
}

// parts writes what kinds of source a score is made of.
func (b *writer) parts(parts []intel.Part) {
	if len(parts) == 0 {
		return
	}
	b.header([]string{"Kind of source", "Voices", "Weight"})
	for _, p := range parts {
		b.row([]string{inline(string(p.Genre)), strconv.Itoa(p.Voices), intel.Points(p.Weight)})
	}
	b.line("")
}

// sides writes how active somebody is, and how much others do about it.
func (b *writer) sides() {
	a := b.p.Activities
	if a.Offensive == nil || a.Defensive == nil {
		return
	}
	b.header([]string{"Activity", "Score", "Band", "Place"})
	for _, s := range []struct {
		name string
		*intel.Standing
	}{{"Offensive", a.Offensive}, {"Defensive", a.Defensive}} {
		b.row([]string{s.name, intel.Points(s.Score), s.Band, s.Place(folder(b.p.Entity.Kind))})
	}
	b.line("")
}

// relations writes who targets a country and whom its actors target.
func (b *writer) relations() {
	p := b.p
	if !b.section("Country relations", "Tension is what documents tell of attacks, weighted and fading; the trend is against the pair's own past year. "+intel.Geography, len(p.Relations)) {
		return
	}
	inward, outward := p.Ways()
	next := b.tensions("Who targets "+inline(p.Name)+":", inward, 1)
	b.tensions("Whom actors of "+inline(p.Name)+" target:", outward, next)
	if n := p.Hidden["relations"]; n > 0 {
		b.line("There are %d more relations.\n", n)
	}
}

// tensions writes one table whose numbers begin at next, and returns the number
// after it.
func (b *writer) tensions(about string, all []intel.Tension, next int) int {
	if len(all) == 0 {
		return next
	}
	b.line("%s\n", about)
	b.header([]string{"ID", "Country", "Name", "Actors", "Tension", "Trend", "Documents", "Origins", "Last six months", "First seen", "Last seen"})
	for _, t := range all {
		other := t.From
		if other == b.p.Entity {
			other = t.To
		}
		var actors []string
		var proofs []intel.Proof
		for _, a := range t.Actors {
			actors = append(actors, inline(a.Value))
			proofs = append(proofs, a.Evidence...)
		}
		b.rests(b.title, next, proofs)
		b.row([]string{strconv.Itoa(next), dash(other.Name), inline(t.Value), dashed(strings.Join(actors, ", ")), intel.Points(t.Tension), t.Trending(), strconv.Itoa(t.Documents),
			strconv.Itoa(t.Origins), months(t.Monthly), b.day(t.First), b.day(t.Last)})
		next++
	}
	b.line("")
	return next
}

// dashed is text that is escaped already, or a dash.
func dashed(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// months lists documents of the last six months, and in brackets of how many
// origins.
func months(all []intel.Month) string {
	var out []string
	for _, m := range all[max(0, len(all)-6):] {
		if m.Documents == 0 {
			out = append(out, "0")
			continue
		}
		out = append(out, fmt.Sprintf("%d (%d)", m.Documents, m.Origins))
	}
	return dashed(strings.Join(out, ", "))
}

// unsaid returns relations without the words of documents, in months.
func unsaid(all []intel.Tension) []intel.Tension {
	all = slices.Clone(all)
	for i, t := range all {
		all[i].First, all[i].Last = month(t.First), month(t.Last)
		all[i].Actors = slices.Clone(t.Actors)
		for j, a := range t.Actors {
			a.Evidence, a.First, a.Last = nil, month(a.First), month(a.Last)
			all[i].Actors[j] = a
		}
	}
	return all
}

// quieted returns a score without its weeks.
func quieted(s *intel.Standing) *intel.Standing {
	if s == nil {
		return nil
	}
	c := *s
	c.Weekly = nil
	return &c
}

// A tension is intel.Tension as it is printed.
type tension struct {
	intel.Tension
	First  any   `json:"first_seen"`
	Last   any   `json:"last_seen"`
	Actors []row `json:"actors"`
}

func (e *encoder) tensions(all []intel.Tension) []tension {
	out := make([]tension, len(all))
	for i, t := range all {
		out[i] = tension{t, e.moment(t.First), e.moment(t.Last), make([]row, len(t.Actors))}
		for j, a := range t.Actors {
			out[i].Actors[j] = e.printable("relations", a)
		}
	}
	return out
}

// shown is a score as it is printed: its parts are a list even if there is none.
func shown(s *intel.Standing) *intel.Standing {
	if s == nil || s.Parts != nil {
		return s
	}
	c := *s
	c.Parts = []intel.Part{}
	return &c
}
