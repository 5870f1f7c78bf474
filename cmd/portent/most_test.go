package main

import (
	"fmt"
	"strings"
	"testing"
)

func TestATextHasTheFirstRowsAndTellsHowToGetTheRest(t *testing.T) {
	t.Parallel()
	var list strings.Builder
	list.WriteString("indicator,type,actor,date\n")
	for i := range 5 {
		fmt.Fprintf(&list, "45.134.21.%d,ip,Cold Lynx,2026-02-18\n", 8+i)
	}
	db := newStore(t)
	imported(t, db, "2026-02-20", "feed", "feed.csv", list.String())
	imported(t, db, "2026-02-20", "second", "second.csv", "indicator,type,actor,date\n45.134.21.12,ip,Cold Lynx,2026-02-17\n")
	profile := func(args ...string) string {
		t.Helper()
		return printed(t, exitDone, append([]string{"--db", db, "--now", "2026-02-20", "profile", "Cold Lynx"}, args...)...)
	}
	const rest = "There are 3 more IOC items of a lower probability; --all prints them."
	text, whole := profile("--rows", "2"), profile()
	_, first, _ := strings.Cut(whole, "\n1 | 45.134.21.")
	first, _, _ = strings.Cut(first, "\n3 | ")
	if n := strings.Count(text, " | 45.134.21."); n != 2 || !strings.Contains(text, "\n1 | 45.134.21."+first+"\n") || !strings.Contains(text, rest) {
		t.Errorf("%d rows; want 2, the first of all, and %q:\n%s", n, rest, text)
	}
	if n := strings.Count(whole, " | 45.134.21."); n != 5 || strings.Contains(whole, "--all") {
		t.Errorf("%d rows; want all 5 where there are few:\n%s", n, whole)
	}
	if profile("--rows", "2", "--all") != whole {
		t.Error("--all is not whole")
	}
	for _, of := range [][]string{{"--format", "json"}, {"--json"}, {"--format", "stix"}, {"--preview", "3"}} {
		if few := profile(append(of, "--rows", "2")...); few != profile(of...) || strings.Contains(few, "--all") {
			t.Errorf("%v is not whole", of)
		}
	}
}
