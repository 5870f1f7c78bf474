package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/portent-cti/portent/internal/figures"
	"github.com/portent-cti/portent/internal/intel"
)

// standsFor is whom a name means, with shares, by the command alias.
func standsFor(t *testing.T, db, name string) string {
	t.Helper()
	var got struct{ Candidates []struct{ Actor string } }
	if err := json.Unmarshal([]byte(printed(t, exitDone, "--db", db, "--json", "alias", name)), &got); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, c := range got.Candidates {
		out = append(out, c.Actor)
	}
	return strings.Join(out, " ")
}

// listed is a store that holds the real packs of actors and of ATT&CK, as bytes:
// they are read once for all tests that begin with them.
var listed struct {
	once  sync.Once
	store []byte
}

// listedStore returns such a store that is the test's own.
func listedStore(t *testing.T) string {
	t.Helper()
	dir := dataDir(t)
	listed.once.Do(func() {
		db := newStore(t)
		printed(t, exitDone, "--db", db, "-q", "sync", "--from", dir, "actors", "attack")
		path := strings.TrimPrefix(db, "sqlite:")
		if _, err := os.Stat(path + "-wal"); err == nil {
			t.Fatal("the store has a log beside it when it is closed: its file is not all of it")
		}
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		listed.store = whole
	})
	if listed.store == nil {
		t.Fatal("the packs could not be read: see the test that tried")
	}
	return "sqlite:" + file(t, "portent.db", listed.store)
}

func TestAVerdictSplitsJoinsAndIsTakenBack(t *testing.T) {
	t.Parallel()
	figures.Only(t)
	db := listedStore(t)
	lines := `{"text":"Fancy Bear uses 45.134.21.8 as C2.","published":"2026-05-01T00:00:00Z"}` + "\n" + `{"text":"APT28 uses 45.134.21.9 as C2.","published":"2026-05-01T00:00:00Z"}` + "\n" + `{"text":"The actor Strange Cat uses 45.134.21.10 as C2.","published":"2026-05-01T00:00:00Z","claims":[{"subject":"ipv4:45.134.21.10","relation":"indicates","object":"actor:strange-cat"}]}` + "\n"
	printed(t, exitDone, "--db", db, "--now", "2026-06-01", "import", "--as", "documents", "--source", "a", file(t, "d.jsonl", []byte(lines)))
	shows := func(name string, want ...string) {
		t.Helper()
		text := printed(t, exitDone, "--db", db, "--now", "2026-06-01", "profile", name)
		for _, ip := range []string{"45.134.21.8 |", "45.134.21.9 |", "45.134.21.10 |"} {
			wanted := false
			for _, w := range want {
				wanted = wanted || w+" |" == ip
			}
			if strings.Contains(text, "| "+ip) != wanted {
				t.Errorf("the profile of %s shows %s: %v, want %v", name, ip, !wanted, wanted)
			}
		}
	}
	shows("APT28", "45.134.21.8", "45.134.21.9")

	printed(t, exitDone, "--db", db, "alias", "dispute", "Fancy Bear", "APT28", "--by", "ana", "--reason", "two toolsets")
	shows("APT28", "45.134.21.9")
	shows("Fancy Bear", "45.134.21.8")

	printed(t, exitDone, "--db", db, "alias", "confirm", "Fancy Bear", "APT28", "--by", "bob") // the last word counts
	shows("APT28", "45.134.21.8", "45.134.21.9")

	printed(t, exitDone, "--db", db, "alias", "undo", "APT28", "Fancy Bear", "--by", "ana")
	shows("APT28", "45.134.21.8", "45.134.21.9")

	printed(t, exitDone, "--db", db, "alias", "confirm", "Strange Cat", "Sofacy", "--by", "ana")
	shows("APT28", "45.134.21.8", "45.134.21.9", "45.134.21.10")
	printed(t, exitDone, "--db", db, "alias", "undo", "Strange Cat", "Sofacy")
	shows("APT28", "45.134.21.8", "45.134.21.9")
	shows("Strange Cat", "45.134.21.10")

	text := printed(t, exitDone, "--db", db, "alias", "Fancy Bear")
	for _, want := range []string{"analyst:ana disputes", "two toolsets", "analyst:bob confirms", "analyst:ana takes back"} {
		if !strings.Contains(text, want) {
			t.Errorf("the history of Fancy Bear lacks %q:\n%s", want, text)
		}
	}
	for _, args := range [][]string{{"undo", "Fancy Bear", "APT28"}, {"dispute", "APT28", "Nobody Knows Him"}} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), append([]string{"--db", db, "alias"}, args...), strings.NewReader(""), &out, &errs); code != exitFailed {
			t.Errorf("alias %v: exit %d: %s", args, code, &errs)
		}
	}
}

// disputedStore is a store with a list that gives Snug Bear to two actors, of which an
// analyst disputes both, and nobody who speaks of the name.
func disputedStore(t *testing.T) string {
	t.Helper()
	dir, db := t.TempDir(), newStore(t)
	at := filepath.Join(dir, "misp-galaxy", "clusters")
	if err := os.MkdirAll(at, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(at, "threat-actor.json"), []byte(`{"type":"threat-actor","name":"x","version":1,"values":[{"value":"Cold Lynx","uuid":"1","meta":{"country":"AT","synonyms":["Snug Bear"]}},{"value":"Grey Heron","uuid":"2","meta":{"country":"AT","synonyms":["Snug Bear"]}}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	printed(t, exitDone, "--db", db, "--now", "2026-05-01", "-q", "sync", "--from", dir, "actors")
	for _, who := range []string{"Cold Lynx", "Grey Heron"} {
		printed(t, exitDone, "--db", db, "--now", "2026-05-02", "alias", "dispute", "Snug Bear", who, "--by", "ana", "--reason", "not "+who)
	}
	return db
}

func TestAProfileOfADisputedNameTellsOfTheDisputeAndWhoseItMayBe(t *testing.T) {
	t.Parallel()
	db := disputedStore(t)
	told := func(args ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		if code := run(t.Context(), append([]string{"--db", db, "--now", "2026-05-03"}, args...), strings.NewReader(""), &out, &errs); code != exitFailed {
			t.Errorf("%v: exit %d", args, code)
		}
		return out.String() + errs.String()
	}
	text := told("profile", "snug bear")
	for _, want := range []string{"analysts dispute that it is actor:cold-lynx or actor:grey-heron", "Cold Lynx, says misp threat-actor; analyst:ana disputes it since 2026-05-02: not Cold Lynx", "portent alias undo"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if text := told("--json", "profile", "Snug Bear"); strings.Count(text, `"entity":"actor:`) != 2 || !strings.Contains(text, `"disputed":["analyst:ana`) {
		t.Errorf("in JSON %s", text)
	}
	if text := told("profile", "--preview", "3", "Snug Bear"); strings.Contains(text, "ana") && !strings.Contains(text, "analyst disputes it") || strings.Contains(text, "not Cold") {
		t.Errorf("the public is told who: %s", text)
	}
	printed(t, exitDone, "--db", db, "--now", "2026-05-03", "alias", "undo", "Snug Bear", "Cold Lynx")
	if text := printed(t, exitDone, "--db", db, "--now", "2026-05-03", "profile", "Snug Bear"); !strings.Contains(text, "Cold Lynx") {
		t.Error(text)
	}
}

func TestALookupOfANameTellsOfWhomItMayBeWithShares(t *testing.T) {
	t.Parallel()
	db := disputedStore(t)
	at := func(args ...string) string {
		return printed(t, exitDone, append([]string{"--db", db, "--now", "2026-05-03"}, args...)...)
	}
	type found struct {
		Known      bool
		Actors     []string
		Candidates []struct {
			Entity   string
			Share    float64
			Disputed []string
		}
	}
	of := func(names ...string) []found {
		t.Helper()
		all := make([]found, len(names))
		dec := json.NewDecoder(strings.NewReader(at(append([]string{"--json", "lookup"}, names...)...)))
		for i := range all {
			if err := dec.Decode(&all[i]); err != nil {
				t.Fatal(err)
			}
		}
		return all
	}
	text := at("lookup", "snug bear")
	for _, want := range []string{"snug bear: a name of nobody by itself", "disputed: Cold Lynx (share 0.50, says misp threat-actor; analyst:ana disputes it since 2026-05-02: not Cold Lynx)", "disputed: Grey Heron (share 0.50"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if f := of("Snug Bear")[0]; !f.Known || len(f.Actors) != 0 || len(f.Candidates) != 2 || f.Candidates[1].Share != .5 || len(f.Candidates[1].Disputed) != 1 {
		t.Errorf("in JSON %+v", f)
	}
	for _, who := range []string{"Cold Lynx", "Grey Heron"} {
		at("alias", "undo", "Snug Bear", who)
	}
	after := of("Snug Bear", "Nobody Knows Him")
	if f := after[0]; !f.Known || len(f.Actors) != 2 || len(f.Candidates) != 2 || f.Candidates[0].Share != .5 || len(f.Candidates[0].Disputed) != 0 {
		t.Errorf("after that was taken back, in JSON %+v", f)
	}
	if f := after[1]; f.Known || len(f.Candidates) != 0 {
		t.Errorf("of a name that nobody has %+v", f)
	}
}

func TestNamesConfirmedInACircleHaveOneMain(t *testing.T) {
	db := newStore(t)
	lines := ""
	for _, name := range []string{"Grey Newt", "Dun Otter", "Tan Heron"} {
		lines += `{"text":"The actor ` + name + ` is back.","published":"2026-05-01T00:00:00Z","claims":[{"subject":"ipv4:45.134.21.8","relation":"indicates","object":"actor:` + strings.ToLower(strings.ReplaceAll(name, " ", "-")) + `"}]}` + "\n"
	}
	printed(t, exitDone, "--db", db, "import", "--as", "documents", "--source", "a", file(t, "d.jsonl", []byte(lines)))
	for _, pair := range [][2]string{{"Grey Newt", "Dun Otter"}, {"Dun Otter", "Tan Heron"}, {"Tan Heron", "Grey Newt"}} {
		printed(t, exitDone, "--db", db, "alias", "confirm", pair[0], pair[1])
	}
	for _, name := range []string{"Grey Newt", "Dun Otter", "Tan Heron"} {
		if got := standsFor(t, db, name); got != "actor:dun-otter" {
			t.Errorf("%s stands for %s", name, got)
		}
	}
}

func TestANameThatTwoActorsHaveTellsBothWithShares(t *testing.T) {
	t.Parallel()
	db := listedStore(t)
	var got struct {
		Name       string
		Candidates []struct {
			Actor  string
			Share  float64
			SaidBy []string `json:"said_by"`
		}
	}
	if err := json.Unmarshal([]byte(printed(t, exitDone, "--db", db, "--json", "alias", "Nobelium")), &got); err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, c := range got.Candidates {
		sum += c.Share
		if !strings.HasPrefix(c.Actor, "actor:") || len(c.SaidBy) == 0 {
			t.Errorf("candidate %+v: who is it, says who?", c)
		}
	}
	if got.Name != "Nobelium" || len(got.Candidates) != 2 || sum < .99 || sum > 1.01 {
		t.Errorf("%+v, want two whose shares are one", got)
	}
	if text := printed(t, exitDone, "--db", db, "alias", "Fancy", "Bear"); !strings.HasPrefix(text, "actor:apt28: share 1.00, says ") || !strings.Contains(text, "Sofacy") {
		t.Errorf("Fancy Bear is %s", text)
	}
}

// What is taken back was the only word on a name: that it is done is no failure,
// and the verdicts stay to be read.
func TestTakingBackTheOnlyWordOnANameSucceeds(t *testing.T) {
	db := newStore(t)
	printed(t, exitDone, "--db", db, "-q", "import", "--as", "documents", "--source", "a", file(t, "d.jsonl", claims("ipv4:45.134.21.8 indicates actor:cold-lynx")))
	printed(t, exitDone, "--db", db, "alias", "confirm", "Totally New", "cold-lynx", "--by", "ana")
	for _, args := range [][]string{{"undo", "cold-lynx", "Totally New", "--by", "bob"}, {"Totally New"}} {
		if text := printed(t, exitDone, append([]string{"--db", db, "alias"}, args...)...); !strings.Contains(text, "analyst:ana confirms") || !strings.Contains(text, "analyst:bob takes back") {
			t.Errorf("alias %v lacks what was ruled:\n%s", args, text)
		}
	}
	printed(t, exitUsage, "--db", db, "alias", "confirm", "45.134.21.9", "cold-lynx")
}

func TestAConfirmedNameIsOfTheOneThatIsNamed(t *testing.T) {
	db := listedStore(t)
	printed(t, exitDone, "--db", db, "-q", "alias", "confirm", "Bluenoroff", "APT38", "--by", "ana")
	if got := standsFor(t, db, "Bluenoroff"); got != "actor:apt38" {
		t.Errorf("Bluenoroff is confirmed of APT38 and stands for %s", got)
	}
	printed(t, exitDone, "--db", db, "-q", "profile", "apt38")
	printed(t, exitFailed, "--db", db, "-q", "profile", "Nobelium")
}

func TestANameIsLookedUpWithItsShareAndNoLevel(t *testing.T) {
	db := newStore(t)
	printed(t, exitDone, "--db", db, "-q", "--now", "2026-03-04", "import", "--as", "documents", file(t, "d.jsonl", claims("ipv4:45.134.21.8 indicates actor:cold-lynx")))
	if text := printed(t, exitDone, "--db", db, "--now", "2026-03-04", "lookup", "Cold Lynx"); !strings.HasPrefix(text, "Cold Lynx: Cold Lynx (share 1.00), seen ") {
		t.Errorf("a name is %s", text)
	}
	if text := printed(t, exitDone, "--db", db, "--now", "2026-03-04", "lookup", "45.134.21.8"); !strings.HasPrefix(text, "45.134.21.8: Cold Lynx (Low 0.") {
		t.Errorf("a value is %s", text)
	}
}

func TestTheHistoryOfANameTellsWhatAnalystsRuled(t *testing.T) {
	t.Parallel()
	figures.Only(t)
	unsaid, both, stated := listedStore(t), listedStore(t), newStore(t)
	for _, db := range []string{both, stated} {
		for i, source := range []string{"one", "two"} {
			doc := fmt.Sprintf(`{"genre":"report","text":"Cozy Bear is APT29.","published":"2026-05-0%dT00:00:00Z","claims":[{"subject":"actor:cozy-bear","relation":"alias-of","object":"actor:apt29"}]}`+"\n", 8*i+1)
			printed(t, exitDone, "--db", db, "--now", "2026-05-20", "import", "--as", "documents", "--source", source, file(t, source+".jsonl", []byte(doc)))
		}
		printed(t, exitDone, "--db", db, "--now", "2026-05-21", "import", "--as", "documents", "--source", "three", file(t, "n.jsonl", []byte(`{"genre":"report","text":"No.","published":"2026-05-21T00:00:00Z","claims":[{"subject":"actor:cozy-bear","relation":"alias-of","object":"actor:apt29","stance":"disputes"}]}`+"\n")))
	}
	const row = "actor:cozy-bear alias-of actor:apt29"
	for name, db := range map[string]string{"listed": unsaid, "listed and stated": both, "stated": stated} {
		ends := func(day string, ruled ...string) {
			t.Helper()
			var h intel.History
			if err := json.Unmarshal([]byte(printed(t, exitDone, "--db", db, "--now", day, "--json", "explain", "--history", row)), &h); err != nil {
				t.Fatal(err)
			}
			var e struct{ Believed float64 }
			if err := json.Unmarshal([]byte(printed(t, exitDone, "--db", db, "--now", day, "--json", "explain", row)), &e); err != nil {
				t.Fatal(err)
			}
			var got []string
			for i, o := range h.Turns {
				if o.Sort == intel.TurnRuled {
					got = append(got, o.At.Format("01-02 ")+o.Why)
				}
				if i > 0 && math.Abs(o.BelievedBefore-h.Turns[i-1].Believed) > 0.01 {
					t.Errorf("%s, %s: turn %d begins at %.3f, where the one before ends at %.3f", name, day, i, o.BelievedBefore, h.Turns[i-1].Believed)
				}
			}
			if h.Link.String() != row || !slices.Equal(got, ruled) {
				t.Errorf("%s, %s: the history of %q tells of %q, want %q", name, day, h.Link, got, ruled)
			}
			if last := h.Turns[len(h.Turns)-1]; math.Abs(last.Believed-e.Believed) > 0.005 {
				t.Errorf("%s, %s: the history ends with %.4f, explain says %.4f", name, day, last.Believed, e.Believed)
			}
		}
		ends("2026-06-01")
		printed(t, exitDone, "--db", db, "--now", "2026-06-02", "alias", "dispute", "Cozy Bear", "APT29", "--by", "anna", "--reason", "two toolsets")
		said := []string{"06-02 analyst:anna: dispute, two toolsets"}
		ends("2026-06-03", said...)
		printed(t, exitDone, "--db", db, "--now", "2026-06-04", "alias", "confirm", "Cozy Bear", "APT29", "--by", "bob")
		said = append(said, "06-04 analyst:bob: confirm")
		ends("2026-06-05", said...)
		printed(t, exitDone, "--db", db, "--now", "2026-06-06", "alias", "undo", "Cozy Bear", "APT29", "--by", "anna")
		ends("2026-06-07", append(said, "06-06 analyst:anna: undo")...)
	}
}

func TestAProfileCountsADocumentOfSeveralNamesOnce(t *testing.T) {
	db := newStore(t)
	var docs string
	for _, v := range []string{"a", "b", "c"} {
		docs += `{"genre":"report","text":"Circle Ant, called Circle Bee too, or Circle Cat, of ` + v + `.","published":"2026-11-20T00:00:00Z","claims":[{"subject":"actor:circle-bee","relation":"alias-of","object":"actor:circle-ant"},{"subject":"actor:circle-cat","relation":"alias-of","object":"actor:circle-ant"}]}` + "\n"
	}
	printed(t, exitDone, "--db", db, "--now", "2026-11-21", "import", "--as", "documents", "--source", "s", file(t, "c.jsonl", []byte(docs)))
	for _, name := range []string{"Circle Bee", "Circle Cat"} {
		printed(t, exitDone, "--db", db, "--now", "2026-11-21", "alias", "confirm", name, "Circle Ant", "--by", "ana")
	}
	var p struct {
		Documents  int
		Summary    string
		Activities struct{ Weekly []intel.Count }
	}
	if err := json.Unmarshal([]byte(printed(t, exitDone, "--db", db, "--now", "2026-11-22", "profile", "--format", "json", "Circle Ant")), &p); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, w := range p.Activities.Weekly {
		n += w.N
	}
	if p.Documents != 3 || n != 3 || !strings.Contains(p.Summary, "Named in 3 documents") || !strings.Contains(p.Summary, ": 3 since") {
		t.Errorf("%d documents, %d in weeks: %s", p.Documents, n, p.Summary)
	}
}

func TestOfThousandsOfNamesTheOneAskedForIsToldAndHowManyMore(t *testing.T) {
	db := newStore(t)
	names := make([]string, 1500)
	for i := range names {
		names[i] = fmt.Sprintf("%q", fmt.Sprintf("Moth Name %04d", i))
	}
	bundle := `{"type":"bundle","id":"bundle--11111111-1111-4111-8111-111111111112","objects":[{"type":"intrusion-set","spec_version":"2.1","id":"intrusion-set--11111111-1111-4111-8111-111111111111","created":"2026-11-20T00:00:00Z","modified":"2026-11-20T00:00:00Z","name":"Hydra Moth","aliases":[` + strings.Join(names, ",") + `]}]}`
	printed(t, exitDone, "--db", db, "--now", "2026-11-21", "import", file(t, "n.json", []byte(bundle)))
	text := printed(t, exitDone, "--db", db, "--now", "2026-11-22", "alias", "Moth Name 1477")
	lines := strings.Split(text, "\n")
	if len(lines) < 3 || !strings.HasPrefix(lines[0], "actor:hydra-moth") || !strings.Contains(lines[1], "Moth Name 1477") || !strings.Contains(text, "and 1400 more names") {
		t.Errorf("%.400s … %s", text, lines[max(0, len(lines)-2)])
	}
	var j struct {
		Candidates []struct {
			Names []intel.Row
			More  int `json:"more_names"`
		}
	}
	if err := json.Unmarshal([]byte(printed(t, exitDone, "--db", db, "--now", "2026-11-22", "--json", "alias", "Moth Name 1477")), &j); err != nil {
		t.Fatal(err)
	}
	if len(j.Candidates) != 1 || len(j.Candidates[0].Names) != 100 || j.Candidates[0].More != 1400 || j.Candidates[0].Names[0].Entity.Name != "moth-name-1477" {
		t.Errorf("in JSON: %d candidates, %+.300v", len(j.Candidates), j)
	}
}
