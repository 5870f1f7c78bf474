package publish

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/portent-cti/portent/internal/intel"
)

// precedents writes which past states forecasts of counts are nearest to.
func (b *writer) precedents() {
	for i, f := range b.p.Forecasts {
		if len(f.Precedents) == 0 {
			continue
		}
		b.line("Nearest precedents of forecast %d:\n", i+1)
		for _, p := range f.Precedents {
			b.line("* %s", inline(p.String()))
			for _, d := range p.Documents {
				b.line("  * %s %s (%s, document %s)", date(d.At), inline(d.What), inline(string(d.Source)), inline(string(d.Document)))
			}
		}
		b.line("")
	}
}

// ahead writes what the forecasts of counts come to by week.
func (b *writer) ahead() {
	p := b.p
	if len(p.Ahead) == 0 {
		return
	}
	b.line("Documents about %s in each of the next four weeks, and between which counts half, four in five and 95 %% of outcomes are expected:\n", inline(p.Name))
	b.header([]string{"Week from", "Median", "50 %", "80 %", "95 %"})
	for _, w := range p.Ahead {
		b.row([]string{date(w.From), strconv.Itoa(w.Median), between(w.Half), between(w.Most), between(w.NearlyAll)})
	}
	b.line("\n%s\n", intel.AheadRule)
}

// changes writes what is forecast otherwise than a week ago, and what came of others.
func (b *writer) changes() {
	c := b.p.Changes
	if all := slices.Concat(c.Moved, c.New, c.Gone); !c.Since.IsZero() {
		b.line("What changed since last week (forecasts of %s beside those of %s):\n", date(c.Made), date(c.Since))
		if len(all) == 0 {
			b.line("Nothing of note.\n")
		} else {
			b.header([]string{"Change", "Kind", "Forecast", "Now", "A week ago"})
			for _, x := range all {
				b.row([]string{x.Direction(), inline(x.Kind), foretold(x.Target, x.Name, x.Horizon), x.Now.String(), x.Before.String()})
			}
			b.line("")
		}
	}
	if len(c.Judged) == 0 {
		return
	}
	about := "Judged within the week"
	if c.Came+c.CameNot > 0 {
		about += fmt.Sprintf(", of events %d that came true and %d that did not", c.Came, c.CameNot)
	}
	if c.Unscoreable > 0 {
		about += fmt.Sprintf(", and %d of which nothing can be said", c.Unscoreable)
	}
	b.line("%s:\n", about)
	b.header([]string{"Kind", "Forecast", "Made", "Due", "Said", "Outcome"})
	for _, s := range c.Judged {
		b.row([]string{inline(s.Kind), foretold(s.Target, s.Name, s.Horizon), date(s.Made), date(s.Due), said(s), inline(s.Outcome())})
	}
	b.line("")
}

// foretold names what was forecast for so many days.
func foretold(target, name string, horizon int) string {
	title, _ := intel.TitleOf(target, name)
	return inline(fmt.Sprintf("%s in %d days", title, horizon))
}

// said is what a judged forecast said, as far as it may be told: its rank is not known
// any more.
func said(s intel.Settled) string {
	if s.Counted() || s.Stand.Skill.Above() {
		return s.Stand.String()
	}
	return "-"
}

func between(r intel.Range) string { return fmt.Sprintf("%d to %d", r[0], r[1]) }
