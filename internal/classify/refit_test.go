package classify

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
)

// taught are examples of an institution's own taste: whatever speaks of otters
// matters to it.
func taught(n int) []Example {
	var out []Example
	for i := range n {
		out = append(out, Example{fmt.Sprintf("otters seen by the river, number %d", i), Relevant, 1},
			Example{fmt.Sprintf("herons seen by the river, number %d", i), Irrelevant, 1})
	}
	return out
}

func TestRefittingLearnsWhatAnalystsSay(t *testing.T) {
	m := Shipped().Relevance
	r, err := m.Refit(taught(20))
	if err != nil {
		t.Fatal(err)
	}
	if !r.Better() {
		t.Fatalf("log loss %.3f, shipped %.3f", r.LogLoss, r.ShippedLogLoss)
	}
	if p, q := r.Model.Probabilities("otters in town")[0], r.Model.Probabilities("herons in town")[0]; p <= q || p <= m.Probabilities("otters in town")[0] {
		t.Errorf("otters %.3f, herons %.3f", p, q)
	}
	const threat = "new ransomware exploits a zero day in a VPN gateway"
	if was, is := m.Probabilities(threat)[0], r.Model.Probabilities(threat)[0]; is < was-0.2 {
		t.Errorf("%q was relevant by %.3f and is by %.3f: what shipped is forgotten", threat, was, is)
	}
}

func TestWhatShippedIsLearnedFromTeachesNothing(t *testing.T) {
	known := intents(t)
	r, err := Shipped().Intents.Refit(known)
	if !errors.Is(err, ErrTooFew) || r.Known != len(known) {
		t.Errorf("%d of %d examples are known, err %v", r.Known, len(known), err)
	}
}

func TestFewExamplesTeachNothing(t *testing.T) {
	for _, examples := range [][]Example{nil, taught(5), taught(30)[:30:30][0:1]} {
		if _, err := Shipped().Relevance.Refit(examples); !errors.Is(err, ErrTooFew) {
			t.Errorf("%d examples: %v", len(examples), err)
		}
	}
}

func TestLabelledFilesAreRead(t *testing.T) {
	for _, c := range []struct {
		file string
		want []Example
	}{
		{"summary,ID,label\n\"a, b\",1,CTI-Positive\nc,2,CTI-Negative\n", []Example{{"a, b", Relevant, 1}, {"c", Irrelevant, 1}}},
		{"\xef\xbb\xbftext,relevance\na,1\n ,0\n", []Example{{"a", Relevant, 1}}},
		{"{\"text\":\"a\",\"label\":\"relevant\"}\n{\"text\":\"b\",\"label\":\"no\"}\n", []Example{{"a", Relevant, 1}, {"b", Irrelevant, 1}}},
		{"", nil},
	} {
		got, err := ReadRelevance(strings.NewReader(c.file))
		if err != nil || fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%q: %v, %v", c.file, got, err)
		}
	}
	got, err := ReadIntents(strings.NewReader(`{"intent":"news","language":"en","text":"x"}`))
	if err != nil || len(got) != 1 || got[0].Label != string(intel.News) {
		t.Errorf("%v, %v", got, err)
	}
	for _, bad := range []string{"a,b\nc,d\n", "text,label\na,perhaps\n", "text,label\na\n", `{"text":"a","label":"perhaps"}`, `{"text":`} {
		if got, err := ReadRelevance(strings.NewReader(bad)); err == nil {
			t.Errorf("%q gave %v", bad, got)
		}
	}
	if _, err := ReadIntents(strings.NewReader("text,label\na,relevant\n")); !errors.Is(err, intel.ErrInvalid) {
		t.Errorf("err = %v", err)
	}
}

func FuzzLabelled(f *testing.F) {
	f.Add("text,label\n\"a, b\",relevant\n")
	f.Add(`{"text":"a","intent":"news"}`)
	f.Fuzz(func(t *testing.T, file string) {
		got, err := ReadRelevance(strings.NewReader(file))
		for _, e := range got {
			if err != nil || strings.TrimSpace(e.Text) == "" || e.Label != Relevant && e.Label != Irrelevant {
				t.Errorf("%+v, %v", e, err)
			}
		}
		if _, err := ReadModel(strings.NewReader(file)); err == nil {
			t.Error("it is read as a model")
		}
	})
}
