package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// A Loud voice told of somebody: a source, or one of its accounts where the letter of the
// source vouches for them. Weeks is in how many documents, by week, every one from the
// first asked for.
type Loud struct {
	Source  intel.SourceID
	Account string // empty: all of the source
	Weeks   []int
}

// A Hearing asks who told of names: of documents from the week of From until that of To,
// of those voices that told the most since Since.
type Hearing struct {
	From, Since, To time.Time
	Most            int
}

// speaks is whose word a document d of a source s is, within it.
func speaks() string {
	kinds := ""
	for _, g := range []intel.Genre{intel.Social, intel.Forum, intel.Chat, intel.Market, intel.LeakSite, intel.Mail} {
		kinds += fmt.Sprintf(`,'%s'`, g)
	}
	return fmt.Sprintf(`CASE WHEN s.reliability BETWEEN %d AND %d AND d.genre IN (%s) THEN d.author ELSE '' END`, 'A', 'C', kinds[1:])
}

// Loudest returns who told of names most of late, in documents that r may see.
func (db *DB) Loudest(ctx context.Context, r intel.Reader, names []intel.Entity, h Hearing) ([]Loud, error) {
	ids, err := db.integers(ctx, names)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	first, last := weekOf(fromTime(h.From)), weekOf(fromTime(h.To))
	const perDay = day / second
	from := fmt.Sprintf(` FROM mentions m JOIN documents d ON d.id = m.document JOIN sources s ON s.id = d.source
		WHERE m.marking <= $1 AND m.at >= %d AND m.at < %d AND m.entity IN `, max(first, weekOf(fromTime(h.Since)))*perDay, (last+7)*perDay) + list(2, len(ids))
	type speaker struct {
		source int64
		Loud
	}
	all, err := query(ctx, db.read, func(r *sql.Rows, x *speaker) error {
		var n int
		x.Weeks = make([]int, (last-first)/7+1)
		return r.Scan(&x.source, &x.Source, &x.Account, &n)
	}, `SELECT s.id, s.name, `+speaks()+` AS who, COUNT(DISTINCT m.document) AS n`+from+fmt.Sprintf(` GROUP BY s.id, s.name, who ORDER BY n DESC, s.name, who LIMIT %d`, h.Most),
		append([]any{int(r.Clearance)}, anys(ids)...)...)
	if err != nil {
		return nil, fmt.Errorf("who told of %s: %w", names[0], err)
	}
	out := make([]Loud, len(all))
	for i, x := range all {
		out[i] = x.Loud
		days, err := query(ctx, db.read, func(r *sql.Rows, x *dayCount) error { return r.Scan(&x.day, &x.n) },
			fmt.Sprintf(`SELECT m.at / %d AS day, COUNT(DISTINCT m.document) FROM mentions m JOIN documents d ON d.id = m.document JOIN sources s ON s.id = d.source
			WHERE m.marking <= $1 AND s.id = $2 AND %s = $3 AND m.at >= %d AND m.at < %d AND m.entity IN %s GROUP BY m.at / %d`, perDay, speaks(), first*perDay, (last+7)*perDay, list(4, len(ids)), perDay),
			append([]any{int(r.Clearance), x.source, x.Account}, anys(ids)...)...)
		if err != nil {
			return nil, fmt.Errorf("what %s told of %s: %w", x.Source, names[0], err)
		}
		for _, x := range days {
			out[i].Weeks[(weekOf(sql.NullInt64{Int64: x.day * day, Valid: true})-first)/7] += int(x.n)
		}
	}
	return out, nil
}
