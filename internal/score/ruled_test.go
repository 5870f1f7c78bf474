package score_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
)

func ruling(r intel.Ruling, by string, l intel.Link, at time.Time) intel.RowVerdict {
	return intel.RowVerdict{Link: l, Ruling: r, By: intel.SourceID("analyst:" + by), At: at}
}

func TestAnAnalystsWordMovesARowAndIsNoOrigin(t *testing.T) {
	said := []intel.Evidence{piece("a", 'B', 1, 0)}
	l := said[0].Link
	with := func(r intel.Ruling) intel.Assessment {
		return score.Scale{}.Links(score.NewRulings([]intel.RowVerdict{ruling(r, "ana", l, now)}, now).Among(said), now)[0]
	}
	alone := score.Scale{}.Links(said, now)[0]
	for r, want := range map[intel.Ruling]float64{
		intel.ConfirmRow: .98 * (1 - .99*(1-.75)*(1-.9)),
		intel.RefuteRow:  .98 * (1 - .99*(1-.75)) * (1 - .9*.9),
		intel.UndoRow:    alone.Probability,
	} {
		got := with(r)
		if math.Abs(got.Probability-want) > 1e-12 {
			t.Errorf("%s: believed %v, want %v", r, got.Probability, want)
		}
		if got.Origins != 1 || got.Level == intel.High || !got.Last.Equal(alone.Last) {
			t.Errorf("%s: %d origins, %s, last %s; want what the source alone comes to", r, got.Origins, got.Level, got.Last)
		}
	}
}

func TestAWordDoesNotDateARow(t *testing.T) {
	undated := []intel.Evidence{piece("a", 'A', 1, 0), piece("b", 'A', 1, 0)}
	for i := range undated {
		undated[i].At = time.Time{}
	}
	r := score.NewRulings([]intel.RowVerdict{ruling(intel.ConfirmRow, "ana", undated[0].Link, now)}, now)
	if a := (score.Scale{}).Links(r.Among(undated), now)[0]; a.Level != intel.Medium || !a.Last.IsZero() {
		t.Errorf("%s, last %s: want Medium without a date", a.Level, a.Last)
	}
}

func TestAWordIsMarkedAsTheLeastOfItsRow(t *testing.T) {
	secret := piece("a", 'B', 1, 0)
	secret.Marking = intel.Red
	r := score.NewRulings([]intel.RowVerdict{ruling(intel.ConfirmRow, "ana", secret.Link, now)}, now)
	as := score.Scale{}.Links(r.Among([]intel.Evidence{secret}), now)
	if len(as) != 1 || as[0].Marking != intel.Red {
		t.Errorf("a word on a row that only some may see makes one for others: %v", as)
	}
}

func TestWordsStandBehindTheirOwnLinks(t *testing.T) {
	var said []intel.Evidence
	var all []intel.RowVerdict
	for i, name := range []string{"a", "b", "c", "d"} {
		e := piece("x", 'B', 1, 0)
		e.Link.To.Name = name
		said = append(said, e, e)
		if i%2 == 1 {
			all = append(all, ruling(intel.RefuteRow, "ana", e.Link, now))
		}
	}
	stranger := said[0].Link
	stranger.To.Name = "nobody"
	all = append(all, ruling(intel.ConfirmRow, "ana", stranger, now))
	var got []string
	for _, e := range score.NewRulings(all, now).Among(said) {
		got = append(got, e.Link.To.Name+" "+e.Origin)
	}
	want := []string{"a x", "a x", "b x", "b x", "b analyst:ana", "c x", "c x", "d x", "d x", "d analyst:ana"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestTheLastWordOnARowCounts(t *testing.T) {
	l := piece("a", 'B', 1, 0).Link
	all := []intel.RowVerdict{ruling(intel.ConfirmRow, "ana", l, now), ruling(intel.RefuteRow, "bob", l, now.Add(time.Hour)), ruling(intel.UndoRow, "ana", l, now.Add(2*time.Hour))}
	for after, want := range map[time.Duration]string{-time.Hour: "", 0: "analyst:ana", time.Hour: "analyst:bob", 2 * time.Hour: ""} {
		v, _ := score.NewRulings(all, now.Add(after)).On(l)
		if string(v.By) != want {
			t.Errorf("after %s the word of %q counts, want %q", after, v.By, want)
		}
	}
}

func TestSourcesThatAFileNamesHaveOneRecord(t *testing.T) {
	l := piece("a", 'B', 1, 0).Link
	support := map[intel.Link][]intel.SourceID{l: {"lab/a", "lab/b"}}
	for i := range 20_000 {
		support[l] = append(support[l], intel.SourceID(fmt.Sprint("documents/", i)))
	}
	got := score.Experience([]intel.RowVerdict{ruling(intel.RefuteRow, "ana", l, now)}, support, unnamed().Unnamed, now)
	want := map[intel.SourceID]score.Record{"documents": {Wrong: 1}, "lab/a": {Wrong: 1}, "lab/b": {Wrong: 1}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	e := piece("o", 'F', 1, 0)
	e.Source = "documents/another"
	if r := unnamed().With(score.Lesson{Sources: got}).Explain([]intel.Evidence{e}, now)[0].Reliability; math.Abs(r-8*.5/9) > 1e-12 {
		t.Errorf("reliability %v: want what such sources got wrong", r)
	}
}

// TestARulingBeginsWithTheFirstOfItsWords has words that repeat it, overrule it, and
// take it back.
func TestARulingBeginsWithTheFirstOfItsWords(t *testing.T) {
	l := piece("a", 'B', 1, 0).Link
	var all []intel.RowVerdict
	for i, r := range []intel.Ruling{intel.ConfirmRow, intel.ConfirmRow, intel.RefuteRow, intel.RefuteRow, intel.UndoRow, intel.ConfirmRow, intel.ConfirmRow} {
		v := ruling(r, "ana", l, now.Add(time.Duration(i)*time.Hour))
		v.Kept = intel.DocumentID(rune('0' + i))
		all = append(all, v)
	}
	for after, want := range []intel.DocumentID{"0", "0", "2", "2", "", "5", "5"} {
		if got := intel.RulingsBegun(all, now.Add(time.Duration(after)*time.Hour))[l]; got != want {
			t.Errorf("after %d hours it began with %q, want %q", after, got, want)
		}
	}
}

func TestAVerdictCountsOnceForEachSourceAndFades(t *testing.T) {
	l := piece("a", 'B', 1, 0).Link
	other := l
	other.To.Name = "other"
	then := now.AddDate(0, 0, -180)
	got := score.Experience([]intel.RowVerdict{ruling(intel.ConfirmRow, "ana", l, then), ruling(intel.RefuteRow, "ana", other, now)},
		map[intel.Link][]intel.SourceID{l: {"x", "y"}, other: {"x"}}, nil, now)
	want := map[intel.SourceID]score.Record{"x": {Right: .5, Wrong: 1}, "y": {Right: .5}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	e := piece("o", 'B', 1, 0)
	e.Source = "x"
	s := score.Scale{Sources: map[intel.SourceID]score.Record{"x": {Right: 29, Wrong: 1}}}.With(score.Lesson{Sources: got})
	if r := s.Explain([]intel.Evidence{e}, now)[0].Reliability; math.Abs(r-(8*.75+29.5)/(8+29.5+2)) > 1e-12 {
		t.Errorf("reliability %v: want the prior, what ships and what this store adds", r)
	}
}
