package collecttest

import (
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// Real collects path from the folder of real data with the connector and
// checks the documents. The folder is what PORTENT_DATA names, or shared/data
// beside the repository. Without it the test is skipped, unless CI=true.
func Real(t *testing.T, c collect.Connector, path string) (docs []intel.Document, rejects []string) {
	t.Helper()
	root := DataDir(t)
	settings, err := json.Marshal(map[string]string{"path": path})
	if err != nil {
		t.Fatal(err)
	}
	env := collect.Env{ID: "test", Files: os.DirFS(root), Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Now: func() time.Time { return Now },
		Reject: func(item string, reason error) { rejects = append(rejects, item+": "+reason.Error()) }}
	src, err := c.Open(env, collect.Strict(settings))
	if err != nil {
		t.Fatal(err)
	}
	err = src.Collect(t.Context(), "", func(d intel.Document, _ intel.Cursor) error {
		docs = append(docs, d)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	checkDocuments(t, docs)
	return docs, rejects
}

// DataDir returns the folder of real data, or skips the test where it is
// absent.
func DataDir(t testing.TB) string {
	t.Helper()
	if dir := os.Getenv("PORTENT_DATA"); dir != "" {
		return dir
	}
	for dir := "."; ; dir = filepath.Join(dir, "..") {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			data := filepath.Join(dir, "..", "shared", "data")
			if _, err := os.Stat(data); err == nil {
				return data
			}
			break
		}
		if abs, err := filepath.Abs(dir); err != nil || abs == filepath.Dir(abs) {
			break
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("the real data is absent; name its folder in PORTENT_DATA")
	}
	t.Skip("the real data is absent; PORTENT_DATA can name its folder")
	return ""
}
