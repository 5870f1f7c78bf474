package main

import (
	"context"
	"errors"
	"strings"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/leaksites"
	"github.com/portent-cti/portent/internal/collect/tweetfeed"
	"github.com/portent-cti/portent/internal/forecast/activity"
	"github.com/portent-cti/portent/internal/forecast/backtest"
	"github.com/portent-cti/portent/internal/intel"
)

// earliestPost is the year before which nothing was posted anywhere: earlier dates are
// mistakes, and one of them would make a panel of centuries.
const earliestPost = 1990

// mostTags is how many of TweetFeed's tags are forecast: those of most posts.
const mostTags = 40

// mostSites is how many of the groups of leak sites are: of more a replay takes hours.
const mostSites = 500

// replayActivity replays how often leak sites post, or posts bear a tag.
func replayActivity(ctx context.Context, a *app, c *backtestCmd) (backtest.Result, error) {
	var sites, tags activity.Posts
	future, past, undated, tomorrow := 0, 0, 0, a.now().AddDate(0, 0, 1)
	err := c.documents(ctx, a, []collect.Connector{leaksites.Connector, tweetfeed.Connector}, func(d intel.Document) {
		switch {
		case d.Published.IsZero():
			undated++
		case d.Published.After(tomorrow):
			future++
		case d.Published.Year() < earliestPost:
			past++
		case d.Genre == intel.LeakSite:
			sites.Add(strings.TrimPrefix(d.Channel, "leaksite/"), d.Published)
		default:
			for _, tag := range tagsOf(d) {
				tags.Add(tag, d.Published)
			}
		}
	})
	if err != nil {
		return backtest.Result{}, err
	}
	if future > 0 {
		a.remark("%d posts that are dated in the future are left out", future)
	}
	if past > 0 {
		a.remark("%d posts that are dated before %d are left out", past, earliestPost)
	}
	if undated > 0 {
		a.remark("%d posts without a date are left out", undated)
	}
	posts, most := &sites, mostSites
	if n := sites.Series(); n > mostSites {
		a.remark("of %d groups the %d with the most posts are replayed", n, mostSites)
	}
	switch {
	case sites.Len()+tags.Len() == 0:
		return backtest.Result{}, errors.New("no post of a known date is in it: posts.json of leak sites, or TweetFeed's files, are wanted")
	case sites.Len() == 0:
		posts, most = &tags, mostTags
	case tags.Len() > 0:
		return backtest.Result{}, errors.New("posts of leak sites and TweetFeed's are both in it: they are replayed one by one")
	}
	o, done := c.options(a)
	defer done()
	return backtest.Activity(ctx, posts.Panel(c.To, most), o)
}

// tagsOf is what a post is tagged with, each once, but for tags that say of nothing in
// particular what it is.
func tagsOf(d intel.Document) (out []string) {
	seen := map[string]bool{"phishing": true, "malware": true, "scam": true, "c2": true, "untagged": true}
	for _, c := range d.Claims {
		if tag := c.Object.Name; c.Object.Kind == intel.Label && !seen[tag] {
			seen[tag] = true
			out = append(out, tag)
		}
	}
	return out
}
