package web

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// profilePage is everything the profile's template prints.
type profilePage struct {
	Profile
	Menu            menuKind
	Early           []table // before the activities
	Middle          []table // between them and the attacks
	Late            []table
	Rows, Predicted int
	Contested       []row // that are shown and disputed
	Weekly          []intel.Count
	Trend           *trend
	Chart           *bars
	Ahead           *aheadChart
	Since           *changesPage
	Per             string // "week" or "month"
	Both            bool   // both are there to choose from
	Base            string
	Sectors         []share
	Countries       []share
	Attacks         int
	Numbers         []forecastRow
	Chances         []forecastGroup
	Formats         []download
	Scores          []standing
	Ways            []way
}

type download struct{ Href, Label string }

// entity serves the page of one entity, or its download.
func (h *handler) entity(w http.ResponseWriter, r *http.Request) {
	kind, name := r.PathValue("kind"), r.PathValue("name")
	for _, f := range h.Formats {
		stem, ok := strings.CutSuffix(name, f.Extension)
		m, known := menuFor(func(m menuKind) bool { return m.List == "/"+kind })
		if ok && known && stem != "" {
			h.download(w, r, intel.NewEntity(m.Kind, stem), f)
			return
		}
	}
	h.page(h.profile)(w, r)
}

func (h *handler) download(w http.ResponseWriter, r *http.Request, e intel.Entity, f Format) {
	p, err := h.Views.Profile(r.Context(), h.Reader, e, Window{Whole: true})
	if errors.Is(err, ErrSeveral) {
		http.Redirect(w, r, candidatesPath(e), http.StatusFound)
		return
	}
	if err != nil {
		h.fail(w, r, err)
		return
	}
	var b bytes.Buffer
	if err := f.Write(&b, p.Profile); err != nil {
		h.fail(w, r, fmt.Errorf("profile of %s as %s: %w", e, f.Extension, err))
		return
	}
	w.Header().Set("Content-Type", f.MediaType)
	w.Header().Set("Content-Disposition", "inline")
	w.Header().Set("Content-Length", itoa(b.Len()))
	if r.Method != http.MethodHead {
		w.Write(b.Bytes()) //nolint:errcheck // the reader has gone; there is nobody to tell
	}
}

// profile serves "/actor/astro-locker" and its like.
func (h *handler) profile(r *http.Request) (view, error) {
	m, ok := menuFor(func(m menuKind) bool { return string(m.Kind) == r.PathValue("kind") })
	if !ok {
		return view{}, intel.ErrNotFound
	}
	e := intel.NewEntity(m.Kind, r.PathValue("name"))
	if e.Name == "" {
		return view{}, intel.ErrNotFound
	}
	window, err := windowOf(r.URL.Query())
	if err != nil {
		return view{}, err
	}
	p, err := h.Views.Profile(r.Context(), h.Reader, e, window)
	if errors.Is(err, ErrSeveral) {
		return view{Path: candidatesPath(e)}, nil
	}
	if err != nil {
		return view{}, err
	}
	base := Path(p.Entity)
	if p.Entity != e || base != r.URL.EscapedPath() {
		if target := withQuery(base, r.URL.RawQuery); base != r.URL.EscapedPath() && strings.HasPrefix(base, "/") {
			return view{Path: target}, nil
		}
	}
	if p.Name == "" {
		p.Name = p.Entity.Title()
	}
	page := h.profilePage(p, m, window, r.URL.Query())
	if err := h.prove(r, &page); err != nil {
		return view{}, err
	}
	return view{Template: "profile", Title: p.Name, Nav: m.List, Print: tlp(p.Marking), Data: page}, nil
}

// prove reads the evidence and the history of the one row that is open.
func (h *handler) prove(r *http.Request, page *profilePage) error {
	for _, w := range page.Ways {
		for i := range w.Rows {
			if w.Rows[i].Open {
				if err := h.open(r, &w.Rows[i].row); err != nil {
					return err
				}
			}
		}
	}
	for _, ts := range [][]table{page.Early, page.Middle, page.Late} {
		for i := range ts {
			if line := ts[i].opened(); line != nil {
				if err := h.open(r, line); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (h *handler) profilePage(p Profile, m menuKind, w Window, q url.Values) profilePage {
	page := profilePage{Profile: p, Menu: m, Base: Path(p.Entity), Per: "week", Weekly: p.Activities.Weekly}
	page.Early, page.Middle, page.Late = tables(p)
	for _, ts := range [][]table{page.Early, page.Middle, page.Late} {
		for i := range ts {
			ts[i].fill(p, page.Base, w, q.Get("open"))
			page.Rows += ts[i].Total
			page.Predicted += len(ts[i].Predicted)
			page.Contested = append(page.Contested, slices.DeleteFunc(slices.Clone(ts[i].Observed), func(r row) bool { return !r.Disputed })...)
		}
	}
	if m.Kind != intel.Actor { // elsewhere an empty table says nothing
		empty := func(t table) bool { return t.Total == 0 && !t.Filtered }
		page.Early, page.Middle, page.Late = slices.DeleteFunc(page.Early, empty), slices.DeleteFunc(page.Middle, empty), slices.DeleteFunc(page.Late, empty)
	}
	if pace := intel.PaceOf(p.Activities.Weekly); pace.Direction > intel.Silent {
		t := change(pace)
		page.Trend = &t
	}
	weekly, monthly := p.Activities.Weekly, p.Activities.Monthly
	page.Both = len(weekly) > 1 && len(monthly) > 1
	counts := weekly[max(0, len(weekly)-52):]
	if q.Get("per") == "month" || (q.Get("per") == "" && sum(counts) == 0) {
		counts, page.Per = monthly, "month"
	}
	page.Chart = barChart(counts, page.Per)
	page.Sectors, page.Countries, page.Attacks = shares(p.Attacks)
	page.Numbers, page.Chances = forecasts(p.Forecasts)
	page.Ahead, page.Since = ahead(p.Profile), changesOf(p.Changes)
	page.Scores, page.Ways = standings(p, m.Plural), ways(p, page.Base, q.Get("open"))
	for _, f := range h.Formats {
		if name := url.PathEscape(p.Entity.Name); !strings.Contains(p.Entity.Name, "/") {
			page.Formats = append(page.Formats, download{m.List + "/" + name + f.Extension, f.Label})
		}
	}
	return page
}

// windowOf reads which part of the tables is asked for.
func windowOf(q url.Values) (Window, error) {
	w := Window{Section: q.Get("section"), Filter: q.Get("ioc"), Kind: intel.Kind(q.Get("kind")), Level: intel.Level(q.Get("level"))}
	if w.Kind != "" && !w.Kind.Known() {
		return w, fmt.Errorf("kind %q: %w", w.Kind, intel.ErrInvalid)
	}
	if w.Level != "" && w.Level != intel.High && w.Level != intel.Medium && w.Level != intel.Low {
		return w, fmt.Errorf("level %q: %w", w.Level, intel.ErrInvalid)
	}
	var err error
	w.Page, err = pageOf(q)
	return w, err
}

// pageOf reads the number of a page, 1 where there is none, at most MostPages.
func pageOf(q url.Values) (int, error) {
	s := q.Get("page")
	if s == "" {
		return 1, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > MostPages {
		return 0, fmt.Errorf("page %q: %w", s, intel.ErrInvalid)
	}
	return n, nil
}

func withQuery(path, query string) string {
	if query == "" || strings.Contains(path, "?") {
		return path
	}
	return path + "?" + query
}

func sum(counts []intel.Count) (n int) {
	for _, c := range counts {
		n += c.N
	}
	return n
}

// shares adds up attacks by sector and by country, the seven greatest of each
// and the rest. A tally with neither counts as unknown.
func shares(tallies []intel.Tally) (sectors, countries []share, total int) {
	bySector, byCountry := map[string]int{}, map[string]int{}
	for _, t := range tallies {
		switch {
		case t.Sector != "" && t.Country == "":
			bySector[cmp.Or(t.Value, t.Sector)] += t.N
		case t.Country != "" && t.Sector == "":
			byCountry[cmp.Or(t.Value, t.Country)] += t.N
		default:
			bySector[cmp.Or(t.Sector, "unknown")] += t.N
			byCountry[cmp.Or(t.Country, "unknown")] += t.N
		}
	}
	sectors, a := greatest(bySector)
	countries, b := greatest(byCountry)
	return sectors, countries, max(a, b)
}

func greatest(counts map[string]int) (all []share, total int) {
	for name, n := range counts {
		all = append(all, share{Name: name, N: n})
		total += n
	}
	slices.SortFunc(all, func(a, b share) int { return cmp.Or(b.N-a.N, cmp.Compare(a.Name, b.Name)) })
	if len(all) > 8 {
		rest := share{Name: itoa(len(all)-7) + " others"}
		for _, s := range all[7:] {
			rest.N += s.N
		}
		all = append(all[:7:7], rest)
	}
	top := 1
	for _, s := range all {
		top = max(top, s.N)
	}
	for i := range all {
		all[i].Of = percentOf(all[i].N, total)
		all[i].Width = fixed(100 * float64(all[i].N) / float64(top))
	}
	return all, total
}
