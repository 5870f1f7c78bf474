package page

import (
	"cmp"
	"embed"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"sync"

	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"
)

// Rules are how the pages of one forum software look, in selectors of CSS. What is empty is
// not known of it.
type Rules struct {
	Is      string `json:"is"`      // what only its pages have
	Post    string `json:"post"`    // what holds a post
	Text    string `json:"text"`    // the words of one
	Author  string `json:"author"`  // who wrote it
	Date    string `json:"date"`    // when, in words
	Row     string `json:"row"`     // a thread in a list of threads
	Thread  string `json:"thread"`  // the link to it
	Mark    string `json:"mark"`    // what changes in its row when somebody answers
	Section string `json:"section"` // what a list is called
	Next    string `json:"next"`    // the link to the page after this one
	Member  string `json:"member"`  // what is shown only to who is logged in
}

// A Board reads pages of one forum software by its rules.
type Board struct {
	Name string

	is, post, text, author, date, row, thread, mark, section, next, member cascadia.Selector
}

// NewBoard makes a board of rules.
func NewBoard(name string, r Rules) (*Board, error) {
	b := &Board{Name: name}
	for _, rule := range []struct {
		selector string
		to       *cascadia.Selector
	}{
		{r.Is, &b.is}, {r.Post, &b.post}, {r.Text, &b.text}, {r.Author, &b.author}, {r.Date, &b.date}, {r.Row, &b.row},
		{r.Thread, &b.thread}, {r.Mark, &b.mark}, {r.Section, &b.section}, {r.Next, &b.next}, {r.Member, &b.member},
	} {
		if rule.selector == "" {
			continue
		}
		s, err := cascadia.Compile(rule.selector)
		if err != nil {
			return nil, fmt.Errorf("%q is no selector of CSS: %w", rule.selector, err)
		}
		*rule.to = s
	}
	if b.post == nil || b.text == nil {
		return nil, fmt.Errorf("%s: what holds a post, and what its words, must be known", name)
	}
	if b.author == nil {
		b.author = func(*html.Node) bool { return false }
	}
	return b, nil
}

//go:embed boards/*.json
var ruleFiles embed.FS

// boards are the forums known by their looks. The particular stand before the general.
var boards = sync.OnceValue(func() (all []*Board) {
	for _, name := range []string{"xenforo", "discourse", "phpbb", "vbulletin", "mybb", "smf", "invision", "flarum", "nodebb", "schema"} {
		text, err := ruleFiles.ReadFile("boards/" + name + ".json")
		if err != nil {
			panic(err)
		}
		var r Rules
		if err := json.Unmarshal(text, &r); err != nil {
			panic(fmt.Errorf("%s: %w", name, err))
		}
		b, err := NewBoard(name, r)
		if err != nil {
			panic(err)
		}
		all = append(all, b)
	}
	return all
})

// BoardNamed returns the board of a forum software.
func BoardNamed(name string) (*Board, bool) {
	for _, b := range boards() {
		if b.Name == name {
			return b, true
		}
	}
	return nil, false
}

// A View is what one page of a forum shows: posts, or a list of threads.
type View struct {
	Board   string // whose looks it has; "" for none that is known
	Title   string
	Section string // what a list is called
	Posts   []Post
	Threads []Thread
	Next    string // address of the page after it, "" for none
	Login   bool   // it asks for a password, and shows nothing else
	Member  bool   // it is shown to somebody who is logged in, or nobody could tell
}

// A Thread is a line of a list of threads.
type Thread struct {
	Title, URL string
	Mark       string // another one when somebody answered; "" if that is not told
}

const maxThreads = 1000

// ReadForum reads a page of a forum that is at an address, by the looks of a board; nil for
// whichever it has.
func ReadForum(body []byte, contentType, address string, by *Board) (v View, err error) {
	defer func() {
		if r := recover(); r != nil {
			v, err = View{}, fmt.Errorf("html: %v", r)
		}
	}()
	if Cut(body) {
		return View{}, fmt.Errorf("html: %w", ErrCut)
	}
	doc, _, err := parse(body, contentType)
	if err != nil {
		return View{}, err
	}
	base, err := url.Parse(address)
	if err != nil {
		return View{}, err
	}
	v = View{Title: title(doc), Member: true, Login: css("input[type=password]").MatchFirst(doc) != nil}
	all := boards()
	if by != nil {
		all = []*Board{by}
	} else if known := known(doc); known != nil {
		all = []*Board{known}
	}
	for _, b := range all {
		b.view(&v, doc, base)
		if len(v.Posts) > 0 || len(v.Threads) > 0 || len(all) == 1 {
			v.Login = v.Login && len(v.Posts) == 0 && len(v.Threads) == 0
			return v, nil
		}
	}
	v.Board, v.Next, v.Member = "", "", true
	return v, nil
}

// known is the board that a page says it is of; nil if it says nothing.
func known(doc *html.Node) *Board {
	for _, b := range boards() {
		if b.is != nil && b.is.MatchFirst(doc) != nil {
			return b
		}
	}
	return nil
}

// view fills in what a page shows that has the looks of the board.
func (b *Board) view(v *View, doc *html.Node, base *url.URL) {
	v.Board = b.Name
	if b.next != nil {
		for _, n := range b.next.MatchAll(doc) {
			if v.Next = resolve(base, attr(n, "href")); v.Next != "" {
				break
			}
		}
	}
	v.Section = first(b.section, doc)
	v.Member = b.member == nil || b.member.MatchFirst(doc) != nil
	v.Threads = b.threads(doc, base)
	v.Posts = b.posts(doc) // takes apart what it reads
	for i, p := range v.Posts {
		v.Posts[i].ID = cmp.Or(p.ID, p.words)
	}
}

// threads are the lines of a list.
func (b *Board) threads(doc *html.Node, base *url.URL) (found []Thread) {
	if b.thread == nil {
		return nil
	}
	rows := []*html.Node{doc}
	if b.row != nil {
		rows = b.row.MatchAll(doc)
	}
	seen := map[string]bool{}
	for _, row := range rows {
		for _, link := range b.thread.MatchAll(row) {
			t := Thread{Title: line(link), URL: resolve(base, attr(link, "href"))}
			if t.Title == "" || t.URL == "" || seen[t.URL] || len(found) >= maxThreads {
				continue
			}
			if seen[t.URL] = true; b.row != nil {
				t.Mark = b.marks(row, base)
			}
			found = append(found, t)
			if b.row != nil {
				break
			}
		}
	}
	return found
}

// marks is what changes in a row when somebody answers: times and addresses as they stand
// behind what is shown, and numbers. "5 minutes ago" would change without it.
func (b *Board) marks(row *html.Node, base *url.URL) string {
	if b.mark == nil {
		return ""
	}
	var marks []string
	for _, n := range b.mark.MatchAll(row) {
		m := cmp.Or(attr(n, "datetime"), attr(n, "data-time"), attr(n, "data-timestamp"))
		if href := attr(n, "href"); m == "" && href != "" && !strings.HasPrefix(strings.ToLower(href), "javascript:") {
			m = resolve(base, href)
		}
		if title := attr(n, "title"); m == "" && strings.ContainsAny(title, "0123456789") {
			m = title
		}
		if m == "" {
			m = strings.Map(func(r rune) rune {
				if r >= '0' && r <= '9' {
					return r
				}
				return -1
			}, line(n))
		}
		if marks = append(marks, m); len(marks) >= 8 {
			break
		}
	}
	return strings.Join(marks, " ")
}

// resolve is where a link leads: within the site that it stands on, by address, without the
// session that some software writes into it, and without a part of the page unless that is
// all that tells a post; "" for what leads elsewhere.
func resolve(base *url.URL, href string) string {
	u, err := base.Parse(strings.TrimSpace(href))
	if err != nil || href == "" || strings.HasPrefix(href, "#") || u.Host != base.Host || u.Scheme != base.Scheme || u.User != nil || len(href) > 2048 {
		return ""
	}
	u.Fragment = ""
	var kept []string
	for part := range strings.FieldsFuncSeq(u.RawQuery, func(r rune) bool { return r == '&' || r == ';' }) {
		switch key, _, _ := strings.Cut(part, "="); strings.ToLower(key) {
		case "sid", "s", "phpsessid", "sessionid":
		default:
			kept = append(kept, part)
		}
	}
	if separator := "&"; len(kept) > 0 {
		if strings.Contains(u.RawQuery, ";") {
			separator = ";"
		}
		u.RawQuery = strings.Join(kept, separator)
	} else {
		u.RawQuery = ""
	}
	return u.String()
}

// Said returns what a post in HTML says, with "> " before what it quotes, without what
// software adds.
func Said(body string) (text string, err error) {
	defer func() {
		if r := recover(); r != nil {
			text, err = "", fmt.Errorf("html: %v", r)
		}
	}()
	doc, _, err := parse([]byte(body), "text/html; charset=utf-8")
	if err != nil {
		return "", err
	}
	remove(doc, func(n *html.Node) bool { return unseen(n) || trimmings.Match(n) })
	return render(doc, style{quotes: true, links: true}), nil
}
