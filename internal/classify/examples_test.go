package classify

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/correlate"
	"github.com/portent-cti/portent/internal/intel"
)

var update = flag.Bool("update", false, "write the models anew from what they are learned from")

// A post is one that was written for the project.
type post struct {
	Intent   intel.Purpose `json:"intent"`
	Language string        `json:"language"`
	Text     string        `json:"text"`
}

// posts returns those of posts/, in order.
func posts(t testing.TB) []post {
	t.Helper()
	var out []post
	for _, f := range files(t, "posts/*.jsonl") {
		d := json.NewDecoder(bytes.NewReader(f))
		for d.More() {
			var p post
			if err := d.Decode(&p); err != nil || !p.Intent.Known() {
				t.Fatalf("post %+v: %v", p, err)
			}
			out = append(out, p)
		}
	}
	return out
}

func files(t testing.TB, pattern string) [][]byte {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) < 6 {
		t.Fatalf("%d files %s, err %v", len(names), pattern, err)
	}
	out := make([][]byte, len(names))
	for i, name := range names {
		if out[i], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// How much counts beside what a model is for what was written for something else:
// the passages of the model of intentions beside posts, and posts and everyday life
// beside CTI-ANN.
const (
	ofPassages = 0.3
	ofOurs     = 0.1
)

// passages returns the posts of the model of intentions as examples of intents,
// those of a genre of accounts whose labels say one.
func passages(t testing.TB) []Example {
	t.Helper()
	of := map[string]intel.Purpose{"sell-access": intel.AccessSale, "sell-exploit": intel.ExploitSale, "leak": intel.LeakClaim, "extortion": intel.LeakClaim,
		"sell-data": intel.LeakClaim, "recruit": intel.Recruiting}
	var out []Example
	for _, f := range files(t, "../correlate/posts/*.txt") {
		all, err := correlate.ReadExamples(bytes.NewReader(f))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range all {
			intent := intel.Purpose("")
			if len(e.Labels) == 0 {
				intent = intel.Chatter
			}
			for _, l := range e.Labels {
				if i, ok := of[l]; ok {
					intent = i
				}
			}
			if intent != "" && e.Genre.HasAccounts() {
				out = append(out, Example{e.Passage, string(intent), ofPassages})
			}
		}
	}
	return out
}

// everyday returns posts of everyday life, as examples of what is irrelevant.
func everyday(t testing.TB) []Example {
	t.Helper()
	var out []Example
	for _, f := range files(t, "everyday/*.txt") {
		s := bufio.NewScanner(bytes.NewReader(f))
		for s.Scan() {
			out = append(out, Example{s.Text(), Irrelevant, ofOurs})
		}
	}
	return out
}

// ours returns what the project has on relevance: of its posts all but chatter
// matter, and everyday life does not.
func ours(t testing.TB) []Example {
	t.Helper()
	out := everyday(t)
	for _, p := range posts(t) {
		e := Example{p.Text, Relevant, ofOurs}
		if p.Intent == intel.Chatter {
			e.Label = Irrelevant
		}
		out = append(out, e)
	}
	return out
}

// annotated returns the posts of cti-ann.
func annotated(t testing.TB) []Example {
	t.Helper()
	dir := os.Getenv("PORTENT_DATA")
	if dir == "" {
		dir = "../../../shared/data"
	}
	f, err := os.Open(filepath.Join(dir, "cti-ann", "x-annotated.csv"))
	if err != nil {
		if os.Getenv("CI") == "true" || os.Getenv("PORTENT_DATA") != "" {
			t.Fatalf("no real data: %v; CI must test on it (PORTENT_DATA names the folder)", err)
		}
		t.Skip("real data not present")
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []Example
	for _, r := range rows[1:] {
		e := Example{r[0], Irrelevant, 1}
		if r[2] == "CTI-Positive" {
			e.Label = Relevant
		}
		out = append(out, e)
	}
	return out
}

// deal parts examples into those of a fold and the others.
func deal(all []Example, fold int) (held, rest []Example) {
	for _, e := range all {
		if Fold(e.Text, folds) == fold {
			held = append(held, e)
		} else {
			rest = append(rest, e)
		}
	}
	return held, rest
}

// shippedIs compares a model to the file that ships, or writes that.
func shippedIs(t *testing.T, m *Model, name string) {
	t.Helper()
	var got bytes.Buffer
	if _, err := m.WriteTo(&got); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(name, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	is, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), is) {
		t.Errorf("%s is not what it is learned from; go test ./internal/classify -run %s -update writes it", name, strings.TrimSpace(t.Name()))
	}
}
