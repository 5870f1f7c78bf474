package pipeline

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/sync/errgroup"

	"github.com/portent-cti/portent/internal/correlate"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/reference"
	"github.com/portent-cti/portent/internal/score"
	"github.com/portent-cti/portent/internal/store"
)

// deriveBatch derives docs and keeps the result. A document that cannot be
// derived is noted as failed; the others are kept.
func (p *Pipeline) deriveBatch(ctx context.Context, docs []intel.Document) error {
	k := p.known.Load()
	copied, err := p.copies.originals(ctx, p.DB, docs)
	if err != nil {
		return err
	}
	mirrored, err := p.mirrored(ctx, docs)
	if err != nil {
		return err
	}
	judge, err := p.gisting.judge(ctx, p.DB)
	if err != nil {
		return err
	}
	out := make([]store.Derived, len(docs))
	errs := make([]error, len(docs))
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	const stride = 32
	for from := 0; from < len(docs); from += stride {
		g.Go(func() error {
			for i := from; i < min(from+stride, len(docs)) && ctx.Err() == nil; i++ {
				out[i], errs[i] = k.derive(docs[i], copied[docs[i].ID], p.Unnamed)
				out[i].Evidence = mirror(out[i].Evidence, docs[i], mirrored[docs[i].ID])
				out[i].Lists = compares(docs[i], out[i].Evidence)
				out[i].Gist = judge.of(docs[i], out[i].Observations, out[i].Evidence)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	good := out[:0]
	for i, err := range errs {
		if err == nil {
			good = append(good, out[i])
			continue
		}
		if err := p.DB.Failed(ctx, docs[i].ID, err.Error(), p.Clock().Add(again)); err != nil {
			return err
		}
	}
	return p.save(ctx, k, judge.version, good)
}

// save keeps a batch; if the store refuses it, it keeps the halves, down to
// the one document that it refuses.
func (p *Pipeline) save(ctx context.Context, k *known, gists int, docs []store.Derived) error {
	if len(docs) == 0 {
		return nil
	}
	now := p.Now()
	m, err := p.measure(ctx, now.Truncate(time.Second))
	if err != nil {
		return err
	}
	err = p.DB.SaveDerived(ctx, docs, store.Derivation{Version: version(), Gists: gists, Now: now, Judge: m.Judge, Resolve: k.resolve})
	switch {
	case err == nil:
		return p.missed(ctx, m)
	case ctx.Err() != nil:
		return ctx.Err()
	case len(docs) == 1:
		p.Log.Warn("document failed", "document", docs[0].Document, "err", err)
		return p.DB.Failed(ctx, docs[0].Document, err.Error(), p.Clock().Add(again))
	}
	half := len(docs) / 2
	if err := p.save(ctx, k, gists, docs[:half]); err != nil {
		return err
	}
	return p.save(ctx, k, gists, docs[half:])
}

// derive is what one document comes to, as the word of another if it is a copy.
// A bug that panics on one document fails that document.
func (k *known) derive(doc intel.Document, of original, unnamed intel.Unnamed) (d store.Derived, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("document %s: panic: %v", doc.ID, r)
		}
	}()
	d.Document = doc.ID
	of.origin = correlate.Publisher(of.origin) // as one that was kept before names of a publisher were one
	doc, _ = doc.Bounded()                     // as one that was kept before there were bounds
	if doc.Genre == intel.Verdict && doc.Source.Reserved() {
		if v, ok := intel.RowVerdictOf(doc); ok {
			d.Ruled = []intel.Link{v.Link}
		}
		if v, ok := intel.GistVerdictOf(doc); ok {
			d.Post = &v
		}
		return d, nil // it rules what others say, and says nothing itself
	}
	observations := slices.DeleteFunc(unlisted(k.scanner.Observations(doc), k.set), func(o intel.Observation) bool { return overlong(o.Entity) })
	d.Evidence, d.Unweighed = correlate.Weighable(doc, observations, k.set)
	d.Evidence = credit(d.Evidence, doc, of, unnamed)
	d.Evidence = slices.DeleteFunc(d.Evidence, func(e intel.Evidence) bool { return overlong(e.Link.From) || overlong(e.Link.To) })
	d.Observations = append(claimed(doc, observations, d.Evidence), observations...)
	d.Titles = titles(d.Observations, doc.Claims, k.set)
	d.Speech = correlate.Speech(doc, d.Observations, d.Evidence, of.origin)
	return d, nil
}

// overlong reports whether a text names something by more than a name that is kept.
func overlong(e intel.Entity) bool { return len(e.Name) > intel.MostName }

// byForm is the reason to set a mention aside where its form is one and a list
// would be another: the list may change, what the text says does not.
const byForm = "reads like no indicator"

// unlisted returns what a text mentions without the word of lists: what they say
// of a value is asked when it is read. What else it is set aside for stays.
func unlisted(observations []intel.Observation, set *reference.Set) []intel.Observation {
	for i, o := range observations {
		if o.Suppressed == "" {
			continue
		}
		if o.Listed {
			observations[i].Suppressed = ""
		} else if reason, ok := set.Benign(o.Entity); ok && reason == o.Suppressed {
			observations[i].Suppressed = byForm
		}
	}
	return observations
}

// claimed returns an observation for whoever speaks in a document, for where,
// for each entity that its claims speak of, under the kind that correlation found
// for it, and for each that only correlation found in the text: whatever a row
// can name has a page.
func claimed(doc intel.Document, observed []intel.Observation, evidence []intel.Evidence) []intel.Observation {
	var all []intel.Observation
	note := func(e intel.Entity) {
		if e.Name != "" {
			all = append(all, intel.Observation{Entity: e, Offset: -1})
		}
	}
	if e, ok := correlate.Author(doc); ok {
		note(e)
	}
	if e, ok := correlate.Room(doc); ok {
		note(e)
	}
	for _, c := range doc.Claims {
		for _, e := range []intel.Entity{c.Subject, c.Object} {
			if e.Kind != intel.Label {
				note(e)
			}
		}
	}
	seen := make(map[intel.Entity]bool, len(observed))
	for _, o := range observed {
		seen[o.Entity] = o.Suppressed == ""
	}
	for _, e := range evidence {
		for _, end := range []intel.Entity{e.Link.From, e.Link.To} {
			if e.Offset < 0 || !seen[end] {
				note(end)
			}
		}
	}
	return dedupe(all, nil)
}

// dedupe keeps the first observation of each entity that is not in seen.
func dedupe(all []intel.Observation, seen map[intel.Entity]bool) []intel.Observation {
	if seen == nil {
		seen = make(map[intel.Entity]bool, len(all))
	}
	kept := all[:0]
	for _, o := range all {
		if !seen[o.Entity] {
			seen[o.Entity] = true
			kept = append(kept, o)
		}
	}
	return kept
}

// titles says how names are written: as the reference does, else as the
// document does where that has capitals.
func titles(observations []intel.Observation, claims []intel.Claim, set *reference.Set) map[intel.Entity]string {
	out := map[intel.Entity]string{}
	put := func(e intel.Entity, wording string) {
		if e.Kind.Class() == intel.IOC || e.Kind.Class() == intel.IOA || e.Name == "" {
			return
		}
		if e.Kind == intel.Product {
			product(out, e, strings.Join(strings.Fields(wording), " "))
		}
		if t := set.Title(e); t != e.Title() {
			out[e] = t
			return
		}
		if _, ok := out[e]; !ok && e.Kind.Slugged() && intel.Slug(wording) == e.Name && strings.IndexFunc(wording, unicode.IsUpper) >= 0 {
			out[e] = strings.Join(strings.Fields(wording), " ")
		}
	}
	for _, c := range claims {
		put(c.Subject, c.SubjectText)
		put(c.Object, c.ObjectText)
	}
	for _, o := range observations {
		put(o.Entity, o.Text)
	}
	return out
}

// product notes how a wording such as "Acme Gateway" writes a product and its
// vendor, where it is no more than their names.
func product(titles map[intel.Entity]string, e intel.Entity, wording string) {
	vendor, name, _ := strings.Cut(e.Name, "/")
	if len(wording) > 200 || intel.Slug(wording) != vendor+"-"+name || strings.IndexFunc(wording, unicode.IsUpper) < 0 {
		return
	}
	titles[e] = wording
	for i, r := range wording {
		if r == ' ' && intel.Slug(wording[:i]) == vendor {
			titles[intel.Entity{Kind: intel.Vendor, Name: vendor}] = wording[:i]
		}
	}
}

// Rescore weighs every link anew, as after a rule or a list has changed, and
// returns how many there are; done is told from time to time of how many more.
func (p *Pipeline) Rescore(ctx context.Context, done func(links int)) (int, error) {
	if err := p.DB.SaveSetting(ctx, scored, ""); err != nil { // until all of it is done
		return 0, err
	}
	n, err := p.rescore(ctx, p.Now(), false, done)
	if err != nil {
		return n, err
	}
	if err := p.journal(ctx, false); err != nil {
		return n, err
	}
	return n, p.DB.SaveSetting(ctx, scored, strconv.Itoa(score.Version()))
}

// scored is the setting that says by which version of the rules all is weighed.
const scored = "scored"

// rejudge weighs everything anew that older rules weighed, or a Rescore that was
// cut short.
func (p *Pipeline) rejudge(ctx context.Context) error {
	by, err := p.DB.Setting(ctx, scored)
	if err != nil && !errors.Is(err, intel.ErrNotFound) || by == strconv.Itoa(score.Version()) {
		return err
	}
	n, err := p.Rescore(ctx, nil)
	if err == nil && n > 0 {
		p.Log.Info("rows that older rules weighed are weighed anew", "rows", n)
	}
	return err
}

// Fade weighs every link anew because time has passed, and leaves alone what
// prints as it did.
func (p *Pipeline) Fade(ctx context.Context, done func(links int)) (int, error) {
	now := p.Now()
	n, err := p.rescore(ctx, now, true, done)
	if err != nil {
		return n, err
	}
	return n, p.DB.SaveSetting(ctx, faded, now.UTC().Format(time.DateOnly))
}

// faded is the setting that says of which day what is believed is.
const faded = "faded"

// Today fades what is believed to this day, if it is of another.
func (p *Pipeline) Today(ctx context.Context, done func(links int)) error {
	day, err := p.DB.Setting(ctx, faded)
	if err != nil && !errors.Is(err, intel.ErrNotFound) || day == p.Now().UTC().Format(time.DateOnly) {
		return err
	}
	_, err = p.Fade(ctx, done)
	return err
}

// rescore weighs every link; a fading one leaves alone what prints as it did.
func (p *Pipeline) rescore(ctx context.Context, now time.Time, fade bool, done func(links int)) (int, error) {
	now = now.Truncate(time.Second) // half the space to keep
	if err := p.learn(ctx, now, !fade); err != nil {
		return 0, err
	}
	m, err := p.measure(ctx, now)
	if err != nil {
		return 0, err
	}
	n, err := p.DB.Rescore(ctx, store.Rescoring{Weighing: store.Weighing{Now: now, Judge: m.Judge}, Fade: fade, Done: done})
	if err != nil {
		return n, err
	}
	return n, p.missed(ctx, m)
}

// reweigh assesses what has become stale.
func (p *Pipeline) reweigh(ctx context.Context) error {
	now := p.Now().Truncate(time.Second)
	for {
		m, err := p.measure(ctx, now)
		if err != nil {
			return err
		}
		n, err := p.DB.Reweigh(ctx, batch, store.Weighing{Now: now, Judge: m.Judge})
		if err != nil || n == 0 {
			return err
		}
		if err := p.missed(ctx, m); err != nil {
			return err
		}
	}
}
