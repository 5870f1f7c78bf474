package matrixchat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

// A reader is a source that reads until it is stopped.
type reader struct {
	docs    chan intel.Document
	last    intel.Cursor
	rejects []string
	done    chan error
	stop    context.CancelFunc
}

func reads(t *testing.T, h collecttest.Homeserver, token string, from intel.Cursor, rooms ...string) *reader {
	t.Helper()
	client, err := fetch.New(fetch.Options{Ports: []uint16{uint16(h.Port)}, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Pace: &fetch.Pace{PerSecond: 100}})
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{docs: make(chan intel.Document, 10000), last: from, done: make(chan error, 1)}
	settings, err := json.Marshal(map[string]any{"server": h.URL, "token": "env:TOKEN", "rooms": rooms})
	if err != nil {
		t.Fatal(err)
	}
	src, err := Connector.Open(collect.Env{ID: "test", Fetch: client, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Reject: func(item string, reason error) { r.rejects = append(r.rejects, item+": "+reason.Error()) },
		Reveal: func(collect.Secret) (string, error) { return token, nil }}, collect.Strict(settings))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
	r.stop = stop
	go func() {
		r.done <- src.Collect(ctx, from, func(d intel.Document, c intel.Cursor) error {
			r.last = c
			r.docs <- d
			return nil
		})
	}()
	t.Cleanup(stop)
	return r
}

// next is what the next n documents say.
func (r *reader) next(t *testing.T, n int) (all []intel.Document) {
	t.Helper()
	for range n {
		select {
		case d := <-r.docs:
			all = append(all, d)
		case err := <-r.done:
			t.Fatalf("ended with %v after %d documents; rejects %q", err, len(all), r.rejects)
		case <-time.After(time.Minute):
			t.Fatalf("nothing more after %v", texts(all))
		}
	}
	return all
}

// ended stops it within a second and returns where it had read to.
func (r *reader) ended(t *testing.T) intel.Cursor {
	t.Helper()
	began := time.Now()
	r.stop()
	if err := <-r.done; !errors.Is(err, context.Canceled) || time.Since(began) > 5*time.Second {
		t.Errorf("stopped with %v after %v", err, time.Since(began))
	}
	if len(r.docs) > 0 {
		t.Errorf("%d documents more than expected: %v", len(r.docs), <-r.docs)
	}
	return r.last
}

func texts(docs []intel.Document) (all []string) {
	for _, d := range docs {
		all = append(all, strings.TrimPrefix(d.Author, "matrix/")+": "+d.Text)
	}
	return all
}

func want(t *testing.T, got []intel.Document, want ...string) {
	t.Helper()
	if have := texts(got); strings.Join(have, "|") != strings.Join(want, "|") {
		t.Errorf("got %q, want %q", have, want)
	}
}

func text(body string) map[string]any { return map[string]any{"msgtype": "m.text", "body": body} }

func TestDendriteIsReadAndWhatWasMissedIsFilledIn(t *testing.T) {
	h := collecttest.Dendrite(t, t.TempDir(), collecttest.FreePort(t))
	kelp, token := h.Account(t, "kelp"), h.Account(t, "reader")
	room := h.Room(t, kelp, "malware")
	first := h.Send(t, kelp, room, "m.room.message", "0", text("before we came"))

	r := reads(t, h, token, "", "#malware:localhost")
	if err := <-r.done; err == nil || collect.IsPermanent(err) || !strings.Contains(err.Error(), "in none of the rooms") {
		t.Errorf("in no room: %v", err)
	}
	r = reads(t, h, token, "", "#nowhere:localhost")
	if err := <-r.done; !collect.IsPermanent(err) || !strings.Contains(err.Error(), "no room #nowhere") {
		t.Errorf("of no such room: %v", err)
	}
	r = reads(t, h, "wrong", "", "#malware:localhost")
	if err := <-r.done; !collect.IsPermanent(err) || !strings.Contains(err.Error(), "token is not accepted") || strings.Contains(err.Error(), "wrong") {
		t.Errorf("with a wrong token: %v", err)
	}

	h.Ask(t, token, "POST", "/join/"+url.PathEscape(room), map[string]any{})
	r = reads(t, h, token, "", "#malware:localhost")
	docs := r.next(t, 1)
	want(t, docs, "kelp:localhost: before we came")
	if d := docs[0]; !d.Assumed || d.Learned != d.Published || d.Channel != "matrix/#malware:localhost" || !strings.Contains(d.URL, url.PathEscape(first)) {
		t.Errorf("history is %+v", d)
	}
	one := h.Send(t, kelp, room, "m.room.message", "1", text("C2 at 203.0.113.77"))
	docs = r.next(t, 1)
	want(t, docs, "kelp:localhost: C2 at 203.0.113.77")
	if docs[0].Assumed || time.Since(docs[0].Learned) > time.Minute {
		t.Errorf("what is new is %+v", docs[0])
	}
	edit := text("* C2 at 203.0.113.78")
	edit["m.new_content"], edit["m.relates_to"] = text("C2 at 203.0.113.78"), map[string]any{"rel_type": "m.replace", "event_id": one}
	h.Send(t, kelp, room, "m.room.message", "2", edit)
	h.Ask(t, kelp, "PUT", "/rooms/"+url.PathEscape(room)+"/redact/"+url.PathEscape(one)+"/3", map[string]any{"reason": "typo"})
	h.Ask(t, kelp, "PUT", "/rooms/"+url.PathEscape(room)+"/state/m.room.topic", map[string]any{"topic": "loaders"})
	h.Send(t, kelp, room, "m.room.encrypted", "4", map[string]any{"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "x", "session_id": "y", "sender_key": "z", "device_id": "d"})
	h.Send(t, kelp, room, "m.room.encrypted", "5", map[string]any{"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "x", "session_id": "y", "sender_key": "z", "device_id": "d"})
	h.Send(t, kelp, room, "m.room.message", "6", text("plain"))
	docs = r.next(t, 4)
	want(t, docs, "kelp:localhost: C2 at 203.0.113.78", "kelp:localhost: Removed the message "+one+": typo", "kelp:localhost: loaders", "kelp:localhost: plain")
	from := r.ended(t)
	if len(r.rejects) != 1 || !strings.Contains(r.rejects[0], "encrypted") {
		t.Errorf("rejects %q", r.rejects)
	}

	const missed = 250
	for i := range missed {
		h.Send(t, kelp, room, "m.room.message", fmt.Sprint("missed", i), text(fmt.Sprint("missed ", i)))
	}
	for range 2 { // from the same cursor the same
		r = reads(t, h, token, from, "#malware:localhost")
		for i, d := range r.next(t, missed) {
			if want := fmt.Sprint("missed ", i); d.Text != want {
				t.Fatalf("document %d is %q, want %q", i, d.Text, want)
			}
		}
		h.Send(t, kelp, room, "m.room.typing", fmt.Sprint("t", time.Now().UnixNano()), map[string]any{})
		r.ended(t)
	}
}

func TestDendriteThatIsGoneComesBackWithoutLoss(t *testing.T) {
	dir, port := t.TempDir(), collecttest.FreePort(t)
	h := collecttest.Dendrite(t, dir, port)
	kelp, token := h.Account(t, "kelp"), h.Account(t, "reader")
	room := h.Room(t, kelp, "malware")
	h.Ask(t, token, "POST", "/join/"+url.PathEscape(room), map[string]any{})
	h.Send(t, kelp, room, "m.room.message", "0", text("zero"))
	r := reads(t, h, token, "")
	want(t, r.next(t, 1), "kelp:localhost: zero")
	h.Kill()
	if err := <-r.done; err == nil || collect.IsPermanent(err) {
		t.Errorf("its server gone: %v", err)
	}
	h = collecttest.Dendrite(t, dir, port)
	h.Send(t, kelp, room, "m.room.message", "1", text("one"))
	r = reads(t, h, token, r.last)
	want(t, r.next(t, 1), "kelp:localhost: one")
	r.ended(t)
}
