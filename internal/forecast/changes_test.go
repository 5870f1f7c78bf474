package forecast

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/intel"
)

func madeAt(day int) time.Time { return time.Date(2026, 4, day, 0, 0, 0, 0, time.UTC) }

// event is a forecast of a country that was made on a day.
func event(day int, code string, p float64) intel.Forecast {
	return intel.Forecast{ID: fmt.Sprint(code, day), Kind: "country", Target: "country:" + code, Horizon: 28, Probability: p, Made: madeAt(day), Due: madeAt(day + 28)}
}

// amount is a forecast of a count that was made on a day.
func amount(day int, q ...float64) intel.Forecast {
	f := intel.Forecast{ID: fmt.Sprint("n", day), Kind: "activity", Target: "documents", Horizon: 7, Made: madeAt(day), Due: madeAt(day + 7), Quantiles: map[string]float64{}}
	for i, l := range []string{"0.1", "0.25", "0.5", "0.75", "0.9"} {
		f.Quantiles[l] = q[i]
	}
	return f
}

// changed is each change in a line.
func changed(all []intel.Change) (out []string) {
	for _, c := range all {
		out = append(out, fmt.Sprintf("%s %s: %s, was %s", c.Direction(), c.Target, c.Now, c.Before))
	}
	return out
}

func TestOnlyWhatMovedFarIsToldAsChanged(t *testing.T) {
	before := []intel.Forecast{event(1, "DE", .10), event(1, "FR", .20), event(1, "US", .30), event(1, "GB", .02), amount(1, 2, 4, 6, 8, 12)}
	now := []intel.Forecast{event(8, "DE", .16), event(8, "FR", .21), event(8, "US", .29), event(8, "PL", .05), amount(8, 2, 4, 8, 9, 12)}
	c := Changes(now, before, nil)
	if len(c.Moved) > 0 {
		t.Errorf("of the same rank, which is all that is told, without skill: %v", changed(c.Moved))
	}
	if d := cmp.Diff([]string{"new country:PL: rank 4, was –", "gone country:GB: –, was rank 4"}, changed(append(c.New, c.Gone...))); d != "" {
		t.Error(d)
	}
	if !c.Made.Equal(madeAt(8)) || !c.Since.Equal(madeAt(1)) {
		t.Errorf("made %s, since %s", c.Made, c.Since)
	}
	now[4] = amount(8, 5, 7, 9, 14, 20)
	for i := range now {
		now[i].Skill = intel.Skill{.2, .1, .3}
	}
	if d := cmp.Diff([]string{"more documents: 9 (80 %: 5 to 20), was 6 (80 %: 2 to 12)", "likelier country:DE: 0.16, was 0.10"}, changed(Changes(now, before, nil).Moved)); d != "" {
		t.Error(d)
	}
}

func TestARankThreePlacesOffIsAChange(t *testing.T) {
	before := []intel.Forecast{event(1, "A", .10), event(1, "B", .11), event(1, "C", .12), event(1, "D", .13)}
	now := []intel.Forecast{event(8, "A", .14), event(8, "B", .11), event(8, "C", .12), event(8, "D", .13)}
	if d := cmp.Diff([]string{"ranked higher country:A: rank 1, was rank 4"}, changed(Changes(now, before, nil).Moved)); d != "" {
		t.Error(d)
	}
}

func TestWithoutSkillAChangeGoesTheWayOfItsRank(t *testing.T) {
	before := []intel.Forecast{event(1, "PE", .30), event(1, "A", .40), event(1, "B", .41), event(1, "C", .42), event(1, "CN", .20)}
	now := []intel.Forecast{event(8, "PE", .15), event(8, "A", .11), event(8, "B", .12), event(8, "C", .13), event(8, "CN", .05)}
	if d := cmp.Diff([]string{"ranked higher country:PE: rank 1, was rank 4"}, changed(Changes(now, before, nil).Moved)); d != "" {
		t.Error(d)
	}
}

func TestTheOnlyOneOfItsKindHasNoRank(t *testing.T) {
	before, now := event(1, "A", .10), event(8, "A", .30)
	c := Changes([]intel.Forecast{now}, []intel.Forecast{before}, nil)
	if len(c.Moved) > 0 {
		t.Errorf("%v", changed(c.Moved))
	}
	now.Probability = .11 // it was the fourth of four
	c = Changes([]intel.Forecast{now}, []intel.Forecast{before, event(1, "B", .2), event(1, "C", .2), event(1, "D", .2)}, nil)
	if len(c.Moved) > 0 {
		t.Errorf("%v", changed(c.Moved))
	}
}

func TestWithoutForecastsOfAWeekAgoNothingIsNew(t *testing.T) {
	c := Changes([]intel.Forecast{event(8, "DE", .16)}, nil, nil)
	if len(c.Moved)+len(c.New)+len(c.Gone) > 0 || !c.Since.IsZero() {
		t.Errorf("%+v", c)
	}
	if c = Changes(nil, []intel.Forecast{event(1, "DE", .16)}, nil); len(c.Gone) > 0 {
		t.Errorf("nothing is forecast any more: %+v", c.Gone)
	}
}

func TestOfJudgedForecastsTheLatestIsToldAndTheRestCounted(t *testing.T) {
	judge := func(f intel.Forecast, came int, why string) Judged {
		return Judged{f, intel.Outcome{Forecast: f.ID, Came: came, Unscoreable: why}}
	}
	all := []Judged{judge(event(2, "DE", .1), 0, ""), judge(event(3, "DE", .1), 1, ""), judge(event(3, "FR", .1), 0, "silent"), judge(amount(3, 2, 4, 6, 8, 12), 13, "")}
	for i := range 30 {
		all = append(all, judge(event(3, fmt.Sprint("X", i), .1), 0, ""))
	}
	c := Changes(nil, nil, all)
	if c.Came != 1 || c.CameNot != 30 || c.Unscoreable != 1 || len(c.Judged) != mostSettled {
		t.Fatalf("%+v", c)
	}
	var out []string
	for _, s := range c.Judged[:3] {
		out = append(out, s.Target+" "+s.Made.Format("2")+": "+s.Outcome())
	}
	if d := cmp.Diff("documents 3: 13 came, above what was expected|country:DE 3: came true|country:X0 3: did not come true", strings.Join(out, "|")); d != "" {
		t.Error(d)
	}
}
