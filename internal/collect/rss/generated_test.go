package rss

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

func TestFeedsThatGeneratorsOfSitesWriteAreRead(t *testing.T) {
	for _, c := range []struct {
		name, feed, author, title string
		generator                 func(testing.TB) *collecttest.Blog
	}{
		{"RSS of Hugo", "/index.xml", "", "Amber Fox & its <script>", collecttest.Hugo},
		{"RSS of Pelican", "/feeds/all.rss.xml", "Ana Example", "Amber Fox & others", collecttest.Pelican},
		{"Atom of Pelican", "/feeds/all.atom.xml", "Ana Example", "Amber Fox & others", collecttest.Pelican},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := c.generator(t)
			source, err := Connector.Open(collecttest.Local(t, b.URL, fetch.Options{}), collect.Strict(fmt.Appendf(nil, `{"url": %q}`, b.URL+c.feed)))
			if err != nil {
				t.Fatal(err)
			}
			var at intel.Cursor
			first := time.Date(2026, 3, 2, 3, 4, 0, 0, time.UTC)
			post := func(name, title string, published time.Time, text string) {
				t.Helper()
				b.Post(name, title, published, published, text)
				var docs []intel.Document
				if err := source.Collect(t.Context(), at, func(d intel.Document, next intel.Cursor) error {
					docs, at = append(docs, d), next
					return nil
				}); err != nil {
					t.Fatal(err)
				}
				if len(docs) != 1 || docs[0].Title != title || docs[0].Published != published || docs[0].Author != c.author || !strings.HasPrefix(docs[0].URL, b.URL+"/") || !strings.Contains(docs[0].Text, text[len(text)-40:]) {
					t.Errorf("after %s: %+v", title, docs)
				}
			}
			post("one.md", "Cold Lynx & friends", first, "Cold Lynx used 192.0.2.1. "+strings.Repeat("They wrote much about it. ", 60)+"At its end stands 198.51.100.7 with all.")
			post("two.md", "Amber Fox", first.Add(time.Hour), "Amber Fox used evil.example for what it did.")
			post("two.md", c.title, first.Add(time.Hour), "Amber Fox used evil.example for what it does.")
		})
	}
}
