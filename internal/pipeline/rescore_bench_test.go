package pipeline_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
	"github.com/portent-cti/portent/internal/queue"
	"github.com/portent-cti/portent/internal/store"
)

// filled makes a store of so many links without documents: addresses that
// indicate 3,000 names, of which a few have most; every eighth has been reported
// twice, by one of 2,000 origins each time.
func filled(b *testing.B, links int) *store.DB {
	b.Helper()
	path := filepath.Join(b.TempDir(), "portent.db")
	db, err := store.Open(b.Context(), "sqlite:"+path)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	raw, err := sql.Open("sqlite", "file:"+path+"?_pragma=synchronous(off)&_pragma=cache_size(-65536)&_pragma=busy_timeout(60000)")
	if err != nil {
		b.Fatal(err)
	}
	defer raw.Close()
	const names = 3000
	const from = `WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < %d) `
	const said = `INSERT INTO evidence_rows (link, document, seq, origin, how, at, span, context) `
	at := func(i string) string { return `1735689600 - (` + i + ` * 7919 %% 1800) * 86400` }
	for _, s := range []string{
		fmt.Sprintf(`INSERT INTO entities (id, kind, name) `+from+`SELECT i, CASE i %% 3 WHEN 0 THEN 'malware' WHEN 1 THEN 'actor' ELSE 'label' END, 'name-' || i FROM n`, names),
		fmt.Sprintf(`INSERT INTO entities (id, kind, name) `+from+`SELECT %d + i, 'ipv4', printf('%%d.%%d.%%d.%%d', 11 + (i >> 24), i >> 16 & 255, i >> 8 & 255, i & 255) FROM n`, links, names),
		fmt.Sprintf(`INSERT INTO links (id, from_entity, relation, to_entity) `+from+`SELECT i, %d + i, 2, 1 + CASE i %% 3 WHEN 0 THEN i * 31 %% 5 ELSE i * 7907 %% %d END FROM n`, links, names, names-1),
		fmt.Sprintf(said+from+
			`SELECT i, i / 2, 0, 1 + i %% 2000, ((1 << 10 | 950) << 13) + ((66 + i %% 3) << 5), `+at("i")+`, 0, '' FROM n`, links),
		fmt.Sprintf(said+from+
			`SELECT 8 * i, 4 * i + 1, 0, 1 + i %% 1999, ((1 << 10 | 950) << 13) + (67 << 5), `+at("(i + 40)")+`, 0, '' FROM n`, links/8),
		`INSERT INTO assessments (place, from_entity, relation, to_entity, class, percent, billionths, level, origins, documents, context, at)
			SELECT id * 64 + 5, from_entity, relation, to_entity, 1, 50, 500000000, 1, 1, 1, '', 1 FROM links ORDER BY id`,
		`PRAGMA wal_checkpoint(TRUNCATE)`,
	} {
		if _, err := raw.ExecContext(b.Context(), s); err != nil {
			b.Fatalf("%s: %v", s, err)
		}
	}
	return db
}

// reader asks for the first page of a name again and again until ctx ends, and
// returns how long each answer took, in order.
func reader(ctx context.Context, db *store.DB) (took []time.Duration, err error) {
	for i := 0; ctx.Err() == nil; i++ {
		started := time.Now()
		e := intel.Entity{Kind: []intel.Kind{intel.Malware, intel.Actor, intel.Label}[(i%2999+1)%3], Name: fmt.Sprintf("name-%d", i%2999+1)}
		rows, _, err := db.Rows(context.WithoutCancel(ctx), intel.Everything(), []store.Resolution{{Name: e, Canonical: e, Share: 1}},
			store.Section{Relations: []intel.Relation{intel.Indicates}, Inward: true, Class: intel.IOC}, 50, 0)
		if err != nil || len(rows) == 0 {
			return nil, fmt.Errorf("%s: %d rows, %w", e, len(rows), err)
		}
		took = append(took, time.Since(started))
		time.Sleep(20 * time.Millisecond)
	}
	slices.Sort(took)
	return took, nil
}

func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// peak is the most memory this process has had, in MB.
func peak() float64 {
	b, _ := os.ReadFile("/proc/self/status")
	_, line, _ := strings.Cut(string(b), "VmHWM:")
	var kb float64
	fmt.Sscan(line, &kb)
	return kb / 1024
}

// BenchmarkRescore weighs five million links anew, once when all of them change
// and once when a day has passed, while others read.
func BenchmarkRescore(b *testing.B) {
	const links = 5_000_000
	ctx, stop := context.WithTimeout(b.Context(), 10*time.Minute)
	defer stop()
	for b.Loop() {
		db := filled(b, links)
		now := time.Date(2025, 1, 2, 0, 0, 0, 0, time.UTC)
		p := &pipeline.Pipeline{DB: db, Queue: queue.NewMemory(), Now: func() time.Time { return now }, Clock: time.Now}
		before := peak()
		for _, what := range []string{"all", "fade"} {
			reading, enough := context.WithCancel(ctx)
			var g errgroup.Group
			var took []time.Duration
			g.Go(func() (err error) { took, err = reader(reading, db); return err })
			started, worked := time.Now(), processorTime()
			rescore := p.Rescore
			if what == "fade" {
				now = now.AddDate(0, 0, 1)
				rescore = p.Fade
			}
			n, err := rescore(ctx, nil)
			enough()
			if err := g.Wait(); err != nil {
				b.Fatal(err)
			}
			if err != nil || n != links {
				b.Fatalf("%d links, err %v", n, err)
			}
			b.ReportMetric(time.Since(started).Seconds(), what+"-s")
			b.ReportMetric((processorTime() - worked).Seconds(), what+"-processor-s")
			b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, what+"-read-p95-ms")
			b.ReportMetric(float64(took[len(took)-1].Microseconds())/1000, what+"-read-most-ms")
		}
		b.ReportMetric(peak()-before, "peak-MB-more")
	}
}
