package extract_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/extract"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/reference"
)

func scanner(tb testing.TB) *extract.Scanner {
	tb.Helper()
	set, err := reference.NewSet(
		reference.ActorsPack("1", []reference.Cluster{
			{Galaxy: "threat-actor", Value: "Cold Lynx", Synonyms: []string{"TG-4411", "霜猫"}},
			{Galaxy: "ransomware", Value: "Play", Group: true},
			{Galaxy: "mitre-malware", Value: "Nightbell", Malicious: true},
			{Galaxy: "target-information", Value: "Norway", ID: "NO"},
		}),
		reference.WarninglistsPack("1", []reference.List{
			{Name: "lifted", Type: "lifted", Values: []string{"192.0.2.0/24", "198.51.100.0/24", "2001:db8::/32", "example", "test"}},
			{Name: "sites", Type: "hostname", Attributes: []string{"hostname", "domain", "url"}, Values: []string{"shared-site.com"}},
			{Name: "resolvers", Type: "string", Values: []string{"9.9.9.9"}},
		}))
	if err != nil {
		tb.Fatal(err)
	}
	return extract.New(set)
}

func found(s *extract.Scanner, text string) []string {
	return live(s, intel.Document{Text: text})
}

// live is what a document mentions and is not set aside, each once.
func live(s *extract.Scanner, doc intel.Document) []string {
	var out []string
	for _, o := range s.Observations(doc) {
		if o.Suppressed == "" {
			out = append(out, o.Entity.String())
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestValuesAreFoundInEveryDisguise(t *testing.T) {
	s := scanner(t)
	for text, want := range map[string]string{
		"beacons to 192.0.2.7.":                      "ipv4:192.0.2.7",
		"192[.]0[.]2[.]7":                            "ipv4:192.0.2.7",
		"(192.0.2.7)":                                "ipv4:192.0.2.7",
		"192.0.2[.]7:8443":                           "ipv4:192.0.2.7 port:8443/tcp",
		"scan of 192.0.2.0/25 seen":                  "cidr:192.0.2.0/25",
		"c2[.]evil[.]example":                        "domain:c2.evil.example",
		"c2(dot)evil(dot)example":                    "domain:c2.evil.example",
		"c2\\.evil\\.example":                        "domain:c2.evil.example",
		"hxxps://c2[.]evil[.]example/a?b=1":          "domain:c2.evil.example url:https://c2.evil.example/a?b=1",
		"hxxp[:]//192.0.2.7/x":                       "ipv4:192.0.2.7 url:http://192.0.2.7/x",
		"mail ops[at]evil.example now":               "email:ops@evil.example",
		"at 2001:db8::5, too":                        "ipv6:2001:db8::5",
		"a41d8cd98f00b204e9800998ecf8427e":           "md5:a41d8cd98f00b204e9800998ecf8427e",
		"CVE-2099-1234, cve-2099-1234":               "vulnerability:CVE-2099-1234",
		"CVE 2099 12345":                             "vulnerability:CVE-2099-12345",
		"CVE\u20112099\u201112345":                   "vulnerability:CVE-2099-12345",
		"CWE-79 and T1059.001 and T1486":             "technique:T1059.001 technique:T1486 weakness:CWE-79",
		"the file /cgi-bin/login.cgi is affected":    "file:/cgi-bin/login.cgi",
		"GET /admin/x.php?user=1 HTTP/1.1":           "argument:user file:/admin/x.php",
		"argument \"cmd\" of it":                     "argument:cmd",
		"the parameter user_id allows":               "argument:user_id",
		"injection in the search parameter":          "argument:search",
		"injection in the password parameter":        "argument:password",
		"injection in the additional parameter":      "",
		"injection in the affected parameter":        "",
		"the parameter allows everything":            "",
		"library libfoo.so":                          "filename:libfoo.so library:libfoo.so",
		"give more worthwhile arguments":             "",
		"injection in the day parameter":             "argument:day",
		"in /Library/LaunchAgents/ of it":            "file:/Library/LaunchAgents/",
		"check: function() { a.getTime() }":          "",
		"the function parse() overflows":             "function:parse",
		"漏洞在参数 uid 中":                                "argument:uid",
		"over port 4455/tcp":                         "port:4455/tcp",
		"udp port 53":                                "port:53/udp",
		`writes C:\Windows\Temp\evil.dll`:            "filename:evil.dll",
		`sets HKLM\Software\Run`:                     `registry-key:HKLM\Software\Run`,
		"pay 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa":     "btc:1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
		"pay 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb":     "",
		"bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq": "btc:bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
		"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed": "eth:0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
		"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD": "",
		"Cold Lynx and cold-lynx and TG-4411":        "actor:cold-lynx actor:tg-4411",
		"霜猫攻击了挪威":                                    "actor:霜猫",
		"Play ransomware again":                      "actor:play malware:play",
		"we play Play at home":                       "",
		"from UNC4321 with love":                     "actor:unc4321",
		"drops Nightbell":                            "malware:nightbell",
		"targets in Norway":                          "country:NO",
		"opens invoice.pdf.js and not Node.js":       "filename:invoice.pdf.js",
	} {
		got := slices.DeleteFunc(found(s, text), func(e string) bool { return strings.HasPrefix(e, "country:") && !strings.Contains(text, "Norway") })
		if strings.Join(got, " ") != want {
			t.Errorf("%q: got %v, want %q", text, got, want)
		}
	}
}

func TestWhatIsNoIndicatorIsSetAsideWithAReason(t *testing.T) {
	s := scanner(t)
	for text, want := range map[string]string{
		"version 1.2.3.4 is out":           "version number",
		"upgrade to firmware 4.3.2.1 ":     "version number",
		"6.5.4.3 and earlier":              "version number",
		"mask 255.255.255.0":               "netmask",
		"ask 9.9.9.9 for it":               "public resolver",
		"at 10.1.2.3 inside":               "reserved range",
		"see [redacted]-listing.rar there": "redacted",
	} {
		os := s.Observations(intel.Document{Text: text})
		if len(os) != 1 || os[0].Suppressed == "" {
			t.Errorf("%q: got %+v, want one set aside as %s", text, os, want)
		}
	}
	for _, text := range []string{"OID 1.3.6.1.4.1.311", "section 1.2.3", "at 12.30.2024 12:30:59", "MAC 00:1a:2b:3c:4d:5e", "{3F2504E0-4F89-11D3-9A0C-0305E82C3301}", "e.g. this", "and/or"} {
		if got := found(s, text); len(got) != 0 {
			t.Errorf("%q: got %v, want nothing", text, got)
		}
	}
}

func TestWhatAMessageQuotesIsSetAside(t *testing.T) {
	doc := intel.Document{Genre: intel.Mail, Text: "Jo <jo@evil.com> wrote:\n> at 45.134.21.8 and 45.134.21.9\n\nNo, at 45.134.21.9 and 45.134.21.7."}
	got := map[string]int{}
	for _, o := range scanner(t).Observations(doc) {
		if o.Suppressed == "" {
			got[o.Entity.Name]++
		}
	}
	if len(got) != 2 || got["45.134.21.9"] != 1 || got["45.134.21.7"] != 1 {
		t.Errorf("%v", got)
	}
	doc.Text = doc.Text[:strings.Index(doc.Text, "No,")] + "fyi"
	for _, o := range scanner(t).Observations(doc) {
		if o.Suppressed == "quoted" {
			t.Errorf("%s is set aside of what is relayed", o.Entity)
		}
	}
	if doc.Genre = intel.Report; len(scanner(t).Observations(doc)) == 0 || scanner(t).Observations(doc)[0].Suppressed == "quoted" {
		t.Error("a report is read as a message")
	}
}

func TestProductsInDescriptionsOfFlawsAreNoFragments(t *testing.T) {
	s := scanner(t)
	for text, want := range map[string]string{
		"A flaw in the GraphQL endpoint allows it.":               "",
		"A flaw in the WebSocket endpoint allows it.":             "",
		"A flaw in the getUser endpoint allows it.":               "file:getUser",
		"OpenSSL buffer overflow in old versions.":                "",
		"LoadMaster command injection in old versions.":           "",
		"SetUserInfo command injection in old versions.":          "function:SetUserInfo",
		"by calling JavaScript, PowerShell, and WordPress.":       "",
		"by calling ToBuffer, ToString, or CharAt on the object.": "function:CharAt function:ToBuffer function:ToString",
		"A flaw in the function 'getUser":                         "",
		"A flaw of an unclosed quotation mark in \"verifyToken":   "",
	} {
		if got := strings.Join(live(s, intel.Document{Genre: intel.Advisory, Text: text}), " "); got != want {
			t.Errorf("%q gave %q, want %q", text, got, want)
		}
	}
}

func TestTheSignatureOfAMessageIsSetAside(t *testing.T) {
	for _, c := range []struct {
		genre intel.Genre
		line  string
		aside bool
	}{{intel.Report, "-- ", true}, {intel.Mail, "-- ", true}, {intel.Mail, "--", true}, {intel.Report, "--", false}} {
		for _, o := range scanner(t).Observations(intel.Document{Genre: c.genre, Text: "seen\n" + c.line + "\nops@team.example.ru"}) {
			if (o.Suppressed != "") != c.aside {
				t.Errorf("%s behind %q: %v is set aside for %q", c.genre, c.line, o.Entity, o.Suppressed)
			}
		}
	}
}

func TestTheDocumentsOwnSiteIsNavigation(t *testing.T) {
	for _, o := range scanner(t).Observations(intel.Document{URL: "https://blog.example/post", Text: "see https://blog.example/about and c2.evil.example"}) {
		if own := strings.Contains(o.Entity.Name, "blog.example"); own != (o.Suppressed != "") {
			t.Errorf("%v: set aside for %q", o.Entity, o.Suppressed)
		}
	}
}

func check(t *testing.T, text string, os []intel.Observation) {
	t.Helper()
	for _, o := range os {
		if o.Offset < 0 || o.Length <= 0 || o.Offset+o.Length > len(text) || text[o.Offset:o.Offset+o.Length] != o.Text {
			t.Fatalf("%q: observation %+v does not stand there", text, o)
		}
		if o.Entity.Name == "" || !o.Entity.Kind.Known() {
			t.Fatalf("%q: observation %+v is of nothing", text, o)
		}
	}
}

func FuzzObservations(f *testing.F) {
	for _, s := range []string{"hxxps://a[.]b.example/?x=1", "see д.рф now, Д.Рф and x.рф", "CVE\u20112099\u201112345", "argument 'x", "Argument' '", "1.1.1.1/33", "[[[.]]]", "霜猫 port 99999999999", "\xff\xfe://", "CVE 2099 1", "a@b@c.test",
		"HKLM\\", "C:\\a.dll\\", "input '", "'abcdef", "see (\"verifyToken", "in the function 'getUser", "0x" + strings.Repeat("a", 40), strings.Repeat("a.", 300),
		`192.0.2.7 - - [03/Mar/2026:12:11:09 +0000] "GET /a?b=<c HTTP/1.1" 200 5 "hxxp://a.example/" "霜猫 \"x\""`, `::1 - a [03/Mar/2026:12:11:09 +0000] "\x16" 1`} {
		f.Add(s)
	}
	s := scanner(f)
	f.Fuzz(func(t *testing.T, text string) {
		for _, genre := range []intel.Genre{intel.Report, intel.Advisory, intel.Log} {
			check(t, text, s.Observations(intel.Document{Genre: genre, Text: text}))
		}
		s.Observations(intel.Document{Genre: intel.Advisory, Title: text})
	})
}

// hostile is text that made other extractors hang.
func hostile() map[string]string {
	return map[string]string{
		"one letter": "a", "labels": "a.a.a.", "octets": "1.1.1.", "brackets": "(((", "disguises": "[.]", "nested": "[[.]", "base64": "QUJDREVGR0hJSktMTU5PUA",
		"schemes": "hxxp://", "ats": "a@", "dashes": "CVE-", "odd dashes": "CVE\u2011", "quotes": "argument '", "slashes": "/a", "cjk": "漢", "words": "cold ",
		"lines of a log": `192.0.2.7 - - [03/Mar/2026:12:11:09 +0000] "GET /?a=b HTTP/1.1" 1 2 "\"" "a.b.c"` + "\n", "quotation marks in a log": `192.0.2.7 - - [03/Mar/2026:12:11:09 +0000] "" "" "" ""`,
		"calls": "a() ", "names of functions": "set_a, ", "fields": "the First Name parameter ", "members": "a->b->c parameter ", "lists": "1.2.3.4, ", "cut digests": "1a2b3c4d1a2b3c4d1a2b3c4d1a2b\n", "cells": "1a2b3c4d1a2b \t|", "cut hosts": "a-\nb.com", "cut links": "http://a.com/b-\n", "labels of links": "http://a.com/b[", "commas": "http://a.com/b,",
		"brackets between": "1.1.1.1(a.com", "accounts": "a.b@1.1.1.1:", "texts of links": "a.b](http://a.b/", "escaped lines": `a.com\n`, "escaped slashes": `a.com\/`, "URLs in URLs": "http://a.com/http://b.com/?u=", "shares": `\\1.1.1.1\a.exe`, "products": "Ab 1.2.0.4 ", "letters": "a\nbest regards,\n", "numbers of flaws": "CVE-2021-1234,-",
		"encoded": "a.b%2e%3a+", "encoded queries": "http://a.com/?a=1.1.1.1%20&", "encoded commands": "?a=1.1.1.1+;", "parts of digests": "\t1a2b3c4d1a2b3c4d 1a2b3c4d1a2b3c4d\n", "labelled digests": "MD5 1a2b3c4d ", "path parameters": "/a..;/", "field separators": "a.b${IFS}",
		"agents": `UA "a/b", `, "services": "sc create a binpath ", "hosts behind hyphens": "http://a-\n", "links of labels": "[a]: http://a.com\n", "ligatures": "\uFB00.com",
	}
}

func TestHostileTextCostsNoMoreThanItsLength(t *testing.T) {
	s := scanner(t)
	for _, advisory := range []bool{false, true} {
		for name, unit := range hostile() {
			last := 0
			for _, size := range []int{64 << 10, 128 << 10, 256 << 10, 512 << 10} {
				steps := extract.Steps(s, strings.Repeat(unit, size/len(unit)), advisory)
				if last > 0 && steps > 2*last+last/20 || steps > 400*size {
					t.Errorf("%s, advisory %t: %d steps for %d bytes, %d for half of them", name, advisory, steps, size, last)
				}
				last = steps
			}
		}
	}
}

func BenchmarkHostile(b *testing.B) {
	s := scanner(b)
	for name, unit := range hostile() {
		text := strings.Repeat(unit, 1<<20/len(unit))
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				s.Observations(intel.Document{Text: text})
			}
		})
	}
}

func BenchmarkObservations(b *testing.B) {
	s := scanner(b)
	text := strings.Repeat("On 4 March Cold Lynx used hxxps://c2[.]evil[.]example/gate.php and 192[.]0[.]2[.]7 against ministries; the loader Nightbell (a41d8cd98f00b204e9800998ecf8427e) "+
		"exploits CVE-2099-1234 in the file /cgi-bin/login.cgi. The rest of this report is prose that says little, as reports do, at some length and without haste.\n", 3000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		s.Observations(intel.Document{Text: text})
	}
}

func TestSoftwareInDescriptionsOfFlawsIsNoMalware(t *testing.T) {
	s := scanner(t)
	kinds := func(text string) (names []string) {
		for _, o := range s.Observations(intel.Document{Genre: intel.Advisory, Text: text}) {
			names = append(names, o.Entity.String())
		}
		return names
	}
	if got := kinds("A flaw in Nightbell 4.2 lets users read files."); len(got) != 0 {
		t.Errorf("found %q", got)
	}
	if got := kinds("Seen with the Nightbell ransomware. Nightbell is new."); len(got) != 2 {
		t.Errorf("found %q", got)
	}
}
