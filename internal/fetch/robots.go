package fetch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/temoto/robotstxt"
)

// ErrRobots means that the robots.txt of a host asks programs not to read a page.
var ErrRobots = errors.New("robots.txt asks programs to keep out")

const (
	// robot is what this program is called in a robots.txt.
	robot = "Portent"
	// maxRobots is how much is read of one: RFC 9309 section 2.5 asks for 500 KiB at least.
	maxRobots = 512 << 10
	// robotsFor is for how long one holds, and robotsAway after how long it is asked for again
	// where the server fails and does not say when (RFC 9309 sections 2.3.1.4 and 2.4).
	robotsFor, robotsAway = 24 * time.Hour, time.Hour
	// slowestDelay is the longest pause between two pages that a robots.txt gets.
	slowestDelay = time.Minute
)

// robots judges by the robots.txt of hosts, which all who share a pace know.
type robots struct {
	client *http.Client // which asks no robots.txt
	pace   *Pace
	agent  string
	now    func() time.Time
}

// rules are the robots.txt of one host.
type rules struct {
	mu     sync.Mutex
	group  *robotstxt.Group
	failed *StatusError // it could not be read: nothing may be
	until  time.Time
}

// judge returns ErrRobots where a page is not to be read, and a StatusError where whether it
// is could not be learned.
func (r *robots) judge(ctx context.Context, u *url.URL) error {
	if u.Path == "/robots.txt" {
		return nil
	}
	key := u.Scheme + "://" + u.Host
	of := r.pace.rules(key)
	of.mu.Lock()
	defer of.mu.Unlock()
	if !r.now().Before(of.until) {
		if err := r.read(ctx, of, u, key+"/robots.txt"); err != nil {
			return err
		}
	}
	if of.failed != nil {
		again := *of.failed
		again.RetryAfter = of.until.Sub(r.now())
		return fmt.Errorf("robots.txt could not be read, and nothing else is until it can: %w", &again)
	}
	if !of.group.Test(u.RequestURI()) {
		return ErrRobots
	}
	return nil
}

// read reads the robots.txt at an address. A host that has none allows all, one that fails
// to tell allows nothing (RFC 9309 section 2.3.1).
func (r *robots) read(ctx context.Context, of *rules, u *url.URL, at string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return fmt.Errorf("get %s: %w", at, err)
	}
	req.Header.Set("User-Agent", r.agent)
	resp, err := r.client.Do(req)
	if err != nil {
		return told(at, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxRobots))
	if err != nil {
		return fmt.Errorf("get %s: %w", at, err)
	}
	if resp.StatusCode >= http.StatusInternalServerError || resp.StatusCode == http.StatusTooManyRequests {
		of.failed = &StatusError{URL: at, Status: resp.StatusCode, Header: resp.Header}
		of.until = r.now().Add(cmp.Or(retryAfter(resp), robotsAway))
		return nil
	}
	data, err := robotstxt.FromStatusAndBytes(resp.StatusCode, body)
	if err != nil {
		data = &robotstxt.RobotsData{} // what is no robots.txt forbids nothing
	}
	of.group, of.failed, of.until = data.FindGroup(robot), nil, r.now().Add(robotsFor)
	if of.group.CrawlDelay > 0 {
		r.pace.slow(u.Hostname(), min(of.group.CrawlDelay, slowestDelay))
	}
	return nil
}
