package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/extract"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/web"
)

// A leveled row is what each way of looking at one says of its level.
type leveled map[string]intel.Level

// levelsOf asks for the level of an address of frosty-yak in every way there is.
func levelsOf(t *testing.T, db, now, value string) leveled {
	t.Helper()
	row, out := "ipv4:"+value+" indicates actor:frosty-yak", leveled{}
	ask := func(v any, args ...string) {
		t.Helper()
		if err := json.Unmarshal([]byte(printed(t, exitDone, append([]string{"--db", db, "--now", now, "--json"}, args...)...)), v); err != nil {
			t.Fatal(err)
		}
	}
	var found struct{ Level intel.Level }
	ask(&found, "lookup", value)
	out["lookup"] = found.Level
	for day, flags := range map[string][]string{"": nil, " as of": {"--as-of", now}} {
		var e struct {
			Confidence intel.Level
			Dated      bool
			Lasting    int
		}
		ask(&e, append(flags, "explain", row)...)
		out["explain"+day] = e.Confidence
		if (e.Dated && e.Lasting > 1) != (e.Confidence == intel.High) {
			t.Errorf("%s: explain%s says %s, dated %v, by %d voices", now, day, e.Confidence, e.Dated, e.Lasting)
		}
		var h intel.History
		ask(&h, append(flags, "explain", "--history", row)...)
		out["history"+day] = h.Turns[len(h.Turns)-1].Level
		var p intel.Profile
		ask(&p, append(flags, "profile", "Frosty Yak")...)
		for _, r := range p.IOC {
			if r.Entity.Name == value {
				out["profile"+day] = r.Level
			}
		}
	}
	out["page"] = levelOnPage(t, db, now, value)
	return out
}

// levelOnPage is the level that the page of an address gives its row.
func levelOnPage(t *testing.T, db, now, value string) intel.Level {
	t.Helper()
	var out bytes.Buffer
	at, err := time.Parse(time.RFC3339, now)
	if err != nil {
		t.Fatal(err)
	}
	a := newApp(&cli{DB: db, Quiet: true, Now: at}, nil, &out, &out)
	defer a.close()
	ed, err := a.editor(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	pages := web.Handler(web.Site{Views: &views{ed: ed, db: a.db, scanner: func() *extract.Scanner { return extract.New(ed.Reference()) }, now: a.now}, Reader: intel.Everything(), Log: a.log, Now: a.now})
	w := httptest.NewRecorder()
	pages.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://localhost"+web.Path(intel.NewEntity(intel.IPv4, value)), nil))
	for _, l := range []intel.Level{intel.High, intel.Medium, intel.Low} {
		if strings.Contains(w.Body.String(), string(l)) {
			return l
		}
	}
	t.Fatalf("no level on the page: %s", w.Body.String())
	return ""
}

func (l leveled) want(t *testing.T, when string, level intel.Level) {
	t.Helper()
	if len(l) != 8 {
		t.Errorf("%s: asked in %d ways: %v", when, len(l), l)
	}
	for how, got := range l {
		if got != level {
			t.Errorf("%s: %s by %s, want %s", when, got, how, level)
		}
	}
}

// TestAnUndatedRowIsNotHighByADateThatIsWorthNothing has one list that saw an address in
// 2012, and one that has it without a date.
func TestAnUndatedRowIsNotHighByADateThatIsWorthNothing(t *testing.T) {
	t.Parallel()
	const day, row = "2026-11-28T12:00:00Z", "ipv4:45.77.88.99 indicates actor:frosty-yak"
	db := newStore(t)
	for source, seen := range map[string]string{"old": "2012-05-01", "undated": ""} {
		imported(t, db, day, source, source+".csv", "indicator,type,actor,first_seen\n45.77.88.99,ipv4,Frosty Yak,"+seen+"\n", "--reliability", "A")
	}
	levelsOf(t, db, day, "45.77.88.99").want(t, "imported", intel.Medium)
	text := printed(t, exitDone, "--db", db, "--now", day, "explain", row)
	if !strings.Contains(text, ": Medium (0.8") || !strings.Contains(text, "voices: 2,") || !strings.Contains(text, "its last date, 2012-05-01, is worth nothing any more; without one that is, it is Medium at most") {
		t.Error(text)
	}
	if text := printed(t, exitDone, "--db", db, "--now", day, "rate", file(t, "list", []byte("45.77.88.99\n"))); !strings.Contains(text, "stale") {
		t.Error(text)
	}
	printed(t, exitDone, "--db", db, "--now", day, "reprocess", "--scores")
	noneKeptHigh(t, db)
	imported(t, db, day, "fresh", "fresh.csv", "indicator,type,actor,first_seen\n45.77.88.99,ipv4,Frosty Yak,2026-11-20\n", "--reliability", "A")
	levelsOf(t, db, day, "45.77.88.99").want(t, "with a date that is worth something", intel.High)
}

// noneKeptHigh looks into a store.
func noneKeptHigh(t *testing.T, db string) {
	t.Helper()
	raw, err := sql.Open("sqlite", strings.TrimPrefix(db, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	high := 0
	if err := raw.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM assessments WHERE level > 1").Scan(&high); err != nil || high != 0 {
		t.Errorf("%d rows are kept as High, err %v", high, err)
	}
}

// TestARowIsNotHighByAVoiceOfWhichNothingIsLeft has one list that saw an address in 2012,
// and one that saw it last week.
func TestARowIsNotHighByAVoiceOfWhichNothingIsLeft(t *testing.T) {
	t.Parallel()
	const day, value, row = "2026-11-28T12:00:00Z", "45.77.88.99", "ipv4:45.77.88.99 indicates actor:frosty-yak"
	db := newStore(t)
	list := func(source, seen string) {
		imported(t, db, day, source, source+".csv", "indicator,type,actor,first_seen\n"+value+",ipv4,Frosty Yak,"+seen+"\n", "--reliability", "A")
	}
	rate := func(want string) {
		t.Helper()
		if text := printed(t, exitDone, "--db", db, "--now", day, "rate", file(t, "list", []byte(value+"\n"))); !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
	list("old", "2012-05-01")
	list("fresh", "2026-11-20")
	levelsOf(t, db, day, value).want(t, "imported", intel.Medium)
	text := printed(t, exitDone, "--db", db, "--now", day, "explain", row)
	for _, want := range []string{": Medium (0.8", "; 1; nothing of it is left, and High does not count it", "voices: 2,", "; 1 of its 2 voices is worth nothing any more, and High counts no such"} {
		if strings.Count(text, want) != 1 {
			t.Errorf("no %q in %s", want, text)
		}
	}
	rate("B       1  45.77.88.99: single-origin (1 of its 2 voices is worth nothing any more)")
	printed(t, exitDone, "--db", db, "--now", day, "reprocess", "--scores")
	noneKeptHigh(t, db)
	levelsOf(t, db, day, value).want(t, "weighed anew", intel.Medium)
	list("third", "2026-11-10")
	levelsOf(t, db, day, value).want(t, "with a second fresh voice", intel.High)
	rate("corroborated by 2 origins")
}

// TestARowIsHighUntilWhatItRestsOnIsWorthNothing has two voices of one address, of which one
// saw it long ago and the other gives no date, or a late one, under one name and under two.
// Of 2024-01-01 a sixteenth is left 720 days later.
func TestARowIsHighUntilWhatItRestsOnIsWorthNothing(t *testing.T) {
	t.Parallel()
	for seen, why := range map[string]string{"": "its last date, 2024-01-01, is worth nothing any more", "2025-12-05": "1 of its 2 voices is worth nothing any more"} {
		db := newStore(t)
		for source, list := range map[string]string{
			"old":  "45.77.88.99,ipv4,Frosty Yak,2024-01-01\n45.77.88.98,ipv4,Frosty Yak,2024-01-01\n",
			"late": "45.77.88.99,ipv4,Frosty Yak," + seen + "\n45.77.88.98,ipv4,Pale Yak," + seen + "\n",
		} {
			imported(t, db, "2025-12-10", source, source+".csv", "indicator,type,actor,first_seen\n"+list, "--reliability", "A")
		}
		printed(t, exitDone, "--db", db, "--now", "2025-12-10", "alias", "confirm", "Pale Yak", "Frosty Yak", "--by", "ana")
		for _, c := range []struct {
			now  string
			want intel.Level
		}{{"2025-12-21T23:00:00Z", intel.High}, {"2025-12-22T01:00:00Z", intel.Medium}} {
			for _, value := range []string{"45.77.88.99", "45.77.88.98"} {
				levelsOf(t, db, c.now, value).want(t, fmt.Sprint(seen, " ", value, " ", c.now), c.want)
			}
		}
		for _, value := range []string{"45.77.88.99", "45.77.88.98"} {
			text := printed(t, exitDone, "--db", db, "--now", "2025-12-23", "explain", "--history", "ipv4:"+value+" indicates actor:frosty-yak")
			if !strings.Contains(text, "2025-12-22  faded      0.") || !strings.Contains(text, "Medium  nobody said so again: "+why) {
				t.Error(text)
			}
		}
	}
}
