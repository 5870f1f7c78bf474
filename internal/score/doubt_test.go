package score_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
)

// days are those of a voice, an account or not, from 1970 on.
func days(account bool, said ...int) []score.Day {
	var out []score.Day
	for i, n := range said {
		d := score.Day{Day: int64(i), Said: n}
		if account {
			d.Posted = n
		}
		out = append(out, d)
	}
	return out
}

// doubts is what speaks against a row that rests on days of voices 0, 1, ….
func doubts(voices [][]score.Day, grounds ...score.Ground) string {
	d := score.Against(grounds, func(v score.Voice) (score.Odd, bool) {
		if int(v.Origin) >= len(voices) {
			return score.Odd{}, false
		}
		return score.OddDays(voices[v.Origin]), true
	})
	r := score.Doubted(intel.Row{Probability: 0.9, Level: intel.High, Origins: 2, Last: time.Unix(0, 0)}, d)
	return strings.Join(r.Doubts, ", ")
}

func TestABurstIsADayFarBeyondTheHabitOfAnAccount(t *testing.T) {
	busy, steady := []int{4, 5, 6, 5, 4, 120, 5}, []int{40, 40, 40, 40, 40, 120, 40}
	for name, c := range map[string]struct {
		days []score.Day
		want bool
	}{
		"a hundred in a day of one who says five":     {days(true, busy...), true},
		"three times as many as on other days":        {days(true, steady...), false},
		"fewer than a hundred":                        {days(true, 4, 5, 6, 5, 4, 99, 5), false},
		"no account: a report is long where it is so": {days(false, busy...), false},
		"of too few days to know a habit":             {days(true, 4, 5, 6, 5, 4, 120), false},
	} {
		const burst = "said by one account in a burst"
		if got := doubts([][]score.Day{c.days}, score.Ground{Day: 5}); (got == burst) != c.want || !c.want && got != "" {
			t.Errorf("%s: %q, want a burst: %v", name, got, c.want)
		}
		// Another voice, another day or a day that nobody knows speak for it.
		for _, other := range []score.Ground{{Voice: score.Voice{Origin: 1}, Day: 5}, {Voice: score.Voice{Source: 1}, Day: 5}, {Day: 4}, {Day: -1}} {
			if got := doubts([][]score.Day{c.days, c.days}, score.Ground{Day: 5}, other); got != "" {
				t.Errorf("%s, and %+v: %q", name, other, got)
			}
		}
	}
}

func TestAFirstLoadDatesNothing(t *testing.T) {
	load := days(false, 600, 5, 6, 5, 4, 7)
	const want = "dated by the first load of its source"
	if got := doubts([][]score.Day{load}, score.Ground{Day: 0}); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := doubts([][]score.Day{load}, score.Ground{Day: 0}, score.Ground{Day: -1}); got != want {
		t.Errorf("beside what has no date: %q, want %q", got, want)
	}
	for name, c := range map[string][]score.Day{"of a source that always says so much": days(false, 600, 500, 600, 500, 400, 700), "of a source with few days": days(false, 600, 5, 6, 5, 4), "of fewer than a hundred": days(false, 99, 5, 6, 5, 4, 7)} {
		if got := doubts([][]score.Day{c}, score.Ground{Day: 0}); got != "" {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := doubts([][]score.Day{load}, score.Ground{Day: 0}, score.Ground{Day: 3}); got != "" {
		t.Errorf("said again later: %q", got)
	}
	if got := doubts([][]score.Day{load}, score.Ground{Day: -1}); got != "" {
		t.Errorf("without any date: %q", got)
	}
}

// TestAValueIsSharedAsItsLeastSpreadSourceSays gives who names how many, and who says
// the row that is asked for, which is among what they name.
func TestAValueIsSharedAsItsLeastSpreadSourceSays(t *testing.T) {
	names := func(n ...any) (out []intel.Naming) {
		for i := 0; i < len(n); i += 2 {
			out = append(out, intel.Naming{Source: intel.SourceID(n[i].(string)), Reliability: 'B', Names: n[i+1].(int)})
		}
		return out
	}
	for _, c := range []struct {
		all   []intel.Naming
		total int
		says  []intel.SourceID
		want  int
	}{
		{names("a", 40), 40, []intel.SourceID{"a"}, 40},                                                      // it says so itself
		{names("a", 1, "b", 40), 41, []intel.SourceID{"a"}, 8},                                               // another does
		{names("a", 1, "b", 40), 40, []intel.SourceID{"a", "b"}, 8},                                          // another that says this, too
		{names("a", 4, "b", 4, "c", 4), 4, []intel.SourceID{"a", "b", "c"}, 4},                               // all name the same
		{names("a", 1, "b", 1, "c", 1, "d", 1, "e", 1, "f", 1, "g", 1, "h", 1), 8, []intel.SourceID{"a"}, 8}, // each its own
		{names("a", 1, "documents/x", 40, "documents/y", 40), 81, []intel.SourceID{"a"}, 8},                  // one that a file names twice
		{names("a", 1, "b", 40, "c", 40), 81, []intel.SourceID{"a"}, 15},                                     // two
		{names("a", 40), 40, nil, 40},                                                                        // nobody whom the reader may see
	} {
		if got := (score.Scale{}).Sharers(c.says, c.all, c.total, true); got != c.want {
			t.Errorf("%v, of %d, of which %v say the row: shared by %d, want %d", c.all, c.total, c.says, got, c.want)
		}
	}
}

func TestDoubtsLowerAndNeverRaise(t *testing.T) {
	levels := []intel.Level{intel.Low, intel.Medium, intel.High}
	for _, p := range []float64{0, 0.004, 0.3, 0.5, 0.79, 0.8, 0.97, 1} {
		for _, l := range levels {
			for _, d := range []score.Doubt{{}, {Burst: true}, {Load: true}, {Claimants: 7}, {Claimants: 8}, {Claimants: 40}, {Burst: true, Load: true, Claimants: 1000}} {
				before := intel.Row{Probability: p, Level: l, Origins: 3, Last: time.Unix(0, 0)}
				after := score.Doubted(before, d)
				if after.Probability > p || slices.Index(levels, after.Level) > slices.Index(levels, l) {
					t.Errorf("%+v made %s (%.2f) %s (%.2f)", d, l, p, after.Level, after.Probability)
				}
				if none := d == (score.Doubt{}) || d.Claimants == 7; none != (len(after.Doubts) == 0) || none && (after.Probability != p || after.Level != l) {
					t.Errorf("%+v: %v, %s (%.2f) for %s (%.2f)", d, after.Doubts, after.Level, after.Probability, l, p)
				}
			}
		}
	}
	high := intel.Row{Probability: 0.97, Level: intel.High, Origins: 3, Last: time.Unix(0, 0)}
	for _, c := range []struct {
		doubt score.Doubt
		level intel.Level
		p     float64
	}{{score.Doubt{Burst: true}, intel.Medium, 0.97}, {score.Doubt{Load: true}, intel.Medium, 0.97}, {score.Doubt{Claimants: 40}, intel.Low, 0.97 * 7 / 40}} {
		if r := score.Doubted(high, c.doubt); r.Level != c.level || r.Probability < c.p-1e-9 || r.Probability > c.p+1e-9 {
			t.Errorf("%+v: %s (%v), want %s (%v)", c.doubt, r.Level, r.Probability, c.level, c.p)
		}
	}
	for _, r := range []intel.Row{{Suppressed: "a list", Probability: 0.01, Level: intel.Low}, {Predicted: true, Probability: 0.4, Level: intel.Low}} {
		if got := score.Doubted(r, score.Doubt{Burst: true, Claimants: 40}); len(got.Doubts) > 0 || got.Probability != r.Probability {
			t.Errorf("%+v became %+v", r, got)
		}
	}
}
