package main

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
	"github.com/portent-cti/portent/internal/web"
)

const lynxRow = "ipv4:45.134.21.8 indicates actor:cold-lynx"

// ruledRows is what explain and a ruling tell of a row.
type ruledRows struct {
	Probability, Recomputed float64
	Confidence              string
	Origins                 int
	Steps                   []score.Step
	Sources                 []score.JudgedSource
	Verdicts                []struct {
		By, Ruling string
		Counts     bool
	}
}

func (e ruledRows) words() string {
	var out []string
	for _, v := range e.Verdicts {
		s := v.By + " " + v.Ruling
		if v.Counts {
			s += " counts"
		}
		out = append(out, s)
	}
	return strings.Join(out, ", ")
}

// explained asks for a row, which must come out as it is stored.
func explained(t *testing.T, db, when, row string) (e ruledRows) {
	t.Helper()
	if err := json.Unmarshal([]byte(printed(t, exitDone, "--db", db, "--now", when, "--json", "explain", row)), &e); err != nil {
		t.Fatal(err)
	}
	if math.Abs(e.Probability-e.Recomputed) > closeEnough {
		t.Errorf("%s: %.12f is stored, %.12f recomputed", row, e.Probability, e.Recomputed)
	}
	return e
}

func TestTheLastWordOnARowCountsAndNoneIsLost(t *testing.T) {
	onEachStore(t, func(t *testing.T, db string) {
		lynxStore(t, db)
		at := func(when string, args ...string) string {
			return printed(t, exitDone, append([]string{"--db", db, "--now", when}, args...)...)
		}
		alone := explained(t, db, "2026-05-02", lynxRow)
		steps := []struct {
			when, words string
			more        bool // believed than by sources alone
			args        []string
		}{
			{"2026-05-03T08:00:00Z", "analyst:ana confirm row counts", true, []string{"row", "confirm", lynxRow, "--by", "ana", "--reason", "seen in our logs"}},
			{"2026-05-03T08:00:00Z", "analyst:ana confirm row, analyst:bob refute row counts", false, []string{"row", "refute", lynxRow, "--by", "bob"}},
			{"2026-05-03T09:00:00Z", "analyst:ana confirm row, analyst:bob refute row, analyst:ana confirm row counts", true, []string{"row", "confirm", lynxRow, "--by", "ana"}},
		}
		for _, s := range steps {
			at(s.when, s.args...)
			e := explained(t, db, s.when, lynxRow)
			if e.words() != s.words || e.Probability > alone.Probability != s.more {
				t.Errorf("after %v: %.3f, alone %.3f; %s; want %s", s.args, e.Probability, alone.Probability, e.words(), s.words)
			}
			if e.Origins != alone.Origins || e.Confidence == "High" {
				t.Errorf("after %v: %d origins, %s; a word is no origin, of which there were %d", s.args, e.Origins, e.Confidence, alone.Origins)
			}
		}
		before := explained(t, db, "2026-05-03T09:00:00Z", lynxRow)
		at("2026-05-03T10:00:00Z", "reprocess", "--all")
		at("2026-05-03T10:00:00Z", "reprocess", "--scores")
		if e := explained(t, db, "2026-05-03T10:00:00Z", lynxRow); e.words() != before.words() || math.Abs(e.Probability-before.Probability) > .01 {
			t.Errorf("derived again: %.3f, %s; want as before %.3f, %s", e.Probability, e.words(), before.Probability, before.words())
		}
		at("2026-05-03T11:00:00Z", "row", "undo", lynxRow, "--by", "cid")
		if e := explained(t, db, "2026-05-03T11:00:00Z", lynxRow); len(e.Verdicts) != 4 || math.Abs(e.Probability-alone.Probability) > .01 {
			t.Errorf("undone: %.3f, want %.3f; %s", e.Probability, alone.Probability, e.words())
		}
		alike := func(when string) string {
			t.Helper()
			var p struct {
				IOC []struct {
					Value       string
					Probability float64
				}
			}
			if err := json.Unmarshal([]byte(at("2026-05-04", "--as-of", when, "profile", "cold lynx", "--format", "json")), &p); err != nil {
				t.Fatal(err)
			}
			for _, r := range p.IOC {
				if r.Value == "45.134.21.8" {
					return intel.Decimal(r.Probability)
				}
			}
			t.Fatalf("as of %s there is no row", when)
			return ""
		}
		if before, refuted, undone := alike("2026-05-03T07:00:00Z"), alike("2026-05-03T08:30:00Z"), alike("2026-05-03T11:00:00Z"); before < "0.85" || undone < "0.85" || refuted > "0.50" {
			t.Errorf("as of before the verdicts %s, of when it was refuted %s, of when that was undone %s", before, refuted, undone)
		}
		if all := at("2026-05-04", "row", "list", "--all"); strings.Count(all, "\n") != 4 || !strings.Contains(all, "seen in our logs") {
			t.Errorf("what was ruled: %s", all)
		}
		if out := at("2026-05-04", "-q", "row", "list"); out != "" {
			t.Errorf("undone, and listed as what counts: %s", out)
		}
	})
}

func TestNobodysRowIsNeitherConfirmedNorRefuted(t *testing.T) {
	db := newStore(t)
	lynxStore(t, db)
	for want, args := range map[string][]string{
		"nobody says":  {"confirm", "ipv4:203.0.113.9 indicates actor:cold-lynx"},
		"nobody says ": {"refute", "ipv4:45.134.21.8 indicates actor:nobody"},
		"portent row ": {"undo", lynxRow},
	} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), append([]string{"--db", db, "row"}, args...), strings.NewReader(""), &out, &errs); code != exitFailed || !strings.Contains(errs.String(), want) {
			t.Errorf("row %v: exit %d: %s", args, code, &errs)
		}
	}
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"--db", db, "row", "confirm", "actor:a alias-of actor:b"}, strings.NewReader(""), &out, &errs); code != exitUsage || !strings.Contains(errs.String(), "portent alias") {
		t.Errorf("a word on names: exit %d: %s", code, &errs)
	}
	if all := printed(t, exitDone, "--db", db, "-q", "row", "list", "--all"); all != "" {
		t.Errorf("what was refused is kept: %s", all)
	}
}

func TestAWordIsAmongTheProofsAndRatesNothing(t *testing.T) {
	db := newStore(t)
	lynxStore(t, db)
	list := file(t, "list.csv", []byte("45.134.21.8\n"))
	rated := printed(t, exitDone, "--db", db, "--now", "2026-05-04", "--json", "rate", list)
	printed(t, exitDone, "--db", db, "--now", "2026-05-03", "row", "confirm", lynxRow, "--by", "ana", "--reason", "seen in our logs")
	if again := printed(t, exitDone, "--db", db, "--now", "2026-05-04", "--json", "rate", list); again != rated {
		t.Errorf("rated %s with a word on it, %s without", again, rated)
	}
	var p struct {
		Marking string
		IOC     []struct {
			Value    string
			Evidence []intel.Proof
		}
	}
	if err := json.Unmarshal([]byte(printed(t, exitDone, "--db", db, "--now", "2026-05-04", "profile", "cold lynx", "--format", "json")), &p); err != nil {
		t.Fatal(err)
	}
	for _, r := range p.IOC {
		if signed := len(r.Evidence) > 0 && r.Evidence[0].Source == "analyst:ana" && r.Evidence[0].Snippet == "seen in our logs"; signed != (r.Value == "45.134.21.8") {
			t.Errorf("the evidence of %s: %+v", r.Value, r.Evidence)
		}
	}
	if p.Marking != intel.AmberStrict.String() {
		t.Errorf("a profile that names an analyst is marked %s", p.Marking)
	}
	tree := t.TempDir()
	printed(t, exitDone, "--db", db, "--now", "2026-05-04", "publish", tree)
	err := filepath.WalkDir(tree, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte("analyst:")) {
			t.Errorf("%s names an analyst", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	a := newApp(&cli{DB: db, Now: time.Date(2026, 5, 4, 0, 0, 0, 0, time.UTC), Quiet: true}, nil, nil, nil)
	defer a.close()
	ed, err := a.editor(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	l, err := intel.ParseLink(lynxRow)
	if err != nil {
		t.Fatal(err)
	}
	id, err := a.db.Linked(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	pages := web.Views(&views{ed: ed, db: a.db, now: a.now})
	for r, want := range map[intel.Reader]bool{intel.Everything(): true, intel.Public(): false} {
		row, err := a.db.Between(t.Context(), r, id)
		if err != nil || row.Probability < .9 {
			t.Fatalf("%+v: believed %.3f, err %v; want what the word makes of it", r, row.Probability, err)
		}
		proofs, err := pages.Proofs(t.Context(), r, strconv.FormatInt(id, 10))
		if err != nil || len(proofs) == 0 || (proofs[0].Source == "analyst:ana") != want {
			t.Errorf("%+v: proofs %+v, err %v", r, proofs, err)
		}
		marked := intel.Clear
		if want {
			marked = intel.AmberStrict
		}
		if i, err := pages.Indicator(t.Context(), r, l.From, 5); err != nil || i.Marking != marked || slices.Contains(i.Claims[0].SaidBy, "analyst:ana") {
			t.Errorf("%+v: the page of the value is marked %s, said by %v, err %v; want %s and no analyst", r, i.Marking, i.Claims[0].SaidBy, err, marked)
		}
	}
}

func TestWhatIsRuledOfRowsMovesTheirSources(t *testing.T) {
	onEachStore(t, func(t *testing.T, db string) {
		lynxStore(t, db)
		const other = "domain:c2.lynx-c2.net indicates actor:cold-lynx"
		before := explained(t, db, "2026-05-03", other)
		for _, row := range []string{lynxRow, "ipv4:45.134.21.9 indicates actor:cold-lynx", "domain:lynx-c2.net indicates actor:cold-lynx"} {
			printed(t, exitDone, "--db", db, "--now", "2026-05-03", "row", "refute", row, "--by", "ana")
		}
		if e := explained(t, db, "2026-05-03", other); e.Probability != before.Probability {
			t.Errorf("another row of the source is believed %.6f at once, before %.6f", e.Probability, before.Probability)
		}
		printed(t, exitDone, "--db", db, "--now", "2026-10-30", "reprocess", "--scores")
		e := explained(t, db, "2026-10-30", other)
		for _, s := range e.Sources {
			if math.Abs(s.Own.Wrong-1.5) > 1e-9 || s.Own.Right != 0 || s.Shipped != (score.Record{}) {
				t.Errorf("%s: %+v; want three refuted of half a life ago", s.Source, s)
			}
			if want := 8 * .9 / 9.5; math.Abs(s.Reliability-want) > 1e-9 {
				t.Errorf("%s is worth %.4f, want %.4f", s.Source, s.Reliability, want)
			}
		}
		if len(e.Sources) != 2 {
			t.Errorf("%d sources are told of, want 2", len(e.Sources))
		}
		if text := printed(t, exitDone, "--db", db, "--now", "2026-10-30", "explain", other); !strings.Contains(text, "a: 0 right 0 wrong of shipped, 0 right 1.5 wrong here") {
			t.Errorf("explain names no numbers:\n%s", text)
		}
		printed(t, exitDone, "--db", db, "--now", "2026-11-01", "row", "undo", lynxRow)
		if e := explained(t, db, "2026-11-01", other); len(e.Sources) == 0 || e.Sources[0].Own.Wrong > 1 {
			t.Errorf("one of three taken back, before anything else is weighed: %+v", e.Sources)
		}
		printed(t, exitDone, "--db", db, "--now", "2026-11-02", "reprocess", "--scores")
		if e := explained(t, db, "2026-11-02", other); len(e.Sources) == 0 || e.Sources[0].Own.Wrong > 1 {
			t.Errorf("one of three taken back: %+v", e.Sources)
		}
	})
}

// TestARulingThatIsTakenBackLeavesNoRecord has one that was learned from, in a moment of
// its own and in the very second of it.
func TestARulingThatIsTakenBackLeavesNoRecord(t *testing.T) {
	onEachStore(t, func(t *testing.T, db string) {
		lynxStore(t, db)
		const other = "domain:c2.lynx-c2.net indicates actor:cold-lynx"
		for _, c := range []struct{ ruling, ruled, undone string }{
			{"confirm", "2026-05-03", "2026-05-03T00:00:00Z"},
			{"refute", "2026-05-04", "2026-05-04T10:00:00Z"},
		} {
			was := []ruledRows{explained(t, db, c.ruled, other), explained(t, db, c.ruled, lynxRow)}
			printed(t, exitDone, "--db", db, "--now", c.ruled, "row", c.ruling, lynxRow, "--by", "ana")
			printed(t, exitDone, "--db", db, "--now", c.ruled, "reprocess", "--scores")
			if e := explained(t, db, c.ruled, other); slices.Equal(e.Sources, was[0].Sources) || e.Probability == was[0].Probability {
				t.Errorf("%s: nothing was learned: %+v", c.ruling, e.Sources)
			}
			printed(t, exitDone, "--db", db, "--now", c.undone, "row", "undo", lynxRow, "--by", "ana")
			for i, row := range []string{other, lynxRow} {
				if e := explained(t, db, c.undone, row); !slices.Equal(e.Sources, was[i].Sources) || math.Abs(e.Probability-was[i].Probability) > .01 {
					t.Errorf("%s and undone, %s: %.4f by %+v, before %.4f by %+v", c.ruling, row, e.Probability, e.Sources, was[i].Probability, was[i].Sources)
				}
			}
			if text := printed(t, exitDone, "--db", db, "--now", c.undone, "scoreboard"); strings.Contains(text, "1 wrong here") {
				t.Error(text)
			}
		}
	})
}

func TestWhatAnalystsSayMovesWhetherAValueIsSeenAgain(t *testing.T) {
	db := newStore(t)
	lynxStore(t, db)
	again := func() *float64 {
		t.Helper()
		var f struct {
			Again *float64 `json:"seen_again"`
		}
		if err := json.Unmarshal([]byte(printed(t, exitDone, "--db", db, "--now", "2026-06-20", "--json", "lookup", "45.134.21.8")), &f); err != nil {
			t.Fatal(err)
		}
		return f.Again
	}
	before := again()
	printed(t, exitDone, "--db", db, "--now", "2026-06-19", "row", "confirm", lynxRow)
	confirmed := again()
	printed(t, exitDone, "--db", db, "--now", "2026-06-19", "row", "refute", lynxRow)
	refuted := again()
	if before == nil || confirmed == nil || *confirmed <= *before || refuted != nil {
		t.Errorf("seen again: %v, confirmed %v, refuted %v; want more, and nothing", before, confirmed, refuted)
	}
}
