package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/figures"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
	"github.com/portent-cti/portent/internal/reference"
	"github.com/portent-cti/portent/internal/store"
)

// A listing is an actor as one list has it.
type listing struct {
	title string
	names map[string]bool // compact, the title and ID too
}

// actorLists are the galaxies that name actors; ATT&CK's is in the attack pack
// too.
func actorLists() []string {
	return []string{"mitre-intrusion-set", "threat-actor", "microsoft-activity-group", "ransomware"}
}

// listings reads the lists of actors, by list.
func listings(t *testing.T, dir string) map[string][]listing {
	t.Helper()
	p, err := reference.Read(t.Context(), os.DirFS(dir), "actors")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]listing{}
	for _, it := range p.Items {
		var c reference.Cluster
		if err := json.Unmarshal(it.Body, &c); err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(actorLists(), c.Galaxy) || c.Galaxy == "ransomware" && !c.Group {
			continue
		}
		l := listing{c.Value, map[string]bool{}}
		for _, n := range append(c.Synonyms, c.Value, c.ID) {
			l.names[intel.Compact(n)] = true
		}
		delete(l.names, "")
		out[c.Galaxy] = append(out[c.Galaxy], l)
	}
	return out
}

// A said alias is one name of an alias line.
type saidAlias struct{ file, name string }

var aliasLine = regexp.MustCompile(`(?im)^# *alias(?:es)? *:(.*)$`)

// aliasLines reads Maltrail's alias lines, and writes files that hold nothing
// else to a folder.
func aliasLines(t *testing.T, dir string) (said []saidAlias, lines string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "maltrail", "apt_*.txt"))
	if err != nil || len(files) < 300 {
		t.Fatalf("%d files of Maltrail: %v", len(files), err)
	}
	lines = t.TempDir()
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		kept := ""
		for _, m := range aliasLine.FindAllSubmatch(text, -1) {
			kept += "# Aliases:" + string(m[1]) + "\n"
			for name := range strings.SplitSeq(string(m[1]), ",") {
				name, _, _ = strings.Cut(name, "(")
				if name = strings.TrimSpace(name); intel.Compact(name) != "" {
					said = append(said, saidAlias{filepath.Base(f), name})
				}
			}
		}
		if kept != "" {
			if err := os.WriteFile(filepath.Join(lines, filepath.Base(f)), []byte(kept), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return said, lines
}

// A world is a store of packs and alias lines, as a reader sees it.
type world struct {
	ed  *pipeline.Editor
	set *reference.Set
}

// worldWithout syncs all packs of actors but one list, and imports alias lines.
func worldWithout(t *testing.T, dir, list, lines string) world {
	t.Helper()
	from := t.TempDir()
	galaxies, err := filepath.Glob(filepath.Join(dir, "misp-galaxy", "clusters", "*.json"))
	if err != nil || len(galaxies) == 0 {
		t.Fatalf("galaxies: %v", err)
	}
	attack := list == "mitre-intrusion-set"
	for _, f := range galaxies {
		if base := strings.TrimSuffix(filepath.Base(f), ".json"); base == list {
			continue
		}
		copyTo(t, f, filepath.Join(from, "misp-galaxy", "clusters", filepath.Base(f)))
	}
	args := []string{"actors"}
	if !attack {
		bundles, _ := filepath.Glob(filepath.Join(dir, "attack", "*.json.gz"))
		for _, f := range bundles {
			copyTo(t, f, filepath.Join(from, "attack", filepath.Base(f)))
		}
		args = append(args, "attack")
	}
	db := newStore(t)
	printed(t, exitDone, append([]string{"--db", db, "-q", "sync", "--from", from}, args...)...)
	printed(t, exitDone, "--db", db, "-q", "import", lines)
	kept, err := store.Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kept.Close() })
	a := newApp(&cli{Quiet: true}, nil, io.Discard, io.Discard)
	a.db = kept
	set, err := a.reference(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return world{&pipeline.Editor{DB: kept, Reference: func() *reference.Set { return set }}, set}
}

func copyTo(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// whom returns whom the world says a name means.
func (w world) whom(t *testing.T, name string) []pipeline.Match {
	t.Helper()
	matches, err := w.ed.Lookup(t.Context(), intel.Everything(), name)
	if err != nil && !errors.Is(err, intel.ErrNotFound) {
		t.Fatal(err)
	}
	return matches
}

// twins returns whom the world has for the actor of a listing: those that it and
// the listing call each other by a main name, and the one that most of the
// listing's names stand for. The name in question has no say, unless it is the
// main name of both.
func (w world) twins(t *testing.T, l listing, asked string) map[intel.Entity]bool {
	t.Helper()
	out := map[intel.Entity]bool{}
	votes := map[intel.Entity]float64{}
	for n := range l.names {
		main := n == intel.Compact(l.title)
		for _, c := range w.set.Resolve(intel.Entity{Kind: intel.Actor, Name: n}) {
			own := intel.Compact(w.set.Title(c.Entity))
			if main && own == n || n != asked && (main || own == n) {
				out[c.Entity] = true
			}
			if n != asked {
				votes[c.Entity] += c.Share
			}
		}
	}
	var best intel.Entity
	for e, n := range votes {
		if d := cmp.Compare(n, votes[best]); d > 0 || d == 0 && e.Name < best.Name {
			best = e
		}
	}
	out[best] = len(votes) > 0
	return out
}

// right reports whether a match is the actor of a listing.
func (w world) right(t *testing.T, l listing, asked string) func(pipeline.Match) bool {
	t.Helper()
	twins := w.twins(t, l, asked)
	return func(m pipeline.Match) bool {
		own := intel.Compact(m.Entity.Name)
		return twins[m.Entity] || own == intel.Compact(l.title) || own != asked && l.names[own]
	}
}

// A tally counts what was asked and what was answered right.
type tally struct{ right, all int }

func (c *tally) add(right bool) {
	c.all++
	if right {
		c.right++
	}
}

func (c tally) share() float64 { return float64(c.right) / float64(max(c.all, 1)) }

// knownIn tells in which lists each name stands.
func knownIn(lists map[string][]listing) map[string][]string {
	in := map[string][]string{}
	for _, list := range actorLists() {
		for _, l := range lists[list] {
			for n := range l.names {
				if !slices.Contains(in[n], list) {
					in[n] = append(in[n], list)
				}
			}
		}
	}
	return in
}

// In turn, each list that names actors is left out, and is the truth: what it
// says of a name that other lists know too must be among what they say. A name
// that no other list knows has but the alias lines to go by, which no pack made
// and which often differ; of those the share is told and little is asked.
func TestAliasesResolveWithoutThePackTheyStandIn(t *testing.T) {
	t.Parallel()
	figures.Only(t)
	dir := dataDir(t)
	lists := listings(t, dir)
	in := knownIn(lists)
	said, lines := aliasLines(t, dir)
	var known, alone tally
	for _, list := range actorLists() {
		w := worldWithout(t, dir, list, lines)
		seen := map[string]bool{}
		for _, a := range said {
			key := intel.Compact(a.name)
			if seen[key] || !slices.Contains(in[key], list) {
				continue
			}
			seen[key] = true
			got := w.whom(t, a.name)
			ok := slices.ContainsFunc(lists[list], func(l listing) bool { return l.names[key] && slices.ContainsFunc(got, w.right(t, l, key)) })
			if len(in[key]) == 1 {
				alone.add(ok)
				continue
			}
			if known.add(ok); !ok {
				t.Logf("without %s: %s of %s is %v", list, a.name, a.file, got)
			}
		}
	}
	t.Logf("aliases without the list they stand in: precision %.3f (%d of %d); that stand in no other: %d of %d", known.share(), known.right, known.all, alone.right, alone.all)
	if known.all < 250 || known.share() < 0.95 || alone.share() < 0.5 {
		t.Errorf("%.3f of %d names are right, want 0.95; %.3f that stand in no other list, want 0.5", known.share(), known.all, alone.share())
	}
}

func TestAliasLinesOfSeveralActorsMergeNone(t *testing.T) {
	t.Parallel()
	figures.Only(t)
	dir := dataDir(t)
	actors := listings(t, dir)["threat-actor"]
	said, lines := aliasLines(t, dir)
	w := worldWithout(t, dir, "", lines)
	spanned := map[string][]listing{} // by file, the MISP actors that its line names
	for _, a := range said {
		for _, l := range actors {
			if l.names[intel.Compact(a.name)] && !slices.ContainsFunc(spanned[a.file], func(o listing) bool { return o.title == l.title }) {
				spanned[a.file] = append(spanned[a.file], l)
			}
		}
	}
	several, merged := 0, 0
	for file, spans := range spanned {
		if len(spans) < 2 {
			continue
		}
		several++
		is := map[intel.Entity]string{}
		for _, l := range spans {
			got := w.whom(t, "actor:"+l.title)
			want := w.set.Resolve(intel.NewEntity(intel.Actor, l.title))
			if len(got) == 0 || len(want) != len(got) || got[0].Entity != want[0].Entity {
				t.Errorf("%s moved %s from %v to %v", file, l.title, want, got)
				continue
			}
			if other, taken := is[got[0].Entity]; taken {
				merged++
				t.Errorf("%s: %s and %s are both %s", file, other, l.title, got[0].Entity)
			}
			is[got[0].Entity] = l.title
		}
	}
	t.Logf("alias lines of several MISP actors: %d, pairs merged by them: %d (precision %.3f)", several, merged, 1-float64(merged)/float64(max(several, 1)))
	if several < 20 {
		t.Errorf("only %d lines span several actors", several)
	}
}
