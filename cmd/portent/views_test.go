package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/extract"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
	"github.com/portent-cti/portent/internal/web"
)

func TestThePageAndItsSummaryTellTheSamePace(t *testing.T) {
	var out bytes.Buffer
	c := &cli{DB: newStore(t), Quiet: true, Now: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)}
	a := newApp(c, nil, &out, &out)
	defer a.close()
	_, p, err := loadScenario(t.Context(), a, 1)
	if err != nil {
		t.Fatal(err)
	}
	ed := &pipeline.Editor{DB: a.db, Reference: p.Reference, Licence: licence}
	pages := web.Handler(web.Site{Views: &views{ed: ed, db: a.db, scanner: p.Scanner, now: a.now}, Reader: intel.Everything(), Log: a.log, Now: a.now})
	busy, _, err := ed.Busiest(t.Context(), intel.Everything(), intel.Actor, 0, 100, a.now())
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]int{}
	for _, e := range busy {
		w := httptest.NewRecorder()
		pages.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://localhost"+web.Path(e), nil))
		page := w.Body.String()
		_, facts, _ := strings.Cut(page, "<dt>26 weeks</dt>")
		facts, _, _ = strings.Cut(facts, "<dt>")
		for words, class := range map[string]string{"Busier than usual": "up", "Quieter than usual": "down", "About as busy": "flat", "Not seen for": ""} {
			if !strings.Contains(page, words) {
				continue
			}
			told[words]++
			if class == "" && strings.Contains(facts, "<small") || class != "" && !strings.Contains(facts, `<small class="`+class+`">`) {
				t.Errorf("%s: the summary says %q, the page %q", e, words, facts[max(0, len(facts)-100):])
			}
		}
	}
	if len(told) < 3 {
		t.Errorf("only %v of %d actors", told, len(busy))
	}
}

func TestAListByActivityFallsThoughADocumentHasTwoNamesOfSomebody(t *testing.T) {
	dir, db := t.TempDir(), newStore(t)
	at := filepath.Join(dir, "misp-galaxy", "clusters")
	if err := os.MkdirAll(at, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(at, "threat-actor.json"), []byte(`{"type":"threat-actor","name":"x","version":1,"values":[{"value":"Cold Lynx","uuid":"1","meta":{"synonyms":["Snug Bear"]}},{"value":"Grey Heron","uuid":"2"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	printed(t, exitDone, "--db", db, "--now", "2026-05-01", "-q", "sync", "--from", dir, "actors")
	var docs strings.Builder
	for i, text := range []string{"Cold Lynx, called Snug Bear too, was back", "Snug Bear is Cold Lynx, as was said", "Grey Heron sent mail", "Grey Heron sent more", "Grey Heron went home"} {
		fmt.Fprintf(&docs, `{"genre":"report","text":"%s on day %d.","published":"2026-05-0%dT00:00:00Z"}`+"\n", text, i, i+1)
	}
	printed(t, exitDone, "--db", db, "--now", "2026-05-06", "-q", "import", "--as", "documents", "--source", "s", file(t, "d.jsonl", []byte(docs.String())))
	var out bytes.Buffer
	a := newApp(&cli{DB: db, Quiet: true, Now: time.Date(2026, 5, 6, 0, 0, 0, 0, time.UTC)}, nil, &out, &out)
	defer a.close()
	ed, err := a.editor(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all, err := (&views{ed: ed, db: a.db, now: a.now}).Entities(t.Context(), intel.Everything(), web.List{Kind: intel.Actor, Page: 1})
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, l := range all.Lines {
		told = append(told, fmt.Sprint(l.Name, " ", l.Pace().Now))
	}
	if got := strings.Join(told, ", "); got != "Grey Heron 3, Cold Lynx 2" {
		t.Errorf("the list is %s", got)
	}
}

func TestAListAndASearchCountTheDocumentsThatTheProfileDoes(t *testing.T) {
	dir, db := t.TempDir(), newStore(t)
	at := filepath.Join(dir, "misp-galaxy", "clusters")
	if err := os.MkdirAll(at, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(at, "threat-actor.json"), []byte(`{"type":"threat-actor","name":"x","version":1,"values":[{"value":"Cold Lynx","uuid":"1","meta":{"synonyms":["Snug Bear","Slate Crow"]}},{"value":"Grey Heron","uuid":"2"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	printed(t, exitDone, "--db", db, "--now", "2026-05-01", "-q", "sync", "--from", dir, "actors")
	var docs strings.Builder
	for i, text := range []string{"Cold Lynx, called Snug Bear too, was back", "Snug Bear, as some call Slate Crow, was there", "Grey Heron sent mail", "Grey Heron sent more", "Grey Heron went home"} {
		fmt.Fprintf(&docs, `{"genre":"report","text":"%s on day %d.","published":"2026-05-0%dT00:00:00Z"}`+"\n", text, i, i+1)
	}
	docs.WriteString(`{"genre":"report","text":"Nobody was heard of.","published":"2026-09-01T00:00:00Z"}` + "\n")
	printed(t, exitDone, "--db", db, "--now", "2026-09-02", "-q", "import", "--as", "documents", "--source", "s", file(t, "d.jsonl", []byte(docs.String())))
	var out bytes.Buffer
	a := newApp(&cli{DB: db, Quiet: true, Now: time.Date(2026, 9, 2, 0, 0, 0, 0, time.UTC)}, nil, &out, &out)
	defer a.close()
	ed, err := a.editor(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	v := &views{ed: ed, db: a.db, scanner: func() *extract.Scanner { return nil }, now: a.now}
	all, err := v.Entities(t.Context(), intel.Everything(), web.List{Kind: intel.Actor, Page: 1})
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, l := range all.Lines {
		told = append(told, fmt.Sprint(l.Name, " ", l.Documents))
		p, err := v.Profile(t.Context(), intel.Everything(), l.Entity, web.Window{})
		if err != nil || p.Documents != l.Documents {
			t.Errorf("%s: %d documents in the list, %d on its page (%v)", l.Name, l.Documents, p.Documents, err)
		}
		found := web.Results{}
		if err := v.searchNames(t.Context(), intel.Everything(), l.Name, &found); err != nil || len(found.Entities) != 1 || found.Entities[0].Documents != l.Documents || !found.Entities[0].Last.Equal(l.Last) {
			t.Errorf("%s: the search tells %+v of %+v (%v)", l.Name, found.Entities, l, err)
		}
	}
	if got := strings.Join(told, ", "); got != "Grey Heron 3, Cold Lynx 2" {
		t.Errorf("the list is %s", got)
	}
}

func TestADisputedNameLeadsToWhoseItMayBe(t *testing.T) {
	db := disputedStore(t)
	var out bytes.Buffer
	a := newApp(&cli{DB: db, Quiet: true}, nil, &out, &out)
	defer a.close()
	ed, err := a.editor(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for reader, want := range map[intel.Reader]string{intel.Everything(): "analyst:ana disputes it since 2026-05-02: not Cold Lynx", intel.Public(): "an analyst disputes it"} {
		pages := web.Handler(web.Site{Views: &views{ed: ed, db: a.db, scanner: func() *extract.Scanner { return extract.New(ed.Reference()) }, now: a.now}, Reader: reader, Log: a.log, Now: a.now})
		get := func(path string) *httptest.ResponseRecorder {
			w := httptest.NewRecorder()
			pages.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://localhost"+path, nil))
			return w
		}
		if w := get("/actor/snug-bear"); w.Code != http.StatusFound || w.Header().Get("Location") != "/search?q=Snug+Bear" {
			t.Errorf("its page: %d %s", w.Code, w.Header())
		}
		page := get("/search?q=Snug+Bear").Body.String()
		for _, part := range []string{`href="/actor/cold-lynx"`, `href="/actor/grey-heron"`, "50 % of the name Snug Bear, says misp threat-actor; " + want} {
			if !strings.Contains(page, part) {
				t.Errorf("no %s in the search", part)
			}
		}
		if strings.Contains(page, `href="/actor/snug-bear"`) {
			t.Error("the search leads to a page that is none")
		}
	}
}

func TestANameOfTwoActorsLeadsToBothWithTheirShares(t *testing.T) {
	db := listedStore(t)
	var out bytes.Buffer
	a := newApp(&cli{DB: db, Quiet: true}, nil, &out, &out)
	defer a.close()
	ed, err := a.editor(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	pages := web.Handler(web.Site{Views: &views{ed: ed, db: a.db, scanner: func() *extract.Scanner { return extract.New(ed.Reference()) }, now: a.now}, Reader: intel.Everything(), Log: a.log, Now: a.now})
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		pages.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://localhost"+path, nil))
		return w
	}
	if w := get("/actor/nobelium"); w.Code != http.StatusFound || w.Header().Get("Location") != "/search?q=Nobelium" {
		t.Errorf("a name of two leads to %q, status %d", w.Header().Get("Location"), w.Code)
	}
	if page := get("/search?q=Nobelium").Body.String(); strings.Count(page, " % of the name Nobelium, says ") != 2 {
		t.Errorf("want both with shares:\n%s", page)
	}
	if w := get("/actor/apt38"); w.Code != http.StatusOK {
		t.Errorf("the page of one by its main name: status %d", w.Code)
	}
}
