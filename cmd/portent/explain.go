package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
	"github.com/portent-cti/portent/internal/score"
)

type explainCmd struct {
	History bool     `help:"How far it was believed from the first word on, and why that changed."`
	Row     []string `arg:"" help:"The id of a row or of a forecast (profile --format json tells it), or what a row says: 'ipv4:192.0.2.7 indicates actor:cold-lynx'; values may be defanged. Several ids, or rows in quotes, are explained one by one."`
}

// closeEnough is how far what is recomputed may be from what is stored.
const closeEnough = 1e-9

// mostSteps is how many origins of each stance are told one by one.
const mostSteps = 200

// mostWords is how much of what was said of a row its history is told from.
const mostWords = 1 << 20

// Run implements the command.
func (c *explainCmd) Run(ctx context.Context, a *app) error {
	ed, err := a.today(ctx)
	if err != nil {
		return err
	}
	var unknown []string
	told := 0
	for _, text := range c.rows() {
		if told > 0 && !a.cli.JSON {
			fmt.Fprintln(a.out)
		}
		switch err := c.explain(ctx, a, ed, text); {
		case err == nil:
			told++
		case len(c.rows()) > 1 && errors.Is(err, intel.ErrNotFound):
			unknown = append(unknown, err.Error())
		default:
			return err
		}
	}
	if len(unknown) > 0 {
		return errors.New(strings.Join(unknown, "\n"))
	}
	return nil
}

// rows is what is asked for: of several arguments each is a row where each is one by
// itself, and else they are the words of one.
func (c *explainCmd) rows() []string {
	for _, text := range c.Row {
		_, err := strconv.ParseInt(text, 10, 64)
		if _, _, _, says := intel.CutLink(text); err != nil && !says && !forecastID.MatchString(text) {
			return []string{strings.Join(c.Row, " ")}
		}
	}
	return c.Row
}

// explain explains one row.
func (c *explainCmd) explain(ctx context.Context, a *app, ed *pipeline.Editor, text string) error {
	w := pipeline.Window{Back: !a.cli.AsOf.IsZero()}
	if forecastID.MatchString(text) {
		return c.forecast(ctx, a, ed, text, w)
	}
	row, printed, err := c.row(ctx, a, ed, text, w)
	if err != nil {
		return err
	}
	if c.History {
		h, err := ed.RowHistory(ctx, a.reader(), row, w, a.asOf(), mostWords)
		if err != nil {
			return err
		}
		return a.history(h)
	}
	if printed == nil && w.Back {
		return c.then(ctx, a, ed, row.Links()[0], w)
	}
	more, err := ed.DB.Unweighed(ctx, a.reader(), row.Links())
	if err != nil {
		return err
	}
	if printed != nil {
		words, err := a.words(ctx, ed, *printed)
		if err != nil {
			return err
		}
		return a.printed(*printed, words, more)
	}
	return c.now(ctx, a, ed, row.Links()[0], more)
}

// row is the row that is asked for, with what makes it where it is not one link as it
// stands.
func (c *explainCmd) row(ctx context.Context, a *app, ed *pipeline.Editor, text string, w pipeline.Window) (intel.Row, *pipeline.Printed, error) {
	if _, err := strconv.ParseInt(text, 10, 64); err == nil {
		return intel.Row{ID: text}, nil, nil
	}
	l, err := a.link(ctx, ed, text)
	if err != nil {
		return intel.Row{}, nil, err
	}
	found, err := a.rowOf(ctx, ed, l, w)
	if err != nil || found.Row.ID == "" {
		return found.Row, nil, err
	}
	if _, err := strconv.ParseInt(found.Row.ID, 10, 64); err == nil {
		return intel.Row{ID: found.Row.ID}, nil, nil
	}
	return found.Row, &found, nil
}

// now explains a row as it stands.
func (c *explainCmd) now(ctx context.Context, a *app, ed *pipeline.Editor, id int64, more intel.Unweighed) error {
	row, err := ed.DB.Between(ctx, a.reader(), id)
	if err != nil {
		return err
	}
	parts, err := ed.DB.Parts(ctx, a.reader(), id, row.At)
	if err != nil {
		return err
	}
	then, err := ed.Measure(ctx, row.At)
	if err != nil {
		return err
	}
	steps := then.Explain(parts)
	p, level, heard := score.Fuse(steps), levelBy(then, parts), then.Scale.Voices(steps, parts, row.At)
	now := a.asOf()
	if parts, err = ed.DB.Parts(ctx, a.reader(), id, now); err != nil {
		return err
	}
	measure, err := ed.Measure(ctx, now)
	if err != nil {
		return err
	}
	today := score.Fuse(measure.Explain(parts))
	believed, err := ed.Judged(ctx, a.reader(), row, a.now())
	if err != nil {
		return err
	}
	rulings, err := ed.Rulings(ctx, a.reader(), row.Link)
	if err != nil {
		return err
	}
	shown, rest := score.Strongest(steps, mostSteps)
	sources, words := then.Scale.Judged(shown), listedRulings(rulings, intel.RowsRuled(rulings, row.At))
	if a.cli.JSON {
		err = a.print(map[string]any{"row": strconv.FormatInt(id, 10), "link": row.Link, "confidence": believed.Level, "probability": row.Probability, "recomputed": p, "as_of": row.At,
			"origins": row.Origins, "independent": heard.Origins, "speakers": heard.Speakers, "lasting": heard.Lasting, "dated": believed.Dated, "half_life_days": score.HalfLife(row.Link).Hours() / 24, "probability_now": today, "steps": shown, "rest": rest, "sources": sources, "verdicts": words, "suppressed": believed.Suppressed, "doubts": append([]string{}, believed.Doubts...), "believed": believed.Probability, "unweighed": more})
	} else {
		told := row.Assessment
		told.Level, told.Probability = believed.Level, believed.Probability
		a.explained(told, steps)
		fmt.Fprintf(a.out, "stored %.9f, recomputed %.9f; as of %s %s; half-life %s\n", row.Probability, p, date(now), intel.Decimal(today), halfLife(row.Link))
		a.heard(heard)
		a.undated(heard.Count(), row.Last, believed.Dated)
		a.judged(sources, words)
		a.against(believed)
		a.beyond(more)
		err = a.meaning(ctx, ed, row.Link)
	}
	if diff := math.Abs(p - row.Probability); err == nil && (diff > closeEnough || level != row.Level) {
		err = fmt.Errorf("row %d: %s (%.12f) is stored and %s (%.12f) recomputed: portent reprocess --scores weighs it again", id, row.Level, row.Probability, level, p)
	}
	return err
}

// levelBy is what all parts of a row come to.
func levelBy(m pipeline.Measure, parts []intel.Evidence) intel.Level {
	if all := m.Judge(parts); len(all) > 0 {
		return all[len(all)-1].Level
	}
	return intel.Low
}

// then explains a row from what was known at a time that is past.
func (c *explainCmd) then(ctx context.Context, a *app, ed *pipeline.Editor, id int64, w pipeline.Window) error {
	r, now := a.reader(), a.asOf()
	h, err := ed.History(ctx, r, id, w, now, mostWords)
	if err != nil {
		return err
	}
	parts, err := ed.Parts(ctx, r, id, w, now)
	if err != nil {
		return err
	}
	measure, err := ed.Measure(ctx, now)
	if err != nil {
		return err
	}
	steps := measure.Explain(parts)
	p := score.Fuse(steps)
	row := intel.Assessment{Link: h.Link, Probability: p, Level: intel.Low, At: now}
	if all := measure.Judge(parts); len(all) > 0 {
		row = all[len(all)-1]
	}
	told, rest := score.Strongest(steps, mostSteps)
	last, heard, sources := h.Turns[len(h.Turns)-1], measure.Scale.Voices(steps, parts, now), measure.Scale.Judged(told)
	if a.cli.JSON {
		return a.print(map[string]any{"row": h.Row, "link": row.Link, "confidence": last.Level, "probability": row.Probability, "recomputed": p, "as_of": now,
			"origins": row.Origins, "independent": heard.Origins, "speakers": heard.Speakers, "lasting": heard.Lasting, "sources": sources, "dated": row.Dated, "half_life_days": score.HalfLife(row.Link).Hours() / 24, "probability_now": p, "steps": append([]score.Step{}, told...), "rest": rest, "believed": last.Believed, "suppressed": h.Suppressed, "doubts": append([]string{}, h.Doubts...)})
	}
	if len(steps) == 0 {
		fmt.Fprintln(a.out, "nobody had said so by then")
	}
	shown := row
	shown.Level, shown.Probability = last.Level, last.Believed
	a.explained(shown, steps)
	fmt.Fprintf(a.out, "recomputed %.9f from what was known then; half-life %s\n", p, halfLife(row.Link))
	a.heard(heard)
	a.undated(heard.Count(), row.Last, row.Dated)
	a.judged(sources, nil)
	if len(steps) == 0 {
		return nil
	}
	a.against(intel.Row{Level: last.Level, Probability: last.Believed, Suppressed: h.Suppressed, Doubts: h.Doubts})
	return nil
}

// history prints how far a row was believed, a line for each change.
func (a *app) history(h intel.History) error {
	if a.cli.JSON {
		return a.print(h)
	}
	fmt.Fprintf(a.out, "%s, by the rules of today\n\n", line(h.Link.String()))
	for _, t := range h.Turns {
		fmt.Fprintf(a.out, "%s  %-9s  %s → %s  %-6s  %s\n", t.At.UTC().Format(time.DateOnly), t.Sort, intel.Decimal(t.BelievedBefore), intel.Decimal(t.Believed), t.Level, line(t.Why))
	}
	if h.More > 0 {
		fmt.Fprintf(a.out, "\n%d more changes are left out\n", h.More)
	}
	if h.Unread > 0 {
		fmt.Fprintf(a.out, "\n%d more pieces of evidence are in the last line alone\n", h.Unread)
	}
	return nil
}

// judged prints how often people found the sources of a row right and wrong, and
// what analysts said of the row itself.
func (a *app) judged(sources []score.JudgedSource, words []listedRuling) {
	for _, s := range sources {
		fmt.Fprintf(a.out, "%s: %.4g right %.4g wrong of shipped, %.4g right %.4g wrong here; reliability %.4f\n", line(s.Source), s.Shipped.Right, s.Shipped.Wrong, s.Own.Right, s.Own.Wrong, s.Reliability)
	}
	for _, v := range words {
		fmt.Fprintln(a.out, ruledRow(v.RowVerdict)+overruled(v))
	}
}

// heard prints how many voices a row rests on.
func (a *app) heard(c score.Chorus) {
	fmt.Fprintf(a.out, "voices: %d, of origins that may be independent: %d, said by sources and accounts: %d", c.Count(), c.Origins, c.Speakers)
	switch {
	case c.Count() > 1:
	case c.Origins > 1:
		fmt.Fprint(a.out, "; whatever one of these cites, and accounts that nobody vouches for, are its word alone, and Medium at most")
	default:
		fmt.Fprint(a.out, "; one voice is Medium at most")
	}
	if c.Count() > 1 && c.Lasting < c.Count() {
		fmt.Fprintf(a.out, "; %s, and High counts no such", score.SpentVoices(c.Count(), c.Lasting))
	}
	fmt.Fprintln(a.out)
}

// undated prints that a row of several voices is Medium at most for want of a date that
// is worth something, where it is.
func (a *app) undated(voices int, last time.Time, dated bool) {
	switch {
	case voices < 2 || dated:
	case last.IsZero():
		fmt.Fprintln(a.out, "no source gives a date; without one it is Medium at most")
	default:
		fmt.Fprintf(a.out, "%s; without one that is, it is Medium at most\n", score.Spent(last))
	}
}

// against prints what keeps a row from being believed as far as its evidence
// comes to.
func (a *app) against(r intel.Row) {
	if r.Suppressed != "" {
		fmt.Fprintf(a.out, "set aside, and so believed no more than %s: %s\n", intel.Decimal(r.Probability), line(r.Suppressed))
	}
	if len(r.Doubts) > 0 {
		fmt.Fprintf(a.out, "believed %s (%s) for what speaks against it: %s\n", r.Level, intel.Decimal(r.Probability), line(strings.Join(r.Doubts, ", ")))
	}
}

// beyond prints how much texts say that is not weighed.
func (a *app) beyond(u intel.Unweighed) {
	if u.Documents > 0 {
		fmt.Fprintf(a.out, "documents that say so and say more than is weighed of one text: %d, with %d pieces more\n", u.Documents, u.Pieces)
	}
}

// unheard says how much the texts that name a value say that is not weighed.
func unheard(u intel.Unweighed) string {
	return fmt.Sprintf("documents that name it and say more than is weighed of one text: %d, with %d pieces more", u.Documents, u.Pieces)
}

// halfLife is in how many days half of the worth of a piece of evidence is gone.
func halfLife(l intel.Link) string { return fmt.Sprintf("%.0f days", score.HalfLife(l).Hours()/24) }

// explained prints how far a row is believed, all told, and the formula of
// docs/confidence.md with the numbers of its evidence in it.
func (a *app) explained(row intel.Assessment, steps []score.Step) {
	fmt.Fprintf(a.out, "%s: %s (%s) as of %s, first seen %s, last seen %s\n\n", line(row.Link.String()), row.Level, intel.Decimal(row.Probability), row.At.UTC().Format("2006-01-02 15:04 UTC"), date(row.First), date(row.Last))
	a.summed(steps)
}

// summed prints what each origin adds, and what they come to.
func (a *app) summed(steps []score.Step) {
	fmt.Fprintf(a.out, "%-40s %-8s %11s  %10s  %6s = %6s  %s\n", "origin", "stance", "reliability", "directness", "fading", "worth", "dated; pieces, of which the strongest counts")
	shown, rest := score.Strongest(steps, mostSteps)
	var factors, objections []string
	for _, s := range shown {
		stance, counts := "supports", fmt.Sprintf("%s; %d", date(s.At), s.Pieces)
		switch {
		case s.Cited:
			counts += "; said by who speaks for " + line(s.With) + ", which counts for both"
		case s.With != "":
			counts += "; within two days of " + line(s.With) + ", who counts for both"
		}
		if s.Spent && s.With == "" && s.Stance == intel.Supports {
			counts += "; nothing of it is left, and High does not count it"
		}
		if s.Stated != 0 {
			counts += "; it says " + s.Stated.String() + ", a date that is not believed"
		}
		if s.Source.Reserved() {
			counts = "an analyst's word, which is no origin"
		}
		if s.Stance == intel.Disputes {
			stance = "disputes"
		}
		fmt.Fprintf(a.out, "%-40s %-8s %11.4f × %10.4f × %6.4f = %6.4f  %s\n", line(s.Origin), stance, s.Reliability, s.Directness, s.Fading, s.Worth, counts)
	}
	if rest.Steps > 0 {
		fmt.Fprintf(a.out, "… and %d more that count less\n", rest.Steps)
	}
	var said []score.Step // in support of it
	for _, s := range steps {
		switch {
		case s.With != "":
		case s.Stance == intel.Disputes:
			objections = append(objections, fmt.Sprintf("(1 − %.1f · %.4f)", score.Objection, s.Worth))
		default:
			factors = append(factors, fmt.Sprintf("(1 − %.4f)", s.Worth))
			said = append(said, s)
		}
	}
	fmt.Fprintf(a.out, "\nP = (1 − %.2f) · (1 − %.2f%s) = %.6f", score.Alike, 1-score.Leak, product(factors), score.Fuse(said))
	if len(objections) > 0 {
		fmt.Fprintf(a.out, ", times%s for who disputes it", strings.TrimPrefix(product(objections), " ·"))
	}
	fmt.Fprintln(a.out)
}

// product writes factors behind others: the first six of more than eight.
func product(factors []string) string {
	more := ""
	if len(factors) > 8 {
		more = fmt.Sprintf(" · … %d more", len(factors)-6)
		factors = factors[:6]
	}
	var b strings.Builder
	for _, f := range factors {
		b.WriteString(" · " + f)
	}
	return b.String() + more
}
