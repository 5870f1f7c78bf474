package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/demo"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
	"github.com/portent-cti/portent/internal/reference"
	"github.com/portent-cti/portent/internal/store"
)

const (
	// demoSeed is the world that "serve --demo" shows.
	demoSeed = 1
	// inventedKey marks a store that holds a demonstration scenario.
	inventedKey = "invented"
)

// isInvented reports whether what db holds is a demonstration scenario.
func isInvented(ctx context.Context, db *store.DB) (bool, error) {
	_, err := db.Setting(ctx, inventedKey)
	if errors.Is(err, intel.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// loadScenario feeds an invented world through the pipeline as if it had been
// collected, with reference packs of its own. It forecasts nothing yet.
func loadScenario(ctx context.Context, a *app, seed uint64) (demo.Scenario, *pipeline.Pipeline, error) {
	s := demo.New(seed, a.now())
	db, err := a.store(ctx)
	if err != nil {
		return s, nil, err
	}
	if err := db.SaveSetting(ctx, inventedKey, fmt.Sprint(seed)); err != nil {
		return s, nil, err
	}
	packs, err := scenarioPacks(s)
	if err != nil {
		return s, nil, err
	}
	for _, pack := range packs {
		if _, err := savePack(ctx, a, db, pack); err != nil {
			return s, nil, err
		}
	}
	p, err := a.pipeline(ctx)
	if err != nil {
		return s, nil, err
	}
	if err := feed(ctx, p, s); err != nil {
		return s, nil, err
	}
	for _, src := range s.Sources {
		if err := db.SaveVisit(ctx, store.Visit{Source: src.ID, Connector: string(src.Genre), At: a.now()}); err != nil {
			return s, nil, err
		}
	}
	return s, p, nil
}

// feed keeps and derives all documents. They are as old as they say: learned
// when they were published.
func feed(ctx context.Context, p *pipeline.Pipeline, s demo.Scenario) error {
	docs := make([]intel.Document, len(s.Documents))
	for i, d := range s.Documents {
		d.Learned, d.Assumed = d.Published, true
		docs[i] = d
	}
	if _, err := p.Keep(ctx, docs); err != nil {
		return err
	}
	return p.Finish(ctx)
}

// scenarioPacks makes reference packs of what the invented world knows
// beforehand.
func scenarioPacks(s demo.Scenario) ([]reference.Pack, error) {
	version := "scenario " + s.Now.Format(time.DateOnly)
	r := s.Reference
	var clusters []reference.Cluster
	add := func(galaxy string, malicious bool, known []demo.Known) {
		for _, k := range known {
			c := reference.Cluster{Galaxy: galaxy, Value: k.Names[0], Synonyms: k.Names[1:], Description: k.Description, Malicious: malicious}
			if k.Entity.Kind == intel.Country {
				c.ID = k.Entity.Name
			}
			clusters = append(clusters, c)
		}
	}
	add("threat-actor", false, r.Actors)
	add("mitre-malware", true, r.Malware)
	add("tool", false, r.Tools)
	add("sector", false, r.Sectors)
	add("target-information", false, r.Countries)
	lists := []reference.List{
		{Name: "usually benign in the scenario", Type: "string", Values: r.Benign},
		{Name: "ordinary in the scenario", Type: "lifted", Values: r.Ordinary},
	}
	techniques := make([]reference.Technique, len(r.Techniques))
	for i, t := range r.Techniques {
		techniques[i] = reference.Technique{ID: t.ID, Name: t.Name, Tactics: []string{t.Tactic}}
	}
	attack, err := reference.AttackPack(version, techniques)
	if err != nil {
		return nil, err
	}
	products, err := scenarioProducts(version, r.Flaws)
	return []reference.Pack{reference.ActorsPack(version, clusters), reference.WarninglistsPack(version, lists), attack, products}, err
}

// scenarioProducts makes a pack of the products in which the invented flaws
// are.
func scenarioProducts(version string, flaws []demo.Flaw) (reference.Pack, error) {
	var all []reference.Product
	seen := map[string]bool{}
	for _, f := range flaws {
		vendor, product, ok := strings.Cut(f.Title, " ")
		if ok && !seen[f.Title] {
			seen[f.Title] = true
			all = append(all, reference.Product{Vendor: vendor, Product: product})
		}
	}
	return reference.ProductsPack(version, all)
}

// temporaryStore makes the command use a store in a folder that the returned
// function removes.
func (a *app) temporaryStore() (func(), error) {
	dir, err := os.MkdirTemp("", "portent-demo-")
	if err != nil {
		return nil, err
	}
	a.cli.DB = "sqlite:" + filepath.Join(dir, "portent.db")
	return func() {
		a.close()
		a.db = nil
		if err := os.RemoveAll(dir); err != nil {
			a.log.Warn("remove temporary store", "err", err)
		}
	}, nil
}
