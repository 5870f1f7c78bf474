package forum

import (
	"context"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/page"
)

// looks is a forum whose pages for people are read.
type looks struct {
	*forum
	board *page.Board // nil: whichever they look like
}

// list implements engine.
func (l looks) list(ctx context.Context, address string) (page.View, error) {
	r, err := l.ask(ctx, address)
	if err != nil {
		return page.View{}, err
	}
	if kind, _, _ := mime.ParseMediaType(r.Type); kind != "" && kind != "text/html" && kind != "application/xhtml+xml" {
		return page.View{}, fmt.Errorf("%s is no page but %s: %w", address, kind, intel.ErrInvalid)
	}
	if loginPath(r.URL) && !loginPath(address) {
		return page.View{}, fmt.Errorf("%s leads to %s: %w", address, r.URL, errLogin)
	}
	v, err := page.ReadForum(r.Body, r.Type, r.URL, l.board)
	switch {
	case err != nil:
		return v, fmt.Errorf("%s: %w", address, err)
	case v.Login:
		return v, fmt.Errorf("%s shows a form for a password and nothing else: %w", address, errLogin)
	case l.Cookie != "" && !v.Member:
		return v, fmt.Errorf("%s is shown as to a guest: %w", address, errLogin)
	}
	return v, nil
}

// posts implements engine.
func (l looks) posts(ctx context.Context, address, _ string) (page.View, error) {
	return l.list(ctx, address)
}

// loginPath reports whether an address is one where people log in.
func loginPath(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	path, query := strings.ToLower(u.Path), strings.ToLower(u.RawQuery)
	for _, end := range []string{"/login", "/login/", "/login.php", "/signin", "/ucp.php", "/session", "/auth/login"} {
		if strings.HasSuffix(path, end) {
			return true
		}
	}
	return strings.Contains(query, "action=login") || strings.Contains(query, "mode=login") || strings.Contains(query, "do=login")
}

// ask gets what is at an address, as who is logged in.
func (f *forum) ask(ctx context.Context, address string) (fetch.Response, error) {
	q := fetch.Request{URL: address, Header: http.Header{}}
	if f.Cookie != "" {
		cookie, err := f.Reveal(f.Cookie)
		if err != nil {
			return fetch.Response{}, err
		}
		q.Header.Set("Cookie", cookie)
	}
	return f.Fetch.Do(ctx, q)
}
