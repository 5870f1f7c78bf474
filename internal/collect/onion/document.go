package onion

import (
	"cmp"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/page"
)

// give emits what of a page is new: its items, what the list that led to it spoke of, the posts
// of its thread, else its text.
func (v *visit) give(s sheet, at *url.URL) error {
	for _, it := range slices.Backward(s.items) { // the oldest stand last
		if doc, key := v.item(it, at); doc.ID != "" {
			if err := v.say(doc, key); err != nil {
				return err
			}
		}
	}
	var err error
	switch {
	case s.lead != nil && s.whole.Text != "":
		it := *s.lead
		it.Link, it.Text = s.path, s.whole.Text
		if doc, key := v.item(it, at); doc.ID != "" {
			err = v.say(doc, append(key, "whole", v.plain(it.Text)))
		}
	case len(s.items) > 0:
	case len(s.whole.Posts) > 0:
		for _, post := range s.whole.Posts {
			if err := v.say(v.post(s, post, at)); err != nil {
				return err
			}
		}
	case strings.TrimSpace(s.whole.Text) != "":
		err = v.say(v.text(s, at))
	}
	if err == nil {
		_, err = v.seen.Add([]string{"page", s.path})
	}
	return err
}

// say emits a document unless it was, by what makes it the one it is.
func (v *visit) say(doc intel.Document, key []string) error {
	if v.seen.Has(key...) {
		return nil
	}
	doc.ID = intel.NewDocumentID(v.ID, key...)
	next, err := v.seen.Add(key)
	if err != nil {
		return err
	}
	return v.emit(v.seen.Dated(doc, v.Now()), next)
}

// document is what all documents of the site have in common.
func (v *visit) document(at *url.URL) intel.Document {
	doc := intel.Document{Source: v.ID, Genre: v.genre, URL: address(at), Channel: string(v.genre) + "/" + v.name}
	if v.genre == intel.LeakSite {
		doc.Author = "leaksite/" + intel.Slug(v.who)
		doc.Channel = doc.Author
	} else if v.who != "" {
		doc.Author = v.account(v.who)
	}
	return doc
}

// account is somebody of the site as network/name.
func (s *site) account(name string) string {
	return collect.Account(s.name, strings.TrimPrefix(strings.TrimSpace(name), "@"))
}

// address is where a page stands, without what numbers a session.
func address(u *url.URL) string { return u.Scheme + "://" + u.Host + identity(u) }

// where is the address of a part of a page, and what makes it the same on each mirror.
func (v *visit) where(at *url.URL, link string) (shown, same string) {
	if link == "" {
		return address(at), ""
	}
	u, err := at.Parse(link)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || len(link) > 2048 {
		return address(at), ""
	}
	if !v.own(u.Host) {
		return address(at), u.String()
	}
	return address(u), identity(u)
}

// item is what a list says of one thing; without an ID where it says nothing.
func (v *visit) item(it page.Item, at *url.URL) (intel.Document, []string) {
	doc := v.document(at)
	title := clip(it.Title)
	if intel.Slug(title) == "" {
		return intel.Document{}, nil
	}
	doc.ID = "new"
	var same string
	doc.URL, same = v.where(at, it.Link)
	doc.Title, doc.Text = title, it.Text
	if !strings.Contains(it.Text, it.Title) {
		doc.Text = strings.TrimSpace(title + "\n\n" + it.Text)
	}
	doc.Published = day(cmp.Or(it.Date, dated.FindString(it.Text)), v.Now())
	// Numbers in what else it says are how often it was seen, or how long is left.
	key := []string{string(v.genre), same, title, it.Who, it.Price, it.Date, wordsOf(v.plain(it.Text))}
	if same != "" {
		key[5] = "" // "2 days ago" is another day tomorrow
		if !doc.Published.IsZero() {
			key[5] = doc.Published.Format(time.RFC3339)
		}
	}
	switch v.genre {
	case intel.LeakSite:
		doc.Claims = v.victim(title)
	default:
		v.offer(&doc, it)
	}
	return doc, key
}

// victim is what a post of a leak site claims.
func (v *visit) victim(title string) []intel.Claim {
	group, victim := intel.NewEntity(intel.Actor, v.who), intel.NewEntity(intel.Organization, title)
	c := intel.Claim{Subject: group, Relation: intel.ClaimsAttack, Object: victim, ObjectText: title}
	if v.who != group.Name {
		c.SubjectText = v.who
	}
	return []intel.Claim{c}
}

var flaws = regexp.MustCompile(`(?i)\bCVE-\d{4}-\d{4,7}\b`)

// mostTitle is how long the title of an offer is at most that is the name of something.
const mostTitle = 120

// offer says who offers what, and at what price.
func (v *visit) offer(doc *intel.Document, it page.Item) {
	who := strings.TrimSpace(vendors.ReplaceAllString(it.Who, ""))
	if who == "" {
		if found := sold.FindStringSubmatch(it.Text); found != nil {
			who = found[1]
		}
	}
	if who != "" {
		doc.Author = v.account(who)
	}
	if doc.Author == "" {
		return
	}
	cost := cmp.Or(price(it.Price), price(it.Text))
	if v.genre != intel.Market && cost == "" {
		return
	}
	var note intel.Context
	if cost != "" {
		note.Note = "price " + cost
	}
	handle := intel.NewEntity(intel.Handle, doc.Author)
	say := func(what intel.Entity, words string) {
		c := intel.Claim{Subject: handle, Relation: intel.Offers, Object: what, ObjectText: words, Context: note}
		if doc.Author != handle.Name {
			c.SubjectText = doc.Author
		}
		doc.Claims = append(doc.Claims, c)
	}
	if len(doc.Title) <= mostTitle {
		say(intel.NewEntity(intel.Label, doc.Title), doc.Title)
	}
	var told []string
	for _, id := range flaws.FindAllString(doc.Title+"\n"+it.Text, 50) {
		if id = strings.ToUpper(id); !slices.Contains(told, id) {
			told = append(told, id)
			say(intel.NewEntity(intel.Vulnerability, id), id)
		}
	}
}

var vendors = regexp.MustCompile(`(?i)^\s*(?:vendor|seller|sold by|by|from|merchant|shop|продавец)\b\s*[:：]?\s*@?`)

// post is a post of a thread.
func (v *visit) post(s sheet, p page.Post, at *url.URL) (intel.Document, []string) {
	doc := v.document(at)
	if v.genre != intel.LeakSite {
		doc.Author = v.account(p.Author)
		doc.Title = clip(s.whole.Title)
	}
	doc.Text = p.Text
	if !p.Published.After(v.Now()) {
		doc.Published = p.Published
	}
	// On whatever page of its thread it stands, and at whatever time it is shown.
	return doc, []string{"post", at.Path, s.whole.Title, p.ID, p.Author, v.plain(p.Text)}
}

// text is a page that lists nothing. On a leak site its title names no victim.
func (v *visit) text(s sheet, at *url.URL) (intel.Document, []string) {
	doc := v.document(at)
	doc.Text, doc.Title = s.whole.Text, clip(s.whole.Title)
	if v.genre == intel.LeakSite {
		doc.Title = ""
	}
	if !s.whole.Published.After(v.Now()) {
		doc.Published = s.whole.Published
	}
	return doc, []string{"text", s.path, s.whole.Title, v.plain(s.whole.Text)}
}

// status is what the site calls itself and where it is. It is another document when that
// changes: what was seized or has moved says so there.
func (v *visit) status() (intel.Document, []string) {
	var own []string
	for _, m := range v.mirrors {
		own = append(own, m+"/")
	}
	doc := intel.Document{Source: v.ID, Genre: intel.List, URL: own[0], Title: clip(v.name + ": " + cmp.Or(v.title, "no title")),
		Text: "The site calls itself: " + cmp.Or(v.title, "nothing") + "\n\nIt is read at:\n" + strings.Join(own, "\n"), Published: v.Now()}
	slices.Sort(v.listed)
	if len(v.listed) > 0 {
		doc.Text += "\n\nMirrors that it lists, which are not followed:\n" + strings.Join(v.listed, "\n")
	}
	if v.genre == intel.LeakSite {
		for _, host := range append(hosts(own), v.listed...) {
			group := intel.NewEntity(intel.Actor, v.who)
			doc.Claims = append(doc.Claims, intel.Claim{Subject: intel.NewEntity(intel.Onion, host), Relation: intel.Indicates, Object: group, ObjectText: v.who})
		}
	}
	return doc, append([]string{"site", v.title}, v.listed...)
}

func hosts(addresses []string) (out []string) {
	for _, a := range addresses {
		if u, err := url.Parse(a); err == nil {
			out = append(out, u.Hostname())
		}
	}
	return out
}

// day reads a date as people write it. One that says nothing of its order, lies ahead or is none
// is unknown.
func day(s string, now time.Time) time.Time {
	var at time.Time
	for _, words := range []string{strings.TrimSpace(s), dated.FindString(s)} {
		var err error
		if at, err = collect.Time(words); err != nil {
			at = written(ordinal.ReplaceAllString(words, "$1"))
		}
		if !at.IsZero() {
			break
		}
	}
	if at.IsZero() || at.After(now) || at.Year() < 2000 {
		return time.Time{}
	}
	return at.UTC()
}

var ordinal = regexp.MustCompile(`(\d)(?:st|nd|rd|th)\b`)

func written(s string) time.Time {
	for _, layout := range []string{"2006-01-02 15:04", "2006-01-02 15:04 UTC", "2006.01.02", "2006-1-2", "02.01.2006", "2.1.2006", "2 Jan 2006", "2 January 2006", "2. January 2006",
		"Jan 2, 2006", "January 2, 2006", "Jan 2 2006", "January 2 2006", "2 Jan, 2006", "Jan. 2, 2006", "2006-01-02T15:04"} {
		if at, err := time.Parse(layout, s); err == nil {
			return at
		}
	}
	return time.Time{}
}

// clip is a line of bounded length.
func clip(s string) string { return collect.OneLine(s, 300) }

// wordsOf is a text without its digits and blanks.
func wordsOf(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) || unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
}
