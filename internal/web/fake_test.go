package web_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/web"
)

// now is when every test happens.
func now() time.Time { return time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC) }

// fake answers every question with the same words; text writes them, so that
// they can be friendly or hostile. With empty set, nothing has any content.
type fake struct {
	ruled *[]intel.GistVerdict // where words on posts go
	text  func(string) string
	empty bool
}

func plain(s string) string { return s }

const evil = `<script>alert(1)</script><img src=x onerror=alert(1)>"'>javascript:alert(1)`

func hostile(s string) string { return s + evil }

func e(kind intel.Kind, name string) intel.Entity { return intel.Entity{Kind: kind, Name: name} }

func (f fake) entity(kind intel.Kind, name string) intel.Entity { return e(kind, f.text(name)) }

func ago(days int) time.Time { return now().AddDate(0, 0, -days) }

func weeks(n int) (counts []intel.Count) {
	for i := range n {
		counts = append(counts, intel.Count{Start: ago(7 * (n - i)), N: (i*i*7+i*3)%9 + i/12})
	}
	return counts
}

func (f fake) line(name string, n int) web.ActorLine {
	return web.ActorLine{Entity: e(intel.Actor, intel.Slug(name)), Name: f.text(name), Summary: f.text("Extortion group that encrypts and publishes"), Weekly: weeks(30),
		First: ago(900), Last: ago(n % 20), Documents: 386 + n}
}

func (f fake) Start(context.Context, intel.Reader) (web.Start, error) {
	if f.empty {
		return web.Start{}, nil
	}
	s := web.Start{AsOf: now(), Totals: map[string]int{"documents": 48216, "actors": 12}}
	for i, name := range []string{"Tallow Wharf", "Astro Locker", "Brine Ledger", "Grey Cormorant", "Ochre Kite", "Quiet Ferry"} {
		s.Actors = append(s.Actors, f.line(name, i*6))
		s.New = append(s.New, web.News{At: ago(i), What: f.text("New claim"), Entity: e(intel.Actor, intel.Slug(name)), Name: f.text(name), Text: f.text("researches CVE-2099-10417, High 0.83, from 3 forum posts by 2 authors."), Document: "0123abcd", Source: intel.SourceID(f.text("kelp-forum"))})
	}
	s.Documents = f.documents()
	s.Sources, _ = f.Sources(context.Background(), intel.Public())
	return s, nil
}

func (f fake) documents() (docs []intel.Document) {
	for i, t := range []string{"Incident note 212: gateways again", "people with gateway experience", "weekly digest 44", ""} {
		docs = append(docs, intel.Document{ID: intel.DocumentID(fmt.Sprintf("0123abc%d", i)), Source: intel.SourceID(f.text("northgate-labs")), Title: t, Text: f.text("on 17 November a customer called"), Published: ago(i * 3), Marking: intel.Green, Reliability: 'B'})
	}
	docs[1].Title = f.text(docs[1].Title)
	return docs
}

func (f fake) Entities(_ context.Context, _ intel.Reader, l web.List) (web.Entities, error) {
	if f.empty {
		return web.Entities{}, nil
	}
	es := web.Entities{Total: 120}
	for i := range web.PageRows {
		es.Lines = append(es.Lines, f.line(fmt.Sprintf("Actor %d of the list", i), i))
	}
	return es, nil
}

func (f fake) row(id int, entity intel.Entity, value string, p float64) intel.Row {
	level := intel.Low
	switch {
	case p >= .8:
		level = intel.High
	case p >= .5:
		level = intel.Medium
	}
	return intel.Row{ID: fmt.Sprint(id), Entity: entity, Value: f.text(value), Relation: intel.AssociatedWith, Role: f.text("target"), Type: f.text("file"), Phase: f.text("delivery"),
		Hostname: f.text("node-77.hosting.example"), Campaign: f.text("Cold Gateway"), Weakness: []string{f.text("CWE-78"), "CWE-287"}, Description: f.text("shared code: one loader, 11 addresses"),
		Level: level, Probability: p, First: ago(800), Last: ago(2), Origins: 3, Documents: 5, SaidBy: []string{f.text("Northgate Labs"), "Ridgeline"}}
}

func (f fake) rows(from int, kind intel.Kind, values ...string) (rows []intel.Row) {
	for i, v := range values {
		rows = append(rows, f.row(from+i, f.entity(kind, v), v, .97-.17*float64(i%6)))
	}
	rows[len(rows)-1].First, rows[len(rows)-1].Last = time.Time{}, time.Time{}
	return rows
}

func (f fake) predicted(from int, kind intel.Kind, values ...string) []intel.Row {
	rows := f.rows(from, kind, values...)
	for i := range rows {
		rows[i].Predicted, rows[i].Origins, rows[i].First, rows[i].Last = true, 0, time.Time{}, time.Time{}
		rows[i].Probability, rows[i].Level = .41, intel.Low
	}
	return rows
}

func (f fake) Profile(_ context.Context, _ intel.Reader, entity intel.Entity, w web.Window) (web.Profile, error) {
	if entity.Name == "shared-name" {
		return web.Profile{}, web.ErrSeveral
	}
	if entity.Name == "nobody" {
		return web.Profile{}, fmt.Errorf("actor %s: %w", entity.Name, intel.ErrNotFound)
	}
	if entity.Name == "broken" {
		return web.Profile{}, fmt.Errorf("disk is full")
	}
	if entity.Name == "astro-locker-team" {
		entity.Name = "astro-locker"
	}
	p := web.Profile{Profile: intel.Profile{Entity: entity, Marking: intel.Amber}}
	if f.empty {
		return p, nil
	}
	p.Name, p.AsOf, p.First, p.Last, p.Origins, p.Documents = f.text("Astro Locker"), now(), ago(2000), ago(1), 14, 386
	p.Summary = f.text("Extortion group that encrypts and publishes, active since March 2021. It is busier than usual: 36 activities in 28 days, 38 % more than in the 28 before.")
	p.Aliases = f.rows(100, intel.Actor, "Astro Locker Team", "TG-4411", "Ashen Locker", "Locker-A4")
	p.Associated = f.rows(200, intel.Actor, "Tallow Wharf", "Quiet Ferry", "Brine Ledger", "Grey Cormorant")
	for i := range p.Associated {
		p.Associated[i].Common = []intel.Common{{What: "addresses", N: 12, Weight: 4.5}, {What: "documents", N: 1 + i, Weight: .5}}
	}
	p.Campaigns = f.rows(300, intel.Campaign, "Cold Gateway", "Paper Harbour", "Winter ledger")
	p.Countries = f.rows(400, intel.Country, "US", "CN", "DE")
	p.Activities = intel.Activities{Weekly: weeks(104), Monthly: weeks(40), Total: 417}
	p.Activities.Events = []intel.Event{{At: ago(2), What: f.text("Loader seen beaconing to a fresh address in two places."), Document: "0123abc0", Source: "northgate-labs"}, {What: "Undated", Document: "0123abc1"}}
	f.standing(&p)
	p.Intentions = f.rows(500, intel.Intent, "extortion", "sell-access")
	p.Research = f.rows(600, intel.Vulnerability, "CVE-2099-10417", "CVE-2099-11002")
	p.Attacks = []intel.Tally{{Country: f.text("US"), Sector: f.text("Manufacturing"), N: 29}, {Country: "DE", Sector: "Health care", N: 21}, {Sector: "Transport", N: 9}}
	p.Arsenal = f.rows(700, intel.Malware, "Cobalt Strike", "Mount Locker")
	p.IOC = f.rows(800, intel.IPv4, "203.0.113.77", "198.51.100.23", "192.0.2.44", "203.0.113.9", "203.0.113.10", "198.51.100.77", "198.51.100.78", "198.51.100.79", "203.0.113.140", "203.0.113.141", "203.0.113.142")
	again := .173
	p.IOC[0].SeenAgain = &again
	p.TTP = append(f.rows(900, intel.Technique, "T1190 Exploit Public-Facing Application", "T1003.001 LSASS Memory"), f.predicted(950, intel.Technique, "T1567.002 Exfiltration to Cloud Storage")...)
	p.IOA = append(f.rows(1000, intel.File, "/portal/admin/export.asp", "/portal/x.php"), f.predicted(1050, intel.File, "/portal/ajax_acl_edit.php")...)
	p.Totals = map[string]int{"ioc": 271}
	p.All = 271
	p.Forecasts, p.Ahead, p.Changes = f.forecasts(entity), f.ahead(), f.changes()
	p.References = []string{"https://reports.northgate.example/notes/212", f.text("https://cert.halden.example/2026-31"), "javascript:alert(1)"}
	p.Licence = f.text("Invented for a test.")
	return p, nil
}

// standing puts in the scores that entities of its kind have.
func (f fake) standing(p *web.Profile) {
	s := &intel.Standing{Score: 6.9, Band: "elevated threat", Attention: 2.1, Rank: 12, Of: 340, Voices: 6,
		Parts: []intel.Part{{Genre: intel.Forum, Voices: 4, Weight: 1.6}, {Genre: intel.Genre(f.text("social")), Voices: 1, Weight: .5}}}
	for i, w := range weeks(26) {
		s.Weekly = append(s.Weekly, intel.Measured{Start: w.Start, Weight: float64(w.N) / 3 * float64(1+i%2)})
	}
	switch p.Entity.Kind {
	case intel.Vulnerability, intel.Product, intel.Vendor:
		p.Interest = s
	default:
		other := *s
		other.Score, other.Band, other.Parts = 0, "very low activity", nil
		p.Activities.Offensive, p.Activities.Defensive = s, &other
	}
	if p.Entity.Kind != intel.Country {
		return
	}
	for i, from := range []intel.Entity{e(intel.Country, "RU"), {}} {
		t := intel.Tension{From: from, To: p.Entity, Value: f.text("Russia"), Tension: 4.2, Trend: intel.Rising, Change: 1.8, Origins: 5, Documents: 1234, First: ago(700), Last: ago(3),
			Actors: f.rows(1100+10*i, intel.Actor, "Cold Lynx", "Astro Locker")}
		for _, w := range weeks(24) {
			t.Monthly = append(t.Monthly, intel.Month{Start: w.Start, Documents: w.N, Origins: 1})
		}
		p.Relations = append(p.Relations, t)
	}
	out := p.Relations[0]
	out.From, out.To = p.Entity, e(intel.Country, "UA")
	p.Relations = append(p.Relations, out)
}

func (f fake) forecasts(entity intel.Entity) []intel.Forecast {
	base := intel.Forecast{Subject: entity, Made: now(), Due: now().AddDate(0, 0, 28), Horizon: 28, Rule: f.text("counted on the day it is due"), Model: "gamma-poisson",
		Reasons: []intel.Reason{{Item: f.text("target of 37 % of claims"), Contribution: .7}, {Item: "two access offers", Contribution: -.2}}}
	month, week, known, unknown := base, base, base, base
	month.Kind, month.Target, month.BaseRate = "activity", "documents", 21
	month.Precedents = []intel.Precedent{{Series: f.entity(intel.Actor, "tallow-wharf"), Name: f.text("Tallow Wharf"), Stretch: intel.Stretch{From: ago(200), Until: ago(172)}, Before: 31, Came: 40,
		Documents: []intel.Event{{At: ago(180), What: f.text("Claim on a leak site"), Document: "0123abc1", Source: "kelp"}, {At: ago(190), What: f.text("Incident note 198"), Document: "0123abc2"}}},
		{Series: entity, Name: f.text("Astro Locker"), Stretch: intel.Stretch{From: ago(400), Until: ago(372)}, Before: 28, Came: 21}}
	month.Unwatched = []intel.Stretch{{From: ago(7 * 40), Until: ago(7 * 37)}}
	month.Quantiles = map[string]float64{"0.1": 18, "0.25": 25, "0.5": 32, "0.75": 39, "0.9": 51}
	week.Kind, week.Target, week.Horizon, week.BaseRate = "activity", "documents", 7, 5.25
	week.Quantiles = map[string]float64{"0.1": 4, "0.25": 6, "0.5": 8, "0.75": 10, "0.9": 15}
	known.Kind, known.Target, known.Probability, known.BaseRate, known.Skill = "country", f.text("country:US"), .79, .61, []float64{.18, .11, .25}
	unknown.Kind, unknown.Target, unknown.Probability, unknown.BaseRate = f.text("technique"), "technique:T1567.002", .44, .1
	return []intel.Forecast{month, week, known, unknown}
}

// ahead is four weeks of what a forecast comes to.
func (f fake) ahead() (all []intel.WeekAhead) {
	from := now().Truncate(24 * time.Hour)
	for i := range 4 {
		w := intel.WeekAhead{Stretch: intel.Stretch{From: from.AddDate(0, 0, 7*i), Until: from.AddDate(0, 0, 7*i+7)}, Median: 8, Half: intel.Range{6, 10}, Most: intel.Range{4, 13}, NearlyAll: intel.Range{2, 17}}
		if i == 0 {
			w.Half, w.Most, w.NearlyAll = intel.Range{7, 10}, intel.Range{5, 12}, intel.Range{4, 15}
		}
		all = append(all, w)
	}
	return all
}

// changes are of each sort.
func (f fake) changes() intel.Changes {
	number := func(x float64) *float64 { return &x }
	rank := func(n int, p float64) *intel.Stand { return &intel.Stand{Rank: n, Probability: &p} }
	of := func(kind, target string, before, now *intel.Stand) intel.Change {
		return intel.Change{Kind: f.text(kind), Target: f.text(target), Name: f.text("as it is called"), Horizon: 28, Before: before, Now: now}
	}
	return intel.Changes{Made: now(), Since: ago(7), Came: 1, CameNot: 61, Unscoreable: 3,
		Moved: []intel.Change{of("activity", "documents", &intel.Stand{Median: number(20), Low: 12, Up: 31}, &intel.Stand{Median: number(32), Low: 18, Up: 51}),
			of("technique", "technique:T1567.002", rank(7, .2), rank(2, .41)), of("sector", "sector:health", rank(2, .3), rank(6, .1))},
		New: []intel.Change{of("country", "country:DE", nil, rank(9, .1))}, Gone: []intel.Change{of("tool", "tool:mimikatz", rank(10, .1), nil)},
		Judged: []intel.Settled{{Kind: "activity", Target: "documents", Horizon: 7, Made: ago(21), Due: ago(14), Stand: intel.Stand{Median: number(9), Low: 4, Up: 15}, Came: 17},
			{Kind: "country", Target: f.text("country:US"), Horizon: 28, Made: ago(42), Due: ago(14), Stand: *rank(0, .44), Came: 1},
			{Kind: "sector", Target: "sector:energy", Horizon: 28, Made: ago(42), Due: ago(14), Stand: *rank(0, .02)},
			{Kind: "tool", Target: "tool:x", Horizon: 28, Made: ago(42), Due: ago(14), Stand: *rank(0, .02), Unscoreable: f.text("the sources were silent for 40 % of its time")}}}
}

func (f fake) Proofs(_ context.Context, _ intel.Reader, row string) ([]intel.Proof, error) {
	if row == "broken" {
		return nil, fmt.Errorf("disk is full")
	}
	if f.empty || row == "1050" {
		return nil, nil
	}
	return []intel.Proof{
		{Document: "0123abc2", Source: intel.SourceID(f.text("analyst:ana")), Genre: intel.Verdict, Title: f.text("Refuted by analyst:ana: ipv4:203.0.113.77 indicates actor:astro-locker"), Snippet: f.text("a customer of ours"), Offset: -1, At: ago(1), Stance: intel.Disputes, Weight: 1, Marking: intel.AmberStrict},
		{Document: "0123abc0", Source: intel.SourceID(f.text("northgate-labs")), Title: f.text("incident note 212"), URL: f.text("javascript:alert(1)//"), Snippet: f.text("…the same loader beaconed to 203[.]0[.]113[.]77:8443 every 61 seconds…"), Offset: 4181, At: ago(3), Origin: f.text("Northgate Labs"), Weight: .9},
		{Document: "0123abc1", Source: "kelp-forum", URL: "https://kelp.example/t/1", Snippet: "box was 203.0.113.77, still warm", Offset: -1, Origin: "seller", Stance: intel.Disputes},
	}, nil
}

func (f fake) History(_ context.Context, _ intel.Reader, row string) (intel.History, error) {
	if f.empty || row == "1050" {
		return intel.History{}, fmt.Errorf("row %s: %w", row, intel.ErrNotFound)
	}
	h := intel.History{Row: row, More: 3}
	for i := range 40 {
		h.Turns = append(h.Turns, intel.Turn{At: ago(400 - 10*i), Sort: intel.TurnLearned, Why: f.text("Northgate Labs says so, Ridgeline says so within two days of Northgate Labs, and both count as one"),
			BelievedBefore: .01, Believed: .87, LevelBefore: intel.Low, Level: intel.Medium})
	}
	return h, nil
}

func (f fake) Indicator(ctx context.Context, r intel.Reader, entity intel.Entity, pieces int) (web.Indicator, error) {
	if f.empty {
		return web.Indicator{Entity: entity}, nil
	}
	proofs, err := f.Proofs(ctx, r, "1")
	i := web.Indicator{Entity: entity, Marking: intel.Amber, AsOf: now(), Country: f.text("Germany (DE)"), First: ago(100), Last: ago(2), Origins: 3,
		Claims: f.rows(1, intel.Actor, "Astro Locker", "Tallow Wharf", "Research scanner"), Related: f.rows(10, intel.Domain, "updates.gateway-help.example"), Proofs: proofs, Documents: f.documents(), Total: 5}
	i.Claims = append(i.Claims, f.rows(5, intel.Label, "C2", "Untagged")...)
	i.Claims[4].Entity = intel.Untagged()
	if i.Pieces = len(proofs); pieces < web.MostPieces {
		i.Proofs = proofs[:1]
	}
	again, polynomial := .173, .46
	i.SeenAgain, i.Polynomial = &again, &polynomial
	i.Corroboration = &intel.Corroboration{Probability: .0312, Until: now().AddDate(0, 0, 60)}
	if entity.Name == "192.0.2.99" { // long gone, and undated
		for n := range i.Claims {
			i.Claims[n].Level, i.Claims[n].Probability, i.Claims[n].Last = intel.Low, .01, time.Time{}
		}
	}
	if entity.Name == "203.0.113.78" {
		i.Claims = i.Claims[4:]
	}
	if entity.Name == "192.0.2.53" {
		i.SeenAgain, i.Polynomial, i.Corroboration = nil, nil, nil
		i.Suppressed = f.text("warninglist: public-dns-v4")
	}
	return i, err
}

const note = `INCIDENT NOTE 212: GATEWAYS AGAIN
Northgate Labs, 20 November 2026

On 17 November a customer in Germany called about encrypted file
servers. The group calls itself Astro Locker Team. Beacons went to
hxxps://203[.]0[.]113[.]77/portal/admin/export.asp every 61 seconds;
name resolution went to 192.0.2.53. Шифровальщик «Astro» – 加密.`

func (f fake) Document(_ context.Context, _ intel.Reader, id intel.DocumentID) (web.Document, error) {
	if f.empty {
		return web.Document{Document: intel.Document{ID: id}}, nil
	}
	d := web.Document{Document: intel.Document{ID: id, Source: intel.SourceID(f.text("northgate-labs")), Genre: intel.Report, URL: "https://reports.northgate.example/notes/212", Author: f.text("northgate"), Channel: f.text("kelp/room"),
		Title: f.text("Incident note 212: gateways again"), Text: f.text(note), Language: f.text("en"), References: []string{"https://kelp.example/", "javascript:alert(1)"},
		Marking: intel.Green, Reliability: 'A', Published: ago(3), Learned: ago(2)}}
	d.Gist = &intel.Gist{Relevance: .934, Intents: []intel.Guess{{Intent: intel.AccessSale, Probability: .81}, {Intent: intel.Recruiting, Probability: .52}}}
	d.Claims = []intel.Claim{{Subject: f.entity(intel.IPv4, "203.0.113.77"), Relation: intel.Indicates, Object: e(intel.Actor, "astro-locker"), Reference: f.text("javascript:alert(1)"), Context: intel.Context{Note: f.text("control server"), Port: "8443/tcp"}, At: ago(4)}}
	see := func(kind intel.Kind, name, text, aside string) {
		d.Observations = append(d.Observations, intel.Observation{Document: id, Entity: f.entity(kind, name), Offset: indexOf(d.Text, text), Length: len(text), Text: text, Suppressed: aside})
	}
	see(intel.Country, "DE", "Germany", "")
	see(intel.Actor, "astro-locker-team", "Astro Locker Team", "")
	see(intel.Actor, "astro-locker", "Astro Locker", "")
	see(intel.URL, "https://203.0.113.77/portal/admin/export.asp", "hxxps://203[.]0[.]113[.]77/portal/admin/export.asp", "")
	see(intel.IPv4, "203.0.113.77", "203[.]0[.]113[.]77", "")
	see(intel.IPv4, "192.0.2.53", "192.0.2.53", f.text("warninglist: public-dns-v4"))
	see(intel.Malware, "astro", "not in the text", "")
	return d, nil
}

func (f fake) Search(context.Context, intel.Reader, string, int) (web.Results, error) {
	if f.empty {
		return web.Results{}, nil
	}
	r := web.Results{Total: 131, More: true, Entities: []web.Hit{{Entity: e(intel.Actor, "astro-locker"), Name: f.text("Astro Locker"), Why: f.text("its name"), First: ago(900), Last: ago(1), Documents: 386}, {Entity: f.entity(intel.IPv4, "203.0.113.77"), Name: f.text("203.0.113.77")}}}
	for _, d := range f.documents() {
		r.Documents = append(r.Documents, web.DocumentHit{Document: d, Gist: &intel.Gist{Relevance: .05}, Snippet: f.text("…the group calls itself Astro Locker Team…")})
	}
	return r, nil
}

func (f fake) Scoreboard(context.Context) (b intel.Scoreboard, err error) {
	if f.empty {
		return b, nil
	}
	b.Corroboration.Why = f.text("12 values whose 90 days are over, 1 of them reported by a second account; wanted are 20000 and 200")
	share := .947
	b.Levels = []intel.LevelRecord{{Level: intel.High, From: .8, Right: 157, N: 161, OwnRight: 5, OwnN: 9.7, Observed: &share}, {Level: intel.Medium, From: .5}, {Level: intel.Low, Right: 114, N: 433}}
	for i := range 10 {
		p := (float64(i) + .5) / 10
		b.Bins = append(b.Bins, intel.Bin{Predicted: p, Observed: p * .97, N: 168, Least: p * .9, Most: min(1, p*1.05)})
	}
	for i, name := range []string{"sophos", f.text("northgate-labs"), "tweetfeed"} {
		b.Sources = append(b.Sources, intel.SourceRecord{Source: intel.SourceID(name), Letter: 'B', Right: float64(29 * i), Wrong: 1, OwnWrong: .5 * float64(i), Mean: .921})
	}
	return b, nil
}

func (f fake) Track(context.Context, intel.Reader) (t intel.Track, err error) {
	if f.empty {
		return t, nil
	}
	number := func(x float64) *float64 { return &x }
	event := intel.HeadRecord{Head: "technique", Forecasts: 61204, Due: 40211, Judged: 38000, Unscoreable: 211, Days: 190, Brier: number(.0091), BrierSkill: &intel.Interval{.01, -.01, .03},
		LogLoss: number(.05), BaseLogLoss: number(.051), ECE: number(.002), Verdict: intel.NoBetter}
	for i, p := range []float64{.004, .008, .015, .04, .08, .15, .25, .55, .85} {
		event.Reliability = append(event.Reliability, intel.ReliabilityPoint{P: p, Observed: .9 * p, N: 20000 >> i, Least: .7 * p, Most: min(1, 1.2*p)})
	}
	count := intel.HeadRecord{Head: "activity", Forecasts: 1204, Due: 900, Judged: 800, Unscoreable: 31, Days: 180, CRPS: number(2.31), CRPSSkill: &intel.Interval{.25, .2, .31}, CRPSSimple: &intel.Interval{.19, .11, .28},
		LogLoss: number(2.1), BaseLogLoss: number(2.9), ECE: number(.02), Verdict: intel.Better}
	for _, p := range []float64{.05, .1, .25, .5, .75, .9, .95} {
		count.Reliability = append(count.Reliability, intel.ReliabilityPoint{P: p, Observed: min(1, p+.02), N: 800, Least: p, Most: min(1, p+.05)})
	}
	young := intel.HeadRecord{Head: f.text("any activity"), Forecasts: 12, Due: 3, Judged: 2, Brier: number(.4), BrierSkill: &intel.Interval{-2.5, math.NaN(), math.NaN()}, ECE: number(.4), Verdict: intel.NoBetter, Why: "made over 3 days: an interval takes 84"}
	t.Heads = []intel.HeadRecord{count, young, event, {Head: "sector", Forecasts: 4}}
	for i := range 12 {
		a := event
		a.Head, a.Actor, a.Name, a.Judged = "", f.entity(intel.Actor, fmt.Sprint("actor-", i)), f.text(fmt.Sprint("Actor ", i)), 380-i
		t.Actors = append(t.Actors, a)
	}
	t.Chain = intel.Chain{State: intel.ChainIntact, Forecasts: 62424, Head: "62424:" + strings.Repeat("9f", 32), Checked: now()}
	if f.text("x") != "x" {
		t.Chain.State, t.Chain.More = intel.ChainBroken, 3
		t.Chain.Faults = []intel.ChainFault{{Number: 4, Forecast: f.text("ab12"), What: intel.Changed, Detail: f.text("it is not what was written")}}
	}
	return t, nil
}

func (f fake) Sources(context.Context, intel.Reader) ([]web.SourceHealth, error) {
	if f.empty {
		return nil, nil
	}
	return []web.SourceHealth{
		{Name: intel.SourceID(f.text("kelp forum")), Connector: f.text("forum"), State: web.Failing, Reliability: 'C', Documents: 2904, Daily: weeks(14), LastSuccess: ago(2), LastFailure: ago(0), LastError: f.text("HTTP 403"),
			Failing: 7, Circuit: intel.Opened, Next: now().Add(time.Hour), Outages: []intel.Outage{{Stretch: intel.Stretch{From: ago(2), Until: now()}, Why: f.text("HTTP 403")}}},
		{Name: "northgate-labs", Connector: "rss", State: web.OnTime, Reliability: 'A', Documents: 48216, Documents24: 3, PerDay: 3.4, Daily: weeks(14), LastSuccess: now(), Next: now().Add(time.Hour),
			Known: 1200, Copies: 3, Yielded: 30123, Told: 61234, Firsts: 4120, Seconded: 812, Counted: now(), Lag: 26 * time.Hour},
		{Name: "lowtide", Connector: "list", State: web.Late, Documents: 12}, {Name: "old paste mirror", Connector: "paste", State: web.Silent, Documents: 40, Silent: ago(9)}, {Name: "new one", State: ""},
	}, nil
}

// serve returns a server of the pages over f.
func (f fake) rule(_ context.Context, post intel.DocumentID, ruling intel.Ruling, intent intel.Purpose) error {
	v := intel.GistVerdict{Post: post, Ruling: ruling, Intent: intent}
	if err := v.Check(); err != nil {
		return err
	}
	if f.ruled != nil {
		*f.ruled = append(*f.ruled, v)
	}
	return nil
}

func serve(f fake) http.Handler {
	return web.Handler(web.Site{Views: f, Reader: intel.Everything(), Notice: "Everything here is invented.", Log: slog.New(slog.DiscardHandler), Now: now, Rule: f.rule,
		Formats: []web.Format{{Extension: ".md", MediaType: "text/markdown; charset=utf-8", Label: "Markdown", Write: func(w io.Writer, p intel.Profile) error {
			_, err := fmt.Fprintf(w, "# %s\n", p.Name)
			return err
		}}}})
}

// get asks h for a path as a browser on this machine would.
func get(t *testing.T, h http.Handler, path string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1:8080"+path, nil)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}
