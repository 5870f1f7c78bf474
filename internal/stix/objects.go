package stix

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// A head is what all objects but observables begin with.
type head struct {
	Type     string      `json:"type"`
	Version  string      `json:"spec_version"`
	ID       string      `json:"id"`
	Created  string      `json:"created"`
	Modified string      `json:"modified,omitempty"` // a marking has none
	Labels   []string    `json:"labels,omitempty"`
	External []reference `json:"external_references,omitempty"`
	Markings []string    `json:"object_marking_refs,omitempty"`
}

// A thing is an object with a name.
type thing struct {
	head
	Name        string   `json:"name,omitempty"`
	Description string   `json:"description,omitempty"`
	Aliases     []string `json:"aliases,omitempty"`
	Family      bool     `json:"is_family,omitempty"`
	Class       string   `json:"identity_class,omitempty"`
	Country     string   `json:"country,omitempty"`
	Goals       []string `json:"goals,omitempty"`
	First       string   `json:"first_seen,omitempty"`
	Last        string   `json:"last_seen,omitempty"`
	Phases      []phased `json:"kill_chain_phases,omitempty"`
}

type phased struct {
	Chain string `json:"kill_chain_name"`
	Name  string `json:"phase_name"`
}

type indicator struct {
	head
	Name       string `json:"name"`
	Language   string `json:"pattern_type"`
	Pattern    string `json:"pattern"`
	ValidFrom  string `json:"valid_from"`
	Confidence int    `json:"confidence,omitempty"`
}

type relationship struct {
	head
	Relation    string `json:"relationship_type"`
	Description string `json:"description,omitempty"`
	Source      string `json:"source_ref"`
	Target      string `json:"target_ref"`
	Start       string `json:"start_time,omitempty"`
	Stop        string `json:"stop_time,omitempty"`
	Confidence  int    `json:"confidence,omitempty"`
}

// An observable is what can be seen on a network or a host. What it is called
// decides its id.
type observable struct {
	Type     string   `json:"type"`
	Version  string   `json:"spec_version"`
	ID       string   `json:"id"`
	Value    string   `json:"value,omitempty"`
	Name     string   `json:"name,omitempty"`
	Vendor   string   `json:"vendor,omitempty"`
	Network  string   `json:"account_type,omitempty"`
	Login    string   `json:"account_login,omitempty"`
	Markings []string `json:"object_marking_refs,omitempty"`
}

type marking struct {
	head
	Name       string               `json:"name,omitempty"`
	Kind       string               `json:"definition_type,omitempty"`
	Definition map[string]string    `json:"definition,omitempty"`
	Extensions map[string]extension `json:"extensions,omitempty"`
}

type extension struct {
	Type string `json:"extension_type"`
	TLP  string `json:"tlp_2_0"`
}

// markings are the objects that say how a profile may be passed on: its TLP
// marking as the standard writes it, and its licence. A marking never changes,
// so both have dates of their own.
func markings(p intel.Profile) []marking {
	label := intel.Red
	if p.Marking >= intel.Clear && p.Marking < intel.Red {
		label = p.Marking
	}
	color := strings.ToLower(strings.TrimPrefix(label.String(), "TLP:"))
	out := []marking{{head: head{Type: "marking-definition", Version: "2.1", ID: markingID(label), Created: "2022-10-01T00:00:00.000Z"},
		Name: label.String(), Extensions: map[string]extension{tlp: {"property-extension", color}}}}
	if p.Licence != "" {
		out = append(out, marking{head: head{Type: "marking-definition", Version: "2.1",
			ID: "marking-definition--" + uuid(ours, "statement:"+p.Licence), Created: "2026-01-01T00:00:00.000Z"},
			Kind: "statement", Definition: map[string]string{"statement": p.Licence}})
	}
	return out
}

// observed is an entity as an observable; the zero value if it is none.
func observed(e intel.Entity) observable {
	o := observable{Type: typeOf(e), Version: "2.1"}
	key := map[string]string{}
	switch e.Kind {
	case intel.IPv4, intel.IPv6:
		o.Type, o.Value = string(e.Kind)+"-addr", e.Name
		key["value"] = o.Value
	case intel.Domain:
		o.Type, o.Value = "domain-name", e.Name
		key["value"] = o.Value
	case intel.Product:
		vendor, name, ok := strings.Cut(e.Name, "/")
		if !ok {
			vendor, name = "", e.Name
		}
		o.Vendor, o.Name = vendor, name
		if key["name"] = name; vendor != "" {
			key["vendor"] = vendor
		}
	case intel.Handle:
		network, login, ok := strings.Cut(e.Name, "/")
		if !ok {
			network, login = "", e.Name
		}
		o.Network, o.Login = network, login
		if key["account_login"] = login; network != "" {
			key["account_type"] = network
		}
	default:
		return observable{}
	}
	o.ID = o.Type + "--" + uuid(observables, canonical(key))
	return o
}

// describe fills in what of an entity its type has room for.
func (t *thing) describe(e intel.Entity, name string) {
	t.Name = cmp.Or(name, e.Title())
	switch e.Kind {
	case intel.Malware:
		t.Family = true
	case intel.Vulnerability:
		t.Name, t.External = e.Name, []reference{{Source: "cve", ID: e.Name}}
	case intel.Technique:
		t.External = []reference{{Source: "mitre-attack", ID: e.Name}}
	case intel.AttackPattern:
		t.External = []reference{{Source: "capec", ID: e.Name}}
	case intel.Country:
		t.Country = e.Name
	case intel.Sector:
		t.Class = "class"
	case intel.Organization, intel.Vendor:
		t.Class = "organization"
	}
}

// seen says when the subject was about, where its type has room for it.
func (t *thing) seen(k intel.Kind, first, last time.Time) {
	if k == intel.Actor || k == intel.Malware || k == intel.Campaign {
		t.First, t.Last = moment(first), moment(last)
	}
}

// call gives the subject its other names that are believed, where its type has
// room for them.
func (t *thing) call(e intel.Entity, rows []intel.Row) {
	switch e.Kind {
	case intel.Actor, intel.Malware, intel.Tool, intel.Campaign, intel.Technique, intel.AttackPattern:
	default:
		return
	}
	for _, r := range rows {
		if r.Relation == intel.AliasOf && !r.Predicted && r.Probability >= 0.5 && r.Value != t.Name && !slices.Contains(t.Aliases, r.Value) {
			t.Aliases = append(t.Aliases, r.Value)
		}
	}
	if e.Kind.Slugged() && intel.Slug(t.Name) != e.Name && !slices.Contains(t.Aliases, e.Title()) {
		t.Aliases = append(t.Aliases, e.Title())
	}
}

// cited are references to where something is told.
func cited(urls []string) []reference {
	var out []reference
	for _, s := range urls {
		if host, ok := hostOf(s); ok {
			out = append(out, reference{Source: host, URL: s})
		}
	}
	return out
}

// proven are references to the evidence of a row: to where it was published,
// and else by the number of our document.
func proven(proofs []intel.Proof) []reference {
	var out []reference
	for _, p := range proofs {
		r := reference{Source: cmp.Or(string(p.Source), "portent"), ID: string(p.Document)}
		if _, ok := hostOf(p.URL); ok {
			r.URL = p.URL
		}
		if (r.ID != "" || r.URL != "") && !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	return out
}

func hostOf(s string) (string, bool) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.ContainsAny(s, " \"<>\\^`{|}") {
		return "", false
	}
	return u.Host, true
}

// moment writes a time in the precision STIX wants; an unknown one is empty.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// percent writes a probability as a confidence. None is written as 0, which
// would mean that nothing is said.
func percent(p float64) int { return max(1, min(100, int(100*p+0.5))) }
