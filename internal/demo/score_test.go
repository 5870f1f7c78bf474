package demo

import (
	"testing"

	"github.com/portent-cti/portent/internal/intel"
)

// perfect returns the findings of a reader who misses nothing.
func perfect(t Truth) []Finding {
	var all []Finding
	for _, st := range t.Statements {
		if !st.Optional {
			all = append(all, Finding{st.Category, st.Subject, st.Object, st.Document})
		}
	}
	return all
}

func TestPerfectReaderScoresOne(t *testing.T) {
	truth := New(5, today()).Truth
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
	marks := Score(New(5, today()).Truth, nil)
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
	truth := Truth{
		Actors: []Person{{Entity: actor, Aliases: []Alias{{Name: "TG-1", Entity: entity("actor:tg-1")},
			{Name: "Not Me", Entity: entity("actor:not-me"), DeniedBy: "vendor"}}}},
		Statements: []Statement{
			{Category: Intentions, Subject: handle, Also: []intel.Entity{actor}, Object: intent, Document: "1"},
			{Category: Intentions, Subject: actor, Object: maybe, Document: "1", Optional: true},
			{Category: Intentions, Subject: actor, Object: intent, Document: "2"},
		},
	}
	tests := []struct {
		name              string
		found             []Finding
		precision, recall float64
	}{
		{"the group instead of its nick", []Finding{{Intentions, actor, intent, "1"}}, 1, 0.5},
		{"an alias instead of the usual name", []Finding{{Intentions, entity("actor:tg-1"), intent, "2"}}, 1, 0.5},
		{"a disputed alias", []Finding{{Intentions, entity("actor:not-me"), intent, "2"}}, 0, 0},
		{"what is optional", []Finding{{Intentions, actor, maybe, "1"}}, 1, 0},
		{"twice the same", []Finding{{Intentions, handle, intent, "1"}, {Intentions, handle, intent, "1"}}, 1, 0.5},
		{"somebody else", []Finding{{Intentions, other, intent, "1"}, {Intentions, actor, intent, "2"}}, 0.5, 0.5},
		{"another document", []Finding{{Intentions, actor, intent, "3"}}, 0, 0},
		{"documents set aside", []Finding{{Intentions, actor, intent, ""}}, 1, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := Score(truth, tt.found)[Intentions]
			if m.Precision != tt.precision || m.Recall != tt.recall {
				t.Errorf("precision %v, recall %v; want %v, %v", m.Precision, m.Recall, tt.precision, tt.recall)
			}
		})
	}
}

func TestTwoNamesOfOneActorAreRight(t *testing.T) {
	truth := Truth{Actors: []Person{{Entity: entity("actor:grey-otter"),
		Aliases: []Alias{{Entity: entity("actor:tg-1")}, {Entity: entity("actor:tg-2")}}}}}
	m := Score(truth, []Finding{{Category: Aliases, Subject: entity("actor:tg-1"), Object: entity("actor:tg-2")}})[Aliases]
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
		category Category
		subject  string
	}{
		{link("ipv4:192.0.2.1", intel.Indicates, "actor:a"), Indicators, "actor:a"},
		{link("ipv4:192.0.2.1", intel.Indicates, "malware:m"), "", ""},
		{link("actor:a", intel.Uses, "tool:t"), Arsenal, "actor:a"},
		{link("actor:a", intel.Uses, "technique:T1190"), Techniques, "actor:a"},
		{link("actor:a", intel.Uses, "file:/x.php"), Fragments, "actor:a"},
		{link("malware:m", intel.Uses, "technique:T1190"), "", ""},
		{link("handle:n/x", intel.PartOf, "actor:a"), Handles, "actor:a"},
		{link("handle:n/x", intel.Intends, "intent:ddos"), Intentions, "handle:n/x"},
		{link("vulnerability:CVE-2099-1", intel.Affects, "argument:id"), Affects, "vulnerability:CVE-2099-1"},
		{link("actor:a", intel.Targets, "sector:health"), Sectors, "actor:a"},
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
