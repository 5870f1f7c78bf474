package mailbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/mail"
	"github.com/portent-cti/portent/internal/intel"
)

const (
	// waits is how long one IDLE lasts at most: a server may end one of half an hour.
	waits = 25 * time.Minute
	// lasts is how long a visit is that waits for messages: it is known to go well when it ends.
	lasts = time.Hour
	// elsewhere is how long other folders than the first are left alone, and all of a server
	// that does not tell of messages.
	elsewhere = time.Minute
	// mostListed is how many messages of a folder are looked at at once.
	mostListed = 1 << 20
	// mostFetched is how many messages are asked for at once, of maxFetched bytes.
	mostFetched, maxFetched = 100, 4 << 20
	// mostGiven is how many documents are remembered that were handed out.
	mostGiven = 1 << 17
)

// server is a mailbox on a server.
type server struct {
	collect.Env
	settings
	// at is how far the folders are read, counting what gave no document, after the cursor last.
	at   places
	last intel.Cursor
}

// A place is how far a folder is read.
type place struct {
	Validity uint32 `json:"v"` // of the UIDs
	Last     uint32 `json:"l"` // the UID of the last message read
	Live     uint32 `json:"n"` // the first UID that was not there at the first visit
}

// places are the cursor: how far folders are read, by name.
type places map[string]place

func newPlaces(from intel.Cursor) (places, error) {
	p := places{}
	if from == "" {
		return p, nil
	}
	if err := json.Unmarshal([]byte(from), &p); err != nil {
		return nil, collect.Permanent(fmt.Errorf("cursor %q: %w", clip(string(from)), intel.ErrInvalid))
	}
	return p, nil
}

func (p places) cursor() (intel.Cursor, error) {
	text, err := json.Marshal(p)
	return intel.Cursor(text), err
}

// Streams implements collect.Stream.
func (s *server) Streams() bool { return !s.Poll }

// Collect implements collect.Source.
func (s *server) Collect(ctx context.Context, from intel.Cursor, emit collect.Emit) error {
	if s.at == nil || from != s.last {
		at, err := newPlaces(from)
		if err != nil {
			return err
		}
		s.at, s.last = at, from
	}
	err := s.visit(ctx, &reading{server: s, emit: emit, given: map[intel.DocumentID]bool{}})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

func (s *server) visit(ctx context.Context, r *reading) error {
	c, err := s.dial(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	r.client = c
	for _, name := range s.Folders {
		if err := r.begin(name); err != nil {
			return err
		}
	}
	wait := waits
	if len(s.Folders) > 1 {
		wait = elsewhere
	}
	for began := time.Now(); ; {
		for _, name := range append(slices.Clone(s.Folders[1:]), s.Folders[0]) { // the last stays open
			if err := r.folder(ctx, name); err != nil {
				return err
			}
		}
		if s.Poll || time.Since(began) > lasts {
			break
		}
		if err := c.wait(wait); err != nil && time.Since(began) > elsewhere { // all there was is read
			s.Log.Info("the server ended a connection that waited; the next goes on", "source", s.ID, "err", err)
			return ctx.Err()
		} else if err != nil {
			return err
		}
	}
	_, err = c.command("LOGOUT", nil)
	if r := (*refusal)(nil); errors.As(err, &r) {
		return nil
	}
	return err
}

// reading is one visit to a server.
type reading struct {
	*server
	client *client
	emit   collect.Emit
	given  map[intel.DocumentID]bool // also from other folders
}

// begin notes which messages of a folder are there at the first visit.
func (r *reading) begin(name string) error {
	if _, known := r.at[name]; known {
		return nil
	}
	f, err := r.client.examine(name)
	if err == nil {
		r.at[name] = place{Validity: f.validity, Live: f.next}
	}
	return err
}

// folder reads what is new in a folder. One whose UIDs are no longer what they were is read
// again.
func (r *reading) folder(ctx context.Context, name string) error {
	f, err := r.client.examine(name)
	if err != nil {
		return err
	}
	at := r.at[name]
	if at.Validity != f.validity {
		r.Log.Info("the server numbered the messages of a folder anew; it is read again", "source", r.ID, "folder", name)
		at = place{Validity: f.validity, Live: f.next}
	}
	r.at[name] = at
	if f.empty {
		return nil
	}
	list, err := r.list(at.Last)
	if err != nil || len(list) == 0 {
		return err
	}
	if at.Live == 0 { // which the server does not tell
		at.Live = list[len(list)-1].uid + 1
		r.at[name] = at
	}
	for len(list) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := batch(list)
		if err := r.fetch(name, list[:n]); err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}

// list tells of the messages behind a UID, in order.
func (r *reading) list(last uint32) (list []message, err error) {
	if last == 1<<32-1 {
		return nil, nil
	}
	_, err = r.client.command("UID FETCH "+uid(last+1)+":* (UID RFC822.SIZE FLAGS)", func(rep reply) error {
		if !fetched(rep.text) {
			return nil
		}
		m, err := rep.fetch()
		m.body = nil                    // which nobody asked for
		if err == nil && m.uid > last { // the last message is told of in any case
			list = append(list, m)
		}
		return err
	})
	slices.SortStableFunc(list, func(a, b message) int { return int(int64(a.uid) - int64(b.uid)) })
	list = slices.CompactFunc(list, func(a, b message) bool { return a.uid == b.uid })
	return list[:min(len(list), mostListed)], err
}

func uid(n uint32) string { return strconv.FormatUint(uint64(n), 10) }

// batch is how many messages of a list are asked for at once. A large one stands alone.
func batch(list []message) (n int) {
	var size int64
	for n < len(list) && n < mostFetched {
		if size += list[n].size; n > 0 && (size > maxFetched || list[n].size > maxWhole) {
			break
		}
		n++
	}
	return n
}

// fetch reads messages of the open folder and hands out what they say.
func (r *reading) fetch(name string, list []message) error {
	var set []string
	for _, m := range list {
		set = append(set, uid(m.uid))
	}
	part := "BODY.PEEK[]"
	if list[0].size > maxWhole {
		part += fmt.Sprintf("<0.%d>", beginning)
	}
	came := map[uint32]message{}
	_, err := r.client.command("UID FETCH "+strings.Join(set, ",")+" (UID "+part+")", func(rep reply) error {
		if !fetched(rep.text) {
			return nil
		}
		m, err := rep.fetch()
		if err == nil && m.sent && slices.Contains(set, uid(m.uid)) {
			came[m.uid] = m
		}
		return err
	})
	if no := (*refusal)(nil); errors.As(err, &no) {
		switch {
		case no.passing() && no.word == "NO":
			return err
		case len(list) > 1: // which of them it is
			for i := range list {
				if err := r.fetch(name, list[i:i+1]); err != nil {
					return err
				}
			}
			return nil
		case len(came) == 0:
			r.Reject(item(name, list[0].uid), err)
		}
	} else if err != nil {
		return err
	}
	for _, m := range list {
		got, ok := came[m.uid]
		if ok && got.body == nil && len(list) > 1 { // larger than the server told: alone there is room for it
			if err := r.fetch(name, []message{m}); err != nil {
				return err
			}
			continue
		}
		got.size, got.draft = m.size, m.draft
		if err := r.hand(name, got, ok, m.uid); err != nil {
			return err
		}
	}
	return nil
}

func item(folder string, n uint32) string { return fmt.Sprintf("folder %s, message %d", folder, n) }

// hand hands out a message of a folder, if it came: another may have deleted it.
func (r *reading) hand(name string, m message, came bool, n uint32) error {
	before := r.at[name]
	at := before
	at.Last = n
	r.at[name] = at
	if !came || m.draft {
		return nil
	}
	doc, ok := r.document(name, m)
	if !ok {
		return nil
	}
	if n >= at.Live {
		doc.Learned, doc.Assumed = r.Now().UTC(), false
	}
	next, err := r.at.cursor()
	if err == nil {
		err = r.emit(doc, next)
	}
	if err != nil {
		r.at[name] = before
		return err
	}
	r.last = next
	return nil
}

// document is what a message says; ok is false where that is nothing, or was said before.
func (r *reading) document(name string, m message) (doc intel.Document, ok bool) {
	what := item(name, m.uid)
	switch {
	case m.body == nil:
		r.Reject(what, fmt.Errorf("%w: longer than %d MiB, of which the server said nothing", collect.ErrTooLarge, maxSent>>20))
		return doc, false
	case m.size > maxWhole:
		r.Reject(what, fmt.Errorf("%w: of %d MiB its beginning is read, with the text and not what is attached", collect.ErrTooLarge, m.size>>20))
	}
	doc, mended, err := mail.Document(r.Env, m.body)
	if mended {
		r.Reject(what, collect.ErrEncoding)
	}
	switch {
	case err != nil:
		r.Reject(what, err)
		return doc, false
	case doc.Text == "":
		return doc, false
	case r.given[doc.ID]:
		r.Repeated()
		return doc, false
	}
	if len(r.given) >= mostGiven {
		clear(r.given)
	}
	r.given[doc.ID] = true
	return doc, true
}
