package nntp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/mail"
	"github.com/portent-cti/portent/internal/intel"
)

const (
	// span is how many numbers are asked for at once.
	span = 500
	// mostRead is how many articles of a group one visit asks for; the next goes on from there.
	mostRead = 5000
	// patience is how often the server may fail to hand out an article before it is passed over.
	patience = 3
)

// errNoGroup means that a group is not there, or not for whoever asks.
var errNoGroup = errors.New("it cannot be read")

// stuck is an article that a server fails to hand out.
type stuck struct {
	group  string
	number uint64
	times  int
	why    error
}

// reading is one visit to a server.
type reading struct {
	*server
	client *client
	emit   collect.Emit
}

// group reads what is new in a group.
func (r *reading) group(ctx context.Context, name string) error {
	g, err := r.client.group(name)
	if err != nil {
		return err
	}
	if err := r.place(name, g); err != nil {
		return err
	}
	for asked := 0; !g.empty() && r.at.Groups[name].Last < g.high; {
		if asked >= mostRead {
			r.Log.Info("a group has more that is new than one visit reads; the next goes on", "source", r.ID, "group", name, "from", r.at.Groups[name].Last+1, "to", g.high)
			break
		}
		n, err := r.some(ctx, name, g, mostRead-asked)
		if err != nil {
			return err
		}
		asked += n
	}
	return nil
}

// some reads the articles of the numbers that come next, most at most, and tells how much was
// asked for.
func (r *reading) some(ctx context.Context, name string, g group, most int) (int, error) {
	from := max(r.at.Groups[name].Last+1, g.low)
	to := min(from+span-1, g.high)
	list, err := r.client.over(from, to)
	if err != nil {
		return 0, err
	}
	for i, e := range list {
		if i >= most {
			return i, nil
		}
		if err := ctx.Err(); err != nil {
			return i, err
		}
		if err := r.read(name, e); err != nil {
			return i, err
		}
	}
	if at := r.at.Groups[name]; at.Last < to {
		at.Last, at.ID = to, ""
		r.at.Groups[name] = at
	}
	return len(list) + 1, nil
}

// place finds where a group is to be read on. One that is new begins with the latest articles,
// and so does one whose numbers are no longer what they were: what of it was kept is passed over.
func (r *reading) place(name string, g group) error {
	if host := strings.ToLower(r.Server); r.at.Server != host { // whose numbers are others
		for name, at := range r.at.Groups {
			r.at.Groups[name] = place{Since: at.Since}
		}
		r.at.Server = host
	}
	at, known := r.at.Groups[name]
	if !known {
		at.Since = r.Now().UTC().Truncate(time.Second) // as articles are dated
	}
	if g.empty() { // which tells nothing of its numbers
		if !known {
			at.Live = 1 // whatever comes is new
		}
		r.at.Groups[name] = at
		return nil
	}
	if at.Live > 0 {
		same, err := r.same(at, g)
		if err != nil || same {
			return err
		}
		r.Log.Info("the server numbered the articles of a group anew; the latest are looked at again", "source", r.ID, "group", name)
	}
	at.Live, at.Last, at.ID = g.high+1, g.low-1, ""
	if latest := uint64(r.Latest); g.high-at.Last > latest {
		at.Last = g.high - latest
	}
	r.at.Groups[name] = at
	return nil
}

// same reports whether a group is still numbered as it was. A server tells of no such thing: what
// tells is that it has not come as far, or has another article where the last one was.
func (r *reading) same(at place, g group) (bool, error) {
	if g.high < at.Last {
		return false, nil
	}
	if at.ID == "" || at.Last < g.low {
		return true, nil
	}
	id, err := r.client.stat(at.Last)
	if gone(err) {
		return true, nil
	}
	return err == nil && (id == "" || id == at.ID), err
}

// read reads an article and hands out what it says.
func (r *reading) read(name string, e entry) error {
	what := fmt.Sprintf("group %s, article %d", name, e.number)
	if e.id != "" && r.at.seen.Has(e.id) {
		r.Repeated()
		r.passed(name, e)
		return nil
	}
	body, err := []byte(nil), errTooLong
	if s := r.stuck; s.group == name && s.number == e.number && s.times >= patience {
		err = s.why
	} else if e.bytes <= maxArticle {
		if body, e.id, err = r.client.article(e); err != nil && !gone(err) && !errors.Is(err, errTooLong) {
			r.failed(name, e, err)
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	switch {
	case err == nil:
		return r.hand(name, e, what, body)
	case !gone(err):
		r.Reject(what, err)
	}
	r.passed(name, e)
	return nil
}

// failed notes that the server failed to hand out an article, if that may be the article's fault.
func (r *reading) failed(name string, e entry, err error) {
	if c := code(err); c == 400 || collect.IsPermanent(err) || c == 0 && !errors.Is(err, errEndless) && !errors.Is(err, errSlow) {
		return
	}
	if r.stuck.group != name || r.stuck.number != e.number {
		r.stuck = stuck{group: name, number: e.number}
	}
	r.stuck.times, r.stuck.why = r.stuck.times+1, err
}

// passed notes that an article was looked at.
func (r *reading) passed(name string, e entry) {
	at := r.at.Groups[name]
	at.Last, at.ID = e.number, e.id
	r.at.Groups[name] = at
}

// hand hands out what an article says, if that is anything new.
func (r *reading) hand(name string, e entry, what string, body []byte) error {
	doc, mended, err := mail.Document(r.Env, withoutFiles(body))
	if mended {
		r.Reject(what, collect.ErrEncoding)
	}
	if err != nil {
		r.Reject(what, err)
		r.passed(name, e)
		return nil
	}
	key := []string{cmp.Or(e.id, string(doc.ID))}
	if control := mail.Field(body, "control"); control != "" {
		if doc, key = r.cancelled(doc, control); key == nil {
			r.passed(name, e)
			return nil
		}
	}
	seen := r.at.seen.Has(key...)
	if seen {
		r.Repeated()
	}
	live := e.number >= r.at.Groups[name].Live
	r.passed(name, e)
	if seen || doc.Text == "" {
		return nil
	}
	doc.Learned, doc.Assumed = r.Now().UTC(), false
	if !live && !doc.Published.IsZero() && doc.Published.Before(r.at.Groups[name].Since) {
		doc.Learned, doc.Assumed = doc.Published, true
	}
	if mail.Field(body, "list-id") == "" { // else it is a list that the group mirrors
		doc.Channel = collect.Account("usenet", name)
	}
	next, err := r.at.add(key...)
	if err == nil {
		err = r.emit(doc, next)
	}
	if err != nil {
		r.at = nil // what is kept tells how far it is read
		return err
	}
	r.last = next
	return nil
}

// cancelled makes of a control message the note that an article is withdrawn, if it was kept: what
// was said stays said, and anybody can write such a message. Of others there is no key.
func (r *reading) cancelled(doc intel.Document, control string) (intel.Document, []string) {
	verb, id, _ := strings.Cut(control, " ")
	id = strings.TrimSpace(id)
	if !strings.EqualFold(verb, "cancel") || !r.at.seen.Has(id) {
		return doc, nil
	}
	doc.ID, doc.Title, doc.Text = intel.NewDocumentID(r.ID, id, "deleted"), "Deleted", "This article was withdrawn."
	return doc, []string{id, "deleted"}
}
