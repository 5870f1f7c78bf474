package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/portent-cti/portent/internal/intel"
)

// Surprises sums up how forecasts that r may see turned out, by kind: by the week they
// were made in, oldest first, and by hundredths of what they said.
func (db *DB) Surprises(ctx context.Context, r intel.Reader) (map[string][]intel.WeekBins, error) {
	type row struct {
		kind string
		intel.WeekBins
	}
	rows, err := query(ctx, db.read, func(r *sql.Rows, x *row) error {
		var bin int64
		return r.Scan(&x.kind, &x.Event, &x.Week, &bin, &x.N, &x.P, &x.Log, &x.Came)
	}, `SELECT kind, event, made / 7 AS week, p / 10000 AS bin, COUNT(*), `+sums("p", "log", "CASE event WHEN 1 THEN came END")+`
		FROM outcomes WHERE came IS NOT NULL AND marking <= $1 GROUP BY kind, event, made / 7, p / 10000 ORDER BY kind, event, week, bin`, int(r.Clearance))
	if err != nil {
		return nil, fmt.Errorf("how forecasts turned out by week: %w", err)
	}
	out := map[string][]intel.WeekBins{}
	for _, x := range rows {
		out[x.kind] = append(out[x.kind], x.WeekBins)
	}
	return out, nil
}
