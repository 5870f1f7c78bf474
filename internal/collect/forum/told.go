package forum

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/page"
)

// answer asks for JSON.
func (f *forum) answer(ctx context.Context, address string, v any) error {
	r, err := f.ask(ctx, address)
	if err != nil {
		return err
	}
	if loginPath(r.URL) {
		return fmt.Errorf("%s leads to %s: %w", address, r.URL, errLogin)
	}
	if err := collect.JSON(r.Body, v); err != nil {
		return fmt.Errorf("%s: %w", r.URL, err)
	}
	return nil
}

// discourse tells programs what its pages show.
type discourse struct{ *forum }

// list implements engine. What programs get of an address has ".json" behind its path.
func (d discourse) list(ctx context.Context, address string) (page.View, error) {
	u, err := url.Parse(address)
	if err != nil {
		return page.View{}, err
	}
	u.Path = strings.TrimSuffix(strings.TrimSuffix(u.Path, "/"), ".json")
	if at := strings.Index(u.Path, "/t/"); at >= 0 {
		return page.View{Posts: []page.Post{{}}}, nil
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	v := page.View{Board: "discourse", Section: parts[0], Member: true}
	if len(parts) > 1 && parts[0] == "c" {
		v.Section = parts[1]
	}
	u.Path = cmp.Or(strings.TrimSuffix(u.Path, "/"), "/latest") + ".json"
	var got topicList
	if err := d.answer(ctx, u.String(), &got); err != nil {
		return v, err
	}
	for _, t := range got.List.Topics {
		to := u.ResolveReference(&url.URL{Path: fmt.Sprintf("/t/%s/%d", cmp.Or(t.Slug, "-"), t.ID)})
		v.Threads = append(v.Threads, page.Thread{Title: t.Title, URL: to.String(), Mark: decimal(t.Highest) + " " + t.Last})
	}
	v.Next = further(u, got.List.More)
	return v, nil
}

// posts implements engine. A topic tells the numbers of all of its posts, so that the page
// after this is the one of the first that is not known.
func (d discourse) posts(ctx context.Context, address, after string) (page.View, error) {
	u, err := url.Parse(address)
	if err != nil {
		return page.View{}, err
	}
	u.Path = strings.TrimSuffix(strings.TrimSuffix(u.Path, "/"), ".json") + ".json"
	var got topicView
	if err := d.answer(ctx, u.String(), &got); err != nil {
		return page.View{}, err
	}
	v := page.View{Board: "discourse", Title: got.Title, Member: true}
	known, _ := serial(after)
	last := int64(known)
	for _, p := range got.Stream.Posts {
		if last = max(last, p.ID); p.Type != 1 || p.Hidden {
			continue
		}
		text, err := page.Said(p.Cooked)
		if err != nil || text == "" {
			d.Reject("post "+decimal(p.ID), cmp.Or(err, fmt.Errorf("it has no text")))
			continue
		}
		v.Posts = append(v.Posts, page.Post{ID: decimal(p.ID), Author: p.User, Text: text, Published: p.Created.UTC()})
	}
	if i := slices.IndexFunc(got.Stream.IDs, func(id int64) bool { return id > last }); i >= 0 {
		u.Path, u.RawQuery = strings.TrimSuffix(u.Path, ".json"), fmt.Sprintf("page=%d", i/max(got.Chunk, 1)+1)
		v.Next = u.String()
	}
	return v, nil
}

// flarum tells programs what its pages show only by a script.
type flarum struct{ *forum }

// list implements engine. The address of a section is that of a tag, /t/slug, or of all.
func (l flarum) list(ctx context.Context, address string) (page.View, error) {
	u, err := url.Parse(address)
	if err != nil {
		return page.View{}, err
	}
	base, tail, _ := strings.Cut(u.Path+"/", "/t/")
	if base, tail, isThread := strings.Cut(u.Path+"/", "/d/"); isThread && !strings.Contains(base, "/api") {
		_ = tail
		return page.View{Posts: []page.Post{{}}}, nil
	}
	v := page.View{Board: "flarum", Section: strings.Trim(tail, "/"), Member: true}
	if !strings.Contains(u.Path, "/api/") {
		q := url.Values{"sort": {"-lastPostedAt"}, "page[limit]": {"50"}}
		if v.Section != "" {
			q.Set("filter[tag]", v.Section)
		}
		u.Path, u.RawQuery = strings.TrimSuffix(base, "/")+"/api/discussions", q.Encode()
	}
	var got jsonAPI
	if err := l.answer(ctx, u.String(), &got); err != nil {
		return v, err
	}
	root, _, _ := strings.Cut(u.Path, "/api/")
	for _, d := range got.Data {
		to := url.URL{Scheme: u.Scheme, Host: u.Host, Path: root + "/d/" + cmp.Or(d.Attributes.Slug, d.ID)}
		if head, _, _ := strings.Cut(d.Attributes.Slug, "-"); head != d.ID {
			to.Path = root + "/d/" + d.ID + "-" + d.Attributes.Slug
		}
		v.Threads = append(v.Threads, page.Thread{Title: d.Attributes.Title, URL: to.String(), Mark: string(d.Attributes.Last) + " " + d.Attributes.LastAt})
	}
	v.Next = further(u, got.Links.Next)
	return v, nil
}

// posts implements engine.
func (l flarum) posts(ctx context.Context, address, _ string) (page.View, error) {
	u, err := url.Parse(address)
	if err != nil {
		return page.View{}, err
	}
	if base, tail, ok := strings.Cut(u.Path, "/d/"); ok {
		id, _, _ := strings.Cut(tail, "-")
		id, _, _ = strings.Cut(id, "/")
		u.Path, u.RawQuery = base+"/api/posts", url.Values{"filter[discussion]": {id}, "sort": {"createdAt"}, "page[limit]": {"50"}}.Encode()
	}
	var got jsonAPI
	if err := l.answer(ctx, u.String(), &got); err != nil {
		return page.View{}, err
	}
	names := map[string]string{}
	for _, r := range got.Included {
		if r.Type == "users" {
			names[r.ID] = cmp.Or(r.Attributes.Username, r.Attributes.DisplayName)
		}
	}
	v := page.View{Board: "flarum", Member: true, Next: further(u, got.Links.Next)}
	for _, p := range got.Data {
		if p.Attributes.Kind != "comment" {
			continue
		}
		text, err := page.Said(p.Attributes.HTML)
		if err != nil || text == "" {
			l.Reject("post "+p.ID, cmp.Or(err, fmt.Errorf("it has no text")))
			continue
		}
		v.Posts = append(v.Posts, page.Post{ID: p.ID, Author: names[p.Relations.User.Data.ID], Text: text, Published: p.Attributes.CreatedAt.UTC()})
	}
	return v, nil
}

// further is the page after one, which is where that is: what is sent there, such as a cookie,
// goes over no line that anybody reads.
func further(u *url.URL, next string) string {
	if next == "" {
		return ""
	}
	to, err := u.Parse(next)
	if err != nil || to.Host != u.Host || to.Scheme != u.Scheme {
		return ""
	}
	return to.String()
}
