package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/portent-cti/portent/internal/classify"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

// The models of what posts are, by the names they are kept under.
const (
	relevance = "relevance"
	intents   = "intents"
	// gistModels is the setting that says which versions of them are in force,
	// behind the version of the features they were fitted to.
	gistModels = "models of gists"
)

// gisting keeps the models in force as they were last read.
type gisting struct {
	mu   sync.Mutex
	read string // of the setting
	last gistJudge
}

// A gistJudge finds the gist of posts by models of a version.
type gistJudge struct {
	classify.Judge
	version int // 1000 times that of relevance, and that of intents; 0: both as shipped
}

// of is what a document is that mentions something and gives evidence, if it is a post.
func (j gistJudge) of(doc intel.Document, mentions []intel.Observation, evidence []intel.Evidence) *intel.Gist {
	if !classify.Applies(doc) {
		return nil
	}
	g := j.Gist(doc, mentions, evidence)
	return &g
}

// judge returns the models in force. They are read again where others came in
// force since.
func (g *gisting) judge(ctx context.Context, db *store.DB) (gistJudge, error) {
	now, err := db.Setting(ctx, gistModels)
	if err != nil && !errors.Is(err, intel.ErrNotFound) {
		return gistJudge{}, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.last.Intents != nil && g.read == now {
		return g.last, nil
	}
	j := gistJudge{Judge: classify.Shipped()}
	r, i := versionsIn(now)
	j.version = 1000*r + i
	if j.Relevance, err = inForce(ctx, db, relevance, r, j.Relevance); err != nil {
		return j, err
	}
	if j.Intents, err = inForce(ctx, db, intents, i, j.Intents); err != nil {
		return j, err
	}
	g.read, g.last = now, j
	return j, nil
}

// versionsIn returns the versions of both models that a setting names. Those that
// were fitted to other features than are read today are in force no more.
func versionsIn(setting string) (relevance, intents int) {
	var features int
	if _, err := fmt.Sscan(setting, &features, &relevance, &intents); err != nil || features != classify.Version() {
		return 0, 0
	}
	return relevance, intents
}

// inForce reads a version of a model; 0 is the one that ships.
func inForce(ctx context.Context, db *store.DB, name string, version int, shipped *classify.Model) (*classify.Model, error) {
	if version == 0 {
		return shipped, nil
	}
	kept, err := db.ModelVersion(ctx, name, version)
	if err != nil {
		return nil, err
	}
	m, err := classify.ReadModel(bytes.NewReader(kept.Weights))
	if err != nil {
		return nil, fmt.Errorf("%s %d: %w", name, version, err)
	}
	return m, nil
}

// RulePost keeps an analyst's word on a post, which counts when this returns; to
// derive its document does the same once more.
func (p *Pipeline) RulePost(ctx context.Context, v intel.GistVerdict) error {
	if err := v.Check(); err != nil {
		return err
	}
	var err error
	if v.Before, err = p.DB.Verdicts(ctx); err != nil {
		return err
	}
	if _, err := p.Keep(ctx, []intel.Document{v.Document()}); err != nil {
		return err
	}
	return p.DB.RulePost(ctx, v)
}
