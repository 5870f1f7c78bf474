package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/figures"
	"github.com/portent-cti/portent/internal/intel"
)

// histories imports what is odd about dates and stances, on several days.
func histories(t *testing.T, db string) {
	t.Helper()
	claim := func(source, learned, published, object string, stance int) string {
		return fmt.Sprintf(`{"source":%q,"text":"We saw it: %s of %s.","learned":%q,"published":%q,"claims":[{"subject":"ipv4:45.134.21.8","relation":"indicates","object":%q,"stance":%d}]}`,
			source, source, learned, learned, published, object, stance)
	}
	for i, at := range []string{"2026-01-05", "2026-01-06", "2026-02-01", "2026-03-01", "2026-03-20", "2026-05-01", "2026-08-01"} {
		day := at + "T00:00:00Z"
		lines := []string{claim("a"+fmt.Sprint(i%3), day, day, "actor:cold-lynx", 0)}
		switch i {
		case 2:
			lines = append(lines, claim("denier", day, day, "actor:cold-lynx", 1), claim("denier", day, "2026-01-30T00:00:00Z", "actor:grey-heron", 0))
		case 3:
			lines = append(lines, claim("liar", day, "2026-07-01T00:00:00Z", "actor:cold-lynx", 0), claim("liar", day, "2099-01-01T00:00:00Z", "actor:grey-heron", 0))
		case 4:
			lines = append(lines, claim("old", day, "1970-01-02T00:00:00Z", "actor:cold-lynx", 0))
		}
		path := file(t, fmt.Sprintf("%d.jsonl", i), []byte(strings.Join(lines, "\n")+"\n"))
		printed(t, exitDone, "--db", db, "--now", at, "import", "--as", "documents", path)
	}
}

// then is what is told of a row as of a day: by its history and by explain.
func then(t *testing.T, db, row, day string) (last intel.Turn, explained float64) {
	t.Helper()
	var h intel.History
	var e struct{ Probability float64 }
	for v, args := range map[any][]string{&h: {"explain", "--history", row}, &e: {"explain", row}} {
		if err := json.Unmarshal([]byte(printed(t, exitDone, append([]string{"--db", db, "--as-of", day, "--json"}, args...)...)), v); err != nil {
			t.Fatal(err)
		}
	}
	if len(h.Turns) == 0 || h.Turns[len(h.Turns)-1].Sort != intel.TurnAsOf {
		t.Fatalf("%s as of %s: %+v", row, day, h.Turns)
	}
	return h.Turns[len(h.Turns)-1], e.Probability
}

func TestAHistoryAgreesWithWhatWasBelievedThen(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, db string) {
		histories(t, db)
		printed(t, exitDone, "--db", db, "--now", "2026-06-01", "suppress", "45.134.21.8", "--until", "2026-06-20", "--reason", "a test")
		printed(t, exitDone, "--db", db, "--now", "2026-06-25", "row", "refute", "--reason", "a test", "ipv4:45.134.21.8 indicates actor:cold-lynx")
		compared := 0
		for _, actor := range []string{"cold-lynx", "grey-heron"} {
			row := "ipv4:45.134.21.8 indicates actor:" + actor
			for _, day := range []string{"2026-01-05", "2026-01-06", "2026-01-20", "2026-02-01", "2026-03-02", "2026-03-20", "2026-05-05", "2026-06-05", "2026-06-20", "2026-06-30", "2026-07-02", "2026-09-01", "2027-03-01"} {
				last, explained := then(t, db, row, day)
				if math.Abs(last.Probability-explained) > 1e-9 {
					t.Errorf("%s as of %s: %v by its history, %v explained", row, day, last.Probability, explained)
				}
				for _, r := range pastRows(t, db, "actor:"+actor, day) {
					if r.Entity.Name != "45.134.21.8" {
						continue
					}
					compared++
					if math.Abs(r.Probability-last.Believed) > 1e-9 || r.Level != last.Level || r.Origins != last.Origins {
						t.Errorf("%s as of %s: the profile has %v %s of %d, the history %+v", row, day, r.Probability, r.Level, r.Origins, last)
					}
				}
			}
		}
		if compared < 20 {
			t.Errorf("%d days compared: the test lost what it tests", compared)
		}
	})
}

// pastRows is the indicators of a profile as of a day.
func pastRows(t *testing.T, db, name, day string) []intel.Row {
	t.Helper()
	var out bytes.Buffer
	code := run(t.Context(), []string{"--db", db, "--as-of", day, "--json", "profile", name}, strings.NewReader(""), &out, io.Discard)
	if code == exitFailed {
		return nil // nobody had spoken of it
	}
	var p intel.Profile
	if err := json.Unmarshal(out.Bytes(), &p); err != nil {
		t.Fatal(err)
	}
	return p.IOC
}

func TestAHistoryEndsWithWhatExplainSays(t *testing.T) {
	t.Parallel()
	db := newStore(t)
	histories(t, db)
	path := file(t, "again.jsonl", []byte(`{"source":"a0","text":"One more.","published":"2026-08-03T00:00:00Z","claims":[{"subject":"ipv4:45.134.21.8","relation":"indicates","object":"actor:cold-lynx"}]}`+"\n"))
	printed(t, exitDone, "--db", db, "--now", "2026-08-03", "import", "--as", "documents", path)
	printed(t, exitDone, "--db", db, "--now", "2026-08-04", "suppress", "45.134.21.8", "--reason", "ours")
	printed(t, exitDone, "--db", db, "--now", "2026-08-05", "suppress", "undo", "45.134.21.8")
	printed(t, exitDone, "--db", db, "--now", "2026-08-06", "reprocess", "--all")
	const row = "ipv4:45.134.21.8 indicates actor:cold-lynx"
	var h intel.History
	var e struct {
		Row    string
		Now    float64 `json:"probability_now"`
		Stored float64 `json:"probability"`
	}
	for v, args := range map[any][]string{&h: {"explain", "--history", row}, &e: {"explain", row}} {
		if err := json.Unmarshal([]byte(printed(t, exitDone, append([]string{"--db", db, "--now", "2026-08-07", "--json"}, args...)...)), v); err != nil {
			t.Fatal(err)
		}
	}
	last := h.Turns[len(h.Turns)-1]
	if math.Abs(last.Probability-e.Now) > 1e-9 || h.Row != e.Row {
		t.Errorf("row %s: %v now, explained as row %s: %v", h.Row, last.Probability, e.Row, e.Now)
	}
	text := printed(t, exitDone, "--db", db, "--now", "2026-08-07", "explain", "--history", row)
	for _, want := range []string{"2026-01-05  learned", "a0 says so", "a1 says so within two days of documents/a0, and both count as one", "denier disputes it", "documents/liar says so", "set aside: analyst:", "no longer set aside", "2026-08-07  as of"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	before := 0.
	for i, o := range h.Turns {
		if i > 0 && o.At.Before(h.Turns[i-1].At) || o.Probability < 0 || o.Probability > 1 {
			t.Errorf("turn %d: %+v", i, o)
		}
		before = max(before, o.Believed)
	}
	if before < .6 {
		t.Errorf("it was believed %v at most", before)
	}
}

func TestAHistoryTellsOfNewRulesListsAndSightings(t *testing.T) {
	t.Parallel()
	db := newStore(t)
	sync := func(day string, values ...string) {
		printed(t, exitDone, "--db", db, "--now", day, "sync", "--from", lists(t, map[string][]string{"net-acme": values}), "warninglists")
	}
	sync("2026-01-01", "45.9.148.0/24")
	histories(t, db)
	sync("2026-04-01", "45.9.148.0/24", "45.134.21.0/24")
	sync("2026-04-11", "45.9.148.0/24")
	log := file(t, "access.log", []byte("2026-04-20T10:00:00Z connect 45.134.21.8:443\n"))
	printed(t, exitDone, "--db", db, "--now", "2026-04-21", "hunt", "--record", "--site", "here", log)
	a := newApp(&cli{DB: db}, strings.NewReader(""), nil, nil)
	defer a.close()
	s, err := a.store(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.NoteWeighing(t.Context(), intel.Weighing{At: time.Date(2026, 4, 25, 0, 0, 0, 0, time.UTC), Rules: 99, Scale: "x"}, false); err != nil {
		t.Fatal(err)
	}
	text := printed(t, exitDone, "--db", db, "--now", "2026-09-01", "explain", "--history", "ipv4:45.134.21.8 indicates actor:cold-lynx")
	for _, want := range []string{"2026-04-01  set aside", "set aside: warninglist: net-acme", "2026-04-11  set aside", "no longer set aside: warninglist: net-acme", "2026-04-21  sighted", "hunt:here", "2026-04-25  rules", "to version 99"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	for _, day := range []string{"2026-03-31", "2026-04-05", "2026-04-15"} {
		last, _ := then(t, db, "ipv4:45.134.21.8 indicates actor:cold-lynx", day)
		for _, r := range pastRows(t, db, "actor:cold-lynx", day) {
			if r.Entity.Name == "45.134.21.8" && math.Abs(r.Probability-last.Believed) > 1e-9 {
				t.Errorf("as of %s: the profile has %v (%s), the history %v", day, r.Probability, r.Suppressed, last.Believed)
			}
		}
	}
}

// TestHistoriesOfRealRowsAgreeWithThePast compares every fourth row of a profile, on
// days of its years.
func TestHistoriesOfRealRowsAgreeWithThePast(t *testing.T) {
	t.Parallel()
	figures.Only(t)
	db := seedStore(t)
	compared := 0
	for _, day := range []string{"2021-04-01", "2021-06-15", "2021-09-03", "2023-01-01"} {
		for i, r := range pastRows(t, db, "astro locker", day) {
			if i%4 != 0 {
				continue
			}
			compared++
			if last, explained := then(t, db, r.ID, day); math.Abs(last.Believed-r.Probability) > 1e-9 || math.Abs(explained-last.Probability) > 1e-9 {
				t.Errorf("%s as of %s: the profile has %v, the history %v, explain %v", r.Value, day, r.Probability, last.Believed, explained)
			}
		}
	}
	if compared < 10 {
		t.Errorf("%d rows compared", compared)
	}
}

// TestARulingIsInTheHistoryWhenTheClockStandsStill rules at the moment of the import.
func TestARulingIsInTheHistoryWhenTheClockStandsStill(t *testing.T) {
	db := newStore(t)
	const row, now = "ipv4:45.134.21.8 indicates actor:cold-lynx", "2026-01-06T10:00:00Z"
	path := file(t, "one.jsonl", []byte(`{"source":"a","text":"One.","published":"2026-01-05T00:00:00Z","claims":[{"subject":"ipv4:45.134.21.8","relation":"indicates","object":"actor:cold-lynx"}]}`+"\n"))
	printed(t, exitDone, "--db", db, "--now", now, "import", "--as", "documents", path)
	for _, words := range [][]string{{"confirm", "ann"}, {"refute", "bob"}} {
		printed(t, exitDone, "--db", db, "--now", now, "row", words[0], "--by", words[1], row)
	}
	var h intel.History
	if err := json.Unmarshal([]byte(printed(t, exitDone, "--db", db, "--now", now, "--json", "explain", "--history", row)), &h); err != nil {
		t.Fatal(err)
	}
	if len(h.Turns) != 5 || h.Turns[3].Sort != intel.TurnRules || h.Turns[1].Why != "analyst:ann: confirm row" || h.Turns[2].Why != "analyst:bob: refute row" {
		t.Fatalf("%+v", h.Turns)
	}
	for i, o := range h.Turns[1:3] {
		if o.Before != h.Turns[i].Probability || o.LevelBefore != h.Turns[i].Level || math.Abs(o.Probability-o.Before) < .2 {
			t.Errorf("%s: %.2f → %.2f", o.Why, o.Before, o.Probability)
		}
	}
}

// TestDoubtsAndRelaysAreInTheHistoryWhenTheyCame has an account that is found to have
// it from another, one source that names many, and an account that says the row in a
// burst, until another says it too.
func TestDoubtsAndRelaysAreInTheHistoryWhenTheyCame(t *testing.T) {
	onEachStore(t, func(t *testing.T, db string) {
		post := func(day, author, text, value string, actors ...string) string {
			claims := make([]string, len(actors))
			for i, a := range actors {
				claims[i] = fmt.Sprintf(`{"subject":"ipv4:%s","relation":"indicates","object":"actor:%s"}`, value, a)
			}
			return fmt.Sprintf(`{"genre":"social","author":%q,"text":%q,"published":"%sT00:00:00Z","url":"https://x.com/%s/status/%s","claims":[%s]}`, author, text, day, strings.TrimPrefix(author, "x/"), strings.ReplaceAll(day, "-", "")+value, strings.Join(claims, ","))
		}
		files := 0
		add := func(day, source string, lines ...string) {
			files++
			path := file(t, fmt.Sprintf("%d.jsonl", files), []byte(strings.Join(lines, "\n")+"\n"))
			printed(t, exitDone, "--db", db, "--now", day+"T12:00:00Z", "import", "--as", "documents", "--source", source, "--reliability", "B", path)
		}
		const relayed, shared, burst = "45.134.21.8", "45.134.21.9", "45.134.21.10"
		add("2026-01-05", "feed", post("2026-01-05", "x/aa1", "Seen.", relayed, "cold-lynx"))
		add("2026-01-20", "feed", post("2026-01-20", "x/aa2", "Seen here as well.", relayed, "cold-lynx"))
		add("2026-01-21", "feed", post("2026-01-21", "analyst:eve", "I too.", relayed, "cold-lynx"))
		add("2026-02-10", "feed", post("2026-02-10", "x/aa2", "Still up, via @aa1", relayed, "cold-lynx"))

		var many []string
		for i := range 40 {
			many = append(many, fmt.Sprint("ghost-", i))
		}
		add("2026-01-06", "one", post("2026-01-06", "x/bb1", "One.", shared, "cold-lynx"))
		add("2026-02-11", "one", post("2026-02-11", "x/bb2", "All of them.", shared, many...))

		var loud []string
		for i := range 120 {
			loud = append(loud, post("2026-01-20", "x/loud", fmt.Sprint("No. ", i), fmt.Sprintf("45.135.1.%d", i), "cold-lynx"))
		}
		for i := range 8 {
			add("2026-01-1"+fmt.Sprint(i), "day", post("2026-01-1"+fmt.Sprint(i), "x/loud", "Day.", fmt.Sprintf("45.136.1.%d", i), "cold-lynx"))
		}
		add("2026-01-20", "day", append(loud, post("2026-01-20", "x/loud", "This.", burst, "cold-lynx"))...)
		add("2026-02-12", "calm", post("2026-02-12", "x/calm", "That.", burst, "cold-lynx"))
		for value, lines := range map[string][]string{
			relayed: {"2026-02-10  relayed", "x/aa2 was found to have it from x/aa1"},
			shared:  {"2026-02-11  doubted", "believed less: shared by 41"},
			burst:   {"2026-01-20  doubted", "believed less: said by one account in a burst", "2026-02-12  doubted", "no longer believed less: said by one account in a burst"},
		} {
			row := "ipv4:" + value + " indicates actor:cold-lynx"
			text := printed(t, exitDone, "--db", db, "--now", "2026-03-01", "explain", "--history", row)
			for _, want := range lines {
				if !strings.Contains(text, want) {
					t.Errorf("no %q in\n%s", want, text)
				}
			}
			if strings.Contains(text, `eve" was found`) {
				t.Errorf("who is called an analyst is found to have it from himself:\n%s", text)
			}
			for _, day := range []string{"2026-01-25", "2026-02-09", "2026-02-13", "2026-02-25"} {
				last, _ := then(t, db, row, day)
				for _, r := range pastRows(t, db, "actor:cold-lynx", day) {
					if r.Entity.Name == value && (math.Abs(r.Probability-last.Believed) > 1e-9 || r.Level != last.Level) {
						t.Errorf("%s as of %s: the profile has %v %s (%v), the history %v %s", value, day, r.Probability, r.Level, r.Doubts, last.Believed, last.Level)
					}
				}
			}
		}
	})
}

// TestTheHistoryOfARowNamesWhoPassedItOn has a report of 2022 that the site has twice, a
// room and another site pass on later, and the site itself renews.
func TestTheHistoryOfARowNamesWhoPassedItOn(t *testing.T) {
	onEachStore(t, func(t *testing.T, db string) {
		const claims = `"claims":[{"subject":"ipv4:45.134.21.8","relation":"indicates","object":"actor:cold-lynx"}]}`
		for i, doc := range []string{
			`{"genre":"report","url":"https://oldsite.example/a","text":"First of two reports.","published":"2022-01-05T00:00:00Z",`,
			`{"genre":"report","url":"https://oldsite.example/b","text":"Its summary.","published":"2022-01-05T00:00:00Z",`,
			`{"genre":"report","url":"https://newsite.example/c","text":"What was found.\nSource: https://oldsite.example/a","published":"2025-02-01T00:00:00Z",`,
			`{"genre":"social","author":"x/analyst:eve","url":"https://x.com/eve/status/1","text":"Look, via https://oldsite.example/a","published":"2026-02-01T00:00:00Z",`,
			`{"genre":"report","url":"https://oldsite.example/d","text":"Still there.","published":"2026-08-01T00:00:00Z",`,
		} {
			printed(t, exitDone, "--db", db, "--now", fmt.Sprintf("2026-09-0%d", i+1), "import", "--as", "documents", "--source", "room", "--reliability", "B", file(t, fmt.Sprint(i, ".jsonl"), []byte(doc+claims+"\n")))
		}
		text := printed(t, exitDone, "--db", db, "--now", "2026-09-10", "explain", "--history", "ipv4:45.134.21.8 indicates actor:cold-lynx")
		var told []string
		for _, l := range strings.Split(text, "\n") {
			if _, why, ok := strings.Cut(l, "  learned "); ok {
				told = append(told, why[strings.LastIndex(why, "  ")+2:])
			}
		}
		if got, want := strings.Join(told, "; "), "oldsite.example says so; newsite.example passes on what oldsite.example says; x/analyst:eve passes on what oldsite.example says; oldsite.example says so again"; got != want {
			t.Errorf("told %q, want %q, in\n%s", got, want, text)
		}
	})
}

func TestADateThatCannotBeIsToldAndNotBelieved(t *testing.T) {
	t.Parallel()
	db := newStore(t)
	list := "indicator,malware,date\n45.134.21.61,ColdRat,2031-01-01\n45.134.21.62,ColdRat,1970-01-01\n45.134.21.63,ColdRat,1969-12-31\n45.134.21.65,ColdRat,2026-05-01\n"
	printed(t, exitDone, "--db", db, "--now", "2026-06-01", "import", "--source", "feedx", file(t, "dates.csv", []byte(list)))
	printed(t, exitDone, "--db", db, "--now", "2026-06-01", "import", "--source", "feedx", file(t, "none.csv", []byte("indicator,malware,date\n45.134.21.64,ColdRat,\n")))
	for i, day := range []string{"2031-01-01", "1970-01-01", "1969-12-31", "", ""} {
		row := fmt.Sprintf("45.134.21.6%d indicates malware:coldrat", i+1)
		for _, args := range [][]string{{"explain", "--history", row}, {"explain", row}} {
			text := printed(t, exitDone, append([]string{"--db", db, "--now", "2026-06-02"}, args...)...)
			if told := strings.Contains(text, day+", a date that is not believed"); told != (day != "") || day == "" && strings.Contains(text, "not believed") {
				t.Errorf("%v tells of %q: %v\n%s", args, day, told, text)
			}
			if day != "" && strings.Contains(text, "first seen "+day) {
				t.Errorf("%v believes %s", args, day)
			}
		}
		var e struct{ Steps []struct{ Stated, At string } }
		if err := json.Unmarshal([]byte(printed(t, exitDone, "--db", db, "--now", "2026-06-02", "--json", "explain", row)), &e); err != nil {
			t.Fatal(err)
		}
		if len(e.Steps) != 1 || e.Steps[0].Stated != day {
			t.Errorf("%s in JSON: %+v, want %q stated", row, e.Steps, day)
		}
	}
}

// TestTheHistoryOfANameTellsWhatAnAnalystsConfirmDid has a name that one source gives
// another and one that nobody does.
func TestTheHistoryOfANameTellsWhatAnAnalystsConfirmDid(t *testing.T) {
	t.Parallel()
	db := newStore(t)
	lines := ""
	for day, claim := range map[string]string{"2026-05-01": `"actor:aa-fox","relation":"alias-of","object":"actor:bb-fox"`, "2026-05-05": `"ipv4:45.134.21.8","relation":"indicates","object":"actor:bb-fox"`} {
		lines += `{"genre":"list","text":"","published":"` + day + `T00:00:00Z","claims":[{"subject":` + claim + "}]}\n"
	}
	printed(t, exitDone, "--db", db, "--now", "2026-06-01", "import", "--as", "documents", "--source", "v1", file(t, "d.jsonl", []byte(lines)))
	told := func(row string) (out []string) {
		t.Helper()
		last, h := endsAs(t, db, "", row)
		if e := explainedAs(t, db, row); math.Abs(e.Believed-last.Believed) > 1e-9 || e.Level != last.Level {
			t.Errorf("%s: the history ends with %+v, explained is %+v", row, last, e)
		}
		for _, o := range h.Turns[:len(h.Turns)-1] {
			out = append(out, fmt.Sprintf("%s %s %.2f %.2f", o.At.Format("01-02"), o.Sort, o.BelievedBefore, o.Believed))
		}
		return out
	}
	said, nobody := "actor:aa-fox alias-of actor:bb-fox", "actor:cc-fox alias-of actor:bb-fox"
	first := told(said)
	if len(first) != 1 {
		t.Fatal(first)
	}
	for _, c := range []struct{ day, ruling, by, turn string }{
		{"2026-06-02", "confirm", "ann", "06-02 ruled 0.49 0.74"},
		{"2026-06-03", "dispute", "bob", "06-03 ruled 0.74 0.09"},
		{"2026-06-04", "undo", "bob", "06-04 ruled 0.09 0.49"},
		{"2026-06-05", "confirm", "cid", "06-05 ruled 0.49 0.74"},
	} {
		printed(t, exitDone, "--db", db, "--now", c.day, "alias", c.ruling, "aa-fox", "bb-fox", "--by", c.by)
		first = append(first, c.turn)
		if got := told(said); !slices.Equal(got, first) {
			t.Errorf("after %s: %q, want %q", c.ruling, got, first)
		}
	}
	printed(t, exitDone, "--db", db, "--now", "2026-06-06", "alias", "confirm", "cc-fox", "bb-fox", "--by", "ann")
	if got := told(nobody); !slices.Equal(got, []string{"06-06 ruled 0.01 0.74"}) {
		t.Errorf("of what nobody else says: %q", got)
	}
	for day, want := range map[string]float64{"2026-06-01T12:00:00Z": .49, "2026-06-02T12:00:00Z": .73, "2026-06-03T12:00:00Z": .09, "2026-06-05T12:00:00Z": .73} {
		last, _ := endsAs(t, db, day, said)
		if math.Abs(last.Believed-want) > .01 {
			t.Errorf("as of %s: %+v, want %v", day, last, want)
		}
	}
}

func TestExplainOfAPastDayTellsWhatSpeaksAgainstARow(t *testing.T) {
	t.Parallel()
	db := newStore(t)
	var list strings.Builder
	list.WriteString("indicator,type,actor,first_seen\n45.134.21.8,ip,Cold Lynx,2026-05-01\n")
	for n := range 9 {
		fmt.Fprintf(&list, "45.134.21.8,ip,Grp %d,2026-05-01\n", n)
	}
	printed(t, exitDone, "--db", db, "--now", "2026-06-01", "import", "--source", "one", "--reliability", "B", file(t, "one.csv", []byte(list.String())))
	printed(t, exitDone, "--db", db, "--now", "2026-06-05", "suppress", "45.134.21.8", "--reason", "ours")
	explain := func(day string) (text string, e struct {
		Suppressed string
		Doubts     []string
		Believed   float64
	}) {
		t.Helper()
		args := []string{"--db", db, "--now", "2026-07-01", "--as-of", day, "explain", "ipv4:45.134.21.8 indicates actor:cold-lynx"}
		if err := json.Unmarshal([]byte(printed(t, exitDone, append([]string{"--json"}, args...)...)), &e); err != nil {
			t.Fatal(err)
		}
		return printed(t, exitDone, args...), e
	}
	if text, e := explain("2026-06-03"); !slices.Equal(e.Doubts, []string{"shared by 10"}) || e.Suppressed != "" || !strings.Contains(text, "speaks against it: shared by 10") || strings.Contains(text, "set aside") {
		t.Errorf("%+v\n%s", e, text)
	}
	if text, e := explain("2026-06-10"); len(e.Doubts) != 0 || !strings.Contains(e.Suppressed, "ours") || !strings.Contains(text, "set aside, and so believed no more than") || strings.Contains(text, "shared by") {
		t.Errorf("%+v\n%s", e, text)
	}
}
