package collecttest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// A Blog is a site of invented posts that a generator of sites writes, served on loopback.
type Blog struct {
	URL string
	t   testing.TB
	dir string // with the posts in content
	run []string
	// post is the form of a file of a post: title, published, changed, text.
	post string
}

// Hugo is a blog in English and German that Hugo writes: feeds at /index.xml and /de/index.xml,
// and at /sitemap.xml an index of the sitemaps of both.
func Hugo(t testing.TB) *Blog {
	t.Helper()
	program := Program(t, "hugo")
	b := newBlog(t, "---\ntitle: %q\ndate: %s\nlastmod: %s\n---\n%s\n")
	b.file("layouts/_default/single.html", `<!DOCTYPE html><html lang="en"><head><title>{{ .Title }}</title></head><body><article><h1>{{ .Title }}</h1>{{ .Content }}</article></body></html>`)
	b.file("layouts/_default/list.html", `<!DOCTYPE html><html lang="en"><head><title>{{ .Title }}</title></head><body><main>{{ range .Pages }}<a href="{{ .Permalink }}">{{ .Title }}</a>{{ end }}</main></body></html>`)
	b.file("config.toml", fmt.Sprintf("baseURL = %q\ntitle = 'Example Labs'\ndefaultContentLanguage = 'en'\n[languages.en]\nweight = 1\n[languages.de]\nweight = 2\n", b.URL+"/"))
	b.run = []string{program, "--quiet", "--cacheDir", filepath.Join(b.dir, "cache"), "--destination", "public"}
	return b
}

// Pelican is a blog that Pelican writes: feeds at /feeds/all.atom.xml and /feeds/all.rss.xml.
func Pelican(t testing.TB) *Blog {
	t.Helper()
	program := Program(t, "pelican")
	b := newBlog(t, "Title: %s\nDate: %s\nModified: %s\nAuthor: Ana Example\nCategory: notes\n\n%s\n")
	b.file("settings.py", fmt.Sprintf("SITEURL = %q\nSITENAME = 'Example Labs'\nTIMEZONE = 'UTC'\nFEED_ALL_ATOM = 'feeds/all.atom.xml'\nFEED_ALL_RSS = 'feeds/all.rss.xml'\nRSS_FEED_SUMMARY_ONLY = True\n", b.URL))
	b.run = []string{program, "--quiet", "--ignore-cache", "--settings", "settings.py", "--output", "public", "content"}
	return b
}

func newBlog(t testing.TB, post string) *Blog {
	t.Helper()
	b := &Blog{t: t, dir: t.TempDir(), post: post}
	files := http.FileServer(http.Dir(filepath.Join(b.dir, "public")))
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("If-Modified-Since") // two sites of one second are two
		files.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	b.URL = srv.URL
	return b
}

func (b *Blog) file(name, text string) {
	b.t.Helper()
	path := filepath.Join(b.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// Post writes a post in Markdown, or another version of it, and the site with it. The names of
// posts end in .md, and in .de.md where Hugo is to take them for German.
func (b *Blog) Post(name, title string, published, changed time.Time, text string) {
	b.t.Helper()
	b.file(filepath.Join("content", name), fmt.Sprintf(b.post, title, published.Format(time.RFC3339), changed.Format(time.RFC3339), text))
	ctx, cancel := context.WithTimeout(b.t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, b.run[0], b.run[1:]...)
	cmd.Dir, cmd.WaitDelay = b.dir, 5*time.Second
	if said, err := cmd.CombinedOutput(); err != nil {
		b.t.Fatalf("%s: %v\n%s", b.run[0], err, said)
	}
}
