package main

import (
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
)

func TestATerminalIsToldToColourAndNothingElse(t *testing.T) {
	text := "nothing here\nbad\x1b[31m192.0.2.7\x07 and evil.example\nend"
	at := func(e intel.Kind, name, suppressed string) intel.Observation {
		return intel.Observation{Entity: intel.Entity{Kind: e, Name: name}, Offset: strings.Index(text, name), Length: len(name), Text: name, Suppressed: suppressed}
	}
	var b strings.Builder
	if err := paint(&b, text, []intel.Observation{at(intel.IPv4, "192.0.2.7", ""), at(intel.Domain, "evil.example", "reserved")}, nil); err != nil {
		t.Fatal(err)
	}
	want := "bad\\u001b[31m\x1b[1;31m192.0.2.7\x1b[0m\\u0007 and \x1b[2mevil.example\x1b[0m\n" +
		"\x1b[1;31m      21  ipv4:192.0.2.7\x1b[0m\n\x1b[2m      36  domain:evil.example  (set aside: reserved)\x1b[0m\n"
	if b.String() != want {
		t.Errorf("got  %q\nwant %q", b.String(), want)
	}
}

func TestFragmentsNameTheirFlaw(t *testing.T) {
	at := intel.Observation{Entity: intel.Entity{Kind: intel.File, Name: "/foo.php"}, Offset: 30}
	flaw := intel.Entity{Kind: intel.Vulnerability, Name: "CVE-2099-0001"}
	f := flawsOf([]intel.Evidence{
		{Link: intel.Link{From: flaw, Relation: intel.Affects, To: at.Entity}, Offset: 30},
		{Link: intel.Link{From: flaw, Relation: intel.Affects, To: intel.Entity{Kind: intel.Product, Name: "a/b"}}, Offset: 50},
	})
	if line := described(at, f.of(at)); line != "      30  file:/foo.php  (of CVE-2099-0001)" || len(f) != 1 {
		t.Errorf("got %q of %v", line, f)
	}
	if at.Offset = 80; f.of(at) != "" {
		t.Error("the same fragment elsewhere has the flaw too")
	}
}
