package publish_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/publish"
)

// scored is a profile with every score and relation, of whatever kind.
func scored(name string) intel.Profile {
	p := profile()
	p.Entity, p.Name = intel.Entity{Kind: intel.Country, Name: "DE"}, name
	p.Interest = &intel.Standing{Score: 6.9, Band: "elevated threat", Attention: 2.1, Rank: 12, Of: 340, Voices: 6, Weekly: []intel.Measured{{Start: day, Weight: 1}},
		Parts: []intel.Part{{Genre: intel.Forum, Voices: 4, Weight: 1.6}}}
	held := *p.Interest
	held.Score, held.Band, held.Held, held.Voices = 4.99, "high activity", true, 1
	p.Activities.Offensive, p.Activities.Defensive = &held, &intel.Standing{Band: "very low activity"}
	t := intel.Tension{From: intel.Entity{Kind: intel.Country, Name: "RU"}, To: p.Entity, Value: name, Tension: 4.2, Trend: intel.Rising, Change: 1.8, Origins: 5, Documents: 9,
		First: day, Last: day, Monthly: []intel.Month{{Start: day, Documents: 3, Origins: 2}, {Start: day}},
		Actors: []intel.Row{{ID: "7", Value: name, Probability: .7, First: day, Evidence: []intel.Proof{{Document: "d1", Snippet: "secret words", URL: "https://blog.example/x"}}}}}
	out := t
	out.From, out.To, out.Actors = t.To, intel.Entity{Kind: intel.Country, Name: "UA"}, nil
	p.Relations = []intel.Tension{t, out}
	return p
}

func TestScoresStandInMarkdownWithBandPlaceAndParts(t *testing.T) {
	out := markdown(t, scored("Germany"))
	for _, want := range []string{
		"**6.90** of 10: **elevated threat**, rank 12 of 340 countries spoken of in 180 days, by 6 voices.",
		"forum | 4 | 1.60",
		"Offensive | 4.99 | high activity | rank 12 of 340 countries spoken of in 180 days, by 1 voice; held below 5, as one account alone speaks of it",
		"Defensive | 0.00 | very low activity | nothing that counts for it in 180 days",
		"Who targets Germany:\n", "1 | RU | Germany | Germany | 4.20 | rising (1.8 times its past year) | 9 | 5 | 3 (2), 0 | 2026-03-17 | 2026-03-17",
		"Whom actors of Germany target:\n", "2 | UA | Germany | - | 4.20",
		"Where an address is registered or traffic passes is not who somebody is",
		"Country relations 1",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

func TestHostileNamesCannotLeaveTheCellsOfARelation(t *testing.T) {
	want := strings.Count(markdown(t, scored("Germany")), "\n")
	for _, h := range hostile() {
		out := markdown(t, scored(h))
		if got := strings.Count(out, "\n"); got != want {
			t.Errorf("%q: %d lines, want %d", h, got, want)
		}
		for _, bad := range []string{"<script", "](javascript:", "\u202e", "\x1b", "!["} {
			if strings.Contains(markup(out), bad) {
				t.Errorf("%q: %q stands in\n%s", h, bad, markup(out))
			}
		}
	}
}

func TestScoresAndRelationsHaveStableKeysInJSON(t *testing.T) {
	var b bytes.Buffer
	if err := publish.JSON(&b, scored("Germany"), publish.Options{}); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Interest   map[string]json.RawMessage
		Activities map[string]json.RawMessage
		Relations  []map[string]json.RawMessage
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	lacks(t, "interest", got.Interest, "score band attention rank of voices parts weekly")
	lacks(t, "activities", got.Activities, "monthly events total offensive defensive")
	if len(got.Relations) != 2 {
		t.Fatalf("%d relations", len(got.Relations))
	}
	lacks(t, "relation", got.Relations[0], "from to value tension trend change origins documents first_seen last_seen monthly actors")
	if string(got.Relations[1]["actors"]) != "[]" || !strings.Contains(string(got.Activities["defensive"]), `"parts":[]`) {
		t.Errorf("what is empty is no list: %s, %s", got.Relations[1]["actors"], got.Activities["defensive"])
	}
	b.Reset()
	if err := publish.JSON(&b, profile(), publish.Options{}); err != nil || strings.Contains(b.String(), `"interest"`) || strings.Contains(b.String(), `"relations"`) {
		t.Errorf("an actor has interest or relations, err %v", err)
	}
}

func TestAPreviewTellsScoresAndCutsRelationsWithoutWordsOrDays(t *testing.T) {
	p := publish.Preview(scored("Germany"), 1)
	if len(p.Relations) != 1 || p.Hidden["relations"] != 1 || p.Interest.Score != 6.9 || p.Interest.Weekly != nil || p.Activities.Offensive.Weekly != nil {
		t.Errorf("%+v of %d, hidden %v", p.Interest, len(p.Relations), p.Hidden)
	}
	if r := p.Relations[0]; r.Actors[0].Evidence != nil || r.First.Day() != 1 || !r.Last.Equal(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v", r)
	}
	out := markdown(t, p)
	if strings.Contains(out, "secret words") || strings.Contains(out, "2026-03-17 |") || !strings.Contains(out, "There are 1 more relations.") {
		t.Error(out)
	}
}
