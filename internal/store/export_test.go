package store

import "context"

// Exec runs one statement outside any store, for tests that make schemas.
func Exec(url, statement string) error {
	db, _, err := openPostgres(url)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Exec(statement)
	return err
}

// InTransaction runs f as the store runs what it saves.
func (db *DB) InTransaction(ctx context.Context, f func() error) error {
	return db.tx(ctx, func(engine) error { return f() })
}
