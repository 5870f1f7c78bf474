package intel_test

import (
	"encoding/json"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/intel"
)

func TestAVerdictOnValuesComesBackFromItsDocument(t *testing.T) {
	at := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	for _, scope := range []string{"ipv4:192.0.2.7", "cidr:192.0.2.0/24", "domain:*.evil.org", "url:https://evil.org/kit/*", "domain:evil.org"} {
		s, err := intel.ParseScope(scope)
		if err != nil || s.String() != scope {
			t.Fatalf("%s reads as %s, err %v", scope, s, err)
		}
		want := intel.ValueVerdict{Scope: s, Ruling: intel.Suppress, By: "analyst:ana", Reason: "ours", At: at, Until: at.AddDate(0, 1, 0), Marking: intel.AmberStrict}
		doc := want.Document()
		body, err := json.Marshal(doc) // as the store keeps it
		if err != nil {
			t.Fatal(err)
		}
		var kept intel.Document
		if err := json.Unmarshal(body, &kept); err != nil {
			t.Fatal(err)
		}
		got, ok := intel.ValueVerdictOf(kept)
		if diff := cmp.Diff(want, got); !ok || diff != "" {
			t.Errorf("%s: %v\n%s", scope, ok, diff)
		}
		if _, ok := intel.AliasVerdictOf(doc); ok {
			t.Errorf("%s is taken for a verdict on names", scope)
		}
		again := want
		again.Before = 2
		if again.Document().ID == doc.ID {
			t.Errorf("%s, said again later, is the same document", scope)
		}
		doc.Source = "blog"
		if _, ok := intel.ValueVerdictOf(doc); ok {
			t.Errorf("a document of a source poses as a verdict on %s", scope)
		}
	}
	undo := intel.AliasVerdict{Name: intel.Entity{Kind: intel.Actor, Name: "a"}, Other: intel.Entity{Kind: intel.Actor, Name: "b"}, Ruling: intel.Undo, By: "analyst:ana", At: at}
	if _, ok := intel.ValueVerdictOf(undo.Document()); ok {
		t.Error("a verdict on names is taken for one on values")
	}
}

// TestWhatARefusedNetworkIsAdvisedToBeCanBeRuledOn takes the networks out of the messages.
func TestWhatARefusedNetworkIsAdvisedToBeCanBeRuledOn(t *testing.T) {
	for network, want := range map[string]string{"10.0.0.0/4": "10.0.0.0/8", "10.1.2.3/7": "10.0.0.0/8", "0.0.0.0/0": "0.0.0.0/8", "10.1.2.3/12": "10.0.0.0/12",
		"2a00:1450::/4": "2a00::/19", "::/0": "::/19", "2a00:1450::1/32": "2a00:1450::/32"} {
		_, err := intel.ParseScope("cidr:" + network)
		if err == nil || !strings.Contains(err.Error(), " "+want) {
			t.Errorf("%s: %v, want %s in it", network, err, want)
			continue
		}
		for _, word := range strings.FieldsFunc(err.Error(), func(r rune) bool { return strings.ContainsRune(" ,", r) }) {
			word = strings.TrimSuffix(word, ":")
			if p, perr := netip.ParsePrefix(word); perr == nil && word != network {
				if _, err := intel.ParseScope("cidr:" + p.String()); err != nil {
					t.Errorf("%s: advised is %s, of which %v", network, p, err)
				}
			}
		}
	}
}

func FuzzParseScope(f *testing.F) {
	for _, s := range []string{"ipv4:192.0.2.7", "cidr:192.0.2.7/24", "cidr:::/0", "domain:*.evil.org", "domain:*.com", "url:https://evil.org/*", "url:*", "domain:*.*.x", "url:https://EVIL.org/A?*", "email:*.a@b.c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := intel.ParseScope(text)
		if err != nil {
			if !errors.Is(err, intel.ErrInvalid) {
				t.Errorf("%q: %v is not ErrInvalid", text, err)
			}
			return
		}
		if again, err := intel.ParseScope(s.String()); err != nil || again != s {
			t.Errorf("%q is %v, and written as %q it is %v, err %v", text, s, s.String(), again, err)
		}
	})
}
