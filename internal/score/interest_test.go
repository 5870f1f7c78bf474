package score_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
)

var noon = time.Date(2026, 4, 15, 12, 0, 0, 0, time.UTC)

// spoken is a mention some days ago.
func spoken(voice int64, g intel.Genre, daysAgo int) intel.Voiced {
	return intel.Voiced{Voice: voice, Genre: g, Day: score.DayOf(noon) - int64(daysAgo), Share: 1}
}

// TestAnAttentionIsWhatTheWorkedExampleSays holds docs/scores.md to the code.
func TestAnAttentionIsWhatTheWorkedExampleSays(t *testing.T) {
	ms := []intel.Voiced{spoken(1, intel.Forum, 0), spoken(1, intel.Forum, 30), spoken(2, intel.Forum, 30), spoken(3, intel.Advisory, 15), spoken(4, intel.Register, 60)}
	total, parts := score.Attention(ms, noon, score.EachVoice)
	want := 0.8*math.Log2(1+1+0.5+0.5) + 1*math.Log2(1+math.Exp2(-0.5)) + 0.2*math.Log2(1+0.25)
	if math.Abs(total-want) > 1e-9 || math.Abs(total-2.104) > 1e-3 {
		t.Errorf("%.6f, want %.6f, which is 2.104", total, want)
	}
	if len(parts) != 3 || parts[0].Genre != intel.Forum || parts[0].Voices != 2 {
		t.Errorf("parts %+v", parts)
	}
}

func TestTheOrderOfMentionsDoesNotMatter(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 2))
	genres := []intel.Genre{intel.Forum, intel.Chat, intel.Social, intel.Report, intel.Register}
	var ms []intel.Voiced
	for range 500 {
		ms = append(ms, spoken(chance.Int64N(40), genres[chance.IntN(5)], chance.IntN(200)))
	}
	want, wantParts := score.Attention(ms, noon, score.EachVoice)
	for range 20 {
		chance.Shuffle(len(ms), func(i, j int) { ms[i], ms[j] = ms[j], ms[i] })
		got, parts := score.Attention(ms, noon, score.EachVoice)
		if got != want || !cmp.Equal(parts, wantParts) {
			t.Fatalf("%v of %v, in another order %v of %v", want, wantParts, got, parts)
		}
	}
}

func TestDatesOfTheFutureAndOf1970DoNotCount(t *testing.T) {
	for name, day := range map[string]int64{
		"in three days": score.DayOf(noon) + 3, "in 2099": score.DayOf(time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)), "in 1970": 0, "before": -400,
		"half a year ago": score.DayOf(noon) - score.Window, "at the end of time": math.MaxInt64, "at its beginning": math.MinInt64,
	} {
		m := intel.Voiced{Voice: 1, Genre: intel.Report, Day: day, Share: 1}
		if got, _ := score.Attention([]intel.Voiced{m}, noon, score.EachVoice); got != 0 {
			t.Errorf("%s: %v, want nothing", name, got)
		}
		if s := score.Interest([]intel.Voiced{m}, score.NewLadder([]float64{1, 2}), noon); s.Score != 0 || s.Rank != 0 || s.Voices != 0 {
			t.Errorf("%s: %+v, want nothing", name, s)
		}
		if _, _, trend := score.Tension([]intel.Voiced{m}, noon); trend != intel.Ended && day != score.DayOf(noon)-score.Window {
			t.Errorf("%s: tension is %s", name, trend)
		}
	}
	if got, _ := score.Attention([]intel.Voiced{spoken(1, intel.Report, -1)}, noon, score.EachVoice); got != 1 {
		t.Errorf("tomorrow, which clocks may say: %v, want as today", got)
	}
}

// TestOneAccountIsBoundedHoweverLoud has one account post every hour for half a
// year.
func TestOneAccountIsBoundedHoweverLoud(t *testing.T) {
	var flood []intel.Voiced
	for day := range score.Window {
		for range 24 {
			flood = append(flood, spoken(7, intel.Forum, day))
		}
	}
	others := make([]float64, 1000)
	for i := range others {
		others[i] = float64(i+1) / 1000
	}
	alone := score.Interest(flood, score.NewLadder(others), noon)
	if most := 0.8 * math.Log2(1+score.VoiceMost); alone.Attention > most || !alone.Held || alone.Score > score.SoleMost || alone.Band != "very high interest" {
		t.Errorf("alone: %+v, want %.2f at most, held below the bands of threat", alone, most)
	}
	// In company it adds no more than three voices that speak once would.
	company := []intel.Voiced{spoken(1, intel.Report, 3), spoken(2, intel.Forum, 9), spoken(3, intel.Chat, 20)}
	three := append(slices.Clone(company), spoken(7, intel.Forum, 0), spoken(8, intel.Forum, 0), spoken(9, intel.Forum, 0))
	loud, _ := score.Attention(append(slices.Clone(company), flood...), noon, score.EachVoice)
	quiet, _ := score.Attention(three, noon, score.EachVoice)
	if loud > quiet+1e-9 {
		t.Errorf("a flood comes to %.3f, three voices once to %.3f", loud, quiet)
	}
	if most := 0.8 * math.Log2(1+score.VoiceMost); score.Active(flood, noon) > most {
		t.Errorf("as activity it comes to %.3f, want at most %.3f", score.Active(flood, noon), most)
	}
	// What a group says of itself is its activity, and bounded too.
	for i := range flood {
		flood[i].Genre = intel.LeakSite
	}
	if most := 0.8 * math.Log2(1+1/(1-math.Exp2(-1.0/30))); score.Active(flood, noon) > most || score.Active(flood, noon) < 4 || most > 4.4 {
		t.Errorf("of itself it comes to %.3f, want at most %.3f, below 4.4", score.Active(flood, noon), most)
	}
}

func TestAnotherVoiceOrAPublisherLiftsTheHold(t *testing.T) {
	others := score.NewLadder([]float64{0.01, 0.02, 0.03, 0.04, 0.05, 0.06})
	for name, ms := range map[string][]intel.Voiced{
		"two accounts": {spoken(1, intel.Social, 0), spoken(2, intel.Social, 1)},
		"a report":     {spoken(1, intel.Report, 0)},
	} {
		if s := score.Interest(ms, others, noon); s.Held || s.Score < 5 {
			t.Errorf("%s: %+v", name, s)
		}
	}
	if s := score.Interest([]intel.Voiced{spoken(1, intel.Social, 0), spoken(2, intel.Social, 400)}, others, noon); !s.Held {
		t.Errorf("another that spoke long ago: %+v, want it held", s)
	}
}

func TestBandsHaveTheirNames(t *testing.T) {
	for points, want := range map[float64]string{0: "very low interest", 0.99: "very low interest", 1: "low interest", 2.5: "elevated interest", 3: "high interest",
		4.99: "very high interest", 5: "possible threat", 6: "elevated threat", 7.2: "high threat", 8: "very high threat", 9: "immediate threat", 10: "immediate threat"} {
		if got := score.InterestBand(points); got != want {
			t.Errorf("%.2f: %s, want %s", points, got, want)
		}
	}
}

func TestAScoreIsARankAndRisesWithIt(t *testing.T) {
	if got := score.NewLadder(nil).Score(1); got != 2.92 {
		t.Errorf("of one alone: %v, want 2.92, as little is known of one", got)
	}
	s := score.NewLadder([]float64{3, 0, 1, 2, 2, -1})
	if len(s) != 4 || s.Rank(3) != 1 || s.Rank(2) != 2 || s.Rank(1) != 4 {
		t.Errorf("scale %v, ranks %d %d %d", s, s.Rank(3), s.Rank(2), s.Rank(1))
	}
	last := -1.0
	for _, a := range []float64{0, 0.5, 1, 2, 2.5, 3, 4} {
		if got := s.Score(a); got <= last || got > 10 {
			t.Errorf("%v comes to %v after %v", a, got, last)
		} else {
			last = got
		}
	}
}

// shares returns which share of scores is in each band.
func shares(scores []float64) (out [10]float64) {
	for _, s := range scores {
		out[min(int(s), 9)] += 1 / float64(len(scores))
	}
	return out
}

// ties is the share of the greatest group of equals.
func ties(s score.Ladder) float64 {
	most, run := 0, 0
	for i := range s {
		if run++; i > 0 && s[i] != s[i-1] {
			run = 1
		}
		most = max(most, run)
	}
	return float64(most) / float64(len(s))
}

// bandsHold checks that each band has 19 − 2i percent of a scale, within the
// share of the greatest group of equals, and returns the shares.
func bandsHold(t *testing.T, name string, s score.Ladder) [10]float64 {
	t.Helper()
	scores := make([]float64, len(s))
	for i, a := range s {
		scores[i] = s.Score(a)
	}
	got, bound := shares(scores), ties(s)+1e-9
	for i, share := range got {
		if want := float64(19-2*i) / 100; math.Abs(share-want) > bound {
			t.Errorf("%s: band %d has %.4f of %d, want %.2f within %.4f", name, i, share, len(s), want, bound)
		}
	}
	return got
}

// month makes a month of mentions: as many things as asked, of which few are
// spoken of much and most little, loudness times as often.
func month(chance *rand.Rand, things, loudness int) score.Ladder {
	genres := []intel.Genre{intel.Social, intel.Social, intel.Forum, intel.Chat, intel.Report, intel.List}
	var all []float64
	for i := range things {
		n := loudness * (1 + things/(5*(i+1)))
		ms := make([]intel.Voiced, 0, n)
		for range min(n, 5000) {
			ms = append(ms, spoken(chance.Int64N(400), genres[chance.IntN(len(genres))], chance.IntN(30)))
		}
		all = append(all, score.Interesting(ms, noon))
	}
	return score.NewLadder(all)
}

// TestABandMeansTheSameInAQuietAndALoudMonth has ten times as much said of as
// many things, and as much said of ten times as many.
func TestABandMeansTheSameInAQuietAndALoudMonth(t *testing.T) {
	quiet := month(rand.New(rand.NewPCG(3, 4)), 300, 1)
	for name, loud := range map[string]score.Ladder{
		"ten times as much":          month(rand.New(rand.NewPCG(5, 6)), 300, 10),
		"of ten times as many":       month(rand.New(rand.NewPCG(7, 8)), 3000, 1),
		"ten times as much, of many": month(rand.New(rand.NewPCG(9, 10)), 1000, 10),
	} {
		before, after := bandsHold(t, "quiet", quiet), bandsHold(t, name, loud)
		for i := range before {
			if moved := math.Abs(after[i] - before[i]); moved > ties(quiet)+ties(loud)+1e-9 {
				t.Errorf("%s: band %d moves by %.4f", name, i, moved)
			}
		}
		t.Logf("%s: %s, before %s", name, percent(after), percent(before))
	}
}

func percent(shares [10]float64) string {
	out := ""
	for _, s := range shares {
		out += fmt.Sprintf("%5.1f", 100*s)
	}
	return out
}

func TestATensionIsHeldAgainstThePairsOwnYear(t *testing.T) {
	every := func(days, from, to int) (ms []intel.Voiced) {
		for d := from; d < to; d += days {
			ms = append(ms, spoken(1, intel.Report, d))
		}
		return ms
	}
	for name, test := range map[string]struct {
		ms   []intel.Voiced
		want intel.Trend
	}{
		"nothing":               {nil, intel.Ended},
		"for the first time":    {every(5, 0, 60), intel.Fresh},
		"as before":             {every(10, 0, 455), intel.Even},
		"twice as much":         {append(every(10, 0, 455), every(10, 5, 90)...), intel.Rising},
		"half as much":          {append(every(20, 0, 90), every(10, 90, 455)...), intel.Falling},
		"no more":               {every(10, 90, 455), intel.Ended},
		"only before that year": {every(10, 460, 700), intel.Ended},
	} {
		if _, change, got := score.Tension(test.ms, noon); got != test.want {
			t.Errorf("%s: %s (%.2f), want %s", name, got, change, test.want)
		}
	}
	now, _, _ := score.Tension(every(5, 0, 60), noon)
	later, _, _ := score.Tension(every(5, 0, 60), noon.AddDate(0, 2, 0))
	if now <= later || later <= 0 {
		t.Errorf("tension %v, two months later %v; want it to fade", now, later)
	}
}

func TestAWeekComesToWhatItSaysByItself(t *testing.T) {
	s := score.Activity([]intel.Voiced{spoken(1, intel.Report, 0), spoken(2, intel.Report, 6), spoken(1, intel.Report, 8)}, nil, noon)
	n := len(s.Weekly)
	if n != 26 || math.Abs(s.Weekly[n-1].Weight-math.Log2(3)) > 1e-9 || s.Weekly[n-2].Weight != 1 || s.Weekly[0].Weight != 0 {
		t.Errorf("%d weeks, the last %+v", n, s.Weekly[max(0, n-3):])
	}
	if want := time.Date(2026, 4, 9, 0, 0, 0, 0, time.UTC); !s.Weekly[n-1].Start.Equal(want) {
		t.Errorf("the last week begins %s, want %s", s.Weekly[n-1].Start, want)
	}
}
