package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// known is the condition that a mention could be known of at a moment: its
// document was learned by then and is not dated later. A zero moment asks for
// all.
func known(then time.Time) string {
	if then.IsZero() {
		return ""
	}
	return fmt.Sprintf(` AND at <= %d AND EXISTS (SELECT 1 FROM documents k WHERE k.id = document AND k.learned <= %d)`, then.Unix(), then.UnixMicro())
}

// Weekly returns the documents per week, from the week of from until that of
// to, that mention one of names, that r may see and that were known of then
// (zero: now). Every week stands in it.
func (db *DB) Weekly(ctx context.Context, r intel.Reader, names []intel.Entity, from, to, then time.Time) ([]intel.Count, error) {
	ids, err := db.integers(ctx, names)
	if err != nil {
		return nil, err
	}
	first, last := weekOf(fromTime(from)), weekOf(fromTime(to))
	counts := make([]intel.Count, 0, (last-first)/7+1)
	for w := first; w <= last; w += 7 {
		counts = append(counts, intel.Count{Start: time.UnixMicro(w * day).UTC()})
	}
	if len(ids) == 0 {
		return counts, nil
	}
	if len(ids) > 1 || !then.IsZero() { // a document that has several names counts once
		days, err := db.days(ctx, r, ids, first, then)
		if err != nil {
			return nil, fmt.Errorf("weekly activity: %w", err)
		}
		for _, x := range days {
			if w := weekOf(sql.NullInt64{Int64: x.day * day, Valid: true}); w >= first && w <= last {
				counts[(w-first)/7].N += int(x.n)
			}
		}
		return counts, nil
	}
	type row struct{ week, n int64 }
	rows, err := query(ctx, db.read, func(r *sql.Rows, x *row) error { return r.Scan(&x.week, &x.n) },
		`SELECT week, SUM(documents) FROM activity WHERE marking <= $1 AND week >= $2 AND week <= $3 AND entity = $4 GROUP BY week`, int(r.Clearance), first, last, ids[0])
	if err != nil {
		return nil, fmt.Errorf("weekly activity: %w", err)
	}
	for _, x := range rows {
		counts[(x.week-first)/7].N = int(x.n)
	}
	return counts, nil
}

// integers returns the integers of those of names that are known.
func (db *DB) integers(ctx context.Context, names []intel.Entity) ([]int64, error) {
	found, err := db.lookupIDs(ctx, names)
	if err != nil {
		return nil, err
	}
	var ids []int64
	for _, n := range names {
		if id, ok := found[n]; ok {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// A Span is when, in how many documents, and in how confidential ones,
// something was mentioned.
type Span struct {
	First, Last time.Time
	Documents   int
	Marking     intel.Marking // the strictest
}

// Mentioned returns the span of the documents that mention one of names, that r
// may see and that were known of then (zero: now). Dates that are not believed
// at now are left out of it.
func (db *DB) Mentioned(ctx context.Context, r intel.Reader, names []intel.Entity, now, then time.Time) (s Span, err error) {
	ids, err := db.integers(ctx, names)
	if err != nil || len(ids) == 0 {
		return s, err
	}
	var first, last sql.NullInt64
	args := append([]any{int(r.Clearance)}, anys(ids)...)
	dated := fmt.Sprintf(`(CASE WHEN at > %d AND at <= %d THEN at END)`, int64(undatedAt), now.Add(intel.Skew).Unix())
	err = db.read.QueryRowContext(ctx, `SELECT MIN`+dated+`, MAX`+dated+`, COUNT(DISTINCT document), COALESCE(MAX(marking), 0)
		FROM mentions WHERE marking <= $1 AND entity IN `+list(2, len(ids))+known(then), args...).Scan(&first, &last, &s.Documents, &s.Marking)
	s.First, s.Last = toSecond(first), toSecond(last)
	if err != nil {
		return s, fmt.Errorf("mentions: %w", err)
	}
	return s, nil
}

// Mentions returns the latest documents that mention one of names, that r may
// see and that were known of then (zero: now), without their claims.
func (db *DB) Mentions(ctx context.Context, r intel.Reader, names []intel.Entity, limit int, then time.Time) ([]intel.Document, error) {
	return db.mentions(ctx, r, names, limit, known(then))
}

// MentionsIn is Mentions of documents that are dated in a period.
func (db *DB) MentionsIn(ctx context.Context, r intel.Reader, names []intel.Entity, p Period, limit int, then time.Time) ([]intel.Document, error) {
	return db.mentions(ctx, r, names, limit, fmt.Sprintf(` AND at >= %d AND at < %d`, p.From.Unix(), p.To.Unix())+known(then))
}

func (db *DB) mentions(ctx context.Context, r intel.Reader, names []intel.Entity, limit int, where string) ([]intel.Document, error) {
	ids, err := db.integers(ctx, names)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	latest, err := db.latest(ctx, r, ids, limit, where)
	if err != nil || len(latest) == 0 {
		return nil, err
	}
	docs, err := query(ctx, db.read, func(r *sql.Rows, d *intel.Document) error {
		var key []byte
		var refs string
		var published, learned sql.NullInt64
		err := r.Scan(&key, &d.Source, &d.Genre, &d.URL, &d.Author, &d.Channel, &d.Title, &d.Text, &refs, &d.Marking, &published, &learned)
		if refs != "" {
			d.References = strings.Split(refs, "\n")
		}
		d.ID = intel.DocumentID(hex.EncodeToString(key))
		d.Published, d.Learned = toTime(published), toTime(learned)
		return err
	}, `SELECT d.key, s.name, d.genre, d.url, d.author, d.channel, d.title, SUBSTR(d.text, 1, 400), d.refs, d.marking, d.published, d.learned
		FROM documents d JOIN sources s ON s.id = d.source WHERE d.id IN `+list(1, len(latest))+` ORDER BY COALESCE(d.published, 0) DESC, d.id DESC`, anys(latest)...)
	if err != nil {
		return nil, fmt.Errorf("mentions: %w", err)
	}
	return docs, nil
}

// latest returns the documents that mentioned one of ids last and fit a condition,
// each name asked for its own: an index has them in that order.
func (db *DB) latest(ctx context.Context, r intel.Reader, ids []int64, limit int, where string) ([]int64, error) {
	type row struct{ document, at int64 }
	var all []row
	for _, id := range ids {
		some, err := query(ctx, db.read, func(r *sql.Rows, x *row) error {
			return r.Scan(&x.document, &x.at)
		}, `SELECT document, at FROM mentions WHERE entity = $1 AND marking <= $2`+where+` ORDER BY at DESC LIMIT $3`,
			id, int(r.Clearance), 4*limit)
		if err != nil {
			return nil, fmt.Errorf("mentions: %w", err)
		}
		all = append(all, some...)
	}
	slices.SortFunc(all, func(a, b row) int { return cmp.Or(cmp.Compare(b.at, a.at), cmp.Compare(b.document, a.document)) })
	var out []int64
	seen := map[int64]bool{}
	for _, x := range all {
		if !seen[x.document] && len(out) < limit {
			seen[x.document] = true
			out = append(out, x.document)
		}
	}
	return out, nil
}

// A Busy entity and how often documents mention it.
type Busy struct {
	Titled
	Documents int // in the weeks asked for
	Before    int // in as many weeks before
	Last      time.Time
}

// An Order is how a roll of entities is sorted.
type Order int

// The orders: by documents, most first; by when last mentioned, latest first;
// by name.
const (
	ByDocuments Order = iota
	ByLast
	ByName
)

// A Roll asks for the entities of a kind.
type Roll struct {
	Kind         intel.Kind
	Since, Until time.Time // of documents counted; zero Since is from the start
	// Recent, if set, sorts ByDocuments by those since then before the others.
	Recent time.Time
	Order  Order
}

func (q Roll) order() string {
	switch q.Order {
	case ByLast:
		return `c.week DESC, c.documents DESC, e.name`
	case ByName:
		return `LOWER(CASE WHEN e.title = '' THEN e.name ELSE e.title END), e.name`
	}
	return `c.recent DESC, c.documents DESC, c.week DESC, e.name`
}

// Busiest returns the canonical entities of a roll that documents mention, and
// how many there are.
func (db *DB) Busiest(ctx context.Context, r intel.Reader, q Roll, limit, offset int) ([]Busy, int, error) {
	from, to, recent := weekOf(fromTime(q.Since)), weekOf(fromTime(q.Until)), weekOf(fromTime(q.Recent))
	// Names first: from the side of activity every week of everything would be
	// looked at.
	counted := `WITH n (canonical, name) AS (
			SELECT e.id, e.id FROM entities e LEFT JOIN resolution x ON x.name = e.id AND` + told("x", 4) + `WHERE e.kind = $1 AND x.name IS NULL
			UNION ALL SELECT x.canonical, x.name FROM entities e JOIN resolution x ON x.canonical = e.id AND` + told("x", 4) + `WHERE e.kind = $2),
		c (id, documents, week, recent) AS (
			SELECT n.canonical, SUM(a.documents), MAX(a.week), SUM(CASE WHEN a.week >= $3 THEN a.documents ELSE 0 END) FROM n CROSS JOIN activity a
			WHERE a.entity = n.name AND a.marking <= $4 AND a.week >= $5 AND a.week <= $6 GROUP BY n.canonical) `
	args := []any{string(q.Kind), string(q.Kind), recent, int(r.Clearance), from, to}
	var total int
	if err := db.read.QueryRowContext(ctx, counted+`SELECT COUNT(*) FROM c`, args...).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("busiest %s: %w", q.Kind, err)
	}
	rows, err := query(ctx, db.read, func(r *sql.Rows, b *Busy) error {
		var week int64
		err := r.Scan(&b.Entity.Kind, &b.Entity.Name, &b.Title, &b.Documents, &week)
		if week != undated {
			b.Last = time.UnixMicro(week * day).UTC()
		}
		return err
	}, counted+`SELECT e.kind, e.name, e.title, c.documents, c.week FROM c JOIN entities e ON e.id = c.id
		ORDER BY `+q.order()+` LIMIT $7 OFFSET $8`, append(args, limit, offset)...)
	if err != nil {
		return nil, 0, fmt.Errorf("busiest %s: %w", q.Kind, err)
	}
	return rows, total, nil
}

// Newest returns the event time of the newest document r may see: the moment
// up to which the store knows anything.
func (db *DB) Newest(ctx context.Context, r intel.Reader, until time.Time) (time.Time, error) {
	var at sql.NullInt64
	err := db.read.QueryRowContext(ctx, `SELECT MAX(published) FROM documents WHERE published <= $1 AND marking <= $2`, until.UnixMicro(), int(r.Clearance)).Scan(&at)
	if err != nil {
		return time.Time{}, fmt.Errorf("newest document: %w", err)
	}
	return toTime(at), nil
}

// Counts is how much the store holds.
type Counts struct {
	Documents    int `json:"documents"`
	Observations int `json:"observations"`
	Evidence     int `json:"evidence"`
	Links        int `json:"links"`
	Entities     int `json:"entities"`
	Waiting      int `json:"waiting"`
	Parked       int `json:"parked_documents"`
	Unweighed    int `json:"unweighed"` // pieces that long texts say beyond what is weighed
}

// Counts counts everything kept, whoever may see it: it is for the operator.
func (db *DB) Counts(ctx context.Context) (c Counts, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM documents), (SELECT COALESCE(SUM(observations), 0) FROM findings),
		(SELECT COUNT(*) FROM evidence_rows), (SELECT COUNT(*) FROM links), (SELECT COUNT(*) FROM entities),
		(SELECT COUNT(*) FROM work WHERE state = 0), (SELECT COUNT(*) FROM work WHERE state = 2), (SELECT COALESCE(SUM(pieces), 0) FROM unweighed)`).
		Scan(&c.Documents, &c.Observations, &c.Evidence, &c.Links, &c.Entities, &c.Waiting, &c.Parked, &c.Unweighed)
	if err != nil {
		return c, fmt.Errorf("counts: %w", err)
	}
	return c, nil
}

// Totals is how many documents, links and entities are kept, whoever may see
// them: it is for the operator. SQLite numbers them without gaps and deletes
// none, so the highest number tells.
func (db *DB) Totals(ctx context.Context) (c Counts, err error) {
	if db.dialect.name != "sqlite" {
		return db.Counts(ctx)
	}
	err = db.read.QueryRowContext(ctx, `SELECT COALESCE((SELECT MAX(id) FROM documents), 0), COALESCE((SELECT MAX(id) FROM links), 0),
		COALESCE((SELECT MAX(id) FROM entities), 0)`).Scan(&c.Documents, &c.Links, &c.Entities)
	if err != nil {
		return c, fmt.Errorf("totals: %w", err)
	}
	return c, nil
}

// Suppressions says, per reason, in how many documents a value was recognised
// and set aside.
func (db *DB) Suppressions(ctx context.Context, r intel.Reader, e intel.Entity) (map[string]int, error) {
	type row struct {
		reason string
		n      int
	}
	rows, err := query(ctx, db.read, func(r *sql.Rows, x *row) error { return r.Scan(&x.reason, &x.n) },
		`SELECT o.suppressed, COUNT(*) FROM asides o JOIN entities e ON e.id = o.entity
		WHERE e.kind = $1 AND e.name = $2 AND o.marking <= $3 GROUP BY o.suppressed`, string(e.Kind), e.Name, int(r.Clearance))
	if err != nil {
		return nil, fmt.Errorf("suppressions of %s: %w", e, err)
	}
	out := make(map[string]int, len(rows))
	for _, x := range rows {
		out[x.reason] = x.n
	}
	return out, nil
}

// Check asks the engine whether its files are sound and returns what is wrong.
func (db *DB) Check(ctx context.Context) ([]string, error) {
	if db.dialect.name != "sqlite" {
		return nil, nil
	}
	rows, err := query(ctx, db.read, func(r *sql.Rows, s *string) error { return r.Scan(s) }, `PRAGMA quick_check(5)`)
	if err != nil {
		return nil, fmt.Errorf("check: %w", err)
	}
	if len(rows) == 1 && rows[0] == "ok" {
		return nil, nil
	}
	return rows, nil
}

// A dayCount is how many documents are dated of a day since 1970.
type dayCount struct{ day, n int64 }

// days counts the documents that mention one of ids, from a day on.
func (db *DB) days(ctx context.Context, r intel.Reader, ids []int64, from int64, then time.Time) ([]dayCount, error) {
	return query(ctx, db.read, func(r *sql.Rows, x *dayCount) error { return r.Scan(&x.day, &x.n) },
		fmt.Sprintf(`SELECT at / %d AS day, COUNT(DISTINCT document) FROM mentions WHERE marking <= $1 AND at > %d
		AND entity IN `+list(2, len(ids))+known(then)+` GROUP BY at / %d ORDER BY day`, day/second, max(int64(undatedAt), from*(day/second)-1), day/second), append([]any{int(r.Clearance)}, anys(ids)...)...)
}

// Monthly returns the documents per month that mention one of names and that r
// may see, from the first month with any until the last.
func (db *DB) Monthly(ctx context.Context, r intel.Reader, names []intel.Entity, then time.Time) ([]intel.Count, error) {
	ids, err := db.integers(ctx, names)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	rows, err := db.days(ctx, r, ids, int64(undatedAt)/(day/second), then)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	month := func(d int64) time.Time {
		t := time.UnixMicro(d * day).UTC()
		return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
	}
	counts := []intel.Count{{Start: month(rows[0].day)}}
	for _, x := range rows {
		m := month(x.day)
		for last := counts[len(counts)-1].Start; last.Before(m) && len(counts) < 2400; {
			last = last.AddDate(0, 1, 0)
			counts = append(counts, intel.Count{Start: last})
		}
		counts[len(counts)-1].N += int(x.n)
	}
	return counts, nil
}

// Origins counts the independent voices behind all links of names that r may
// see.
func (db *DB) Origins(ctx context.Context, r intel.Reader, names []intel.Entity, then time.Time) (n int, err error) {
	ids, err := db.integers(ctx, names)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	in := list(2, len(ids))
	from := `behind e WHERE e.marking <= $1 AND e.pieces > 0 AND e.entity IN ` + in
	if !then.IsZero() || slices.ContainsFunc(names, func(n intel.Entity) bool { return !backed(n.Kind) }) {
		from = held(then, `(SELECT id FROM links WHERE from_entity IN `+in+` UNION SELECT place >> 6 FROM assessments WHERE to_entity IN `+in+`)`) + ` e`
	}
	err = db.read.QueryRowContext(ctx, `SELECT COUNT(DISTINCT e.origin) FROM `+from, append([]any{int(r.Clearance)}, anys(ids)...)...).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("origins: %w", err)
	}
	return n, nil
}
