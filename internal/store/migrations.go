package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"

	"github.com/portent-cti/portent/internal/intel"
)

// migrator brings the schema of a store up to date. Each file goes to the engine whole,
// which tells its statements apart: goose's own parser fills 4 MB for each line it reads.
func migrator(d dialect, pool *sql.DB) (*goose.Provider, error) {
	all := inGo(d)
	dir := "migrations/" + d.name
	files, err := migrations.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		version, err := goose.NumericComponent(f.Name())
		if err != nil {
			return nil, err
		}
		text, err := migrations.ReadFile(dir + "/" + f.Name())
		if err != nil {
			return nil, err
		}
		all = append(all, goose.NewGoMigration(version, &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, string(text))
			return err
		}}, nil))
	}
	return goose.NewProvider(d.goose, pool, nil, goose.WithGoMigrations(all...))
}

// inGo are the migrations that no statement can make.
func inGo(d dialect) []*goose.Migration {
	return []*goose.Migration{
		goose.NewGoMigration(19, &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error { return repackFindings(ctx, engine{tx, d.bare}) }}, nil),
		goose.NewGoMigration(22, &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error { return enrol(ctx, engine{tx, d.bare}, d) }}, nil),
		goose.NewGoMigration(23, &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error { return layBehind(ctx, engine{tx, d.bare}, d) }}, nil),
	}
}

// repackFindings moves findings that are kept as text to the table that keeps bytes, some
// at a time and in their order, which fills its pages.
func repackFindings(ctx context.Context, tx engine) error {
	for last := int64(0); ; {
		some, err := query(ctx, tx, scanFindingLines, `SELECT document, at, mentioned, links FROM wide_findings WHERE document > $1 ORDER BY document LIMIT 1000`, last)
		if err != nil {
			return err
		}
		if len(some) == 0 {
			_, err := tx.ExecContext(ctx, `DROP TABLE wide_findings`)
			return err
		}
		if err := saveFindings(ctx, tx, some); err != nil {
			return err
		}
		last = some[len(some)-1].document
	}
}

func scanFindingLines(r *sql.Rows, f *finding) error {
	var mentioned, links string
	err := r.Scan(&f.document, &f.at, &mentioned, &links)
	if err != nil {
		return err
	}
	for l := range strings.FieldsSeq(links) {
		id, err := strconv.ParseInt(l, 10, 64)
		if err != nil {
			return fmt.Errorf("link %q of document %d: %w", l, f.document, intel.ErrInvalid)
		}
		f.links = append(f.links, id)
	}
	f.mentions, err = mentionLines(mentioned)
	return err
}

// mentionLines reads mentions as stores kept them before version 18, one a line: the
// entity, where it stands if it stands in the text, and why it is set aside if it is.
func mentionLines(s string) (out []mention, err error) {
	if s == "" {
		return nil, nil
	}
	for line := range strings.SplitSeq(s, "\n") {
		m := mention{start: -1}
		fields := strings.SplitN(line, " ", 4)
		if m.entity, err = strconv.ParseInt(fields[0], 10, 64); err == nil && len(fields) > 1 {
			if m.start, err = strconv.Atoi(fields[1]); err == nil && len(fields) > 2 {
				m.length, err = strconv.Atoi(fields[2])
			}
		}
		if err != nil || len(fields) == 2 {
			return nil, fmt.Errorf("mention %q: %w", line, intel.ErrInvalid)
		}
		if len(fields) == 4 {
			m.suppressed = fields[3]
		}
		out = append(out, m)
	}
	return out, nil
}
