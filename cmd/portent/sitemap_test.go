package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
)

func TestAPageOfASitemapIsARowOfAProfileWhileServeRuns(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/sitemap.xml":
			fmt.Fprintf(w, `<urlset><url><loc>http://%s/posts/one</loc></url></urlset>`, r.Host)
		case "/posts/one":
			io.WriteString(w, `<html><body><article>Cold Lynx used 45.134.21.8 as its command and control server.</article></body></html>`)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(srv.Close)
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	sources := file(t, "sources.toml", fmt.Appendf(nil, "[example-labs]\nconnector = 'sitemap'\nurl = '%s/sitemap.xml'\nunder = '/posts/'\nreliability = 'B'\nallow = ['127.0.0.0/8']\nports = [%s]\n", srv.URL, u.Port()))
	served(t, newStore(t), sources, "45.134.21.8", "actor:cold-lynx")
}
