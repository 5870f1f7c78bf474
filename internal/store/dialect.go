package store

import (
	"database/sql"
	"fmt"
	"net/url"
	"runtime"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // registers "pgx"
	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // registers "sqlite"
)

// A dialect is where the engines differ. Everything else is shared.
type dialect struct {
	name  string // also the folder of its migrations
	goose goose.Dialect
	bare  bool // see engine
	open  func(url string) (write, read *sql.DB, err error)
	// search is a condition that the text of document d matches $1.
	search string
	// lock is appended to a SELECT whose rows another worker must not take.
	lock string
	// alone makes others wait who would weigh links, for the rest of a transaction;
	// empty where there is one writer.
	alone string
	// roomy gives the writer more memory for pages, for work that touches very many,
	// and modest takes it back; empty where the server has its own.
	roomy, modest string
	// pause is how long who writes batch after batch lets others in between.
	pause time.Duration
	// hold is appended to a SELECT whose rows another transaction must wait for.
	hold string
	// index makes the text of documents searchable, run after they are saved.
	index string
	// like compares with a pattern whatever the case, of ASCII at least.
	like string
	// slice is the text of document d around evidence p, in bytes; its two
	// verbs take the bytes before the mention and those around it.
	slice string
	// position is the function that says where in a text another begins, from 1.
	position string
	// words turns what a user typed into an expression of search.
	words func(string) string
}

var dialects = map[string]dialect{
	"sqlite": {
		name:     "sqlite",
		goose:    goose.DialectSQLite3,
		bare:     true,
		roomy:    `PRAGMA cache_size(-98304)`,
		modest:   `PRAGMA cache_size(-8192)`,
		pause:    rescorePause,
		open:     openSQLite,
		search:   `d.id IN (SELECT rowid FROM documents_text WHERE documents_text MATCH $1 ORDER BY rowid DESC LIMIT 20000)`,
		index:    `INSERT INTO documents_text (rowid, title, text) SELECT id, title, text FROM documents WHERE id >= $1 AND id <= $2 AND (text <> '' OR title <> '')`,
		like:     `LIKE`,
		slice:    `substr(CAST(d.text AS BLOB), MAX(1, p.start + 1 - %d), p.length + %d)`,
		position: `INSTR`,
		words:    ftsWords,
	},
	"postgres": {
		name:   "postgres",
		goose:  goose.DialectPostgres,
		open:   openPostgres,
		search: `d.id IN (SELECT id FROM documents WHERE words @@ plainto_tsquery('simple', $1))`,
		lock:   ` FOR UPDATE SKIP LOCKED`,
		hold:   ` FOR UPDATE`,
		alone:  `LOCK TABLE assessments IN SHARE ROW EXCLUSIVE MODE`,
		// A tsvector holds at most 1 MB: long documents are found by their beginning.
		index:    `UPDATE documents SET words = to_tsvector('simple', title || ' ' || left(text, 200000)) WHERE id >= $1 AND id <= $2 AND words IS NULL AND (text <> '' OR title <> '')`,
		like:     `ILIKE`,
		slice:    `substring(convert_to(d.text, 'UTF8') FROM GREATEST(1, p.start + 1 - %d)::int FOR (p.length + %d)::int)`,
		position: `STRPOS`,
		words:    func(s string) string { return s },
	},
}

// openSQLite returns one writer and a pool of readers on the same file.
// Transactions of the writer begin immediate, so that two processes queue at
// the file's lock instead of failing half-way.
func openSQLite(dsn string) (write, read *sql.DB, err error) {
	path := strings.TrimPrefix(dsn, "sqlite:")
	if path == "" {
		return nil, nil, fmt.Errorf("sqlite: no path in %q", dsn)
	}
	pragmas := url.Values{"_pragma": {
		"journal_mode(wal)", "synchronous(normal)", "busy_timeout(60000)", "temp_store(memory)", "journal_size_limit(67108864)",
	}}
	open := func(extra string, n int) (*sql.DB, error) {
		db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+pragmas.Encode()+extra)
		if err == nil {
			db.SetMaxOpenConns(n)
			db.SetMaxIdleConns(n)
		}
		return db, err
	}
	// SQLite has one writer; queue here, not in busy loops.
	if write, err = open("&_txlock=immediate&_pragma=cache_size(-8192)", 1); err != nil {
		return nil, nil, err
	}
	if read, err = open("&_pragma=query_only(1)&_pragma=cache_size(-4096)", max(2, runtime.NumCPU())); err != nil {
		write.Close()
		return nil, nil, err
	}
	return write, read, nil
}

func openPostgres(dsn string) (write, read *sql.DB, err error) {
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return nil, nil, err
	}
	db.SetMaxOpenConns(8)
	return db, db, nil
}

// ftsWords quotes each word, so that nothing typed is taken for FTS5 syntax.
func ftsWords(s string) string {
	var b strings.Builder
	for _, w := range strings.Fields(s) {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(`"` + strings.ReplaceAll(w, `"`, `""`) + `"`)
	}
	return b.String()
}
