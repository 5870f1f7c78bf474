package discord

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
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

const (
	// pageful is how many messages are asked for at once, and mostPages how often for what a
	// channel said while nobody listened.
	pageful, mostPages = 100, 100
	// longest is how long is waited at most because Discord says so.
	longest = 24 * time.Hour
)

// ask makes a request of the API. A limit that is used up is an error that tells for how long.
func (b *bot) ask(ctx context.Context, path string, q url.Values, into any) error {
	token, err := b.token()
	if err != nil {
		return err
	}
	address := b.Server + path
	if wait := b.again[path].Sub(b.Now()); wait > 0 {
		return &fetch.StatusError{URL: address, Status: http.StatusTooManyRequests, RetryAfter: wait}
	}
	delete(b.again, path)
	if len(q) > 0 {
		address += "?" + q.Encode()
	}
	r, err := b.client().Do(ctx, fetch.Request{URL: address, Header: http.Header{"Authorization": {"Bot " + token}}, Stay: true})
	if err != nil {
		return told(ctx, err)
	}
	if r.Header.Get("X-RateLimit-Remaining") == "0" {
		maps.DeleteFunc(b.again, func(_ string, t time.Time) bool { return !t.After(b.Now()) })
		b.again[path] = b.Now().Add(resetAfter(r.Header))
	}
	if err := collect.JSON(r.Body, into); err != nil {
		return fmt.Errorf("%s%s: the answer is none of Discord: %w", b.Server, path, err)
	}
	return nil
}

// client makes requests under a name of the form that Discord asks of bots.
func (b *bot) client() *fetch.Client {
	c := *b.Fetch
	c.UserAgent = strings.TrimSpace("DiscordBot (https://github.com/portent-cti/portent, 1) " + c.UserAgent)
	return &c
}

// told is an error of the API with what to do about it.
func told(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	s := (*fetch.StatusError)(nil)
	if !errors.As(err, &s) {
		return err
	}
	switch s.Status {
	case http.StatusUnauthorized:
		return collect.Permanent(fmt.Errorf("%w: the token is not accepted as that of a bot; copy it anew from the page Bot of the application, or reset it there", err))
	case http.StatusTooManyRequests:
		s.RetryAfter = max(s.RetryAfter, resetAfter(s.Header)) // the first is in whole seconds
	}
	return err
}

// resetAfter is how long it takes until a limit begins anew.
func resetAfter(h http.Header) time.Duration {
	seconds, err := strconv.ParseFloat(h.Get("X-RateLimit-Reset-After"), 64)
	if err != nil || !(seconds > 0) {
		return 0
	}
	return time.Duration(min(seconds, longest.Seconds()) * float64(time.Second))
}

// gateway asks where the gateway is. That it may be asked for a session no more for now is an error.
func (b *bot) gateway(ctx context.Context) (string, error) {
	if wait := b.identified.Add(betweenIdentifies).Sub(b.Now()); wait > 0 && wait <= betweenIdentifies {
		return "", &fetch.StatusError{URL: b.Server + "/gateway/bot", Status: http.StatusTooManyRequests, RetryAfter: wait}
	}
	var a gatewayAnswer
	if err := b.ask(ctx, "/gateway/bot", nil, &a); err != nil {
		if s := (*fetch.StatusError)(nil); errors.As(err, &s) && (s.Status == http.StatusForbidden || s.Status == http.StatusNotFound) {
			return "", collect.Permanent(fmt.Errorf("%w: is server the API of Discord, and may this machine use it?", err))
		}
		return "", err
	}
	if a.Limit != nil && a.Limit.Remaining <= 0 {
		wait := time.Duration(min(max(a.Limit.ResetAfter, 0), longest.Milliseconds())) * time.Millisecond
		return "", fmt.Errorf("the bot has begun all the sessions that it may have today: %w",
			&fetch.StatusError{URL: b.Server + "/gateway/bot", Status: http.StatusTooManyRequests, RetryAfter: wait})
	}
	return b.socket(a.URL)
}

// socket is an address of the gateway, as it is opened. The token goes to Discord's own hosts alone.
func (b *bot) socket(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "", fmt.Errorf("address of the gateway %.100q: %w", address, intel.ErrInvalid)
	}
	own, err := url.Parse(b.Server)
	if err != nil {
		return "", err
	}
	if u.Scheme = "https"; strings.EqualFold(u.Host, own.Host) {
		u.Scheme = own.Scheme
	} else if !strings.HasSuffix(strings.ToLower(u.Host), ".discord.gg") {
		return "", collect.Permanent(fmt.Errorf("%s says that its gateway is at %.100q, which is not Discord's: the token does not go there", own.Host, u.Host))
	}
	u.Path, u.RawQuery, u.User = "/", "v=10&encoding=json", nil
	return u.String(), nil
}

// A gap is what a channel said while nobody listened, or before the first visit.
type gap struct {
	guild, channel snowflake
	pages          int
}

// fill reads what is missing, the oldest of a channel first. What fails stays missing.
func (v *visit) fill(ctx context.Context) error {
	for len(v.gaps) > 0 {
		g := &v.gaps[0]
		more, err := v.page(ctx, g)
		if s := (*fetch.StatusError)(nil); errors.As(err, &s) && (s.Status == http.StatusForbidden || s.Status == http.StatusNotFound) {
			more, err = false, nil
			v.shut(g.channel, s.Status)
		}
		if err != nil {
			return err
		}
		if g.pages++; more && g.pages >= mostPages {
			v.Reject("channel "+g.channel.String(), fmt.Errorf("more was said in it than %d messages while nobody listened: the rest is passed over", mostPages*pageful))
			more = false
		}
		if !more {
			v.gaps = v.gaps[1:]
		}
	}
	return nil
}

// shut notes that a channel is not to be asked for again. It is told of those that are wanted by
// name, or were read before: most servers have some that no bot may see.
func (v *visit) shut(channel snowflake, status int) {
	v.closed[channel] = true
	switch {
	case !v.named(channel) && v.place.Last[channel] == 0:
	case status == http.StatusNotFound:
		v.Reject("channel "+channel.String(), errors.New("it is there no more"))
	default:
		v.Reject("channel "+channel.String(), errors.New("the bot may not read what was said in it: it needs View Channel and Read Message History"))
	}
}

// page reads what follows the last message of a channel, and reports whether there may be more.
func (v *visit) page(ctx context.Context, g *gap) (more bool, err error) {
	q, after := url.Values{"limit": {strconv.Itoa(pageful)}}, v.place.after(g.channel)
	after = max(after, v.upTo[g.channel])
	if after > 0 {
		q.Set("after", after.String())
	}
	var raw []json.RawMessage
	if err := v.ask(ctx, "/channels/"+g.channel.String()+"/messages", q, &raw); err != nil {
		return false, err
	}
	var all []message
	for _, r := range raw {
		var m message
		if err := json.Unmarshal(r, &m); err != nil || m.ID == 0 {
			v.Reject("message in channel "+g.channel.String(), errors.New("it has not the form of one of Discord"))
			continue
		}
		m.Channel, m.Guild = g.channel, g.guild // of which an answer tells only the first
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b message) int { return cmp.Compare(a.ID, b.ID) })
	last := after
	for _, m := range all {
		v.place.add(m.Channel, m.ID)
		if err := v.keep(m); err != nil {
			return false, err
		}
		last = max(last, m.ID)
	}
	v.upTo[g.channel] = last
	return after > 0 && len(raw) >= pageful && last > after, nil
}
