package sitemap

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

func TestTheSitemapsThatHugoWritesAreRead(t *testing.T) {
	b := collecttest.Hugo(t)
	source, err := Connector.Open(collecttest.Local(t, b.URL, fetch.Options{}), collect.Strict(fmt.Appendf(nil, `{"url": "%s/sitemap.xml"}`, b.URL)))
	if err != nil {
		t.Fatal(err)
	}
	var at intel.Cursor
	visit := func(want ...string) (docs []intel.Document) {
		t.Helper()
		var got []string
		if err := source.Collect(t.Context(), at, func(d intel.Document, next intel.Cursor) error {
			at = next
			if strings.Contains(d.Text, "used") { // an article, and no list of articles
				docs, got = append(docs, d), append(got, strings.TrimPrefix(d.URL, b.URL))
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		return docs
	}
	first := time.Date(2026, 3, 2, 3, 4, 5, 0, time.UTC)
	b.Post("posts/one.md", "Cold Lynx", first, first, "Cold Lynx used 192.0.2.1 for what it did.")
	b.Post("posts/one.de.md", "Cold Lynx auf Deutsch", first, first, "Cold Lynx used 192.0.2.2, sagt man.")
	for _, d := range visit("/de/posts/one/", "/posts/one/") {
		if d.Published != first || d.Learned != first || !d.Assumed {
			t.Errorf("%+v", d)
		}
	}
	b.Post("posts/two.md", "Amber Fox", first.Add(-time.Hour), first.Add(-time.Hour), "Amber Fox used evil.example for what it did.")
	visit("/posts/two/")
	changed := collecttest.Now.Add(-time.Hour)
	b.Post("posts/one.md", "Cold Lynx", first, changed, "Cold Lynx used 192.0.2.1 and 198.51.100.7 for what it did.")
	for _, d := range visit("/posts/one/") {
		if !strings.Contains(d.Text, "198.51.100.7") || d.Learned.Before(changed) {
			t.Errorf("%+v", d)
		}
	}
	visit()
}
