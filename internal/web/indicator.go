package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// indicatorPage is the page of one value.
type indicatorPage struct {
	Indicator
	Claims, Labels, Related table
	Strongest               *row     // of the claims, else of the labels, else that it is reported without any; nil if there is none
	History                 *history // of the strongest
	Defanged                string
	Again                   string // how likely it is reported again; "" where that is not known
	All                     string // where all evidence is shown; "" where it is
}

// Labelled reports whether the strongest row is a label, which says whose nothing is.
func (p indicatorPage) Labelled() bool {
	return p.Strongest != nil && p.Strongest.Entity.Kind == intel.Label
}

// Unlabelled reports whether the strongest row is that somebody reports it without a label.
func (p indicatorPage) Unlabelled() bool {
	return p.Strongest != nil && p.Strongest.Entity == intel.Untagged()
}

func (h *handler) indicator(r *http.Request) (view, error) {
	kind, value := intel.Kind(r.PathValue("kind")), r.PathValue("value")
	if value == "" {
		value = r.URL.Query().Get("value")
	}
	if !kind.Known() || (kind.Class() != intel.IOC && kind.Class() != intel.IOA) || strings.TrimSpace(value) == "" {
		return view{}, intel.ErrNotFound
	}
	e := intel.NewEntity(kind, value)
	pieces := fewPieces
	if r.URL.Query().Get("evidence") == "all" {
		pieces = MostPieces
	}
	i, err := h.Views.Indicator(r.Context(), h.Reader, e, pieces)
	if err != nil {
		return view{}, err
	}
	page := newIndicatorPage(i, e, r.URL.Query().Get("open"))
	if pieces == fewPieces && i.Pieces > len(i.Proofs) {
		page.All = Path(e) + "?evidence=all#evidence"
	}
	for _, t := range []*table{&page.Claims, &page.Labels, &page.Related} {
		if line := t.opened(); line != nil {
			if err := h.open(r, line); err != nil {
				return view{}, err
			}
		}
	}
	if s := page.Strongest; s != nil && s.Row.ID != "" {
		if page.History, err = h.history(r, s.Row.ID); err != nil {
			return view{}, err
		}
	}
	return view{Template: "indicator", Title: page.Defanged, Print: tlp(i.Marking), Data: page}, nil
}

// newIndicatorPage puts what is known of a value into tables. Labels are apart from whose
// it is.
func newIndicatorPage(i Indicator, e intel.Entity, open string) indicatorPage {
	page := indicatorPage{Indicator: i, Defanged: defang(e)}
	if i.SeenAgain != nil {
		page.Again = intel.Row{SeenAgain: i.SeenAgain}.Foreseen()
	}
	said := column{"Said by", "said by", "wide", func(r intel.Row) string { return join(r.Campaign, strings.Join(r.SaidBy, ", ")) }}
	page.Claims = table{Key: "claims", Title: "Whose is it?", First: "Name", Note: "Claims compete; the probabilities need not add up to 1, for a value can be shared.",
		Columns: []column{{"Kind", "kind", "", func(r intel.Row) string { return kindName(r.Entity.Kind) }}, said}, Empty: "Nobody says whose it is."}
	if i.More > 0 {
		page.Claims.Note += fmt.Sprintf(" The %d that are believed most are shown, of %d.", len(i.Claims), len(i.Claims)+i.More)
	}
	page.Labels = table{Key: "labels", Title: "How it is labelled", First: "Label", Note: "Tags and kinds that sources give it: they say what it is, not whose.", Columns: []column{said}}
	page.Related = table{Key: "related", Title: "Around it", First: "What",
		Columns: []column{{"How related", "how", "", func(r intel.Row) string { return join(says(r.Relation), r.Description) }}}}
	var owners, labels, bare []intel.Row
	for _, r := range i.Claims {
		switch {
		case r.Entity == intel.Untagged():
			bare = append(bare, r)
		case r.Entity.Kind == intel.Label:
			labels = append(labels, r)
		default:
			owners = append(owners, r)
		}
	}
	for t, rows := range map[*table][]intel.Row{&page.Claims: owners, &page.Labels: labels, &page.Related: i.Related} {
		t.Total = len(rows)
		t.add(rows, Path(e), url.Values{}, open)
	}
	page.Strongest = strongest(page.Claims.Observed)
	if page.Strongest == nil {
		page.Strongest = strongest(page.Labels.Observed)
	}
	if page.Strongest == nil {
		var unlabelled table
		unlabelled.add(bare, Path(e), url.Values{}, open)
		page.Strongest = strongest(unlabelled.Observed)
	}
	return page
}

// strongest is the row that is believed most, nil of none.
func strongest(rows []row) (best *row) {
	for i := range rows {
		if best == nil || rows[i].Probability > best.Probability {
			best = &rows[i]
		}
	}
	return best
}
