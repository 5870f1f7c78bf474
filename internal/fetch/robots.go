package fetch

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
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
	// mostPatterns is how many bytes the rules of one have together in which * or $ stands: each
	// is a program of its own.
	mostPatterns = 64 << 10
)

// keepOut is what a robots.txt says that wants none of its pages read.
const keepOut = "User-agent: *\nDisallow: /\n"

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
	body = concerning(body)
	r.pace.told(len(body))
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

// concerning is what a robots.txt says to this program, or to all, a word a line. Of what it says
// to others nothing is kept: the library has each rule once for each name before it. One that
// cannot be judged by at a bounded price keeps all out.
func concerning(body []byte) []byte {
	var out bytes.Buffer
	names, ruled, bare, patterns := map[string]bool{}, false, false, 0
	say := func(key, value string) {
		if bare = key == "User-agent"; len(names) > 0 {
			fmt.Fprintf(&out, "%s: %s\n", key, value)
		}
	}
	for line := range bytes.FieldsFuncSeq(bytes.TrimPrefix(body, []byte("\uFEFF")), func(r rune) bool { return r == '\n' || r == '\r' }) {
		key, value := word(line)
		switch key {
		case "user-agent", "useragent":
			if ruled && bare { // or those who may read all would belong to whom comes next
				say("Allow", "/")
			}
			if ruled {
				clear(names)
				ruled = false
			}
			if name := strings.ToLower(value); (name == "*" || name != "" && strings.HasPrefix(strings.ToLower(robot), name)) && !names[name] {
				names[name] = true
				say("User-agent", name)
			}
		case "allow", "disallow":
			if ruled = true; value != "" {
				say(key, value)
			}
			if len(names) > 0 && strings.ContainsAny(value, "*$") {
				patterns += len(value)
			}
		case "crawl-delay", "crawldelay":
			ruled = true
			if pause, err := strconv.ParseFloat(value, 64); err == nil && pause >= 0 {
				say("Crawl-delay", strconv.FormatFloat(min(pause, slowestDelay.Seconds()), 'f', -1, 64))
			}
		}
	}
	if patterns > mostPatterns {
		return []byte(keepOut)
	}
	return out.Bytes()
}

// word is the key of a line of a robots.txt and its value, which is empty before a comment.
func word(line []byte) (key, value string) {
	const between = ": \t\v"
	line = bytes.TrimLeft(line, between[1:])
	i := bytes.IndexAny(line, between)
	if i < 0 {
		return "", ""
	}
	if rest := bytes.Fields(bytes.TrimLeft(line[i:], between)); len(rest) > 0 && rest[0][0] != '#' {
		value = strings.ToValidUTF8(string(rest[0]), "\uFFFD")
	}
	return strings.ToLower(string(line[:i])), value
}
