package publish

import (
	"bufio"
	"encoding/json"
	"io"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// JSON writes a profile as one object, a row at a time: a profile of sixty
// thousand indicators is never one piece of memory. An unknown date is null.
func JSON(w io.Writer, p intel.Profile, o Options) error {
	b := bufio.NewWriter(w)
	enc := &encoder{w: b, first: true, preview: p.Preview}
	enc.w.WriteString("{")
	enc.field("name", p.Name)
	enc.field("entity", p.Entity)
	if live := o.live(p.Entity); live != "" {
		enc.field("live", live)
	}
	enc.field("summary", p.Summary)
	enc.field("as_of", p.AsOf)
	enc.field("marking", p.Marking)
	enc.field("first_seen", enc.moment(p.First))
	enc.field("last_seen", enc.moment(p.Last))
	enc.field("origins", p.Origins)
	enc.field("documents", p.Documents)
	if p.Invented {
		enc.field("invented", true)
	}
	for _, t := range p.Tables() {
		enc.rows(t.Key, *t.Rows)
	}
	if p.Interest != nil {
		enc.field("interest", shown(p.Interest))
	}
	enc.field("activities", activities(p.Activities))
	if p.Entity.Kind == intel.Country {
		enc.field("relations", enc.tensions(p.Relations))
	}
	enc.field("attacks", enc.tallies(p.Attacks))
	enc.field("forecasts", list(p.Forecasts))
	enc.field("not_forecast", list(p.NotForecast))
	enc.field("weeks_ahead", list(p.Ahead))
	enc.field("changes", enc.changes(p.Changes))
	enc.field("references", list(p.References))
	enc.field("licence", p.Licence)
	hidden := p.Hidden
	if hidden == nil {
		hidden = map[string]int{}
	}
	enc.field("hidden", hidden)
	if enc.err != nil {
		return enc.err
	}
	b.WriteString("}\n")
	return b.Flush()
}

// An encoder writes the fields of one object.
type encoder struct {
	w     *bufio.Writer
	first bool
	err   error

	preview bool // times are months
}

func (e *encoder) key(key string) {
	if !e.first {
		e.w.WriteByte(',')
	}
	e.first = false
	e.w.WriteString(`"` + key + `":`)
}

func (e *encoder) value(v any) {
	b, err := json.Marshal(v)
	if err != nil && e.err == nil {
		e.err = err
	}
	e.w.Write(b)
}

func (e *encoder) field(key string, v any) {
	e.key(key)
	e.value(v)
}

func (e *encoder) rows(key string, rows []intel.Row) {
	e.key(key)
	e.w.WriteByte('[')
	for i, r := range rows {
		if i > 0 {
			e.w.WriteByte(',')
		}
		e.value(e.printable(key, r))
	}
	e.w.WriteByte(']')
}

// A row is intel.Row as it is printed: unknown dates are null, evidence is a
// list even when there is none, and what every row of its table has is there
// even where it is unknown.
type row struct {
	intel.Row
	First       any     `json:"first_seen"`
	Last        any     `json:"last_seen"`
	Known       any     `json:"known_since,omitempty"`
	Evidence    []proof `json:"evidence"`
	Hostname    *string `json:"hostname,omitempty"`
	Campaign    *string `json:"campaign,omitempty"`
	Role        *string `json:"role,omitempty"`
	Type        *string `json:"type,omitempty"`
	Phase       *string `json:"phase,omitempty"`
	Description *string `json:"description,omitempty"`
}

type proof struct {
	intel.Proof
	At any `json:"at"`
}

// printable is r as it is printed in the table of that key.
func (e *encoder) printable(key string, r intel.Row) row {
	in := func(table, s string) *string {
		if s == "" && key != table {
			return nil
		}
		return &s
	}
	out := row{Row: r, First: e.moment(r.First), Last: e.moment(r.Last), Known: e.moment(r.Known), Evidence: make([]proof, len(r.Evidence)),
		Hostname: in("ioc", r.Hostname), Campaign: in("ioc", r.Campaign), Role: in("countries", r.Role),
		Type: in("ioa", r.Type), Phase: in("ioa", r.Phase), Description: in("ttp", r.Description)}
	for i, p := range r.Evidence {
		out.Evidence[i] = proof{p, e.moment(p.At)}
	}
	return out
}

// moment is a time as it is printed: nil where unknown, a month in a preview.
func (e *encoder) moment(t time.Time) any {
	switch {
	case t.IsZero():
		return nil
	case e.preview:
		return t.UTC().Format("2006-01")
	}
	return t
}

func activities(a intel.Activities) intel.Activities {
	a.Monthly, a.Events = list(a.Monthly), list(a.Events)
	a.Offensive, a.Defensive = shown(a.Offensive), shown(a.Defensive)
	return a
}

// A tally is intel.Tally as it is printed.
type tally struct {
	intel.Tally
	First    any     `json:"first_seen"`
	Last     any     `json:"last_seen"`
	Evidence []proof `json:"evidence"` // victims are not told apart: none
}

func (e *encoder) tallies(ts []intel.Tally) []tally {
	out := make([]tally, len(ts))
	for i, t := range ts {
		out[i] = tally{t, e.moment(t.First), e.moment(t.Last), []proof{}}
	}
	return out
}

// changed is intel.Changes as it is printed.
type changed struct {
	intel.Changes
	Made  any `json:"made"`
	Since any `json:"since"`
}

func (e *encoder) changes(c intel.Changes) changed {
	c.Moved, c.New, c.Gone, c.Judged = list(c.Moved), list(c.New), list(c.Gone), list(c.Judged)
	return changed{c, e.moment(c.Made), e.moment(c.Since)}
}

// list makes nothing an empty list.
func list[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
