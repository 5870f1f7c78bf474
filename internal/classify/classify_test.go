package classify

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
)

func small() []Example {
	var out []Example
	for _, s := range []string{"new ransomware", "exploit for a router", "botnet grows", "malware in mail", "stolen passwords", "zero day in firewall"} {
		out = append(out, Example{s, Relevant, 1})
	}
	for _, s := range []string{"nice weather", "lunch with friends", "new song", "rain again", "my cat sleeps", "match at nine"} {
		out = append(out, Example{s, Irrelevant, 1})
	}
	return out
}

func TestEqualExamplesGiveAnEqualModel(t *testing.T) {
	var first, second bytes.Buffer
	for _, b := range []*bytes.Buffer{&first, &second} {
		if _, err := TrainRelevance(small()).WriteTo(b); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("two models of the same examples differ")
	}
}

func TestAModelIsReadAsItWasWritten(t *testing.T) {
	m := TrainRelevance(small())
	var b bytes.Buffer
	if _, err := m.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	again, err := ReadModel(&b)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"ransomware on a router", "rain at lunch", ""} {
		if a, b := m.Probabilities(text)[0], again.Probabilities(text)[0]; a != b {
			t.Errorf("%q: %v, read again %v", text, a, b)
		}
	}
}

func TestDamagedModelIsRefused(t *testing.T) {
	whole := strings.Repeat(".", buckets)
	for _, s := range []string{"", `{"label":`, `{"labels":[{"label":"x","weights":"..."}]}`, `{"labels":[{"label":"x","weights":"` + whole[1:] + `!"}]}`, `{"labels":[{"label":"x","bias":1e999,"weights":"` + whole + `"}]}`, `{}`} {
		if _, err := ReadModel(strings.NewReader(s)); err == nil {
			t.Errorf("%.40q is read", s)
		}
	}
	if _, err := ReadModel(strings.NewReader(`{"labels":[{"label":"x","weights":"."}]}`)); !errors.Is(err, intel.ErrInvalid) {
		t.Errorf("err = %v", err)
	}
}

func TestLongTextsCostNoMoreThanTheirBeginning(t *testing.T) {
	for _, text := range []string{strings.Repeat("a", 1<<20), strings.Repeat("漏洞 ", 1<<18), strings.Repeat("exploit.", 1<<17), strings.Repeat("[.]", 1<<18), strings.Repeat("\xff", 1<<20)} {
		terms := read(text).said
		if len(terms) > mostTerms {
			t.Errorf("%.12q…: %d features", text, len(terms))
		}
		if n := testing.AllocsPerRun(1, func() { read(text) }); n > 20_000 {
			t.Errorf("%.12q…: %.0f allocations", text, n)
		}
	}
}

func TestWhatShipsTellsThreatsFromEverydayLife(t *testing.T) {
	for _, c := range []struct {
		text       string
		irrelevant bool
		intent     intel.Purpose
	}{
		{"Selling VPN access to a logistics company in Poland, domain admin, revenue 40M, price 3000$, escrow ok", false, intel.AccessSale},
		{"Продам доступ в корпоративную сеть, RDP, домен админ, Германия, 2000$, гарант", false, intel.AccessSale},
		{"what a lovely evening, dinner with grandma and then a walk by the lake", true, ""},
		{"Am Sonntag wandern wir mit den Kindern im Wald und essen Kuchen", true, ""},
	} {
		g := Shipped().Gist(intel.Document{Genre: intel.Forum, Text: c.text}, nil, nil)
		if g.Irrelevant() != c.irrelevant || c.intent != "" && g.Intents[0].Intent != c.intent {
			t.Errorf("%q: %+v", c.text, g)
		}
	}
}

func TestPostsOfAccountsHaveAGist(t *testing.T) {
	post := intel.Document{Genre: intel.Social, Text: "a post"}
	report, empty := post, post
	report.Genre, empty.Text = intel.Report, " \n"
	if !Applies(post) || Applies(report) || Applies(empty) {
		t.Error("a post has a gist; a report and what says nothing have none")
	}
}

func TestWhatASourceStatesOutrightMatters(t *testing.T) {
	bare := intel.Document{Genre: intel.LeakSite, Text: "Tallow Wharf Bakery"}
	claimed := bare
	claimed.Claims = []intel.Claim{{Relation: intel.ClaimsAttack}}
	if g := Shipped().Gist(bare, nil, nil); !g.Irrelevant() {
		t.Errorf("the name of a bakery alone: %+v", g)
	}
	if g := Shipped().Gist(claimed, nil, nil); g.Relevance != 1 || g.Intents[0] != (intel.Guess{Intent: intel.LeakClaim, Probability: 1}) {
		t.Errorf("as a victim: %+v", g)
	}
}

func TestAPostThatNamesAnIndicatorDoesNotRankLast(t *testing.T) {
	post := intel.Document{Genre: intel.Social, Text: "if you wonder who Sober Gecko is: that is just another name for Bronze Rookery"}
	for _, c := range []struct {
		kind       intel.Kind
		suppressed string
		irrelevant bool
	}{
		{intel.Actor, "", false}, {intel.SHA256, "", false}, {intel.SHA256, "commit", true}, {intel.Country, "", true}, {intel.Handle, "", true},
	} {
		mention := intel.Observation{Entity: intel.Entity{Kind: c.kind, Name: "x"}, Suppressed: c.suppressed}
		if g := Shipped().Gist(post, []intel.Observation{mention}, nil); g.Irrelevant() != c.irrelevant {
			t.Errorf("%+v: %+v", c, g)
		}
	}
}

func TestAPostWhoseAuthorIsUpToSomethingDoesNotRankLast(t *testing.T) {
	post := intel.Document{Genre: intel.Forum, Text: "Team has 9 jobs and not enough hands, write me, we pay weekly, the lake is lovely"}
	for relation, irrelevant := range map[intel.Relation]bool{intel.Intends: false, intel.Researches: false, intel.AliasOf: true} {
		if g := Shipped().Gist(post, nil, []intel.Evidence{{Link: intel.Link{Relation: relation}}}); g.Irrelevant() != irrelevant {
			t.Errorf("%s: %+v", relation, g)
		}
	}
}

func FuzzGist(f *testing.F) {
	f.Add("Selling access to a network, 500 hosts", "title")
	f.Add("从内网 доступ CVE-2024-1 198.51.100[.]7", "")
	j := Shipped()
	f.Fuzz(func(t *testing.T, text, title string) {
		g := j.Gist(intel.Document{Title: title, Text: text}, nil, nil)
		if len(g.Intents) == 0 || !(g.Relevance >= 0 && g.Relevance <= 1) {
			t.Fatalf("%+v", g)
		}
		last := math.Inf(1)
		for _, i := range g.Intents {
			if !(i.Probability >= 0 && i.Probability <= 1) || !i.Intent.Known() || i.Probability > last {
				t.Errorf("%+v", g)
			}
			last = i.Probability
		}
	})
}

func BenchmarkGist(b *testing.B) {
	doc := intel.Document{Text: strings.Repeat("Selling VPN access to a logistics company in Poland, domain admin, 3000$. ", 14)}
	j := Shipped()
	b.SetBytes(int64(len(doc.Text)))
	for b.Loop() {
		j.Gist(doc, nil, nil)
	}
}
