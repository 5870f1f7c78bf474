package pipeline_test

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/figures"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
	"github.com/portent-cti/portent/internal/publish"
	"github.com/portent-cti/portent/internal/store"
)

// A heard is a store of invented documents, each of which names somebody.
type heard struct {
	t    *testing.T
	db   *store.DB
	p    *pipeline.Pipeline
	docs []intel.Document
	base int // so many of them came in the day before the others
}

func hear(t *testing.T) *heard {
	db, p, _ := open(t)
	return &heard{t: t, db: db, p: p}
}

// say lets an account of a source name somebody, so many days before now.
func (h *heard) say(source, account string, e intel.Entity, days int) {
	n, at := len(h.docs), now.AddDate(0, 0, -days)
	indicator := intel.Entity{Kind: intel.Domain, Name: fmt.Sprintf("d%d.example.net", n)}
	h.docs = append(h.docs, intel.Document{ID: intel.NewDocumentID(intel.SourceID(source), fmt.Sprint(n)), Source: intel.SourceID(source), Author: account, Genre: intel.Social,
		Reliability: 'C', Text: fmt.Sprintf("Seen by number %d of %s.", n, account), Published: at, Learned: at,
		Claims: []intel.Claim{{Subject: indicator, Relation: intel.Indicates, Object: e}}})
}

// forecast keeps what was said and makes the forecasts of now.
func (h *heard) forecast() {
	h.t.Helper()
	h.keep(now.AddDate(0, 0, -1), h.docs[:h.base])
	h.keep(now, h.docs[h.base:])
	h.foresee()
}

// weekly keeps what was said week by week, as it was dated, but for what comes in late,
// and makes the forecasts of now.
func (h *heard) weekly() {
	h.t.Helper()
	weeks := map[int][]intel.Document{}
	for _, d := range h.docs {
		ago := int(now.Sub(d.Published).Hours() / 24 / 7)
		if d.Learned.After(d.Published) {
			ago = 0
		}
		weeks[ago] = append(weeks[ago], d)
	}
	for _, ago := range slices.Backward(slices.Sorted(maps.Keys(weeks))) {
		h.keep(now.AddDate(0, 0, -7*ago), weeks[ago])
	}
	h.foresee()
}

// keep takes documents in at a time.
func (h *heard) keep(at time.Time, docs []intel.Document) {
	h.t.Helper()
	h.p.Now = func() time.Time { return at }
	if _, err := h.p.Keep(h.t.Context(), docs); err != nil {
		h.t.Fatal(err)
	}
	h.p.Now = func() time.Time { return now }
}

// foresee makes the forecasts of now.
func (h *heard) foresee() {
	h.t.Helper()
	if err := h.p.Finish(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	if err := h.p.Forecast(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
}

// of returns the forecasts of somebody, by kind and horizon, of which none may be
// without sense.
func (h *heard) of(e intel.Entity) map[string]intel.Forecast {
	h.t.Helper()
	fs, err := h.db.Forecasts(h.t.Context(), intel.Public(), e, h.p.Now())
	if err != nil {
		h.t.Fatal(err)
	}
	out := map[string]intel.Forecast{}
	for _, f := range fs {
		out[fmt.Sprint(f.Kind, " ", f.Horizon)] = f
		last := -1.0
		for _, l := range []string{"0.05", "0.1", "0.25", "0.5", "0.75", "0.9", "0.95"} {
			if q, ok := f.Quantiles[l]; ok && !(q >= last) {
				h.t.Errorf("%s of %s: quantiles %v", f.Kind, e, f.Quantiles)
			} else if ok {
				last = q
			}
		}
		if !(f.Probability >= 0 && f.Probability <= 1) || !(f.BaseRate >= 0) || math.IsInf(f.BaseRate, 0) {
			h.t.Errorf("%s of %s: probability %v, base rate %v", f.Kind, e, f.Probability, f.BaseRate)
		}
		for _, r := range f.Reasons {
			if math.IsNaN(r.Contribution) || math.IsInf(r.Contribution, 0) {
				h.t.Errorf("%s of %s: reason %+v", f.Kind, e, r)
			}
		}
	}
	return out
}

func TestTagsThatAreKnownToBeMalwareOrToolsAreForecastAsOthersAre(t *testing.T) {
	h := hear(t)
	all := []intel.Entity{{Kind: intel.Label, Name: "botnet"}, {Kind: intel.Malware, Name: "frost-rat"}, {Kind: intel.Tool, Name: "frost-kit"},
		{Kind: intel.Campaign, Name: "operation-frost"}, {Kind: intel.Country, Name: "US"}, intel.NewEntity(intel.Actor, "Cold Lynx")}
	for week := range 12 {
		for _, e := range append(all, intel.Untagged()) {
			h.say("feed", "ann", e, 7*week)
		}
	}
	h.forecast()
	if fs := h.of(intel.Untagged()); len(fs) > 0 {
		t.Errorf("that there is no tag is forecast: %v", fs)
	}
	for _, e := range all {
		fs := h.of(e)
		for _, key := range []string{"activity 7", "activity 28", "any activity 28"} {
			if _, ok := fs[key]; !ok {
				t.Errorf("%s has no forecast of %s", e, key)
			}
		}
		if p := fs["any activity 28"].Probability; p < .8 {
			t.Errorf("%s, of which a document came every week, comes with %.2f", e, p)
		}
	}
}

func TestWhoWasHeardOfBeforeAnOutageIsForecastBehindIt(t *testing.T) {
	h := hear(t)
	tag := func(i int) intel.Entity { return intel.Entity{Kind: intel.Label, Name: fmt.Sprintf("tag-%d", i)} }
	for day := range 500 {
		if day >= 15 && day < 215 {
			continue
		}
		h.say("feed", "ann", tag(day%4), day)
		if day > 215 && day < 300 && day%10 == 0 { // the last word of it 220 days ago
			h.say("feed", "ann", tag(4), day)
		}
		if day > 450 {
			h.say("feed", "ann", tag(5), day) // and of this more than half a year before the outage
		}
	}
	h.forecast()
	for i := range 5 {
		f, ok := h.of(tag(i))["any activity 28"]
		if least := map[bool]float64{true: .8, false: .05}[i < 4]; !ok || f.Probability < least {
			t.Errorf("%s: %.2f, %v; want %.2f at least", tag(i), f.Probability, ok, least)
		}
	}
	if fs := h.of(tag(5)); len(fs) != 0 {
		t.Errorf("of what is silent for half a year of weeks that were watched it is said: %v", fs)
	}
}

// actors lets two sources tell of ten actors for a year, by turns.
func (h *heard) actors() []intel.Entity { return h.ten("blog", "wire") }

// ten lets sources tell of ten actors for a year, by turns: of the first five every week,
// of the others once a month; of the very last nothing for twelve weeks.
func (h *heard) ten(sources ...string) []intel.Entity {
	var all []intel.Entity
	for i := range 10 {
		all = append(all, intel.NewEntity(intel.Actor, fmt.Sprintf("Actor %d", i)))
		for week := range 36 {
			if i < 5 || week%4 == i%4 && (i < 9 || week > 12) {
				h.say(sources[week%len(sources)], "desk", all[i], 7*week+1+i%5)
			}
		}
	}
	h.base = len(h.docs)
	return all
}

func TestAFloodFromOneSourceMovesNoForecastByMoreThanAFifth(t *testing.T) {
	figures.Only(t)
	calm := hear(t)
	all := calm.actors()
	calm.forecast()
	for name, flood := range map[string]func(h *heard){
		"of a new source":                  func(h *heard) { h.flood("pastes", "x", all[9], 120, 20) },
		"of a known one":                   func(h *heard) { h.flood("wire", "desk", all[9], 120, 20) },
		"of an account of a vouched one":   func(h *heard) { h.flood("blog", "mallory", all[9], 120, 20) },
		"of two vouched accounts":          func(h *heard) { h.vouched("pastes", 2, all[9], 120) },
		"of twenty vouched accounts":       func(h *heard) { h.vouched("pastes", 20, all[9], 120) },
		"of many accounts of one source":   func(h *heard) { h.sockpuppets("pastes", all[9], 120) },
		"that lasts five weeks":            func(h *heard) { h.flood("pastes", "x", all[9], 150, 35) },
		"of ten actors that do not exist":  func(h *heard) { h.invented("pastes", 10, 12) },
		"of one document a week of itself": func(h *heard) { h.flood("pastes", "x", all[9], 5, 35) },
		"of sources that a file names":     func(h *heard) { h.renamed(all[9], 40) },
		"with a habit dated back":          func(h *heard) { h.late(func() { h.flood("pastes", "x", all[9], 24, 168) }) },
		"dated before the last weeks":      func(h *heard) { h.late(func() { h.flood("pastes", "x", all[9], 600, 105) }) },
		"of half a year dated back":        func(h *heard) { h.late(func() { h.flood("pastes", "x", all[9], 2400, 240) }) },
	} {
		t.Run(name, func(t *testing.T) {
			h := hear(t)
			h.actors()
			flood(h)
			h.forecast()
			if f := h.of(all[9])["any activity 28"]; strings.Contains(name, "a new source") && !bounded(t, f) {
				t.Errorf("it is not told that one voice was bounded: %+v", f.Reasons)
			}
			h.near(calm, all)
		})
	}
}

// near fails where a forecast lies further from that of another store than one source may
// move it.
func (h *heard) near(calm *heard, all []intel.Entity) {
	h.t.Helper()
	for _, e := range all {
		before, after := calm.of(e), h.of(e)
		for _, key := range []string{"any activity 28", "surge 28"} {
			if b, a := before[key], after[key]; math.Abs(a.Probability-b.Probability) > .2 {
				h.t.Errorf("%s: %s moves from %.2f to %.2f", e, key, b.Probability, a.Probability)
			}
		}
		for _, key := range []string{"activity 7", "activity 28"} {
			if was, is := before[key].Quantiles["0.75"], after[key].Quantiles["0.75"]; is > 3*was+5 {
				h.t.Errorf("%s: three in four %s lie below %.0f, before below %.0f", e, key, is, was)
			}
		}
	}
}

// bounded reports whether it is told that a forecast was, and that its reasons add up.
func bounded(t *testing.T, f intel.Forecast) bool {
	t.Helper()
	sum, told := 0.0, false
	for _, r := range f.Reasons {
		sum += r.Contribution
		told = told || strings.HasPrefix(r.Item, "bounded: ") && strings.Contains(r.Item, "pastes") && r.Contribution < 0
	}
	if odds := math.Log(f.Probability / (1 - f.Probability)); math.Abs(sum-odds) > 1e-9 {
		t.Errorf("reasons add up to %v, the log-odds are %v", sum, odds)
	}
	return told
}

// flood lets an account name somebody so often within so many days.
func (h *heard) flood(source, account string, e intel.Entity, n, days int) {
	for i := range n {
		h.say(source, account, e, 1+i*days/n)
	}
}

// vouched is a flood of accounts for which their source vouches.
func (h *heard) vouched(source string, accounts int, e intel.Entity, n int) {
	for i := range n {
		h.say(source, fmt.Sprint("account-", i%accounts), e, 1+i%20)
	}
}

// sockpuppets is a flood of accounts that nobody vouches for.
func (h *heard) sockpuppets(source string, e intel.Entity, n int) {
	for i := range n {
		h.say(source, fmt.Sprint("account-", i%50), e, 1+i%20)
		h.docs[len(h.docs)-1].Reliability = 'E'
	}
}

// renamed is a flood of sources whose names a file made up.
func (h *heard) renamed(e intel.Entity, n int) {
	h.p.Unnamed = intel.Unnamed{"documents"}
	for i := range n {
		h.say(fmt.Sprint("documents/s", i%8), "x", e, 1+i%20)
		h.docs[len(h.docs)-1].Reliability = 'F'
	}
}

// late has all that is said come in now, whatever dates it bears.
func (h *heard) late(say func()) {
	from := len(h.docs)
	say()
	for i := range h.docs[from:] {
		h.docs[from+i].Learned = now
	}
}

// invented is a flood of actors that do not exist.
func (h *heard) invented(source string, actors, n int) {
	for i := range actors {
		h.flood(source, "x", intel.NewEntity(intel.Actor, fmt.Sprintf("Ghost %d", i)), n, 28)
	}
}

func TestASurgeIsCalledWeakAndJudgedByHowManyCame(t *testing.T) {
	for _, more := range []bool{false, true} {
		w := begin(t)
		w.year()
		made := w.day
		fs, err := w.db.Forecasts(t.Context(), intel.Public(), intel.NewEntity(intel.Actor, "Cold Lynx"), made)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(fs, func(f intel.Forecast) bool { return f.Kind == "surge" })
		if i < 0 || fs[i].AtLeast < 5 || fs[i].Target != fmt.Sprintf("%d documents or more", fs[i].AtLeast) {
			t.Fatalf("%+v", fs)
		}
		if said := publish.Outlook(fs[i]); !strings.Contains(said, "(weak: no better than the base rate)") || strings.Contains(said, "%") {
			t.Errorf("%s", said)
		}
		n := fs[i].AtLeast
		if !more {
			n--
		}
		for d := range 28 {
			for _, source := range []string{"blog", "wire"} {
				w.tell(source, w.day, "Quiet Stoat and Grey Heron were seen.")
			}
			for k := d; k < n; k += 28 {
				w.tell("blog", w.day, "Cold Lynx was seen.")
			}
			w.day = w.day.AddDate(0, 0, 1)
		}
		w.finish()
		w.day = w.day.AddDate(0, 0, 15)
		w.judge()
		o, ok := w.outcomes(made)["surge "+fs[i].Target+" 28"]
		if !ok || o.Unscoreable != "" || (o.Came == 1) != more {
			t.Errorf("%d of %d documents came: %+v, %v", n, fs[i].AtLeast, o, ok)
		}
	}
}

func TestNothingIsClaimedOfWhoseOnePostIsAllThatIsKnown(t *testing.T) {
	one := intel.NewEntity(intel.Actor, "Once Only")
	for days, forecasts := range map[int]int{0: 0, 9: 4, 40: 4, 300: 0} { // this week; the last one; a month, or most of a year ago
		h := hear(t)
		h.say("blog", "desk", one, days)
		h.forecast()
		fs := h.of(one)
		if len(fs) != forecasts {
			t.Errorf("%d days ago: %d forecasts, want %d", days, len(fs), forecasts)
		}
		for key, f := range fs {
			if said := publish.Outlook(f); f.Skill != nil || !strings.Contains(said, intel.NoBetter) || len(f.Quantiles) == 0 && strings.Contains(said, "%") {
				t.Errorf("%d days ago: %s says %s", days, key, said)
			}
		}
		if p := fs["any activity 28"].Probability; p > .6 {
			t.Errorf("one post %d days ago makes the next probable: %.2f", days, p)
		}
	}
}

func TestWhatACollectorFoundOnItsFirstDayIsNoSurge(t *testing.T) {
	without, with := hear(t), hear(t)
	all := without.actors()
	with.actors()
	for _, e := range all[:5] {
		for range 40 {
			with.say("wire", "desk", e, 400)
		}
	}
	without.forecast()
	with.forecast()
	for _, e := range all {
		a, b := without.of(e)["any activity 28"], with.of(e)["any activity 28"]
		if math.Abs(a.Probability-b.Probability) > .1 {
			t.Errorf("%s: %.2f with a first day of 40 documents, %.2f without", e, b.Probability, a.Probability)
		}
		if q := with.of(e)["activity 28"].Quantiles["0.95"]; q > 30 {
			t.Errorf("%s: up to %.0f documents", e, q)
		}
	}
}

func TestARenamedGroupIsForecastByAllItsNames(t *testing.T) {
	h := hear(t)
	h.actors()
	lynx, before := intel.NewEntity(intel.Actor, "Cold Lynx"), intel.NewEntity(intel.Actor, "TG-4411")
	for week := range 30 {
		name := lynx
		if week > 8 {
			name = before
		}
		h.say([]string{"blog", "wire"}[week%2], "desk", name, 7*week+1)
	}
	h.forecast()
	f, ok := h.of(lynx)["any activity 28"]
	if !ok || f.Probability < .8 || f.BaseRate < .25 {
		t.Errorf("%.2f against %.2f: %+v", f.Probability, f.BaseRate, f.Reasons)
	}
	if fs := h.of(before); len(fs) != 0 {
		t.Errorf("the name it had is forecast by itself: %v", fs)
	}
}

func TestDatesInTheFutureAreNoActivity(t *testing.T) {
	without, with := hear(t), hear(t)
	all := without.actors()
	with.actors()
	ghost := intel.NewEntity(intel.Actor, "Not Yet")
	for n := range 60 {
		with.say("wire", "desk", all[9], -30-n)
		with.say("wire", "desk", ghost, -1000)
	}
	without.forecast()
	with.forecast()
	for _, e := range all {
		a, b := without.of(e), with.of(e)
		for key := range a {
			if math.Abs(a[key].Probability-b[key].Probability) > 1e-12 || !maps.Equal(a[key].Quantiles, b[key].Quantiles) {
				t.Errorf("%s of %s: %v %v, without what is dated in the future %v %v", key, e, b[key].Probability, b[key].Quantiles, a[key].Probability, a[key].Quantiles)
			}
		}
	}
	if fs := with.of(ghost); len(fs) != 0 {
		t.Errorf("who is told of in three years is forecast: %v", fs)
	}
}

func TestAnEmptyStoreForecastsNothing(t *testing.T) {
	h := hear(t)
	h.forecast()
	if fs := h.of(intel.NewEntity(intel.Actor, "Cold Lynx")); len(fs) != 0 {
		t.Errorf("%v", fs)
	}
}

func TestTheBaseRateOfANewcomerIsThatOfAllOthers(t *testing.T) {
	h := hear(t)
	for i := range 30 { // each is heard of once
		h.say("blog", "desk", intel.NewEntity(intel.Actor, fmt.Sprintf("Once %d", i)), 30+7*i)
	}
	first := intel.NewEntity(intel.Actor, "Newly Come")
	h.say("blog", "desk", first, 9)
	h.forecast()
	fs := h.of(first)
	for _, kind := range []string{"any activity 28", "surge 28"} {
		if f, ok := fs[kind]; !ok || f.BaseRate > .02 {
			t.Errorf("%s: base rate %.3f though nobody was heard of twice", kind, f.BaseRate)
		}
	}
}

func TestAFirstLoadIsNotWhatIsUsual(t *testing.T) {
	h := hear(t)
	h.actors()
	load := intel.NewEntity(intel.Actor, "Loaded At Once")
	for range 200 {
		h.say("blog", "desk", load, 9)
	}
	h.forecast()
	for _, key := range []string{"activity 7", "activity 28"} {
		if f, ok := h.of(load)[key]; !ok || f.BaseRate <= 0 || f.BaseRate > 6 || f.Simple.Mean != f.BaseRate {
			t.Errorf("%s: base rate %.2f, simple rule %.2f; all others have some one a week", key, f.BaseRate, f.Simple.Mean)
		}
	}
}
