package main

import (
	"strings"
	"testing"
)

func TestBeliefFadesInAStoreThatNobodyServes(t *testing.T) {
	onEachStore(t, func(t *testing.T, db string) {
		for _, source := range []string{"vendora", "vendorb"} {
			list := file(t, source+".csv", []byte("indicator,type,malware,date\n45.134.21.77,ipv4,Cobalt Strike,2023-06-0"+map[string]string{"vendora": "1", "vendorb": "8"}[source]+"\n"))
			printed(t, exitDone, "--db", db, "--now", "2023-06-10", "import", "--as", "csv", "--source", source, "--reliability", "A", list)
		}
		read := func(flags ...string) string {
			return printed(t, exitDone, append(append([]string{"--db", db}, flags...), "lookup", "45.134.21.77")...)
		}
		if text := read("--now", "2023-06-10"); !strings.Contains(text, "(High 0.9") {
			t.Fatal(text)
		}
		then, late := read("--now", "2026-11-27", "--as-of", "2026-11-27"), read("--now", "2026-11-27")
		for _, text := range []string{then, late, printed(t, exitDone, "--db", db, "--now", "2026-11-28", "profile", "Cobalt Strike")} {
			if !strings.Contains(text, "Low") || strings.Contains(text, "High 0.9") {
				t.Error(text)
			}
		}
		if text := read("--now", "2023-06-11"); !strings.Contains(text, "(High 0.9") {
			t.Errorf("what a clock that was ahead left: %s", text)
		}
	})
}

func TestAVulnerabilityOfACatalogueHasAProfileBeforeADocumentNamesIt(t *testing.T) {
	dir, db := dataDir(t), newStore(t)
	printed(t, exitDone, "--db", db, "-q", "sync", "--from", dir, "kev")
	for _, as := range [][]string{{"profile", "CVE-2021-44228"}, {"profile", "cve-2021-44228", "--preview", "1"}} {
		if text := printed(t, exitDone, append([]string{"--db", db}, as...)...); !strings.Contains(text, "listed by CISA on 2021-12") {
			t.Error(text)
		}
	}
	printed(t, exitFailed, "--db", db, "profile", "CVE-2099-44228")
	printed(t, exitFailed, "--db", db, "--as-of", "2021-01-01", "profile", "CVE-2021-44228")
}
