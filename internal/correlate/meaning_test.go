package correlate

import (
	"bytes"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
)

var update = flag.Bool("update", false, "write the model of intentions anew from posts/")

// training is how the shipped model is learned.
func training() Training {
	return Training{Rounds: 20, Rate: 0.3, Weight: 4, Decay: 0.01, Rand: rand.New(rand.NewPCG(1, 2))}
}

// posts returns the examples by language.
func posts(t *testing.T) map[string][]Example {
	t.Helper()
	files, err := filepath.Glob("posts/*.txt")
	if err != nil || len(files) < 6 {
		t.Fatalf("%d files of posts, err %v", len(files), err)
	}
	all := map[string][]Example{}
	for _, f := range files {
		r, err := os.Open(f)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if all[strings.TrimSuffix(filepath.Base(f), ".txt")], err = ReadExamples(r); err != nil {
			t.Fatal(f, err)
		}
	}
	return all
}

func languages(all map[string][]Example) []string {
	var out []string
	for l := range all {
		out = append(out, l)
	}
	slices.Sort(out)
	return out
}

func TestShippedModelIsWhatThePostsTeach(t *testing.T) {
	all := posts(t)
	var examples []Example
	for _, l := range languages(all) {
		examples = append(examples, all[l]...)
	}
	var got bytes.Buffer
	if _, err := training().Train(examples).WriteTo(&got); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("meaning.json", got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(got.Bytes(), shipped) {
		t.Error("meaning.json is not what posts/ teach; go test ./internal/correlate -run Shipped -update writes it")
	}
}

// TestIntentionsOfUnseenPostsAreTold trains on four fifths of the posts of each
// language and reads the last.
func TestIntentionsOfUnseenPostsAreTold(t *testing.T) {
	all := posts(t)
	var rights, wrongs, misses int
	byLanguage := map[string][3]int{}
	for fold := range 5 {
		var train []Example
		for _, l := range languages(all) {
			for i, e := range all[l] {
				if i%5 != fold {
					train = append(train, e)
				}
			}
		}
		m := training().Train(train)
		for l, es := range all {
			n := byLanguage[l]
			for i, e := range es {
				if i%5 == fold {
					right, wrong, missed := m.judge(e)
					n[0], n[1], n[2] = n[0]+right, n[1]+wrong, n[2]+missed
				}
			}
			byLanguage[l] = n
		}
	}
	for _, l := range languages(all) {
		n := byLanguage[l]
		rights, wrongs, misses = rights+n[0], wrongs+n[1], misses+n[2]
		t.Logf("%s: %d posts, precision %.3f, recall %.3f", l, len(all[l]), share(n[0], n[1]), share(n[0], n[2]))
	}
	if p, r := share(rights, wrongs), share(rights, misses); p < 0.82 || r < 0.55 {
		t.Errorf("precision %.3f, recall %.3f; want 0.82 and 0.55 at least", p, r)
	} else {
		t.Logf("all: precision %.3f, recall %.3f", p, r)
	}
}

func share(a, b int) float64 { return float64(a) / float64(max(1, a+b)) }

func (m *Meaning) judge(e Example) (right, wrong, missed int) {
	guesses := m.Guesses(e.Genre, e.Passage)
	for _, g := range guesses {
		switch {
		case slices.Contains(e.Labels, g.Label):
			right++
		case !slices.Contains(e.Maybe, g.Label):
			wrong++
		}
	}
	return right, wrong, len(e.Labels) - right
}

func TestDamagedModelIsRefused(t *testing.T) {
	if _, err := ReadMeaning(strings.NewReader(`[{"label":`)); err == nil {
		t.Error("no error")
	}
}

func TestExamplesWithoutHeadingAreRefused(t *testing.T) {
	for _, s := range []string{"a passage\n", "## none\na passage\n"} {
		if got, err := ReadExamples(strings.NewReader(s)); err == nil {
			t.Errorf("%q gave %v", s, got)
		}
	}
}

func FuzzGuesses(f *testing.F) {
	f.Add("Selling access to a network, 500 hosts", "forum")
	f.Add("从内网 доступ ", "market")
	m := shippedMeaning()
	f.Fuzz(func(t *testing.T, passage, genre string) {
		for _, g := range m.Guesses(intel.Genre(genre), passage) {
			if g.Probability < 0 || g.Probability > 1 || g.Label == "" {
				t.Errorf("guess %+v", g)
			}
		}
	})
}
