package intel_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/intel"
)

func TestEntitiesAreCanonical(t *testing.T) {
	for in, want := range map[string]string{
		"actor:Astro Locker":                            "actor:astro-locker",
		"actor:astro_locker":                            "actor:astro-locker",
		"actor:  ":                                      "",
		"malware:Cobalt  Strike":                        "malware:cobalt-strike",
		"actor:Тёмная Рысь":                             "actor:тёмная-рысь",
		"actor:银狐":                                      "actor:银狐",
		"ipv4:192.0.2.1":                                "ipv4:192.0.2.1",
		"ipv6:2001:DB8:0:0::1":                          "ipv6:2001:db8::1",
		"ipv6:fe80::1%eth0":                             "ipv6:fe80::1",
		"cidr:192.0.2.77/24":                            "cidr:192.0.2.0/24",
		"domain:C2.Example.":                            "domain:c2.example",
		"domain:c2.example .":                           "domain:c2.example",
		"url:https://c2.example/A?b=C":                  "url:https://c2.example/A?b=C",
		"sha1:DA39A3EE5E6B4B0D3255BFEF95601890AFD80709": "sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709",
		"technique:t1068":                               "technique:T1068",
		"vulnerability:cve-2099-1":                      "vulnerability:CVE-2099-1",
		"country:us":                                    "country:US",
		"file:/Path/X.php":                              "file:/Path/X.php",
		"handle:X/SomeOne":                              "handle:x/someone",
		"nonsense:x":                                    "",
		"actor":                                         "",
		"":                                              "",
	} {
		got, err := intel.ParseEntity(in)
		if want == "" {
			if !errors.Is(err, intel.ErrInvalid) {
				t.Errorf("%q: got %v, err %v; want ErrInvalid", in, got, err)
			}
			continue
		}
		if err != nil || got.String() != want {
			t.Errorf("%q: got %v, err %v; want %s", in, got, err, want)
		}
	}
}

func TestEveryKindStandsInTheListOfItsClassOnce(t *testing.T) {
	seen := map[intel.Kind]bool{}
	for _, c := range []intel.Class{intel.Name, intel.IOC, intel.TTP, intel.IOA} {
		for _, k := range intel.KindsOf(c) {
			if seen[k] || !k.Known() || k.Class() != c {
				t.Errorf("%s in class %d: known %t, class %d, seen before %t", k, c, k.Known(), k.Class(), seen[k])
			}
			seen[k] = true
		}
	}
	if len(seen) != 49 {
		t.Errorf("%d kinds, want 49", len(seen))
	}
}

func TestADocumentWithoutATitleIsNamedByItsText(t *testing.T) {
	for want, d := range map[string]intel.Document{
		"New tool":                     {Title: " New\n tool ", Text: "Other words."},
		"Selling access, cheap":        {Text: " Selling access,\n\ncheap\n"},
		strings.Repeat("狐", 100) + "…": {Text: strings.Repeat("狐", 400)},
		"Forum post by kelp/ann":       {Genre: intel.Forum, Author: "kelp/ann", Source: "kelp", Text: " \n"},
		"List by feed":                 {Genre: intel.List, Source: "feed"},
	} {
		if got := d.Heading(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func FuzzParseEntityIsIdempotent(f *testing.F) {
	for _, s := range []string{"actor:Astro Locker", "ipv6:::ffff:1.2.3.4", "cidr:10.0.0.1/8", "actor:İ", "domain:..", "domain:0 .", "country:ß"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := intel.ParseEntity(s)
		if err != nil {
			return
		}
		again, err := intel.ParseEntity(e.String())
		if err != nil || again != e {
			t.Errorf("%q became %q and then %q, err %v", s, e, again, err)
		}
	})
}

func TestMarkingsReadBothVersionsOfTheProtocol(t *testing.T) {
	for in, want := range map[string]intel.Marking{"TLP:WHITE": intel.Clear, "clear": intel.Clear, "tlp:amber+strict": intel.AmberStrict, "RED": intel.Red, " TLP: RED ": intel.Red} {
		if got, err := intel.ParseMarking(in); err != nil || got != want {
			t.Errorf("%q: got %v, err %v; want %v", in, got, err, want)
		}
	}
	if _, err := intel.ParseMarking("TLP:BLUE"); !errors.Is(err, intel.ErrInvalid) {
		t.Errorf("blue: err %v; want ErrInvalid", err)
	}
}

func TestALabelOfTLPThatNobodyKnowsIsRed(t *testing.T) {
	for in, want := range map[string]intel.Marking{"tlp:white": intel.Clear, "TLP: AMBER": intel.Amber, "tlp:ex:chr": intel.Red, "TLP:": intel.Red, "tlp:unclear": intel.Red,
		"tlp-green": intel.Red, "tlpx": intel.Clear, "type:OSINT": intel.Clear, "": intel.Clear} {
		if got := intel.MarkingOf(in); got != want {
			t.Errorf("%q: got %v, want %v", in, got, want)
		}
	}
}

func TestClaimsAreSplitByWhoMaySeeThem(t *testing.T) {
	claim := func(name string, m intel.Marking) intel.MarkedClaim {
		return intel.MarkedClaim{Claim: intel.Claim{Subject: intel.NewEntity(intel.Actor, name), Relation: intel.Uses, Object: intel.NewEntity(intel.Tool, "t")}, Marking: m}
	}
	doc := intel.Document{Source: "s", Text: "x", Marking: intel.Green}
	var got []string
	ids := map[intel.DocumentID]bool{}
	for _, d := range doc.Split([]intel.MarkedClaim{claim("a", intel.Red), claim("b", intel.Clear), claim("c", intel.Green), claim("d", intel.Green), claim("a", intel.Red)}, 2, "id") {
		line := d.Marking.String() + " " + d.Text
		for _, c := range d.Claims {
			line += " " + c.Subject.Name
		}
		got, ids[d.ID] = append(got, line), true
	}
	if diff := cmp.Diff([]string{"TLP:GREEN x b c", "TLP:GREEN  d", "TLP:RED  a a"}, got); diff != "" || len(ids) != 3 {
		t.Errorf("%d ids; %s", len(ids), diff)
	}
	if all := doc.Split(nil, 2); len(all) != 1 || all[0].ID != intel.NewContentID(doc, "0") {
		t.Errorf("without claims: %+v", all)
	}
}

func TestDocumentsSurviveJSON(t *testing.T) {
	doc := intel.Document{ID: intel.NewDocumentID("s", "1"), Source: "s", Genre: intel.List, Marking: intel.Amber, Reliability: 'B',
		Claims: []intel.Claim{{Subject: intel.Entity{Kind: intel.IPv4, Name: "192.0.2.1"}, Relation: intel.Indicates, Object: intel.Entity{Kind: intel.Actor, Name: "x"}}}}
	b, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	var got intel.Document
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Claims) != 1 || got.Claims[0] != doc.Claims[0] || got.Marking != doc.Marking || got.Reliability != doc.Reliability || !got.Published.IsZero() {
		t.Errorf("got %+v from %s", got, b)
	}
}

func TestDocumentIDsDoNotRunPartsTogether(t *testing.T) {
	if intel.NewDocumentID("a", "b", "c") == intel.NewDocumentID("a", "bc") || intel.NewDocumentID("ab") == intel.NewDocumentID("a", "b") {
		t.Error("different items have one ID")
	}
}

func TestAProbabilityNeverPrintsAsALevelItHasNotReached(t *testing.T) {
	for p, want := range map[float64]string{.4999: "0.49", .5: "0.50", .7999: "0.79", .8: "0.80", .29: "0.29", .57: "0.57", 1: "1.00", 0: "0.00", .999: "0.99"} {
		if got := intel.Decimal(p); got != want {
			t.Errorf("%v prints as %s, want %s", p, got, want)
		}
	}
}

func TestPostsAreOfAccountsAndWhatPublishersBringIsNot(t *testing.T) {
	for genre, want := range map[intel.Genre]bool{intel.Social: true, intel.Forum: true, intel.Chat: true, intel.Market: true, intel.LeakSite: true, intel.Mail: true,
		intel.Report: false, intel.Advisory: false, intel.Log: false, intel.List: false, intel.Verdict: false, "": false} {
		if got := genre.HasAccounts(); got != want {
			t.Errorf("%q has accounts: %v, want %v", genre, got, want)
		}
	}
}

func TestTheAuthorIsTheVoiceInAnyGenre(t *testing.T) {
	for _, genre := range []intel.Genre{intel.Forum, intel.Report} {
		d := intel.Document{Source: "feed", Genre: genre}
		if got := d.Voice(); got != "feed" {
			t.Errorf("a %s without an author is of %q, want its source", genre, got)
		}
		d.Author = "who"
		if got := d.Voice(); got != "who" {
			t.Errorf("a %s by who is of %q", genre, got)
		}
	}
}

func FuzzParseLink(f *testing.F) {
	f.Add("ipv4:192.0.2.7 indicates actor:cold-lynx")
	f.Add("actor:a not-alias-of actor:b")
	f.Add("command:x uses y uses tool:z")
	f.Fuzz(func(t *testing.T, text string) {
		l, err := intel.ParseLink(text)
		if err != nil {
			return
		}
		if again, err := intel.ParseLink(l.String()); err != nil || again != l {
			t.Errorf("%q is %+v, and that written %q is %+v, err %v", text, l, l, again, err)
		}
	})
}

func TestAStatedDayIsPrintedAsItIsStated(t *testing.T) {
	for _, day := range []string{"2031-01-01", "1970-01-01", "1969-12-31", "0001-01-01", "9999-12-31"} {
		at, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		d := intel.StatedOn(at.Add(23 * time.Hour))
		if back, err := intel.ParseStatedDay(d.String()); d.String() != day || back != d || err != nil {
			t.Errorf("%s is printed as %s and read as %s, %v", day, d, back, err)
		}
	}
	if none := intel.StatedDay(0); none.String() != "" {
		t.Errorf("no day is %q", none)
	}
}
