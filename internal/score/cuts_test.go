package score_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
)

// judged is right and wrong rows of two origins that were believed alike.
func judged(p float64, right, wrong int) score.Outcome {
	return score.Outcome{Belief: intel.Belief{Probability: p, Origins: 2, Dated: true}, Record: score.Record{Right: float64(right), Wrong: float64(wrong)}}
}

func TestWithoutVerdictsLevelsAreAsShipped(t *testing.T) {
	for _, former := range []score.Cuts{{}, {High: .8, Medium: .5}, {High: .95, Medium: .9}, {High: 1, Medium: 1}} {
		if got := score.CutsOf(score.Sample(), nil, former); got != (score.Cuts{}) {
			t.Errorf("after %+v levels begin at %+v, want as shipped", former, got)
		}
	}
	for p, want := range map[float64]intel.Level{.8: intel.High, .79999: intel.Medium, .5: intel.Medium, .49999: intel.Low} {
		if got := (score.Cuts{}).Level(p, 2, true); got != want {
			t.Errorf("%v is %s, want %s", p, got, want)
		}
	}
}

func TestVerdictsThatRefuteHalfOfHighRaiseWhereItBegins(t *testing.T) {
	sample := score.Sample()
	for n, raised := range map[int]bool{2: false, 4: false, 6: true, 10: true, 20: true, 400: true} {
		c := score.CutsOf(sample, []score.Outcome{judged(.85, n/2, n-n/2)}, score.Cuts{})
		if got := c.High > .85; got != raised {
			t.Errorf("half of %d rows at 0.85 refuted: High from %+v; want raised: %v", n, c, raised)
		}
		if raised && c.Level(.85, 2, true) == intel.High {
			t.Errorf("half of %d rows at 0.85 refuted, and still High", n)
		}
	}
	confirmed := score.CutsOf(sample, []score.Outcome{judged(.85, 400, 0)}, score.Cuts{})
	if confirmed != (score.Cuts{}) {
		t.Errorf("all confirmed: levels begin at %+v", confirmed)
	}
	medium := []score.Outcome{judged(.6, 10, 190)}
	medium[0].Origins = 1
	if c := score.CutsOf(sample, medium, score.Cuts{}); c.High != 0 || c.Medium <= .6 {
		t.Errorf("most of 200 rows of one origin at 0.60 refuted: levels begin at %+v", c)
	}
}

// TestOneSourceAloneMovesNoLevel refutes everything that one says: of two sources each
// of which says half of it, the levels learn.
func TestOneSourceAloneMovesNoLevel(t *testing.T) {
	for _, c := range []struct {
		sources []intel.SourceID
		moved   bool
	}{{[]intel.SourceID{"evil"}, false}, {[]intel.SourceID{"evil", "worse"}, true}} {
		var own []score.Outcome
		for i := range 60 {
			o := judged(.91, 0, 1)
			o.Sources = []intel.SourceID{c.sources[i%len(c.sources)], intel.SourceID("good" + string(rune('a'+i)))}
			own = append(own, o)
		}
		for range 10 {
			o := judged(.91, 1, 0)
			o.Sources = []intel.SourceID{"good"}
			own = append(own, o)
		}
		if got := score.CutsOf(score.Sample(), own, score.Cuts{}); (got != score.Cuts{}) != c.moved {
			t.Errorf("all that %v say is refuted: levels begin at %+v, want moved: %v", c.sources, got, c.moved)
		}
	}
}

func TestACutThatWasRaisedComesDownOnlyWithRoomToSpare(t *testing.T) {
	sample := []score.Outcome{judged(.95, 99, 1), judged(.85, 9, 0)}
	own := []score.Outcome{judged(.85, 46, 7)} // 154 of 162: 0.9506
	if c := score.CutsOf(sample, own, score.Cuts{}); c.High != 0 {
		t.Fatalf("High from %+v, though 0.9506 of it is right", c)
	}
	if c := score.CutsOf(sample, own, score.Cuts{High: .9}); c.High != .9 && c.High != .86 {
		t.Errorf("raised before, and High from %+v at 0.9506", c)
	}
	own[0].Right += 60 // 0.9685
	if c := score.CutsOf(sample, own, score.Cuts{High: .9}); c.High != 0 {
		t.Errorf("raised before, and High from %+v at 0.9685", c)
	}
}

func TestAnotherRefutedRowNeverLowersHigh(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	sample := score.Sample()
	for range 300 {
		var own []score.Outcome
		for range r.IntN(40) {
			own = append(own, judged(.5+r.Float64()/2, r.IntN(2), r.IntN(2)))
		}
		before := score.CutsOf(sample, own, score.Cuts{})
		after := score.CutsOf(sample, append(own, judged(.5+r.Float64()/2, 0, 1+r.IntN(5))), score.Cuts{})
		if max(after.High, .8) < max(before.High, .8) {
			t.Fatalf("%v: High from %v, and with another row refuted from %v", own, before.High, after.High)
		}
	}
}

func TestTheShippedSampleIsWhatTheDocumentationSays(t *testing.T) {
	want := map[intel.Level][2]float64{intel.High: {106, 109}, intel.Medium: {1067, 1134}, intel.Low: {117, 431}}
	for _, l := range (score.Cuts{}).Levels(score.Sample(), nil) {
		if got := [2]float64{l.Right, l.N}; got != want[l.Level] {
			t.Errorf("%s: %v right, want %v", l.Level, got, want[l.Level])
		}
	}
	bins := score.Bins(score.Sample())
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "confidence.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows, off := 0, 0.0
	for _, b := range bins {
		if line := fmt.Sprintf("\n| %.3f | %.3f |\n", b.Predicted, b.Observed); !strings.Contains(string(text), line) {
			t.Errorf("docs/confidence.md lacks the line %q", strings.TrimSpace(line))
		}
		rows += b.N
		off += math.Abs(b.Predicted-b.Observed) * float64(b.N)
		if b.Least > b.Observed || b.Most < b.Observed {
			t.Errorf("%+v: the share lies outside its interval", b)
		}
	}
	if e := off / float64(rows); len(bins) != 10 || rows != 1674 || math.Abs(e-.030) > .002 {
		t.Errorf("%d bins of %d rows, calibration error %.4f; want 10, 1,674 and 0.030", len(bins), rows, e)
	}
}

func TestLevelsTellOfBothSamplesApart(t *testing.T) {
	own := []score.Outcome{judged(.9, 1, 3), judged(.3, 0, 2)}
	var got []intel.LevelRecord
	for _, l := range (score.Cuts{High: .85}).Levels([]score.Outcome{judged(.9, 9, 1), judged(.82, 3, 1)}, own) {
		if l.Observed != nil {
			l.From = *l.Observed
			l.Observed = nil
		}
		got = append(got, l)
	}
	want := []intel.LevelRecord{{Level: intel.High, From: 10. / 14, Right: 9, N: 10, OwnRight: 1, OwnN: 4},
		{Level: intel.Medium, From: .75, Right: 3, N: 4}, {Level: intel.Low, From: 0, OwnN: 2}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func FuzzSample(f *testing.F) {
	f.Add("0.853,2,5,1\n0.1,1,0,3\n")
	f.Add("NaN,1,1,1\n")
	f.Add("0.5,2,1e300,1\n")
	f.Fuzz(func(t *testing.T, text string) {
		all, err := score.ParseSample(text)
		if err != nil || len(all) > 20 {
			return
		}
		c := score.CutsOf(all, nil, score.Cuts{})
		if c.High != 0 && (c.High < .8 || c.High > 1) || c.Medium != 0 && (c.Medium < .5 || c.Medium > 1) {
			t.Fatalf("%q: levels begin at %+v", text, c)
		}
	})
}
