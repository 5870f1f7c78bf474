package rss

import (
	"testing"

	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/fetch"
)

func TestContract(t *testing.T) { collecttest.Run(t, Connector, "testdata/*.txtar") }

func FuzzParse(f *testing.F) {
	f.Add([]byte(`<rss version="2.0"><channel><item><title>a</title></item></channel></rss>`))
	f.Add([]byte(`{"version":"https://jsonfeed.org/version/1.1","items":[{"id":"1"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		items, err := parse(fetch.Response{Body: body, URL: "https://blog.example/feed"})
		if err == nil && len(items) > mostItems {
			t.Errorf("%d items", len(items))
		}
	})
}
