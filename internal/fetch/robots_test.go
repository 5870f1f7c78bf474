package fetch_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/fetch"
)

func TestRobotsAreHonoured(t *testing.T) {
	const file = "User-agent: *\nDisallow: /all\n\nUser-agent: Portent\nDisallow: /private\nAllow: /private/but\n"
	for name, c := range map[string]struct {
		status int
		body   string
		may    map[string]bool
	}{
		"rules":          {200, file, map[string]bool{"/": true, "/all": true, "/private": false, "/private/x?y=1": false, "/private/but": true}},
		"none":           {404, "", map[string]bool{"/private": true}},
		"forbidden":      {403, "", map[string]bool{"/private": true}},
		"said to others": {200, "User-agent: other\nDisallow: /a\nUser-agent: *\nDisallow:\n\nUser-agent: third\nUser-agent: portent\nDisallow /b # no colon\nCrawl-delay: soon\n", map[string]bool{"/a": true, "/b": false}},
		"all but one":    {200, "User-agent: *\nDisallow:\nUser-agent: other\nDisallow: /\n", map[string]bool{"/a": true}},
		"patterns":       {200, "\uFEFFUser-Agent: *\r\nDisallow:\r\nDisallow: /*.zip$\r\n", map[string]bool{"/a": true, "/a.zip": false}},
		"no robots file": {200, "<!doctype html><p>Welcome", map[string]bool{"/": true}},
	} {
		t.Run(name, func(t *testing.T) {
			client, base := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/robots.txt" {
					w.WriteHeader(c.status)
					io.WriteString(w, c.body)
				}
			}, func(o *fetch.Options) { o.Robots = true })
			for path, may := range c.may {
				if _, err := client.Get(t.Context(), base+path); may && err != nil || !may && !errors.Is(err, fetch.ErrRobots) {
					t.Errorf("get %s: %v, may it? %t", path, err, may)
				}
			}
		})
	}
}

// hostile are robots.txt of half a megabyte that cost much more once they are read.
func hostile() map[string]string {
	lines := func(format string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	return map[string]string{
		"many names":      lines("useragent:%d\n", 14_000) + lines("allow:/%d\n", 14_000),
		"all in a line":   strings.ReplaceAll(lines("useragent %d\n", 14_000)+lines("allow /%d\n", 14_000), "\n", " "),
		"many patterns":   "user-agent:*\n" + lines("allow:$%d\n", 34_000),
		"at the bound":    "user-agent:*\nallow:/" + strings.Repeat("*a", 32_000) + "b\n",
		"a large pattern": "user-agent:*\nallow:/" + strings.Repeat("*a", 250_000) + "\n",
	}
}

func TestAHostileRobotsIsJudgedByAtABoundedPrice(t *testing.T) {
	for name, body := range hostile() {
		t.Run(name, func(t *testing.T) {
			client, base := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/robots.txt" {
					io.WriteString(w, body)
				}
			}, func(o *fetch.Options) { o.Robots = true })
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			began := time.Now()
			_, err := client.Get(t.Context(), base+"/"+strings.Repeat("a", 1000))
			runtime.ReadMemStats(&after)
			if asked := (after.TotalAlloc - before.TotalAlloc) >> 20; asked > 64 || time.Since(began) > 10*time.Second {
				t.Errorf("%d bytes took %d MB and %v: %v", len(body), asked, time.Since(began), err)
			}
		})
	}
}

func TestRobotsAreReadOnceADay(t *testing.T) {
	asked, now := 0, time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	client, base := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/robots.txt" {
			asked++
		}
	}, func(o *fetch.Options) { o.Robots, o.Now = true, func() time.Time { return now } })
	for _, hours := range []int{0, 23, 25} {
		now = now.Add(time.Duration(hours) * time.Hour)
		if _, err := client.Get(t.Context(), base); err != nil {
			t.Fatal(err)
		}
	}
	if asked != 2 {
		t.Errorf("robots.txt was read %d times, want twice", asked)
	}
}

func TestRedirectsToWhatRobotsForbidAreNotFollowed(t *testing.T) {
	client, base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/robots.txt":
			io.WriteString(w, "User-agent: *\nDisallow: /private\n")
		case "/private":
			t.Error("a forbidden page was read")
		default:
			http.Redirect(w, r, "/private", http.StatusFound)
		}
	}, func(o *fetch.Options) { o.Robots = true })
	if _, err := client.Get(t.Context(), base+"/open"); !errors.Is(err, fetch.ErrRobots) {
		t.Errorf("got error %v, want ErrRobots", err)
	}
}

func TestNothingIsReadUntilRobotsAreAndTheServerSaysWhen(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		after  string
		wait   time.Duration
	}{
		"too often":       {429, "7200", 2 * time.Hour},
		"away":            {503, "90", 90 * time.Second},
		"failing":         {500, "", time.Hour},
		"it does not say": {429, "", time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			now, failing, asked := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC), true, 0
			client, base := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/robots.txt" {
					return
				}
				if asked++; failing {
					w.Header().Set("Retry-After", c.after)
					w.WriteHeader(c.status)
				}
			}, func(o *fetch.Options) { o.Robots, o.Now = true, func() time.Time { return now } })
			for _, passed := range []time.Duration{0, c.wait / 2} {
				now = now.Add(passed)
				_, err := client.Get(t.Context(), base+"/page")
				if s := (*fetch.StatusError)(nil); !errors.As(err, &s) || s.Status != c.status || s.RetryAfter != c.wait-passed || errors.Is(err, fetch.ErrRobots) {
					t.Errorf("after %v: %v (%+v), want status %d and %v to wait", passed, err, s, c.status, c.wait-passed)
				}
			}
			failing, now = false, now.Add(c.wait/2)
			if _, err := client.Get(t.Context(), base+"/page"); err != nil || asked != 2 {
				t.Errorf("when the time has come: %v, robots.txt was asked for %d times, want twice", err, asked)
			}
		})
	}
}
