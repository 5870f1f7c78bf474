package score_test

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
)

// crowdOf is posts of n accounts of a source, far apart in time.
func crowdOf(source intel.SourceID, n int) (said []intel.Evidence) {
	for i := range n {
		e := piece(fmt.Sprintf("x/a%d", i), 'C', 1, 100*i)
		e.Source, e.Graded = source, false
		said = append(said, e)
	}
	return said
}

// unnamed is a scale of assumptions alone that knows what sources are called which
// nobody named.
func unnamed() score.Scale {
	return score.Scale{Unnamed: intel.Unnamed{"csv", "documents", "list", "mail", "misp", "report", "stix"}}
}

func TestAccountsCountApartOnlyWhereSomebodyVouchesForTheirSource(t *testing.T) {
	grade := func(r intel.Reliability, said []intel.Evidence) []intel.Evidence {
		for i := range said {
			said[i].Reliability, said[i].Graded = r, true
		}
		return said
	}
	judged := func(right, wrong float64) score.Scale {
		s := unnamed()
		s.Own = map[intel.SourceID]score.Record{"strangers": {Right: right, Wrong: wrong}, "csv": {Right: right, Wrong: wrong}}
		return s
	}
	for _, c := range []struct {
		what   string
		scale  score.Scale
		said   []intel.Evidence
		voices int
	}{
		{"a file that nobody named", unnamed(), crowdOf("documents", 4), 1},
		{"sources that a file names", unnamed(), append(crowdOf("documents/a", 2), crowdOf("documents/b", 2)...), 1},
		{"a stranger's, by the letter of its form", unnamed(), crowdOf("strangers", 4), 1},
		{"what a person graded C", unnamed(), grade('C', crowdOf("strangers", 4)), 4},
		{"what a person graded D", unnamed(), grade('D', crowdOf("strangers", 4)), 1},
		{"one that eight rows proved right", judged(8, 0), crowdOf("strangers", 4), 4},
		{"one that seven rows proved right", judged(7, 0), crowdOf("strangers", 4), 1},
		{"one that half of its rows proved right", judged(8, 8), crowdOf("strangers", 4), 1},
		{"a form of which rows were right", judged(8, 0), crowdOf("csv", 4), 1},
		{"TweetFeed", score.Learned(), crowdOf("tweetfeed", 4), 4},
		{"what is called so where no type is", score.Scale{}, append(crowdOf("csv", 2), crowdOf("list", 2)...), 2},
		{"two that nobody vouches for", unnamed(), append(crowdOf("strangers", 4), crowdOf("others", 4)...), 2},
	} {
		a := c.scale.Links(c.said, now)[0]
		if a.Origins != c.voices || (a.Level == intel.High) != (c.voices > 1 && a.Probability >= 0.8) {
			t.Errorf("%s: %d voices and %s, want %d", c.what, a.Origins, a.Level, c.voices)
		}
	}
}

func TestFormsThatNobodyNamedAreOneSpeaker(t *testing.T) {
	var said []intel.Evidence
	for i, form := range []intel.SourceID{"csv", "stix", "misp", "list", "mail", "report", "documents", "documents/lab"} {
		e := piece(string(form), 'B', 1, 100*i)
		e.Source, e.Speaker = form, intel.Publisher
		said = append(said, e)
	}
	if a := p(t, said...); a.Origins != 1 || a.Level == intel.High {
		t.Errorf("one folder in many forms has %d voices and is %s", a.Origins, a.Level)
	}
	lab := piece("lab", 'B', 1, 50)
	lab.Source, lab.Speaker = "lab", intel.Publisher
	if a := p(t, append(said, lab)...); a.Origins != 2 {
		t.Errorf("%d voices with one more source that somebody named, want 2", a.Origins)
	}
}

func TestWhatShipsOfReportsIsNotOfPosters(t *testing.T) {
	learned := score.Learned()
	learned.Unnamed = unnamed().Unnamed
	post := crowdOf("report", 1)[0]
	post.Reliability = 'F'
	if got := learned.Explain([]intel.Evidence{post}, now)[0].Reliability; got != 0.5 {
		t.Errorf("a poster of a saved page is believed with %v, want 0.5", got)
	}
	post.Speaker = intel.Publisher
	if got := learned.Explain([]intel.Evidence{post}, now)[0].Reliability; got < 0.9 {
		t.Errorf("a report is believed with %v", got)
	}
}

func TestOfDisputesNoMoreOriginsCountThanSpeakers(t *testing.T) {
	vendors := []intel.Evidence{piece("vendora", 'A', 1, 0), piece("vendorb", 'A', 1, 9)}
	for i := range vendors {
		vendors[i].Source, vendors[i].Speaker = intel.SourceID(vendors[i].Origin), intel.Publisher
	}
	deny := func(source intel.SourceID, place string, weight float64) intel.Evidence {
		e := piece(place, 'E', weight, 0)
		e.At, e.Source, e.Speaker, e.Stance = e.At.AddDate(-10, 0, 0), source, intel.Publisher, intel.Disputes
		e.At = now.AddDate(10, 0, 0) // undated
		return e
	}
	one := slices.Concat(vendors, []intel.Evidence{deny("troll", "place0", 1)})
	many := slices.Clone(vendors)
	for n := range 40 {
		many = append(many, deny("troll", "place"+strconv.Itoa(n), 1-float64(n)/100))
	}
	if a, b := p(t, one...).Probability, p(t, many...).Probability; a != b {
		t.Errorf("one list that cites forty who deny it leaves %v, one that cites one %v", b, a)
	}
	two := append(many, deny("other", "place1", 1))
	if a, b := p(t, many...).Probability, p(t, two...).Probability; math.Abs(b-a*(1-.9*.2)) > 1e-9 {
		t.Errorf("%v, and %v with a second list", a, b)
	}
}

func TestNamesOfOriginsWeighNothing(t *testing.T) {
	var named, numbered []intel.Evidence
	for i, name := range []string{"analyst:alice", "hunt:soc", "x/bob"} {
		e := piece(name, 'C', 1, i%2)
		named = append(named, e)
		e.Origin = strconv.Itoa(i)
		numbered = append(numbered, e)
	}
	if a, b := p(t, named...), p(t, numbered...); a.Probability != b.Probability || a.Origins != b.Origins {
		t.Errorf("%v of %d origins by name, %v of %d by number", a.Probability, a.Origins, b.Probability, b.Origins)
	}
}
