package demo

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/intel"
)

// today is when the worlds of these tests end.
func today() time.Time { return time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC) }

// onManySeeds runs f on freshly generated worlds.
func onManySeeds(t *testing.T, f func(*testing.T, Scenario)) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprintf("seed %d", seed+1), func(t *testing.T) {
			t.Parallel()
			f(t, New(seed+1, today()))
		})
	}
}

func TestEqualSeedsGiveEqualWorlds(t *testing.T) {
	if diff := cmp.Diff(New(7, today()), New(7, today())); diff != "" {
		t.Error(diff)
	}
}

// invented returns every name a world made up.
func invented(s Scenario) map[string]bool {
	all := map[string]bool{}
	for _, p := range s.Truth.Actors {
		all[p.Name] = true
		for _, a := range p.Aliases {
			all[a.Name] = true
		}
		for _, h := range p.Handles {
			all[h.Name] = true
		}
		for _, c := range p.Facts[Campaigns] {
			all[c.Object.Name] = true
		}
		for _, i := range p.Facts[Indicators] {
			if i.Object.Kind != intel.IPv4 {
				all[i.Object.Name] = true
			}
		}
	}
	for _, src := range s.Sources {
		all[src.Name] = true
	}
	for _, known := range [][]Known{s.Reference.Malware, s.Reference.Tools, s.Reference.Products} {
		for _, k := range known {
			all[k.Names[0]] = true
		}
	}
	for _, st := range s.Truth.Statements {
		if st.Object.Kind == intel.Organization || st.Object.Kind == intel.Vulnerability {
			all[st.Object.Name] = true
		}
	}
	return all
}

// Word pairs and numbers may meet by chance, names of a world as such may not.
func TestOtherSeedsGiveOtherNames(t *testing.T) {
	before := invented(New(100, today()))
	for seed := range uint64(10) {
		names, same := invented(New(101+seed, today())), 0
		for name := range names {
			if before[name] {
				same++
				t.Logf("seeds %d and %d share %q", 100+seed, 101+seed, name)
			}
		}
		if same > len(names)/100 {
			t.Errorf("seeds %d and %d share %d of %d names", 100+seed, 101+seed, same, len(names))
		}
		before = names
	}
}

func TestWorldIsAsWideAsPromised(t *testing.T) {
	onManySeeds(t, func(t *testing.T, s Scenario) {
		if n := len(s.Truth.Actors); n < 8 {
			t.Errorf("%d actors, want 8 or more", n)
		}
		if n := len(s.Documents); n < 400 || n > 600 {
			t.Errorf("%d documents, want 400 to 600", n)
		}
		genres, spoken, noise, copies := map[intel.Genre]int{}, map[string]int{}, 0, 0
		ids := map[intel.DocumentID]bool{}
		for i, d := range s.Documents {
			genres[d.Genre]++
			about := s.Truth.Documents[i]
			if about.Document != d.ID || ids[d.ID] {
				t.Fatalf("document %s stands twice or out of order", d.ID)
			}
			ids[d.ID] = true
			spoken[about.Language]++
			if about.Noise {
				noise++
			}
			if about.CopyOf != "" {
				copies++
			}
		}
		for _, g := range []intel.Genre{intel.Social, intel.Forum, intel.Chat, intel.Market, intel.LeakSite, intel.Mail,
			intel.Report, intel.Log} {
			if genres[g] < 8 {
				t.Errorf("%d documents of genre %s, want 8 or more", genres[g], g)
			}
		}
		for _, l := range languages() {
			if spoken[l] < 15 {
				t.Errorf("%d documents in %s, want 15 or more", spoken[l], l)
			}
		}
		if noise < 40 || copies < 20 {
			t.Errorf("%d documents of noise and %d copies, want 40 and 20 or more", noise, copies)
		}
	})
}

func TestDocumentsAreWellFormed(t *testing.T) {
	onManySeeds(t, func(t *testing.T, s Scenario) {
		last := s.Start
		for _, d := range s.Documents {
			switch {
			case !utf8.ValidString(d.Title + d.Text):
				t.Errorf("%s: text is not UTF-8", d.ID)
			case d.Text == "" || strings.ContainsAny(d.Title+d.Text, "{}"):
				t.Errorf("%s: a slot was left open or nothing was said: %q", d.ID, d.Text)
			case d.Published.Before(last) || d.Published.After(s.Now):
				t.Errorf("%s: published %s, want between %s and %s", d.ID, d.Published, last, s.Now)
			case d.Learned.Before(d.Published) || d.Learned.After(s.Now):
				t.Errorf("%s: published %s, learned %s", d.ID, d.Published, d.Learned)
			case len(d.Claims) > 0:
				t.Errorf("%s carries claims", d.ID)
			}
			last = d.Published
		}
	})
}

func TestOnlyReservedValuesOccur(t *testing.T) {
	address := regexp.MustCompile(`(?:\d{1,3}\.){3}\d{1,3}`)
	address6 := regexp.MustCompile(`(?i)\b[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){3,7}\b`)
	host := regexp.MustCompile(`(?i)\b(?:[a-z0-9-]+\.)+(?:com|net|org|info|biz|io|ru|cn|de|es|ir|top|xyz|onion|local|site|online|me|co)\b`)
	cve := regexp.MustCompile(`CVE-\d{4}-\d+`)
	var reserved []netip.Prefix
	for _, p := range []string{"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", // RFC 5737
		"10.0.0.0/8", "127.0.0.0/8", "0.0.0.0/8", "2001:db8::/32"} { // RFC 1918, RFC 6890, RFC 3849
		reserved = append(reserved, netip.MustParsePrefix(p))
	}
	onManySeeds(t, func(t *testing.T, s Scenario) {
		for _, d := range s.Documents {
			text := mended(strings.Join([]string{d.Title, d.Text, d.URL, d.Author}, "\n"))
			for _, v := range append(address.FindAllString(text, -1), address6.FindAllString(text, -1)...) {
				a, err := netip.ParseAddr(v)
				if err != nil {
					continue // a version or a time
				}
				found := false
				for _, p := range reserved {
					found = found || p.Contains(a)
				}
				if !found {
					t.Errorf("%s: address %s is not reserved", d.ID, v)
				}
			}
			for _, v := range host.FindAllString(text, -1) {
				if !reservedDomain(strings.ToLower(v)) {
					t.Errorf("%s: domain %s is not reserved", d.ID, v)
				}
			}
			for _, v := range cve.FindAllString(text, -1) {
				if !strings.HasPrefix(v, "CVE-2099-") {
					t.Errorf("%s: %s is not of the year 2099", d.ID, v)
				}
			}
		}
		for _, st := range s.Truth.Statements {
			switch st.Object.Kind {
			case intel.Domain:
				if !reservedDomain(st.Object.Name) {
					t.Errorf("domain %s is not reserved", st.Object.Name)
				}
			case intel.IPv4, intel.IPv6:
				if a := netip.MustParseAddr(st.Object.Name); a.IsPrivate() || a.Is4() && a.As4()[0] == 0 {
					t.Errorf("indicator %s is a private address", a)
				}
			}
		}
	})
}

// reservedDomain reports whether RFC 2606 reserves a name.
func reservedDomain(name string) bool {
	for _, r := range []string{"example", "test", "invalid", "example.com", "example.net", "example.org"} {
		if name == r || strings.HasSuffix(name, "."+r) {
			return true
		}
	}
	return false
}

// What the truth says of a document stands in it, except for what a reader
// infers: intents and places, which are worded in its language.
func TestTruthStandsInTheText(t *testing.T) {
	onManySeeds(t, func(t *testing.T, s Scenario) {
		texts := map[intel.DocumentID]string{}
		for _, d := range s.Documents {
			texts[d.ID] = mended(d.Title + "\n" + d.Text + "\n" + d.Author)
		}
		for _, st := range s.Truth.Statements {
			text, ok := texts[st.Document]
			if !ok {
				t.Fatalf("%s says %v of a document that is not there", st.Category, st.Object)
			}
			switch st.Object.Kind.Class() {
			case intel.IOC, intel.IOA:
				if !strings.Contains(text, st.Object.Name) && st.Object.Kind != intel.Port && st.Object.Kind != intel.Filename {
					t.Errorf("%s: %s is not in %q", st.Document, st.Object, text)
				}
			default:
				switch st.Object.Kind {
				case intel.Vulnerability:
					if !strings.Contains(text, st.Object.Name) {
						t.Errorf("%s: %s is not in %q", st.Document, st.Object, text)
					}
				case intel.Actor, intel.Malware, intel.Tool, intel.Campaign, intel.Organization:
					if !strings.Contains(intel.Compact(text), intel.Compact(st.Object.Name)) {
						t.Errorf("%s: %s is not in %q", st.Document, st.Object, text)
					}
				}
			}
		}
	})
}

func TestCopiesSayWhatTheirOriginalsSay(t *testing.T) {
	onManySeeds(t, func(t *testing.T, s Scenario) {
		docs, said := map[intel.DocumentID]intel.Document{}, map[intel.DocumentID]int{}
		for _, d := range s.Documents {
			docs[d.ID] = d
		}
		for _, st := range s.Truth.Statements {
			said[st.Document]++
		}
		for _, a := range s.Truth.Documents {
			if a.CopyOf == "" {
				continue
			}
			copied, original := docs[a.Document], docs[a.CopyOf]
			if !copied.Published.After(original.Published) || copied.Voice() == original.Voice() {
				t.Errorf("%s copies %s before it was said or in the same voice", a.Document, a.CopyOf)
			}
			if said[a.Document] != said[a.CopyOf] {
				t.Errorf("%s says %d things, its original %d", a.Document, said[a.Document], said[a.CopyOf])
			}
		}
	})
}

func TestEveryActorHasAStory(t *testing.T) {
	onManySeeds(t, func(t *testing.T, s Scenario) {
		disputed, learned, together := 0, 0, 0
		for _, p := range s.Truth.Actors {
			if n := len(p.Aliases); n < 1 || n > 3 {
				t.Errorf("%s has %d aliases, want 1 to 3", p.Name, n)
			}
			for _, a := range p.Aliases {
				if a.DeniedBy != "" {
					disputed++
				}
				if !a.Known {
					learned++
				}
			}
			together += len(p.Facts[Associated])
			for _, c := range []Category{Aliases, Arsenal, Techniques, Indicators, Targets, Sectors, Handles, Intentions} {
				if len(p.Facts[c]) == 0 {
					t.Errorf("%s has no %s", p.Name, c)
				}
			}
		}
		if disputed != 1 || learned < 5 || together < 2 {
			t.Errorf("%d disputed aliases, %d to be learned, %d associations; want 1, 5 or more, 2 or more", disputed, learned, together)
		}
	})
}

func TestTruthSurvivesJSON(t *testing.T) {
	s := New(3, today())
	file, err := json.Marshal(s.Truth)
	if err != nil {
		t.Fatal(err)
	}
	var back Truth
	if err := json.Unmarshal(file, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s.Truth, back); diff != "" {
		t.Error(diff)
	}
}

// Every occasion an actor of some role is heard on has words for it.
func TestNoOccasionIsSpeechless(t *testing.T) {
	w := newWorld(rand.New(rand.NewPCG(1, 1)), today())
	for _, r := range roles() {
		for _, occasion := range r.plan {
			ways := 0
			for _, l := range languages() {
				ways += len(w.templates[l+"/"+occasion])
			}
			if ways == 0 {
				t.Errorf("nothing is ever said on %s", occasion)
			}
		}
		for _, intent := range r.intents {
			for _, l := range languages() {
				if len(w.templates[l+"/line/aim-"+intent]) == 0 {
					t.Errorf("no sentence in %s for %s", l, intent)
				}
			}
		}
	}
}

// Texts in a script of their own are written in it.
func TestScriptsFitLanguages(t *testing.T) {
	scripts := map[string]*unicode.RangeTable{"ru": unicode.Cyrillic, "zh": unicode.Han, "fa": unicode.Arabic}
	onManySeeds(t, func(t *testing.T, s Scenario) {
		for i, d := range s.Documents {
			script := scripts[s.Truth.Documents[i].Language]
			if script != nil && !strings.ContainsFunc(d.Title+d.Text, func(r rune) bool { return unicode.Is(script, r) }) {
				t.Errorf("%s is not in %s: %q", d.ID, s.Truth.Documents[i].Language, d.Text)
			}
		}
	})
}

func TestTrapsAreNobodysIndicators(t *testing.T) {
	onManySeeds(t, func(t *testing.T, s Scenario) {
		owner := map[intel.Entity]string{}
		for _, p := range s.Truth.Actors {
			for _, f := range p.Facts[Indicators] {
				owner[f.Object] = p.Name
			}
		}
		if len(s.Truth.Traps) < 50 {
			t.Errorf("%d traps, want 50 or more", len(s.Truth.Traps))
		}
		for _, trap := range s.Truth.Traps {
			if name, ok := owner[trap.Entity]; ok {
				t.Errorf("%s is %s and an indicator of %s", trap.Entity, trap.Why, name)
			}
		}
		for _, v := range s.Reference.Benign {
			for _, kind := range []intel.Kind{intel.IPv4, intel.Domain} {
				if name, ok := owner[intel.NewEntity(kind, v)]; ok {
					t.Errorf("%s is usually benign and an indicator of %s", v, name)
				}
			}
		}
	})
}

// The reference knows every actor and some of its names, never one that only a
// single vendor uses.
func TestReferenceLeavesNamesToLearn(t *testing.T) {
	onManySeeds(t, func(t *testing.T, s Scenario) {
		known := map[string]bool{}
		for _, k := range s.Reference.Actors {
			for _, n := range k.Names {
				known[n] = true
			}
		}
		for _, p := range s.Truth.Actors {
			if !known[p.Name] {
				t.Errorf("the reference does not know %s", p.Name)
			}
			for _, a := range p.Aliases {
				if known[a.Name] != a.Known || a.Known && a.By != "" {
					t.Errorf("alias %s of %s: in the reference %v, said to be %v", a.Name, p.Name, known[a.Name], a.Known)
				}
			}
		}
	})
}

func TestAnyMomentWillDo(t *testing.T) {
	for _, now := range []time.Time{
		time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC),
		time.Date(2031, 12, 31, 23, 59, 59, 999, time.FixedZone("east", 5*3600)),
		time.Date(2026, 3, 29, 1, 30, 0, 0, time.FixedZone("west", -8*3600)),
	} {
		s := New(9, now)
		if s.Now.After(now) || s.Now.Before(now.Add(-time.Minute)) || len(s.Documents) < 400 {
			t.Errorf("as of %s: ends %s with %d documents", now, s.Now, len(s.Documents))
		}
		for _, d := range s.Documents {
			if d.Published.Before(s.Start) || d.Published.After(s.Now) || d.Learned.After(s.Now) {
				t.Errorf("as of %s: published %s, learned %s", now, d.Published, d.Learned)
			}
		}
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		New(1, today())
	}
}
