package main

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/portent-cti/portent/internal/collect"
)

const (
	// leastHushed is how short a secret is that is not looked for: it would be found everywhere.
	leastHushed = 4
	// mostHushed is how many forms of secrets are looked for, the latest.
	mostHushed = 64
	// mostSaid is how many bytes of what a source tells of a failure are kept: a server says what
	// it likes, as long as it likes.
	mostSaid = 4000
)

// A hush takes what was revealed to a source out of what it tells of itself: servers repeat
// what they are sent, in errors that are logged, kept and shown.
type hush struct {
	mu    sync.Mutex
	forms []string
}

// over has a source tell nothing secret.
func (h *hush) over(env *collect.Env) {
	reveal, reject, notice := env.Reveal, env.Reject, env.Notice
	env.Reveal = func(s collect.Secret) (string, error) {
		text, err := reveal(s)
		h.note(text)
		return text, err
	}
	env.Reject = func(item string, reason error) { reject(h.text(item), h.err(reason)) }
	env.Notice = func(problem error) { notice(h.err(problem)) }
}

func (h *hush) note(secret string) {
	if len(secret) < leastHushed {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if slices.Contains(h.forms, secret) {
		return
	}
	h.forms = append(h.forms, asSent(secret)...)
	h.forms = h.forms[max(0, len(h.forms)-mostHushed):]
}

// asSent is a secret as it stands in what is sent: as it is, in addresses, in quotes, and
// in base64 behind whatever else.
func asSent(secret string) []string {
	quoted := strconv.Quote(secret)
	all := []string{secret, url.QueryEscape(secret), url.PathEscape(secret), quoted[1 : len(quoted)-1]}
	for before := range 3 {
		text := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("x", before) + secret))
		first, last := (before*8+5)/6, (before+len(secret))*8/6 // signs that stand for nothing else
		all = append(all, text[first:last])
	}
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) })
	return slices.Compact(all)
}

func (h *hush) text(s string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, form := range h.forms {
		s = strings.ReplaceAll(s, form, "…")
	}
	return s
}

// err is an error without what is secret, and of bounded length.
func (h *hush) err(err error) error {
	if err == nil {
		return nil
	}
	said := err.Error()
	text := h.text(said)
	if len(text) > mostSaid {
		text = strings.ToValidUTF8(text[:mostSaid], "") + "…"
	}
	if text != said {
		return hushed{err, text}
	}
	return err
}

// A hushed error is what it was but for what it says.
type hushed struct {
	error
	text string
}

func (e hushed) Error() string { return e.text }

func (e hushed) Unwrap() error { return e.error }
