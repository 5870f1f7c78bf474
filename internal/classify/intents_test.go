package classify

import (
	"maps"
	"slices"
	"testing"

	"github.com/portent-cti/portent/internal/figures"
	"github.com/portent-cti/portent/internal/intel"
)

// heldFold is the fifth of the posts that no choice was made by.
const heldFold = 0

// intents returns the posts of the project as examples.
func intents(t testing.TB) []Example {
	t.Helper()
	var out []Example
	for _, p := range posts(t) {
		out = append(out, Example{p.Text, string(p.Intent), 1})
	}
	return out
}

func TestShippedIntentsAreWhatTheyAreLearnedFrom(t *testing.T) {
	figures.Only(t)
	shippedIs(t, TrainIntents(append(intents(t), passages(t)...)), "intents.json")
}

// Counts are how often an intent was told rightly, told, and so.
type counts struct{ right, said, is int }

// A report has counts by language and intent.
type report map[string]map[intel.Purpose]*counts

func (r report) add(language string, is, said intel.Purpose) {
	of := r[language]
	if of == nil {
		of = map[intel.Purpose]*counts{}
		for _, i := range intel.Purposes() {
			of[i] = &counts{}
		}
		r[language] = of
	}
	of[is].is++
	of[said].said++
	if is == said {
		of[is].right++
	}
}

func (c *counts) f1() float64 { return 2 * float64(c.right) / float64(max(1, c.said+c.is)) }

// macro is the mean of F1 over the intents.
func (r report) macro(language string) (f1 float64, n int) {
	for _, c := range r[language] {
		f1 += c.f1() / float64(len(intel.Purposes()))
		n += c.is
	}
	return f1, n
}

// TestIntentsOfUnseenPostsAreTold learns from the posts but a fifth, dealt out by
// the hash of their text, and tells those. The other folds are what choices were
// made by.
func TestIntentsOfUnseenPostsAreTold(t *testing.T) {
	figures.Only(t)
	got := tell(t, heldFold)
	for _, l := range slices.Sorted(maps.Keys(got)) {
		f1, n := got.macro(l)
		t.Logf("%s: %d posts, macro-F1 %.3f", l, n, f1)
	}
	for _, i := range intel.Purposes() {
		c := got["all"][i]
		t.Logf("%s: %d posts, precision %.3f, recall %.3f, F1 %.3f", i, c.is, float64(c.right)/float64(max(1, c.said)), float64(c.right)/float64(max(1, c.is)), c.f1())
	}
	if f1, _ := got.macro("all"); f1 < 0.6 {
		t.Errorf("macro-F1 %.3f, want 0.6 at least", f1)
	}
}

// tell learns from all posts but those of some folds and tells those of the first.
func tell(t *testing.T, fold int, also ...int) report {
	t.Helper()
	rest := passages(t)
	for _, e := range intents(t) {
		if f := Fold(e.Text, folds); f != fold && !slices.Contains(also, f) {
			rest = append(rest, e)
		}
	}
	j := Judge{Relevance: TrainRelevance(small()), Intents: TrainIntents(rest)}
	got := report{}
	for _, p := range posts(t) {
		if Fold(p.Text, folds) == fold {
			said := j.Gist(intel.Document{Text: p.Text}, nil, nil).Intents[0].Intent
			got.add(p.Language, p.Intent, said)
			got.add("all", p.Intent, said)
		}
	}
	return got
}
