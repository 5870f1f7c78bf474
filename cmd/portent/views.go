package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/extract"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
	"github.com/portent-cti/portent/internal/store"
	"github.com/portent-cti/portent/internal/web"
)

// views reads what the pages show. It implements web.Views.
type views struct {
	ed      *pipeline.Editor
	db      *store.DB
	scanner func() *extract.Scanner
	now     func() time.Time
}

const fourWeeks = 28 * 24 * time.Hour

// Start implements web.Views.
func (v *views) Start(ctx context.Context, r intel.Reader) (s web.Start, err error) {
	now := v.now()
	if s.AsOf, err = v.db.Newest(ctx, r, now); err != nil {
		return s, err
	}
	until := lively(now, s.AsOf)
	if s.Actors, _, err = v.lines(ctx, r, store.Roll{Kind: intel.Actor, Since: until.AddDate(0, 0, -26*7), Until: until, Recent: recent(until)}, until, 10, 0); err != nil {
		return s, err
	}
	if s.Documents, err = v.db.Latest(ctx, r, now, 20); err != nil {
		return s, err
	}
	if s.New, err = v.news(ctx, r, s.Documents); err != nil {
		return s, err
	}
	gists, err := v.gists(ctx, r, s.Documents)
	if err != nil {
		return s, err
	}
	s.Documents = mixed(relevantFirst(s.Documents, gists), 8, 3)
	if s.Sources, err = v.Sources(ctx, r); err != nil {
		return s, err
	}
	counts, err := v.db.Totals(ctx)
	s.Totals = map[string]int{"documents": counts.Documents, "links": counts.Links, "names and values": counts.Entities}
	return s, err
}

// relevantFirst puts irrelevant posts behind all other documents.
func relevantFirst(docs []intel.Document, gists map[intel.DocumentID]intel.Gist) []intel.Document {
	var first, last []intel.Document
	for _, d := range docs {
		if g, ok := gists[d.ID]; ok && g.Irrelevant() {
			last = append(last, d)
		} else {
			first = append(first, d)
		}
	}
	return append(first, last...)
}

// mixed returns the first n documents, of one source so many at most.
func mixed(docs []intel.Document, n, each int) []intel.Document {
	var out []intel.Document
	of := map[intel.SourceID]int{}
	for _, d := range docs {
		if of[d.Source]++; of[d.Source] <= each && len(out) < n {
			out = append(out, d)
		}
	}
	return out
}

// news tells what the latest documents say, one line each.
func (v *views) news(ctx context.Context, r intel.Reader, docs []intel.Document) ([]web.News, error) {
	ids := make([]intel.DocumentID, len(docs))
	for i, d := range docs {
		ids[i] = d.ID
	}
	said, err := v.db.Said(ctx, r, ids)
	if err != nil {
		return nil, err
	}
	var out []web.News
	for _, d := range docs {
		i := slices.IndexFunc(said, func(s store.Said) bool { return s.Document == d.ID && newsworthy(s.Link) })
		if i < 0 {
			continue
		}
		s := said[i]
		name := cmp.Or(s.FromName, v.ed.Reference().Title(s.Link.From))
		text := strings.ReplaceAll(string(s.Link.Relation), "-", " ") + " " + cmp.Or(s.ToName, v.ed.Reference().Title(s.Link.To))
		if s.Link.To.Kind == intel.Organization {
			text = "claims an attack"
		}
		out = append(out, web.News{At: d.Published, What: what(s.Link.Relation), Entity: s.Link.From, Name: name, Text: text, Document: d.ID, Source: d.Source})
		if len(out) == 10 {
			break
		}
	}
	return out, nil
}

func newsworthy(l intel.Link) bool {
	switch l.From.Kind {
	case intel.Actor, intel.Malware, intel.Campaign, intel.Handle:
		return l.Relation != intel.AliasOf && l.Relation != intel.PartOf
	}
	return false
}

func what(r intel.Relation) string {
	switch r {
	case intel.ClaimsAttack:
		return "New claim"
	case intel.Researches:
		return "Research"
	case intel.Intends:
		return "Intention"
	case intel.Offers:
		return "Offer"
	case intel.Exploits:
		return "Exploitation"
	}
	return "Activity"
}

// lively is the moment up to which activity is shown: that of the newest
// document where nothing newer is known for four weeks.
func lively(now, newest time.Time) time.Time {
	if !newest.IsZero() && newest.Before(now.Add(-fourWeeks)) {
		return newest
	}
	return now
}

// recent is the beginning of the four weeks that line counts: the one under way
// is one of them.
func recent(until time.Time) time.Time { return until.Add(7*24*time.Hour - fourWeeks) }

// lines lists entities with how busy they are.
func (v *views) lines(ctx context.Context, r intel.Reader, q store.Roll, until time.Time, limit, offset int) ([]web.ActorLine, int, error) {
	busy, total, err := v.db.Busiest(ctx, r, q, limit, offset)
	if err != nil {
		return nil, 0, err
	}
	out := make([]web.ActorLine, len(busy))
	for i, b := range busy {
		if out[i], err = v.line(ctx, r, b, until); err != nil {
			return nil, 0, err
		}
	}
	if q.Order == store.ByDocuments { // which counts a document once for each name of somebody in it
		slices.SortStableFunc(out, busier)
	}
	return out, total, nil
}

// busier compares two lines by the numbers they show, the greater first.
func busier(a, b web.ActorLine) int {
	return cmp.Or(cmp.Compare(b.Pace().Now, a.Pace().Now), cmp.Compare(b.Documents, a.Documents))
}

// written are the names that documents call e by.
func (v *views) written(ctx context.Context, r intel.Reader, e intel.Entity) ([]intel.Entity, error) {
	names, err := v.db.NamesOf(ctx, r, e)
	plain := make([]intel.Entity, len(names))
	for i, n := range names {
		plain[i] = n.Name
	}
	return plain, err
}

// mentioned is how often documents name e, by whichever name, and since when.
func (v *views) mentioned(ctx context.Context, r intel.Reader, e intel.Entity) (store.Span, error) {
	names, err := v.written(ctx, r, e)
	if err != nil {
		return store.Span{}, err
	}
	return v.db.Mentioned(ctx, r, names, v.now(), time.Time{})
}

func (v *views) line(ctx context.Context, r intel.Reader, b store.Busy, until time.Time) (l web.ActorLine, err error) {
	names, err := v.written(ctx, r, b.Entity)
	if err != nil {
		return l, err
	}
	l = web.ActorLine{Entity: b.Entity, Name: b.Title}
	if t := v.ed.Reference().Title(b.Entity); t != b.Entity.Title() || l.Name == "" {
		l.Name = t
	}
	if l.Weekly, err = v.db.Weekly(ctx, r, names, until.AddDate(0, 0, -26*7), until, time.Time{}); err != nil {
		return l, err
	}
	span, err := v.db.Mentioned(ctx, r, names, v.now(), time.Time{})
	l.First, l.Last, l.Documents = span.First, span.Last, span.Documents
	if f, ok := v.ed.Reference().Facts(b.Entity); ok {
		l.Summary = f.Summary
	}
	return l, err
}

// Entities implements web.Views.
func (v *views) Entities(ctx context.Context, r intel.Reader, l web.List) (web.Entities, error) {
	newest, err := v.db.Newest(ctx, r, v.now())
	if err != nil {
		return web.Entities{}, err
	}
	until := lively(v.now(), newest)
	if l.Query != "" {
		return v.find(ctx, r, l, until)
	}
	q := store.Roll{Kind: l.Kind, Until: v.now(), Recent: recent(until)}
	switch l.Sort {
	case "name":
		q.Order = store.ByName
	case "last":
		q.Order = store.ByLast
	}
	lines, total, err := v.lines(ctx, r, q, until, web.PageRows, (max(1, l.Page)-1)*web.PageRows)
	return web.Entities{Lines: lines, Total: total}, err
}

func (v *views) find(ctx context.Context, r intel.Reader, l web.List, until time.Time) (web.Entities, error) {
	found, err := v.db.Find(ctx, r, l.Query, 500)
	if err != nil {
		return web.Entities{}, err
	}
	var out web.Entities
	seen := map[intel.Entity]bool{}
	for _, t := range found {
		if t.Entity.Kind != l.Kind {
			continue
		}
		matches, err := v.ed.Lookup(ctx, r, t.Entity.String())
		if errors.Is(err, intel.ErrNotFound) {
			continue
		}
		if err != nil {
			return out, err
		}
		for _, m := range matches {
			if seen[m.Entity] || len(out.Lines) == web.PageRows {
				continue
			}
			seen[m.Entity] = true
			line, err := v.line(ctx, r, store.Busy{Titled: store.Titled{Entity: m.Entity, Title: m.Title}}, until)
			if err != nil {
				return out, err
			}
			out.Lines = append(out.Lines, line)
		}
	}
	out.Total = len(out.Lines)
	slices.SortStableFunc(out.Lines, func(a, b web.ActorLine) int {
		switch l.Sort {
		case "name":
			return cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
		case "last":
			return b.Last.Compare(a.Last)
		}
		return busier(a, b)
	})
	return out, nil
}

// meant is the one of matches that a written form is of: the only one, or the one
// whose main name it is.
func meant(matches []pipeline.Match, e intel.Entity) (intel.Entity, bool) {
	for _, m := range matches {
		if m.Entity == e || len(matches) == 1 {
			return m.Entity, true
		}
	}
	return intel.Entity{}, false
}

// Profile implements web.Views.
func (v *views) Profile(ctx context.Context, r intel.Reader, e intel.Entity, w web.Window) (web.Profile, error) {
	matches, err := v.ed.Lookup(ctx, r, e.String())
	if err != nil {
		return web.Profile{}, err
	}
	who, ok := meant(matches, e)
	if !ok {
		return web.Profile{}, fmt.Errorf("profile of %s: %w", e, web.ErrSeveral)
	}
	window := pipeline.Window{Rows: web.PageRows, Section: w.Section, Offset: (max(1, w.Page) - 1) * web.PageRows,
		Filter: pipeline.Filter{Contains: w.Filter, Kind: w.Kind, Level: w.Level}}
	if w.Whole {
		window = pipeline.Window{Proofs: 3, Signed: true}
	}
	p, totals, err := v.ed.Profile(ctx, r, who, window, v.now())
	if errors.Is(err, intel.ErrNotFound) {
		if disputed, more := suspects(ctx, v.db, v.ed, r, e.String()); more != nil || len(disputed) > 0 {
			return web.Profile{}, cmp.Or(more, fmt.Errorf("profile of %s: %w", e, web.ErrSeveral))
		}
	}
	if err != nil {
		return web.Profile{}, err
	}
	out := web.Profile{Profile: p, Totals: totals, All: totals["ioc"]}
	if window.Filter != (pipeline.Filter{}) {
		window = pipeline.Window{Rows: 1}
		_, all, err := v.ed.Profile(ctx, r, who, window, v.now())
		if err != nil {
			return web.Profile{}, err
		}
		out.All = all["ioc"]
	}
	return out, nil
}

// Proofs implements web.Views.
func (v *views) Proofs(ctx context.Context, r intel.Reader, row string) ([]intel.Proof, error) {
	named, err := v.ed.Named(ctx, r, row, v.now())
	if err != nil {
		return nil, err
	}
	return v.ed.Proofs(ctx, r, named, 20, v.now())
}

// mostShown is how much of what was said of a row the history on a page is told from.
const mostShown = 10_000

// History implements web.Views.
func (v *views) History(ctx context.Context, r intel.Reader, row string) (intel.History, error) {
	named, err := v.ed.Named(ctx, r, row, v.now())
	if err != nil {
		return intel.History{}, err
	}
	return v.ed.RowHistory(ctx, r, named, pipeline.Window{}, v.now(), mostShown)
}

// Document implements web.Views.
func (v *views) Document(ctx context.Context, r intel.Reader, id intel.DocumentID) (web.Document, error) {
	doc, err := v.db.Document(ctx, r, id)
	if err != nil {
		return web.Document{}, err
	}
	if doc.Language == "" {
		doc.Language, _ = extract.Language(doc.Text)
	}
	out := web.Document{Document: doc, Names: map[intel.Entity]string{}}
	if out.Observations, err = v.db.Observations(ctx, r, id); err != nil {
		return out, err
	}
	gists, err := v.gists(ctx, r, []intel.Document{doc})
	if err != nil {
		return out, err
	}
	if g, ok := gists[id]; ok {
		out.Gist = &g
	}
	screen, err := v.ed.Screen(ctx, r, v.now())
	if err != nil {
		return out, err
	}
	for i, o := range out.Observations {
		out.Observations[i] = screened(screen, o)
		if o.Offset >= 0 && o.Offset+o.Length <= len(doc.Text) {
			out.Observations[i].Text = doc.Text[o.Offset : o.Offset+o.Length]
		}
		out.Names[o.Entity] = v.ed.Reference().Title(o.Entity)
	}
	return out, nil
}

// Search implements web.Views.
func (v *views) Search(ctx context.Context, r intel.Reader, words string, page int) (web.Results, error) {
	const size = 20
	var out web.Results
	e, err := valueOf(ctx, v.ed, r, v.scanner(), words)
	if err != nil {
		return out, err
	}
	if e.Name != "" && e.Kind.Class() != intel.Name {
		f, err := v.ed.Value(ctx, r, e, pipeline.Window{}, v.now())
		if err != nil {
			return out, err
		}
		if f.Known {
			out.Entities = append(out.Entities, web.Hit{Entity: e, Name: e.Name, First: f.First, Last: f.Last, Documents: f.Documents})
		}
	}
	if err := v.searchNames(ctx, r, words, &out); err != nil {
		return out, err
	}
	docs, err := v.db.Search(ctx, r, words, size+1, (max(1, page)-1)*size)
	if err != nil {
		return out, err
	}
	out.More = len(docs) > size
	docs = docs[:min(size, len(docs))]
	gists, err := v.gists(ctx, r, docs)
	if err != nil {
		return out, err
	}
	for _, d := range docs {
		hit := web.DocumentHit{Document: d, Snippet: excerpt(d.Text, words)}
		if g, ok := gists[d.ID]; ok {
			hit.Gist = &g
		}
		out.Documents = append(out.Documents, hit)
	}
	return out, nil
}

// gists returns what those of docs are that are posts.
func (v *views) gists(ctx context.Context, r intel.Reader, docs []intel.Document) (map[intel.DocumentID]intel.Gist, error) {
	ids := make([]intel.DocumentID, len(docs))
	for i, d := range docs {
		ids[i] = d.ID
	}
	return v.db.Gists(ctx, r, ids)
}

func (v *views) searchNames(ctx context.Context, r intel.Reader, words string, out *web.Results) error {
	found, err := v.db.Find(ctx, r, words, 40)
	if err != nil {
		return err
	}
	seen := map[intel.Entity]bool{}
	for _, h := range out.Entities {
		seen[h.Entity] = true
	}
	// What the reference calls so comes first, whether a document does or not.
	if err := v.hits(ctx, r, words, store.Titled{Title: words}, seen, out); err != nil {
		return err
	}
	for _, t := range found {
		if err := v.hits(ctx, r, t.Entity.String(), t, seen, out); err != nil {
			return err
		}
	}
	return nil
}

// hits adds whom a name means, found as t, to the results.
func (v *views) hits(ctx context.Context, r intel.Reader, name string, t store.Titled, seen map[intel.Entity]bool, out *web.Results) error {
	matches, err := v.ed.Lookup(ctx, r, name)
	if errors.Is(err, intel.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, m := range matches {
		if seen[m.Entity] || len(out.Entities) >= mostHits {
			continue
		}
		seen[m.Entity] = true
		hit := web.Hit{Entity: m.Entity, Name: m.Title}
		if m.Entity != t.Entity && intel.Compact(m.Title) != intel.Compact(t.Title) {
			hit.Why = "also called " + cmp.Or(t.Title, t.Entity.Title())
		}
		if len(matches) > 1 {
			hit.Why = fmt.Sprintf("%.0f %% of the name %s%s", 100*m.Share, cmp.Or(t.Title, t.Entity.Title()), by(m.SaidBy))
		}
		span, err := v.mentioned(ctx, r, m.Entity)
		if err != nil {
			return err
		}
		hit.First, hit.Last, hit.Documents = span.First, span.Last, span.Documents
		if !byAnalysts(m) {
			out.Entities = append(out.Entities, hit)
			continue
		}
		if span.Documents > 0 { // it has a page
			out.Entities = append(out.Entities, hit)
		}
		if err := v.disputed(ctx, r, m.Entity, seen, out); err != nil {
			return err
		}
	}
	return nil
}

// disputed adds to the results for whom a name stood until analysts disputed that.
func (v *views) disputed(ctx context.Context, r intel.Reader, name intel.Entity, seen map[intel.Entity]bool, out *web.Results) error {
	others, err := suspects(ctx, v.db, v.ed, r, name.String())
	if err != nil {
		return err
	}
	for _, s := range others {
		if seen[s.Entity] || len(out.Entities) >= mostHits {
			continue
		}
		seen[s.Entity] = true
		span, err := v.mentioned(ctx, r, s.Entity)
		if err != nil {
			return err
		}
		why := fmt.Sprintf("%.0f %% of the name %s%s; %s", 100*s.Share, name.Title(), by(s.SaidBy), strings.Join(s.disputes(r), "; "))
		out.Entities = append(out.Entities, web.Hit{Entity: s.Entity, Name: s.Title, Why: why, First: span.First, Last: span.Last, Documents: span.Documents})
	}
	return nil
}

// mostHits is how many names and values a search finds.
const mostHits = 15

// excerpt returns the text around the first of words, on one line.
func excerpt(text, words string) string {
	at := -1
	lower := strings.ToLower(text)
	for _, w := range strings.Fields(strings.ToLower(words)) {
		if at = strings.Index(lower, w); at >= 0 {
			break
		}
	}
	from := max(0, at-100)
	to := min(len(text), from+300)
	return strings.Join(strings.Fields(strings.ToValidUTF8(text[min(from, len(text)):to], "")), " ")
}

// Scoreboard implements web.Views.
func (v *views) Scoreboard(ctx context.Context) (intel.Scoreboard, error) {
	return scoreboard(ctx, v.ed, v.now())
}

// Track implements web.Views.
func (v *views) Track(ctx context.Context, r intel.Reader) (intel.Track, error) {
	return v.ed.Track(ctx, r, v.now())
}
