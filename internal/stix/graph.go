package stix

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

const (
	maxObjects  = 2_000_000
	maxObject   = 4 << 20
	perDocument = 200
)

// object is a STIX object as far as we read it.
type object struct {
	Type        string   `json:"type"`
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Aliases     []string `json:"aliases"`
	Labels      []string `json:"x_mitre_aliases"`
	Created     string   `json:"created"`
	Modified    string   `json:"modified"`
	Published   string   `json:"published"`
	Revoked     bool     `json:"revoked"`
	Creator     string   `json:"created_by_ref"`
	Pattern     string   `json:"pattern"`
	ValidFrom   string   `json:"valid_from"`
	Value       string   `json:"value"`
	Country     string   `json:"country"`
	Class       string   `json:"identity_class"`
	Sectors     []string `json:"sectors"`
	Markings    []string `json:"object_marking_refs"`
	Granular    []struct {
		Ref string `json:"marking_ref"` // none where it tells of a language
	} `json:"granular_markings"`
	Refs       []string `json:"object_refs"`
	Relation   string   `json:"relationship_type"`
	Source     string   `json:"source_ref"`
	Target     string   `json:"target_ref"`
	Definition struct {
		TLP string `json:"tlp"`
	} `json:"definition"`
	Extensions json.RawMessage `json:"extensions"`
	External   []reference     `json:"external_references"`
	Phases     []struct {
		Name string `json:"phase_name"`
	} `json:"kill_chain_phases"`
	Start   string `json:"start_time"`
	Vendor  string `json:"vendor"`
	Network string `json:"account_type"`
	Login   string `json:"account_login"`

	Hashes json.RawMessage `json:"hashes"` // of a file
}

// reference is where else something is told of.
type reference struct {
	Source string `json:"source_name"`
	ID     string `json:"external_id,omitempty"`
	URL    string `json:"url,omitempty"`
}

// A Graph turns STIX 2.0 and 2.1 bundles into documents. It holds every object
// by its id, in the order they came, and the relationships by where they
// start. The zero Graph reads values as they stand.
type Graph struct {
	// Source is whose documents are made.
	Source intel.SourceID
	// Indicator returns the entity that a value stands for where an object
	// says of which kind it is; an error rejects the value. Nil takes values
	// as they stand.
	Indicator func(kind intel.Kind, value string) (intel.Entity, error)
	// Reject is told of each object and value that cannot be read; nil for
	// nobody.
	Reject func(item string, reason error)
	// Partial says that what is here is a part of what there is: what is marked by something
	// that is not here is withheld.
	Partial bool

	broken  bool // the bundle broke off: what an object lacks may come later
	lent    map[string]bool
	objects map[string]*object
	order   []string
	from    map[string][]*object
}

// Load reads the objects of a bundle one by one. What is complete before an
// error counts, as far as nothing that is missing could contradict it. The
// caller bounds size and depth of the text.
func (g *Graph) Load(r io.Reader) error {
	in := &io.LimitedReader{R: r}
	err := g.load(values{json.NewDecoder(in), in})
	g.broken = g.broken || err != nil
	return err
}

// Lend reads objects that others refer to and that were told of before: of them nothing is
// said but what relationships state.
func (g *Graph) Lend(r io.Reader) error {
	had := len(g.order)
	err := g.Load(r)
	for _, id := range g.order[had:] {
		if g.lent == nil {
			g.lent = map[string]bool{}
		}
		g.lent[id] = true
	}
	return err
}

// Missing is the ids that objects refer to and that are not here, each once: of what
// relationships relate, of who made something and of what marks it.
func (g *Graph) Missing() (ids []string) {
	named := map[string]bool{}
	for _, id := range g.order {
		o := g.objects[id]
		for _, ref := range append([]string{o.Source, o.Target, o.Creator}, o.markings()...) {
			known := g.objects[ref] != nil || ref == markingID(intel.Clear) || fixedMarking(ref) != intel.Clear
			if ref != "" && !known && !named[ref] {
				named[ref] = true
				ids = append(ids, ref)
			}
		}
	}
	return ids
}

// values are the pieces of a JSON text, none of more than mostRead bytes.
type values struct {
	*json.Decoder
	in *io.LimitedReader
}

// mostRead is more than an object may have, so that the next ones are read
// after one that is too large.
const mostRead = 4 * maxObject

func (v values) next() (raw json.RawMessage, err error) {
	v.in.N = mostRead
	err = v.judge(v.Decode(&raw))
	v.in.N = mostRead // for the blanks that More reads
	return raw, err
}

func (v values) token() (json.Token, error) {
	v.in.N = mostRead
	t, err := v.Token()
	return t, v.judge(err)
}

func (v values) judge(err error) error {
	if err != nil && v.in.N <= 0 {
		return fmt.Errorf("more than %d bytes: %w", mostRead, intel.ErrInvalid)
	}
	return err
}

func (g *Graph) load(dec values) error {
	if t, err := dec.token(); errors.Is(err, io.EOF) {
		return fmt.Errorf("nothing is in it: %w", intel.ErrInvalid)
	} else if err != nil || t != json.Delim('{') {
		return fmt.Errorf("a bundle is wanted: %w", errors.Join(err, intel.ErrInvalid))
	}
	for dec.More() {
		key, err := dec.token()
		if err != nil {
			return err
		}
		if key != "objects" {
			if _, err := dec.next(); err != nil {
				return fmt.Errorf("%v: %w", key, err)
			}
			continue
		}
		if t, err := dec.token(); err != nil || t != json.Delim('[') {
			return fmt.Errorf("objects: a list is wanted: %w", errors.Join(err, intel.ErrInvalid))
		}
		for n := 1; dec.More(); n++ {
			if n > maxObjects {
				return fmt.Errorf("more than %d objects: %w", maxObjects, intel.ErrInvalid)
			}
			raw, err := dec.next()
			if err != nil {
				return fmt.Errorf("object %d: %w", n, err)
			}
			if err := g.add(raw); err != nil {
				g.reject(fmt.Sprint("object ", n), err)
			}
		}
		if _, err := dec.token(); err != nil {
			return err
		}
	}
	if _, err := dec.token(); err != nil {
		return err
	}
	if _, err := dec.token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("after the bundle: %w", cmp.Or(err, intel.ErrInvalid))
	}
	return nil
}

func (g *Graph) reject(item string, reason error) {
	if g.Reject != nil {
		g.Reject(item, reason)
	}
}

func (g *Graph) add(raw []byte) error {
	if g.objects == nil {
		g.objects, g.from = map[string]*object{}, map[string][]*object{}
	}
	var o object
	if len(raw) > maxObject {
		return fmt.Errorf("more than %d bytes: %w", maxObject, intel.ErrInvalid)
	}
	if err := json.Unmarshal(raw, &o); err != nil {
		return err
	}
	if o.Type == "" || o.ID == "" {
		return fmt.Errorf("a type and an id are wanted: %w", intel.ErrInvalid)
	}
	if o.Revoked {
		return nil
	}
	if old := g.objects[o.ID]; old != nil && old.Type == "relationship" {
		g.from[old.Source] = slices.DeleteFunc(g.from[old.Source], func(r *object) bool { return r == old })
	}
	if o.Type == "relationship" {
		g.from[o.Source] = append(g.from[o.Source], &o)
	}
	if g.objects[o.ID] == nil {
		g.order = append(g.order, o.ID)
	}
	g.objects[o.ID] = &o
	return nil
}

// Documents yields what the objects say, in the order they came: of each its
// words, its other names and the relationships that start from it.
func (g *Graph) Documents() iter.Seq[intel.Document] {
	return func(yield func(intel.Document) bool) {
		for _, id := range g.order {
			for _, doc := range g.documents(g.objects[id]) {
				if !yield(doc) {
					return
				}
			}
		}
	}
}

// documents makes documents of one object: its words, its other names and what
// relationships state of it.
func (g *Graph) documents(o *object) []intel.Document {
	if o.Type == "relationship" || o.Type == "marking-definition" || g.withheld(o) || g.lent[o.ID] && len(g.from[o.ID]) == 0 {
		return nil
	}
	doc := intel.Document{Source: g.Source, Genre: intel.Report, Title: o.Name, Text: o.Description, Published: when(o.Published, o.Created), Marking: g.marking(o)}
	doc.Learned, doc.Assumed = doc.Published, !doc.Published.IsZero()
	for _, x := range o.External {
		if strings.HasPrefix(x.URL, "http") && len(doc.References) < 100 {
			doc.References = append(doc.References, x.URL)
			if doc.URL == "" && x.ID != "" {
				doc.URL = x.URL
			}
		}
	}
	doc.Author = g.creator(o, doc.Marking)
	claims := g.claims(o)
	if o.Type == "attack-pattern" || o.Type == "identity" || o.Type == "location" || strings.HasPrefix(o.Type, "x-") || o.Type == "course-of-action" || g.lent[o.ID] {
		doc.Text = "" // what everybody may do says nothing of anybody
	}
	return doc.Split(claims, perDocument, o.ID)
}

// creator names who made an object, as far as readers of a marking may know: by
// its identity, or else by the source that it names without an address.
func (g *Graph) creator(o *object, m intel.Marking) string {
	if by := g.objects[o.Creator]; by != nil && by.Type == "identity" && g.marking(by) <= m {
		return strings.TrimSpace(by.Name)
	}
	for _, x := range o.External {
		if x.URL == "" && x.ID == "" {
			return strings.TrimSpace(x.Source)
		}
	}
	return ""
}

// markings are the markings of an object and of parts of it.
func (o *object) markings() []string {
	out := o.Markings
	for _, m := range o.Granular {
		if m.Ref != "" {
			out = append(out[:len(out):len(out)], m.Ref)
		}
	}
	return out
}

// label is what a marking definition says of TLP, in either version of it.
func (o *object) label() intel.Marking {
	var extensions map[string]extension
	_ = json.Unmarshal(o.Extensions, &extensions) // what is none says nothing
	out := intel.MarkingOf(cmp.Or(o.Definition.TLP, o.Name))
	if x := extensions[tlp].TLP; x != "" {
		out = max(out, intel.MarkingOf("TLP:"+x))
	}
	return out
}

// marked reports whether all that an object is marked by is known.
func (g *Graph) marked(o *object) bool {
	return !slices.ContainsFunc(o.markings(), func(ref string) bool {
		return ref != markingID(intel.Clear) && fixedMarking(ref) == intel.Clear && g.objects[ref] == nil
	})
}

// withheld reports whether who may see an object is not known, and may come to be.
func (g *Graph) withheld(o *object) bool { return (g.broken || g.Partial) && !g.marked(o) }

// marking is the strictest marking of objects: one of a part counts for the
// whole.
func (g *Graph) marking(objects ...*object) intel.Marking {
	out := intel.Clear
	for _, o := range objects {
		for _, ref := range o.markings() {
			out = max(out, fixedMarking(ref))
			if m := g.objects[ref]; m != nil {
				out = max(out, m.label())
			}
		}
	}
	return out
}

// claims is what the bundle states of one object.
func (g *Graph) claims(o *object) []intel.MarkedClaim {
	var out []intel.MarkedClaim
	own := func(c intel.Claim) { out = append(out, intel.MarkedClaim{Claim: c}) } // as strict as the object
	subjects := g.entities(o, func(err error) { g.reject(o.ID, err) })
	for _, s := range subjects {
		if s.Kind != intel.Actor && s.Kind != intel.Malware && s.Kind != intel.Tool && s.Kind != intel.Campaign {
			continue
		}
		for _, a := range append(slices.Clone(o.Aliases), o.Labels...) {
			if alias := intel.NewEntity(s.Kind, a); alias.Name != "" && alias != s {
				own(intel.Claim{Subject: alias, SubjectText: a, Relation: intel.AliasOf, Object: s, ObjectText: o.Name})
			}
		}
	}
	for _, s := range subjects {
		for _, w := range weaknesses(o) {
			own(intel.Claim{Subject: s, Relation: intel.HasWeakness, Object: w})
		}
	}
	for _, r := range g.from[o.ID] {
		target := g.objects[r.Target]
		if target == nil || g.withheld(r) || g.withheld(target) {
			continue
		}
		objects, m := g.entities(target, unheard), g.marking(r, target)
		for _, s := range subjects {
			for _, t := range objects {
				if c, ok := state(s, r.Relation, t); ok && len(out) < 100_000 {
					c.SubjectText, c.ObjectText = wording(o, c.Subject), wording(target, c.Object)
					c.At = when(r.Start, r.Created)
					c.Context = intel.Context{Phase: phase(o, target), Note: clip(r.Description)}
					out = append(out, intel.MarkedClaim{Claim: c, Marking: m})
				}
			}
		}
	}
	if len(out) == 0 && o.Type == "indicator" && !g.broken {
		for _, s := range subjects {
			own(intel.Claim{Subject: s, Relation: intel.Indicates, Object: intel.Untagged(), At: when(o.ValidFrom)})
		}
	}
	return out
}

func wording(o *object, e intel.Entity) string {
	if e.Kind.Slugged() && intel.Slug(o.Name) == e.Name {
		return o.Name
	}
	return ""
}

func phase(objects ...*object) string {
	for _, o := range objects {
		if len(o.Phases) > 0 {
			return o.Phases[0].Name
		}
	}
	return ""
}

func clip(s string) string {
	if r := []rune(s); len(r) > 300 {
		return string(r[:300]) + "…"
	}
	return s
}

// state turns a relationship into a claim.
func state(s intel.Entity, relation string, t intel.Entity) (intel.Claim, bool) {
	rel := intel.Relation("")
	switch relation {
	case "uses":
		rel = intel.Uses
		if t.Kind == intel.Vulnerability {
			rel = intel.Exploits
		}
	case "targets", "compromises":
		rel = intel.Targets
		if t.Kind == intel.Vulnerability {
			rel = intel.Exploits
		}
	case "exploits":
		rel = intel.Exploits
	case "indicates":
		rel = intel.Indicates
	case "attributed-to":
		rel = intel.PartOf
	case "originates-from", "located-at":
		rel = intel.OriginatesFrom
	case "communicates-with", "beacons-to", "hosts", "owns":
		s, t, rel = t, s, intel.Indicates
	case "resolves-to":
		rel = intel.ResolvesTo
	case "related-to":
		rel = intel.AssociatedWith
	case "has":
		rel = intel.HasWeakness
	case "routes-through", "affects", "researches", "offers":
		rel = intel.Relation(relation)
	default:
		return intel.Claim{}, false
	}
	if s == t || rel == intel.AssociatedWith && (s.Kind.Class() != intel.Name || t.Kind.Class() != intel.Name) {
		return intel.Claim{}, false
	}
	return intel.Claim{Subject: s, Relation: rel, Object: t}, true
}

// when is the first of times that can be read; zero if none.
func when(times ...string) time.Time {
	for _, s := range times {
		if at, err := time.Parse(time.RFC3339Nano, s); err == nil {
			return at.UTC()
		}
	}
	return time.Time{}
}
