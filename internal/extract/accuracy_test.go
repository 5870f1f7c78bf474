package extract_test

import (
	"bufio"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/extract"
	"github.com/portent-cti/portent/internal/reference"
)

// A tally counts what was found against what should have been.
type tally struct{ right, wrong, missed int }

func (c tally) precision() float64 { return share(c.right, c.wrong) }
func (c tally) recall() float64    { return share(c.right, c.missed) }

func share(part, rest int) float64 {
	if part+rest == 0 {
		return 1
	}
	return float64(part) / float64(part+rest)
}

// count compares two sets of entities; those in either may be found or not.
func (c *tally) count(got, want, either []string) (wrong, missed []string) {
	for _, e := range got {
		switch {
		case slices.Contains(want, e):
			c.right++
		case !slices.Contains(either, e):
			c.wrong++
			wrong = append(wrong, e)
		}
	}
	for _, e := range want {
		if !slices.Contains(got, e) {
			c.missed++
			missed = append(missed, e)
		}
	}
	return wrong, missed
}

// lines reads a file of JSON lines.
func lines[T any](t testing.TB, path string) []T {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []T
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		var v T
		if err := json.Unmarshal(s.Bytes(), &v); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		out = append(out, v)
	}
	return out
}

// names makes a pack of the names of a file.
func names(t testing.TB, path string) reference.Pack {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var list []struct {
		Kind, Name string
		Aliases    []string
	}
	if err := json.Unmarshal(b, &list); err != nil {
		t.Fatal(err)
	}
	var clusters []reference.Cluster
	for _, n := range list {
		galaxy := map[string]string{"actor": "threat-actor", "malware": "mitre-malware", "tool": "tool", "campaign": "mitre-campaign"}[n.Kind]
		clusters = append(clusters, reference.Cluster{Galaxy: galaxy, Value: n.Name, Synonyms: n.Aliases, Malicious: n.Kind == "malware"})
	}
	return reference.ActorsPack("1", clusters)
}

// TestTrickyLinesAreReadRight holds the scanner to lines written by somebody
// who had not seen it.
func TestTrickyLinesAreReadRight(t *testing.T) {
	set, err := reference.NewSet(names(t, "testdata/tricky-names.json"))
	if err != nil {
		t.Fatal(err)
	}
	s := extract.New(set)
	var c tally
	for _, l := range lines[struct {
		Line        string
		Want, Aside []string
	}](t, "testdata/tricky.jsonl") {
		got := slices.DeleteFunc(found(s, l.Line), func(e string) bool {
			kind, _, _ := strings.Cut(e, ":")
			return slices.Contains([]string{"country", "sector", "product"}, kind)
		})
		slices.Sort(l.Want)
		wrong, missed := c.count(got, slices.Compact(l.Want), nil)
		if len(wrong)+len(missed) > 0 {
			t.Logf("%q\n\tmissed %q, wrong %q", l.Line, missed, wrong)
		}
	}
	t.Logf("tricky lines: precision %.4f, recall %.4f, %+v", c.precision(), c.recall(), c)
	if c.precision() < 0.99 || c.recall() < 0.99 {
		t.Errorf("precision %.4f, recall %.4f; want 0.99 of each", c.precision(), c.recall())
	}
}
