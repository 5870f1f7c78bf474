package demotest

import (
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/demo"
	"github.com/portent-cti/portent/internal/intel"
)

// truth is what is true in some invented world.
func truth() demo.Truth { return demo.New(5, time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)).Truth }

// perfect returns the findings of a reader who misses nothing.
func perfect(t demo.Truth) []Finding {
	var all []Finding
	for _, st := range t.Statements {
		if !st.Optional {
			all = append(all, Finding{st.Category, st.Subject, st.Object, st.Document})
		}
	}
	return all
}

func TestPerfectReaderScoresOne(t *testing.T) {
	truth := truth()
	for _, whole := range []bool{false, true} {
		found := perfect(truth)
		for i := range found {
			if whole {
				found[i].Document = ""
			}
		}
		marks := Score(truth, found)
		if len(marks) != len(Categories()) {
			t.Errorf("%d marks, want one for each of %d categories", len(marks), len(Categories()))
		}
		for c, m := range marks {
			if m.Precision != 1 || m.Recall != 1 || m.Expected == 0 {
				t.Errorf("%s (documents set aside: %v): precision %v, recall %v of %d", c, whole, m.Precision, m.Recall, m.Expected)
			}
		}
	}
}

func TestSilentReaderRecallsNothing(t *testing.T) {
	marks := Score(truth(), nil)
	if len(marks) != len(Categories()) {
		t.Errorf("%d marks, want one for each of %d categories", len(marks), len(Categories()))
	}
	for c, m := range marks {
		if m.Recall != 0 || m.Precision != 1 {
			t.Errorf("%s: precision %v, recall %v", c, m.Precision, m.Recall)
		}
	}
}

func TestScoreCountsWhatReadersDifferOn(t *testing.T) {
	actor, handle, other := entity("actor:grey-otter"), entity("handle:board/nick"), entity("actor:tin-wren")
	intent, maybe := entity("intent:extortion"), entity("intent:leak")
	truth := demo.Truth{
		Actors: []demo.Person{{Entity: actor, Aliases: []demo.Alias{{Name: "TG-1", Entity: entity("actor:tg-1")},
			{Name: "Not Me", Entity: entity("actor:not-me"), DeniedBy: "vendor"}}}},
		Statements: []demo.Statement{
			{Category: demo.Intentions, Subject: handle, Also: []intel.Entity{actor}, Object: intent, Document: "1"},
			{Category: demo.Intentions, Subject: actor, Object: maybe, Document: "1", Optional: true},
			{Category: demo.Intentions, Subject: actor, Object: intent, Document: "2"},
		},
	}
	tests := []struct {
		name              string
		found             []Finding
		precision, recall float64
	}{
		{"the group instead of its nick", []Finding{{demo.Intentions, actor, intent, "1"}}, 1, 0.5},
		{"an alias instead of the usual name", []Finding{{demo.Intentions, entity("actor:tg-1"), intent, "2"}}, 1, 0.5},
		{"a disputed alias", []Finding{{demo.Intentions, entity("actor:not-me"), intent, "2"}}, 0, 0},
		{"what is optional", []Finding{{demo.Intentions, actor, maybe, "1"}}, 1, 0},
		{"twice the same", []Finding{{demo.Intentions, handle, intent, "1"}, {demo.Intentions, handle, intent, "1"}}, 1, 0.5},
		{"somebody else", []Finding{{demo.Intentions, other, intent, "1"}, {demo.Intentions, actor, intent, "2"}}, 0.5, 0.5},
		{"another document", []Finding{{demo.Intentions, actor, intent, "3"}}, 0, 0},
		{"documents set aside", []Finding{{demo.Intentions, actor, intent, ""}}, 1, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := Score(truth, tt.found)[demo.Intentions]
			if m.Precision != tt.precision || m.Recall != tt.recall {
				t.Errorf("precision %v, recall %v; want %v, %v", m.Precision, m.Recall, tt.precision, tt.recall)
			}
		})
	}
}

func TestTwoNamesOfOneActorAreRight(t *testing.T) {
	truth := demo.Truth{Actors: []demo.Person{{Entity: entity("actor:grey-otter"),
		Aliases: []demo.Alias{{Entity: entity("actor:tg-1")}, {Entity: entity("actor:tg-2")}}}}}
	m := Score(truth, []Finding{{Category: demo.Aliases, Subject: entity("actor:tg-1"), Object: entity("actor:tg-2")}})[demo.Aliases]
	if m.Precision != 1 {
		t.Errorf("precision %v, want 1; wrong: %v", m.Precision, m.Wrong)
	}
}

func TestEvidenceReadsAsFindings(t *testing.T) {
	link := func(from string, r intel.Relation, to string) intel.Evidence {
		return intel.Evidence{Link: intel.Link{From: entity(from), Relation: r, To: entity(to)}, Document: "1"}
	}
	disputed := link("actor:a", intel.Targets, "country:DE")
	disputed.Stance = intel.Disputes
	tests := []struct {
		evidence intel.Evidence
		category demo.Category
		subject  string
	}{
		{link("ipv4:192.0.2.1", intel.Indicates, "actor:a"), demo.Indicators, "actor:a"},
		{link("ipv4:192.0.2.1", intel.Indicates, "malware:m"), "", ""},
		{link("actor:a", intel.Uses, "tool:t"), demo.Arsenal, "actor:a"},
		{link("actor:a", intel.Uses, "technique:T1190"), demo.Techniques, "actor:a"},
		{link("actor:a", intel.Uses, "file:/x.php"), demo.Fragments, "actor:a"},
		{link("malware:m", intel.Uses, "technique:T1190"), "", ""},
		{link("handle:n/x", intel.PartOf, "actor:a"), demo.Handles, "actor:a"},
		{link("handle:n/x", intel.Intends, "intent:ddos"), demo.Intentions, "handle:n/x"},
		{link("vulnerability:CVE-2099-1", intel.Affects, "argument:id"), demo.Affects, "vulnerability:CVE-2099-1"},
		{link("actor:a", intel.Targets, "sector:health"), demo.Sectors, "actor:a"},
		{disputed, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.evidence.Link.String(), func(t *testing.T) {
			found := Findings([]intel.Evidence{tt.evidence})
			switch {
			case tt.category == "" && len(found) > 0:
				t.Errorf("got %v, want nothing", found)
			case tt.category != "" && (len(found) != 1 || found[0].Category != tt.category || found[0].Subject.String() != tt.subject):
				t.Errorf("got %v, want %s of %s", found, tt.category, tt.subject)
			}
		})
	}
}

func entity(s string) intel.Entity {
	e, err := intel.ParseEntity(s)
	if err != nil {
		panic(err)
	}
	return e
}
