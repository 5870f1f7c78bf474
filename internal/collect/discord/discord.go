// Package discord reads what is said in the servers of Discord that a bot was invited to: the
// gateway tells it as it is said, and the API what was said meanwhile (v10). It reads only, and
// as a bot only: programs that use the account of a person are against the terms of Discord.
package discord

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// Connector reads along as a bot.
var Connector = collect.Connector{
	Name:        "discord",
	About:       "messages of servers of Discord that a bot was invited to, as they are said",
	Reliability: 'F',
	Live:        true,
	Settings:    settings{},
	Open:        open,
}

type settings struct {
	Token    collect.Secret `json:"token" help:"Token of the bot, with Message Content Intent switched on."`
	Guilds   []snowflake    `json:"guilds" help:"Numbers of servers to read; with channels, these besides. All that the bot sees if both are missing."`
	Channels []snowflake    `json:"channels" help:"Numbers of channels to read, with their threads."`
	Server   string         `json:"server" help:"Where the API is; https://discord.com/api/v10 if missing."`
}

const (
	// mostKept is how many messages are remembered so that their deletion can be told.
	mostKept = 4096
	// mostThreads is how many threads are remembered, and channels of which all was read.
	mostThreads = 1 << 15
)

type bot struct {
	collect.Env
	settings
	again      map[string]time.Time // when a limit that is used up begins anew, by path
	identified time.Time            // when a session was last asked for
	closed     map[snowflake]bool   // channels that the bot may not read
	session
}

// A session is what Discord goes on with after a break, and what was learned in it.
type session struct {
	name, url string
	at        intel.Cursor // of the last document that was given
	seq       int64        // of the last event that was read to its end
	tries     int          // to go on with it

	missing map[snowflake]bool      // servers that are yet to be told of
	gaps    []gap                   // to fill
	upTo    map[snowflake]snowflake // message up to which the API told all, by channel
	threads map[snowflake]channel
	kept    map[snowflake]string // author by message
	order   []snowflake          // of those
	told    collect.Seen         // messages and their versions
}

func open(env collect.Env, decode func(any) error) (collect.Source, error) {
	var s settings
	if err := decode(&s); err != nil {
		return nil, err
	}
	if s.Token == "" {
		return nil, errors.New("token is missing")
	}
	s.Server = strings.TrimSuffix(cmp.Or(s.Server, "https://discord.com/api/v10"), "/")
	if err := collect.CheckURL("server", s.Server); err != nil {
		return nil, err
	}
	b := &bot{Env: env, settings: s, again: map[string]time.Time{}, closed: map[snowflake]bool{}}
	return b, b.begin("")
}

// begin forgets the session: another follows.
func (b *bot) begin(at intel.Cursor) (err error) {
	b.session = session{at: at, missing: map[snowflake]bool{}, upTo: map[snowflake]snowflake{}, threads: map[snowflake]channel{}, kept: map[snowflake]string{}}
	b.told, err = collect.NewSeen("")
	return err
}

// token is what the bot proves itself by. That of a person is refused, as far as its form tells;
// where it does not, Discord says so, for it is shown as that of a bot.
func (b *bot) token() (string, error) {
	token, err := b.Reveal(b.Token)
	if err != nil {
		return "", err
	}
	token = strings.TrimPrefix(strings.TrimSpace(token), "Bot ")
	if strings.HasPrefix(token, "mfa.") || strings.HasPrefix(token, "Bearer ") {
		return "", collect.Permanent(fmt.Errorf("%s is the token of a person; Discord forbids programs to use it: make a bot at https://discord.com/developers/applications and set its token", b.Token))
	}
	parts := strings.Split(token, ".")
	id, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[0], "="))
	if err != nil || len(parts) != 3 || len(id) == 0 || strings.Trim(string(id), "0123456789") != "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", collect.Permanent(fmt.Errorf("%s is no token of a bot, which is three words with dots in between: copy it from the page Bot of the application at https://discord.com/developers/applications", b.Token))
	}
	return token, nil
}

// A visit is one connection to the gateway.
type visit struct {
	*bot
	place *place
	emit  collect.Emit
	up    bool // Discord took it up
}

// Collect implements collect.Source. It ends where Discord wants another connection, too.
func (b *bot) Collect(ctx context.Context, from intel.Cursor, emit collect.Emit) error {
	p, err := newPlace(from, b.Now())
	if err := cmp.Or(ctx.Err(), err); err != nil {
		return err
	}
	if b.at != from { // what was given last was not kept
		if err := b.begin(from); err != nil {
			return err
		}
	}
	v := &visit{bot: b, place: p, emit: emit}
	err = v.connect(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// wanted reports whether the settings want a channel.
func (b *bot) wanted(guild, channel snowflake) bool {
	return len(b.Guilds) == 0 && len(b.Channels) == 0 || slices.Contains(b.Guilds, guild) || b.named(channel)
}

// named reports whether the settings name a channel, or that of a thread.
func (b *bot) named(channel snowflake) bool {
	return slices.Contains(b.Channels, channel) || slices.Contains(b.Channels, b.threads[channel].Parent)
}

// take reads an event.
func (v *visit) take(ctx context.Context, e event) (err error) {
	v.up = true // what is told is told in a session
	switch e.Name {
	case "READY":
		err = v.ready(e)
	case "GUILD_CREATE":
		if g, ok := read[guild](v, e); ok {
			v.see(g)
		}
	case "CHANNEL_CREATE", "THREAD_CREATE":
		if c, ok := read[channel](v, e); ok {
			v.learn(c)
			if c.New || e.Name == "CHANNEL_CREATE" {
				v.read(c.ID, c.ID) // nothing was said in it before
			}
		}
	case "THREAD_LIST_SYNC":
		if t, ok := read[threads](v, e); ok {
			v.see(guild{ID: t.Guild, Threads: t.Threads})
		}
	case "MESSAGE_CREATE":
		if m, ok := read[message](v, e); ok && m.Guild != 0 && v.wanted(m.Guild, m.Channel) {
			err = v.hear(ctx, m)
		}
	case "MESSAGE_UPDATE":
		if m, ok := read[message](v, e); ok && m.Guild != 0 && m.Edited != nil && v.wanted(m.Guild, m.Channel) {
			err = v.keep(m)
		}
	case "MESSAGE_DELETE", "MESSAGE_DELETE_BULK":
		if d, ok := read[deleted](v, e); ok {
			err = v.forget(d)
		}
	}
	return err
}

// read reads what an event tells.
func read[T any](v *visit, e event) (told T, ok bool) {
	if err := collect.JSON(e.Data, &told); err != nil {
		v.Reject("event "+collect.OneLine(e.Name, 40), errors.New("it has not the form of one of Discord"))
		return told, false
	}
	return told, true
}

// ready begins a session, of which nothing is known yet.
func (v *visit) ready(e event) error {
	var r ready
	if err := collect.JSON(e.Data, &r); err != nil || r.Session == "" {
		return fmt.Errorf("the gateway began no session: %w", intel.ErrInvalid)
	}
	if !r.User.Bot {
		return collect.Permanent(fmt.Errorf("%s is the token of a person; Discord forbids programs to use it: make a bot and set its token", v.Token))
	}
	url := v.url
	if err := v.begin(v.at); err != nil {
		return err
	}
	v.name, v.url = r.Session, url
	if resume, err := v.socket(r.Resume); err == nil {
		v.url = resume
	}
	for _, g := range r.Guilds {
		v.missing[g.ID] = true
	}
	if len(r.Guilds) == 0 {
		v.Reject("bot", errors.New("it is in no server yet; have it invited to those to read"))
	}
	for _, g := range v.Guilds {
		if !v.missing[g] {
			v.Reject("server "+g.String(), errors.New("the bot is not in it; have it invited"))
		}
	}
	return nil
}

// see looks at the channels of a server for what was said in them while nobody listened.
func (v *visit) see(g guild) {
	delete(v.missing, g.ID)
	for _, c := range slices.Concat(g.Channels, g.Threads) {
		c.Guild = g.ID
		v.learn(c)
		if c.ID == 0 || !spoken(c.Kind) || v.closed[c.ID] || !v.wanted(g.ID, c.ID) {
			continue
		}
		if _, ok := v.upTo[c.ID]; ok {
			continue
		}
		if c.Last <= v.place.after(c.ID) { // or nothing was ever said
			v.read(c.ID, c.Last)
			continue
		}
		v.gaps = append(v.gaps, gap{guild: g.ID, channel: c.ID})
	}
}

// spoken reports whether messages are in a channel of that kind: text, voice, news, stages and threads.
func spoken(kind int) bool { return slices.Contains([]int{0, 2, 5, 10, 11, 12, 13}, kind) }

// learn remembers of a thread what it is called, and where it is.
func (v *visit) learn(c channel) {
	if c.Kind < 10 || c.Kind > 12 || c.ID == 0 {
		return
	}
	if len(v.threads) >= mostThreads {
		clear(v.threads)
	}
	v.threads[c.ID] = channel{Parent: c.Parent, Name: collect.OneLine(c.Name, 200)}
}

// read notes that all of a channel was read up to a message.
func (v *visit) read(channel, message snowflake) {
	if len(v.upTo) >= mostThreads {
		clear(v.upTo) // they are asked for once more
	}
	v.upTo[channel] = max(v.upTo[channel], message)
}

// hear keeps a message as it is said. Of a channel that nothing is known of, such as a thread that
// was asleep, what was said meanwhile comes first.
func (v *visit) hear(ctx context.Context, m message) error {
	_, known := v.upTo[m.Channel]
	pending := slices.ContainsFunc(v.gaps, func(g gap) bool { return g.channel == m.Channel })
	if pending || !known && !v.closed[m.Channel] {
		if !pending {
			v.gaps = append(v.gaps, gap{guild: m.Guild, channel: m.Channel})
		}
		if err := v.fill(ctx); err != nil {
			return err
		}
	}
	if m.ID <= v.upTo[m.Channel] {
		return nil
	}
	v.place.add(m.Channel, m.ID)
	return v.keep(m)
}

// keep gives a message on, unless it is kept already.
func (v *visit) keep(m message) error {
	key := []string{m.ID.String(), edition(m)}
	if v.told.Has(key...) {
		return nil
	}
	doc, ok := v.document(m)
	if !ok {
		return nil
	}
	if err := v.give(doc); err != nil {
		return err
	}
	v.told.Add(key...)
	v.remember(m)
	return nil
}

// remember keeps of a message what is told once it is deleted.
func (v *visit) remember(m message) {
	if _, ok := v.kept[m.ID]; !ok {
		v.order = append(v.order, m.ID)
	}
	v.kept[m.ID] = author(m)
	if len(v.order) > mostKept {
		delete(v.kept, v.order[0])
		v.order = v.order[1:]
	}
}

// forget notes that messages are gone, of which it is known that they were there.
func (v *visit) forget(d deleted) error {
	for _, id := range append(d.IDs, d.ID) {
		who, ok := v.kept[id]
		if !ok || v.told.Has(id.String(), "deleted") {
			continue
		}
		if err := v.give(v.deletion(d, id, who)); err != nil {
			return err
		}
		v.told.Add(id.String(), "deleted")
	}
	return nil
}

func (v *visit) give(doc intel.Document) error {
	next, err := v.place.cursor()
	if err != nil {
		return err
	}
	if err := v.emit(v.place.dated(doc, v.Now()), next); err != nil {
		return err
	}
	v.at = next
	return nil
}
