package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
)

type rowCmd struct {
	Confirm confirmRowCmd `cmd:"" help:"Rule that a row is true."`
	Refute  refuteRowCmd  `cmd:"" help:"Rule that a row is not true."`
	Undo    undoRowCmd    `cmd:"" help:"Take back what was ruled of a row."`
	List    rowListCmd    `cmd:"" help:"Print what counts, or with --all everything that was ever ruled."`
}

// A rowArg is what is ruled on, as a person writes it.
type rowArg struct {
	Row    []string `arg:"" help:"The id of a row (profile --format json tells it), or what it says: 'ipv4:192.0.2.7 indicates actor:cold-lynx'; values may be defanged."`
	By     string   `help:"Who rules (default: you)." placeholder:"NAME"`
	Reason string   `help:"Why." placeholder:"TEXT"`
}

type (
	confirmRowCmd struct{ rowArg }
	refuteRowCmd  struct{ rowArg }
	undoRowCmd    struct{ rowArg }
)

// Run implements the command.
func (c *confirmRowCmd) Run(ctx context.Context, a *app) error {
	return c.rule(ctx, a, intel.ConfirmRow)
}

// Run implements the command.
func (c *refuteRowCmd) Run(ctx context.Context, a *app) error {
	return c.rule(ctx, a, intel.RefuteRow)
}

// Run implements the command.
func (c *undoRowCmd) Run(ctx context.Context, a *app) error { return c.rule(ctx, a, intel.UndoRow) }

// rule keeps a verdict and weighs its row.
func (c *rowArg) rule(ctx context.Context, a *app, ruling intel.Ruling) error {
	pipe, err := a.pipeline(ctx)
	if err != nil {
		return err
	}
	ed, err := a.editor(ctx)
	if err != nil {
		return err
	}
	v := intel.RowVerdict{Ruling: ruling, Reason: strings.Join(strings.Fields(c.Reason), " "), At: a.now()}
	if v.Link, err = a.ruledLink(ctx, ed, strings.Join(c.Row, " ")); err != nil {
		return err
	}
	if v.Link.Relation == intel.AliasOf || v.Link.Relation == intel.NotAliasOf {
		return usageError{fmt.Errorf("%s: whom a name stands for is ruled by portent alias confirm, dispute and undo", v.Link)}
	}
	if v.By, err = analyst(c.By); err != nil {
		return err
	}
	if v.Before, err = a.db.Verdicts(ctx); err != nil {
		return err
	}
	before, err := c.before(ctx, a, &v)
	if err != nil {
		return err
	}
	if _, err := pipe.Keep(ctx, []intel.Document{v.Document()}); err != nil {
		return err
	}
	if err := pipe.Finish(ctx); err != nil {
		return err
	}
	if ruling == intel.UndoRow {
		if err := pipe.Unlearn(ctx, nil); err != nil {
			return err
		}
		if id, err := a.db.Linked(ctx, v.Link); err == nil { // as it is without what the word taught
			if v.Believed, err = ed.Judgeable(ctx, a.reader(), id, v.At); err != nil && !errors.Is(err, intel.ErrNotFound) {
				return err
			}
		}
	}
	return a.ruled(ctx, v, before)
}

// before returns the word that counted until now, if one did, and notes in a new
// one how far sources make the row believed. Without them there is no row to
// confirm, nor anything to refute; what was ruled can be taken back all the same.
func (c *rowArg) before(ctx context.Context, a *app, v *intel.RowVerdict) (before []intel.RowVerdict, err error) {
	all, err := a.db.RowVerdicts(ctx)
	if err != nil {
		return nil, err
	}
	before = slices.DeleteFunc(intel.RowsRuled(all, a.now()), func(o intel.RowVerdict) bool { return o.Link != v.Link })
	ed, err := a.editor(ctx)
	if err != nil {
		return nil, err
	}
	id, err := a.db.Linked(ctx, v.Link)
	if err == nil {
		v.Believed, err = ed.Judgeable(ctx, a.reader(), id, v.At)
	}
	switch {
	case v.Ruling == intel.UndoRow && len(before) == 0:
		return nil, fmt.Errorf("nothing that counts was ruled of %s: portent row list --all shows what was", v.Link)
	case v.Ruling == intel.UndoRow && errors.Is(err, intel.ErrNotFound):
		return before, nil
	case errors.Is(err, intel.ErrNotFound):
		return nil, fmt.Errorf("nobody says that %s, so there is nothing to %s: import a document that says it (portent import --as documents), and rule then", v.Link, strings.TrimSuffix(string(v.Ruling), " row"))
	}
	return before, err
}

// ruled prints what a verdict came to.
func (a *app) ruled(ctx context.Context, v intel.RowVerdict, before []intel.RowVerdict) error {
	row, err := a.believed(ctx, v.Link)
	if err != nil && !errors.Is(err, intel.ErrNotFound) {
		return err
	}
	if a.cli.JSON {
		return a.print(map[string]any{"verdict": v, "overrules": append([]intel.RowVerdict{}, before...), "probability": row.Probability, "confidence": row.Level, "origins": row.Origins, "suppressed": row.Suppressed, "doubts": append([]string{}, row.Doubts...)})
	}
	fmt.Fprintln(a.out, ruledRow(v))
	for _, o := range before {
		fmt.Fprintf(a.out, "before: %s\n", ruledRow(o))
	}
	if err != nil {
		fmt.Fprintln(a.out, "nobody says it any more")
		return nil
	}
	under := "by"
	if len(row.Joins) > 0 {
		under = "under this name by"
	}
	fmt.Fprintf(a.out, "believed %s (%s) now, origins: %d; %s sources alone %s\n", row.Level, intel.Decimal(row.Probability), row.Origins, under, intel.Decimal(v.Believed.Probability))
	a.against(row)
	return nil
}

// believed is the row of a link as it is believed now: as profiles print it, where they
// weigh it with what is said under other names.
func (a *app) believed(ctx context.Context, l intel.Link) (row intel.Row, err error) {
	row.Level = intel.Low // of what nobody says
	id, err := a.db.Linked(ctx, l)
	if err != nil {
		return row, err
	}
	stored, err := a.db.Between(ctx, a.reader(), id)
	if err != nil {
		return row, err
	}
	ed, err := a.editor(ctx)
	if err != nil {
		return row, err
	}
	if row, err = ed.Judged(ctx, a.reader(), stored, a.now()); err != nil {
		return row, err
	}
	means, err := a.means(ctx, ed, l)
	if err != nil || len(means[0]) != 1 || len(means[1]) != 1 {
		return row, err
	}
	p, err := ed.Printed(ctx, a.reader(), intel.Link{From: means[0][0].Entity, Relation: l.Relation, To: means[1][0].Entity}, pipeline.Window{}, a.now())
	if errors.Is(err, intel.ErrNotFound) {
		return row, nil
	}
	if _, single := strconv.ParseInt(p.Row.ID, 10, 64); err == nil && single != nil {
		row = p.Row
	}
	return row, err
}

// ruledRow is a verdict on a row as a line.
func ruledRow(v intel.RowVerdict) string {
	says := map[intel.Ruling]string{intel.ConfirmRow: "confirms", intel.RefuteRow: "refutes", intel.UndoRow: "takes back what was ruled of"}[v.Ruling]
	return line(fmt.Sprintf("%s %s %s %s%s", date(v.At), v.By, says, v.Link, because(v.Reason)))
}

type rowListCmd struct {
	All bool `help:"What was taken back or overruled too."`
}

// A listedRuling is a verdict with whether it counts.
type listedRuling struct {
	intel.RowVerdict
	Counts bool `json:"counts"`
}

// listedRulings tells of verdicts which count.
func listedRulings(all, counting []intel.RowVerdict) []listedRuling {
	out := make([]listedRuling, len(all))
	for i, v := range all {
		out[i] = listedRuling{v, slices.ContainsFunc(counting, func(o intel.RowVerdict) bool { return o.Kept == v.Kept })}
	}
	return out
}

// Run implements the command.
func (c *rowListCmd) Run(ctx context.Context, a *app) error {
	db, err := a.store(ctx)
	if err != nil {
		return err
	}
	all, err := db.RowVerdicts(ctx)
	if err != nil {
		return err
	}
	printed := 0
	for _, v := range listedRulings(all, intel.RowsRuled(all, a.now())) {
		if !c.All && !v.Counts {
			continue
		}
		printed++
		if a.cli.JSON {
			err = a.print(v)
		} else {
			_, err = fmt.Fprintln(a.out, ruledRow(v.RowVerdict)+overruled(v))
		}
		if err != nil {
			return err
		}
	}
	if printed == 0 && !a.cli.JSON {
		a.remark("Nothing is ruled; portent row confirm ROW and portent row refute ROW do.")
	}
	return nil
}

// overruled says of a verdict that it counts no more.
func overruled(v listedRuling) string {
	if v.Counts || v.Ruling == intel.UndoRow {
		return ""
	}
	return countsNoMore
}
