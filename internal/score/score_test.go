package score_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
)

var (
	now  = time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	link = intel.Link{From: intel.Entity{Kind: intel.Domain, Name: "c2.example"}, Relation: intel.Indicates, To: intel.Entity{Kind: intel.Actor, Name: "cold-lynx"}}
)

func piece(origin string, r intel.Reliability, weight float64, age int) intel.Evidence {
	return intel.Evidence{Link: link, Origin: origin, Reliability: r, Graded: true, Weight: weight, At: now.AddDate(0, 0, -age), Learned: now.AddDate(0, 0, -age)}
}

func p(t *testing.T, evidence ...intel.Evidence) intel.Assessment {
	t.Helper()
	as := unnamed().Links(evidence, now)
	if len(as) != 1 {
		t.Fatalf("%d assessments, want 1", len(as))
	}
	return as[0]
}

func TestCopiesOfOneOriginCountOnce(t *testing.T) {
	one := p(t, piece("a", 'B', .9, 10))
	many := p(t, piece("a", 'B', .9, 10), piece("a", 'B', .9, 10), piece("a", 'B', .4, 2))
	if one.Probability != many.Probability || many.Origins != 1 {
		t.Errorf("one says %v, its copies %v of %d origins", one.Probability, many.Probability, many.Origins)
	}
}

func TestAnotherOriginNeverLowersBelief(t *testing.T) {
	before := p(t, piece("a", 'B', .9, 10))
	after := p(t, piece("a", 'B', .9, 10), piece("b", 'E', .1, 900))
	if after.Probability <= before.Probability {
		t.Errorf("%v with a second origin, %v without", after.Probability, before.Probability)
	}
}

func TestBeliefFadesWithAge(t *testing.T) {
	last := 1.0
	for _, age := range []int{0, 1, 30, 365, 3650} {
		got := p(t, piece("a", 'A', 1, age)).Probability
		if got >= last {
			t.Errorf("%d days: %v, not below %v", age, got, last)
		}
		last = got
	}
	if last < .009 || last > .02 {
		t.Errorf("after ten years: %v, want hardly more than the leak", last)
	}
}

func TestOneOriginAloneIsNeverHigh(t *testing.T) {
	if a := p(t, piece("a", 'A', 1, 0)); a.Level != intel.Medium {
		t.Errorf("one origin: %s at %v, want Medium", a.Level, a.Probability)
	}
	if a := p(t, piece("a", 'A', 1, 0), piece("b", 'A', 1, 3)); a.Level != intel.High {
		t.Errorf("two origins: %s at %v, want High", a.Level, a.Probability)
	}
}

func TestAnUnknownDateCapsAtMedium(t *testing.T) {
	a, b, c := piece("a", 'A', 1, 0), piece("b", 'A', 1, 0), piece("c", 'A', 1, 0)
	a.At, b.At, c.At = time.Time{}, time.Time{}, time.Time{}
	if got := p(t, a, b, c); got.Level != intel.Medium || !got.First.IsZero() {
		t.Errorf("got %+v, want Medium without dates", got)
	}
}

// TestADateThatIsWorthNothingMakesNothingHigh has each sort of link whose evidence fades
// at a pace of its own: a date counts for four half-lives.
func TestADateThatIsWorthNothingMakesNothingHigh(t *testing.T) {
	actor := intel.NewEntity(intel.Actor, "cold-lynx")
	for _, l := range []intel.Link{
		{From: intel.Entity{Kind: intel.IPv4, Name: "45.77.88.99"}, Relation: intel.Indicates, To: actor},
		link,
		{From: actor, Relation: intel.Uses, To: intel.Entity{Kind: intel.Technique, Name: "T1068"}},
		{From: intel.Entity{Kind: intel.MD5, Name: "a41d8cd98f00b204e9800998ecf8427e"}, Relation: intel.Indicates, To: actor},
	} {
		half := int(score.HalfLife(l).Hours() / 24)
		for days, want := range map[int]intel.Level{0: intel.High, 4 * half: intel.High, 4*half + 1: intel.Medium, 6 * half: intel.Medium} {
			old, undated := piece("old", 'A', 1, days), piece("undated", 'A', 1, 0)
			undated.At = time.Time{}
			old.Link, undated.Link = l, l
			a := unnamed().Links([]intel.Evidence{old, undated}, now)[0]
			if a.Level != want || a.Origins != 2 || a.Probability < .8 || !a.Last.Equal(old.At) {
				t.Errorf("%s, last seen %d days ago: %s (%.2f) of %d, want %s", l, days, a.Level, a.Probability, a.Origins, want)
			}
			late, _ := unnamed().Together([]score.Saying{{Share: 1, Evidence: []intel.Evidence{old, undated}}}, now.Add(23*time.Hour))
			if late.Level != want {
				t.Errorf("%s, last seen %d days ago: %s at night, want %s as in the morning", l, days, late.Level, want)
			}
			row := score.Doubted(intel.Row{Probability: a.Probability, Level: a.Level, Origins: 2, Lasting: 2, Last: a.Last, Dated: a.Dated}, score.Doubt{})
			if row.Level != want {
				t.Errorf("%s, last seen %d days ago, with nothing against it: %s, want %s", l, days, row.Level, want)
			}
		}
	}
}

// TestAVoiceOfWhichNothingIsLeftMakesNothingHigh has an old voice beside a fresh one, said
// of one name and of two, and an old voice that others say again or that is little believed.
func TestAVoiceOfWhichNothingIsLeftMakesNothingHigh(t *testing.T) {
	half := int(score.HalfLife(link).Hours() / 24)
	for days, want := range map[int]intel.Level{0: intel.High, 4 * half: intel.High, 4*half + 1: intel.Medium, 6 * half: intel.Medium} {
		old, fresh := piece("old", 'A', 1, days), piece("fresh", 'A', 1, 3)
		old.Source, fresh.Source = "old", "fresh"
		a := unnamed().Links([]intel.Evidence{old, fresh}, now)[0]
		if a.Level != want || a.Origins != 2 || a.Probability < .8 || !a.Dated {
			t.Errorf("%d days old beside a fresh one: %s (%.2f) of %d, want %s", days, a.Level, a.Probability, a.Origins, want)
		}
		undated := old
		undated.At = time.Time{}
		if a := unnamed().Links([]intel.Evidence{undated, fresh}, now)[0]; a.Level != want {
			t.Errorf("learned %d days ago beside a fresh one: %s, want %s", days, a.Level, want)
		}
		little := old
		little.Weight, little.Reliability = .01, 'E'
		if a := unnamed().Links([]intel.Evidence{little, fresh}, now)[0]; a.Level != want {
			t.Errorf("%d days old and little believed: %s, want %s", days, a.Level, want)
		}
		late, steps := unnamed().Together([]score.Saying{{Share: 1, Evidence: []intel.Evidence{old}}, {Share: .9, Evidence: []intel.Evidence{fresh}}}, now.Add(23*time.Hour))
		if late.Level != want {
			t.Errorf("%d days old, of two names: %s, want %s", days, late.Level, want)
		}
		slices.SortFunc(steps, func(a, b score.Step) int { return strings.Compare(b.Origin, a.Origin) })
		if spent := steps[0].Spent; steps[0].Origin != "old" || spent != (want != intel.High) {
			t.Errorf("%d days old: %+v", days, steps)
		}
	}
	old, again, weak := piece("old", 'A', 1, 6*half), piece("old", 'A', .01, 1), piece("fresh", 'A', 1, 3)
	if a := p(t, old, again, weak); a.Level != intel.High {
		t.Errorf("an old voice that says so again: %s of %d", a.Level, a.Lasting)
	}
	cited := old
	cited.Source, cited.Speaker, cited.Origin = "mill", intel.Publisher, "x"
	fresh := piece("y", 'A', 1, 3)
	fresh.Source, fresh.Speaker = "feed", intel.Publisher
	second := fresh
	second.Origin, second.At = "z", fresh.At.AddDate(0, 0, -100)
	if a := p(t, cited, fresh, second); a.Origins != 2 || a.Lasting != 1 || a.Level != intel.Medium {
		t.Errorf("a feed that cites two beside an old one: %s of %d, lasting %d", a.Level, a.Origins, a.Lasting)
	}
}

func TestAFutureDateIsNotBelieved(t *testing.T) {
	e := piece("a", 'B', 1, 0)
	e.At = now.AddDate(3, 0, 0)
	if got := p(t, e); !got.Last.IsZero() || got.Probability > 1 {
		t.Errorf("got %+v, want no date", got)
	}
}

func TestDatesAreThoseOfSupportWithADayForClocksThatAreAhead(t *testing.T) {
	denial, ahead := piece("b", 'C', .5, 1), piece("c", 'C', .5, 0)
	denial.Stance = intel.Disputes
	ahead.At = now.Add(20 * time.Hour)
	honest := piece("a", 'B', .9, 10)
	if got := p(t, honest, denial); !got.First.Equal(honest.At) || !got.Last.Equal(honest.At) {
		t.Errorf("from %s to %s, want what supports it: %s", got.First, got.Last, honest.At)
	}
	if got := p(t, honest, ahead); !got.Last.Equal(ahead.At) {
		t.Errorf("last %s, want %s", got.Last, ahead.At)
	}
}

func TestADisputeLowersBelief(t *testing.T) {
	against := piece("b", 'A', 1, 0)
	against.Stance = intel.Disputes
	got := p(t, piece("a", 'B', 1, 0), against)
	if want := p(t, piece("a", 'B', 1, 0)).Probability * (1 - .9*.9); math.Abs(got.Probability-want) > 1e-12 || got.Origins != 1 {
		t.Errorf("got %v of %d origins, want %v of 1", got.Probability, got.Origins, want)
	}
}

func TestAReaderIsToldOnlyWhatHerMarkingAllows(t *testing.T) {
	open, secret := piece("a", 'C', .5, 0), piece("b", 'A', 1, 0)
	secret.Marking = intel.Red
	as := score.Scale{}.Links([]intel.Evidence{open, secret}, now)
	if len(as) != 2 || as[0].Marking != intel.Clear || as[1].Marking != intel.Red {
		t.Fatalf("got %+v", as)
	}
	if want := p(t, open).Probability; as[0].Probability != want || as[0].Origins != 1 {
		t.Errorf("the public is told %v of %d origins, want %v of 1", as[0].Probability, as[0].Origins, want)
	}
}

func TestTheStepsRecomputeTheProbability(t *testing.T) {
	evidence := []intel.Evidence{piece("a", 'B', .9, 10), piece("b", 'C', .5, 100), piece("a", 'B', .3, 1)}
	if got, want := score.Fuse(score.Scale{}.Explain(evidence, now)), p(t, evidence...).Probability; math.Abs(got-want) > 1e-9 {
		t.Errorf("recomputed %v, stored %v", got, want)
	}
}

func TestTheStepsRecomputeWhatHasNoDateToo(t *testing.T) {
	a, b := piece("a", 'A', 1, 0), piece("b", 'A', 1, 0)
	a.At, b.At = time.Time{}, time.Time{}
	evidence := []intel.Evidence{a, b}
	if got, want := score.Fuse(score.Scale{}.Explain(evidence, now)), p(t, evidence...).Probability; math.Abs(got-want) > 1e-9 {
		t.Errorf("recomputed %v, stored %v", got, want)
	}
}

func TestAStepIsTheProductOfItsParts(t *testing.T) {
	for _, s := range (score.Scale{}).Explain([]intel.Evidence{piece("a", 'B', .9, 365), piece("b", 'F', .5, 100), piece("a", 'B', .2, 1)}, now) {
		if math.Abs(s.Reliability*s.Directness*s.Fading-s.Worth) > 1e-12 {
			t.Errorf("%+v does not multiply", s)
		}
		if s.Origin == "a" && (s.Pieces != 2 || s.Fading != .5) {
			t.Errorf("got %+v, want half of a domain left after a year, and 2 pieces", s)
		}
	}
}

// some returns evidence of one link, as chance has it.
func some(r *rand.Rand, n int, disputes bool) []intel.Evidence {
	var out []intel.Evidence
	for range n {
		e := piece(fmt.Sprint("o", r.IntN(40)), intel.Reliability('A'+r.IntN(6)), r.Float64(), r.IntN(2000))
		e.Marking = intel.Marking(r.IntN(5))
		if disputes && r.IntN(4) == 0 {
			e.Stance = intel.Disputes
		}
		if r.IntN(5) == 0 {
			e.At = time.Time{}
		}
		out = append(out, e)
	}
	return out
}

func TestBeliefKeepsItsBoundsInAnyOrderAndWithCopies(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		evidence := some(r, 1+r.IntN(80), true)
		as := score.Scale{}.Links(evidence, now)
		for i, a := range as {
			if !(a.Probability >= 0 && a.Probability <= 1) {
				t.Fatalf("probability %v", a.Probability)
			}
			if i > 0 && (a.Marking <= as[i-1].Marking || a.Origins < as[i-1].Origins || a.Lasting < as[i-1].Lasting || a.Documents < as[i-1].Documents) {
				t.Fatalf("a reader cleared less sees more evidence: %+v after %+v", a, as[i-1])
			}
			if a.Level == intel.High && (a.Lasting < 2 || a.First.IsZero()) || a.Lasting > a.Origins {
				t.Fatalf("%s by %d origins, %d of them lasting, since %v", a.Level, a.Origins, a.Lasting, a.First)
			}
		}
		want := as[len(as)-1].Probability
		r.Shuffle(len(evidence), func(i, j int) { evidence[i], evidence[j] = evidence[j], evidence[i] })
		as = score.Scale{}.Links(evidence, now)
		if got := as[len(as)-1].Probability; got != want {
			t.Fatalf("%v in another order, %v before", got, want)
		}
		copied := slices.Concat(evidence, evidence[:1+r.IntN(len(evidence))])
		as = score.Scale{}.Links(copied, now)
		if got := as[len(as)-1].Probability; got != want {
			t.Fatalf("%v with copies, %v without", got, want)
		}
	}
}

func TestSupportNeverLowersBelief(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		evidence := some(r, 2+r.IntN(30), false)
		for i := range evidence {
			evidence[i].Marking, evidence[i].At = intel.Clear, evidence[i].Learned
		}
		last := 0.0
		for n := 1; n <= len(evidence); n++ {
			got := p(t, evidence[:n]...).Probability
			if got < last-1e-12 {
				t.Fatalf("%v of %d pieces, %v of one less", got, n, last)
			}
			last = got
		}
	}
}

func BenchmarkOneLinkManyOrigins(b *testing.B) {
	var evidence []intel.Evidence
	for i := range 10_000 {
		evidence = append(evidence, piece(fmt.Sprint("o", i), 'C', .9, i%400))
	}
	for b.Loop() {
		score.Scale{}.Links(evidence, now)
	}
	b.ReportMetric(float64(len(evidence))*float64(b.N)/b.Elapsed().Seconds(), "pieces/s")
}

func BenchmarkLinks(b *testing.B) {
	var evidence []intel.Evidence
	for i := range 5000 {
		e := piece("a", 'C', .9, i%400)
		e.Link.From.Name = string(rune('a'+i%26)) + time.Duration(i).String()
		evidence = append(evidence, e)
	}
	b.ReportAllocs()
	for b.Loop() {
		score.Scale{}.Links(evidence, now)
	}
	b.ReportMetric(float64(len(evidence))*float64(b.N)/b.Elapsed().Seconds(), "links/s")
}

func TestANarrowNetworkThatTextListsIsBelievedAsItsHostsAre(t *testing.T) {
	at := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	belief := func(value string) float64 {
		from, err := intel.ParseEntity(value)
		if err != nil {
			t.Fatal(err)
		}
		link := intel.Link{From: from, Relation: intel.Indicates, To: intel.NewEntity(intel.Actor, "cold lynx")}
		return score.Learned().Links([]intel.Evidence{{Link: link, Origin: "a", Source: "report", Reliability: 'B', Weight: 0.45, At: at, Learned: at}}, at)[0].Probability
	}
	host := belief("ipv4:91.92.250.7")
	for _, narrow := range []string{"cidr:91.92.250.0/24", "cidr:45.142.212.96/28", "cidr:2a0b:f4c2::/48"} {
		if p := belief(narrow); p != host || p < 0.2 {
			t.Errorf("%s: %.3f, a host %.3f", narrow, p, host)
		}
	}
	for _, wide := range []string{"cidr:91.92.0.0/16", "cidr:91.92.250.0/23", "cidr:2a0b:f4c0::/47", "asn:AS9009"} {
		if p := belief(wide); p > 0.6*host {
			t.Errorf("%s: %.3f, a host %.3f", wide, p, host)
		}
	}
}
