package reference

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"net/netip"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/portent-cti/portent/internal/intel"
)

const bundle = `{"type":"bundle","id":"bundle--1","objects":[
	{"type":"x-mitre-collection","id":"c--1","x_mitre_version":"%V"},
	{"type":"attack-pattern","id":"ap--1","name":"Odd Door","description":"Adversaries may use [odd doors](https://x.example). More.(Citation: A) Last.",
	 "external_references":[{"source_name":"mitre-attack","external_id":"T9001","url":"https://x.example/T9001"}],
	 "kill_chain_phases":[{"kill_chain_name":"mitre-attack","phase_name":"persistence"}]},
	{"type":"attack-pattern","id":"ap--2","name":"Older Door","revoked":true,"external_references":[{"source_name":"mitre-attack","external_id":"T9000"}]},
	{"type":"intrusion-set","id":"is--1","name":"Cold Lynx","aliases":["Cold Lynx","Grey Heron"],"description":"Lynxes of the U.S. Army. They hunt.",
	 "external_references":[{"source_name":"mitre-attack","external_id":"G9001"}]},
	{"type":"intrusion-set","id":"is--2","name":"Dim Otter","aliases":["Dim Otter"],"external_references":[{"source_name":"mitre-attack","external_id":"G9002"}]},
	{"type":"malware","id":"m--1","name":"FrostBite","x_mitre_aliases":["FrostBite","Nipper"],"external_references":[{"source_name":"mitre-attack","external_id":"S9001"}]},
	{"type":"campaign","id":"c--1","name":"Operation Thaw","external_references":[{"source_name":"mitre-attack","external_id":"C9001"}]},
	{"type":"relationship","relationship_type":"uses","source_ref":"is--1","target_ref":"ap--1"},
	{"type":"relationship","relationship_type":"uses","source_ref":"is--1","target_ref":"m--1"},
	{"type":"relationship","relationship_type":"attributed-to","source_ref":"c--1","target_ref":"is--1"},
	{"type":"relationship","relationship_type":"revoked-by","source_ref":"ap--2","target_ref":"ap--1"}]}`

const threatActors = `{"type":"threat-actor","version":7,"values":[
	{"value":"Cold Lynx","uuid":"u1","meta":{"synonyms":["ICE CAT"],"country":"kp","cfr-suspected-victims":["France","Nowhere"],"refs":"https://a.example"}},
	{"value":"Warm Lynx","uuid":"u2","meta":{"synonyms":["Ice Cat"]}},
	{"value":"Murky Otter","uuid":"u3","meta":{"synonyms":["G9002"]}}]}`

const ransomware = `{"type":"ransomware","version":3,"values":[
	{"value":"Tar Locker","uuid":"r1","meta":{"synonyms":["Tar-Locker"],"links":["http://x.onion"]}},
	{"value":"tarlocker","uuid":"r2","meta":{"links":["http://y.onion"]}},
	{"value":"PitchLocker","uuid":"r3","meta":{"synonyms":["Tar Locker"],"links":["http://z.onion"]}},
	{"value":"Toyish Ransomware","uuid":"r4","meta":{"extensions":[".toy"]}}]}`

func zipped(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func published(t testing.TB) fstest.MapFS {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	return fstest.MapFS{
		"a/enterprise-attack-9.2.json":     file(strings.Replace(bundle, "%V", "9.2", 1)),
		"a/enterprise-attack-10.1.json.gz": {Data: zipped(t, strings.Replace(bundle, "%V", "10.1", 1))},
		"g/clusters/threat-actor.json":     file(threatActors),
		"g/clusters/ransomware.json":       file(ransomware),
		"elsewhere/tool.json":              file(`{"not":"a galaxy"}`),
		"w/lists/tops/list.json":           file(`{"name":"Tops","type":"hostname","version":20260101,"matching_attributes":["domain","url"],"list":["top.test1"]}`),
		"known_exploited_vulnerabilities.json": file(`{"catalogVersion":"1","vulnerabilities":[{"cveID":"CVE-2026-0001","product":"P",
			"knownRansomwareCampaignUse":"Known","cwes":["CWE-79"]}]}`),
		"epss_scores-2026-01-01.csv": file("#model_version:v1,score_date:2026-01-01T00:00:00+0000\ncve,epss,percentile\nCVE-2026-0001,0.1,0.2\n"),
		"epss_scores-2026-01-15.csv": file("#model_version:v1,score_date:2026-01-15T00:00:00+0000\ncve,epss,percentile\nCVE-2026-0001,0.3,0.4\n"),
		"x/CVE-2026-0001.json": file(`{"dataType":"CVE_RECORD","dataVersion":"5.1","cveMetadata":{"cveId":"CVE-2026-0001","state":"PUBLISHED",
			"dateUpdated":"2026-01-02"},"containers":{"cna":{"descriptions":[{"lang":"en","value":"Bad."}],"affected":[{"vendor":"V","product":"P"}],
			"problemTypes":[{"descriptions":[{"description":"CWE-79 XSS"}]}]},"adp":[{"metrics":[{"other":{"type":"ssvc","content":
			{"options":[{"Exploitation":"active"}]}}},{"cvssV3_1":{"version":"3.1","baseScore":9.8}}]}]}}`),
		"x/cve-more.ndjson": file(`{"dataVersion":"5.1","cveMetadata":{"cveId":"CVE-2026-0001","dateUpdated":"2026-01-01"}}` + "\n\n"),
	}
}

func load(t testing.TB, fsys fs.FS, name string) Pack {
	t.Helper()
	p, err := Read(t.Context(), fsys, name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func sample(t testing.TB) *Set {
	t.Helper()
	fsys := published(t)
	s, err := NewSet(load(t, fsys, "attack"), load(t, fsys, "actors"), load(t, fsys, "warninglists"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func entity(t testing.TB, text string) intel.Entity {
	t.Helper()
	e, err := intel.ParseEntity(text)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestPacksAreFoundAnywhereBelowTheFolder(t *testing.T) {
	fsys := published(t)
	versions := map[string]string{"attack": "10.1", "actors": "7", "warninglists": "20260101", "kev": "1", "epss": "2026-01-15", "cve": "2026-01-02"}
	for _, name := range PackNames() {
		p := load(t, fsys, name)
		if p.Name != name || p.Version != versions[name] {
			t.Errorf("%s has version %q, want %q", name, p.Version, versions[name])
		}
		if again := load(t, fsys, name); again.Digest != p.Digest || len(p.Digest) != 64 {
			t.Errorf("%s has digest %s, then %s", name, p.Digest, again.Digest)
		}
	}
}

// The scores of EPSS are new every day, and neither they nor the CVE List are
// needed to read a text.
func TestAPackTellsWhetherItIsHeldAndHowLongItLasts(t *testing.T) {
	if got, want := strings.Join(HeldNames(), " "), "products attack actors warninglists kev"; got != want {
		t.Errorf("held are %s, want %s", got, want)
	}
	fsys := published(t)
	for _, name := range PackNames() {
		if p := load(t, fsys, name); p.Fleeting != (name == "epss") {
			t.Errorf("%s is fleeting: %v", name, p.Fleeting)
		}
	}
}

func TestAPackThatIsNotThereIsNotFound(t *testing.T) {
	for _, name := range PackNames() {
		_, err := Read(t.Context(), fstest.MapFS{"readme": {}}, name)
		if !errors.Is(err, intel.ErrNotFound) || !strings.Contains(err.Error(), name) {
			t.Errorf("read %s of an empty folder: %v, want not found naming it", name, err)
		}
	}
	if _, err := Read(t.Context(), published(t), "gossip"); !errors.Is(err, intel.ErrInvalid) {
		t.Errorf("read an unknown pack: %v, want invalid", err)
	}
}

func TestADamagedFileIsNamedAndYieldsNothing(t *testing.T) {
	whole := zipped(t, strings.Replace(bundle, "%V", "10.1", 1))
	flipped := bytes.Clone(whole)
	flipped[len(flipped)-6] ^= 0xff // in the checksum
	const path = "a/enterprise-attack-10.1.json.gz"
	for what, data := range map[string][]byte{
		"truncated": whole[:len(whole)/2], "without its end": whole[:len(whole)-4], "flipped": flipped, "empty": nil,
		"no JSON": []byte("<html>"), "cut JSON": []byte(bundle[:len(bundle)/2]), "two values": []byte(bundle + "{}"),
		"not a bundle": []byte(`{"type":"set","objects":[]}`), "deep": []byte(`{"type":"bundle","objects":[` + strings.Repeat("[", 500) + strings.Repeat("]", 500) + `]}`),
	} {
		p, err := Read(t.Context(), fstest.MapFS{path: {Data: data}}, "attack")
		if err == nil || !strings.Contains(err.Error(), path) || p.Items != nil {
			t.Errorf("%s file: %d items, error %v, want an error naming the file", what, len(p.Items), err)
		}
	}
	for name, bad := range map[string]fstest.MapFS{
		"epss":         {"epss_scores-2026-01-01.csv": {Data: []byte("cve,epss,percentile\nCVE-2026-0001,7,0.2\n")}},
		"kev":          {"known_exploited_vulnerabilities.json": {Data: []byte(`{"vulnerabilities":[{"cveID":"../x"}]}`)}},
		"warninglists": {"l/x/list.json": {Data: []byte(`{"type":"telepathy","list":[]}`)}},
		"cve":          {"cve.ndjson": {Data: []byte(`{"dataVersion":"4.0"}`)}},
		"actors":       {"clusters/threat-actor.json": {Data: []byte(`{"values":[{"value":1}]}`)}},
	} {
		if _, err := Read(t.Context(), bad, name); err == nil || !strings.Contains(err.Error(), fileOf(bad)) {
			t.Errorf("bad %s: %v, want an error naming the file", name, err)
		}
	}
}

func fileOf(m fstest.MapFS) string {
	for path := range m {
		return path
	}
	return ""
}

func TestTheNewestRecordOfACVECounts(t *testing.T) {
	p := load(t, published(t), "cve")
	var r Record
	if len(p.Items) != 1 {
		t.Fatalf("%d records, want 1", len(p.Items))
	}
	if err := json.Unmarshal(p.Items[0].Body, &r); err != nil {
		t.Fatal(err)
	}
	if r.Description != "Bad." || r.Exploitation != "active" || r.CVSS == nil || r.CVSS.Score != 9.8 || len(r.Weaknesses) != 1 || r.Affected[0].Vendor != "V" {
		t.Errorf("record is %+v", r)
	}
}

func TestNamesResolveWithShares(t *testing.T) {
	s := sample(t)
	for name, want := range map[string]string{
		"actor:cold-lynx":      "actor:cold-lynx 1",
		"actor:coldlynx":       "actor:cold-lynx 1",
		"actor:g9001":          "actor:cold-lynx 1",
		"actor:ice-cat":        "actor:cold-lynx 0.5, actor:warm-lynx 0.5", // two claim the alias
		"actor:murky-otter":    "actor:dim-otter 1",                        // by ATT&CK ID
		"actor:tar-locker":     "actor:tar-locker 0.75, actor:pitchlocker 0.25",
		"malware:tarlocker":    "malware:tar-locker 0.75, malware:pitchlocker 0.25",
		"label:pitchlocker":    "actor:pitchlocker 1",
		"label:toyish":         "malware:toyish 1", // samples of it, no group
		"actor:toyish":         "",                 // nor is a group of that name they
		"tool:nipper":          "malware:frostbite 1",
		"label:operation-thaw": "campaign:operation-thaw 1",
		"technique:T9000":      "technique:T9001 1",
		"technique:T4":         "",
		"country:Russia":       "country:RU 1",
		"sector:healthcare":    "sector:health 1",
		"actor:nobody":         "",
		"ipv4:192.0.2.1":       "",
	} {
		var got []string
		sum := 0.0
		for _, c := range s.Resolve(entity(t, name)) {
			got = append(got, c.Entity.String()+" "+strings.TrimSuffix(strings.TrimRight(jsonOf(t, c.Share), "0"), "."))
			sum += c.Share
			if len(c.SaidBy) == 0 {
				t.Errorf("%s: nobody says %s", name, c.Entity)
			}
		}
		if text := strings.Join(got, ", "); text != want {
			t.Errorf("%s resolves to %q, want %q", name, text, want)
		}
		if got != nil && math.Abs(sum-1) > 1e-9 {
			t.Errorf("shares of %s sum to %v", name, sum)
		}
	}
}

func jsonOf(t testing.TB, v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestNamesTellWhatNeedsContext(t *testing.T) {
	p := ActorsPack("1", []Cluster{{Galaxy: "threat-actor", Value: "Silence"}, {Galaxy: "threat-actor", Value: "Brackish Newt", Synonyms: []string{"BN9", "Cuba"}},
		{Galaxy: "ransomware", Value: "Brinelock", Group: true}})
	s, err := NewSet(p)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]Name{}
	for _, n := range s.Names() {
		found[string(n.Entity.Kind)+" "+n.Text] = n
	}
	for text, common := range map[string]bool{"actor Silence": true, "actor Brackish Newt": false, "actor BN9": true, "actor Cuba": true, "country Cuba": false,
		"country Turkey": true, "country Россия": false, "country 美国": false, "country iraní": false, "country U.S.": false, "country آمریکا": false,
		"sector energy sector": false, "sector Energy": true, "actor Brinelock": false, "malware Brinelock": false} {
		n, ok := found[text]
		if !ok || n.Common != common {
			t.Errorf("name %q: found %v, common %v, want common %v", text, ok, n.Common, common)
		}
	}
	if e := found["country Russian"].Entity; e.Name != "RU" {
		t.Errorf("Russian is %v", e)
	}
}

func TestASummaryIsOneSentence(t *testing.T) {
	long := strings.Repeat("лисица ", 60)
	for description, want := range map[string]string{
		"":                             "",
		"Hunts":                        "Hunts.",
		"Hunts!":                       "Hunts!",
		"Serves the U.S. Army. Hunts.": "Serves the U.S. Army.",
		"Hunts [geese](https://x.example).(Citation: A) Eats.":  "Hunts geese.",
		"Hunts\nat night. Sleeps.":                              "Hunts at night.",
		"Hunts for .NET (Citation: A), and eats (Citation: B).": "Hunts for .NET, and eats.",
		long: strings.TrimSpace(long[:len("лисица ")*43]) + "…",
	} {
		if got := (Record{Description: description}).Summary(); got != want {
			t.Errorf("%q: %q, want %q", description, got, want)
		}
	}
}

func TestFactsComeFromEveryPack(t *testing.T) {
	s := sample(t)
	f, ok := s.Facts(entity(t, "actor:cold-lynx"))
	if !ok || f.Summary != "Lynxes of the U.S. Army." || jsonOf(t, f.Countries) != `[{"Entity":"country:KP","SaidBy":["misp threat-actor"]}]` || jsonOf(t, f.Victims) != `[{"Entity":"country:FR","SaidBy":["misp threat-actor"]}]` ||
		jsonOf(t, f.Techniques) != `["T9001"]` || jsonOf(t, f.Software) != `["malware:frostbite"]` {
		t.Errorf("facts are %+v", f)
	}
	if f, _ := s.Facts(entity(t, "campaign:operation-thaw")); jsonOf(t, f.AttributedTo) != `["actor:cold-lynx"]` {
		t.Errorf("campaign is attributed to %v", f.AttributedTo)
	}
	tech, ok := s.Technique("t9001")
	if !ok || tech.Description != "Adversaries may use odd doors." || tech.Tactics[0] != "persistence" {
		t.Errorf("technique is %+v", tech)
	}
	if title := s.Title(entity(t, "malware:frostbite")); title != "FrostBite" {
		t.Errorf("title is %q", title)
	}
	if title := s.Title(entity(t, "malware:un-known")); title != "Un Known" {
		t.Errorf("title is %q", title)
	}
}

func TestBenignMatchesAsMISPDoes(t *testing.T) {
	lists := []List{
		{Name: "host", Type: "hostname", Attributes: []string{"domain", "hostname", "url"}, Values: []string{".shop.test1", "plain.test1", "github.io", "popular.github.io", "wordpress.com"}},
		{Name: "exact", Type: "string", Attributes: []string{"domain"}, Values: []string{"Exact.test1", ".below.test1"}},
		{Name: "hash", Type: "string", Attributes: []string{"md5", "filename|md5"}, Values: []string{strings.Repeat("AB", 16)}},
		{Name: "part", Type: "substring", Attributes: []string{"email-src"}, Values: []string{"throwaway.test1"}},
		{Name: "net", Type: "cidr", Attributes: []string{"ip-dst"}, Values: []string{"9.8.0.0/16", "9.7.7.7", "2600::/32", "::ffff:9.6.6.6", "nonsense"}},
		{Name: "net-inner", Type: "cidr", Values: []string{"9.8.7.0/24"}},
		{Name: "re", Type: "regex", Attributes: []string{"email-dst"}, Values: []string{`/^(noc|soc)\@.*$/i`, `/(?=x)y/`, `bad`}},
		{Name: "phones", Type: "regex", Attributes: []string{"phone-number"}, Values: []string{`/1/`}},
	}
	s, err := NewSet(WarninglistsPack("1", lists))
	if err != nil {
		t.Fatal(err)
	}
	for value, want := range map[string]string{
		"domain:shop.test1": "host", "domain:a.b.shop.test1": "host", "domain:myshop.test1": "", "url:https://u@www.plain.test1:8443/x?y": "host",
		"domain:exact.test1": "exact", "domain:a.exact.test1": "", "url:http://exact.test1/": "", "domain:x.below.test1": "exact",
		"domain:github.io": "host", "domain:evil.github.io": "", "domain:x.evil.github.io": "", "url:https://evil.github.io/a": "", "domain:popular.github.io": "host",
		"domain:x.popular.github.io": "host", "domain:evil.wordpress.com": "", "domain:wordpress.com": "host",
		"md5:abababababababababababababababab": "hash",
		"email:me@throwaway.test1":             "part", "domain:throwaway.test1": "", "email:NOC@big.test1": "re", "email:y@big.test1": "",
		"ipv4:9.8.1.1": "net", "ipv4:9.8.7.1": "net-inner", "ipv4:9.7.7.7": "net", "ipv4:9.6.6.6": "net", "ipv6:2600::1": "net", "cidr:9.8.4.0/24": "net",
		"cidr:9.0.0.0/8": "", "ipv4:9.9.1.1": "", "actor:shop": "",
	} {
		got, ok := s.Benign(entity(t, value))
		if want != "" {
			want = "warninglist: " + want
		}
		if got != want || ok != (want != "") {
			t.Errorf("%s is on %q, want %q", value, got, want)
		}
	}
}

func TestANetworkThatNobodyHoldsIsSetAside(t *testing.T) {
	s, err := NewSet()
	if err != nil {
		t.Fatal(err)
	}
	for value, want := range map[string]string{
		"cidr:1.0.0.0/7": tooWide, "cidr:128.0.0.0/1": tooWide, "cidr:0.0.0.0/0": tooWide, "cidr:2000::/3": tooWide, "cidr:2a00::/18": tooWide, "cidr:::/0": tooWide,
		"cidr:::ffff:0:0/100": tooWide, "cidr:45.0.0.0/8": "", "cidr:2a00::/19": "", "ipv4:45.1.2.3": "", "url:http://45.1.2.3/": "",
	} {
		if got, _ := s.Benign(entity(t, value)); got != want {
			t.Errorf("%s is set aside as %q, want %q", value, got, want)
		}
	}
}

func TestReservedValuesAreBuiltInAndCanBeLifted(t *testing.T) {
	plain, err := NewSet()
	if err != nil {
		t.Fatal(err)
	}
	lifted, err := NewSet(WarninglistsPack("1", []List{{Name: "exercise", Type: "lifted",
		Values: []string{"203.0.113.0/24", "2001:db8::/32", "example", "example.com"}}}))
	if err != nil {
		t.Fatal(err)
	}
	for value, want := range map[string]struct {
		reason string
		lifted bool
	}{
		"ipv4:203.0.113.7": {reservedRange, true}, "cidr:203.0.113.0/28": {reservedRange, true}, "ipv4:198.51.100.1": {reservedRange, false},
		"ipv6:2001:db8::7": {reservedRange, true}, "domain:c2.example": {reservedDomain, true}, "domain:www.example.com": {reservedDomain, true},
		"domain:www.example.org": {reservedDomain, false}, "url:http://203.0.113.7:81/x": {reservedRange, true}, "url:http://[2001:db8::1]/": {reservedRange, true},
		"url:https://pay.example/x": {reservedDomain, true}, "email:a@c2.example": {reservedDomain, true}, "ipv4:10.1.2.3": {reservedRange, false},
		"ipv4:127.0.0.1": {reservedRange, false}, "ipv4:8.8.8.8": {publicResolver, false}, "domain:localhost": {reservedDomain, false},
		"ipv4:45.1.2.3": {"", false}, "domain:exampled.test1": {"", false}, "domain:myexample.com": {"", false},
	} {
		if got, ok := plain.Benign(entity(t, value)); got != want.reason || ok != (want.reason != "") {
			t.Errorf("%s is benign as %q, want %q", value, got, want.reason)
		}
		if _, ok := lifted.Benign(entity(t, value)); ok != (want.reason != "" && !want.lifted) {
			t.Errorf("%s is benign: %v, though lifted: %v", value, ok, want.lifted)
		}
	}
}

func TestCountriesAndWeaknessesAreKnownWithoutAPack(t *testing.T) {
	s, err := NewSet()
	if err != nil {
		t.Fatal(err)
	}
	if name, ok := s.Weakness("cwe-79"); !ok || name != "Cross-site Scripting" {
		t.Errorf("CWE-79 is %q", name)
	}
	if got := s.TechniquesOf("CWE-22"); len(got) == 0 || got[0] != "T1083" {
		t.Errorf("techniques of CWE-22 are %v", got)
	}
	if got, ok := s.Country(netip.MustParseAddr("8.8.8.8")); got != "US" || !ok {
		t.Errorf("8.8.8.8 is in %q", got)
	}
	for _, a := range []netip.Addr{{}, netip.MustParseAddr("10.0.0.1")} {
		if got, ok := s.Country(a); ok {
			t.Errorf("%v is in %q, want nowhere", a, got)
		}
	}
	if name := s.CountryName("us"); name != "United States" {
		t.Errorf("US is %q", name)
	}
	if name := s.CountryName("XX"); name != "XX" {
		t.Errorf("XX is %q", name)
	}
	if n := len(s.codes); n != 250 {
		t.Errorf("%d countries, want 250", n)
	}
}

func TestAProductsNameThatTwoVendorsHaveIsOneOfThemInEachRun(t *testing.T) {
	p, err := ProductsPack("1", []Product{{Vendor: "Brackwater", Product: "Longname Secure Gate"}, {Vendor: "Aldermoor", Product: "Longname Secure Gate"}})
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		s, err := NewSet(p)
		if err != nil {
			t.Fatal(err)
		}
		var owners []string
		for _, n := range s.Names() {
			if n.Text == "Longname Secure Gate" {
				owners = append(owners, n.Entity.Name)
			}
		}
		if len(owners) != 1 || owners[0] != "aldermoor/longname-secure-gate" {
			t.Fatalf("it is a product of %v", owners)
		}
	}
}

func FuzzParsers(f *testing.F) {
	f.Add([]byte(bundle))
	f.Add([]byte(threatActors))
	f.Add([]byte(ransomware))
	f.Add([]byte(`{"type":"regex","list":["/(a|b)+c/i","/x/"],"version":1}`))
	f.Add([]byte(`{"type":"cidr","list":["::ffff:1.2.3.4/0","1.2.3.4/99"]}`))
	f.Add([]byte("cve,epss,percentile\nCVE-2026-0001,0.1,0.2\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		var packs []Pack
		for path, name := range map[string]string{"enterprise-attack.json": "attack", "clusters/ransomware.json": "actors", "l/x/list.json": "warninglists",
			"epss_scores-current.csv": "epss", "known_exploited_vulnerabilities.json": "kev", "cve.ndjson": "cve"} {
			if p, err := Read(t.Context(), fstest.MapFS{path: {Data: body}}, name); err == nil {
				packs = append(packs, p)
			}
		}
		// Building the built-in tables takes most of NewSet: load what was read
		// without them.
		var found sources
		var lists []List
		for _, p := range packs {
			for _, it := range p.Items {
				var l List
				var err error
				switch p.Name {
				case "attack":
					err = found.object(it.Body, map[string]Technique{})
				case "actors":
					err = found.cluster(it.Body)
				case "warninglists":
					err = json.Unmarshal(it.Body, &l)
					lists = append(lists, l)
				}
				if err != nil {
					t.Fatalf("what was read does not load: %v", err)
				}
			}
		}
		for _, c := range []class{actorClass, softwareClass, campaignClass} {
			for _, g := range fold(found.of(c)) {
				if g.entity.Name == "" {
					t.Fatalf("group %q has no name", g.title)
				}
			}
		}
		b := newBenign(lists)
		b.of(intel.Entity{Kind: intel.URL, Name: string(body)})
		b.of(intel.Entity{Kind: intel.Domain, Name: string(body)})
	})
}

func TestANumberedVersionOfARansomwareIsIt(t *testing.T) {
	s, err := NewSet(ActorsPack("1", []Cluster{{Galaxy: "ransomware", Value: "LockWolf", Group: true}, {Galaxy: "threat-actor", Value: "Group Stoat"}, {Galaxy: "ransomware", Value: "Hive", Group: true},
		{Galaxy: "ransomware", Value: "Lockwolf5", Group: true}, {Galaxy: "ransomware", Value: "Hive7", Group: true}}))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"lockwolf2": "lockwolf", "lockwolf-3-0": "lockwolf", "lockwolf5": "lockwolf", "lockwolf123": "", "hive7": "hive7", "group-stoat-2": "", "hive2": ""} {
		got := ""
		if c := s.Resolve(intel.Entity{Kind: intel.Actor, Name: name}); len(c) > 0 {
			got = c[0].Entity.Name
		}
		if got != want {
			t.Errorf("%s stands for %q, want %q", name, got, want)
		}
	}
}
