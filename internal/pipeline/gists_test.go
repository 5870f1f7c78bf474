package pipeline_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/classify"
	"github.com/portent-cti/portent/internal/intel"
)

// posted is a post of a forum, so many days old.
func posted(days int, text string) intel.Document {
	return intel.Document{ID: intel.NewDocumentID("board", text), Source: "board", Author: "board/nick", Genre: intel.Forum, Reliability: 'F',
		Text: text, Published: now.AddDate(0, 0, -days), Learned: now.AddDate(0, 0, -days)}
}

const (
	offered = "Selling VPN access to a logistics company in Poland, domain admin, revenue 40M, price 3000$, escrow ok"
	idle    = "what a lovely evening in Poland, dinner with grandma and then a walk by the lake"
)

// take keeps and derives documents.
func (h house) take(t *testing.T, docs ...intel.Document) {
	t.Helper()
	if _, err := h.p.Keep(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
	if err := h.p.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (h house) gist(t *testing.T, id intel.DocumentID) (intel.Gist, bool) {
	t.Helper()
	all, err := h.db.Gists(t.Context(), intel.Everything(), []intel.DocumentID{id})
	if err != nil {
		t.Fatal(err)
	}
	g, ok := all[id]
	return g, ok
}

// found returns the texts that a search finds, in its order.
func (h house) found(t *testing.T, words string) (out []string) {
	t.Helper()
	docs, err := h.db.Search(t.Context(), intel.Everything(), words, 10, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range docs {
		out = append(out, d.Text)
	}
	return out
}

func wordOn(n int, id intel.DocumentID, r intel.Ruling, p intel.Purpose) intel.Document {
	return intel.GistVerdict{Post: id, Ruling: r, Intent: p, By: "analyst:ada", Reason: "read it", At: now.Add(time.Duration(n) * time.Second), Before: n}.Document()
}

func TestIrrelevantPostsAreKeptAndRankLast(t *testing.T) {
	onEachEngine(t, nil, func(t *testing.T, h house) {
		old, late, told := posted(9, offered), posted(1, idle), report(20, "A report on a company in Poland.")
		h.take(t, old, late, told)
		if g, ok := h.gist(t, old.ID); !ok || g.Irrelevant() || g.Intents[0].Intent != intel.AccessSale || g.Ruled {
			t.Errorf("the offer: %+v", g)
		}
		if g, ok := h.gist(t, late.ID); !ok || !g.Irrelevant() {
			t.Errorf("idle talk: %+v", g)
		}
		if g, ok := h.gist(t, told.ID); ok {
			t.Errorf("a report is no post: %+v", g)
		}
		if got, want := h.found(t, "Poland"), []string{offered, told.Text, idle}; !slices.Equal(got, want) {
			t.Errorf("found %q, want %q", got, want)
		}
		posts, err := h.db.Posts(t.Context(), intel.Everything(), intel.AccessSale, 10)
		if err != nil || len(posts) != 1 || posts[0].ID != old.ID {
			t.Errorf("posts that sell access: %v, %v", posts, err)
		}
		if posts, err = h.db.Posts(t.Context(), intel.Everything(), "", 10); err != nil || len(posts) != 2 || posts[1].ID != late.ID {
			t.Errorf("all posts: %v, %v", posts, err)
		}
	})
}

func TestWhatAnAnalystSaysOfAPostCountsUntilItIsTakenBack(t *testing.T) {
	onEachEngine(t, nil, func(t *testing.T, h house) {
		post := posted(1, idle)
		h.take(t, post, wordOn(1, post.ID, intel.RelevantPost, ""), wordOn(2, post.ID, intel.MeansPost, intel.Recruiting))
		ruled := func(when string) {
			t.Helper()
			if g, _ := h.gist(t, post.ID); g.Relevance != 1 || !g.Ruled || !g.Meant || len(g.Intents) != 1 || g.Intents[0] != (intel.Guess{Intent: intel.Recruiting, Probability: 1}) {
				t.Errorf("%s: %+v", when, g)
			}
		}
		ruled("ruled")
		if posts, err := h.db.Posts(t.Context(), intel.Everything(), intel.Recruiting, 10); err != nil || len(posts) != 1 {
			t.Errorf("posts that recruit: %v, %v", posts, err)
		}
		if _, err := h.db.Outdate(t.Context(), 1<<30); err != nil { // of everything
			t.Fatal(err)
		}
		if err := h.p.Finish(t.Context()); err != nil {
			t.Fatal(err)
		}
		ruled("derived again")
		h.take(t, wordOn(3, post.ID, intel.UndoPost, ""))
		if g, _ := h.gist(t, post.ID); !g.Irrelevant() || g.Ruled || g.Meant {
			t.Errorf("taken back: %+v", g)
		}
		h.take(t, wordOn(4, "0123456789abcdef0123456789abcdef", intel.IrrelevantPost, "")) // of nothing that is there
	})
}

func TestAnEarlierWordOnAPostDoesNotOverruleALaterOne(t *testing.T) {
	onEachEngine(t, nil, func(t *testing.T, h house) {
		post := posted(1, idle)
		h.take(t, post)
		h.take(t, wordOn(2, post.ID, intel.RelevantPost, ""))
		h.take(t, wordOn(1, post.ID, intel.IrrelevantPost, ""))
		if g, _ := h.gist(t, post.ID); g.Relevance != 1 {
			t.Errorf("%+v", g)
		}
	})
}

func TestPostsAreReadAnewByAModelThatLearnedFromFeedback(t *testing.T) {
	onEachEngine(t, nil, func(t *testing.T, h house) {
		var all []intel.Document
		for i := range 24 {
			post, label := posted(1, fmt.Sprintf("otters seen by the river, number %d", i)), intel.RelevantPost
			if i%2 == 1 {
				post, label = posted(1, fmt.Sprintf("herons seen by the river, number %d", i)), intel.IrrelevantPost
			}
			all = append(all, post, wordOn(i, post.ID, label, ""))
		}
		another := posted(1, "otters seen in town")
		h.take(t, append(all, another)...)
		before, _ := h.gist(t, another.ID)
		got, err := h.p.TrainRelevance(t.Context(), nil)
		if err != nil || !got.Kept || got.Feedback != 24 || got.Posts != 25 || got.LogLoss >= got.ShippedLogLoss {
			t.Fatalf("%+v, %v", got, err)
		}
		after, _ := h.gist(t, another.ID)
		if after.Relevance <= before.Relevance {
			t.Errorf("relevance %.3f, before %.3f", after.Relevance, before.Relevance)
		}
		late := posted(0, "otters seen in town again")
		h.take(t, late)
		if g, _ := h.gist(t, late.ID); g.Relevance <= before.Relevance {
			t.Errorf("of a later post %.3f, before %.3f: the model is not in force", g.Relevance, before.Relevance)
		}
		if got, err := h.p.TrainIntents(t.Context(), nil); err != nil || got.Kept || got.Reason == "" {
			t.Errorf("intents from nothing: %+v, %v", got, err)
		}
		// What tells its own examples worse than what ships is not put in force.
		if got, err := h.p.TrainIntents(t.Context(), []classify.Example{}); err != nil || got.Version != 0 {
			t.Errorf("%+v, %v", got, err)
		}
	})
}
