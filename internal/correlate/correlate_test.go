package correlate_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/correlate"
	"github.com/portent-cti/portent/internal/extract"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/reference"
)

func set(tb testing.TB) *reference.Set {
	tb.Helper()
	s, err := reference.NewSet(reference.ActorsPack("1", []reference.Cluster{
		{Galaxy: "threat-actor", Value: "Cold Lynx"}, {Galaxy: "mitre-malware", Value: "Cobalt Strike", Malicious: true}}))
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// mark returns what stands in text as observations, one per "kind:name|wording".
func mark(text string, marks ...string) []intel.Observation {
	var out []intel.Observation
	for _, m := range marks {
		entity, wording, _ := strings.Cut(m, "|")
		e, err := intel.ParseEntity(entity)
		if err != nil {
			panic(err)
		}
		out = append(out, intel.Observation{Entity: e, Offset: strings.Index(text, wording), Length: len(wording), Text: wording})
	}
	return out
}

func links(evidence []intel.Evidence) []string {
	var out []string
	for _, e := range evidence {
		s := e.Link.String()
		if e.Stance == intel.Disputes {
			s = "not: " + s
		}
		out = append(out, s)
	}
	slices.Sort(out)
	return out
}

func TestSentencesGiveLinks(t *testing.T) {
	for _, c := range []struct {
		genre       intel.Genre
		author      string
		text        string
		marks, want []string
	}{
		{intel.Report, "v", "Cold Lynx used 203.0.113.9 in May.", []string{"actor:cold-lynx|Cold Lynx", "domain:c2.example|203.0.113.9"},
			[]string{"domain:c2.example indicates actor:cold-lynx"}},
		{intel.Report, "v", "Cold Lynx attacks banks in Norway.", []string{"actor:cold-lynx|Cold Lynx", "country:NO|Norway", "sector:finance|banks"},
			[]string{"actor:cold-lynx targets country:NO", "actor:cold-lynx targets sector:finance"}},
		{intel.Report, "v", "Группа Cold Lynx атакует банки Норвегии.", []string{"actor:cold-lynx|Cold Lynx", "country:NO|Норвегии"},
			[]string{"actor:cold-lynx targets country:NO"}},
		{intel.Report, "v", "Cold Lynx针对挪威。", []string{"actor:cold-lynx|Cold Lynx", "country:NO|挪威"}, []string{"actor:cold-lynx targets country:NO"}},
		{intel.Report, "v", "Cold Lynx is based in Norway.", []string{"actor:cold-lynx|Cold Lynx", "country:NO|Norway"},
			[]string{"actor:cold-lynx originates-from country:NO"}},
		{intel.Report, "v", "Cold Lynx attacks, with targets located in Norway.", []string{"actor:cold-lynx|Cold Lynx", "country:NO|Norway"},
			[]string{"actor:cold-lynx targets country:NO"}},
		{intel.Report, "v", "Norwegian ministers say that Cold Lynx hails from Chad.", []string{"actor:cold-lynx|Cold Lynx", "country:NO|Norwegian", "country:TD|Chad"},
			[]string{"actor:cold-lynx originates-from country:TD"}},
		{intel.Report, "v", "Cold Lynx is from Chad-linked circles.(Citation: Norway on Cold Lynx)(Citation: Oslo Attack) It is back.",
			[]string{"actor:cold-lynx|Cold Lynx", "country:TD|Chad", "country:NO|Norway"}, []string{"actor:cold-lynx originates-from country:TD"}},
		{intel.Report, "v", "Cold Lynx, also known as TG-4411, is back.", []string{"actor:cold-lynx|Cold Lynx", "actor:tg-4411|TG-4411"},
			[]string{"actor:tg-4411 alias-of actor:cold-lynx"}},
		{intel.Report, "v", "有人说Ночной Барсук就是Cold Lynx。", []string{"actor:cold-lynx|Cold Lynx"}, []string{"actor:ночной-барсук alias-of actor:cold-lynx"}},
		{intel.Report, "v", "Cold Lynx又名Ночной Барсук就是他们。", []string{"actor:cold-lynx|Cold Lynx"}, []string{"actor:ночной-барсук alias-of actor:cold-lynx"}},
		{intel.Report, "v", "There is no evidence that Cold Lynx uses Nightbell.", []string{"actor:cold-lynx|Cold Lynx", "malware:nightbell|Nightbell"},
			[]string{"not: actor:cold-lynx uses malware:nightbell"}},
		{intel.Report, "v", "Cold Lynx adds two zero-day exploits using an attack on a ministry as a decoy.", []string{"actor:cold-lynx|Cold Lynx"}, nil},
		{intel.Forum, "someone", "Selling access to a bank.", nil, []string{"handle:kelp/someone intends intent:sell-access", "handle:kelp/someone offers intent:sell-access"}},
		{intel.Forum, "someone", "Looking for an exploit for CVE-2099-1234, will pay.", []string{"vulnerability:CVE-2099-1234|CVE-2099-1234"},
			[]string{"handle:kelp/someone researches vulnerability:CVE-2099-1234"}},
		{intel.Advisory, "v", "CVE-2099-1234: a flaw in /a.php.", []string{"vulnerability:CVE-2099-1234|CVE-2099-1234", "file:/a.php|/a.php"},
			[]string{"vulnerability:CVE-2099-1234 affects file:/a.php"}},
		{intel.Advisory, "v", "CVE-2099-1: a flaw in /a.php. The argument aa is affected. CVE-2099-2 is one in /b.php.",
			[]string{"vulnerability:CVE-2099-1|CVE-2099-1", "file:/a.php|/a.php", "argument:aa|aa", "vulnerability:CVE-2099-2|CVE-2099-2", "file:/b.php|/b.php"},
			[]string{"vulnerability:CVE-2099-1 affects argument:aa", "vulnerability:CVE-2099-1 affects file:/a.php", "vulnerability:CVE-2099-2 affects file:/b.php"}},
		{intel.Report, "v", "The file /a.php has CVE-2099-1. A flaw in /b.php is tracked as CVE-2099-2.",
			[]string{"vulnerability:CVE-2099-1|CVE-2099-1", "file:/a.php|/a.php", "vulnerability:CVE-2099-2|CVE-2099-2", "file:/b.php|/b.php"},
			[]string{"vulnerability:CVE-2099-1 affects file:/a.php", "vulnerability:CVE-2099-2 affects file:/b.php"}},
	} {
		doc := intel.Document{ID: intel.NewDocumentID("kelp", c.text), Source: "kelp", Genre: c.genre, Author: c.author, Text: c.text}
		if got := links(correlate.Evidence(doc, mark(c.text, c.marks...), set(t))); !slices.Equal(got, c.want) {
			t.Errorf("%q: got %q, want %q", c.text, got, c.want)
		}
	}
}

func TestASentenceWeighsMoreThanAParagraphAndThatMoreThanADocument(t *testing.T) {
	weight := func(text string) float64 {
		doc := intel.Document{Source: "s", Genre: intel.Report, Text: text}
		for _, e := range correlate.Evidence(doc, mark(text, "actor:cold-lynx|Cold Lynx", "domain:c2.example|c2.example"), set(t)) {
			if e.Link.From.Kind == intel.Domain {
				return e.Weight
			}
		}
		return 0
	}
	same, near, far := weight("Cold Lynx used c2.example."), weight("Cold Lynx came. It used c2.example."), weight("Cold Lynx came.\n\nIt used c2.example.")
	if same <= near || near <= far || far <= 0 {
		t.Errorf("sentence %v, paragraph %v, document %v", same, near, far)
	}
}

func TestAHashTagBecomesTheKindTheReferenceKnows(t *testing.T) {
	at := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	doc := intel.Document{Source: "s", Genre: intel.Social, Author: "x/someone", Published: at, Claims: []intel.Claim{
		{Subject: intel.Entity{Kind: intel.Domain, Name: "c2.example"}, Relation: intel.Indicates, Object: intel.NewEntity(intel.Label, "CobaltStrike")},
		{Subject: intel.Entity{Kind: intel.Domain, Name: "c2.example"}, Relation: intel.Indicates, Object: intel.NewEntity(intel.Label, "opendir")},
		{Subject: intel.Entity{Kind: intel.Domain, Name: "c2.example"}},
	}}
	got := correlate.Evidence(doc, nil, set(t))
	want := []string{"domain:c2.example indicates label:opendir", "domain:c2.example indicates malware:cobalt-strike"}
	if !slices.Equal(links(got), want) || got[0].Origin != "x/someone" || !got[0].At.Equal(at) || got[0].Offset != -1 {
		t.Errorf("got %+v", got)
	}
}

func TestATagThatSaysThereIsNoneIsNoLabel(t *testing.T) {
	for tag, want := range map[string]string{"Unknown": "untagged", "N/A": "untagged", "none": "untagged", "untagged": "untagged", "nonesuch": "nonesuch"} {
		c := intel.Claim{Subject: intel.NewEntity(intel.Domain, "c2.example"), Relation: intel.Indicates, Object: intel.NewEntity(intel.Label, tag)}
		if got := links(correlate.Evidence(intel.Document{Genre: intel.Social, Claims: []intel.Claim{c}}, nil, set(t))); !slices.Equal(got, []string{"domain:c2.example indicates label:" + want}) {
			t.Errorf("%s: %v", tag, got)
		}
	}
}

func TestAClaimOfNoRelationOfOursIsNoEvidence(t *testing.T) {
	c := intel.Claim{Subject: intel.NewEntity(intel.Domain, "c2.example"), Relation: "likes", Object: intel.NewEntity(intel.Actor, "Cold Lynx")}
	if got := correlate.Evidence(intel.Document{Genre: intel.Report, Claims: []intel.Claim{c}}, nil, set(t)); len(got) > 0 {
		t.Errorf("evidence %v, want none", links(got))
	}
	c.Relation = intel.Indicates
	if got := correlate.Evidence(intel.Document{Genre: intel.Report, Claims: []intel.Claim{c}}, nil, set(t)); len(got) != 1 {
		t.Errorf("evidence %v, want one", links(got))
	}
}

func TestWhatWasSetAsideGivesNoEvidence(t *testing.T) {
	text := "Cold Lynx used 9.9.9.9."
	os := mark(text, "actor:cold-lynx|Cold Lynx", "ipv4:9.9.9.9|9.9.9.9")
	os[1].Suppressed = "public resolver"
	if got := correlate.Evidence(intel.Document{Source: "s", Genre: intel.Report, Text: text}, os, set(t)); len(got) != 0 {
		t.Errorf("got %+v", got)
	}
}

func FuzzEvidenceIsBounded(f *testing.F) {
	f.Add("Cold Lynx used c2.example. Und so weiter。漢字", 3, 9)
	s := set(f)
	f.Fuzz(func(t *testing.T, text string, a, b int) {
		if len(text) == 0 {
			return
		}
		at := func(n int) int { return (n%len(text) + len(text)) % len(text) }
		os := []intel.Observation{
			{Entity: intel.Entity{Kind: intel.Actor, Name: "x"}, Offset: at(a), Length: 1, Text: "x"},
			{Entity: intel.Entity{Kind: intel.IPv4, Name: "198.51.100.1"}, Offset: at(b), Length: 1},
		}
		for _, e := range correlate.Evidence(intel.Document{Source: "s", Genre: intel.Forum, Author: "h", Text: text}, os, s) {
			if e.Weight < 0 || e.Weight > 1 || e.Offset+e.Length > len(text) || e.Link.From.Name == "" || e.Link.To.Name == "" {
				t.Errorf("%q: %+v", text, e)
			}
		}
	})
}

func BenchmarkClaims(b *testing.B) {
	s := set(b)
	doc := intel.Document{Source: "s", Genre: intel.Social, Author: "x/someone"}
	for i := range 4 {
		doc.Claims = append(doc.Claims, intel.Claim{Subject: intel.Entity{Kind: intel.Domain, Name: strings.Repeat("a", i+1) + ".example"}, Relation: intel.Indicates, Object: intel.NewEntity(intel.Label, "CobaltStrike")})
	}
	for b.Loop() {
		correlate.Evidence(doc, nil, s)
	}
	b.ReportMetric(4*float64(b.N)/b.Elapsed().Seconds(), "claims/s")
}

func TestAnAnswerDoesNotSayWhatItQuotes(t *testing.T) {
	set, err := reference.NewSet()
	if err != nil {
		t.Fatal(err)
	}
	offer := "I am selling an exploit for CVE-2021-44228, PM me for the price."
	says := func(text string) (n int) {
		doc := intel.Document{ID: intel.NewDocumentID("list", "1"), Source: "list", Genre: intel.Mail, Author: "mail/Bob", Text: text}
		return len(correlate.Evidence(doc, extract.New(set).Observations(doc), set))
	}
	if says(offer) == 0 {
		t.Error("an offer says nothing")
	}
	for _, answer := range []string{"> " + offer + "\n\nPlease stop this.", "Please stop this.\n\nJo wrote:\n\n> " + offer, "Jo wrote:\n> " + offer + "\n+1"} {
		if n := says(answer); n != 0 {
			t.Errorf("%q: %d pieces of evidence", answer, n)
		}
	}
}

func TestWhatALeakSiteNamesIsTheVictims(t *testing.T) {
	set, err := reference.NewSet()
	if err != nil {
		t.Fatal(err)
	}
	doc := intel.Document{ID: intel.NewDocumentID("leaks", "1"), Source: "leaks", Genre: intel.LeakSite, Title: "eagers-motors.com", Text: "eagers-motors.com and credicoop.coop.py, 45.134.21.8",
		Claims: []intel.Claim{{Subject: intel.Entity{Kind: intel.Actor, Name: "cold-lynx"}, Relation: intel.ClaimsAttack, Object: intel.Entity{Kind: intel.Organization, Name: "eagers-motors"}}}}
	for _, e := range correlate.Evidence(doc, extract.New(set).Observations(doc), set) {
		if e.Link.Relation == intel.Indicates {
			t.Errorf("%s indicates %s", e.Link.From, e.Link.To)
		}
	}
}

// A vendor that cites another relays it; an account that links to a report, or
// quotes somebody, still speaks for itself.
func TestOnlyPublishersRelayWhatTheyCite(t *testing.T) {
	for genre, want := range map[intel.Genre]string{intel.Report: "vendor.example", intel.List: "vendor.example", intel.Forum: "net/nick", intel.Mail: "net/nick"} {
		d := intel.Document{Source: "net", Author: "net/nick", Genre: genre, References: []string{"https://www.vendor.example/1"}}
		if got := correlate.Origin(d); got != want {
			t.Errorf("a %s that cites a vendor is of %q, want %q", genre, got, want)
		}
	}
}

func TestAPostHasAnAuthorAndAReportHasNone(t *testing.T) {
	for genre, want := range map[intel.Genre]string{intel.Forum: "handle:net/nick", intel.LeakSite: "actor:nick", intel.Report: "", intel.Log: ""} {
		who, ok := correlate.Author(intel.Document{Source: "net", Author: "nick", Genre: genre})
		if ok != (want != "") || ok && who.String() != want {
			t.Errorf("the author of a %s is %v, %v; want %q", genre, who, ok, want)
		}
	}
}
