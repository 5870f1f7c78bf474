// Package matrixchat reads along in rooms of Matrix (the client-server API, v3) that an account
// is in. It reads only: it joins nothing, says nothing and marks nothing as read.
//
// The connector called matrix reads something else, the ransomware-vulnerability matrix.
package matrixchat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
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

// Connector reads along in rooms.
var Connector = collect.Connector{
	Name:        "matrixchat",
	About:       "messages of rooms of the chat network Matrix that an account is in, as they are said",
	Proven:      "Dendrite 0.13.8",
	Reliability: 'F',
	Live:        true,
	Settings:    settings{},
	Open:        open,
}

const (
	// network is what handles and channels are called after.
	network = "matrix"
	// poll is how long a homeserver waits for something to tell, and silence how long it may
	// take to tell it.
	poll, silence = 30 * time.Second, 90 * time.Second
	// within is how long it may take to tell all of an answer.
	within = 5 * time.Minute
	// pageful is how many events are asked for at once, and mostPages how often for the past of
	// a room that was said since it was read.
	pageful, mostPages = 100, 100
	// mostBehind is how much of the past of all rooms is held at once.
	mostBehind = 128 << 20
)

type settings struct {
	Server string         `json:"server" help:"Address of the homeserver, such as https://matrix.example.org."`
	Token  collect.Secret `json:"token" help:"Access token of an account that is in the rooms."`
	Rooms  []string       `json:"rooms" help:"Rooms to read, such as #malware:example.org or !id:example.org; all that the account is in if missing."`
}

type homeserver struct {
	collect.Env
	settings
	within time.Duration // an answer is told
}

func open(env collect.Env, decode func(any) error) (collect.Source, error) {
	var s settings
	if err := decode(&s); err != nil {
		return nil, err
	}
	if err := collect.CheckURL("server", s.Server); err != nil {
		return nil, err
	}
	if s.Token == "" {
		return nil, errors.New("token is missing")
	}
	for _, r := range s.Rooms {
		if !strings.HasPrefix(r, "#") && !strings.HasPrefix(r, "!") || len(r) > mostName {
			return nil, fmt.Errorf("rooms: %q is none such as #malware:example.org or !id:example.org", r)
		}
	}
	s.Server = strings.TrimSuffix(s.Server, "/")
	return &homeserver{env, s, within}, nil
}

// A visit reads from a place on.
type visit struct {
	*homeserver
	since     string            // token of what is read; empty for nothing
	seen      collect.Seen      // what of what follows it was kept
	names     map[string]string // of rooms that are read, by ID; nil: all that the account is in
	encrypted map[string]bool   // rooms of which that was told
	left      int               // bytes that there is room for, of what was said since rooms were read
}

// Collect implements collect.Source.
func (h *homeserver) Collect(ctx context.Context, from intel.Cursor, emit collect.Emit) error {
	v := &visit{homeserver: h, encrypted: map[string]bool{}}
	if err := v.place(from); err != nil {
		return err
	}
	if err := v.rooms(ctx); err != nil {
		return err
	}
	for {
		if err := v.turn(ctx, emit); err != nil {
			return err
		}
	}
}

// place reads a cursor: the token of the homeserver, and what was kept of what follows it.
func (v *visit) place(from intel.Cursor) (err error) {
	token, kept, _ := strings.Cut(string(from), " ")
	if v.since, err = url.QueryUnescape(token); err != nil {
		return collect.Permanent(fmt.Errorf("cursor %q: %w", token, err))
	}
	v.seen, err = collect.NewSeen(intel.Cursor(kept))
	return err
}

func cursor(token string, kept intel.Cursor) intel.Cursor {
	return intel.Cursor(url.QueryEscape(token)) + " " + kept
}

// rooms finds out which rooms are read, and that the account is in them.
func (v *visit) rooms(ctx context.Context) error {
	var in joinedRooms
	if err := v.get(ctx, "/joined_rooms", nil, &in); err != nil {
		return err
	}
	if len(v.Rooms) == 0 {
		if len(in.Rooms) == 0 {
			return fmt.Errorf("%s: the account is in no room; join those to read with a program for people", v.Server)
		}
		return nil
	}
	v.names = map[string]string{}
	for _, name := range v.Rooms {
		id := name
		if strings.HasPrefix(name, "#") {
			var d directory
			err := v.get(ctx, "/directory/room/"+url.PathEscape(name), nil, &d)
			if s := (*fetch.StatusError)(nil); errors.As(err, &s) && s.Status == http.StatusNotFound {
				return collect.Permanent(fmt.Errorf("%s knows no room %s", v.Server, name))
			}
			if err != nil {
				return err
			}
			id = d.Room
		}
		if !slices.Contains(in.Rooms, id) {
			v.Reject("room "+name, errors.New("the account is not in it; join it with a program for people"))
			continue
		}
		v.names[id] = name
	}
	if len(v.names) == 0 {
		return fmt.Errorf("%s: the account is in none of the rooms; join them with a program for people", v.Server)
	}
	return nil
}

// name is what a room is called in the settings, else its ID.
func (v *visit) name(id string) string {
	if name := v.names[id]; name != "" {
		return name
	}
	return id
}

// turn waits for what is new and hands it over, the oldest first. The token that follows is part of the
// last cursor alone: from those before it, what was kept already is known by its digest.
func (v *visit) turn(ctx context.Context, emit collect.Emit) error {
	s, err := v.sync(ctx)
	if err != nil {
		return err
	}
	v.left = mostBehind
	docs, err := v.documents(ctx, s)
	if err != nil {
		return err
	}
	for i, doc := range docs {
		next := cursor(v.since, v.seen.Add(string(doc.ID)))
		if i == len(docs)-1 {
			next = cursor(s.Next, "")
		}
		if err := emit(doc, next); err != nil {
			return err
		}
	}
	v.since = s.Next
	v.seen, err = collect.NewSeen("")
	return err
}

// documents are what is new of all rooms.
func (v *visit) documents(ctx context.Context, s synced) (docs []intel.Document, err error) {
	for _, id := range slices.Sorted(maps.Keys(s.Rooms.Leave)) {
		if v.names == nil || v.names[id] != "" {
			v.Reject("room "+v.name(id), errors.New("the account is in it no more"))
		}
	}
	known := map[intel.DocumentID]bool{}
	for _, id := range slices.Sorted(maps.Keys(s.Rooms.Join)) {
		if v.names != nil && v.names[id] == "" {
			continue
		}
		t := s.Rooms.Join[id].Timeline
		var events []json.RawMessage
		if t.Limited && v.since != "" {
			if events, err = v.gap(ctx, id, t.Before); err != nil {
				return nil, err
			}
		}
		for _, raw := range append(events, t.Events...) {
			doc := v.read(id, raw)
			if doc == nil || known[doc.ID] || v.seen.Has(string(doc.ID)) {
				continue
			}
			known[doc.ID] = true
			docs = append(docs, *doc)
		}
	}
	slices.SortStableFunc(docs, func(a, b intel.Document) int { return a.Published.Compare(b.Published) })
	return docs, nil
}

// gap is what was said in a room since it was read and before what the homeserver tells, and
// some of that, too: not every one stops where it is to.
func (v *visit) gap(ctx context.Context, id, before string) (events []json.RawMessage, err error) {
	size, at := 0, v.since
	for n := 0; n < mostPages && v.left > 0; n++ {
		var m messages
		q := url.Values{"dir": {"f"}, "from": {at}, "to": {before}, "limit": {strconv.Itoa(pageful)}, "filter": {roomFilter()}}
		err := v.get(ctx, "/rooms/"+url.PathEscape(id)+"/messages", q, &m)
		if s := (*fetch.StatusError)(nil); errors.As(err, &s) && s.Status == http.StatusForbidden {
			v.Reject("room "+v.name(id), errors.New("the account may not see what was said in it since it was read"))
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		for _, raw := range m.Chunk {
			size, v.left = size+len(raw), v.left-len(raw)
		}
		events = append(events, m.Chunk...)
		if m.End == "" || m.End == at || len(m.Chunk) == 0 {
			return events, nil
		}
		if at = m.End; size > fetch.MaxBody {
			break
		}
	}
	v.Reject("room "+v.name(id), fmt.Errorf("more was said since it was read than %d events or %d MiB, or in all rooms than %d MiB: the rest is passed over, but for the latest", mostPages*pageful, fetch.MaxBody>>20, mostBehind>>20))
	return events, nil
}

// kinds are the types of events that are read.
func kinds() []string {
	return []string{"m.room.message", "m.room.topic", "m.room.redaction", "m.room.encrypted"}
}

// roomFilter asks for what is read of a room.
func roomFilter() string { return filtered(map[string]any{"types": kinds(), "limit": pageful}) }

func filtered(filter map[string]any) string {
	text, err := json.Marshal(filter)
	if err != nil {
		return "{}" // which none of ours is too odd for
	}
	return string(text)
}

// sync asks for what is new.
func (v *visit) sync(ctx context.Context) (s synced, err error) {
	nothing := map[string]any{"not_types": []string{"*"}}
	of := map[string]any{"timeline": map[string]any{"types": kinds(), "limit": pageful}, "state": nothing, "ephemeral": nothing, "account_data": nothing}
	if v.names != nil {
		of["rooms"] = slices.Sorted(maps.Keys(v.names))
	}
	q := url.Values{"filter": {filtered(map[string]any{"room": of, "presence": nothing, "account_data": nothing})}, "set_presence": {"offline"}}
	if v.since != "" {
		q.Set("since", v.since)
		q.Set("timeout", strconv.FormatInt(poll.Milliseconds(), 10))
	}
	if err := v.get(ctx, "/sync", q, &s); err != nil {
		return s, err
	}
	if s.Next == "" || len(s.Next) > 2048 {
		return s, fmt.Errorf("%s: its answer does not say what to ask next; is it a homeserver?", v.Server)
	}
	return s, nil
}

// get asks the homeserver for something.
func (v *visit) get(ctx context.Context, path string, q url.Values, into any) error {
	token, err := v.Reveal(v.Token)
	if err != nil {
		return err
	}
	address := v.Server + "/_matrix/client/v3" + path
	if len(q) > 0 {
		address += "?" + q.Encode()
	}
	var body bytes.Buffer
	asked, cancel := context.WithTimeout(ctx, v.within)
	defer cancel()
	err = v.Fetch.Stream(asked, fetch.Request{URL: address, Header: http.Header{"Authorization": {"Bearer " + token}}}, silence, func(r io.Reader) error {
		n, err := io.Copy(&body, io.LimitReader(r, fetch.MaxBody+1))
		if err == nil && n > fetch.MaxBody {
			err = fetch.ErrTooLarge
		}
		return err
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if s := (*fetch.StatusError)(nil); errors.As(err, &s) {
		s.URL = v.Server + "/_matrix/client/v3" + path // the rest says nothing to people
		switch s.Status {
		case http.StatusUnauthorized, http.StatusForbidden:
			return collect.Permanent(fmt.Errorf("%w: the access token is not accepted there; log in anew and set another", err))
		}
	}
	if err != nil {
		return err
	}
	if err := collect.JSON(body.Bytes(), into); err != nil {
		return fmt.Errorf("%s%s: the answer is none of a homeserver: %w", v.Server, path, err)
	}
	return nil
}
