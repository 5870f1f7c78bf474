// Package pipermail reads the archives of mailing lists as Mailman keeps them: those of Mailman 2
// (Pipermail), whose page lists a text for each month, and those of Mailman 3 (HyperKitty), which
// gives out an mbox of each month. Each message is a document, read as package mail reads it.
//
// Months are read in their order; once the next has begun they are looked at one month longer,
// for what came late, and then never again.
package pipermail

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/mail"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

// Connector reads archives of mailing lists.
var Connector = collect.Connector{
	Name:        "pipermail",
	About:       "public archives of mailing lists, of Mailman 2 (Pipermail) and 3 (HyperKitty)",
	Every:       time.Hour,
	Reliability: 'C',
	Proven:      "HyperKitty 1.3.12 (Mailman 3), an archive that it imported; Pipermail is unproven",
	Crawls:      true,
	Settings:    settings{},
	Open:        open,
}

// maxMonth is the most bytes of a month that are read, unpacked.
const maxMonth = 256 << 20

type settings struct {
	URL   string `json:"url" help:"Address of the archive, such as https://lists.example/pipermail/talk/ or https://lists.example/archives/list/talk@lists.example/."`
	Since string `json:"since" help:"First month that is read, such as 2024-01; a year back if missing."`
}

// archive is the archive of one list.
type archive struct {
	collect.Env
	base    *url.URL // ends in a slash
	since   time.Time
	kitty   string // name of the list, such as talk@lists.example, if HyperKitty keeps it
	channel string
	known   map[string]version // of months all of which is kept, after the cursor last
	last    intel.Cursor
}

// A version is what of a month was read.
type version struct {
	fetch.Validators
	sum [sha256.Size]byte
	ids map[intel.DocumentID]bool // of its messages, each of which HyperKitty writes anew each time
}

// kitty is where HyperKitty keeps a list.
var kitty = regexp.MustCompile(`/list/([^/@]+@[^/@]+)/$`)

func open(env collect.Env, decode func(any) error) (collect.Source, error) {
	var s settings
	if err := decode(&s); err != nil {
		return nil, err
	}
	if err := collect.CheckURL("url", s.URL); err != nil {
		return nil, err
	}
	u, err := url.Parse(s.URL)
	if err != nil {
		return nil, err
	}
	u.Path, u.RawPath, u.RawQuery, u.Fragment = strings.TrimSuffix(u.Path, "/")+"/", "", "", ""
	a := &archive{Env: env, base: u}
	if s.Since != "" {
		if a.since, err = time.Parse("2006-01", s.Since); err != nil {
			return nil, fmt.Errorf("since: %q is no month such as 2024-01", s.Since)
		}
	}
	name, host, of := "", u.Hostname(), strings.Split(strings.Trim(u.Path, "/"), "/")
	if m := kitty.FindStringSubmatch(u.Path); m != nil {
		a.kitty = m[1]
		name, host, _ = strings.Cut(m[1], "@")
	} else {
		name = of[len(of)-1]
	}
	a.channel = "mail/" + strings.ToLower(strings.Trim(name+"."+host, ".")) // as in its List-Id
	return a, nil
}

// Collect implements collect.Source.
func (a *archive) Collect(ctx context.Context, from intel.Cursor, emit collect.Emit) error {
	p, err := collect.NewPlace(from, a.Now())
	if err != nil {
		return err
	}
	if a.known == nil || from != a.last {
		a.known, a.last = map[string]version{}, from
	}
	months, err := a.months(ctx)
	if err != nil {
		return a.refused(err)
	}
	var broken, missing []error // which hold up no other month
	there := false
	list := due(months, p.Last)
	for i, m := range list {
		before := a.last
		err := a.month(ctx, m, &p, emit)
		if a.last != before {
			a.forget(list[:max(i-1, 0)])
		}
		switch {
		case err == nil:
			there = true
		case absent(err):
			a.Reject("month "+m.name, err)
			missing = append(missing, err)
		case errors.Is(err, errBroken):
			broken = append(broken, err)
		default:
			return a.refused(err)
		}
	}
	if !there && len(broken) == 0 && len(missing) > 0 {
		return missing[0]
	}
	return errors.Join(broken...)
}

// absent reports whether a month is not to be had, or too large.
func absent(err error) bool {
	s := (*fetch.StatusError)(nil)
	return errors.As(err, &s) && (s.Status == http.StatusNotFound || s.Status == http.StatusGone) || errors.Is(err, fetch.ErrTooLarge) || errors.Is(err, collect.ErrTooLarge)
}

// errBroken means that a month came whole and cannot be read.
var errBroken = errors.New("it cannot be read")

// due is which months are to be read: from the one before the last on, which is told by the day
// on which it begins.
func due(months []month, last string) []month {
	i := slices.IndexFunc(months, func(m month) bool { return m.begins() >= last })
	if i < 0 {
		i = len(months)
	}
	return months[max(i-1, 0):]
}

// refused marks what asking again does not cure.
func (a *archive) refused(err error) error {
	s := (*fetch.StatusError)(nil)
	switch {
	case !errors.As(err, &s):
	case s.Status == http.StatusUnauthorized || s.Status == http.StatusForbidden:
		return collect.Permanent(fmt.Errorf("%w: the archive is not public, and only such are read", err))
	case s.Status == http.StatusBadRequest && a.kitty != "":
		return collect.Permanent(fmt.Errorf("%w: the archive gives out no months (HYPERKITTY_MBOX_EXPORT)", err))
	}
	return err
}

// forget forgets what was read of months that are not looked at again.
func (a *archive) forget(months []month) {
	for _, m := range months {
		delete(a.known, m.address)
	}
}

// month reads what is new in a month.
func (a *archive) month(ctx context.Context, m month, p *collect.Place, emit collect.Emit) error {
	was := a.known[m.address]
	r, err := a.Fetch.GetChanged(ctx, m.address, was.Validators)
	if errors.Is(err, fetch.ErrNotModified) {
		return nil
	}
	if err != nil {
		return err
	}
	now := version{r.Validators, sha256.Sum256(r.Body), map[intel.DocumentID]bool{}}
	if now.sum == was.sum {
		return nil
	}
	text, err := collect.Unpack(r.Body, maxMonth)
	if err != nil {
		return fmt.Errorf("%s: %w: %w", m.address, errBroken, err)
	}
	env := a.Env
	env.Reject = func(item string, reason error) { a.Reject("month "+m.name+", "+item, reason) }
	p.Last = max(p.Last, m.begins())
	var stopped error
	err = mail.Read(ctx, env, m.address, text, func(doc intel.Document) error {
		now.ids[doc.ID] = true
		if p.Has(string(doc.ID)) || was.ids[doc.ID] {
			return nil
		}
		if doc.URL == "" {
			doc.URL = m.page
		}
		doc.Channel, doc.Assumed = a.channel, false
		next, err := p.Add([]string{string(doc.ID)})
		if err != nil {
			return err
		}
		if stopped = emit(p.Dated(doc, a.Now()), next); stopped == nil {
			a.last = next
		}
		return stopped
	})
	if err == nil {
		a.known[m.address] = now
	} else if stopped == nil && ctx.Err() == nil {
		err = fmt.Errorf("%w: %w", errBroken, err)
	}
	return err
}
