package paste

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

func TestContract(t *testing.T) { collecttest.Run(t, Connector, "testdata/*.txtar") }

func TestPastesOfNoInterestAreReadOnceAndABudgetIsKept(t *testing.T) {
	asked := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/list" {
			asked++
			fmt.Fprint(w, "nothing, ", r.URL.Path)
			return
		}
		var all []string
		for n := range 10 {
			all = append(all, fmt.Sprintf(`{"key":"k%d","scrape_url":"http://%s/p%d","date":"1774947600"}`, n, r.Host, n))
		}
		fmt.Fprint(w, "["+strings.Join(all, ",")+"]")
	}))
	defer srv.Close()
	src, err := Connector.Open(collecttest.Local(t, srv.URL, fetch.Options{}), collect.Strict(fmt.Appendf(nil, `{"list":%q,"words":["/P7"],"most":4}`, srv.URL+"/list")))
	if err != nil {
		t.Fatal(err)
	}
	kept, cursor := 0, intel.Cursor("")
	for _, want := range []int{4, 8, 10, 10} {
		if err := src.Collect(t.Context(), cursor, func(_ intel.Document, c intel.Cursor) error { kept++; cursor = c; return nil }); err != nil {
			t.Fatal(err)
		}
		if asked != want {
			t.Errorf("%d pastes read, want %d", asked, want)
		}
	}
	if kept != 1 {
		t.Errorf("%d kept", kept)
	}
}

func FuzzEntry(f *testing.F) {
	f.Add([]byte(`{"key":"a","date":"1774947600","size":12}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var e entry
		if json.Unmarshal(body, &e) == nil && (e.Date < 0 || e.Size < 0) {
			t.Errorf("%+v", e)
		}
	})
}
