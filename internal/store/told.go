package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// speaks is which account's word a document d of a source s is; none where the letter of
// the source does not vouch for its accounts.
func speaks() string {
	kinds := ""
	for _, g := range []intel.Genre{intel.Social, intel.Forum, intel.Chat, intel.Market, intel.LeakSite, intel.Mail} {
		kinds += fmt.Sprintf(`,'%s'`, g)
	}
	return fmt.Sprintf(`CASE WHEN s.reliability BETWEEN %d AND %d AND d.genre IN (%s) THEN d.author ELSE '' END`, 'A', 'C', kinds[1:])
}

// A Hearing is how many documents of one week a source told that came in together.
type Hearing struct {
	Source  intel.SourceID
	Account string    // empty: all of the source; it does not vouch for accounts
	Week    int       // that they bear the date of, from the first asked for
	In      time.Time // the hour in which they came in
	N       int
}

// Hearings returns who told of names, a document once, in documents from the week of from
// until that of to that r may see.
func (db *DB) Hearings(ctx context.Context, r intel.Reader, names []intel.Entity, from, to time.Time) ([]Hearing, error) {
	ids, err := db.integers(ctx, names)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	first, last := weekOf(fromTime(from)), weekOf(fromTime(to))
	out, err := db.hearings(ctx, fmt.Sprintf(`SELECT s.name, %s AS who, (m.at - %[2]d) / %[3]d AS week, d.ingested / %[4]d AS hour, COUNT(DISTINCT m.document)
		FROM mentions m JOIN documents d ON d.id = m.document JOIN sources s ON s.id = d.source
		WHERE m.marking <= $1 AND m.at >= %[2]d AND m.at < %[5]d AND m.entity IN %[6]s GROUP BY s.name, who, week, hour ORDER BY s.name, who, week, hour`,
		speaks(), first*perDay, 7*perDay, hour, (last+7)*perDay, list(2, len(ids))), append([]any{int(r.Clearance)}, anys(ids)...))
	if err != nil {
		return nil, fmt.Errorf("who told of %s: %w", names[0], err)
	}
	return out, nil
}

func (db *DB) hearings(ctx context.Context, statement string, args []any) ([]Hearing, error) {
	return query(ctx, db.read, func(r *sql.Rows, t *Hearing) error {
		var in int64
		err := r.Scan(&t.Source, &t.Account, &t.Week, &in, &t.N)
		t.In = time.UnixMicro(in * hour).UTC()
		return err
	}, statement, args...)
}

const (
	hour   = day / 24     // in microseconds
	perDay = day / second // in the seconds of mentions
)
