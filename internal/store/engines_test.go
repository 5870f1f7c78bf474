package store_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/store"
)

// onEachEngine runs f on an empty store of every engine. PostgreSQL is skipped
// when PORTENT_TEST_POSTGRES is unset, which CI never leaves unset.
func onEachEngine(t *testing.T, f func(*testing.T, *store.DB)) {
	atEachEngine(t, func(t *testing.T, url string) { f(t, open(t, url)) })
}

// atEachEngine is onEachEngine for what opens the store itself.
func atEachEngine(t *testing.T, f func(*testing.T, string)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		f(t, "sqlite:"+filepath.Join(t.TempDir(), "portent.db"))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		server := os.Getenv("PORTENT_TEST_POSTGRES")
		if server == "" {
			if os.Getenv("CI") == "true" {
				t.Fatal("PORTENT_TEST_POSTGRES is unset; CI must test on PostgreSQL")
			}
			t.Skip("PORTENT_TEST_POSTGRES is unset: PostgreSQL is not tested")
		}
		sum := sha256.Sum256([]byte(t.Name() + time.Now().String()))
		schema := "test_" + hex.EncodeToString(sum[:8])
		if err := store.Exec(server, "CREATE SCHEMA "+schema); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := store.Exec(server, "DROP SCHEMA "+schema+" CASCADE"); err != nil {
				t.Error(err)
			}
		})
		u, err := url.Parse(server)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		q.Set("search_path", schema)
		u.RawQuery = q.Encode()
		f(t, u.String())
	})
}

func open(t *testing.T, url string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}
