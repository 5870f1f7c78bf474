package sophos

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/intel"
)

func TestContract(t *testing.T) { collecttest.Run(t, Connector, "testdata/*.txtar") }

func TestSubjectIsToldByTheFileName(t *testing.T) {
	for _, c := range []struct{ file, title, want, wording string }{
		{"Ransomware-ColdLynx", "IoCs related to Cold Lynx ransomware", "actor:cold-lynx", "Cold Lynx"},
		{"Ransom-Coldlynx_20260412", "", "actor:coldlynx", "Coldlynx"},
		{"Troj-Agent-XYZ", "Things", "malware:agent-xyz", "Agent XYZ"},
		{"malware-MyKeys-v2", "", "malware:mykeys", "MyKeys"},
		{"2026-12 Lynx followup", "", "label:lynx", "Lynx"},
		{"---", "", "label:unnamed", "---"},
	} {
		e, wording := subject(c.file, c.title)
		if e.String() != c.want || wording != c.wording {
			t.Errorf("subject(%q, %q) = %s %q, want %s %q", c.file, c.title, e, wording, c.want, c.wording)
		}
	}
}

func TestNotesYieldNamesOnly(t *testing.T) {
	for note, want := range map[string]string{
		"Cobalt Strike": "Cobalt Strike", "Mount Lynx ransomware DLL": "Mount Lynx", "x64.exe (PhantomLynx)": "PhantomLynx",
		"Ransom note": "", "RDP backdoor": "", "C2 server": "", "": "", "Named with random 16-digit string": "", "download server": "",
	} {
		got := ""
		for _, n := range names(note) {
			got += n.name
		}
		if got != want {
			t.Errorf("note %q names %q, want %q", note, got, want)
		}
	}
}

func TestRealReportNamesItsActorAndAddresses(t *testing.T) {
	docs, rejects := collecttest.Real(t, Connector, "sophos/Ransomware-AstroLocker.csv")
	if len(docs) != 1 || len(rejects) != 0 {
		t.Fatalf("got %d documents and rejects %q, want one and none", len(docs), rejects)
	}
	actor, found := intel.NewEntity(intel.Actor, "Astro Locker"), map[intel.Kind]int{}
	for _, c := range docs[0].Claims {
		if c.Object == actor {
			found[c.Subject.Kind]++
		}
	}
	want := map[intel.Kind]int{intel.IPv4: 4, intel.Domain: 5, intel.SHA256: 2, intel.Command: 7, intel.Filename: 3, intel.Service: 4, intel.ScheduledTask: 3}
	for kind, n := range want {
		if found[kind] != n {
			t.Errorf("got %d of kind %s, want %d", found[kind], kind, n)
		}
	}
	if got := docs[0].Published.Format("2006-01-02"); got != "2021-03-31" {
		t.Errorf("published %s, want the day in the report's URL", got)
	}
}

func TestAllRealFilesAreRead(t *testing.T) {
	root := collecttest.DataDir(t)
	files, err := filepath.Glob(filepath.Join(root, "sophos", "*.csv"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	claims, rejected := 0, 0
	for _, f := range files {
		head, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if !recognise(nil, "", head) {
			t.Logf("not recognised: %s", filepath.Base(f))
			continue
		}
		docs, rejects := collecttest.Real(t, Connector, "sophos/"+filepath.Base(f))
		for _, d := range docs {
			claims += len(d.Claims)
		}
		rejected += len(rejects)
		if len(docs) != 1 || len(rejects) > 0 {
			t.Logf("%s: %d documents, rejects %q", filepath.Base(f), len(docs), rejects)
		}
	}
	t.Logf("%d claims, %d rejected", claims, rejected)
	if claims < 11000 || rejected > 100 {
		t.Errorf("got %d claims and %d rejected, want at least 11000 and at most 100", claims, rejected)
	}
}

func FuzzDocument(f *testing.F) {
	f.Add([]byte("Indicator_type,Data,Note\ndomain,192.0.2.1 ,Cobalt Strike\n"))
	f.Add([]byte("#Lynx\n192.0.2.1\n"))
	f.Fuzz(func(_ *testing.T, text []byte) {
		s := source{collect.Env{ID: "fuzz"}, "Ransomware-ColdLynx.csv"}
		s.document(text)
	})
}
