package reddit

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

func TestContract(t *testing.T) { collecttest.Run(t, Connector, "testdata/*.txtar") }

// at opens a reader of a server of the test.
func at(t *testing.T, address string) collect.Source {
	t.Helper()
	src, err := Connector.Open(collecttest.Local(t, address, fetch.Options{}), collect.Strict(fmt.Appendf(nil,
		`{"subreddits":["netsec"],"posts_alone":true,"client_id":"env:me","client_secret":"env:topsecret","api":%q,"login":%q}`, address, address+"/token")))
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func nothing(intel.Document, intel.Cursor) error { return nil }

func TestATokenIsAskedForOnceAndAgainWhenItIsGoodNoLonger(t *testing.T) {
	tokens, good := 0, ""
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			id, secret, _ := r.BasicAuth()
			if r.Method != http.MethodPost || id != "me" || secret != "topsecret" {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			tokens++
			good = fmt.Sprint("token", tokens)
			fmt.Fprintf(w, `{"access_token":%q,"token_type":"bearer","expires_in":86400,"scope":"*"}`, good)
			return
		}
		if r.Header.Get("Authorization") != "Bearer "+good {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprint(w, `{"kind":"Listing","data":{"after":null,"children":[]}}`)
	}))
	defer srv.Close()
	src := at(t, srv.URL)
	for range 3 {
		if err := src.Collect(t.Context(), "", nothing); err != nil {
			t.Fatal(err)
		}
	}
	if tokens != 1 {
		t.Errorf("%d tokens for three visits", tokens)
	}
	good = "revoked"
	if err := src.Collect(t.Context(), "", nothing); err == nil || collect.IsPermanent(err) || strings.Contains(err.Error(), "topsecret") {
		t.Errorf("of a token that was revoked: %v", err)
	}
	if err := src.Collect(t.Context(), "", nothing); err != nil || tokens != 2 {
		t.Errorf("then %v with %d tokens", err, tokens)
	}
}

func TestAQuotaThatIsUsedUpIsWaitedFor(t *testing.T) {
	asked := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		w.Header().Set("X-Ratelimit-Remaining", "0.0")
		w.Header().Set("X-Ratelimit-Reset", "240")
		if r.URL.Path == "/token" {
			fmt.Fprint(w, `{"access_token":"x","expires_in":86400}`)
			return
		}
		fmt.Fprint(w, `{"data":{"children":[]}}`)
	}))
	defer srv.Close()
	src := at(t, srv.URL)
	if err := src.Collect(t.Context(), "", nothing); err != nil {
		t.Fatal(err)
	}
	var limit *fetch.StatusError
	if err := src.Collect(t.Context(), "", nothing); !errors.As(err, &limit) || limit.RetryAfter != 4*time.Minute || asked != 2 {
		t.Errorf("err %v after %d questions", err, asked)
	}
}

func FuzzListing(f *testing.F) {
	f.Add([]byte(`{"data":{"children":[{"kind":"t3","data":{"name":"t3_a","title":"x","created_utc":1774947600.0,"edited":false}}]}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var l listing
		if collect.JSON(body, &l) != nil {
			return
		}
		r := &reader{Env: collect.Env{ID: "x"}}
		for _, one := range l.Data.Children {
			if doc := r.document(one); doc.Published.Location() != time.UTC && !doc.Published.IsZero() {
				t.Errorf("%+v", doc)
			}
		}
	})
}
