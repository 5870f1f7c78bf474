// Package telegrambot reads what is said in the groups and channels of Telegram that a bot is
// a member of (Bot API, getUpdates). It reads only.
package telegrambot

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

// Connector reads along as a bot. It is polled, for asking for what follows has Telegram forget
// what came before, which is to be kept by then.
var Connector = collect.Connector{
	Name:        "telegrambot",
	About:       "messages of groups and channels of Telegram that a bot is in (Bot API)",
	Every:       15 * time.Second,
	Reliability: 'F',
	Settings:    settings{},
	Open:        open,
}

const (
	// most is how many updates come at once, which is what Telegram allows.
	most    = 100
	network = "telegram/"
)

type settings struct {
	Token  collect.Secret `json:"token" help:"Token of the bot, which nothing else may read updates of."`
	Server string         `json:"server" help:"Where the Bot API is; https://api.telegram.org if missing."`
}

type bot struct {
	collect.Env
	settings
}

func open(env collect.Env, decode func(any) error) (collect.Source, error) {
	var s settings
	if err := decode(&s); err != nil {
		return nil, err
	}
	if s.Token == "" {
		return nil, errors.New("token is missing")
	}
	s.Server = strings.TrimSuffix(cmp.Or(s.Server, "https://api.telegram.org"), "/")
	return &bot{env, s}, collect.CheckURL("server", s.Server)
}

// Collect implements collect.Source. The cursor is the number of the first update that is not read.
func (b *bot) Collect(ctx context.Context, from intel.Cursor, emit collect.Emit) error {
	var next int64
	if from != "" {
		var err error
		if next, err = strconv.ParseInt(string(from), 10, 64); err != nil {
			return collect.Permanent(fmt.Errorf("cursor %q: %w", from, intel.ErrInvalid))
		}
	}
	for {
		updates, err := b.updates(ctx, next)
		if err != nil {
			return err
		}
		kept := false
		for _, u := range updates {
			if u.ID < next {
				continue // told twice
			}
			next = u.ID + 1
			if doc, ok := b.document(u); ok {
				kept = true
				if err := emit(doc, intel.Cursor(strconv.FormatInt(next, 10))); err != nil {
					return err
				}
			}
		}
		if kept || len(updates) < most {
			return nil
		}
	}
}

// updates asks for what follows.
func (b *bot) updates(ctx context.Context, next int64) (all []update, err error) {
	token, err := b.Reveal(b.Token)
	if err != nil {
		return nil, err
	}
	q := url.Values{"limit": {strconv.Itoa(most)}, "timeout": {"0"}, "allowed_updates": {`["message","edited_message","channel_post","edited_channel_post"]`}}
	if next > 0 {
		q.Set("offset", strconv.FormatInt(next, 10))
	}
	r, err := b.Fetch.Do(ctx, fetch.Request{URL: b.Server + "/bot" + url.PathEscape(token) + "/getUpdates?" + q.Encode()})
	if err != nil {
		return nil, b.told(ctx, err)
	}
	var a answer
	if err := collect.JSON(r.Body, &a); err != nil {
		return nil, fmt.Errorf("%s: the answer is none of the Bot API: %w", b.Server, err)
	}
	if !a.OK {
		return nil, fmt.Errorf("%s: the answer is none of the Bot API", b.Server)
	}
	for _, raw := range a.Result {
		var u update
		if err := json.Unmarshal(raw, &u); err != nil || u.ID <= 0 {
			b.Reject("update", errors.New("it has not the form of one of the Bot API"))
			continue
		}
		all = append(all, u)
	}
	slices.SortStableFunc(all, func(a, b update) int { return cmp.Compare(a.ID, b.ID) })
	return all, nil
}

// told is an error without the address that was asked, of which the token is a part.
func (b *bot) told(ctx context.Context, err error) error {
	var s *fetch.StatusError
	var u *url.Error
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &s):
		err = &fetch.StatusError{URL: b.Server, Status: s.Status, RetryAfter: s.RetryAfter}
		switch s.Status {
		case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound:
			return collect.Permanent(fmt.Errorf("%w: the token of the bot is not accepted there; set another", err))
		case http.StatusConflict:
			return fmt.Errorf("%w: something else reads the updates of this bot, or it has a webhook", err)
		}
		return err
	case errors.As(err, &u):
		return fmt.Errorf("get %s: %w", b.Server, u.Err)
	case errors.Is(err, fetch.ErrTooLarge), errors.Is(err, fetch.ErrForbidden):
		return fmt.Errorf("get %s: %w", b.Server, errors.Join(slices.DeleteFunc([]error{fetch.ErrTooLarge, fetch.ErrForbidden}, func(e error) bool { return !errors.Is(err, e) })...))
	}
	return fmt.Errorf("get %s: the answer broke off", b.Server)
}

// document is an update as a document, if it says something in a group or a channel.
func (b *bot) document(u update) (doc intel.Document, ok bool) {
	m := cmp.Or(u.Message, u.Edited, u.Post, u.EditedPost)
	if m == nil || m.ID <= 0 || m.Chat.Kind == "private" || m.Chat.ID == 0 {
		return doc, false
	}
	text := words(m)
	if text == "" {
		return doc, false
	}
	room := named(m.Chat.Name, m.Chat.ID)
	doc = intel.Document{Source: b.ID, Genre: intel.Chat, Author: network + author(m), Channel: network + room, Text: text, Learned: b.Now().UTC(),
		ID: intel.NewDocumentID(b.ID, strconv.FormatInt(m.Chat.ID, 10), strconv.FormatInt(m.ID, 10))}
	if m.Chat.Name != "" {
		doc.URL = "https://t.me/" + room + "/" + strconv.FormatInt(m.ID, 10)
	}
	at := m.At
	if u.Edited != nil || u.EditedPost != nil {
		at = cmp.Or(m.EditedAt, at)
		doc.ID = intel.NewDocumentID(b.ID, strconv.FormatInt(m.Chat.ID, 10), strconv.FormatInt(m.ID, 10), strconv.FormatInt(at, 10), text)
	}
	if at > 0 && at < 1<<34 {
		doc.Published = time.Unix(at, 0).UTC()
	}
	if o := m.Origin; o != nil && o.Chat != nil && o.Chat.Name != "" && o.Message > 0 {
		doc.References = []string{"https://t.me/" + url.PathEscape(strings.ToLower(o.Chat.Name)) + "/" + strconv.FormatInt(o.Message, 10)}
	}
	return doc, true
}

// author is who says it: the channel or group in whose name it is said, or an account.
func author(m *message) string {
	switch {
	case m.As != nil:
		return named(m.As.Name, m.As.ID)
	case m.From != nil:
		return named(m.From.Name, m.From.ID)
	}
	return named(m.Chat.Name, m.Chat.ID)
}

// named is a public name, or else a number.
func named(name string, id int64) string {
	if name == "" || strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
		return strconv.FormatInt(id, 10)
	}
	return strings.ToLower(name)
}

// words is what a message says, with where its links lead and the names of its files.
func words(m *message) string {
	parts := []string{strings.TrimSpace(m.Text), strings.TrimSpace(m.Caption)}
	for _, e := range slices.Concat(m.Entities, m.Captions) {
		if to := collect.WebURL(e.URL); e.Kind == "text_link" && to != "" && !slices.Contains(parts, "<"+to+">") {
			parts = append(parts, "<"+to+">")
		}
	}
	if f := m.Document; f != nil && f.Name != "" {
		parts = append(parts, strings.TrimSpace(fmt.Sprintf("Attachment: %s (%s, %d bytes)", f.Name, cmp.Or(f.Type, "no type"), f.Size)))
	}
	return strings.ToValidUTF8(strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "\n"), "\uFFFD")
}
