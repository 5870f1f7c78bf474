package reference

import (
	"os"
	"testing"
	"time"
)

// realData is the folder of real data, which CI always has.
func realData(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("PORTENT_DATA")
	if dir == "" {
		dir = "../../../shared/data"
	}
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("CI needs the real data: %v", err)
		}
		t.Skip("no real data here")
	}
	return dir
}

func TestEveryPackIsReadFromRealData(t *testing.T) {
	fsys := os.DirFS(realData(t))
	atLeast := map[string]int{"attack": 1800, "actors": 5000, "warninglists": 100, "kev": 1000, "epss": 200_000, "cve": 40_000}
	for _, name := range PackNames() {
		start := time.Now()
		p, err := Read(t.Context(), fsys, name)
		if err != nil {
			t.Errorf("read %s: %v", name, err)
			continue
		}
		t.Logf("%s %s: %d items, %v", name, p.Version, len(p.Items), time.Since(start).Round(time.Millisecond))
		if len(p.Items) < atLeast[name] {
			t.Errorf("%s has %d items, want at least %d", name, len(p.Items), atLeast[name])
		}
		if p.Version == "" || len(p.Digest) != 64 || p.Licence == "" || p.Publisher == "" {
			t.Errorf("%s lacks version, digest or attribution: %q %q %q %q", name, p.Version, p.Digest, p.Licence, p.Publisher)
		}
	}
}
