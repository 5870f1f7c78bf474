package pipeline

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
	"github.com/portent-cti/portent/internal/store"
)

// A kinship is what an actor has in common with another.
type kinship struct {
	who         intel.Entity
	title       string
	reasons     []intel.Common
	strength    float64
	first, last time.Time
}

// A bond is a way to have something in common, and how much one such thing that
// nobody else has says that two actors have to do with each other: an assumption,
// not a measurement.
type bond struct {
	what  string
	worth float64
}

// bonds says, by what is shared, what it is called. Network addresses and files
// are somebody's own; what can be bought, downloaded or learnt is less so.
func bonds(kind intel.Kind) bond {
	switch kind {
	case intel.IPv4, intel.IPv6, intel.CIDR, intel.Domain, intel.URL, intel.Onion:
		return bond{"addresses", 0.5}
	case intel.MD5, intel.SHA1, intel.SHA256, intel.SHA512, intel.SSDeep:
		return bond{"files", 0.5}
	case intel.Malware:
		return bond{"malware", 0.3}
	case intel.Tool:
		return bond{"tools", 0.1}
	case intel.Vulnerability:
		return bond{"vulnerabilities", 0.1}
	case intel.Technique, intel.Weakness, intel.AttackPattern:
		return bond{"techniques", 0.02}
	case "":
		return bond{"documents", 0.15}
	}
	return bond{"other indicators", 0.3}
}

const (
	// mostKin is how many actors are told of with which one has most in common,
	// and mostWeighed for how many what that is is kept.
	mostKin, mostWeighed = 25, 200
	// leastKin is how probable an association has to be to be told of that nobody
	// states.
	leastKin = 0.15
	// inferred is how far an association is believed that nobody states.
	inferred = 0.79
	// mostTogether is how many documents are looked at for who is named in them.
	mostTogether = 200
)

// shared says which links count as having something in common, and how many
// values of each sort are looked at.
func shared() []struct {
	section store.Section
	most    int
} {
	return []struct {
		section store.Section
		most    int
	}{
		{store.Section{Relations: []intel.Relation{intel.Indicates}, Inward: true, Class: intel.IOC}, 1000},
		{store.Section{Relations: []intel.Relation{intel.Uses}, Class: intel.IOC}, 500},
		{store.Section{Relations: []intel.Relation{intel.Uses}, Class: intel.Name, Kinds: []intel.Kind{intel.Malware, intel.Tool, intel.Vulnerability}}, 200},
		{store.Section{Relations: []intel.Relation{intel.Exploits}, Class: intel.Name, Kinds: []intel.Kind{intel.Vulnerability}}, 200},
		{store.Section{Relations: []intel.Relation{intel.Uses}, Class: intel.TTP}, 150},
	}
}

// kinOf is what of a digest's kinships a table tells.
func (d digest) kinOf(table string) []kinship {
	if table == "associated_actors" {
		return d.kin
	}
	return nil
}

// kin returns with whom an actor has most in common. What many have in common
// counts for each of them a part of it only.
func (ed *Editor) kin(ctx context.Context, r intel.Reader, e intel.Entity, o store.Outline, names []intel.Entity) ([]kinship, error) {
	all, err := ed.DB.Together(ctx, r, names, mostTogether)
	if err != nil {
		return nil, err
	}
	for _, s := range shared() {
		found, err := ed.DB.Shared(ctx, r, o, s.section, s.most)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	mains, err := ed.canonicals(ctx, r, all)
	if err != nil {
		return nil, err
	}
	by := map[intel.Entity]*kinship{}
	for _, s := range all {
		weighShared(by, e, s, mains)
	}
	var out []kinship
	for _, k := range by {
		if !o.Has(k.who) { // a name of several is no other
			slices.SortFunc(k.reasons, func(a, b intel.Common) int {
				return cmp.Or(cmp.Compare(b.Weight, a.Weight), cmp.Compare(a.What, b.What))
			})
			out = append(out, *k)
		}
	}
	slices.SortFunc(out, func(a, b kinship) int {
		return cmp.Or(cmp.Compare(b.strength, a.strength), cmp.Compare(a.who.Name, b.who.Name))
	})
	return out[:min(len(out), mostWeighed)], nil
}

// canonicals returns whom the names in what is shared stand for, of those that
// stand for another.
func (ed *Editor) canonicals(ctx context.Context, r intel.Reader, all []store.Sharing) (map[intel.Entity]store.Titled, error) {
	seen := map[intel.Entity]bool{}
	var names []intel.Entity
	for _, s := range all {
		for _, a := range s.Actors {
			if !seen[a] {
				seen[a] = true
				names = append(names, a)
			}
		}
	}
	return ed.DB.Mains(ctx, r, names)
}

// weighShared adds one thing that actors share to what e has in common with
// each.
func weighShared(by map[intel.Entity]*kinship, e intel.Entity, s store.Sharing, mains map[intel.Entity]store.Titled) {
	titles := map[intel.Entity]string{}
	for _, a := range s.Actors {
		if m, ok := mains[a]; ok {
			titles[m.Entity] = m.Title
		} else {
			titles[a] = cmp.Or(titles[a], "")
		}
	}
	b := bonds(s.Value.Kind)
	for who, title := range titles {
		if who == e {
			continue
		}
		k := by[who]
		if k == nil {
			k = &kinship{who: who, title: title}
			by[who] = k
		}
		weight := 1 / float64(len(titles))
		i := slices.IndexFunc(k.reasons, func(c intel.Common) bool { return c.What == b.what })
		if i < 0 {
			i = len(k.reasons)
			k.reasons = append(k.reasons, intel.Common{What: b.what})
		}
		k.reasons[i].N++
		k.reasons[i].Weight += weight
		k.strength += b.worth * weight
		if !s.First.IsZero() && (k.first.IsZero() || s.First.Before(k.first)) {
			k.first = s.First
		}
		if s.Last.After(k.last) {
			k.last = s.Last
		}
	}
}

// association is how probable it is that two who have so much in common have to
// do with each other.
func association(strength float64) float64 { return min(inferred, 1-math.Exp(-strength)) }

// related adds to the rows of associated actors what they have in common with
// the profile's, and those that have so much of it that no document need say it.
// Such a row has no origin: nobody states it.
func (ed *Editor) related(e intel.Entity, rows []intel.Row, kin []kinship, cuts score.Cuts) []intel.Row {
	added := 0
	for _, k := range kin {
		found := false
		for i := range rows {
			if rows[i].Entity == k.who {
				rows[i].Common, found = k.reasons, true
			}
		}
		p := association(k.strength)
		if found || p < leastKin || added == mostKin {
			continue
		}
		added++
		row := intel.Row{Entity: k.who, Value: ed.called(k), Relation: intel.AssociatedWith, Common: k.reasons, First: k.first, Last: k.last,
			Probability: p, Level: cuts.Level(p, 0, false)}
		row.ID = says(e, row, false)
		rows = append(rows, row)
	}
	return rows
}

func (ed *Editor) called(k kinship) string {
	if t := ed.Reference().Title(k.who); t != k.who.Title() {
		return t
	}
	return cmp.Or(k.title, k.who.Title())
}
