package extract_test

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/extract"
	"github.com/portent-cti/portent/internal/intel"
)

// A labelled report is its text and where names stand in it.
type labelled struct {
	text  string
	names []stretch
}

// A stretch is a place in a text, in bytes.
type stretch struct{ from, to int }

func (s stretch) overlaps(o stretch) bool { return s.from < o.to && o.from < s.to }

// annoctr reads the reports of a split of AnnoCTR and the places of their
// groups, malware and tools (fifth column of labels).
func annoctr(t testing.TB, split string) []labelled {
	t.Helper()
	dir := filepath.Join(realData(t), "annoctr")
	var texts []string
	for _, b := range files(t, "annoctr/text/"+split+"/*.txt") {
		texts = append(texts, string(b))
	}
	f, err := os.Open(filepath.Join(dir, split+".bio"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []labelled
	var words, tags []string
	flush := func() {
		if len(words) == 0 {
			return
		}
		for _, text := range texts {
			if names, ok := align(text, words, tags); ok {
				out = append(out, labelled{text, names})
				break
			}
		}
		words, tags = nil, nil
	}
	s := bufio.NewScanner(f)
	for s.Scan() {
		cells := strings.Split(s.Text(), "\t")
		if cells[0] == "<DOCSTART>" {
			flush()
			continue
		}
		if len(cells) < 5 || strings.TrimSpace(cells[0]) == "" {
			continue
		}
		words, tags = append(words, cells[0]), append(tags, cells[4])
	}
	flush()
	if len(out) < 10 {
		t.Fatalf("%s: %d reports could be aligned with their labels", split, len(out))
	}
	return out
}

// align finds the words of a report one after the other in its text.
func align(text string, words, tags []string) (names []stretch, ok bool) {
	at, missed := 0, 0
	open := false
	for i, w := range words {
		n := strings.Index(text[at:min(len(text), at+400)], w)
		if n < 0 {
			w = strings.ReplaceAll(w, "_", `\_`)
			n = strings.Index(text[at:min(len(text), at+400)], w)
		}
		if n < 0 {
			if missed++; missed > 20 || i < 10 {
				return nil, false
			}
			continue
		}
		from := at + n
		at = from + len(w)
		kind := strings.TrimLeft(tags[i], "BI-")
		named := kind == "GROUP" || kind == "MALWARE" || kind == "TOOL"
		switch {
		case named && strings.HasPrefix(tags[i], "I-") && open:
			names[len(names)-1].to = at
		case named:
			names = append(names, stretch{from, at})
		}
		open = named
	}
	return names, true
}

// A gap is a mention that is not labelled, with what reading it says: "mention"
// where the annotators left a name out, "none" where it is none.
type gap struct {
	Report  string `json:"report"` // SHA-256 of its text, the first six bytes
	Offset  int    `json:"offset"`
	Name    string `json:"name"`
	Verdict string `json:"verdict"`
}

// gaps reads the verdicts on what was found in dev without a label, judged one by
// one.
func gaps(t testing.TB) map[gap]string {
	out := map[gap]string{}
	for _, g := range lines[gap](t, "testdata/annoctr-gaps.jsonl") {
		verdict := g.Verdict
		g.Verdict = ""
		out[g] = verdict
	}
	return out
}

func reportID(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:6])
}

// TestNamesInReportsAreFound measures mentions of actors, malware and tools whose
// name the packs have. The split train was worked on, dev only measured.
func TestNamesInReportsAreFound(t *testing.T) {
	set := realSet(t)
	s := extract.New(set)
	known := map[string]bool{}
	for _, n := range set.Names() {
		if k := n.Entity.Kind; k == intel.Actor || k == intel.Malware || k == intel.Tool {
			known[intel.Compact(n.Text)] = true
		}
	}
	judged := gaps(t)
	for _, split := range []string{"train", "dev"} {
		var c tally
		left := 0 // real mentions without a label
		for _, r := range annoctr(t, split) {
			var got []stretch
			for _, o := range s.Observations(intel.Document{Text: r.text}) {
				if k := o.Entity.Kind; o.Suppressed == "" && (k == intel.Actor || k == intel.Malware || k == intel.Tool) {
					got = append(got, stretch{o.Offset, o.Offset + o.Length})
				}
			}
			c.stretches(t, split == "train", r, got, known)
			told := map[stretch]bool{}
			for _, g := range got {
				if split == "train" || told[g] || meets(r.names, g) {
					continue
				}
				told[g] = true
				switch key := (gap{Report: reportID(r.text), Offset: g.from, Name: r.text[g.from:g.to]}); judged[key] {
				case "mention":
					left++
				case "":
					t.Logf("not judged yet: %+v in %q", key, around(r.text, g))
				}
			}
		}
		t.Logf("%s: precision %.3f, recall %.3f, %+v", split, c.precision(), c.recall(), c)
		if split == "dev" {
			p := float64(c.right+left) / float64(c.right+c.wrong)
			t.Logf("dev, with the %d mentions that annotators left out: precision %.3f", left, p)
			if p < 0.95 {
				t.Error("want 0.95")
			}
		}
		if c.recall() < 0.90 || split == "dev" && c.precision() < 0.80 {
			t.Errorf("%s: precision %.3f, recall %.3f; want 0.80 and 0.90", split, c.precision(), c.recall())
		}
	}
}

// stretches compares the places found with those labelled. A place that
// overlaps a label is right; a label that no place overlaps is missed if its
// name is known.
func (c *tally) stretches(t *testing.T, tell bool, r labelled, got []stretch, known map[string]bool) {
	seen := map[stretch]bool{}
	for _, g := range got {
		if seen[g] {
			continue
		}
		seen[g] = true
		if meets(r.names, g) {
			c.right++
			continue
		}
		c.wrong++
		if tell {
			t.Logf("wrong  %q in %q", r.text[g.from:g.to], around(r.text, g))
		}
	}
	for _, n := range r.names {
		name := r.text[n.from:n.to]
		if known[intel.Compact(name)] && !meets(got, n) {
			c.missed++
			if tell {
				t.Logf("missed %q in %q", name, around(r.text, n))
			}
		}
	}
}

func meets(list []stretch, s stretch) bool {
	for _, o := range list {
		if o.overlaps(s) {
			return true
		}
	}
	return false
}

func around(text string, s stretch) string {
	return text[max(0, s.from-50):min(len(text), s.to+50)]
}
