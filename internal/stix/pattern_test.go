package stix

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
)

func TestPatternsNameWhatEqualsAValue(t *testing.T) {
	for pattern, want := range map[string][]string{
		`[ipv4-addr:value = '192.0.2.1']`:                                                      {"ipv4:192.0.2.1"},
		`[ ipv4-addr:value='192.0.2.1' OR domain-name:value == 'C2.example' ]`:                 {"ipv4:192.0.2.1", "domain:c2.example"},
		`[ipv4-addr:value IN ('192.0.2.1', '192.0.2.2')]`:                                      {"ipv4:192.0.2.1", "ipv4:192.0.2.2"},
		`[file:hashes.'SHA-1' = 'DA39A3EE5E6B4B0D3255BFEF95601890AFD80709' AND file:size = 5]`: {"sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709"},
		`[file:hashes."MD5" = 'd41d8cd98f00b204e9800998ecf8427e']`:                             {"md5:d41d8cd98f00b204e9800998ecf8427e"},
		`([url:value = 'http://a.example/?q=\'x\'&p=\\'] FOLLOWEDBY [mutex:name = 'm']) WITHIN 300 SECONDS`: {
			`url:http://a.example/?q='x'&p=\`, "mutex:m"},
		`[autonomous-system:number = 64500]`:                                                     {"asn:AS64500"},
		`[url:value != 'http://a.example/']`:                                                     nil,
		`[url:value NOT = 'http://a.example/' AND url:value NOT IN ('http://b.example/')]`:       nil,
		`[url:value LIKE 'http://a.example/?ipv4-addr:value=\'192.0.2.1\'']`:                     nil,
		`[email-message:from_ref.value = 'a@b.example']`:                                         nil,
		`[network-traffic:dst_ref.value = '192.0.2.1' AND network-traffic:protocols[*] = 'tcp']`: nil,
		`[x:y = 'a'] START t'2026-01-01T00:00:00Z' STOP t'2026-01-02T00:00:00Z'`:                 nil,
		`[url:value = 'no end`: nil,
		``:                     nil,
	} {
		var got []string
		for _, e := range new(Graph).pattern(pattern, unheard) {
			got = append(got, e.String())
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", pattern, got, want)
		}
	}
}

func TestPatternsAreReadAsWritten(t *testing.T) {
	for _, s := range []string{
		"ipv4:192.0.2.1", "ipv6:2001:db8::1", "domain:c2.example", "url:http://a.example/?q='x'&p=\\'", "email:o'hara@b.example",
		"md5:d41d8cd98f00b204e9800998ecf8427e", "sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709",
		"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "ssdeep:3:a+b/c:d", `filename:a' or ipv4-addr:value = '192.0.2.9`,
		`mutex:Global\x`, `registry-key:HKEY_LOCAL_MACHINE\Software\Run`, `command:cmd.exe /c "echo 'x'" > \\host\share`, "service:svc",
		"user-agent:Mozilla/5.0 (x) = [y]", "asn:AS64500",
	} {
		e, err := intel.ParseEntity(s)
		if err != nil {
			t.Fatal(err)
		}
		got := new(Graph).pattern(patternOf(e), unheard)
		if !slices.Equal(got, []intel.Entity{e}) {
			t.Errorf("%s was written as %s and read as %v", e, patternOf(e), got)
		}
	}
}

func TestPatternsEscapeQuotesAndBackslashes(t *testing.T) {
	got := patternOf(intel.Entity{Kind: intel.Mutex, Name: `a\b'c\`})
	if want := `[mutex:name = 'a\\b\'c\\']`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestWhatHasNoWordHasNoPattern(t *testing.T) {
	for _, e := range []intel.Entity{{Kind: intel.Bitcoin, Name: "bc1q"}, {Kind: intel.JA3, Name: "x"}, {Kind: intel.ASN, Name: "AS1 OR x"}, {Kind: intel.CIDR, Name: "'"}, {Kind: intel.Actor, Name: "x"}} {
		if got := patternOf(e); got != "" {
			t.Errorf("%s: got %s", e, got)
		}
	}
}

func TestWhatIsNoValueOfAPatternIsRejectedOnceByName(t *testing.T) {
	const bundle = `{"objects":[{"type":"malware","id":"m","name":"M"},{"type":"domain-name","id":"d","value":""},
		{"type":"indicator","id":"i","pattern":"[ipv4-addr:value = '999.1.1.1' OR ipv4-addr:value = '192.0.2.1' OR x:y = '999.1.1.2' OR ipv4-addr:value NOT = '999.1.1.3']"},
		{"type":"indicator","id":"j","pattern":"[url:value IN (%s)]"},
		{"type":"relationship","id":"r","relationship_type":"indicates","source_ref":"i","target_ref":"m"},
		{"type":"relationship","id":"s","relationship_type":"beacons-to","source_ref":"m","target_ref":"i"}]}`
	var got []string
	g := Graph{Reject: func(item string, reason error) { got = append(got, item+": "+reason.Error()) },
		Indicator: func(k intel.Kind, value string) (intel.Entity, error) {
			if value == "" || strings.HasPrefix(value, "999.") {
				return intel.Entity{}, fmt.Errorf("%q: %w", value, intel.ErrInvalid)
			}
			return intel.NewEntity(k, value), nil
		}}
	if err := g.Load(strings.NewReader(fmt.Sprintf(bundle, strings.Repeat("'http://a.example/',", maxValues+1)))); err != nil {
		t.Fatal(err)
	}
	for range g.Documents() {
		continue
	}
	if want := []string{`d: "": invalid`, `i: "999.1.1.1": invalid`, `j: more than 1000 values in a pattern: invalid`}; !slices.Equal(got, want) {
		t.Errorf("rejected %q, want %q", got, want)
	}
}

func FuzzPattern(f *testing.F) {
	f.Add("[ipv4-addr:value = '192.0.2.1' OR file:hashes.'SHA-256' NOT IN ('a\\'', 'b')]", "a'b\\")
	f.Add("a.'a.'a:", "")
	f.Fuzz(func(t *testing.T, pattern, value string) {
		new(Graph).pattern(pattern, unheard)
		e := intel.NewEntity(intel.Mutex, value)
		got := new(Graph).pattern(patternOf(e), unheard)
		if e.Name == "" {
			return
		}
		if len(got) != 1 || quote(got[0].Name) != quote(e.Name) {
			t.Errorf("%q was read as %q", e.Name, got)
		}
	})
}
