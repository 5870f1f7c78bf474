package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"time"
)

func TestALineThatIsNewOnAPageIsARowOfAProfileWhileServeRuns(t *testing.T) {
	var line atomic.Value
	line.Store("Nothing yet.")
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/notes" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		io.WriteString(w, "<html><body><p>Notes of our laboratory</p><p>"+line.Load().(string)+"</p></body></html>")
	}))
	t.Cleanup(srv.Close)
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	comes := time.AfterFunc(3*time.Second, func() { line.Store("Cold Lynx used 45.134.21.8 as its command and control server.") })
	defer comes.Stop()
	sources := file(t, "sources.toml", fmt.Appendf(nil, "[notes]\nconnector = 'web'\nurl = '%s/notes'\nevery = '10s'\nreliability = 'B'\nallow = ['127.0.0.0/8']\nports = [%s]\n", srv.URL, u.Port()))
	served(t, newStore(t), sources, "45.134.21.8", "actor:cold-lynx")
}
