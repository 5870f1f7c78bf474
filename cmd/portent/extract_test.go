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
	if err := paint(&b, text, []intel.Observation{at(intel.IPv4, "192.0.2.7", ""), at(intel.Domain, "evil.example", "reserved")}); err != nil {
		t.Fatal(err)
	}
	want := "bad\\u001b[31m\x1b[1;31m192.0.2.7\x1b[0m\\u0007 and \x1b[2mevil.example\x1b[0m\n" +
		"\x1b[1;31m      21  ipv4:192.0.2.7\x1b[0m\n\x1b[2m      36  domain:evil.example  (set aside: reserved)\x1b[0m\n"
	if b.String() != want {
		t.Errorf("got  %q\nwant %q", b.String(), want)
	}
}
