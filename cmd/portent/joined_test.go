package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/figures"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
)

// A printedRow is what a profile and explain print of one row.
type printedRow struct {
	ID          string
	Value       string
	Level       intel.Level `json:"confidence"`
	Probability float64
	Predicted   bool
	Believed    float64
	Origins     int
	First       string       `json:"first_seen"`
	Last        string       `json:"last_seen"`
	SaidBy      []string     `json:"said_by"`
	Joins       []intel.Join `json:"joins"`
	Doubts      []string
	Disputed    bool
	Against     []string
	Evidence    json.RawMessage
}

// tabled returns the rows of one table of a profile, by value.
func tabled(t *testing.T, db, name, table string) map[string]printedRow {
	t.Helper()
	var p map[string]json.RawMessage
	if err := json.Unmarshal([]byte(printed(t, exitDone, "--db", db, "--now", "2026-10-01", "profile", name, "--format", "json")), &p); err != nil {
		t.Fatal(err)
	}
	var rows []printedRow
	if err := json.Unmarshal(p[table], &rows); err != nil {
		t.Fatalf("%s: %v", p[table], err)
	}
	out := map[string]printedRow{}
	for _, r := range rows {
		out[r.Value] = r
	}
	return out
}

// explainedAs is what explain says of a row.
func explainedAs(t *testing.T, db, row string) (e printedRow) {
	t.Helper()
	if err := json.Unmarshal([]byte(printed(t, exitDone, "--db", db, "--now", "2026-10-01", "--json", "explain", row)), &e); err != nil {
		t.Fatal(err)
	}
	return e
}

// heardOf keeps one claim of a source of letter B.
func heardOf(t *testing.T, db, source, day, claim string) {
	t.Helper()
	from, rel, to, ok := intel.CutLink(claim)
	if !ok {
		t.Fatalf("claim %q", claim)
	}
	at := ""
	if day != "" {
		at = `"published":"` + day + `T00:00:00Z",`
	}
	doc := `{"genre":"report","url":"https://` + source + `.example/` + intel.Slug(claim) + `",` + at + `"text":"` + source + ` tells it in words of its own.","claims":[{"subject":"` + from + `","relation":"` + string(rel) + `","object":"` + to + `"}]}`
	printed(t, exitDone, "--db", db, "--now", "2026-10-01", "import", "--source", source, "--reliability", "B", "--as", "documents", file(t, source+".jsonl", []byte(doc+"\n")))
}

func TestVoicesForTwoNamesOfOneActorCountTogether(t *testing.T) {
	db := newStore(t)
	heardOf(t, db, "mone", "2026-09-10", "ipv4:51.15.20.1 indicates actor:cold-lynx")
	heardOf(t, db, "mone", "2026-09-10", "ipv4:51.15.20.2 indicates actor:cold-lynx")
	heardOf(t, db, "mtwo", "2026-09-20", "ipv4:51.15.20.1 indicates actor:grey-lynx")
	heardOf(t, db, "mtwo", "2026-09-20", "ipv4:51.15.20.2 indicates actor:cold-lynx")
	printed(t, exitDone, "--db", db, "--now", "2026-10-01", "alias", "confirm", "Grey Lynx", "Cold Lynx", "--by", "ana")
	rows := tabled(t, db, "Cold Lynx", "ioc")
	two, one := rows["51.15.20.1"], rows["51.15.20.2"]
	if len(rows) != 2 || one.Level != intel.High || two.Level != one.Level || two.Origins != 2 || math.Abs(two.Probability-one.Probability) > 1e-9 || two.First != one.First || two.Last != one.Last {
		t.Errorf("said of two names: %+v\nof one: %+v\nwant the same belief", two, one)
	}
	if len(two.Joins) != 2 || len(one.Joins) != 0 {
		t.Errorf("made of %+v and %+v, want both names of the one", two.Joins, one.Joins)
	}
	for _, id := range []string{two.ID, "ipv4:51.15.20.1 indicates actor:cold-lynx", one.ID} {
		if e := explainedAs(t, db, id); math.Abs(e.Believed-two.Probability) > 1e-9 || e.Level != intel.High || e.Origins != 2 {
			t.Errorf("explain %s: %+v, want what the profile prints", id, e)
		}
	}
	var found struct {
		Level       intel.Level
		Probability float64
	}
	if err := json.Unmarshal([]byte(printed(t, exitDone, "--db", db, "--now", "2026-10-01", "--json", "lookup", "51.15.20.1")), &found); err != nil || found.Level != intel.High || math.Abs(found.Probability-two.Probability) > 1e-9 {
		t.Errorf("lookup says %+v, err %v; the profile %+v", found, err, two)
	}
	if !strings.Contains(string(two.Evidence), "mone") || !strings.Contains(string(two.Evidence), "mtwo") {
		t.Errorf("evidence %s, want that of both", two.Evidence)
	}
}

// huntedFor is how far a hunt believes each indicator of a log, and whom it points to.
func huntedFor(t *testing.T, db, log string) (probability map[string]float64, actors map[string][]string) {
	t.Helper()
	probability, actors = map[string]float64{}, map[string][]string{}
	for l := range strings.Lines(printed(t, exitDone, "--db", db, "--now", "2026-10-01", "-q", "--json", "hunt", "--min-probability", "0", file(t, "some.log", []byte(log)))) {
		var m struct {
			Entity      string
			Probability float64
			Actors      []string
		}
		if err := json.Unmarshal([]byte(l), &m); err != nil {
			t.Fatalf("%s: %v", l, err)
		}
		probability[m.Entity], actors[m.Entity] = m.Probability, m.Actors
	}
	return probability, actors
}

func TestAHuntGoesByTheRowThatSeveralNamesMake(t *testing.T) {
	db := newStore(t)
	for _, said := range []string{"mone 1 cold", "mtwo 1 grey", "mone 2 cold", "mtwo 2 grey", "mtwo 3 grey", "mone 4 cold", "mone 4 tan"} {
		f := strings.Fields(said)
		heardOf(t, db, f[0], map[string]string{"mone": "2026-09-10", "mtwo": "2026-09-20"}[f[0]], "ipv4:51.15.20."+f[1]+" indicates actor:"+f[2]+"-lynx")
	}
	no := `{"text":"No, it was not them.","published":"2026-09-12T00:00:00Z","claims":[{"subject":"ipv4:51.15.20.2","relation":"indicates","object":"actor:grey-lynx","stance":1}]}`
	printed(t, exitDone, "--db", db, "--now", "2026-10-01", "import", "--source", "beta", "--reliability", "B", "--as", "documents", file(t, "no.jsonl", []byte(no+"\n")))
	printed(t, exitDone, "--db", db, "--now", "2026-10-01", "alias", "confirm", "Grey Lynx", "Cold Lynx", "--by", "ana")
	found, actors := huntedFor(t, db, "51.15.20.1\n51.15.20.2\n51.15.20.3\n51.15.20.4\n")
	rows := tabled(t, db, "Cold Lynx", "ioc")
	for ip, row := range rows {
		if p := found["ipv4:"+ip]; math.Abs(p-row.Probability) > 1e-6 {
			t.Errorf("%s: a hunt goes by %v, the profile says %v", ip, p, row.Probability)
		}
	}
	if len(rows) != 4 || rows["51.15.20.1"].Probability <= rows["51.15.20.3"].Probability || rows["51.15.20.2"].Probability >= rows["51.15.20.3"].Probability {
		t.Errorf("%+v: want two voices to be believed more than one, and less who is disputed", rows)
	}
	if got := fmt.Sprint(actors["ipv4:51.15.20.1"], actors["ipv4:51.15.20.4"]); got != "[actor:cold-lynx] [actor:cold-lynx actor:tan-lynx]" {
		t.Errorf("they point to %s", got)
	}
}

func TestANameOfTwoActorsTellsEachByItsShareEverywhere(t *testing.T) {
	db := newStore(t)
	for _, claim := range []string{"actor:many-faces alias-of actor:cold-lynx", "actor:many-faces alias-of actor:tan-heron", "ipv4:51.15.20.1 indicates actor:many-faces"} {
		heardOf(t, db, "vendor", "2026-09-10", claim)
	}
	link := explainedAs(t, db, "ipv4:51.15.20.1 indicates actor:many-faces")
	text := printed(t, exitDone, "--db", db, "--now", "2026-10-01", "lookup", "51.15.20.1")
	for _, name := range []string{"Cold Lynx", "Tan Heron"} {
		row := tabled(t, db, name, "ioc")["51.15.20.1"]
		if math.Abs(row.Probability-link.Probability/2) > 1e-9 || row.Level != intel.Low {
			t.Errorf("%s: %+v, want half of %v", name, row, link.Probability)
		}
		said := "ipv4:51.15.20.1 indicates " + intel.NewEntity(intel.Actor, name).String()
		if e := explainedAs(t, db, row.ID); row.ID != said || math.Abs(e.Believed-row.Probability) > 1e-9 || e.Level != row.Level || len(e.Doubts) != 1 {
			t.Errorf("explain %s: %+v, want %+v", row.ID, e, row)
		}
		if want := name + " (Low " + intel.Decimal(row.Probability) + ", said of Many Faces, which means it by 50 %)"; !strings.Contains(text, want) {
			t.Errorf("lookup prints %s, want %s", text, want)
		}
		if !strings.Contains(printed(t, exitDone, "--db", db, "--now", "2026-10-01", "explain", "ipv4:51.15.20.1 indicates actor:many-faces"), "which means it by 50 % as "+said) {
			t.Errorf("explain of the name does not tell of %s", name)
		}
	}
}

func TestEveryRowOfAProfileIsExplainedByItsID(t *testing.T) {
	t.Parallel()
	figures.Only(t)
	db := listedStore(t)
	heardOf(t, db, "mone", "2026-09-10", "actor:sofacy uses malware:advstoreshell")
	heardOf(t, db, "mtwo", "2026-09-20", "actor:fancy-bear uses malware:advstoreshell")
	heardOf(t, db, "mone", "2026-09-10", "actor:fancy-bear originates-from country:RU")
	heardOf(t, db, "mone", "2026-09-10", "ipv4:51.15.20.1 indicates actor:sofacy")
	for _, claim := range []string{"actor:beardshell alias-of actor:sofacy", "actor:fancy-bear alias-of actor:sofacy", "actor:white-bear alias-of actor:turla"} {
		heardOf(t, db, "mone", "2026-09-10", claim)
	}
	n, whose := 0, map[string][]string{"APT28": {"aliases", "associated_actors", "countries", "arsenal", "ttp", "ioc"}, "Turla": {"aliases", "associated_actors"}, "actor:white-bear": {"aliases", "associated_actors"}}
	for name, tables := range whose {
		n += explainedByID(t, db, name, tables)
	}
	if n < 30 {
		t.Errorf("%d rows: the test lost what it tests", n)
	}
	here, there := tabled(t, db, "Turla", "aliases")["White Bear"], tabled(t, db, "actor:white-bear", "associated_actors")["Turla"]
	if here.ID == "" || here.ID != there.ID || here.Probability != there.Probability || len(here.Joins) != 1 {
		t.Errorf("Turla's profile says %+v, White Bear's %+v; want the same", here, there)
	}
}

// explainedByID checks that explain says of rows what the profile prints, and that
// their histories end with it. It returns how many it checked: six of a table, and
// all that are said of two bears.
func explainedByID(t *testing.T, db, name string, tables []string) (n int) {
	t.Helper()
	for _, table := range tables {
		rows := 0
		for _, row := range tabled(t, db, name, table) {
			if row.Predicted {
				continue // nobody said it: it is a forecast, with an id of its own
			}
			if rows++; rows > 6 && !strings.Contains(row.ID, "bear") {
				continue
			}
			n++
			if row.ID == "" {
				t.Errorf("%s: %s has no id", table, row.Value)
				continue
			}
			if e := explainedAs(t, db, row.ID); math.Abs(e.Believed-row.Probability) > 1e-9 || e.Level != row.Level || e.Origins != row.Origins {
				t.Errorf("%s %s: explain %s says %v %s of %d, the profile %v %s of %d", table, row.Value, row.ID, e.Believed, e.Level, e.Origins, row.Probability, row.Level, row.Origins)
			}
			if len(row.Joins) > 0 {
				if last, _ := endsAs(t, db, "", row.ID); math.Abs(last.Believed-row.Probability) > 1e-9 || last.Level != row.Level {
					t.Errorf("%s %s: its history ends with %+v, the profile has %v %s", table, row.Value, last, row.Probability, row.Level)
				}
			}
		}
	}
	return n
}

// endsAs is the last line of the history of a row, and all of it, as of a day.
func endsAs(t *testing.T, db, day, row string) (last intel.Turn, h intel.History) {
	t.Helper()
	args := []string{"--db", db, "--now", "2026-10-01", "--json", "explain", "--history", row}
	if day != "" {
		args = append([]string{"--as-of", day}, args...)
	}
	if err := json.Unmarshal([]byte(printed(t, exitDone, args...)), &h); err != nil || len(h.Turns) == 0 {
		t.Fatalf("%s: %+v, err %v", row, h, err)
	}
	return h.Turns[len(h.Turns)-1], h
}

func TestTheHistoryOfARowIsOfAllNamesTogether(t *testing.T) {
	db := newStore(t)
	heard := func(source, day, from, rel, to, stance string) {
		doc := `{"genre":"report","url":"https://` + source + `.example/` + from + `","published":"` + day + `T00:00:00Z","text":"` + source + ` tells it in words of its own.","claims":[{"subject":"` + from + `","relation":"` + rel + `","object":"` + to + `","stance":` + stance + `}]}`
		printed(t, exitDone, "--db", db, "--now", day, "import", "--source", source, "--reliability", "B", "--as", "documents", file(t, source+".jsonl", []byte(doc+"\n")))
	}
	heard("vendor", "2026-07-10", "actor:many-faces", "alias-of", "actor:cold-lynx", "0")
	heard("vendor", "2026-07-11", "actor:many-faces", "alias-of", "actor:tan-heron", "0")
	heard("mone", "2026-08-10", "ipv4:51.15.20.1", "indicates", "actor:cold-lynx", "0")
	printed(t, exitDone, "--db", db, "--now", "2026-08-11", "alias", "confirm", "Grey Lynx", "Cold Lynx", "--by", "ana")
	heard("mtwo", "2026-08-20", "ipv4:51.15.20.1", "indicates", "actor:grey-lynx", "0")
	heard("vendor", "2026-09-10", "ipv4:51.15.20.1", "indicates", "actor:many-faces", "0")
	heard("vendor", "2026-09-11", "ipv4:51.15.20.2", "indicates", "actor:many-faces", "0")
	heard("beta", "2026-09-13", "ipv4:51.15.20.1", "indicates", "actor:grey-lynx", "1")
	printed(t, exitDone, "--db", db, "--now", "2026-09-15", "row", "refute", "51.15.20.1 indicates Cold Lynx", "--by", "bob", "--reason", "two toolsets")
	for n := range 9 {
		heard(fmt.Sprint("m", n), "2026-09-20", "ipv4:51.15.20.1", "indicates", fmt.Sprint("actor:other-", n), "0")
	}
	printed(t, exitDone, "--db", db, "--now", "2026-10-01", "-q", "reprocess", "--scores")
	for _, row := range []string{"ipv4:51.15.20.1 indicates actor:cold-lynx", "ipv4:51.15.20.2 indicates actor:cold-lynx", "ipv4:51.15.20.1 indicates actor:tan-heron", "actor:many-faces alias-of actor:cold-lynx"} {
		last, h := endsAs(t, db, "", row)
		if e := explainedAs(t, db, row); math.Abs(e.Believed-last.Believed) > 1e-9 || e.Level != last.Level || e.Origins != last.Origins {
			t.Errorf("%s: the history ends with %+v, explained is %+v", row, last, e)
		}
		if h.Link.String() != row {
			t.Errorf("the history of %s is of %s", row, h.Link)
		}
		for i, turn := range h.Turns {
			if i > 0 && turn.BelievedBefore < 0 || turn.Believed > 1 {
				t.Errorf("%s: %+v", row, turn)
			}
		}
	}
	_, h := endsAs(t, db, "", "ipv4:51.15.20.1 indicates actor:cold-lynx")
	told := fmt.Sprint(h.Turns)
	for _, who := range []string{"mone", "mtwo", "vendor", "beta", "bob", "shared by"} {
		if !strings.Contains(told, who) {
			t.Errorf("%s is not told of: %s", who, told)
		}
	}
	for _, day := range []string{"2026-08-15", "2026-08-25", "2026-09-11", "2026-09-14", "2026-09-18", "2026-09-21"} {
		last, _ := endsAs(t, db, day, "ipv4:51.15.20.1 indicates actor:cold-lynx")
		var e printedRow
		if err := json.Unmarshal([]byte(printed(t, exitDone, "--db", db, "--now", "2026-10-01", "--as-of", day, "--json", "explain", "ipv4:51.15.20.1 indicates actor:cold-lynx")), &e); err != nil {
			t.Fatal(err)
		}
		if math.Abs(e.Believed-last.Believed) > 1e-9 || e.Level != last.Level || e.Origins != last.Origins {
			t.Errorf("as of %s the history ends with %+v, explained is %+v", day, last, e)
		}
	}
}

func TestARowIsExplainedOfALaterDayAsItsProfileIsPrintedThen(t *testing.T) {
	db := newStore(t)
	heardOf(t, db, "mone", "2026-09-10", "ipv4:51.15.20.1 indicates actor:cold-lynx")
	heardOf(t, db, "mtwo", "2026-09-20", "ipv4:51.15.20.1 indicates actor:grey-lynx")
	printed(t, exitDone, "--db", db, "--now", "2026-10-01", "alias", "confirm", "Grey Lynx", "Cold Lynx", "--by", "ana")
	heardOf(t, db, "mone", "2026-09-10", "ipv4:51.15.20.2 indicates actor:cold-lynx")
	printed(t, exitDone, "--db", db, "--now", "2026-10-01", "row", "confirm", "51.15.20.2 indicates Cold Lynx", "--by", "ana") // teaches how far mone is right
	row, later := "ipv4:51.15.20.1 indicates actor:cold-lynx", []string{"--db", db, "--now", "2027-03-01"}
	var e struct {
		Believed float64
		Today    float64   `json:"probability_now"`
		At       time.Time `json:"as_of"`
	}
	var h intel.History
	for v, args := range map[any][]string{&e: {"--json", "explain", row}, &h: {"--json", "explain", "--history", row}} {
		if err := json.Unmarshal([]byte(printed(t, exitDone, append(later[:4:4], args...)...)), v); err != nil {
			t.Fatal(err)
		}
	}
	var p struct{ IOC []printedRow }
	if err := json.Unmarshal([]byte(printed(t, exitDone, append(later[:4:4], "profile", "Cold Lynx", "--format", "json")...)), &p); err != nil || len(p.IOC) != 2 {
		t.Fatalf("%+v, err %v", p, err)
	}
	at := slices.IndexFunc(p.IOC, func(r printedRow) bool { return r.ID == row })
	want, end := p.IOC[at].Probability, h.Turns[len(h.Turns)-1]
	if math.Abs(e.Believed-want) > 1e-9 || math.Abs(e.Today-end.Believed) > 1e-9 || math.Abs(end.Believed-want) > 1e-9 {
		t.Errorf("explained %+v, its history ends with %+v, and the profile has %v", e, end, want)
	}
}

func TestATallyOfAttacksIsTheRowThatSaysSo(t *testing.T) {
	db := newStore(t)
	heardOf(t, db, "mone", "2026-09-10", "actor:cold-lynx targets country:UA")
	heardOf(t, db, "mtwo", "2026-09-20", "actor:grey-lynx targets country:UA")
	heardOf(t, db, "mone", "2026-09-10", "actor:cold-lynx targets sector:finance")
	heardOf(t, db, "mtwo", "2026-09-20", "actor:grey-lynx claims sector:finance")
	heardOf(t, db, "mone", "2026-09-10", "actor:cold-lynx targets sector:energy")
	printed(t, exitDone, "--db", db, "--now", "2026-10-01", "alias", "confirm", "Grey Lynx", "Cold Lynx", "--by", "ana")
	tallies, countries := tabled(t, db, "Cold Lynx", "attacks"), tabled(t, db, "Cold Lynx", "countries")
	for value, origins := range map[string]int{"Ukraine": 2, "Finance": 2, "Energy": 1} {
		row := tallies[value]
		if row.Origins != origins || (row.Level == intel.High) != (origins == 2) {
			t.Errorf("%s: %+v, want %d voices", value, row, origins)
		}
		if e := explainedAs(t, db, row.ID); math.Abs(e.Believed-row.Probability) > 1e-9 || e.Level != row.Level || e.Origins != row.Origins {
			t.Errorf("%s: explain %s says %+v, the profile %+v", value, row.ID, e, row)
		}
	}
	if ua := countries["Ukraine"]; len(tallies) != 3 || ua.ID != tallies["Ukraine"].ID || ua.Probability != tallies["Ukraine"].Probability {
		t.Errorf("%+v, of countries %+v", tallies, countries)
	}
	a := newApp(&cli{DB: db, Now: time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC), Quiet: true}, nil, nil, nil)
	defer a.close()
	ed, err := a.editor(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p, _, err := ed.Profile(t.Context(), intel.Everything(), intel.NewEntity(intel.Actor, "cold-lynx"), pipeline.Window{Rows: 1}, a.now())
	if err != nil || len(p.Attacks) != 3 {
		t.Errorf("a page of one row a table has %+v, err %v", p.Attacks, err)
	}
}

func TestARowIsNamedAsPeopleWriteIt(t *testing.T) {
	db := newStore(t)
	heardOf(t, db, "mone", "2026-09-10", "ipv4:45.134.21.8 indicates actor:grey-lynx")
	heardOf(t, db, "mone", "2026-09-10", "ipv4:45.134.21.9 indicates actor:cold-lynx")
	printed(t, exitDone, "--db", db, "--now", "2026-10-01", "alias", "confirm", "Grey Lynx", "Cold Lynx", "--by", "ana")
	want := explainedAs(t, db, "ipv4:45.134.21.8 indicates actor:grey-lynx").Probability
	for _, row := range []string{"ipv4:45[.]134[.]21[.]8 indicates actor:cold-lynx", "45.134.21.8 indicates Cold Lynx", "45.134.21.8  indicates  actor:grey-lynx"} {
		if e := explainedAs(t, db, row); math.Abs(e.Believed-want) > 1e-9 {
			t.Errorf("explain %q: %+v, want %v", row, e, want)
		}
	}
	if out := printed(t, exitDone, "--db", db, "--now", "2026-10-01", "row", "refute", "45.134.21.8 indicates actor:cold-lynx", "--by", "ana"); !strings.Contains(out, "refutes ipv4:45.134.21.8 indicates actor:grey-lynx") {
		t.Errorf("row refute prints %s", out)
	}
	var errs bytes.Buffer
	if code := run(t.Context(), []string{"--db", db, "explain", "45.134.21.8 indicates actor:nobody"}, strings.NewReader(""), &bytes.Buffer{}, &errs); code != exitFailed || !strings.Contains(errs.String(), "Cold Lynx") {
		t.Errorf("exit %d: %s; want whom it is said of", code, &errs)
	}
}

func TestTheFirstPageHasWhatSeveralNamesTogetherMakeMostProbable(t *testing.T) {
	db := newStore(t)
	heardOf(t, db, "mone", "2026-09-30", "ipv4:51.15.20.9 indicates actor:cold-lynx")
	heardOf(t, db, "mtwo", "2026-09-20", "ipv4:51.15.20.9 indicates actor:grey-lynx")
	for _, ip := range []string{"51.15.20.1", "51.15.20.2"} {
		doc := `{"text":"We saw ` + ip + `.","published":"2026-09-30T00:00:00Z","claims":[{"subject":"ipv4:` + ip + `","relation":"indicates","object":"actor:cold-lynx"},{"subject":"ipv4:` + ip + `","relation":"indicates","object":"actor:tan-heron"}]}`
		printed(t, exitDone, "--db", db, "--now", "2026-10-01", "import", "--source", "sure", "--reliability", "A", "--as", "documents", file(t, ip+".jsonl", []byte(doc+"\n")))
	}
	printed(t, exitDone, "--db", db, "--now", "2026-10-01", "alias", "confirm", "Grey Lynx", "Cold Lynx", "--by", "ana")
	a := newApp(&cli{DB: db, Now: time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC), Quiet: true}, nil, nil, nil)
	defer a.close()
	ed, err := a.editor(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	lynx := intel.NewEntity(intel.Actor, "cold-lynx")
	for level, want := range map[intel.Level]string{"": "51.15.20.9 of 3", intel.High: "51.15.20.9 of 1", intel.Medium: "51.15.20.1 of 2"} {
		p, totals, err := ed.Profile(t.Context(), intel.Everything(), lynx, pipeline.Window{Rows: 1, Filter: pipeline.Filter{Level: level}}, a.now())
		if err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprintf("%d rows", len(p.IOC))
		if len(p.IOC) == 1 {
			got = fmt.Sprintf("%s of %d", p.IOC[0].Value, totals["ioc"])
		}
		if got != want {
			t.Errorf("the first row of level %q is %s, want %s", level, got, want)
		}
	}
}

func TestWhoSaysThatANameIsAnothersIsShown(t *testing.T) {
	db := newStore(t)
	heardOf(t, db, "delta", "2026-09-10", "actor:ash-crow alias-of actor:soot-crow")
	heardOf(t, db, "delta", "2026-09-10", "actor:jet-crow alias-of actor:soot-crow")
	if row := tabled(t, db, "Soot Crow", "aliases")["Ash Crow"]; strings.Join(row.SaidBy, " ") != "delta.example" || row.Disputed {
		t.Errorf("said by %v, want the vendor", row.SaidBy)
	}
	heardOf(t, db, "echo", "2026-09-20", "actor:ash-crow not-alias-of actor:soot-crow")
	heardOf(t, db, "fox", "2026-09-21", "actor:ash-crow not-alias-of actor:soot-crow")
	printed(t, exitDone, "--db", db, "--now", "2026-10-01", "alias", "dispute", "Jet Crow", "Soot Crow", "--by", "ana", "--reason", "two toolsets")
	disputed := tabled(t, db, "Soot Crow", "disputed_aliases")
	for name, want := range map[string]string{"Ash Crow": "echo.example fox.example", "Jet Crow": "an analyst"} {
		row := disputed[name]
		if !row.Disputed || row.Level != intel.Low || strings.Join(row.SaidBy, " ") != "delta.example" || strings.Join(row.Against, " ") != want {
			t.Errorf("%s: %+v, want it said by delta, and against it %s", name, row, want)
		}
		if e := explainedAs(t, db, row.ID); math.Abs(e.Believed-row.Probability) > 1e-9 {
			t.Errorf("explain %s says %v, the profile %v", row.ID, e.Believed, row.Probability)
		}
	}
	for what, text := range map[string]string{"profile": printed(t, exitDone, "--db", db, "--now", "2026-10-01", "profile", "Soot Crow"), "alias": printed(t, exitDone, "--db", db, "--now", "2026-10-01", "alias", "Soot Crow")} {
		for _, want := range []string{"another, says echo.example, fox.example", "analyst:ana", "two toolsets", "Jet Crow"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %q: %s", what, want, text)
			}
		}
	}
	if text := printed(t, exitDone, "--db", db, "--now", "2026-10-01", "profile", "Soot Crow", "--preview", "3"); strings.Contains(text, "ana") && strings.Contains(text, "two toolsets") {
		t.Errorf("a preview names the analyst: %s", text)
	}
}

func TestARowThatSomebodyDisputesIsMarked(t *testing.T) {
	db := newStore(t)
	for _, source := range []string{"alpha", "gamma"} {
		heardOf(t, db, source, "2026-09-10", "ipv4:51.15.20.1 indicates actor:cold-lynx")
		heardOf(t, db, source, "2026-09-10", "ipv4:51.15.20.2 indicates actor:cold-lynx")
		heardOf(t, db, source, "2026-09-10", "ipv4:51.15.20.3 indicates actor:cold-lynx")
	}
	no := `{"text":"No, it was not them.","published":"2026-09-12T00:00:00Z","claims":[{"subject":"ipv4:51.15.20.1","relation":"indicates","object":"actor:cold-lynx","stance":1}]}`
	printed(t, exitDone, "--db", db, "--now", "2026-10-01", "import", "--source", "beta", "--as", "documents", file(t, "no.jsonl", []byte(no+"\n")))
	printed(t, exitDone, "--db", db, "--now", "2026-10-01", "row", "refute", "51.15.20.2 indicates Cold Lynx", "--by", "ana")
	rows := tabled(t, db, "Cold Lynx", "ioc")
	for ip, want := range map[string]bool{"51.15.20.1": true, "51.15.20.2": true, "51.15.20.3": false} {
		if rows[ip].Disputed != want {
			t.Errorf("%s: disputed %v, want %v", ip, rows[ip].Disputed, want)
		}
	}
	if text := printed(t, exitDone, "--db", db, "--now", "2026-10-01", "profile", "Cold Lynx"); strings.Count(text, ", disputed") != 2 {
		t.Errorf("the profile does not mark two rows: %s", text)
	}
}

func TestWhatIsTakenBackOfAnUnknownNameIsPrinted(t *testing.T) {
	db := newStore(t)
	heardOf(t, db, "mone", "2026-09-10", "ipv4:45.134.21.8 indicates actor:cold-lynx")
	printed(t, exitDone, "--db", db, "--now", "2026-10-01", "alias", "confirm", "Totally New", "Cold Lynx", "--by", "ana")
	if out := printed(t, exitDone, "--db", db, "--now", "2026-10-02", "alias", "undo", "Cold Lynx", "Totally New", "--by", "bob"); !strings.Contains(out, "analyst:bob takes back") {
		t.Errorf("undo prints %s", out)
	}
	if out := printed(t, exitDone, "--db", db, "alias", "Totally New"); !strings.Contains(out, "analyst:ana confirms") || !strings.Contains(out, "analyst:bob takes back") {
		t.Errorf("alias prints %s, want both verdicts", out)
	}
}

// TestAWordOnARowOfTwoNamesIsToldOfTheWholeRow rules on one name of a row of two.
func TestAWordOnARowOfTwoNamesIsToldOfTheWholeRow(t *testing.T) {
	t.Parallel()
	db := newStore(t)
	heardOf(t, db, "mone", "2026-09-10", "ipv4:51.15.20.1 indicates actor:cold-lynx")
	heardOf(t, db, "mtwo", "2026-09-20", "ipv4:51.15.20.1 indicates actor:grey-lynx")
	printed(t, exitDone, "--db", db, "--now", "2026-10-01", "alias", "confirm", "Grey Lynx", "Cold Lynx", "--by", "ana")
	const row = "ipv4:51.15.20.1 indicates actor:cold-lynx"
	printed(t, exitDone, "--db", db, "--now", "2026-10-01", "lookup", "51.15.20.1") // the first of a day weighs what faded
	for i, ruling := range []string{"refute", "confirm", "undo"} {
		var told struct {
			Confidence  intel.Level
			Probability float64
			Origins     int
		}
		if err := json.Unmarshal([]byte(printed(t, exitDone, "--db", db, "--now", "2026-10-01", "--json", "row", ruling, row, "--by", "ann", "--reason", "seen")), &told); err != nil {
			t.Fatal(err)
		}
		e := explainedAs(t, db, row)
		if math.Abs(told.Probability-e.Believed) > 1e-9 || told.Confidence != e.Level || told.Origins != e.Origins {
			t.Errorf("%s prints %+v, explain %+v", ruling, told, e)
		}
		var whole struct {
			Verdicts []struct {
				By, Reason string
				Counts     bool
			}
			Sources []struct{ Source string }
		}
		if err := json.Unmarshal([]byte(printed(t, exitDone, "--db", db, "--now", "2026-10-01", "--json", "explain", row)), &whole); err != nil {
			t.Fatal(err)
		}
		if n := len(whole.Verdicts); n != i+1 || whole.Verdicts[n-1].By != "analyst:ann" || whole.Verdicts[n-1].Reason != "seen" || whole.Verdicts[n-1].Counts != (ruling != "undo") || len(whole.Sources) != 2 {
			t.Errorf("after %s: %+v", ruling, whole)
		}
	}
}
