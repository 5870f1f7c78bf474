package stix

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

func day(n int) time.Time { return time.Date(2026, 3, n, 4, 5, 6, 7_000_000, time.UTC) }

// row is a row of a profile of an entity that is written as "kind:name".
func row(t *testing.T, entity string, r intel.Relation, p float64) intel.Row {
	t.Helper()
	e, err := intel.ParseEntity(entity)
	if err != nil {
		t.Fatal(err)
	}
	return intel.Row{Entity: e, Value: e.Title(), Relation: r, Probability: p, First: day(1), Last: day(9)}
}

// lynx is a profile with a row of everything.
func lynx(t *testing.T) intel.Profile {
	rows := func(r intel.Relation, entities ...string) (out []intel.Row) {
		for _, e := range entities {
			out = append(out, row(t, e, r, 0.9))
		}
		return out
	}
	p := intel.Profile{Entity: intel.Entity{Kind: intel.Actor, Name: "cold-lynx"}, Name: "Cold Lynx", Summary: "It steals.", AsOf: day(20), First: day(1), Last: day(9),
		Marking: intel.Amber, Licence: "Free.", References: []string{"https://blog.example/lynx", "https://not a url", "gopher://x"}}
	p.Aliases = rows(intel.AliasOf, "actor:tg-4411", "actor:doubted")
	p.Aliases[1].Probability = 0.2
	p.Associated = append(rows(intel.AssociatedWith, "actor:warm-lynx"), rows(intel.PartOf, "handle:x/lynx")...)
	p.Campaigns = rows(intel.PartOf, "campaign:night-call")
	p.Countries = append(append(rows(intel.OriginatesFrom, "country:XA"), rows(intel.RoutesThrough, "country:XB")...), rows(intel.ClaimsAttack, "country:XC")...)
	p.Intentions = rows(intel.Intends, "intent:financial")
	p.Research = rows(intel.Researches, "product:acme/mail")
	p.Arsenal = append(rows(intel.Uses, "malware:nightbell", "tool:psexec"), rows(intel.Exploits, "vulnerability:CVE-2099-1")...)
	p.TTP = append(rows(intel.Uses, "technique:T1566.001", "attack-pattern:CAPEC-98"), rows(intel.Exploits, "weakness:CWE-79")...)
	p.TTP[0].Description, p.TTP[0].Phase = "Spearphishing Attachment", "initial-access"
	p.IOC = rows(intel.Indicates, "ipv4:192.0.2.1", "ipv6:2001:db8::1", "cidr:198.51.100.0/24", "domain:c2.example", "onion:abc.onion", `url:http://a.example/'\x`,
		"email:a@b.example", "md5:d41d8cd98f00b204e9800998ecf8427e", "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"asn:AS64500", "filename:x.exe", `mutex:m'\`, `registry-key:HKLM\x`, "user-agent:Bad/1.0", "command:whoami /all", "btc:1x")
	p.IOC[0].Hostname, p.IOC[0].Campaign = "h.example", "Night Call"
	p.IOC[0].Evidence = []intel.Proof{{Document: "d1", Source: "blog", URL: "https://blog.example/1"}, {Document: "d2", Source: "forum", URL: "http://[x"}}
	p.IOC[1].First, p.IOC[1].Last = time.Time{}, time.Time{}
	p.IOA = rows(intel.Uses, "file:/x.php")
	for _, r := range []*[]intel.Row{&p.IOC, &p.TTP, &p.Arsenal} {
		predicted := row(t, "domain:predicted.example", intel.Indicates, 0.9)
		if r != &p.IOC {
			predicted = row(t, "technique:T1999", intel.Uses, 0.9)
		}
		predicted.Predicted = true
		*r = append(*r, predicted)
	}
	benign := row(t, "ipv4:192.0.2.99", intel.Indicates, 0.9)
	benign.Suppressed = "warninglist"
	p.IOC = append(p.IOC, benign)
	return p
}

func write(t *testing.T, p intel.Profile) string {
	t.Helper()
	var b bytes.Buffer
	if err := Bundle(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// parse returns the objects of a bundle by id.
func parse(t *testing.T, text string) map[string]map[string]any {
	t.Helper()
	var b struct {
		Type, ID string
		Objects  []map[string]any
	}
	if err := json.Unmarshal([]byte(text), &b); err != nil || b.Type != "bundle" || !strings.HasPrefix(b.ID, "bundle--") {
		t.Fatalf("%v in %s", err, text)
	}
	out := map[string]map[string]any{}
	for _, o := range b.Objects {
		id := fmt.Sprint(o["id"])
		if out[id] != nil {
			t.Errorf("%s is written twice", id)
		}
		out[id] = o
	}
	return out
}

// only returns the one object of a type whose text holds a word.
func only(t *testing.T, objects map[string]map[string]any, kind, word string) map[string]any {
	t.Helper()
	var found []map[string]any
	for _, o := range objects {
		if text, _ := json.Marshal(o); o["type"] == kind && bytes.Contains(text, []byte(word)) {
			found = append(found, o)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d objects %s with %s, want one", len(found), kind, word)
	}
	return found[0]
}

func TestABundleIsReadAsWhatWasWritten(t *testing.T) {
	g := Graph{Source: "test", Indicator: func(k intel.Kind, v string) (intel.Entity, error) {
		e, _, err := collect.Indicator(k, v)
		return e, err
	}, Reject: func(item string, reason error) { t.Errorf("%s: %v", item, reason) }}
	if err := g.Load(strings.NewReader(write(t, lynx(t)))); err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for d := range g.Documents() {
		if d.Marking != intel.Amber {
			t.Errorf("%s is marked %v", d.Title, d.Marking)
		}
		for _, c := range d.Claims {
			got[intel.Link{From: c.Subject, Relation: c.Relation, To: c.Object}.String()] = true
			if c.Relation == intel.Uses && !c.At.Equal(day(1)) {
				t.Errorf("%v at %v, want %v", c.Object, c.At, day(1))
			}
		}
	}
	want := map[string]bool{"ipv4:192.0.2.1 indicates campaign:night-call": true, "domain:h.example resolves-to ipv4:192.0.2.1": true,
		"actor:tg-4411 alias-of actor:cold-lynx": true, "handle:x/lynx part-of actor:cold-lynx": true, "campaign:night-call part-of actor:cold-lynx": true}
	for _, s := range []string{"associated-with actor:warm-lynx", "originates-from country:XA", "routes-through country:XB", "targets country:XC", "researches product:acme/mail", "uses malware:nightbell",
		"uses tool:psexec", "exploits vulnerability:CVE-2099-1", "uses technique:T1566.001", "uses attack-pattern:CAPEC-98"} {
		want["actor:cold-lynx "+s] = true
	}
	for _, r := range lynx(t).IOC {
		if !r.Predicted && r.Suppressed == "" && r.Entity.Kind != intel.Bitcoin {
			want[r.Entity.String()+" indicates actor:cold-lynx"] = true
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// The properties that STIX 2.1 (OASIS Standard, 10 June 2021) requires, by
// section. Domain and relationship objects need the common ones of 3.2 too,
// observables a type and an id.
func required(kind string) []string {
	common := []string{"type", "id", "spec_version", "created", "modified"}
	by := map[string][]string{
		"attack-pattern": {"name"},                                          // 4.1
		"campaign":       {"name"},                                          // 4.2
		"identity":       {"name"},                                          // 4.5
		"indicator":      {"pattern", "pattern_type", "valid_from"},         // 4.7
		"intrusion-set":  {"name"},                                          // 4.9
		"location":       {"country"},                                       // 4.10: or region, or coordinates
		"malware":        {"is_family", "name"},                             // 4.11: a family has a name
		"tool":           {"name"},                                          // 4.17
		"vulnerability":  {"name"},                                          // 4.18
		"relationship":   {"relationship_type", "source_ref", "target_ref"}, // 5.1
	}
	if own, ok := by[kind]; ok {
		return append(common, own...)
	}
	return map[string][]string{
		"domain-name":        {"type", "id", "value"},                   // 6.4
		"ipv4-addr":          {"type", "id", "value"},                   // 6.7
		"software":           {"type", "id", "name"},                    // 6.14
		"user-account":       {"type", "id", "account_login"},           // 6.16: at least one of its own
		"marking-definition": {"type", "id", "spec_version", "created"}, // 7.2.1
	}[kind]
}

var (
	identifier = regexp.MustCompile(`^[a-z0-9-]+--[0-9a-f]{8}-[0-9a-f]{4}-[45][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	stamp      = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`)
)

func TestObjectsHaveWhatTheSpecificationRequires(t *testing.T) {
	victim := lynx(t)
	victim.Countries = append(victim.Countries, row(t, "sector:health-care", intel.Targets, 0.5), row(t, "organization:acme", intel.ClaimsAttack, 0.5))
	objects := parse(t, write(t, victim))
	kinds := map[string]bool{}
	for id, o := range objects {
		kind := fmt.Sprint(o["type"])
		kinds[kind] = true
		if !identifier.MatchString(id) || !strings.HasPrefix(id, kind+"--") {
			t.Errorf("%s is no id of a %s", id, kind)
		}
		if required(kind) == nil {
			t.Errorf("%s is a type we know no requirements of", kind)
		}
		for _, property := range required(kind) {
			if v, ok := o[property]; !ok || v == "" {
				t.Errorf("%v has no %s", o, property)
			}
		}
		for property, v := range o {
			checkProperty(t, objects, property, v)
		}
	}
	if want := 15; len(kinds) != want {
		t.Errorf("%d types in the profile of everything, want %d: %v", len(kinds), want, slices.Sorted(maps.Keys(kinds)))
	}
}

func checkProperty(t *testing.T, objects map[string]map[string]any, property string, v any) {
	t.Helper()
	switch property {
	case "created", "modified", "valid_from", "first_seen", "last_seen", "start_time", "stop_time":
		if !stamp.MatchString(fmt.Sprint(v)) {
			t.Errorf("%s is %v", property, v)
		}
	case "source_ref", "target_ref":
		if objects[fmt.Sprint(v)] == nil {
			t.Errorf("%s names %v, which is absent", property, v)
		}
	case "object_marking_refs":
		for _, ref := range v.([]any) {
			if objects[fmt.Sprint(ref)] == nil {
				t.Errorf("marking %v is absent", ref)
			}
		}
	case "confidence":
		if n := v.(float64); n < 1 || n > 100 || n != float64(int(n)) {
			t.Errorf("confidence is %v", v)
		}
	case "external_references":
		for _, ref := range v.([]any) {
			if r := ref.(map[string]any); r["source_name"] == "" || r["url"] == nil && r["external_id"] == nil {
				t.Errorf("reference %v tells nothing", r)
			}
		}
	case "aliases", "labels", "goals", "kill_chain_phases":
		if len(v.([]any)) == 0 {
			t.Errorf("%s is empty", property)
		}
	}
}

func TestIndicatorsAreValidFromWhenFirstSeen(t *testing.T) {
	objects := parse(t, write(t, lynx(t)))
	dated, unknown := only(t, objects, "indicator", "'192.0.2.1'"), only(t, objects, "indicator", "2001:db8::1")
	if dated["valid_from"] != "2026-03-01T04:05:06.007Z" || dated["confidence"] != 90.0 {
		t.Errorf("dated: %v", dated)
	}
	if unknown["valid_from"] != "2026-03-20T04:05:06.007Z" || unknown["confidence"] != 79.0 {
		t.Errorf("undated: %v", unknown)
	}
	link := only(t, objects, "relationship", fmt.Sprint(unknown["id"]))
	if link["start_time"] != nil || link["stop_time"] != nil || link["confidence"] != 79.0 {
		t.Errorf("undated: %v", link)
	}
}

func TestWhatIsPredictedOrSuppressedIsLeftOut(t *testing.T) {
	text := write(t, lynx(t))
	objects := parse(t, text)
	for _, neighbour := range [][2]string{{"indicator", "c2.example"}, {"attack-pattern", "T1566.001"}, {"indicator", "'192.0.2.1'"}, {"malware", "Nightbell"}, {"intrusion-set", "Tg 4411"}, {"intrusion-set", "blog.example/lynx"}} {
		only(t, objects, neighbour[0], neighbour[1])
	}
	for _, s := range []string{"predicted", "T1999", "192.0.2.99", "1x", "Doubted", "not a url", "gopher"} {
		if strings.Contains(text, s) {
			t.Errorf("%s is in %s", s, text)
		}
	}
}

func TestEqualProfilesGiveEqualBytes(t *testing.T) {
	first := write(t, lynx(t))
	for range 5 {
		if again := write(t, lynx(t)); again != first {
			t.Fatal(cmp.Diff(first, again))
		}
	}
	later := lynx(t)
	later.AsOf = day(21)
	before, after := parse(t, first), parse(t, write(t, later))
	if diff := cmp.Diff(slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after))); diff != "" {
		t.Errorf("a day later the objects have other ids: %s", diff)
	}
}

func TestObservablesHaveTheIDsOfTheStandard(t *testing.T) {
	// as OASIS's own library (cti-python-stix2 3.0.1) computes them
	for e, want := range map[intel.Entity]string{
		{Kind: intel.IPv4, Name: "198.51.100.3"}:  "ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4",
		{Kind: intel.Domain, Name: "example.com"}: "domain-name--bedb4899-d24b-5401-bc86-8f6b4cc18ec7",
		{Kind: intel.Handle, Name: "x/böse<>"}:    "user-account--a9702789-44f9-5d06-9fac-8ba64598ecb4",
		{Kind: intel.Product, Name: "b/a"}:        "software--c5c0a637-d144-5f8d-98a4-7e16d5ee7399",
	} {
		if got := observed(e).ID; got != want {
			t.Errorf("%s: got %s, want %s", e, got, want)
		}
	}
	if got := canonical(map[string]string{"b": "\u2028\x01\\u2028", "a": "<\xff>"}); got != "{\"a\":\"<\uFFFD>\",\"b\":\"\u2028\\u0001\\\\u2028\"}" {
		t.Errorf("got %s", got)
	}
}

func TestEveryObjectCarriesTheMarking(t *testing.T) {
	for m, name := range map[intel.Marking]string{intel.Clear: "clear", intel.Green: "green", intel.Amber: "amber", intel.AmberStrict: "amber+strict", intel.Red: "red", 99: "red"} {
		p := lynx(t)
		p.Marking = m
		objects := parse(t, write(t, p))
		label := only(t, objects, "marking-definition", `"tlp_2_0":"`+name+`"`)
		if label["id"] != markingID(m) || label["name"] != "TLP:"+strings.ToUpper(name) {
			t.Errorf("%v: got %v", m, label)
		}
		for _, o := range objects {
			if refs, _ := o["object_marking_refs"].([]any); o["type"] != "marking-definition" && !slices.Contains(refs, label["id"]) {
				t.Errorf("%v does not carry %v", o, m)
			}
		}
	}
}

func TestEveryKindOfSubjectIsWrittenOrRefused(t *testing.T) {
	for e, want := range map[string]string{
		"actor:x": "intrusion-set", "malware:x": "malware", "tool:x": "tool", "campaign:x": "campaign", "country:XA": "location", "sector:x": "identity",
		"technique:T1566": "attack-pattern", "vulnerability:CVE-2099-1": "vulnerability", "handle:x/y": "user-account", "product:a/b": "software", "vendor:a": "identity",
		"ipv4:192.0.2.1": "indicator", "weakness:CWE-79": "", "btc:1x": "", "port:445/tcp": "",
	} {
		entity, err := intel.ParseEntity(e)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		err = Bundle(&b, intel.Profile{Entity: entity, Name: "Some Name", AsOf: day(20)})
		if want == "" {
			if !errors.Is(err, intel.ErrInvalid) || b.Len() > 0 {
				t.Errorf("%s: got %v and %q", e, err, b.String())
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", e, err)
			continue
		}
		only(t, parse(t, b.String()), want, `"id"`)
	}
}

func TestAVulnerabilityNamesItsWeaknessesAndWhoExploitsIt(t *testing.T) {
	p := intel.Profile{Entity: intel.Entity{Kind: intel.Vulnerability, Name: "CVE-2099-1"}, Name: "CVE-2099-1", AsOf: day(20), Invented: true,
		Associated: []intel.Row{row(t, "actor:cold-lynx", intel.Exploits, 0.7), row(t, "malware:nightbell", intel.Exploits, 0.7)},
		TTP:        []intel.Row{row(t, "weakness:CWE-79", intel.HasWeakness, 0.9)}, Arsenal: []intel.Row{row(t, "product:acme/mail", intel.Affects, 0.9)}}
	text := write(t, p)
	got := map[string]bool{}
	for _, d := range documents(t, text) {
		for _, c := range d.Claims {
			got[intel.Link{From: c.Subject, Relation: c.Relation, To: c.Object}.String()] = true
		}
	}
	want := map[string]bool{"actor:cold-lynx exploits vulnerability:CVE-2099-1": true, "malware:nightbell exploits vulnerability:CVE-2099-1": true,
		"vulnerability:CVE-2099-1 has-weakness weakness:CWE-79": true, "vulnerability:CVE-2099-1 affects product:acme/mail": true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, o := range parse(t, text) {
		if labels, _ := o["labels"].([]any); o["created"] != nil && o["type"] != "marking-definition" && !slices.Contains(labels, any("invented")) {
			t.Errorf("%v does not say that it is invented", o)
		}
	}
}

func TestAProductNamesWhatAffectsItWhoLooksIntoItAndItsVendor(t *testing.T) {
	p := intel.Profile{Entity: intel.Entity{Kind: intel.Product, Name: "acme/mail"}, Name: "Acme Mail", AsOf: day(20),
		Associated: []intel.Row{row(t, "handle:kelp/ann", intel.Researches, 0.7)},
		Arsenal:    []intel.Row{row(t, "vulnerability:CVE-2099-1", intel.Affects, 0.9), row(t, "vendor:acme", intel.PartOf, 0.9)}}
	text := write(t, p)
	got := map[string]bool{}
	for _, d := range documents(t, text) {
		for _, c := range d.Claims {
			got[intel.Link{From: c.Subject, Relation: c.Relation, To: c.Object}.String()] = true
		}
	}
	// The standard has no vendors: as an identity it comes back as an organization.
	want := map[string]bool{"vulnerability:CVE-2099-1 affects product:acme/mail": true, "handle:kelp/ann researches product:acme/mail": true,
		"product:acme/mail part-of organization:acme": true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	vendor := intel.Profile{Entity: intel.Entity{Kind: intel.Vendor, Name: "acme"}, Name: "Acme", AsOf: day(20), Arsenal: []intel.Row{row(t, "product:acme/mail", intel.PartOf, 0.9)}}
	objects := parse(t, write(t, vendor))
	software, identity := only(t, objects, "software", "mail"), only(t, objects, "identity", "Acme")
	if link := only(t, objects, "relationship", "attributed-to"); link["source_ref"] != software["id"] || link["target_ref"] != identity["id"] {
		t.Errorf("%v, want the product attributed to its vendor", link)
	}
}
