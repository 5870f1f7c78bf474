// Package publish turns profiles into something to read: Markdown in the form
// that defenders know, JSON for programs, and the redacted preview of both.
//
// What it prints was written by criminals: every value is escaped for where it
// stands.
package publish

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// Options say how a profile is printed.
type Options struct {
	// BaseURL is where the live pages are, such as "https://cti.example"; empty
	// for none.
	BaseURL string
	// Rest says how to get the rows that a table leaves out; empty if that is not known.
	Rest string
}

// live is where the live page of e is; empty if there is none.
func (o Options) live(e intel.Entity) string {
	page := e.Page()
	if o.BaseURL == "" || page == "" {
		return ""
	}
	return strings.TrimSuffix(o.BaseURL, "/") + page
}

const unknown = "–"

// date prints a day, and an unknown one as an en dash.
func date(t time.Time) string {
	if t.IsZero() {
		return unknown
	}
	return t.UTC().Format(time.DateOnly)
}

// Preview returns the redacted public form of a profile: the first n rows of
// each table, months instead of days, no quotes, no documents and no victims.
// Hidden counts what the full profile has more.
func Preview(p intel.Profile, n int) intel.Profile {
	lacks := p.Hidden
	p.Hidden, p.Preview = map[string]int{}, true
	p.Summary = wholeDay.ReplaceAllString(p.Summary, "$1")
	for _, t := range p.Tables() {
		rows := believed(*t.Rows)
		if t.Key == "ioc" {
			rows = addressesFirst(rows)
		}
		shown := make([]intel.Row, 0, min(n, len(rows)))
		for _, r := range rows {
			if len(shown) == n {
				break
			}
			if r.Entity.Kind == intel.Organization {
				continue
			}
			r.Evidence, r.First, r.Last, r.Known = nil, month(r.First), month(r.Last), month(r.Known)
			r.Description, r.SeenAgain, r.Polynomial, r.Corroboration = publicNote(r), nil, nil, nil
			if r.Entity.Kind.Class() != intel.IOC {
				r.Hostname = "" // it names a victim: the host that was attacked
			}
			shown = append(shown, r)
		}
		if more := len(rows) - len(shown) + lacks[t.Key]; more > 0 {
			p.Hidden[t.Key] = more
		}
		*t.Rows = shown
	}
	cut(&p, n)
	if more := lacks["relations"]; more > 0 {
		p.Hidden["relations"] += more
	}
	p.First, p.Last = month(p.First), month(p.Last)
	return p
}

// believed returns the rows that are not set aside. Why others are is for those
// who may see all.
func believed(rows []intel.Row) []intel.Row {
	return slices.DeleteFunc(slices.Clone(rows), func(r intel.Row) bool { return r.Suppressed != "" })
}

// addressesFirst orders indicators as the tables of Markdown do.
func addressesFirst(rows []intel.Row) []intel.Row {
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b intel.Row) int {
		switch first, second := isAddress(a), isAddress(b); {
		case first && !second:
			return -1
		case second && !first:
			return 1
		}
		return 0
	})
	return rows
}

// isAddress reports whether a row stands in the table of addresses.
func isAddress(r intel.Row) bool {
	return r.Entity.Kind == intel.IPv4 || r.Entity.Kind == intel.IPv6 || r.Entity.Kind == intel.CIDR
}

// wholeDay matches a day; its first group is the month.
var wholeDay = regexp.MustCompile(`\b(\d{4}-\d{2})-\d{2}\b`)

// publicNote is the description of a row that a preview shows: names of
// techniques are public, a source's own words are not.
func publicNote(r intel.Row) string {
	if r.Entity.Kind.Class() == intel.TTP {
		return r.Description
	}
	return ""
}

// cut shortens what is not a table of rows.
func cut(p *intel.Profile, n int) {
	keep := func(key string, have int) int {
		if have > n {
			p.Hidden[key] = have - n
		}
		return min(n, have)
	}
	p.Attacks = append([]intel.Tally{}, p.Attacks[:keep("attacks", len(p.Attacks))]...)
	for i := range p.Attacks {
		p.Attacks[i].First, p.Attacks[i].Last = month(p.Attacks[i].First), month(p.Attacks[i].Last)
	}
	p.Forecasts, p.Ahead = slices.Clone(p.Forecasts[:keep("forecasts", len(p.Forecasts))]), nil
	for i := range p.Forecasts {
		p.Forecasts[i].Precedents = nil
	}
	p.Changes = intel.Changes{} // how many there are is for those who may see all
	p.References = p.References[:keep("references", len(p.References))]
	if events := len(p.Activities.Events); events > 0 {
		p.Hidden["events"] = events
	}
	p.Activities.Events = nil
	p.Activities.Weekly = nil
	p.Interest, p.Activities.Offensive, p.Activities.Defensive = quieted(p.Interest), quieted(p.Activities.Offensive), quieted(p.Activities.Defensive)
	p.Relations = unsaid(p.Relations[:keep("relations", len(p.Relations))])
}

// month is the first day of a time's month; unknown stays unknown.
func month(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
}

// typed is the name a reader knows a kind by.
func typed(k intel.Kind) string {
	switch k {
	case intel.IPv4, intel.IPv6:
		return "IP address"
	case intel.MD5, intel.SHA1, intel.SHA256, intel.SHA512, intel.URL, intel.CIDR, intel.ASN, intel.JARM, intel.JA3:
		return strings.ToUpper(string(k))
	}
	if k == intel.Label {
		return "Name"
	}
	s := strings.ReplaceAll(string(k), "-", " ")
	return strings.ToUpper(s[:1]) + s[1:]
}

func level(r intel.Row) string {
	text := string(cmp.Or(r.Level, intel.Low)) + " (" + intel.Decimal(r.Probability) + ")"
	if r.Disputed {
		text += ", disputed"
	}
	for _, d := range r.Doubts {
		text += ", " + inline(d)
	}
	return text
}
