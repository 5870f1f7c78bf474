package score_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
)

// said makes a course of words: who, how surely, so many days before now learned
// and happened.
type said struct {
	origin         string
	stance         intel.Stance
	learned, event int // days before now
	until          int // days before now; 0 is open
	undated        bool
}

func course(words ...said) intel.Course {
	c := intel.Course{Link: link}
	voices := map[string]int32{}
	for _, w := range words {
		key := fmt.Sprint(w.origin, w.stance)
		v, ok := voices[key]
		if !ok {
			v = int32(len(c.Voices))
			voices[key] = v
			c.Voices = append(c.Voices, intel.Evidence{Link: link, Origin: w.origin, Reliability: 'A', Graded: true, Weight: 1, Stance: w.stance})
		}
		out := intel.Word{Voice: v, From: day(w.learned), Learned: day(w.learned), At: day(w.event), Until: intel.Open}
		if w.until != 0 {
			out.Until = day(w.until)
		}
		if w.undated {
			out.At = intel.Undated
		}
		c.Words = append(c.Words, out)
	}
	return c
}

func day(before int) int64 { return now.AddDate(0, 0, -before).UnixMicro() }

// parts is what a course comes to at a moment, folded anew.
func parts(c intel.Course, at time.Time) (out []intel.Evidence) {
	us := at.UnixMicro()
	for v, e := range c.Voices {
		found := false
		for _, w := range c.Words {
			if int(w.Voice) != v || w.From > us || w.Until <= us {
				continue
			}
			found = true
			if l := time.UnixMicro(w.Learned).UTC(); l.After(e.Learned) {
				e.Learned = l
			}
			if w.At == intel.Undated || w.At > at.Add(intel.Skew).UnixMicro() {
				continue
			}
			when := time.UnixMicro(w.At).UTC()
			if when.After(e.At) {
				e.At = when
			}
			if e.Since.IsZero() || when.Before(e.Since) {
				e.Since = when
			}
		}
		if found {
			out = append(out, e)
		}
	}
	return out
}

func tell(c intel.Course, at time.Time) intel.History {
	return score.Scale{}.History(c, score.Inquiry{Now: at, Past: true, Parts: parts(c, at)})
}

func sorts(h intel.History) (out []string) {
	for _, t := range h.Turns {
		out = append(out, string(t.Sort))
	}
	return out
}

func TestAHistoryTellsWhatWasLearnedAndWhatFaded(t *testing.T) {
	h := tell(course(said{origin: "a", learned: 900, event: 900}, said{origin: "b", learned: 700, event: 700}), now)
	if got := strings.Join(sorts(h), ", "); got != "learned, faded, learned, faded, faded, as of" && got != "learned, learned, faded, faded, as of" {
		t.Fatalf("%s: %+v", got, h.Turns)
	}
	last := 0.0
	for i, o := range h.Turns {
		if o.Sort == intel.TurnFaded && (o.Level == o.LevelBefore || o.Believed >= o.BelievedBefore) {
			t.Errorf("faded from %v %v to %v %v", o.LevelBefore, o.BelievedBefore, o.Level, o.Believed)
		}
		if i > 0 && o.At.Before(h.Turns[i-1].At) {
			t.Errorf("%v stands behind %v", o.At, h.Turns[i-1].At)
		}
		last = o.Probability
	}
	if want := p(t, parts(course(said{origin: "a", learned: 900, event: 900}, said{origin: "b", learned: 700, event: 700}), now)...).Probability; math.Abs(last-want) > 1e-12 {
		t.Errorf("ends with %v, want %v", last, want)
	}
}

// TestEachTurnIsWhatWasBelievedThen weighs courses of bad input anew at each moment
// that their history tells of.
func TestEachTurnIsWhatWasBelievedThen(t *testing.T) {
	flood := []said{{origin: "a", learned: 900, event: 900}}
	for i := range 3000 {
		flood = append(flood, said{origin: fmt.Sprint("x", i%40), learned: 880 - i/4, event: 880 - i/4})
	}
	for claim, words := range map[string][]said{
		"a date of the future":  {{origin: "a", learned: 400, event: 100}, {origin: "b", learned: 300, event: -50}},
		"a date of 1970":        {{origin: "a", learned: 400, event: 20500}, {origin: "b", learned: 399, event: 390}},
		"no date":               {{origin: "a", learned: 400, undated: true}, {origin: "a", learned: 200, event: 200}},
		"a contradiction":       {{origin: "a", learned: 400, event: 400}, {origin: "b", stance: intel.Disputes, learned: 390, event: 390}, {origin: "a", stance: intel.Disputes, learned: 380, event: 380}},
		"derived anew":          {{origin: "a", learned: 400, event: 400, until: 350}, {origin: "a", learned: 350, event: 400}, {origin: "b", learned: 350, event: 340, until: 300}},
		"a relay":               {{origin: "a", learned: 400, event: 400}, {origin: "b", learned: 399, event: 399}, {origin: "c", learned: 100, event: 100}},
		"a flood":               flood,
		"the future, withdrawn": {{origin: "a", learned: 400, event: 100, until: 50}, {origin: "b", learned: 60, event: 60}},
	} {
		c := course(words...)
		h := tell(c, now)
		if len(h.Turns) > score.MostTurns || len(h.Turns) < 2 {
			t.Errorf("%s: %d turns", claim, len(h.Turns))
		}
		for i, o := range h.Turns {
			if i%max(1, len(h.Turns)/20) != 0 {
				continue
			}
			want := score.Scale{}.Links(parts(c, o.At), o.At)
			if len(want) == 0 {
				want = []intel.Assessment{{Probability: score.Fuse(nil), Level: intel.Low}}
			}
			if math.Abs(o.Probability-want[0].Probability) > 1e-12 || o.Level != want[0].Level || o.Origins != want[0].Origins {
				t.Errorf("%s: %s (%s) %s: %v %s of %d, then it was %v %s of %d", claim, o.At, o.Sort, o.Why, o.Probability, o.Level, o.Origins, want[0].Probability, want[0].Level, want[0].Origins)
			}
			short := tell(c, o.At)
			if last := short.Turns[len(short.Turns)-1]; math.Abs(last.Probability-o.Probability) > 1e-12 {
				t.Errorf("%s: as of %s: %v, in the history of now %v", claim, o.At, last.Probability, o.Probability)
			}
		}
	}
}

func TestAHistorySaysWhy(t *testing.T) {
	for want, words := range map[string][]said{
		"b says so within two days of a, and both count as one": {{origin: "a", learned: 30, event: 30}, {origin: "b", learned: 29, event: 29}},
		"b disputes it":                                   {{origin: "a", learned: 30, event: 30}, {origin: "b", stance: intel.Disputes, learned: 20, event: 20}},
		"a says so again":                                 {{origin: "a", learned: 900, event: 900}, {origin: "a", learned: 20, event: 20}},
		"what a said was derived anew":                    {{origin: "a", learned: 900, event: 900, until: 20}, {origin: "a", learned: 20, event: 30}},
		"what b said is derived no more":                  {{origin: "a", learned: 900, event: 900}, {origin: "b", learned: 20, event: 20, until: 10}},
		"the date that a gave is no longer of the future": {{origin: "a", learned: 400, event: 30}},
		"nobody said so again":                            {{origin: "a", learned: 1500, event: 1500}},
	} {
		h := tell(course(words...), now)
		var all []string
		for _, o := range h.Turns {
			all = append(all, o.Why)
		}
		if !strings.Contains(strings.Join(all, "; "), want) {
			t.Errorf("no %q in %q", want, all)
		}
	}
}

// TestAHistoryTellsWhenTheLastDateOfARowIsWorthNothingAnyMore has one voice with a date
// and one that says so without.
func TestAHistoryTellsWhenTheLastDateOfARowIsWorthNothingAnyMore(t *testing.T) {
	for why, words := range map[string][]said{
		"nobody said so again: ": {{origin: "old", learned: 1500, event: 1500}, {origin: "undated", learned: 50, undated: true}},
		"faded since; ":          {{origin: "old", learned: 1500, event: 1500}, {origin: "undated", learned: 10, undated: true}},
	} {
		c := course(words...)
		h := tell(c, now)
		want, n := why+"its last date, "+now.AddDate(0, 0, -1500).Format(time.DateOnly)+", is worth nothing any more", 0
		for _, o := range h.Turns {
			if o.Why != want {
				continue
			}
			n++
			faded := o.Sort == intel.TurnFaded && o.LevelBefore == intel.High && o.At.Truncate(time.Hour).Equal(now.AddDate(0, 0, -39))
			if (!faded && o.Sort != intel.TurnAsOf) || o.Level != intel.Medium || o.Believed < .8 {
				t.Errorf("%+v", o)
			}
		}
		if last := h.Turns[len(h.Turns)-1]; n == 0 || last.Level != intel.Medium || last.Level != p(t, parts(c, now)...).Level {
			t.Errorf("no %q in %+v", want, h.Turns)
		}
	}
}

// TestAHistoryTellsWhenAVoiceOfARowIsWorthNothingAnyMore has one voice of long ago and one
// that says so again and again.
func TestAHistoryTellsWhenAVoiceOfARowIsWorthNothingAnyMore(t *testing.T) {
	for why, words := range map[string][]said{
		"nobody said so again: ": {{origin: "old", learned: 1500, event: 1500}, {origin: "fresh", learned: 50, event: 50}},
		"faded since; ":          {{origin: "old", learned: 1500, event: 1500}, {origin: "fresh", learned: 10, event: 10}},
	} {
		c := course(words...)
		h := tell(c, now)
		want, n := why+"1 of its 2 voices is worth nothing any more", 0
		for _, o := range h.Turns {
			if o.Why != want {
				continue
			}
			n++
			faded := o.Sort == intel.TurnFaded && o.LevelBefore == intel.High && o.At.Truncate(time.Hour).Equal(now.AddDate(0, 0, -39))
			if (!faded && o.Sort != intel.TurnAsOf) || o.Level != intel.Medium || o.Believed < .8 {
				t.Errorf("%+v", o)
			}
		}
		if last := h.Turns[len(h.Turns)-1]; n == 0 || last.Level != intel.Medium || last.Origins != 2 || last.Level != p(t, parts(c, now)...).Level {
			t.Errorf("no %q in %+v", want, h.Turns)
		}
	}
}

// TestAHistorySaysWhoPassedAWordOn has an origin whose word comes again: by itself, in an
// older document, from a feed that cites it, from an account that relays it, and in a copy.
func TestAHistorySaysWhoPassedAWordOn(t *testing.T) {
	for _, w := range []struct {
		by      string
		speaker intel.Speaker
		stance  intel.Stance
		event   int
		undated bool
		want    string
	}{
		{"old.example", intel.Publisher, intel.Supports, 20, false, "old.example says so again"},
		{"old.example", intel.Publisher, intel.Supports, 900, false, "another document of old.example says so, of no later date"},
		{"old.example", intel.Publisher, intel.Supports, 0, true, "another document of old.example says so, without a date"},
		{"n*ws.example", intel.Publisher, intel.Supports, 20, false, "n*ws.example passes on what old.example says"},
		{"x/aa", intel.Relay, intel.Supports, 20, false, "x/aa passes on what old.example says"},
		{"", intel.Relay, intel.Supports, 20, false, "room passes on what old.example says"},
		{"old.example", intel.Mirror, intel.Supports, 20, false, "room mirrors what old.example says"},
		{"x/bb", intel.Copy, intel.Supports, 20, false, "x/bb has the text of old.example again"},
		{"n*ws.example", intel.Publisher, intel.Disputes, 20, false, "n*ws.example passes on that old.example disputes it"},
	} {
		c := course(said{origin: "old.example", stance: w.stance, learned: 900, event: 900}, said{origin: "other", learned: 30, event: 900}, said{origin: "old.example", stance: w.stance, learned: 10, event: w.event, undated: w.undated})
		v := c.Voices[0]
		v.Speaker, v.Source = w.speaker, "room"
		c.Voices, c.Words[2].Voice = append(c.Voices, v), 2
		if w.by != "" {
			c.Documents, c.Speakers, c.Words[2].Document = []intel.Document{{}}, []string{w.by}, 1
		}
		moved := score.Mark{At: time.UnixMicro(day(10)).UTC(), Sort: intel.TurnAside, Why: "ana"} // so that it is told whatever it changes
		h := score.Scale{}.History(c, score.Inquiry{Now: now, Parts: parts(c, now), Marks: []score.Mark{moved}, Aside: func(at time.Time) score.Aside {
			if at.Before(moved.At) {
				return score.Aside{}
			}
			return score.Aside{Reason: "a list"}
		}})
		var all []string
		for _, o := range h.Turns {
			all = append(all, o.Why)
		}
		if !slices.Contains(all, w.want+"; set aside: a list; ana") {
			t.Errorf("no %q in %q", w.want, all)
		}
	}
}

func TestAFloodCostsABoundedTime(t *testing.T) {
	c := course(said{origin: "a", learned: 900, event: 900})
	for i := range 5_000 {
		c.Voices = append(c.Voices, intel.Evidence{Link: link, Origin: fmt.Sprint("x", i), Reliability: 'F', Weight: .1})
	}
	for i := range 100_000 {
		at := day(890) + int64(i)*360_000_000
		c.Words = append(c.Words, intel.Word{Voice: int32(1 + i%5_000), From: at, Learned: at, At: at, Until: intel.Open})
	}
	began := time.Now()
	h := score.Scale{}.History(c, score.Inquiry{Now: now})
	if took := time.Since(began); len(h.Turns) != score.MostTurns && h.More+len(h.Turns) < 20 || took > time.Minute {
		t.Errorf("%d turns and %d left out in %s", len(h.Turns), h.More, took)
	}
	t.Logf("%d words of %d voices: %s, %d turns, %d left out", len(c.Words), len(c.Voices), time.Since(began), len(h.Turns), h.More)
}

// TestAllWeighingsOfAHistoryAreBounded has voices that dispute: between any two
// moments belief may rise as well as fall, and is looked at often.
func TestAllWeighingsOfAHistoryAreBounded(t *testing.T) {
	for _, voices := range []int{1, 40, 2_000, 9_000, 100_000} {
		c := course(said{origin: "a", learned: 900, event: 900}, said{origin: "b", stance: intel.Disputes, learned: 899, event: 899})
		for i := range voices {
			c.Voices = append(c.Voices, intel.Evidence{Link: link, Origin: fmt.Sprint("x", i), Reliability: 'C', Weight: .1, Stance: intel.Stance(i % 2)})
		}
		for i := range max(voices, 10_000) {
			at := day(890) + int64(i)*360_000_000
			c.Words = append(c.Words, intel.Word{Voice: int32(2 + i%voices), From: at, Learned: at, At: at, Until: intel.Open})
		}
		if n := (score.Scale{}).Weighed(c, score.Inquiry{Now: now, Parts: parts(course(said{origin: "a", learned: 900, event: 900}), now)}); n > 1_300_000 {
			t.Errorf("%d voices: %d weighed", voices, n)
		}
	}
}

// TestAHistoryOfManyNamesCostsABoundedTime has names that mean it by shares of their own,
// each of which is weighed with all that mean it more.
func TestAHistoryOfManyNamesCostsABoundedTime(t *testing.T) {
	const names, voices = 40, 50
	c, q := course(said{origin: "a", learned: 900, event: 900}), score.Inquiry{Now: now, Shares: map[intel.Link]float64{link: 1}}
	for n := range names {
		l := link
		l.To.Name = fmt.Sprint("name-", n)
		q.Shares[l] = 1 / float64(n+2)
		for i := range voices {
			c.Voices = append(c.Voices, intel.Evidence{Link: l, Origin: fmt.Sprint("x", n, "-", i), Reliability: 'C', Weight: .1, Stance: intel.Stance(i % 2)})
		}
	}
	for i := range 10_000 {
		at := day(890) + int64(i)*3_600_000_000
		c.Words = append(c.Words, intel.Word{Voice: int32(1 + i%(names*voices)), From: at, Learned: at, At: at, Until: intel.Open})
	}
	began := time.Now()
	h := score.Scale{}.History(c, q)
	t.Logf("%d words of %d voices: %s, %d turns, %d left out", len(c.Words), len(c.Voices), time.Since(began), len(h.Turns), h.More)
	if n := (score.Scale{}).Weighed(c, q); n > 1_300_000 {
		t.Errorf("%d weighed", n)
	}
}

// TestARulingIsToldWithWhatWasBelievedBeforeAndAfterIt has a day of its own for each,
// and one moment for all, which is also that of the first word.
func TestARulingIsToldWithWhatWasBelievedBeforeAndAfterIt(t *testing.T) {
	c := course(said{origin: "a", learned: 30, event: 30})
	for claim, days := range map[string][4]int{"days apart": {30, 20, 10, 5}, "at once": {10, 10, 10, 10}, "with the first word": {30, 30, 30, 30}} {
		q := score.Inquiry{Now: now, Parts: parts(c, now)}
		var all []intel.RowVerdict
		for i, r := range []intel.Ruling{intel.ConfirmRow, intel.RefuteRow, intel.UndoRow, intel.ConfirmRow} {
			all = append(all, ruling(r, "ana", link, time.UnixMicro(day(days[i])).UTC()))
		}
		for i := range all {
			q.Marks = append(q.Marks, score.Mark{At: all[i].At, Sort: intel.TurnRuled, Why: string(all[i].Ruling), Ruling: &all[i]})
		}
		q.Rulings = score.NewRulings(all, now)
		var told []string
		last := -1.
		for _, o := range (score.Scale{}).History(c, q).Turns {
			if last >= 0 && math.Abs(o.Before-last) > .1 {
				t.Errorf("%s: %s begins at %.2f, and what stands before it ends at %.2f", claim, o.Why, o.Before, last)
			}
			last = o.Probability
			if o.Sort != intel.TurnRuled {
				continue
			}
			told = append(told, o.Why)
			if rose := o.Probability > o.Before+.02; rose == (o.Why == string(intel.RefuteRow)) || math.Abs(o.Probability-o.Before) < .02 || o.BelievedBefore != o.Before {
				t.Errorf("%s: %s: %.2f → %.2f", claim, o.Why, o.Before, o.Probability)
			}
		}
		if got := strings.Join(told, ", "); got != "confirm row, refute row, undo row, confirm row" {
			t.Errorf("%s: told are %q", claim, got)
		}
	}
}

// TestWhatVerdictsTaughtIsToldWithWhatWasBelievedBefore has a store learn that a
// source is wrong.
func TestWhatVerdictsTaughtIsToldWithWhatWasBelievedBefore(t *testing.T) {
	c := course(said{origin: "a", learned: 30, event: 30})
	c.Voices[0].Source = "s"
	taught := score.Scale{}.With(score.Lesson{Sources: map[intel.SourceID]score.Record{"s": {Wrong: 50}}})
	q := score.Inquiry{Now: now, Parts: parts(c, now), Scale: taught, Marks: []score.Mark{{At: now.AddDate(0, 0, -10), Sort: intel.TurnRules, Why: "taught", Scale: &taught}}}
	q.Parts[0].Source = "s"
	h := score.Scale{}.History(c, q)
	if i := len(h.Turns) - 2; h.Turns[i].Sort != intel.TurnRules || h.Turns[i].Before < .8 || h.Turns[i].Probability > .2 {
		t.Errorf("%+v", h.Turns)
	}
}

func TestWhatIsSetAsideShowsInTheHistory(t *testing.T) {
	c := course(said{origin: "a", learned: 400, event: 400})
	from, to := now.AddDate(0, 0, -390), now.AddDate(0, 0, -380)
	h := score.Scale{}.History(c, score.Inquiry{Now: now, Past: true, Parts: parts(c, now), Marks: []score.Mark{{At: to}, {At: from}, {At: now.AddDate(0, 0, -370), Sort: intel.TurnRules, Why: "other rules"}},
		Aside: func(at time.Time) score.Aside {
			if at.Before(from) || !at.Before(to) {
				return score.Aside{}
			}
			return score.Aside{Reason: "analyst:ana", Most: score.Leak}
		}})
	got := strings.Join(sorts(h), ", ")
	if !strings.HasPrefix(got, "learned, set aside, set aside, rules, faded") {
		t.Fatalf("%s", got)
	}
	if on, off := h.Turns[1], h.Turns[2]; on.Believed != score.Leak || on.Level != intel.Low || on.Probability < .5 || off.Believed < .5 || off.Level != intel.Medium || !strings.Contains(on.Why, "analyst:ana") {
		t.Errorf("set aside %+v and no longer %+v", on, off)
	}
}
