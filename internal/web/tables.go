package web

import (
	"fmt"
	"hash/fnv"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// A table is one section of a profile, ready to print.
type table struct {
	Key, Title, Note string
	Total            int
	First            string // heading of the first column
	Columns          []column
	Observed         []row
	Predicted        []row
	Pager            pager
	Empty            string // what to say where there are no rows
	Filter           *filter
	Filtered         bool
}

// Span is how many columns t has.
func (t table) Span() int { return len(t.Columns) + 5 }

// A column is one that only this table has.
type column struct {
	Head, Th, Class string
	Cell            func(intel.Row) string
}

// seenIn is what a cell says on a narrow screen of where a fragment was seen.
const seenIn = "seen in"

// A row is one line of a table.
type row struct {
	intel.Row
	ID     string // of the element, and the value of ?open=
	Href   string // of the value; empty for none
	Mono   bool
	Cells  []cell
	Open   bool
	Opener string // where the opener leads
	Fetch  string // what it fetches instead
	Proofs []intel.Proof
	// History is how far it was believed when; nil where that is not told.
	History *history
	Span    int
	Failed  bool // the evidence could not be read
}

type cell struct{ Th, Class, Text string }

type filter struct {
	Action, Value string
	Base          string // without the fragment
	All           int
	Kinds         []intel.Kind
	Kind          intel.Kind
	Level         intel.Level
}

// A pager leads through the pages of a table.
type pager struct {
	From, To, Total int
	Previous, Next  string
	Beyond          int    // rows that no page shows
	Target          string // id of the section to put the page into; empty for a new page
}

// Shown reports whether there is more than one page.
func (p pager) Shown() bool { return p.Previous != "" || p.Next != "" }

// paged returns the pager of page, where n of total rows are shown; at gives
// the address of a page.
func paged(page, n, total int, at func(int) string) pager {
	p := pager{From: (page-1)*PageRows + 1, To: (page-1)*PageRows + n, Total: total}
	if page > 1 {
		p.Previous = at(page - 1)
	}
	switch {
	case p.To >= total || n == 0:
	case page < MostPages:
		p.Next = at(page + 1)
	default:
		p.Beyond = total - p.To
	}
	return p
}

// tables returns the sections of p that are tables of rows: those before the
// activities, those between them and the attacks, and the rest.
func tables(p Profile) (early, middle, late []table) {
	description := func(head, th string) column {
		return column{head, th, "quiet wide", func(r intel.Row) string { return r.Description }}
	}
	early = []table{
		{Key: "aliases", Title: "Aliases", First: "Name", Note: "Each name is a claim by somebody. Names are linked, never merged.",
			Empty: "No source uses another name.", Columns: []column{
				{"Used by", "used by", "wide", usedBy},
				{"Says", "says", "nowrap", func(r intel.Row) string { return saysAlias(r, p.Entity.Kind) }}}},
		{Key: "associated_actors", Title: "Associated actors", First: "Actor", Note: associates(p.Entity.Kind),
			Empty: "No document links it with another actor.", Columns: []column{
				{"Relation and reason", "relation", "wide", func(r intel.Row) string { return join(says(r.Relation), r.Reason()) }}}},
		{Key: "campaigns", Title: "Campaigns", First: "Campaign", Empty: "No document names a campaign of it.", Columns: []column{description("What", "what")}},
		{Key: "countries", Title: "Countries by role", First: "Country", Note: "Where traffic comes from is not who somebody is: origin, route and target are kept apart.",
			Empty: "No document names a country with it.", Columns: []column{
				{"Role", "role", "nowrap", func(r intel.Row) string { return clip(r.Role) }}, description("Reason", "reason")}},
	}
	middle = []table{
		{Key: "intentions", Title: "Intentions", First: "Intention", Note: "What they say they want or act as if they wanted.",
			Empty: "No document says what it wants.", Columns: []column{{"Rests on", "rests on", "wide", restsOn}}},
		{Key: "research", Title: "Emerging research", First: "Subject", Note: "Products and flaws it reads, asks or trades about before any attack is seen.",
			Empty: "It was not seen discussing a product, flaw or technique.", Columns: []column{
				{"Kind", "kind", "", func(r intel.Row) string { return kindName(r.Entity.Kind) }}, description("What", "what")}},
	}
	arsenal := "Malware, tools and vulnerabilities"
	switch p.Entity.Kind {
	case intel.Vulnerability:
		arsenal = "Affected products"
	case intel.Product:
		arsenal = "Vulnerabilities and vendor"
	case intel.Vendor:
		arsenal = "Products"
	}
	late = []table{
		{Key: "arsenal", Title: arsenal, First: "Name", Empty: "No document says what it uses.", Columns: []column{
			{"Kind", "kind", "", func(r intel.Row) string { return kindName(r.Entity.Kind) }}, description("What", "what")}},
		{Key: "ioc", Title: "IOC: indicators of compromise", First: "Indicator", Note: "Confidence: does it belong to " + p.Name + "? Old rows can be certain and dead.",
			Empty: "No document links an indicator of compromise to it.", Columns: []column{
				{"Kind", "kind", "", func(r intel.Row) string { return string(r.Entity.Kind) }},
				{"Host name", "host", "quiet value", func(r intel.Row) string { return r.Hostname }},
				{"Campaign", "campaign", "", func(r intel.Row) string { return r.Campaign }}}},
		{Key: "ttp", Title: "TTP: tactics, techniques, procedures", First: "Technique", Note: "Named in a report, seen in a log, or derived from a weakness.",
			Empty: "No document names a technique or a weakness with it.", Columns: []column{
				{"Weakness", "weakness", "weak", func(r intel.Row) string { return strings.Join(r.Weakness, ", ") }}, description("Description", "what")}},
		{Key: "ioa", Title: "IOA: indicators of attack", First: "Fragment", Note: "Fragments used while attacking. Predicted rows are never counted as evidence.",
			Empty: "No document names a path, argument or port with it.", Columns: []column{
				{"Kind", "kind", "", func(r intel.Row) string { return clip(strings.ReplaceAll(r.Type, "-", " ")) }},
				{"Phase", "phase", "nowrap", func(r intel.Row) string { return clip(r.Phase) }},
				description("Seen in, or why expected", seenIn)}},
	}
	if slices.ContainsFunc(p.IOC, func(r intel.Row) bool { return r.SeenAgain != nil }) {
		late[1].Columns = append(late[1].Columns, column{"Again in 30 days", "again in 30 days", "nowrap", foreseen})
	}
	if p.Entity.Kind == intel.Country { // its names in other tongues answer nothing
		early, late = early[1:], append(late, early[0])
		late[len(late)-1].Note = "As documents write it."
	}
	return early, middle, late
}

// associates says who stands in the table of associated actors of a kind.
func associates(k intel.Kind) string {
	const common = " Without an origin it is only what both have in common, and what many have counts for little."
	switch k {
	case intel.Actor, intel.Handle, intel.Channel:
		return "Who works with, buys from or looks like this one." + common
	case intel.Country:
		return "Who comes from it, attacks it or goes through it: the relation says which." + common
	}
	return "Who uses it, speaks of it or stands with it: the relation says how." + common
}

// foreseen is how likely an indicator is reported again, "" where it is not known.
func foreseen(r intel.Row) string {
	if r.SeenAgain == nil {
		return ""
	}
	return r.Foreseen()
}

// fill puts the rows of p into t as the window and the open row ask.
func (t *table) fill(p Profile, base string, w Window, open string) {
	all := p.Tables()
	rows := *all[slices.IndexFunc(all, func(of intel.Table) bool { return of.Key == t.Key })].Rows
	if t.Key == "aliases" { // where one looks for them
		rows = slices.Concat(rows, p.Disputed)
	}
	total, known := p.Totals[t.Key]
	if !known {
		total = len(rows)
	}
	t.Total = total
	page := 1
	if w.Section == t.Key {
		page = max(1, w.Page)
	}
	state := url.Values{}
	if w.Section != "" && w.Page > 1 {
		state.Set("section", w.Section)
		state.Set("page", itoa(w.Page))
	}
	for k, v := range map[string]string{"ioc": w.Filter, "kind": string(w.Kind), "level": string(w.Level)} {
		if v != "" {
			state.Set(k, v)
		}
	}
	t.Filtered = t.Key == "ioc" && (w.Filter != "" || w.Kind != "" || w.Level != "")
	if t.Key == "ioc" && (t.Filtered || total > 10) {
		t.Filter = &filter{Action: base + "#ioc", Base: base, Value: w.Filter, All: max(p.All, total), Kinds: intel.KindsOf(intel.IOC), Kind: w.Kind, Level: w.Level}
	}
	t.add(rows, base, state, open)
	t.Pager = paged(page, len(rows), total, func(n int) string {
		v := url.Values{}
		for k := range state {
			v.Set(k, state.Get(k))
		}
		v.Set("section", t.Key)
		v.Set("page", itoa(n))
		return base + "?" + v.Encode() + "#" + t.Key
	})
	t.Pager.Target = t.Key
}

// add appends rows, observed and predicted apart, and leaves out columns that
// none of them has anything for. State is the query that stays when one of them
// is opened.
func (t *table) add(rows []intel.Row, base string, state url.Values, open string) {
	t.Columns = slices.DeleteFunc(t.Columns, func(c column) bool {
		return !slices.ContainsFunc(rows, func(r intel.Row) bool { return c.Cell(r) != "" })
	})
	for i, r := range rows {
		line := row{Row: r, Href: Path(r.Entity), Span: t.Span(), Mono: r.Entity.Kind.Class() == intel.IOC || r.Entity.Kind.Class() == intel.IOA}
		if r.Value == "" {
			line.Value = r.Entity.Title()
		}
		if t.Key == "aliases" && r.Entity.Kind != intel.Handle && r.Entity.Kind != intel.Channel {
			line.Href = "" // leads back to this very page
		}
		line.ID = t.Key + "-row-" + itoa(i+1) // not the number that another has for its id
		if r.ID != "" {
			line.ID = t.Key + "-" + element(r.ID)
			line.Open = open == line.ID
			v := url.Values{}
			for k := range state {
				v.Set(k, state.Get(k))
			}
			if !line.Open {
				v.Set("open", line.ID)
			}
			line.Opener = base + "?" + v.Encode() + "#" + url.PathEscape(line.ID)
			line.Fetch = "/evidence/" + url.PathEscape(r.ID) + "?" + fetched(line).Encode()
		}
		for _, c := range t.Columns {
			th := c.Th
			if r.Predicted && th == seenIn {
				th = "why" // it was not seen
			}
			line.Cells = append(line.Cells, cell{th, c.Class, c.Cell(r)})
		}
		if r.Predicted {
			t.Predicted = append(t.Predicted, line)
		} else {
			t.Observed = append(t.Observed, line)
		}
	}
}

// element is the id of a row as that of an element, which may have no blanks.
func element(id string) string {
	if _, err := strconv.ParseInt(id, 10, 64); err == nil {
		return id
	}
	h := fnv.New64a()
	h.Write([]byte(id))
	return strconv.FormatUint(h.Sum64(), 36)
}

// fetched is what the server is told of a row whose evidence is asked for.
func fetched(line row) url.Values {
	v := url.Values{"span": {itoa(line.Span)}, "id": {line.ID}, "value": {line.Value}}
	if line.Predicted {
		v.Set("predicted", "1")
	}
	return v
}

// opened returns the row of open that stands in t, if any.
func (t *table) opened() *row {
	for _, rows := range [][]row{t.Observed, t.Predicted} {
		if i := slices.IndexFunc(rows, func(r row) bool { return r.Open }); i >= 0 {
			return &rows[i]
		}
	}
	return nil
}

func says(r intel.Relation) string {
	if r == intel.AliasOf { // of a malware and an actor too
		return "another name for it"
	}
	return strings.ReplaceAll(string(r), "-", " ")
}

// saysAlias is what is said of a name on the page of something of a kind.
func saysAlias(r intel.Row, of intel.Kind) string {
	if n, m := len(r.SaidBy), len(r.Against); m > 0 {
		return fmt.Sprintf("%d for, %d against", n, m)
	}
	switch r.Relation {
	case intel.NotAliasOf:
		return "another " + kindName(of)
	case intel.PartOf:
		return "speaks for it"
	}
	return "same " + kindName(of)
}

// usedBy is who says a name, and who says that it is another's.
func usedBy(r intel.Row) string {
	said := strings.Join(r.SaidBy, ", ")
	if len(r.Against) == 0 {
		return said
	}
	return said + ": same · " + strings.Join(r.Against, ", ") + ": another"
}

func restsOn(r intel.Row) string {
	if r.Description != "" {
		return r.Description
	}
	if r.Documents == 1 {
		return "1 document"
	}
	if r.Documents > 1 {
		return number(r.Documents) + " documents"
	}
	return ""
}

// clip shortens what should be one word to what a narrow column holds.
func clip(s string) string {
	if r := []rune(s); len(r) > 24 {
		return string(r[:23]) + "…"
	}
	return s
}

func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + ": " + b
}
