package main

import (
	"context"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
	"github.com/portent-cti/portent/internal/web"
)

// lately is for how long pages and lists tell of outages.
const lately = 14 * 24 * time.Hour

// Sources implements web.Views.
func (v *views) Sources(ctx context.Context, r intel.Reader) ([]web.SourceHealth, error) {
	return healths(ctx, v.db, r, v.now())
}

// healths are the sources that a reader may know of and how they fare.
func healths(ctx context.Context, db *store.DB, r intel.Reader, now time.Time) ([]web.SourceHealth, error) {
	sources, err := db.Sources(ctx, r, now)
	if err != nil {
		return nil, err
	}
	outages, err := db.Outages(ctx, store.Period{From: now.Add(-lately), To: now, Ingested: now})
	if err != nil {
		return nil, err
	}
	of := map[intel.SourceID][]intel.Outage{}
	for _, o := range outages {
		of[o.Source] = append(of[o.Source], o)
	}
	out := make([]web.SourceHealth, len(sources))
	for i, s := range sources {
		out[i] = health(s, now)
		out[i].Outages = of[s.Name]
	}
	return out, nil
}

// health is how a source fares.
func health(s store.Source, now time.Time) web.SourceHealth {
	h := web.SourceHealth{Name: s.Name, Connector: s.Connector, State: web.OnTime, Reliability: s.Reliability,
		Documents: s.Documents, Documents24: s.Documents24, Daily: s.Daily, LastDocument: s.LastDocument, Known: s.Known, Copies: s.Copies, Yielded: s.Yielded, Pieces: s.Pieces,
		Told: s.Told, Firsts: s.Firsts, Seconded: s.Seconded, Counted: s.Counted,
		Visits: s.Visits.Visits, Failures: s.Failures, Failing: s.Failing, Circuit: s.Circuit, LastSuccess: s.LastSuccess, LastFailure: s.LastFailure, LastError: s.LastError}
	if h.Rejected = s.Rejected; now.Sub(s.RejectedAt) < lately {
		h.LastRejected, h.RejectedAt = s.LastRejected, s.RejectedAt
	}
	if s.Next.After(now) { // a plan of the past is that of a serve that has ended
		h.Next = s.Next
	}
	if since, silent := collect.Silent(s.Active, now.Unix()/(24*60*60)); silent {
		h.Silent = time.Unix(since*24*60*60, 0).UTC()
	}
	switch {
	case s.LastError != "":
		h.State = web.Failing
	case s.Every > 0 && !s.LastSuccess.IsZero() && now.Sub(s.LastSuccess) > 3*s.Every:
		h.State = web.Late
	case !h.Silent.IsZero():
		h.State = web.Silent
	}
	for _, d := range s.Daily {
		h.PerDay += float64(d.N) / float64(len(s.Daily))
	}
	if !s.LastDocument.IsZero() {
		h.Lag = max(0, now.Sub(s.LastDocument))
	}
	return h
}
