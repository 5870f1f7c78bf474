// Package telegram reads public channels of Telegram from the previews that its web site shows
// to anybody, without an account.
package telegram

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

// Connector reads public channels.
var Connector = collect.Connector{
	Name:        "telegram",
	About:       "posts of public channels of Telegram, from their previews on its web site",
	Every:       15 * time.Minute,
	Reliability: 'F',
	Crawls:      true,
	Settings:    settings{},
	Open:        open,
}

const (
	// mostChannels is how many channels a source reads.
	mostChannels = 100
	// mostPages is how many pages of a channel are read that was not read for long.
	mostPages = 50
	network   = "telegram/"
)

type settings struct {
	Channels []string `json:"channels" help:"Public channels, such as example_channel, the name behind t.me/."`
	Server   string   `json:"server" help:"Where the previews are; https://t.me if missing."`
}

type site struct {
	collect.Env
	settings
}

func open(env collect.Env, decode func(any) error) (collect.Source, error) {
	var s settings
	if err := decode(&s); err != nil {
		return nil, err
	}
	s.Server = strings.TrimSuffix(cmp.Or(s.Server, "https://t.me"), "/")
	if err := collect.CheckURL("server", s.Server); err != nil {
		return nil, err
	}
	switch {
	case len(s.Channels) == 0:
		return nil, errors.New("channels are missing")
	case len(s.Channels) > mostChannels:
		return nil, fmt.Errorf("channels: %d at most", mostChannels)
	}
	for i, c := range s.Channels {
		c = strings.ToLower(strings.TrimPrefix(c, "@"))
		if len(c) < 4 || len(c) > 32 || strings.Trim(c, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
			return nil, fmt.Errorf("channels: %q is none such as example_channel", s.Channels[i])
		}
		s.Channels[i] = c
	}
	return &site{env, s}, nil
}

// A visit reads all channels from their places on.
type visit struct {
	*site
	last map[string]int // number of the last post of a channel that was read
	old  map[string]int // and of the last that was there at the first visit
	seen collect.Seen   // posts kept, with what they say
	emit collect.Emit
}

// Collect implements collect.Source. A channel that cannot be read is named, and the others
// are read.
func (s *site) Collect(ctx context.Context, from intel.Cursor, emit collect.Emit) error {
	v := &visit{site: s, last: map[string]int{}, old: map[string]int{}, emit: emit}
	if err := v.place(from); err != nil {
		return err
	}
	var failed []error
	for _, c := range s.Channels {
		err := v.channel(ctx, c)
		if errors.Is(err, errNone) {
			failed = append(failed, err)
			continue
		}
		if err != nil {
			return err
		}
	}
	if len(failed) == len(s.Channels) {
		return errors.Join(failed...)
	}
	for _, err := range failed {
		s.Reject("channel", err)
	}
	return nil
}

// place reads a cursor: the last post of each channel, and the posts kept.
func (v *visit) place(from intel.Cursor) (err error) {
	places, kept, _ := strings.Cut(string(from), " ")
	for p := range strings.SplitSeq(places, ",") {
		if p == "" {
			continue
		}
		var name string
		var last, old int
		if _, err := fmt.Sscanf(strings.ReplaceAll(p, ":", " "), "%s %d %d", &name, &last, &old); err != nil {
			return collect.Permanent(fmt.Errorf("cursor %q: %w", places, intel.ErrInvalid))
		}
		v.last[name], v.old[name] = last, old
	}
	v.seen, err = collect.NewSeen(intel.Cursor(kept))
	return err
}

func (v *visit) cursor(kept intel.Cursor) intel.Cursor {
	var places []string
	for _, c := range v.Channels {
		if n, ok := v.last[c]; ok {
			places = append(places, fmt.Sprintf("%s:%d:%d", c, n, v.old[c]))
		}
	}
	return intel.Cursor(strings.Join(places, ",")) + " " + kept
}

// errNone means that a channel shows no preview.
var errNone = errors.New("it shows no preview: it is no public channel, or gone")

// channel reads what is new of a channel.
func (v *visit) channel(ctx context.Context, name string) error {
	last, known := v.last[name]
	latest, err := v.page(ctx, name, 0)
	if err != nil {
		return err
	}
	all := latest
	for n := 1; known && len(all) > 0 && all[0].id > last+1; n++ {
		if n == mostPages {
			v.Reject("channel "+name, fmt.Errorf("more was posted since it was read than %d pages show: what is between post %d and %d is passed over", mostPages, last, all[0].id))
			break
		}
		before, err := v.page(ctx, name, all[0].id)
		if err != nil {
			return err
		}
		if len(before) == 0 || before[0].id >= all[0].id {
			break
		}
		all = append(before, all...)
	}
	if !known && len(all) > 0 {
		v.old[name] = all[len(all)-1].id
	}
	for _, p := range all {
		if err := v.keep(name, p, last); err != nil {
			return err
		}
	}
	return nil
}

// keep keeps a post that is new, or was edited since it was read.
func (v *visit) keep(name string, p post, last int) error {
	key := []string{name, strconv.Itoa(p.id), p.text}
	if p.text == "" || p.id <= last && !p.edited || v.seen.Has(key...) {
		return nil
	}
	doc := intel.Document{Source: v.ID, Genre: intel.Chat, URL: "https://t.me/" + name + "/" + key[1], Author: network + name, Channel: network + name,
		Text: p.text, Published: p.at, Learned: v.Now().UTC(), ID: intel.NewDocumentID(v.ID, name, key[1])}
	switch {
	case p.id <= last:
		sum := sha256.Sum256([]byte(p.text))
		doc.ID = intel.NewDocumentID(v.ID, name, key[1], hex.EncodeToString(sum[:]))
	case p.id <= v.old[name] && !p.at.IsZero():
		doc.Learned, doc.Assumed = p.at, true
	}
	if p.from != "" {
		doc.References = []string{p.from}
	}
	v.last[name] = max(v.last[name], p.id)
	return v.emit(doc, v.cursor(v.seen.Add(key...)))
}

// page is a page of a channel: the latest, or what stands before a post.
func (v *visit) page(ctx context.Context, name string, before int) ([]post, error) {
	address := v.Server + "/s/" + name
	if before > 0 {
		address += "?before=" + strconv.Itoa(before)
	}
	r, err := v.Fetch.GetChanged(ctx, address, fetch.Validators{})
	if err != nil {
		return nil, err
	}
	if u, err := url.Parse(r.URL); r.URL != "" && (err != nil || !strings.HasPrefix(strings.ToLower(u.Path), "/s/")) {
		return nil, fmt.Errorf("%s: %w", name, errNone)
	}
	posts, ok, err := parse(r.Body, name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	if !ok {
		return nil, fmt.Errorf("%s shows no preview of a channel, but something else, such as a question who asks", address)
	}
	return posts, nil
}
