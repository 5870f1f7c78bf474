package publish

import (
	"fmt"
	"strconv"

	"github.com/portent-cti/portent/internal/intel"
)

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
	for _, f := range p.Forecasts {
		for _, s := range f.Unwatched {
			b.line("Left out: %s to %s, when nothing came in of anybody.\n", date(s.From), date(s.Until.AddDate(0, 0, -1)))
		}
	}
}

func between(r intel.Range) string { return fmt.Sprintf("%d to %d", r[0], r[1]) }
