package pipeline

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/reference"
	"github.com/portent-cti/portent/internal/score"
	"github.com/portent-cti/portent/internal/store"
)

// cisa is the voice of the catalogue of exploited vulnerabilities, be it read as
// a pack or as documents.
const cisa = "cisa"

// A measure is what all things of one kind come to, for one reader at one
// moment.
type measure struct {
	interest, offensive, defensive score.Ladder
	// attacks are the mentions of attacks by actors of a country, of countries.
	attacks map[intel.Entity][]intel.Voiced
}

// A measureKey is what a measure stays the same by, while the store's epoch stays.
type measureKey struct {
	kind   intel.Kind
	reader intel.Reader
	day    int64
	then   time.Time
	set    *reference.Set
}

// mostMeasures bounds the memory measures take.
const mostMeasures = 64

// measure measures all things of a kind, or remembers what they came to.
func (ed *Editor) measure(ctx context.Context, r intel.Reader, kind intel.Kind, w Window, now time.Time) (m measure, err error) {
	epoch, err := ed.DB.Epoch(ctx)
	if err != nil {
		return m, err
	}
	key := measureKey{kind, r, score.DayOf(now), w.then(now), ed.Reference()}
	if m, ok := ed.measures.at(epoch, key, mostMeasures); ok {
		return m, nil
	}
	if m, err = ed.measured(ctx, r, kind, w, now); err != nil {
		return m, err
	}
	ed.measures.keep(epoch, key, m)
	return m, nil
}

func (ed *Editor) measured(ctx context.Context, r intel.Reader, kind intel.Kind, w Window, now time.Time) (measure, error) {
	d := store.DaysBack(now, score.Window, w.then(now))
	switch kind {
	case intel.Vulnerability:
		return ed.measureFlaws(ctx, r, d, now)
	case intel.Product, intel.Vendor:
		var all []float64
		err := ed.DB.EachHeard(ctx, r, kind, d, func(_ int64, heard []store.Heard) error {
			all = append(all, score.Interesting(of(heard, 0), now))
			return nil
		})
		return measure{interest: score.NewLadder(all)}, err
	}
	var offensive, defensive []float64
	err := ed.DB.EachHeard(ctx, r, kind, d, func(_ int64, heard []store.Heard) error {
		offensive = append(offensive, score.Active(of(heard, intel.Offensive), now))
		defensive = append(defensive, score.Active(of(heard, intel.Defensive), now))
		return nil
	})
	if err != nil || kind != intel.Country {
		return measure{offensive: score.NewLadder(offensive), defensive: score.NewLadder(defensive)}, err
	}
	attacks, err := ed.attacksByCountry(ctx, r, d, w, now)
	offensive = nil
	for _, mentions := range attacks {
		offensive = append(offensive, score.Active(mentions, now))
	}
	return measure{offensive: score.NewLadder(offensive), defensive: score.NewLadder(defensive), attacks: attacks}, err
}

// of returns the mentions that tell of a side; all for none.
func of(heard []store.Heard, side intel.Side) []intel.Voiced {
	out := make([]intel.Voiced, 0, len(heard))
	for _, h := range heard {
		if h.Side&side == side {
			out = append(out, h.Voiced)
		}
	}
	return out
}

// measureFlaws measures vulnerabilities: what is said of them, and when they
// were listed as exploited.
func (ed *Editor) measureFlaws(ctx context.Context, r intel.Reader, d store.Days, now time.Time) (measure, error) {
	voice, err := ed.DB.Voice(ctx, cisa)
	if err != nil {
		return measure{}, err
	}
	listed := map[string]intel.Voiced{}
	err = ed.DB.PackItems(ctx, "kev", time.Time{}, func(key string, body []byte) error {
		var k reference.Exploited
		if err := json.Unmarshal(body, &k); err != nil {
			return err
		}
		if m, ok := listing(k, voice, d); ok {
			listed[intel.NewEntity(intel.Vulnerability, key).Name] = m
		}
		return nil
	})
	if err != nil {
		return measure{}, err
	}
	flaws := make([]intel.Entity, 0, len(listed))
	for _, name := range slices.Sorted(maps.Keys(listed)) {
		flaws = append(flaws, intel.Entity{Kind: intel.Vulnerability, Name: name})
	}
	ids, err := ed.DB.Integers(ctx, flaws)
	if err != nil {
		return measure{}, err
	}
	spoken := make(map[int64]string, len(ids))
	for e, id := range ids {
		spoken[id] = e.Name
	}
	var all []float64
	err = ed.DB.EachHeard(ctx, r, intel.Vulnerability, d, func(id int64, heard []store.Heard) error {
		mentions := of(heard, 0)
		if name, ok := spoken[id]; ok {
			mentions = append(mentions, listed[name])
			delete(listed, name)
		}
		all = append(all, score.Interesting(mentions, now))
		return nil
	})
	for _, m := range listed {
		all = append(all, score.Interesting([]intel.Voiced{m}, now))
	}
	return measure{interest: score.NewLadder(all)}, err
}

// listing is a catalogue's word on a vulnerability, if it is of some days: an
// advisory on the day that it was listed.
func listing(k reference.Exploited, voice int64, d store.Days) (intel.Voiced, bool) {
	added, err := time.Parse(time.DateOnly, k.Added)
	day := score.DayOf(added)
	known := d.Then.IsZero() || !added.After(d.Then)
	return intel.Voiced{Voice: voice, Genre: intel.Advisory, Day: day, Share: 1}, err == nil && known && day >= d.First && day <= d.Last
}

// standings says how much is said of the profile's entity beside all others of
// its kind.
func (ed *Editor) standings(ctx context.Context, r intel.Reader, p *intel.Profile, s subject, w Window, now time.Time) error {
	kind := p.Entity.Kind
	switch kind {
	case intel.Vulnerability, intel.Product, intel.Vendor, intel.Actor, intel.Campaign, intel.Malware, intel.Country:
	default:
		return nil
	}
	m, err := ed.measure(ctx, r, kind, w, now)
	if err != nil {
		return err
	}
	d := store.DaysBack(now, score.Window, w.then(now))
	heard, err := ed.DB.HeardOf(ctx, r, s.names, d)
	if err != nil {
		return err
	}
	switch kind {
	case intel.Vulnerability, intel.Product, intel.Vendor:
		mentions := of(heard, 0)
		if kind == intel.Vulnerability {
			var k reference.Exploited
			if _, err := ed.item(ctx, "kev", p.Entity.Name, w.then(now), &k); err != nil {
				return err
			}
			voice, err := ed.DB.Voice(ctx, cisa)
			if err != nil {
				return err
			}
			if m, ok := listing(k, voice, d); ok {
				mentions = append(mentions, m)
			}
		}
		interest := score.Interest(mentions, m.interest, now)
		p.Interest = &interest
		return nil
	}
	attacks := of(heard, intel.Offensive)
	if kind == intel.Country {
		attacks = m.attacks[p.Entity]
	}
	offensive, defensive := score.Activity(attacks, m.offensive, now), score.Activity(of(heard, intel.Defensive), m.defensive, now)
	p.Activities.Offensive, p.Activities.Defensive = &offensive, &defensive
	return nil
}
