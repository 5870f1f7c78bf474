package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/collect/ddosia"
	"github.com/portent-cti/portent/internal/collect/leaksites"
	"github.com/portent-cti/portent/internal/collect/maltrail"
	"github.com/portent-cti/portent/internal/collect/tweetfeed"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
)

// A judged row is one that a person looked at. Its link and the entity it begins
// with, or the value set aside, are digests.
type judged struct{ row, value, stratum, label, reason string }

func judgedRows(t testing.TB) (rows []judged) {
	t.Helper()
	b, err := os.ReadFile("testdata/judged.csv")
	if err != nil {
		t.Fatal(err)
	}
	all, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range all[1:] {
		rows = append(rows, judged{r[0], r[1], r[2], r[3], r[4]})
	}
	return rows
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:8])
}

// judgedStore holds what is known of the judged rows: the small sets whole, of
// the large ones the documents that claim something of a judged value.
func judgedStore(t *testing.T, rows []judged) string {
	t.Helper()
	data := collecttest.DataDir(t)
	db := newStore(t)
	if code, _, stderr := portent(t, db, "sync", "--from", data, "attack", "actors", "warninglists", "kev"); code != 0 {
		t.Fatal(stderr)
	}
	for _, set := range []string{"sophos", "eset", "kev", "ransomware-vulnerability-matrix", "ransomchats", "annoctr/text"} {
		args := []string{"import", filepath.Join(data, set)}
		if set == "eset" { // whose events in the form of MISP are its own
			args = append(args, "--source", set)
		}
		if code, _, stderr := portent(t, db, args...); code != 0 && code != 3 {
			t.Fatal(stderr)
		}
	}
	wanted := map[string]bool{}
	for _, r := range rows {
		wanted[r.value] = true
	}
	var out bytes.Buffer
	a := newApp(&cli{DB: db, Quiet: true}, nil, &out, &out)
	defer a.close()
	pipe, err := a.pipeline(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- pipe.Run(ctx) }()
	for path, con := range map[string]collect.Connector{"tweetfeed": tweetfeed.Connector, "ddosia": ddosia.Connector, "leaksites": leaksites.Connector, "maltrail": maltrail.Connector} {
		for part := range slices.Chunk(claiming(t, con, data, path, wanted), 500) {
			if _, err := pipe.Keep(ctx, part); err != nil {
				t.Fatal(err)
			}
		}
	}
	err = pipe.Finish(ctx)
	stop()
	if ran := <-ran; err != nil || !errors.Is(ran, context.Canceled) {
		t.Fatal(err, ran)
	}
	return db
}

// claiming returns the documents of a set that claim something of a value whose
// digest is wanted.
func claiming(t *testing.T, con collect.Connector, data, set string, wanted map[string]bool) (some []intel.Document) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(data, set, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files of %s, err %v", set, err)
	}
	for _, path := range files {
		env := collect.Env{ID: intel.SourceID(con.Name), Files: os.DirFS(data), Log: slog.New(slog.DiscardHandler), Now: time.Now, Reject: func(string, error) {}}
		settings, err := json.Marshal(map[string]string{"path": set + "/" + filepath.Base(path)})
		if err != nil {
			t.Fatal(err)
		}
		src, err := con.Open(env, collect.Strict(settings))
		if err != nil {
			t.Fatal(err)
		}
		if err := src.Collect(t.Context(), "", func(d intel.Document, _ intel.Cursor) error {
			if slices.ContainsFunc(d.Claims, func(c intel.Claim) bool { return wanted[digest(c.Subject.String())] }) {
				d.Reliability = con.Reliability
				some = append(some, d)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	return some
}

// A weighed row is a judged one with what is said of it.
type weighed struct {
	judged
	link     intel.Link
	evidence []intel.Evidence
	at       time.Time // a day after the last word on it
	dated    bool      // by when it happened, not by when it was imported
}

// weighedRows returns the judged rows of a store, those that are not clear left
// out, in order of time. What is said of a value that is set aside is left out.
func weighedRows(t *testing.T, db string, rows []judged) (out []weighed) {
	t.Helper()
	raw, err := sql.Open("sqlite", strings.TrimPrefix(db, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	a := newApp(&cli{DB: db, Quiet: true}, nil, io.Discard, io.Discard)
	defer a.close()
	set, err := a.reference(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	listed := func(e intel.Entity) bool { _, ok := set.Benign(e); return ok }
	byRow := map[string]judged{}
	for _, r := range rows {
		if r.label != "U" {
			byRow[r.row] = r
		}
	}
	each(t, raw, `SELECT l.id, f.kind, f.name, l.relation, t.kind, t.name FROM links l JOIN entities f ON f.id = l.from_entity JOIN entities t ON t.id = l.to_entity ORDER BY l.id`,
		func(scan func(...any)) {
			var id int64
			w := weighed{}
			var relation int
			scan(&id, &w.link.From.Kind, &w.link.From.Name, &relation, &w.link.To.Kind, &w.link.To.Name)
			w.link.Relation = intel.Relations()[relation-1]
			key := digest(w.link.String())
			if _, ok := byRow[key]; !ok {
				key = digest(w.link.From.String()) // of a value set aside that another document has
			}
			j, ok := byRow[key]
			if !ok || listed(w.link.From) || listed(w.link.To) {
				return
			}
			delete(byRow, key)
			w.judged = j
			each(t, raw, `SELECT s.name, o.name, e.reliability & 79, e.reliability >> 7 & 1, e.stance, e.weight / 1000000.0, e.at, COALESCE(e.learned, e.at) FROM evidence e JOIN documents d ON d.id = e.document
				JOIN sources s ON s.id = d.source JOIN origins o ON o.id = e.origin WHERE e.link = `+fmt.Sprint(id)+` ORDER BY e.document, e.seq`,
				func(scan func(...any)) {
					var at, learned sql.NullInt64
					e := intel.Evidence{Link: w.link}
					scan(&e.Source, &e.Origin, &e.Reliability, &e.Speaker, &e.Stance, &e.Weight, &at, &learned)
					if at.Valid {
						e.At, w.dated = time.UnixMicro(at.Int64), true
					}
					e.Learned = time.UnixMicro(learned.Int64)
					w.evidence = append(w.evidence, e)
					if w.at.Before(e.Learned) {
						w.at = e.Learned
					}
				})
			w.at = w.at.AddDate(0, 0, 1)
			out = append(out, w)
		})
	each(t, raw, `SELECT DISTINCT f.kind, f.name, d.learned, d.published IS NOT NULL, o.aside FROM (SELECT entity, document, FALSE AS aside FROM mentions UNION ALL SELECT entity, document, TRUE FROM asides) o JOIN entities f ON f.id = o.entity JOIN documents d ON d.id = o.document ORDER BY 1, 2, 3`,
		func(scan func(...any)) {
			var e intel.Entity
			var learned int64
			var dated, aside bool
			scan(&e.Kind, &e.Name, &learned, &dated, &aside)
			if j, ok := byRow[digest(e.String())]; ok && j.stratum == "set-aside" && (aside || listed(e)) {
				delete(byRow, j.row)
				out = append(out, weighed{judged: j, dated: dated, at: time.UnixMicro(learned).AddDate(0, 0, 1)})
			}
		})
	slices.SortStableFunc(out, func(a, b weighed) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.row, b.row)) })
	return out
}

// each runs a query and calls f for each row.
func each(t *testing.T, db *sql.DB, statement string, f func(scan func(...any))) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), statement)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		f(func(into ...any) {
			if err := rows.Scan(into...); err != nil {
				t.Fatal(err)
			}
		})
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

// counted is the scale that judged rows teach: of each sort how many are right,
// and of each source what it said that people confirmed, and refuted where it
// said so itself.
func counted(rows []weighed) score.Scale {
	s := score.Scale{Sources: map[intel.SourceID]score.Record{}, Sorts: map[score.Sort]score.Record{}}
	add := func(r score.Record, right bool) score.Record {
		if right {
			r.Right++
		} else {
			r.Wrong++
		}
		return r
	}
	for _, w := range rows {
		right := w.label == "T"
		if len(w.evidence) == 0 {
			s.Sorts[setAside] = add(s.Sorts[setAside], right)
			continue
		}
		most, sources := 0.0, map[intel.SourceID]bool{}
		for _, e := range w.evidence {
			most, sources[e.Source] = max(most, e.Weight), true
		}
		sort, doubt := score.SortOf(w.link, most), score.DoubtOf(w.link)
		switch {
		case doubt != "":
			s.Sorts[doubt] = add(s.Sorts[doubt], right)
		case sort != "stated":
			s.Sorts[sort] = add(s.Sorts[sort], right)
		}
		for id := range sources {
			if unnamed().Has(id) && id != "report" {
				continue // what ships of it would be of anybody's files of that form
			}
			if right || doubt == "" && sort == "stated" {
				s.Sources[id] = add(s.Sources[id], right)
			}
		}
	}
	return s
}

const setAside = score.Sort("set aside")

// lines writes a scale as score.ParseScale reads it.
func lines(s score.Scale) string {
	var b strings.Builder
	for _, id := range slices.Sorted(maps.Keys(s.Sources)) {
		fmt.Fprintf(&b, "source,%s,%.0f,%.0f\n", id, s.Sources[id].Right, s.Sources[id].Wrong)
	}
	for _, sort := range slices.Sorted(maps.Keys(s.Sorts)) {
		fmt.Fprintf(&b, "sort,%s,%.0f,%.0f\n", sort, s.Sorts[sort].Right, s.Sorts[sort].Wrong)
	}
	return b.String()
}
