package store

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
