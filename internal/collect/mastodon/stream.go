package mastodon

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

const (
	// silence is how long a stream may say nothing: its server sends a mark every 15 s.
	silence = 90 * time.Second
	// mostEvent is how long an event may be.
	mostEvent = 1 << 20
)

// errEnded means that a server ended its stream. Whoever reads comes again, and asks for what
// was said meanwhile.
var errEnded = errors.New("the stream ended")

// Streams implements collect.Stream.
func (t *timeline) Streams() bool { return t.Stream }

// follow reads the stream of the timeline. What came between the last question and its
// beginning is asked for once more, for a stream tells nothing of what was before.
func (t *timeline) follow(ctx context.Context, p *collect.Place, emit collect.Emit) error {
	base, err := t.streams(ctx)
	if err != nil {
		return err
	}
	h, err := t.header()
	if err != nil {
		return err
	}
	h.Set("Accept", "text/event-stream")
	address := base + "/api/v1/streaming/" + t.stream
	err = t.Fetch.Stream(ctx, fetch.Request{URL: address, Header: h}, silence, func(r io.Reader) error {
		if more, err := t.catchUp(ctx, p, emit); err != nil || more {
			return cmp.Or(err, errBehind)
		}
		return events(r, func(name string, data []byte) error { return t.event(name, data, p, emit) })
	})
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil:
		return fmt.Errorf("get %s: %w", address, errEnded)
	}
	return t.told(err)
}

// streams is the server of streams. The token goes to no other host than that of the server
// and those below it, unless the settings name it.
func (t *timeline) streams(ctx context.Context) (string, error) {
	if t.Streaming != "" {
		return strings.TrimSuffix(t.Streaming, "/"), nil
	}
	r, err := t.Fetch.Do(ctx, fetch.Request{URL: t.Server + "/api/v2/instance"})
	if s := (*fetch.StatusError)(nil); errors.As(err, &s) && s.Status == http.StatusNotFound {
		return t.Server, nil
	}
	if err != nil {
		return "", t.told(err)
	}
	var about instance
	if err := collect.JSON(r.Body, &about); err != nil {
		return "", fmt.Errorf("%s: %w", r.URL, err)
	}
	where := strings.TrimSuffix(about.Configuration.URLs.Streaming, "/")
	if where == "" {
		return t.Server, nil
	}
	u, err := url.Parse("http" + strings.TrimPrefix(strings.TrimPrefix(where, "http"), "ws"))
	if err != nil {
		return "", fmt.Errorf("server of streams %.100q: %w", where, intel.ErrInvalid)
	}
	if host := strings.ToLower(u.Host); host != t.host && !strings.HasSuffix(host, "."+t.host) {
		return "", collect.Permanent(fmt.Errorf("%s says that its streams are at %s: set streaming = %q if that is so, for the token goes there", t.host, u.Host, u.String()))
	}
	return u.String(), nil
}

// event reads what a stream tells.
func (t *timeline) event(name string, data []byte, p *collect.Place, emit collect.Emit) error {
	switch name {
	case "update", "status.update":
		var s status
		if err := collect.JSON(data, &s); err != nil || s.ID == "" {
			t.Reject("event "+name, fmt.Errorf("no post: %.100q: %w", data, intel.ErrInvalid))
			return nil
		}
		return t.take(s, p, emit)
	case "delete":
		s, ok := t.kept[strings.TrimSpace(string(data))]
		if !ok || p.Has(s.URI, "deleted") { // that it was there is not known
			return nil
		}
		next, err := p.Add([]string{s.URI, "deleted"})
		if err != nil {
			return err
		}
		return emit(t.deletion(s), next)
	}
	return nil
}

// events reads server-sent events (HTML Standard 9.2) until the stream ends.
func events(r io.Reader, each func(name string, data []byte) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), mostEvent)
	name, data := "", []byte(nil)
	for lines.Scan() {
		line := bytes.TrimSuffix(lines.Bytes(), []byte("\r"))
		if len(line) == 0 {
			if name != "" && data != nil {
				if err := each(name, data); err != nil {
					return err
				}
			}
			name, data = "", nil
			continue
		}
		field, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(field) {
		case "event":
			name = string(value)
		case "data":
			if data != nil {
				data = append(data, '\n')
			}
			if data = append(data, value...); len(data) > mostEvent {
				return fmt.Errorf("an event of more than %d bytes: %w", mostEvent, fetch.ErrTooLarge)
			}
		}
	}
	return lines.Err()
}
