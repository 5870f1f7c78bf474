package web_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
)

// submit posts a form to a document as a browser does that comes from site.
func submit(h http.Handler, path, form, site string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1:8080"+path, strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", site)
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	r.Header.Set("Origin", "null") // as pages that send no referrer have it
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestAWordOnAPostIsTakenFromOurOwnPagesAlone(t *testing.T) {
	const path = "/document/0123abc0/gist"
	for _, c := range []struct {
		form, site string
		status     int
	}{
		{"says=relevant+post", "same-origin", http.StatusSeeOther},
		{"says=post+means&intent=recruiting", "same-origin", http.StatusSeeOther},
		{"says=irrelevant+post&intent=news", "same-origin", http.StatusSeeOther}, // of the button, not of the list beside it
		{"says=relevant+post", "cross-site", http.StatusForbidden},
		{"says=relevant+post", "same-site", http.StatusForbidden},
		{"says=refute+row", "same-origin", http.StatusBadRequest},
		{"says=post+means&intent=nothing", "same-origin", http.StatusBadRequest},
		{"says=" + strings.Repeat("x", 1<<20), "same-origin", http.StatusBadRequest},
	} {
		var ruled []intel.GistVerdict
		w := submit(serve(fake{text: plain, ruled: &ruled}), path, c.form, c.site)
		if w.Code != c.status || len(ruled) > 0 != (c.status == http.StatusSeeOther) {
			t.Errorf("%.40s from %s: status %d and %v, want %d", c.form, c.site, w.Code, ruled, c.status)
		}
		if to := w.Header().Get("Location"); c.status == http.StatusSeeOther && to != "/document/0123abc0" {
			t.Errorf("%s leads to %q", c.form, to)
		}
	}
	var ruled []intel.GistVerdict
	submit(serve(fake{text: plain, ruled: &ruled}), path, "says=post+means&intent=recruiting", "same-origin")
	if want := []intel.GistVerdict{{Post: "0123abc0", Ruling: intel.MeansPost, Intent: intel.Recruiting}}; !slices.Equal(ruled, want) {
		t.Errorf("ruled %v, want %v", ruled, want)
	}
	if w := submit(serve(fake{text: plain, empty: true}), path, "says=relevant+post", "same-origin"); w.Code != http.StatusBadRequest {
		t.Errorf("what is no post: status %d", w.Code)
	}
}

func TestAPageTellsWhatAPostIs(t *testing.T) {
	page := get(t, serve(fake{text: plain}), "/document/0123abc0").Body.String()
	for _, want := range []string{"<dt>Relevance</dt><dd>0.93</dd>", "Selling access <small>0.81</small>, Recruiting <small>0.52</small>", `action="/document/0123abc0/gist"`, `<option value="access-sale" selected>`, `<option value="leak-claim">`} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s", want)
		}
	}
	if found := get(t, serve(fake{text: plain}), "/search?q=astro").Body.String(); !strings.Contains(found, "· irrelevant") {
		t.Error("a search does not tell what is irrelevant")
	}
}
