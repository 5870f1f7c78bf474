package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/portent-cti/portent/internal/classify"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

// A GistTraining is how the fitting of a model of what posts are ended.
type GistTraining struct {
	classify.Refitted
	Feedback int `json:"feedback"`          // examples that are words of analysts
	Version  int `json:"version,omitempty"` // of the model; none was fitted
	// Kept says that it is in force from now on; Reason says why not.
	Kept   bool   `json:"kept"`
	Reason string `json:"reason,omitempty"`
	Posts  int    `json:"posts"` // that were read anew by it
}

// TrainRelevance moves the model of relevance that ships towards what analysts
// ruled of posts and towards more examples, and puts it in force if it tells those
// no worse.
func (p *Pipeline) TrainRelevance(ctx context.Context, more []classify.Example) (GistTraining, error) {
	return p.trainGists(ctx, relevance, classify.Shipped().Relevance, more)
}

// TrainIntents does the same with the model of intents.
func (p *Pipeline) TrainIntents(ctx context.Context, more []classify.Example) (GistTraining, error) {
	return p.trainGists(ctx, intents, classify.Shipped().Intents, more)
}

func (p *Pipeline) trainGists(ctx context.Context, name string, shipped *classify.Model, more []classify.Example) (t GistTraining, err error) {
	said, err := p.feedback(ctx, name)
	if err != nil {
		return t, err
	}
	t.Feedback = len(said)
	t.Refitted, err = shipped.Refit(append(said, more...))
	if errors.Is(err, classify.ErrTooFew) {
		t.Reason = err.Error()
		return t, nil
	}
	if err != nil {
		return t, err
	}
	if t.Kept = t.Better(); !t.Kept {
		t.Reason = "it tells examples that it had not learned from worse than the model that ships"
	}
	var weights bytes.Buffer
	if _, err := t.Model.WriteTo(&weights); err != nil {
		return t, err
	}
	basis := fmt.Sprintf("%d words of analysts and %d examples of a file", t.Feedback, len(more))
	t.Version, err = p.keepModel(ctx, store.Model{Name: name, Made: p.Now(), Basis: basis, Weights: weights.Bytes(), Kept: t.Kept}, t)
	if err != nil || !t.Kept {
		return t, err
	}
	if err := p.enforce(ctx, name, t.Version); err != nil {
		return t, err
	}
	t.Posts, err = p.reread(ctx)
	return t, err
}

// enforce puts a version of a model in force.
func (p *Pipeline) enforce(ctx context.Context, name string, version int) error {
	now, err := p.DB.Setting(ctx, gistModels)
	if err != nil && !errors.Is(err, intel.ErrNotFound) {
		return err
	}
	r, i := versionsIn(now)
	if name == relevance {
		r = version
	} else {
		i = version
	}
	return p.DB.SaveSetting(ctx, gistModels, fmt.Sprint(classify.Version(), r, i))
}

// reread finds anew what every post is, and returns how many there are.
func (p *Pipeline) reread(ctx context.Context) (n int, err error) {
	j, err := p.gisting.judge(ctx, p.DB)
	if err != nil {
		return 0, err
	}
	err = p.DB.EachPost(ctx, func(docs []intel.Document) error {
		found := make(map[intel.DocumentID]intel.Gist, len(docs))
		for _, d := range docs {
			mentions, err := p.DB.Observations(ctx, intel.Everything(), d.ID)
			if err != nil {
				return err
			}
			evidence, err := p.DB.Given(ctx, intel.Everything(), d.ID)
			if err != nil {
				return err
			}
			doc, _ := d.Bounded()
			if g := j.of(doc, mentions, evidence); g != nil {
				found[d.ID] = *g
			}
		}
		n += len(found)
		return p.DB.SaveGists(ctx, found, j.version)
	})
	return n, err
}

// feedback returns what analysts ruled of posts and holds, as examples for a model.
func (p *Pipeline) feedback(ctx context.Context, name string) ([]classify.Example, error) {
	all, err := p.DB.GistVerdicts(ctx)
	if err != nil {
		return nil, err
	}
	labels := map[intel.DocumentID]string{}
	var order []intel.DocumentID
	for _, v := range all {
		label, ok := labelOf(v, name)
		if !ok {
			continue
		}
		if _, seen := labels[v.Post]; !seen {
			order = append(order, v.Post)
		}
		labels[v.Post] = label
	}
	var out []classify.Example
	for _, id := range order {
		if labels[id] == "" {
			continue // it was taken back
		}
		doc, err := p.DB.Document(ctx, intel.Everything(), id)
		if errors.Is(err, intel.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, classify.Example{Text: classify.Text(doc), Label: labels[id], Weight: 1})
	}
	return out, nil
}

// labelOf is what a verdict teaches a model: none where it takes back, and nothing
// (false) where it is about something else.
func labelOf(v intel.GistVerdict, model string) (label string, ok bool) {
	switch v.Ruling {
	case intel.UndoPost:
		return "", true
	case intel.MeansPost:
		return string(v.Intent), model == intents
	case intel.RelevantPost:
		return classify.Relevant, model == relevance
	}
	return classify.Irrelevant, model == relevance
}
