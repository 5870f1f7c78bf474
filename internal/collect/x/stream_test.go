package x

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

// streamed opens a source of the stream of a server.
func streamed(t *testing.T, h http.Handler, more string) collect.Source {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	src, err := Connector.Open(collecttest.Local(t, srv.URL, fetch.Options{}), collect.Strict(fmt.Appendf(nil, `{"stream":true,"token":"env:token","api":%q%s}`, srv.URL, more)))
	if err != nil {
		t.Fatal(err)
	}
	if s, ok := src.(collect.Stream); !ok || !s.Streams() {
		t.Fatal("it does not stream")
	}
	return src
}

// line is a post as the stream tells it.
func line(p post) string {
	text, err := json.Marshal(told{Data: &p, Includes: includes{Users: []user{{ID: "7", Username: "Ann"}}}})
	if err != nil {
		panic(err)
	}
	return string(text) + "\r\n"
}

func TestAStreamIsToldOnceWhereNothingIsSearchedFor(t *testing.T) {
	for more, want := range map[string]bool{"": true, `,"query":"cve"`: false} {
		if src := streamed(t, http.NotFoundHandler(), more); src.(collect.Fleeting).Fleeting() != want {
			t.Errorf("with %q: told once is %t", more, !want)
		}
	}
}

// TestAStreamThatBreaksOffTellsNothingTwiceAndWhatWasSaidMeanwhileIsFound has a server that tells
// a few posts at each connection and then breaks it off; between them others are written.
func TestAStreamThatBreaksOffTellsNothingTwiceAndWhatWasSaidMeanwhileIsFound(t *testing.T) {
	a := &api{page: 100, h: http.Header{}}
	for n := 9; n > 0; n-- {
		ago := time.Duration(n) * 10 * time.Minute
		a.posts = append(a.posts, post{ID: number(ago), Text: fmt.Sprint(10 - n), Author: "7", Created: collecttest.Now.Add(-ago)})
	}
	all := a.posts
	upTo := 0 // how many were written
	connections := 0
	src := streamed(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/stream") {
			a.posts = all[:upTo]
			a.ServeHTTP(w, r)
			return
		}
		upTo = 3*connections + 1 // one was written while nobody read
		connections++
		io.WriteString(w, "\r\n")
		for n := upTo; n < min(upTo+2, len(all)); n++ {
			io.WriteString(w, "\r\n"+line(all[n]))
		}
		upTo = min(upTo+2, len(all))
	}), `,"query":"cve"`)
	var got []string
	cursor := intel.Cursor("")
	for range 4 {
		err := src.Collect(t.Context(), cursor, func(d intel.Document, c intel.Cursor) error {
			if got, cursor = append(got, d.Text), c; d.Author != "" && d.Author != "x/ann" {
				t.Errorf("written by %q", d.Author)
			}
			return nil
		})
		if err == nil || collect.IsPermanent(err) {
			t.Fatalf("a stream that ended: %v", err)
		}
	}
	slices.Sort(got)
	if want := strings.Fields("1 2 3 4 5 6 7 8 9"); !slices.Equal(got, want) {
		t.Errorf("kept %v, want %v", got, want)
	}
}

func TestAStreamSaysWhyItCannotBeRead(t *testing.T) {
	for name, test := range map[string]struct {
		status  int
		body    string
		want    string
		forGood bool
	}{
		"no rules":      {http.StatusConflict, "", "has no rules", true},
		"bad token":     {http.StatusUnauthorized, "", "env:token", true},
		"not allowed":   {http.StatusForbidden, "", "look at its access", true},
		"too many":      {http.StatusTooManyRequests, "", "429", false},
		"disconnected":  {http.StatusOK, `{"errors":[{"title":"operational-disconnect","detail":"This stream has been disconnected upstream","disconnect_type":"UpstreamOperationalDisconnect"}]}`, "operational-disconnect", false},
		"line too long": {http.StatusOK, strings.Repeat("x", mostLine+1), "token too long", false},
	} {
		t.Run(name, func(t *testing.T) {
			src := streamed(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(test.status)
				io.WriteString(w, test.body)
			}), "")
			err := src.Collect(t.Context(), "", func(intel.Document, intel.Cursor) error { return errors.New("a document") })
			if err == nil || !strings.Contains(err.Error(), test.want) || collect.IsPermanent(err) != test.forGood {
				t.Errorf("%v; want %q, for good %t", err, test.want, test.forGood)
			}
		})
	}
}

// TestLinesThatAreNoPostsArePassedOver has a line of each sort before one that is a post, after
// which the stream goes on in silence until nobody reads.
func TestLinesThatAreNoPostsArePassedOver(t *testing.T) {
	var rejected atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "{\r\nnull\r\n{}\r\n{\"data\":{\"text\":\"no number\"}}\r\n[1]\r\n\r\n"+line(post{ID: "x", Text: "a <script>alert(1)</script> &amp; b", Author: "7"}))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	defer srv.Close()
	env := collecttest.Local(t, srv.URL, fetch.Options{})
	env.Reject = func(string, error) { rejected.Add(1) }
	src, err := Connector.Open(env, collect.Strict(fmt.Appendf(nil, `{"stream":true,"token":"env:token","api":%q}`, srv.URL)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var text string
	err = src.Collect(ctx, "", func(d intel.Document, _ intel.Cursor) error {
		text = d.Text
		stop()
		return nil
	})
	if !errors.Is(err, context.Canceled) || text != "a <script>alert(1)</script> & b" || rejected.Load() != 5 {
		t.Errorf("kept %q, %d rejected, err %v", text, rejected.Load(), err)
	}
}
