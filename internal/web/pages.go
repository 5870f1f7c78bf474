package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/portent-cti/portent/internal/intel"
)

func (h *handler) start(r *http.Request) (view, error) {
	s, err := h.Views.Start(r.Context(), h.Reader)
	if err != nil {
		return view{}, err
	}
	return view{Template: "start", Title: "Start", Nav: "/", Data: struct {
		Start
		Health health
	}{s, healthOf(s.Sources)}}, nil
}

// health counts sources by state.
type health struct {
	All, OnTime, Late, Failing, Silent, Unread int
	Documents24                                int
	Worst                                      []SourceHealth // the failing ones
}

func healthOf(all []SourceHealth) health {
	h := health{All: len(all)}
	for _, s := range all {
		h.Documents24 += s.Documents24
		switch s.State {
		case OnTime:
			h.OnTime++
		case Late:
			h.Late++
		case Failing:
			h.Failing++
			h.Worst = append(h.Worst, s)
		case Silent:
			h.Silent++
		default:
			h.Unread++
		}
	}
	h.Worst = h.Worst[:min(3, len(h.Worst))]
	return h
}

// listPage is a page of entities of one kind.
type listPage struct {
	Entities
	Menu  menuKind
	Query string
	Sort  string
	Sorts []sorting
	Pager pager
}

type sorting struct {
	Key, Href string
	On        bool
}

func (h *handler) list(r *http.Request) (view, error) {
	m, ok := menuFor(func(m menuKind) bool { return m.List == "/"+r.PathValue("kind") })
	if !ok {
		return view{}, intel.ErrNotFound
	}
	q := r.URL.Query()
	l := List{Kind: m.Kind, Query: strings.TrimSpace(q.Get("name")), Sort: q.Get("sort")}
	if !slices.Contains([]string{"name", "last", "activity"}, l.Sort) {
		l.Sort = "activity"
	}
	var err error
	if l.Page, err = pageOf(q); err != nil {
		return view{}, err
	}
	es, err := h.Views.Entities(r.Context(), h.Reader, l)
	if err != nil {
		return view{}, err
	}
	at := func(sort string, page int) string {
		v := url.Values{}
		if l.Query != "" {
			v.Set("name", l.Query)
		}
		if sort != "activity" {
			v.Set("sort", sort)
		}
		if page > 1 {
			v.Set("page", itoa(page))
		}
		return withQuery(m.List, v.Encode())
	}
	page := listPage{Entities: es, Menu: m, Query: l.Query, Sort: l.Sort}
	for _, s := range []string{"name", "activity", "last"} {
		page.Sorts = append(page.Sorts, sorting{s, at(s, 1), s == l.Sort})
	}
	page.Pager = paged(l.Page, len(es.Lines), es.Total, func(n int) string { return at(l.Sort, n) })
	return view{Template: "list", Title: m.Plural, Nav: m.List, Data: page}, nil
}

// defang writes a value so that nobody follows it by accident.
func defang(e intel.Entity) string {
	switch e.Kind {
	case intel.IPv4, intel.Domain, intel.CIDR, intel.Onion:
		return strings.ReplaceAll(e.Name, ".", "[.]")
	case intel.URL:
		scheme, rest, ok := strings.Cut(e.Name, "://")
		if !ok {
			return strings.ReplaceAll(e.Name, ".", "[.]")
		}
		host, path, _ := strings.Cut(rest, "/")
		if path != "" || strings.HasSuffix(rest, "/") {
			path = "/" + path
		}
		return strings.ReplaceAll(scheme, "tt", "xx") + "://" + strings.ReplaceAll(host, ".", "[.]") + path
	case intel.Email:
		return strings.ReplaceAll(strings.Replace(e.Name, "@", "[@]", 1), ".", "[.]")
	}
	return e.Name
}

// Bounds on what one page prints of a document.
const (
	maxText  = 512 << 10
	maxFound = 500
)

// documentPage is a document with its mentions marked.
type documentPage struct {
	Document
	found
	Used, Aside             []*mention
	UsedTotal, AsideTotal   int
	Claims                  []intel.Claim
	ClaimsTotal, TextLength int
	Cut                     bool
	Rules                   bool // a word on it can be kept
}

func (h *handler) document(r *http.Request) (view, error) {
	d, err := h.Views.Document(r.Context(), h.Reader, intel.DocumentID(r.PathValue("id")))
	if err != nil {
		return view{}, err
	}
	page := documentPage{Document: d, TextLength: len(d.Text), ClaimsTotal: len(d.Claims), Rules: h.Rule != nil && d.Gist != nil}
	text := d.Text
	if len(text) > maxText {
		cut := maxText
		for cut > maxText-utf8.UTFMax && !utf8.RuneStart(text[cut]) {
			cut--
		}
		text, page.Cut = text[:cut], true
	}
	page.found = highlight(text, d.Observations, d.Names)
	page.UsedTotal, page.AsideTotal = len(page.found.Used), len(page.found.Aside)
	page.Used = page.found.Used[:min(maxFound, page.UsedTotal)]
	page.Aside = page.found.Aside[:min(maxFound, page.AsideTotal)]
	page.Claims = d.Claims[:min(maxFound, page.ClaimsTotal)]
	return view{Template: "document", Title: d.Heading(), Print: tlp(d.Marking), Data: page}, nil
}

// searchPage is what a search found.
type searchPage struct {
	Results
	Query string
	First int // number of the first document
	Pager pager
}

func (h *handler) search(r *http.Request) (view, error) {
	q := r.URL.Query()
	words := strings.TrimSpace(q.Get("q"))
	if len(words) > 1000 {
		return view{}, fmt.Errorf("search of %d bytes: %w", len(words), intel.ErrInvalid)
	}
	n, err := pageOf(q)
	if err != nil {
		return view{}, err
	}
	page := searchPage{Query: words, First: (n-1)*PageRows + 1}
	if words != "" {
		page.Results, err = h.Views.Search(r.Context(), h.Reader, words, n)
		if errors.Is(err, intel.ErrNotFound) {
			err = nil
		}
		if err != nil {
			return view{}, err
		}
	}
	at := func(n int) string { return "/search?" + url.Values{"q": {words}, "page": {itoa(n)}}.Encode() }
	page.Pager = pager{From: page.First, To: page.First - 1 + len(page.Documents), Total: page.Total}
	if n > 1 {
		page.Pager.Previous = at(n - 1)
	}
	if page.More {
		page.Pager.Next = at(n + 1)
	}
	title := "Search"
	if words != "" {
		title = words
	}
	return view{Template: "search", Title: title, Query: words, Data: page}, nil
}

func (h *handler) sources(r *http.Request) (view, error) {
	q := r.URL.Query()
	n, err := pageOf(q)
	if err != nil {
		return view{}, err
	}
	all, err := h.Views.Sources(r.Context(), h.Reader)
	if err != nil {
		return view{}, err
	}
	page := struct {
		All, Shown    []SourceHealth
		Health        health
		Filter, State string
		Scheduled     bool // some source is read again by itself
		Pager         pager
	}{All: all, Health: healthOf(all), Filter: strings.TrimSpace(q.Get("name")), State: q.Get("state")}
	for _, s := range all {
		page.Scheduled = page.Scheduled || !s.Next.IsZero()
		if (page.State == "" || string(s.State) == page.State) && strings.Contains(strings.ToLower(string(s.Name)), strings.ToLower(page.Filter)) {
			page.Shown = append(page.Shown, s)
		}
	}
	total := len(page.Shown)
	page.Shown = page.Shown[min((n-1)*PageRows, total):min(n*PageRows, total)]
	page.Pager = paged(n, len(page.Shown), total, func(n int) string {
		return "/sources?" + url.Values{"name": {page.Filter}, "state": {page.State}, "page": {itoa(n)}}.Encode()
	})
	return view{Template: "sources", Title: "Sources", Nav: "/sources", Data: page}, nil
}

// evidence serves the row that opens below another, for htmx to put there.
func (h *handler) evidence(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	line := row{ID: q.Get("id"), Open: true}
	line.Value = q.Get("value")
	span, err := strconv.Atoi(q.Get("span"))
	if err != nil || span < 1 || span > 20 {
		h.fail(w, r, fmt.Errorf("span %q: %w", q.Get("span"), intel.ErrInvalid))
		return
	}
	line.Span, line.Predicted = span, q.Get("predicted") != ""
	line.Row.ID = r.PathValue("row")
	err = h.open(r, &line)
	if err != nil && !errors.Is(err, intel.ErrNotFound) {
		h.Log.Error("evidence", "row", r.PathValue("row"), "err", err)
		line.Failed = true // said in the row, for a page cannot stand there
	}
	h.render(w, r, http.StatusOK, view{Template: "opened", Data: line})
}
