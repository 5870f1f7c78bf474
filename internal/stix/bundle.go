package stix

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"

	"github.com/portent-cti/portent/internal/intel"
)

// undated is the most confidence in an indicator whose first day is unknown:
// Medium, as for every row without a date.
const undated = 79

// Bundle writes a profile as one STIX 2.1 bundle, an object at a time. Equal
// profiles give equal bytes: ids follow from what is meant, created and
// modified are the moment of the profile.
//
// Each row becomes an object and a relationship that carries the row's
// probability as confidence, its dates as start and stop and its evidence as
// external references. An indicator is valid from when it was first seen; if
// that is unknown, from the moment of the profile, and then its confidence is
// 79 at most. Every other unknown date is left out.
//
// What is predicted or suppressed is left out, and so is what STIX has no word
// for: forecasts, tallies, fragments of attack, and indicators such as
// addresses of money, JA3 and JARM. Where the standard names no relationship
// the type is the relation of ours, such as "researches". A subject that STIX
// has no object for, such as a weakness, is intel.ErrInvalid, and nothing is
// written.
func Bundle(w io.Writer, p intel.Profile) error {
	if typeOf(p.Entity) == "" {
		return fmt.Errorf("STIX 2.1 has no object for %s: %w", p.Entity, intel.ErrInvalid)
	}
	b := &bundle{w: bufio.NewWriter(w), at: moment(p.AsOf), subject: p.Entity, seen: map[string]bool{}}
	if p.Invented {
		b.labels = []string{"invented"}
	}
	fmt.Fprintf(b.w, `{"type":"bundle","id":"bundle--%s","objects":[`, uuid(ours, "bundle:"+p.Entity.String()+"@"+b.at))
	for _, m := range markings(p) {
		b.put(m.ID, m)
		b.markings = append(b.markings, m.ID)
	}
	b.from = b.profile(p)
	for _, t := range []struct {
		rows   []intel.Row
		inward bool // rows of deeds are of others, who do them to the subject
	}{{p.Associated, true}, {p.Campaigns, true}, {p.Countries, false}, {p.Research, false}, {p.Arsenal, false}, {p.TTP, false}, {p.IOC, false}} {
		for _, r := range t.rows {
			b.row(r, t.inward)
		}
	}
	b.w.WriteString("\n]}\n")
	if b.err != nil {
		return b.err
	}
	return b.w.Flush()
}

// A bundle is one being written.
type bundle struct {
	w        *bufio.Writer
	at       string
	labels   []string
	markings []string
	subject  intel.Entity
	from     string // id of the subject
	seen     map[string]bool
	err      error
}

// put writes an object unless one of that id is written.
func (b *bundle) put(id string, object any) {
	if b.seen[id] {
		return
	}
	if len(b.seen) > 0 {
		b.w.WriteByte(',')
	}
	b.seen[id] = true
	text, err := json.Marshal(object)
	if err != nil && b.err == nil {
		b.err = fmt.Errorf("write %s: %w", id, err)
	}
	b.w.WriteByte('\n')
	b.w.Write(text)
}

func (b *bundle) head(kind, id string) head {
	return head{Type: kind, Version: "2.1", ID: id, Created: b.at, Modified: b.at, Labels: b.labels, Markings: b.markings}
}

// profile writes the subject and returns its id.
func (b *bundle) profile(p intel.Profile) string {
	if k := typeOf(p.Entity); k == "indicator" || observed(p.Entity).Type == k {
		return b.entity(intel.Row{Entity: p.Entity, Value: p.Name, First: p.First})
	}
	t := thing{head: b.head(typeOf(p.Entity), idOf(p.Entity)), Description: p.Summary}
	t.describe(p.Entity, p.Name)
	t.seen(p.Entity.Kind, p.First, p.Last)
	t.call(p.Entity, p.Aliases)
	if p.Entity.Kind == intel.Actor {
		for _, r := range p.Intentions {
			if r.Relation == intel.Intends && !r.Predicted {
				t.Goals = append(t.Goals, r.Value)
			}
		}
	}
	if p.Entity.Kind == intel.Vulnerability {
		for _, r := range p.TTP {
			if r.Relation == intel.HasWeakness && !r.Predicted {
				t.External = append(t.External, reference{Source: "cwe", ID: r.Entity.Name})
			}
		}
	}
	t.External = append(t.External, cited(p.References)...)
	b.put(t.ID, t)
	return t.ID
}

// entity writes what a row is about and returns its id; empty if STIX has no
// object for it.
func (b *bundle) entity(r intel.Row) string {
	kind := typeOf(r.Entity)
	switch kind {
	case "":
		return ""
	case "indicator":
		return b.indicator(r)
	case "software", "user-account":
		return b.observe(r.Entity)
	}
	t := thing{head: b.head(kind, idOf(r.Entity))}
	name := r.Value
	if r.Entity.Kind.Class() == intel.TTP {
		name = r.Description
		if r.Phase != "" {
			t.Phases = []phased{{"mitre-attack", r.Phase}}
		}
	}
	t.describe(r.Entity, name)
	b.put(t.ID, t)
	return t.ID
}

func (b *bundle) observe(e intel.Entity) string {
	o := observed(e)
	o.Markings = b.markings
	b.put(o.ID, o)
	return o.ID
}

func (b *bundle) indicator(r intel.Row) string {
	i := indicator{head: b.head("indicator", idOf(r.Entity)), Name: r.Entity.Name, Language: "stix", Pattern: patternOf(r.Entity), ValidFrom: moment(r.First)}
	if r.Probability > 0 {
		i.Confidence = percent(r.Probability)
	}
	if r.First.IsZero() {
		i.ValidFrom, i.Confidence = cmp.Or(moment(r.Known), b.at), min(i.Confidence, undated)
	}
	b.put(i.ID, i)
	return i.ID
}

// row writes one row: what it is about and how that relates to the subject.
func (b *bundle) row(r intel.Row, inward bool) {
	relation, inward := relate(b.subject, r, inward)
	inferred := len(r.Common) > 0 && r.Origins == 0 // nobody states it
	if relation == "" || r.Predicted || inferred || r.Suppressed != "" || r.Entity == b.subject {
		return
	}
	id := b.entity(r)
	if id == "" {
		return
	}
	link := relationship{Relation: relation, Source: b.from, Target: id, Start: moment(r.First), Confidence: percent(r.Probability)}
	if inward {
		link.Source, link.Target = id, b.from
	}
	if r.Last.After(r.First) && !r.First.IsZero() {
		link.Stop = moment(r.Last)
	}
	if relation == "indicates" && r.First.IsZero() {
		link.Confidence = min(link.Confidence, undated)
	}
	if r.Entity.Kind.Class() != intel.TTP {
		link.Description = r.Description
	}
	b.relate(link, proven(r.Evidence))
	b.context(r, id)
}

func (b *bundle) relate(r relationship, evidence []reference) {
	r.head = b.head("relationship", "relationship--"+uuid(ours, r.Source+" "+r.Relation+" "+r.Target))
	r.External = evidence
	b.put(r.ID, r)
}

// context writes what an indicator came with: the host's name of an address,
// and the campaign it was seen in. Nobody has judged these, so they have no
// confidence.
func (b *bundle) context(r intel.Row, id string) {
	if r.Entity.Kind == intel.IPv4 || r.Entity.Kind == intel.IPv6 {
		if host := intel.NewEntity(intel.Domain, r.Hostname); host.Name != "" {
			b.relate(relationship{Relation: "resolves-to", Source: b.observe(host), Target: b.observe(r.Entity)}, nil)
		}
	}
	if r.Entity.Kind.Class() != intel.IOC {
		return
	}
	if c := intel.NewEntity(intel.Campaign, r.Campaign); c.Name != "" && c != b.subject {
		b.relate(relationship{Relation: "indicates", Source: id, Target: b.entity(intel.Row{Entity: c, Value: r.Campaign})}, nil)
	}
}

// relate returns the type of the relationship that a row states of the subject,
// and whether it starts from the row. Empty is a row that states none.
func relate(subject intel.Entity, r intel.Row, inward bool) (string, bool) {
	indicates := r.Entity.Kind.Class() == intel.IOC
	switch r.Relation {
	case intel.Indicates:
		return "indicates", indicates
	case intel.Uses:
		if indicates {
			return "indicates", true
		}
		return "uses", inward
	case intel.Exploits:
		if doer := subject.Kind; doer == intel.Malware && !inward || r.Entity.Kind == intel.Malware && inward {
			return "exploits", inward
		}
		return "targets", inward
	case intel.Targets, intel.ClaimsAttack:
		return "targets", inward
	case intel.OriginatesFrom, intel.RoutesThrough:
		return string(r.Relation), inward
	case intel.PartOf:
		return "attributed-to", r.Entity.Kind == intel.Handle || r.Entity.Kind == intel.Product || r.Entity.Kind == intel.Campaign && subject.Kind == intel.Actor
	case intel.AssociatedWith:
		return "related-to", false
	case intel.Researches, intel.Offers:
		return string(r.Relation), inward
	case intel.Affects:
		return "affects", r.Entity.Kind == intel.Vulnerability
	}
	return "", false
}
