package reference

import (
	"maps"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// realData is the folder of real data, which CI always has.
func realData(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("PORTENT_DATA")
	if dir == "" {
		dir = "../../../shared/data"
	}
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("CI needs the real data: %v", err)
		}
		t.Skip("no real data here")
	}
	return dir
}

func TestEveryPackIsReadFromRealData(t *testing.T) {
	fsys := os.DirFS(realData(t))
	atLeast := map[string]int{"attack": 1800, "actors": 5000, "warninglists": 100, "kev": 1000, "epss": 200_000, "cve": 40_000}
	for _, name := range PackNames() {
		start := time.Now()
		p, err := Read(t.Context(), fsys, name)
		if err != nil {
			t.Errorf("read %s: %v", name, err)
			continue
		}
		t.Logf("%s %s: %d items, %v", name, p.Version, len(p.Items), time.Since(start).Round(time.Millisecond))
		if len(p.Items) < atLeast[name] {
			t.Errorf("%s has %d items, want at least %d", name, len(p.Items), atLeast[name])
		}
		if p.Version == "" || len(p.Digest) != 64 || p.Licence == "" || p.Publisher == "" {
			t.Errorf("%s lacks version, digest or attribution: %q %q %q %q", name, p.Version, p.Digest, p.Licence, p.Publisher)
		}
	}
}

// realSet builds the set of the real packs.
func realSet(t testing.TB) (*Set, []Pack) {
	t.Helper()
	fsys := os.DirFS(realData(t))
	var packs []Pack
	for _, name := range []string{"attack", "actors", "warninglists"} {
		packs = append(packs, load(t, fsys, name))
	}
	s, err := NewSet(packs...)
	if err != nil {
		t.Fatal(err)
	}
	return s, packs
}

func TestRealNamesMeetInOneEntity(t *testing.T) {
	s, _ := realSet(t)
	for name, want := range map[string]string{
		"actor:apt28": "actor:apt28", "actor:fancy-bear": "actor:apt28", "actor:strontium": "actor:apt28", "actor:forest-blizzard": "actor:apt28",
		"actor:sandworm": "actor:sandworm-team", "actor:apt38": "actor:apt38", "label:mountlocker": "actor:mount-locker", "label:lockbit": "actor:lockbit",
		"actor:sodinokibi": "actor:revil", "malware:sodinokibi": "malware:revil", "label:cobaltstrike": "malware:cobalt-strike", "label:emotet": "malware:emotet",
		"malware:mimikatz": "tool:mimikatz", "actor:astro-locker": "actor:astro-locker", "technique:T1193": "technique:T1566.001",
	} {
		c := s.Resolve(entity(t, name))
		if len(c) == 0 || c[0].Entity.String() != want {
			t.Errorf("%s resolves to %v, want %s first", name, c, want)
		}
	}
	for _, name := range []string{"label:phishing", "label:malware", "label:c2", "label:apt", "label:ransomware", "label:opendir", "label:stealer", "label:trojan", "label:android"} {
		if c := s.Resolve(entity(t, name)); c != nil {
			t.Errorf("%s resolves to %v, want nothing", name, c)
		}
	}
}

// sharedNames are the names that several MISP threat actors have, with the main
// names of those.
func sharedNames(s *Set) map[string][]string {
	owners := map[string][]string{}
	for _, g := range s.actors.groups {
		for _, m := range g.members {
			if m.list != "misp threat-actor" {
				continue
			}
			for _, n := range append(m.names, m.title) {
				if key := intel.Compact(n); key != "" && !slices.Contains(owners[key], m.title) {
					owners[key] = append(owners[key], m.title)
				}
			}
		}
	}
	maps.DeleteFunc(owners, func(_ string, who []string) bool { return len(who) < 2 })
	return owners
}

func TestANameThatActorsOfAListShareReturnsThemAll(t *testing.T) {
	s, _ := realSet(t)
	shared := sharedNames(s)
	right := 0
	for _, name := range sortedKeys(shared) {
		distinct := map[intel.Entity]bool{}
		candidates := s.Resolve(intel.Entity{Kind: intel.Actor, Name: name})
		for _, owner := range shared[name] {
			for _, c := range candidates {
				if slices.ContainsFunc(s.groups[c.Entity].members, func(m *entry) bool { return m.list == "misp threat-actor" && m.title == owner }) {
					distinct[c.Entity] = true
				}
			}
		}
		if len(distinct) == len(shared[name]) {
			right++
		} else {
			t.Errorf("%s is of %q, resolves to %v", name, shared[name], candidates)
		}
	}
	t.Logf("names that several MISP actors share: precision %.3f (%d of %d return all)", float64(right)/float64(max(len(shared), 1)), right, len(shared))
	if len(shared) < 20 {
		t.Errorf("%d names are shared, want about 25", len(shared))
	}
}

func TestNoTwoActorsOfAListAreFoldedIntoOne(t *testing.T) {
	s, _ := realSet(t)
	for _, g := range s.actors.groups {
		mains := map[string]bool{}
		for _, m := range g.members {
			if m.list == "misp threat-actor" {
				mains[intel.Compact(m.title)] = true
			}
		}
		if len(mains) > 1 {
			t.Errorf("%s is made of %v", g.entity, sortedKeys(mains))
		}
	}
}

func TestWeaknessesLeadToLiveTechniques(t *testing.T) {
	s, _ := realSet(t)
	for id, w := range s.weaknesses {
		for _, technique := range w.techniques {
			if tech, ok := s.Technique(technique); !ok || tech.Revoked || tech.Deprecated {
				t.Errorf("%s leads to %s, which is not a live technique", id, technique)
			}
		}
	}
}

// The service holds two sets while it changes packs, on two gigabytes.
func TestTheRealSetIsSmall(t *testing.T) {
	var before, after runtime.MemStats
	_, packs := realSet(t)
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := time.Now()
	s, err := NewSet(packs...)
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(start)
	runtime.GC()
	runtime.ReadMemStats(&after)
	size := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) >> 20
	t.Logf("%d names, %d MB, %v", len(s.Names()), size, took)
	if size > 120 {
		t.Errorf("the set takes %d MB, want at most 120", size)
	}
	runtime.KeepAlive(packs)
}

func BenchmarkNewSet(b *testing.B) {
	_, packs := realSet(b)
	for b.Loop() {
		if _, err := NewSet(packs...); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNewSetWithoutPacks(b *testing.B) {
	for b.Loop() {
		if _, err := NewSet(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBenign(b *testing.B) {
	s, _ := realSet(b)
	for _, value := range []string{"ipv4:45.134.21.8", "domain:a.long.name.of-nobody.test1", "url:https://a.of-nobody.test1/path/x.php?id=1", "email:someone@of-nobody.test1",
		"sha256:0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f"} {
		e := entity(b, value)
		b.Run(string(e.Kind), func(b *testing.B) {
			for b.Loop() {
				s.Benign(e)
			}
		})
	}
}

func BenchmarkResolve(b *testing.B) {
	s, _ := realSet(b)
	e := entity(b, "actor:fancy-bear")
	for b.Loop() {
		s.Resolve(e)
	}
}
