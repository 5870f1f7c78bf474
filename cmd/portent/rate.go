package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/csv"
	"github.com/portent-cti/portent/internal/collect/misp"
	"github.com/portent-cti/portent/internal/collect/stix"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
	"github.com/portent-cti/portent/internal/score"
	"github.com/portent-cti/portent/internal/store"
)

type rateCmd struct {
	File string `arg:"" help:"CSV, TSV, MISP, STIX, table in Markdown, or a value a line; .gz too; - for standard input."`
}

// A rated row is one of the list, and what it is worth.
type rated struct {
	Row     int            `json:"row"` // line of the file; the how-manieth of MISP and STIX
	Value   string         `json:"value"`
	Level   intel.Level    `json:"level,omitempty"` // that the list gives it
	Grade   score.Grade    `json:"grade"`
	Reasons []score.Reason `json:"reasons"`
	Origins int            `json:"origins"`
	Lasting int            `json:"lasting"` // of those, of which something is left
	// LastSeen is when the value was seen last as far as that counts, and Dated when
	// the list says, in RFC 3339: a year of five digits is none in JSON otherwise.
	LastSeen string `json:"last_seen,omitempty"`
	Dated    string `json:"dated,omitempty"`
	// Refuted is who says that nothing said of it is true; nil: nobody.
	Refuted *refuted `json:"refuted,omitempty"`

	last, said time.Time // LastSeen and Dated
	stamped    bool      // by the date of the list alone it were not stale
}

// A refuted is how many analysts refute what is said of a value, and who as far as
// that is known.
type refuted struct {
	Analysts int              `json:"analysts"`
	By       []intel.SourceID `json:"by"`
}

// Run implements the command.
func (c *rateCmd) Run(ctx context.Context, a *app) error {
	ed, err := a.editor(ctx)
	if err != nil {
		return err
	}
	s := &summary{app: a, ed: ed, grades: map[score.Grade]int{}, reasons: map[score.Reason]int{}}
	if s.screen, err = ed.Screen(ctx, a.reader(), a.asOf()); err != nil {
		return err
	}
	path, done, err := c.local(a)
	if err != nil {
		return fmt.Errorf("rate: %w", err)
	}
	defer done()
	err = rows(ctx, a, path, func(r csv.Row) error {
		if s.batch = append(s.batch, r); len(s.batch) < 500 {
			return nil
		}
		return s.flush(ctx)
	}, s.reject)
	if err == nil {
		err = s.flush(ctx)
	}
	if err != nil {
		return fmt.Errorf("rate %s: %w", c.File, err)
	}
	return s.end(c.File)
}

// local is where the list stands in a file, and what is to be done behind it: what
// comes on standard input is kept meanwhile, since its type is known by reading it.
func (c *rateCmd) local(a *app) (path string, done func(), err error) {
	if c.File != "-" {
		_, err := os.Stat(c.File)
		return c.File, func() {}, err
	}
	f, err := os.CreateTemp("", "portent-rate-*")
	if err != nil {
		return "", nil, err
	}
	done = func() { os.Remove(f.Name()) } //nolint:errcheck // it is in the folder for what may be lost
	n, err := io.Copy(f, io.LimitReader(a.in, collect.MaxFile+1))
	if err = errors.Join(err, f.Close()); err == nil && n > collect.MaxFile {
		err = collect.ErrTooLarge
	}
	if err != nil {
		done()
		return "", nil, fmt.Errorf("standard input: %w", err)
	}
	return f.Name(), done, nil
}

// rows hands over the rows of a file, whatever it is.
func rows(ctx context.Context, a *app, file string, each func(csv.Row) error, reject func(string, error)) error {
	dir, name := filepath.Split(filepath.Clean(file))
	if dir == "" {
		dir = "."
	}
	env := collect.Env{ID: "rate", Files: os.DirFS(dir), Log: a.log, Now: a.now, Reject: reject}
	im := &importing{importCmd: &importCmd{}, app: a}
	head, err := im.head(ctx, env.Files, name)
	if err != nil {
		return err
	}
	con := im.recognise(env.Files, name, head)
	if con == nil || slices.Contains([]string{"csv", "list", "report"}, con.Name) {
		return csv.Rows(ctx, env, name, each)
	}
	l := ratable{each: each, seen: map[ratedValue]bool{}}
	env.Reject = func(item string, reason error) {
		var none *collect.ValueError
		if !errors.As(reason, &none) || none.Kind != "" && none.Kind.Class() != intel.IOC {
			reject(item, reason)
			return
		}
		l.add(csv.Row{Value: none.Value}) // a row, as it is in a list of lines
	}
	switch con.Name {
	case "misp":
		err = misp.Values(ctx, env, name, l.value)
	case "stix":
		err = stix.Values(ctx, env, name, l.value)
	default:
		err = l.documents(ctx, con, env, im, name)
	}
	return cmp.Or(l.err, err)
}

// A ratable hands over the values of a file, each once, numbered in the order in which
// they come.
type ratable struct {
	each func(csv.Row) error
	n    int
	seen map[ratedValue]bool
	err  error // what stopped it
}

type ratedValue struct {
	entity intel.Entity
	value  string
}

// documents adds what the documents of a file say of indicators.
func (l *ratable) documents(ctx context.Context, con *collect.Connector, env collect.Env, im *importing, name string) error {
	settings, err := im.settings(name)
	if err != nil {
		return err
	}
	src, err := con.Open(env, collect.Strict(settings))
	if err != nil {
		return err
	}
	return src.Collect(ctx, "", func(doc intel.Document, _ intel.Cursor) error {
		l.document(doc)
		return l.err
	})
}

// document adds what a document says of indicators.
func (l *ratable) document(doc intel.Document) {
	for _, claim := range doc.Claims {
		at := claim.At
		if at.IsZero() {
			at = doc.Published // as when it is imported
		}
		if l.value(claim.Subject, at) != nil {
			return
		}
	}
}

// value adds an indicator with when it was seen; what else there is is passed over.
func (l *ratable) value(e intel.Entity, at time.Time) error {
	if e.Kind.Class() == intel.IOC {
		l.add(csv.Row{Value: e.Name, Entity: e, Last: at})
	}
	return l.err
}

func (l *ratable) add(r csv.Row) {
	key := ratedValue{r.Entity, r.Value}
	if l.err != nil || l.seen[key] {
		return
	}
	l.n++
	l.seen[key], r.Line = true, l.n
	l.err = l.each(r)
}

// A summary is what the rows so far come to.
type summary struct {
	app      *app
	ed       *pipeline.Editor
	screen   score.Screen
	batch    []csv.Row
	rows     int
	grades   map[score.Grade]int
	reasons  map[score.Reason]int
	unread   int
	rejected []rejection
}

// reject notes what cannot be read, each of the first and how many more there are.
func (s *summary) reject(item string, reason error) {
	switch s.unread++; {
	case s.unread <= mostListed:
		s.rejected = append(s.rejected, rejection{"", item, oneLine(reason)})
	case s.unread == mostListed+1:
		s.rejected = append(s.rejected, rejection{"", "", "1 more item"})
	default:
		s.rejected[mostListed].Reason = fmt.Sprintf("%d more items", s.unread-mostListed)
	}
}

// flush rates the rows that wait.
func (s *summary) flush(ctx context.Context) error {
	now := s.app.asOf()
	h, err := s.here(ctx, now)
	if err != nil {
		return err
	}
	for _, r := range s.batch {
		out := h.rate(r, s.screen, now)
		if err := s.print(out); err != nil {
			return err
		}
		s.rows++
		s.grades[out.Grade]++
		for _, reason := range out.Reasons {
			s.reasons[reason]++
		}
	}
	s.batch = s.batch[:0]
	return nil
}

// A knownHere is what is known here of the values of rows.
type knownHere struct {
	standings map[intel.Entity]store.Standing
	sharers   map[intel.Entity]int
	refuted   map[intel.Entity]pipeline.Refutation
}

// here is what is known of the rows that wait.
func (s *summary) here(ctx context.Context, now time.Time) (h knownHere, err error) {
	entities := make([]intel.Entity, 0, len(s.batch))
	for _, r := range s.batch {
		if r.Entity.Name != "" {
			entities = append(entities, r.Entity)
		}
	}
	r := s.app.reader()
	m, err := s.ed.Measure(ctx, now)
	if err != nil {
		return h, err
	}
	h.standings, err = s.app.db.Standings(ctx, r, entities, now, func(said []intel.Evidence) (all, lasting int) {
		c := m.Scale.Voices(m.Scale.Explain(said, now), said, now)
		return c.Count(), c.Lasting
	})
	if err != nil {
		return h, err
	}
	if h.sharers, err = s.ed.Sharers(ctx, r, entities, now); err != nil {
		return h, err
	}
	h.refuted, err = s.ed.Refuted(ctx, r, entities, now)
	return h, err
}

// rate is what a row is worth.
func (h knownHere) rate(r csv.Row, screen score.Screen, now time.Time) rated {
	k := h.standings[r.Entity]
	st := score.Standing{Entity: r.Entity, Origins: k.Origins, Lasting: k.Lasting, Sharers: h.sharers[r.Entity], Last: lastSeen(k.Last, r.Last, now)}
	out := rated{Row: r.Line, Value: r.Value, Level: r.Level, Origins: k.Origins, Lasting: k.Lasting, LastSeen: rfc3339(st.Last), Dated: rfc3339(r.Last), last: st.Last, said: r.Last}
	out.stamped = intel.Plausible(r.Last, now) && !score.Outdated(r.Entity, r.Last, now)
	if by, ok := h.refuted[r.Entity]; ok {
		st.Refuted, out.Refuted = true, &refuted{by.Analysts, append([]intel.SourceID{}, by.By...)}
	}
	if r.Entity.Name != "" {
		aside := screen.Of(r.Entity)
		if st.Benign, st.Ruled = aside.Reason, aside.Verdict != nil; k.Origins == 0 {
			st.Benign = aside.Unseen().Reason
		}
	}
	out.Grade, out.Reasons = score.Rate(st, now)
	return out
}

// lastSeen is when a value was seen last, as we know, or else as its list says: one
// that stamps all it has with today makes nothing fresh that we know to be old.
func lastSeen(known, said, now time.Time) time.Time {
	if known.IsZero() && intel.Plausible(said, now) {
		return said
	}
	return known
}

// rfc3339 is a time in words; an unknown one is none.
func rfc3339(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func (s *summary) print(r rated) error {
	if s.app.cli.JSON {
		return s.app.print(r)
	}
	reasons := make([]string, len(r.Reasons))
	for i, reason := range r.Reasons {
		reasons[i] = r.worded(reason)
	}
	_, err := fmt.Fprintf(s.app.out, "%s  %6d  %s: %s\n", r.Grade, r.Row, line(r.Value), line(strings.Join(reasons, ", ")))
	return err
}

// worded is a reason with what tells more of it.
func (r rated) worded(reason score.Reason) string {
	switch {
	case reason == score.Corroborated:
		return fmt.Sprintf("corroborated by %d origins", r.Lasting)
	case reason == score.SingleOrigin && r.Origins > 1:
		return "single-origin (" + score.SpentVoices(r.Origins, r.Lasting) + ")"
	case reason == score.Refuted:
		return refutedBy(*r.Refuted)
	case reason == score.Stale && r.stamped:
		return fmt.Sprintf("stale (dated %s by this list, last seen %s by others)", date(r.said), date(r.last))
	case reason == score.Undated && !r.said.IsZero():
		return fmt.Sprintf("undated (%s is not believed)", date(r.said))
	}
	return string(reason)
}

// refutedBy says how many analysts refute a row, and who.
func refutedBy(r refuted) string {
	out := "refuted by 1 analyst"
	if r.Analysts != 1 {
		out = fmt.Sprintf("refuted by %d analysts", r.Analysts)
	}
	if len(r.By) == 0 {
		return out
	}
	names := make([]string, len(r.By))
	for i, by := range r.By {
		names[i] = string(by)
	}
	return out + " (" + strings.Join(names, ", ") + ")"
}

// end prints what the list is worth.
func (s *summary) end(file string) error {
	defer s.tell(file)
	if s.rows == 0 {
		return fmt.Errorf("rate %s: no indicator in it: a column of values, a table in Markdown, or a value a line is wanted", file)
	}
	grade := score.GradeList(s.grades)
	if s.app.cli.JSON {
		if err := s.app.print(map[string]any{"rows": s.rows, "grade": grade, "by_reason": s.reasons, "by_grade": s.grades}); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(s.app.out, "grade %s of %d rows:", grade, s.rows)
		for _, g := range []score.Grade{"A", "B", "C", "D", "F"} {
			fmt.Fprintf(s.app.out, " %s %d", g, s.grades[g])
		}
		fmt.Fprintln(s.app.out)
	}
	if len(s.rejected) > 0 {
		return errPartial
	}
	return nil
}

// tell prints what could not be read.
func (s *summary) tell(file string) {
	for _, r := range s.rejected {
		fmt.Fprintf(s.app.err, "rejected %s\n", strings.Join(slices.DeleteFunc([]string{line(file), line(r.Item), line(r.Reason)}, func(s string) bool { return s == "" }), ": "))
	}
}
