package fetch_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/fetch"
)

// another is a client that may do more than the one that serve makes, and keeps to a pace.
func another(t *testing.T, base string, p *fetch.Pace, change func(*fetch.Options)) *fetch.Client {
	t.Helper()
	o := fetch.Options{Pace: p, Ports: []uint16{port(t, base), 8443}}
	if change != nil {
		change(&o)
	}
	c, _, _ := local(t, base, o)
	t.Cleanup(c.HTTP.CloseIdleConnections)
	return c
}

func TestClientsThatShareAPaceAreOneVisitorOfAHost(t *testing.T) {
	const turns = 100 * time.Millisecond
	shared := &fetch.Pace{PerSecond: float64(time.Second / turns), AtOnce: 1}
	var at, most atomic.Int32
	first, base := serve(t, func(http.ResponseWriter, *http.Request) {
		if n := at.Add(1); n > most.Load() {
			most.Store(n)
		}
		time.Sleep(20 * time.Millisecond)
		at.Add(-1)
	}, func(o *fetch.Options) { o.Pace = shared })
	began, done := time.Now(), make(chan error)
	for _, c := range []*fetch.Client{first, another(t, base, shared, nil), another(t, base, shared, nil)} {
		go func() {
			_, err := c.Get(t.Context(), base)
			done <- err
		}()
	}
	for range 3 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if took := time.Since(began); took < 2*turns || most.Load() != 1 {
		t.Errorf("three requests took %v with %d at once, want %v and one", took, most.Load(), 2*turns)
	}
}

func TestRobotsAreReadOnceForAllWhoShareAPace(t *testing.T) {
	asked, shared := 0, &fetch.Pace{PerSecond: 1000}
	first, base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/robots.txt" {
			asked++
			io.WriteString(w, "User-agent: *\nDisallow: /private\n")
		}
	}, func(o *fetch.Options) { o.Pace, o.Robots = shared, true })
	second := another(t, base, shared, func(o *fetch.Options) { o.Robots = true })
	for _, c := range []*fetch.Client{first, second} {
		if _, err := c.Get(t.Context(), base+"/private"); !errors.Is(err, fetch.ErrRobots) {
			t.Errorf("got error %v, want ErrRobots", err)
		}
	}
	if asked != 1 {
		t.Errorf("robots.txt was read %d times, want once", asked)
	}
}

func TestAPauseBetweenPagesIsOfThoseWhoHonourRobots(t *testing.T) {
	shared := &fetch.Pace{PerSecond: 1000}
	crawling, base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/robots.txt" {
			io.WriteString(w, "User-agent: *\nCrawl-delay: 30\n")
		}
	}, func(o *fetch.Options) { o.Pace, o.Robots = shared, true })
	if _, err := crawling.Get(t.Context(), base+"/1"); err != nil {
		t.Fatal(err)
	}
	soon, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := crawling.Get(soon, base+"/2"); err == nil {
		t.Error("the next page was read at once")
	}
	if _, err := another(t, base, shared, nil).Get(t.Context(), base+"/api"); err != nil {
		t.Errorf("what is no crawl: %v", err)
	}
}

func TestAHostThatWantsToBeLeftAloneIsLeftAloneByAll(t *testing.T) {
	for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			now, asked, shared := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC), 0, &fetch.Pace{PerSecond: 1000}
			clock := func(o *fetch.Options) { o.Pace, o.Now = shared, func() time.Time { return now } }
			first, base := serve(t, func(w http.ResponseWriter, r *http.Request) {
				asked++
				if r.URL.Path == "/busy" {
					w.Header().Set("Retry-After", "60")
					w.WriteHeader(status)
				}
			}, clock)
			second := another(t, base, shared, clock)
			if _, err := first.Get(t.Context(), base+"/busy?token=of-the-first"); err == nil {
				t.Fatal("it was not refused")
			}
			now = now.Add(20 * time.Second)
			_, err := second.Get(t.Context(), base+"/page")
			want := fmt.Sprintf(`Get "%s/page": its host is left alone for 40s more: get %[1]s: status %d %s`, base, status, http.StatusText(status))
			if s := (*fetch.StatusError)(nil); !errors.As(err, &s) || s.RetryAfter != 40*time.Second || err.Error() != want || asked != 1 {
				t.Errorf("%d were asked; got\n%v, want\n%s", asked, err, want)
			}
			// Whom a server knows has a quota of his own, either way.
			if _, err := second.Do(t.Context(), fetch.Request{URL: base + "/page", Header: http.Header{"Authorization": {"Bearer 1"}}}); err != nil {
				t.Errorf("who is known: %v", err)
			}
			now = now.Add(41 * time.Second)
			if _, err := second.Do(t.Context(), fetch.Request{URL: base + "/busy", Header: http.Header{"Auth-Key": {"1"}}}); err == nil {
				t.Fatal("it was not refused")
			}
			if _, err := first.Get(t.Context(), base+"/page"); err != nil {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}
