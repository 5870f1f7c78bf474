package pipermail

import (
	"context"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

const (
	// mostMonths is how many months of an archive are read, the latest: fifty years.
	mostMonths = 600
	// back is how many months back an archive is read unless it is said otherwise.
	back = 12
)

// A month is what an archive has of a month, or of a week, quarter or year.
type month struct {
	at            time.Time // when it begins
	name          string
	address, page string // of the text, and for people
}

func (m month) begins() string { return m.at.Format(time.DateOnly) }

// months lists what an archive has, in order.
func (a *archive) months(ctx context.Context) ([]month, error) {
	since := a.since
	if since.IsZero() {
		now := a.Now().UTC()
		since = time.Date(now.Year(), now.Month()-back, 1, 0, 0, 0, 0, time.UTC)
	}
	if a.kitty != "" {
		return a.exports(since), nil
	}
	body, err := a.Fetch.Get(ctx, a.base.String())
	if err != nil {
		return nil, err
	}
	all := listed(body, a.base)
	if len(all) == 0 {
		return nil, fmt.Errorf("%s is no archive of Mailman: it lists no months", a.base)
	}
	all = slices.DeleteFunc(all, func(m month) bool { return m.at.Before(since) })
	return all[max(0, len(all)-mostMonths):], nil
}

// exports is what HyperKitty gives out, by the days on which messages were written.
func (a *archive) exports(since time.Time) (all []month) {
	now := a.Now().UTC()
	if oldest := now.AddDate(0, -mostMonths+1, 0); since.Before(oldest) {
		since = time.Date(oldest.Year(), oldest.Month(), 1, 0, 0, 0, 0, time.UTC)
	}
	for at := since; !at.After(now); at = at.AddDate(0, 1, 0) {
		name := at.Format("2006-01")
		file := a.base.JoinPath("export", a.kitty+"-"+name+".mbox.gz")
		file.RawQuery = "start=" + at.Format(time.DateOnly) + "&end=" + at.AddDate(0, 1, 0).Format(time.DateOnly)
		all = append(all, month{at: at, name: name, address: file.String(), page: a.base.JoinPath(fmt.Sprintf("%d/%d/", at.Year(), at.Month())).String()})
	}
	return all
}

// link is a link to the text of a month.
var link = regexp.MustCompile(`(?i)<a\s[^>]*?href\s*=\s*["']?([^"'\s>]+\.txt(?:\.gz)?)["'\s>]`)

// listed reads the page of an archive of Mailman 2. What leads elsewhere is no part of it.
func listed(body []byte, base *url.URL) (all []month) {
	seen := map[string]bool{}
	for _, found := range link.FindAllSubmatch(body, 10*mostMonths) {
		to, err := base.Parse(html.UnescapeString(string(found[1])))
		if err != nil || to.Scheme != base.Scheme || to.Host != base.Host || to.User != nil || to.RawQuery != "" {
			continue
		}
		file, ok := strings.CutPrefix(to.Path, base.Path)
		name := strings.TrimSuffix(strings.TrimSuffix(file, ".gz"), ".txt")
		at, is := begins(name)
		if !ok || !is || seen[name] {
			continue
		}
		seen[name] = true
		all = append(all, month{at: at, name: name, address: to.String(), page: base.JoinPath(name, "thread.html").String()})
	}
	slices.SortStableFunc(all, func(a, b month) int { return a.at.Compare(b.at) })
	return all
}

// begins is when the time begins that a volume of an archive is called after.
func begins(name string) (at time.Time, ok bool) {
	if year, quarter, is := strings.Cut(name, "q"); is && len(quarter) == 1 && quarter >= "1" && quarter <= "4" {
		at, err := time.Parse("2006", year)
		return at.AddDate(0, 3*int(quarter[0]-'1'), 0), err == nil
	}
	for _, layout := range []string{"2006-January", "Week-of-Mon-20060102", "20060102", "2006"} {
		if at, err := time.Parse(layout, name); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}
