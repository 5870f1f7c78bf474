// Package bluesky collects posts of Bluesky as Jetstream tells them: those in which words of
// interest stand, and those of accounts.
package bluesky

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

// Connector follows Jetstream.
var Connector = collect.Connector{
	Name:        "bluesky",
	About:       "posts of Bluesky as they are written (Jetstream), by words and accounts",
	Reliability: 'F',
	Live:        true,
	Settings:    settings{},
	Open:        open,
}

type settings struct {
	Server   string   `json:"server" help:"Address of a Jetstream; https://jetstream2.us-east.bsky.network if missing."`
	Words    []string `json:"words" help:"Posts with any of these are kept, whatever their case, such as CVE-."`
	Accounts []string `json:"accounts" help:"Accounts whose posts are kept: names, such as ann.example, or DIDs; with words, those with both."`
	Names    string   `json:"names" help:"Address of what tells the DID of a name; https://public.api.bsky.app if missing."`
	All      bool     `json:"all" help:"Keep every post, some fifty a second."`
}

const (
	usualServer = "https://jetstream2.us-east.bsky.network"
	usualNames  = "https://public.api.bsky.app"
	posts       = "app.bsky.feed.post"
	// mostAccounts is how many fit into an address.
	mostAccounts = 100
	// silence is how long nothing may be told: of a few accounts nothing may come for days.
	silence = 10 * time.Minute
	// overlap is how far before the last post is begun, for Jetstreams differ in what they saw
	// when.
	overlap = 5 * time.Second
)

type feed struct {
	collect.Env
	settings
	dids []string
	// at is up to which event all was read, and kept the cursor of the last post that was
	// given: where it is what is saved, nothing in between is wanted.
	at   int64
	kept intel.Cursor
}

func open(env collect.Env, decode func(any) error) (collect.Source, error) {
	var s settings
	if err := decode(&s); err != nil {
		return nil, err
	}
	s.Server, s.Names = strings.TrimSuffix(cmp.Or(s.Server, usualServer), "/"), strings.TrimSuffix(cmp.Or(s.Names, usualNames), "/")
	if err := errors.Join(collect.CheckURL("server", s.Server), collect.CheckURL("names", s.Names)); err != nil {
		return nil, err
	}
	for i, w := range s.Words {
		if s.Words[i] = strings.ToLower(strings.TrimSpace(w)); s.Words[i] == "" {
			return nil, errors.New("words: an empty one stands in every post; set all instead")
		}
	}
	for _, a := range s.Accounts {
		if !strings.HasPrefix(a, "did:") && !strings.Contains(a, ".") {
			return nil, fmt.Errorf("accounts: %q is neither a name, such as ann.example, nor a DID", a)
		}
	}
	switch {
	case len(s.Accounts) > mostAccounts:
		return nil, fmt.Errorf("accounts: a source follows %d at most; make several", mostAccounts)
	case len(s.Words) == 0 && len(s.Accounts) == 0 && !s.All:
		return nil, errors.New("words and accounts are missing; all = true keeps every post")
	}
	return &feed{Env: env, settings: s}, nil
}

// A place is how far Jetstream was read: the cursor.
type place struct {
	At   int64        `json:"at"` // of the last post that was kept
	Seen intel.Cursor `json:"seen"`

	seen collect.Seen
}

// Collect implements collect.Source.
func (f *feed) Collect(ctx context.Context, from intel.Cursor, emit collect.Emit) error {
	p := place{}
	if from != "" {
		if err := json.Unmarshal([]byte(from), &p); err != nil {
			return collect.Permanent(fmt.Errorf("cursor: %w", intel.ErrInvalid))
		}
	}
	var err error
	if p.seen, err = collect.NewSeen(p.Seen); err != nil {
		return err
	}
	if err := cmp.Or(ctx.Err(), f.resolve(ctx)); err != nil {
		return err
	}
	begin := p.At
	if f.at > begin && f.kept == from {
		begin = f.at
	}
	s, err := f.Fetch.WebSocket(ctx, fetch.Request{URL: f.address(begin)}, silence)
	if err != nil {
		return told(err)
	}
	err = f.follow(ctx, s, &p, emit)
	_ = s.Close() // it may be closed already
	return err
}

// address is where what comes from a time on is told.
func (f *feed) address(begin int64) string {
	q := url.Values{"wantedCollections": {posts}, "wantedDids": f.dids}
	if begin > 0 {
		q.Set("cursor", strconv.FormatInt(max(begin-overlap.Microseconds(), 1), 10))
	}
	return f.Server + "/subscribe?" + q.Encode()
}

// follow reads what is told until it ends.
func (f *feed) follow(ctx context.Context, s *fetch.Socket, p *place, emit collect.Emit) error {
	for {
		message, err := s.Read(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, context.DeadlineExceeded):
			return nil // whoever reads comes again
		case err != nil:
			return fmt.Errorf("%s: the stream ended: %w", f.Server, err)
		}
		e, err := read(message)
		if err != nil {
			f.Reject("event", err)
			continue
		}
		if err := f.take(e, p, emit); err != nil {
			return err
		}
		f.at = max(f.at, e.At)
	}
}

// take keeps what an event tells, if it is wanted and not kept already.
func (f *feed) take(e event, p *place, emit collect.Emit) error {
	c := e.Commit
	if e.Kind != "commit" || c == nil || c.Collection != posts || c.Key == "" {
		return nil
	}
	if len(f.dids) > 0 && !slices.Contains(f.dids, e.DID) {
		return nil
	}
	var doc intel.Document
	switch c.Operation {
	case "delete":
		if !p.seen.Has(e.DID, c.Key) || p.seen.Has(e.DID, c.Key, "deleted") {
			return nil
		}
		c.CID, doc = "deleted", f.deletion(e)
	case "create", "update":
		if p.seen.Has(e.DID, c.Key, c.CID) {
			return nil
		}
		var err error
		if doc, err = f.document(e); err != nil {
			f.Reject("post "+link(e), err)
			return nil
		}
		if !f.wanted(doc.Text) {
			return nil
		}
	default:
		return nil
	}
	p.At = max(p.At, e.At)
	p.seen.Add(e.DID, c.Key)
	p.Seen = p.seen.Add(e.DID, c.Key, c.CID)
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	if err := emit(doc, intel.Cursor(text)); err != nil {
		return err
	}
	f.kept = intel.Cursor(text)
	return nil
}

// wanted reports whether words of interest stand in a text.
func (f *feed) wanted(text string) bool {
	if text == "" {
		return false
	}
	text = strings.ToLower(text)
	return len(f.Words) == 0 || slices.ContainsFunc(f.Words, func(w string) bool { return strings.Contains(text, w) })
}

// resolve asks for the DIDs of names, once.
func (f *feed) resolve(ctx context.Context) error {
	if f.dids != nil || len(f.Accounts) == 0 {
		return nil
	}
	var dids []string
	for _, a := range f.Accounts {
		if strings.HasPrefix(a, "did:") {
			dids = append(dids, a)
			continue
		}
		body, err := f.Fetch.Get(ctx, f.Names+"/xrpc/com.atproto.identity.resolveHandle?handle="+url.QueryEscape(strings.TrimPrefix(a, "@")))
		if s := (*fetch.StatusError)(nil); errors.As(err, &s) && s.Status == http.StatusBadRequest {
			return collect.Permanent(fmt.Errorf("accounts: nobody is called %s: %w", a, err))
		}
		if err != nil {
			return err
		}
		var answer struct {
			DID string `json:"did"`
		}
		if err := json.Unmarshal(body, &answer); err != nil || !strings.HasPrefix(answer.DID, "did:") {
			return fmt.Errorf("accounts: what is called %s is not told: %w", a, intel.ErrInvalid)
		}
		dids = append(dids, answer.DID)
	}
	f.dids = dids
	return nil
}

// told is an error of Jetstream with what to do about it.
func told(err error) error {
	s := (*fetch.StatusError)(nil)
	if !errors.As(err, &s) {
		return err
	}
	switch s.Status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden:
		return collect.Permanent(fmt.Errorf("%w (is server a Jetstream, and open to everybody?)", err))
	case http.StatusOK, http.StatusNotFound:
		return fmt.Errorf("%w (is server a Jetstream? one is at %s)", err, usualServer)
	}
	return err
}
