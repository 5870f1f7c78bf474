package extract_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/extract"
	"github.com/portent-cti/portent/internal/intel"
)

// TestTechniquesInReports reports what is found of the techniques that AnnoCTR's
// annotators linked in its reports (dev), by document: nearly all are told in
// words of the author's own, which no name or ID stands beside.
func TestTechniquesInReports(t *testing.T) {
	dir := filepath.Join(realData(t), "annoctr")
	b, err := os.ReadFile(filepath.Join(dir, "linking_mitre_only_dev.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	set := realSet(t)
	type document struct{ linked, named map[string]bool }
	gold := map[string]document{}
	for line := range strings.Lines(string(b)) {
		var m struct {
			Mention    string `json:"mention"`
			Link       string `json:"label_link"`
			Title      string `json:"label_title"`
			EntityType string `json:"entity_type"`
			Document   string `json:"document"`
		}
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		_, id, ok := strings.Cut(m.Link, "/techniques/")
		if m.EntityType != "TECHNIQUE" || !ok {
			continue
		}
		id = strings.ReplaceAll(id, "/", ".")
		if c := set.Resolve(intel.Entity{Kind: intel.Technique, Name: id}); len(c) > 0 {
			id = c[0].Entity.Name // in place of one that was revoked
		}
		if gold[m.Document].linked == nil {
			gold[m.Document] = document{map[string]bool{}, map[string]bool{}}
		}
		gold[m.Document].linked[id] = true
		_, last, _ := strings.Cut(m.Title, ": ")
		if said := strings.ToLower(m.Mention); strings.Contains(said, strings.ToLower(id)) || last != "" && strings.Contains(said, strings.ToLower(last)) || strings.Contains(said, strings.ToLower(m.Title)) {
			gold[m.Document].named[id] = true
		}
	}
	s := extract.New(set)
	all, named := tally{}, tally{}
	for name, g := range gold {
		text, err := os.ReadFile(filepath.Join(dir, "text", "dev", name+".txt"))
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]bool{}
		for _, o := range s.Observations(intel.Document{Text: string(text)}) {
			if o.Entity.Kind == intel.Technique && o.Suppressed == "" && !found[o.Entity.Name] {
				found[o.Entity.Name] = true
				if g.linked[o.Entity.Name] {
					all.right++
				} else {
					all.wrong++
					t.Logf("not linked %s: %s %q", name, o.Entity.Name, string(text)[max(0, o.Offset-40):o.Offset+o.Length+20])
				}
			}
		}
		for id := range g.linked {
			if !found[id] {
				all.missed++
			}
		}
		for id := range g.named {
			if found[id] {
				named.right++
			} else {
				named.missed++
				t.Logf("missed %s: %s", name, id)
			}
		}
	}
	t.Logf("techniques of %d reports: precision %.3f, recall %.3f, %+v; of those named as ATT&CK does: recall %.3f, %+v",
		len(gold), all.precision(), all.recall(), all, named.recall(), named)
	if named.right == 0 || named.recall() < 0.7 || all.recall() < 0.15 {
		t.Error("want seven of ten that are named as ATT&CK does, and 15 of 100 of all")
	}
}
