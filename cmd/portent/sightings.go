package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/hunt"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
	"github.com/portent-cti/portent/internal/store"
)

// mostSightings is how many sightings are held before they are kept.
const mostSightings = 5000

// sightings keeps one document for each thing that was seen at a site in an
// hour.
//
// It claims of the thing that it was seen, and nothing of anybody: that moves
// when it was last seen and keeps it from counting as decayed. The log does not
// know whose it is, so nobody is believed in more because of it, and a guess
// that was seen stays one.
type sightings struct {
	app    *app
	pipe   *pipeline.Pipeline
	source intel.SourceID
	docs   []intel.Document
	held   map[intel.DocumentID]bool
}

func (a *app) sightings(ctx context.Context, site string) (*sightings, error) {
	pipe, err := a.pipeline(ctx)
	if err != nil {
		return nil, err
	}
	return a.sightingsOf(pipe, site)
}

// sightingsOf keeps what is seen at a site, that of this host if it has no name.
func (a *app) sightingsOf(pipe *pipeline.Pipeline, site string) (*sightings, error) {
	if site == "" {
		var err error
		if site, err = os.Hostname(); err != nil {
			return nil, fmt.Errorf("find the name of this host: %w (give a site)", err)
		}
	}
	return &sightings{app: a, pipe: pipe, source: intel.SourceID("hunt:" + site), held: map[intel.DocumentID]bool{}}, nil
}

// add takes in one match. A time that is not known or not past stays unknown:
// then the hour of the hunt tells it from others.
func (s *sightings) add(ctx context.Context, m hunt.Match) error {
	if s.note(m); len(s.docs) < mostSightings {
		return nil
	}
	return s.flush(ctx)
}

func (s *sightings) note(m hunt.Match) {
	now := s.app.now()
	at, hour := m.At, m.At
	if at.After(now) {
		at = time.Time{}
	}
	if at.IsZero() {
		hour = now
	}
	id := intel.NewDocumentID(s.source, m.Entity.String(), fmt.Sprint(at.IsZero()), hour.UTC().Truncate(time.Hour).Format(time.RFC3339))
	if s.held[id] {
		return
	}
	s.held[id] = true
	note := "seen in a log"
	if m.Field != "" {
		note += ", field " + m.Field
	}
	s.docs = append(s.docs, intel.Document{ID: id, Source: s.source, Genre: intel.Log, Title: "Sighting", Published: at, Learned: now,
		Marking: intel.AmberStrict, // what reaches a site is the site's own affair
		Claims:  []intel.Claim{{Subject: m.Entity, Context: intel.Context{Note: note}}}})
}

// flush keeps what is held and derives it.
func (s *sightings) flush(ctx context.Context) error {
	if len(s.docs) == 0 {
		return nil
	}
	// An interrupted hunt tells from where to go on: what came before is kept.
	if err := s.keep(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	return s.pipe.Finish(ctx)
}

// keep keeps what is held, for others to derive.
func (s *sightings) keep(ctx context.Context) error {
	for docs := range slices.Chunk(s.docs, 500) {
		if _, err := s.pipe.Keep(ctx, docs); err != nil {
			return err
		}
	}
	s.docs = s.docs[:0]
	if len(s.held) > 2*mostSightings {
		clear(s.held)
	}
	return nil
}

func (s *sightings) close(ctx context.Context) error {
	if err := s.flush(ctx); err != nil {
		return err
	}
	return s.app.db.SaveVisit(ctx, store.Visit{Source: s.source, Connector: "hunt", At: s.app.now()})
}
