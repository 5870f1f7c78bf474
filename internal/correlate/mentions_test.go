package correlate_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/correlate"
	"github.com/portent-cti/portent/internal/extract"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/reference"
)

var (
	bear    = intel.Entity{Kind: intel.Actor, Name: "brine-bear"}
	germany = intel.Entity{Kind: intel.Country, Name: "DE"}
	loader  = intel.Entity{Kind: intel.Malware, Name: "salt-loader"}
	flaw    = intel.Entity{Kind: intel.Vulnerability, Name: "CVE-2099-1000"}
)

// told reads a document and returns what it adds to scores, by entity, of its
// attacks on countries as "actor > country".
func told(t *testing.T, doc intel.Document) map[string]intel.Side {
	t.Helper()
	set, err := reference.NewSet(reference.ActorsPack("1", []reference.Cluster{{Galaxy: "threat-actor", Value: "Brine Bear"}, {Galaxy: "rat", Value: "Salt Loader"}}))
	if err != nil {
		t.Fatal(err)
	}
	observations := extract.New(set).Observations(doc)
	evidence := correlate.Evidence(doc, observations, set)
	for _, e := range evidence {
		for _, end := range []intel.Entity{e.Link.From, e.Link.To} {
			observations = append(observations, intel.Observation{Entity: end, Offset: -1})
		}
	}
	out := map[string]intel.Side{}
	for _, m := range correlate.Speech(doc, observations, evidence, "").Mentions {
		name := m.Entity.String()
		if m.Target.Name != "" {
			name += " > " + m.Target.String()
		}
		out[name] = m.Side
	}
	return out
}

func TestADocumentTellsOfTheSidesThatTheTableOfScoresSays(t *testing.T) {
	const both = intel.Offensive | intel.Defensive
	claim := func(r intel.Relation, to intel.Entity) []intel.Claim {
		return []intel.Claim{{Subject: bear, Relation: r, Object: to}}
	}
	for name, test := range map[string]struct {
		doc  intel.Document
		want map[string]intel.Side
	}{
		"a report on an attack": {intel.Document{Genre: intel.Report, Text: "Brine Bear attacked ministries in Germany."},
			map[string]intel.Side{bear.String(): both, bear.String() + " > " + germany.String(): intel.Offensive}},
		"a report that says what it uses": {intel.Document{Genre: intel.Report, Text: "Brine Bear uses Salt Loader."},
			map[string]intel.Side{bear.String(): intel.Defensive, loader.String(): intel.Defensive}},
		"a group's own claim": {intel.Document{Genre: intel.LeakSite, Author: "leaksite/brine-bear", Claims: claim(intel.ClaimsAttack, germany)},
			map[string]intel.Side{bear.String(): intel.Offensive, bear.String() + " > " + germany.String(): intel.Offensive}},
		"a post that shares an indicator": {intel.Document{Genre: intel.Social, Author: "x/ann",
			Claims: []intel.Claim{{Subject: intel.Entity{Kind: intel.Domain, Name: "c2.example.net"}, Relation: intel.Indicates, Object: loader}}},
			map[string]intel.Side{loader.String(): intel.Defensive}},
		"a post that names it": {intel.Document{Genre: intel.Forum, Author: "f/ann", Text: "Anybody heard of Brine Bear?"}, map[string]intel.Side{}},
		"a post on an arrest":  {intel.Document{Genre: intel.Social, Author: "x/ann", Text: "Two of Brine Bear were arrested."}, map[string]intel.Side{bear.String(): intel.Defensive}},
		"the same in Russian": {intel.Document{Genre: intel.Chat, Author: "c/ann", Text: "Участники Brine Bear арестованы."},
			map[string]intel.Side{bear.String(): intel.Defensive}},
		"sanctions on a country":        {intel.Document{Genre: intel.Report, Text: "New sanctions on Germany."}, map[string]intel.Side{germany.String(): intel.Defensive}},
		"a report that names a country": {intel.Document{Genre: intel.Report, Text: "Our office in Germany has moved."}, map[string]intel.Side{}},
		"what exploits a flaw":          {intel.Document{Genre: intel.List, Claims: claim(intel.Exploits, flaw)}, map[string]intel.Side{bear.String(): both, flaw.String(): 0}},
		"what it means to do":           {intel.Document{Genre: intel.LeakSite, Author: "leaksite/brine-bear", Claims: claim(intel.Intends, intel.Entity{Kind: intel.Intent, Name: "extortion"})}, map[string]intel.Side{}},
		"an attack that is denied":      {intel.Document{Genre: intel.Forum, Author: "f/ann", Claims: []intel.Claim{{Subject: bear, Relation: intel.Targets, Object: germany, Stance: intel.Disputes}}}, map[string]intel.Side{}},
		"the record of a flaw":          {intel.Document{Genre: intel.Advisory, Title: flaw.Name, Text: flaw.Name + ": Brine Bear warns of it."}, map[string]intel.Side{flaw.String(): 0}},
		"an analyst's word":             {intel.Document{Genre: intel.Verdict, Source: "analyst:ann", Claims: claim(intel.Exploits, flaw)}, map[string]intel.Side{}},
		"what a hunt saw":               {intel.Document{Genre: intel.Log, Source: "hunt:site", Claims: claim(intel.Exploits, flaw)}, map[string]intel.Side{}},
		"a product, and whose product it is": {intel.Document{Genre: intel.List, Claims: []intel.Claim{{Subject: flaw, Relation: intel.Affects, Object: intel.Entity{Kind: intel.Product, Name: "acme/gateway"}}}},
			map[string]intel.Side{flaw.String(): 0, "product:acme/gateway": 0, "vendor:acme": 0}},
	} {
		test.doc.ID, test.doc.Published = "0123", time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
		if diff := cmp.Diff(test.want, told(t, test.doc)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestACatalogueSpeaksForItselfAndACopyForItsOriginal(t *testing.T) {
	for name, test := range map[string]struct {
		doc      intel.Document
		original string
		voice    string
		genre    intel.Genre
	}{
		"KEV":                 {intel.Document{Genre: intel.Advisory, Author: "cisa", Title: "Acme bug", References: []string{"https://acme.example/1"}}, "", "cisa", intel.Advisory},
		"a record":            {intel.Document{Genre: intel.Advisory, Author: "acme", Title: "CVE-2099-1000 Bug"}, "", "acme", intel.Register},
		"a relay":             {intel.Document{Genre: intel.Report, Author: "blog", References: []string{"https://www.lab.example/1"}}, "", "lab.example", intel.Report},
		"a copy":              {intel.Document{Genre: intel.Social, Author: "x/bob"}, "x/ann", "x/ann", intel.Social},
		"an account's own":    {intel.Document{Genre: intel.Forum, Author: "f/ann", References: []string{"https://lab.example/1"}}, "", "f/ann", intel.Forum},
		"without author":      {intel.Document{Genre: intel.List, Source: "feed"}, "", "feed", intel.List},
		"a copy of an advice": {intel.Document{Genre: intel.Advisory, Author: "cisa"}, "cert", "cert", intel.Advisory},
	} {
		s := correlate.Speech(test.doc, nil, nil, test.original)
		if s.Voice != test.voice || s.Genre != test.genre {
			t.Errorf("%s: voice %q, %s; want %q, %s", name, s.Voice, s.Genre, test.voice, test.genre)
		}
	}
}

// TestAListOfEverythingIsBounded has a document name more than a thousand of
// anything.
func TestAListOfEverythingIsBounded(t *testing.T) {
	var observations []intel.Observation
	for i := range 5000 {
		observations = append(observations, intel.Observation{Entity: intel.Entity{Kind: intel.Vulnerability, Name: fmt.Sprintf("CVE-2099-%d", 1000+i)}})
	}
	doc := intel.Document{Genre: intel.List, Source: "feed"}
	if s := correlate.Speech(doc, observations, nil, ""); len(s.Mentions) != 0 {
		t.Errorf("%d mentions, want none", len(s.Mentions))
	}
	slices.Reverse(observations)
	twice := append(slices.Clone(observations[:10]), observations[:10]...)
	if s := correlate.Speech(doc, twice, nil, ""); len(s.Mentions) != 10 {
		t.Errorf("named twice: %d mentions, want 10", len(s.Mentions))
	}
}
