// Package packs keeps reference packs fresh: what names mean, which addresses are no
// indicators, what is exploited and how likely that is.
package packs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// Connector brings reference packs in. It yields no documents: packs are no evidence.
var Connector = collect.Connector{
	Name:        "packs",
	About:       "reference packs kept fresh, as portent sync brings them: ATT&CK, actors, warninglists, KEV, EPSS",
	Every:       24 * time.Hour,
	Reliability: 'A',
	Open:        open,
	Settings:    Settings{},
	Proven:      "files of all these publishers, read from a folder; none was fetched",
}

// Settings are what can be set.
type Settings struct {
	Packs []string `json:"packs" help:"Packs to bring: attack, actors, warninglists, kev, epss; all if missing."`
}

// Known are the packs that publishers have as single files.
func Known() []string { return []string{"attack", "actors", "warninglists", "kev", "epss"} }

func open(env collect.Env, decode func(any) error) (collect.Source, error) {
	var s Settings
	if err := decode(&s); err != nil {
		return nil, err
	}
	if len(s.Packs) == 0 {
		s.Packs = Known()
	}
	for _, name := range s.Packs {
		if !slices.Contains(Known(), name) {
			return nil, fmt.Errorf("packs: no pack %q; there are %s", name, strings.Join(Known(), ", "))
		}
	}
	return &source{Env: env, packs: s.Packs, fresh: map[string]bool{}}, nil
}

type source struct {
	collect.Env
	packs []string
	fresh map[string]bool // came in this round: what failed is asked for again, and nothing else
}

// Collect implements collect.Source.
func (s *source) Collect(ctx context.Context, _ intel.Cursor, _ collect.Emit) error {
	if s.Refresh == nil {
		return collect.Permanent(errors.New("packs cannot be brought in from here; portent sync does"))
	}
	var failed []error
	for _, name := range s.packs {
		if s.fresh[name] {
			continue
		}
		err := s.Refresh(ctx, name)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("%w (the former version stays in force)", err))
		}
		s.fresh[name] = err == nil
	}
	if len(failed) == 0 {
		clear(s.fresh)
	}
	return errors.Join(failed...)
}
