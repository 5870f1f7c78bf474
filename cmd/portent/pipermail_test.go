package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"
)

func TestAMessageOfAnArchiveIsARowOfAProfileWhileServeRuns(t *testing.T) {
	now := time.Now().UTC()
	month := now.Format("2006-January") + ".txt"
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/pipermail/talk/":
			fmt.Fprintf(w, `<td><A href="%s">[ Text 1 KB ]</a></td>`, month)
		case "/pipermail/talk/" + month:
			fmt.Fprintf(w, "From jo at a.example  %s\nFrom: jo at a.example (Jo Doe)\nDate: %s\nSubject: Note\nMessage-ID: <1@a.example>\n\nCold Lynx used 45.134.21.8 as its command and control server.\n", now.Format(time.ANSIC), now.Format(time.RFC1123Z))
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(srv.Close)
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	sources := file(t, "sources.toml", fmt.Appendf(nil, "[talk]\nconnector = 'pipermail'\nurl = '%s/pipermail/talk/'\nreliability = 'B'\nallow = ['127.0.0.0/8']\nports = [%s]\n", srv.URL, u.Port()))
	served(t, newStore(t), sources, "45.134.21.8", "actor:cold-lynx")
}
