package page

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// The pages in testdata mark what belongs to the article or the posts with
// keep01 …, what belongs to the site with drop01 …, and what a post quotes with
// quoted01 ….
var mark = regexp.MustCompile(`(?:keep|drop|quoted)\d\d`)

func read(t *testing.T, name string) (Page, string) {
	t.Helper()
	body, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Read(body, "")
	if err != nil {
		t.Fatal(err)
	}
	text := p.Text
	for _, post := range p.Posts {
		text += "\n\n" + post.Text
	}
	return p, text
}

func TestPagesAreReadWithoutWhatStandsAround(t *testing.T) {
	pages, _ := filepath.Glob("testdata/*.html")
	if len(pages) < 8 {
		t.Fatalf("%d pages", len(pages))
	}
	for _, name := range pages {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".html"), func(t *testing.T) {
			body, _ := os.ReadFile(name)
			_, text := read(t, name)
			for _, m := range mark.FindAllString(string(body), -1) {
				has := strings.Contains(text, m)
				switch {
				case strings.HasPrefix(m, "drop") && has:
					t.Errorf("%s is read", m)
				case strings.HasPrefix(m, "keep") && !has:
					t.Errorf("%s is lost", m)
				case strings.HasPrefix(m, "quoted") && !regexp.MustCompile(`(?m)^> .*`+m).MatchString(text):
					t.Errorf("%s is not marked as quoted", m)
				}
			}
			if t.Failed() {
				t.Log(text)
			}
		})
	}
}

func TestPostsTellWhoWroteThemAndWhen(t *testing.T) {
	for name, want := range map[string]string{
		"phpbb3":     "alice_x 2026-01-02T03:04:05Z p101, bob_y 2026-01-03T00:00:00Z p102",
		"xenforo2":   "mallory 2026-01-02T08:04:05Z post-55, carol - post-56",
		"xenforo1":   "trent 2026-01-02T08:04:05Z post-7",
		"discourse":  "dave 2026-01-02T03:04:05Z post_1, erin 2026-01-03T03:04:05Z post_2",
		"vbulletin4": "frank - post_9",
		"vbulletin3": "heidi - post12",
		"mybb":       "ivan - post_44",
		"smf":        "judy - ",
	} {
		p, _ := read(t, "testdata/"+name+".html")
		var got []string
		for _, post := range p.Posts {
			at := "-"
			if !post.Published.IsZero() {
				at = post.Published.Format(time.RFC3339)
			}
			got = append(got, post.Author+" "+at+" "+post.ID)
		}
		if s := strings.Join(got, ", "); s != want {
			t.Errorf("%s: %s, want %s", name, s, want)
		}
	}
}

func TestTextOfAMessageShowsLinksTablesAndQuotes(t *testing.T) {
	got, err := Text([]byte(`<p>See <a href="https://evil.example/a">the  invoice</a>
		or <a href="http://x.example/">http://x.example</a></p><table><tr><td>host<td>192.0.2.1<tr><td>port<td><p>443</table>
		<div style="display:none">preheader</div><pre>a
  b</pre><div class="gmail_quote">On Monday Bob wrote:<blockquote>send it<br><br>now<blockquote>no</blockquote></blockquote></div>`), "")
	want := "See the invoice <https://evil.example/a> or http://x.example/\n\nhost\t192.0.2.1\nport\t443\n\na\n  b\n\n> On Monday Bob wrote:\n\n> send it\n\n> now\n\n> > no"
	if err != nil || got != want {
		t.Errorf("%v\n%q, want\n%q", err, got, want)
	}
}

func TestAPageThatBreaksOffIsNamed(t *testing.T) {
	if _, err := Read([]byte("<html><body><article><p>Half of"), ""); !errors.Is(err, ErrCut) {
		t.Errorf("%v", err)
	}
	if p, err := Read([]byte("<p>A fragment that never had an end"), ""); err != nil || p.Text == "" {
		t.Errorf("%v %q", err, p.Text)
	}
}

func FuzzRead(f *testing.F) {
	pages, _ := filepath.Glob("testdata/*.html")
	for _, name := range pages {
		body, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Add([]byte("<table><tr><td><table><tr><a><pre><blockquote>x"))
	f.Fuzz(func(_ *testing.T, body []byte) {
		_, _ = Read(body, "")
		_, _ = Text(body, "text/html; charset=koi8-r")
	})
}

func TestAPageTellsItsAddress(t *testing.T) {
	for head, want := range map[string]string{
		`<link rel=canonical href="https://www.blog.example/a">`:        "https://www.blog.example/a",
		`<meta property="og:url" content="https://www.blog.example/b">`: "https://www.blog.example/b",
		`<link rel=canonical href="/a">`:                                "",
		`<link rel=stylesheet href="https://cdn.example/x.css">`:        "",
	} {
		p, err := Read([]byte(`<html><head>`+head+`</head><body><article><p>Cold Lynx is back.</p></article></body></html>`), "")
		if err != nil || p.URL != want {
			t.Errorf("%s: %q, err %v; want %q", head, p.URL, err, want)
		}
	}
}
