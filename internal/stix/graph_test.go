package stix

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/intel"
)

func FuzzLoad(f *testing.F) {
	f.Add([]byte(`{"type":"bundle","objects":[{"type":"indicator","id":"i","pattern":"[url:value = 'http://a.example/\\'']"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var g Graph
		_ = g.Load(bytes.NewReader(body))
		for range g.Documents() {
			continue
		}
		for e := range g.Values() {
			if e.Name == "" {
				t.Fatal("a value is none")
			}
		}
	})
}

func TestValuesAreToldInTheOrderInWhichTheyStand(t *testing.T) {
	var got []string
	g := Graph{Reject: func(item string, _ error) { got = append(got, "no "+item) }}
	if err := g.Load(strings.NewReader(`{"objects":[{"type":"ipv4-addr","id":"a","value":"192.0.2.1"},{"type":"domain-name","id":"b","value":" "},
		{"type":"indicator","id":"c","pattern":"[ipv4-addr:value = '192.0.2.2' OR url:value = '' OR ipv4-addr:value = '192.0.2.3']","valid_from":"2026-10-20T00:00:00Z"},
		{"type":"file","id":"d","name":"x.exe","hashes":{"SHA-1":"DA39A3EE5E6B4B0D3255BFEF95601890AFD80709","MD5":"","TLSH":"x"}},{"type":"file","id":"e","hashes":[]},
		{"type":"malware","id":"m","name":"Bells","hashes":7},{"type":"relationship","id":"r","relationship_type":"communicates-with","source_ref":"m","target_ref":"a","created":"2026-10-21T00:00:00Z"},
		{"type":"email-addr","id":"f","value":"a@evil.example"},{"type":"indicator","id":"g","created":"2026-10-22T00:00:00Z","pattern":"[ipv4-addr:value = '192.0.2.1']"},{"type":"url","id":"h","revoked":true,"value":"http://evil.example/"}]}`)); err != nil {
		t.Fatal(err)
	}
	for e, at := range g.Values() {
		got = append(got, e.String()+at.Format(" 2006-01-02"))
	}
	want := []string{"ipv4:192.0.2.1 2026-10-21", "no b", "ipv4:192.0.2.2 2026-10-20", "no c", "ipv4:192.0.2.3 2026-10-20", "no d",
		"sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709 0001-01-01", "no e", "email:a@evil.example 0001-01-01", "ipv4:192.0.2.1 2026-10-21"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func documents(t *testing.T, bundle string) []intel.Document {
	t.Helper()
	g := Graph{Source: "test", Reject: func(item string, reason error) { t.Errorf("%s: %v", item, reason) }}
	if err := g.Load(strings.NewReader(bundle)); err != nil {
		t.Fatal(err)
	}
	return slices.Collect(g.Documents())
}

func TestMarkingsOfTheStandardNeedNoDefinition(t *testing.T) {
	for id, want := range map[string]intel.Marking{
		"5e57c739-391a-4eb3-b6be-7d15ca92d5ed": intel.Red, "f88d31f6-486f-44da-b317-01333bde0b82": intel.Amber,
		"34098fce-860f-48ae-8e50-ebd3cc5e41da": intel.Green, "613f2e26-407d-48c7-9eca-b8e91df99dc9": intel.Clear,
		"e828b379-4e03-4974-9ac4-e53a884c97c1": intel.Red, "939a9414-2ddd-4d32-a0cd-375ea402b003": intel.AmberStrict,
		"55d920b0-5e8b-4f79-9ee9-91f868d9b421": intel.Amber, "bab4a63c-aed9-4cf5-a766-dfca5abac2bb": intel.Green,
		"94868c89-83c2-464b-929b-a1a8aa3c8487": intel.Clear,
	} {
		docs := documents(t, `{"objects":[{"type":"malware","id":"malware--1","name":"x","description":"y","object_marking_refs":["marking-definition--`+id+`"]}]}`)
		if len(docs) != 1 || docs[0].Marking != want {
			t.Errorf("%s: got %+v, want %v", id, docs, want)
		}
	}
}

func TestARelationshipIsAsStrictAsWhatItJoins(t *testing.T) {
	const red, green = "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed", "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da"
	const granular = `"granular_markings":[{"lang":"en","selectors":["name"]},{"marking_ref":"` + red + `","selectors":["name"]}]`
	got := map[string]intel.Marking{}
	for _, d := range documents(t, `{"objects":[{"type":"intrusion-set","id":"a","name":"A"},{"type":"intrusion-set","id":"r","name":"R","object_marking_refs":["`+red+`"]},
		{"type":"intrusion-set","id":"p","name":"P",`+granular+`},{"type":"tool","id":"t","name":"T"},{"type":"tool","id":"u","name":"U"},{"type":"tool","id":"v","name":"V"},
		{"type":"indicator","id":"i","pattern":"[ipv4-addr:value = '192.0.2.1']"},{"type":"indicator","id":"j","pattern":"[ipv4-addr:value = '192.0.2.2']",`+granular+`},
		{"type":"marking-definition","id":"m","definition_type":"tlp","name":"TLP:PINK"},
		{"type":"marking-definition","id":"n","extensions":{"`+tlp+`":{"extension_type":"property-extension","tlp_2_0":"amber"}}},
		{"type":"relationship","id":"1","relationship_type":"indicates","source_ref":"i","target_ref":"a"},
		{"type":"relationship","id":"2","relationship_type":"indicates","source_ref":"i","target_ref":"r"},
		{"type":"relationship","id":"3","relationship_type":"indicates","source_ref":"i","target_ref":"p"},
		{"type":"relationship","id":"4","relationship_type":"indicates","source_ref":"j","target_ref":"a"},
		{"type":"relationship","id":"5","relationship_type":"uses","source_ref":"a","target_ref":"t","object_marking_refs":["`+green+`"]},
		{"type":"relationship","id":"6","relationship_type":"uses","source_ref":"a","target_ref":"u",`+granular+`},
		{"type":"relationship","id":"7","relationship_type":"uses","source_ref":"a","target_ref":"v","object_marking_refs":["m"]},
		{"type":"relationship","id":"8","relationship_type":"attributed-to","source_ref":"a","target_ref":"p","object_marking_refs":["n"]},
		{"type":"relationship","id":"9","relationship_type":"uses","source_ref":"a","target_ref":"w","object_marking_refs":["n"]},{"type":"tool","id":"w","name":"W"}]}`) {
		for _, c := range d.Claims {
			got[c.Subject.Name+" "+c.Object.Name] = d.Marking
		}
	}
	want := map[string]intel.Marking{"192.0.2.1 a": intel.Clear, "192.0.2.1 r": intel.Red, "192.0.2.1 p": intel.Red, "192.0.2.2 a": intel.Red,
		"a t": intel.Green, "a u": intel.Red, "a v": intel.Red, "a p": intel.Red, "a w": intel.Amber}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestObjectsAreReadAsEntities(t *testing.T) {
	docs := documents(t, `{"objects":[
		{"type":"intrusion-set","id":"a","name":"Cold Lynx"},
		{"type":"attack-pattern","id":"b","name":"x","external_references":[{"source_name":"capec","external_id":"CAPEC-98"},{"source_name":"mitre-attack","external_id":"T1566"}]},
		{"type":"attack-pattern","id":"c","name":"x","external_references":[{"source_name":"capec","external_id":"CAPEC-98"}]},
		{"type":"software","id":"d","name":"Mail","vendor":"Acme"},
		{"type":"user-account","id":"e","account_type":"x","account_login":"Lynx"},
		{"type":"vulnerability","id":"f","name":"CVE-2099-1","external_references":[{"source_name":"cwe","external_id":"CWE-79"}]},
		{"type":"relationship","id":"1","relationship_type":"uses","source_ref":"a","target_ref":"b","start_time":"2026-01-02T00:00:00Z","created":"2026-05-01T00:00:00Z"},
		{"type":"relationship","id":"2","relationship_type":"uses","source_ref":"a","target_ref":"c"},
		{"type":"relationship","id":"3","relationship_type":"researches","source_ref":"a","target_ref":"d"},
		{"type":"relationship","id":"4","relationship_type":"attributed-to","source_ref":"e","target_ref":"a"},
		{"type":"relationship","id":"5","relationship_type":"affects","source_ref":"f","target_ref":"d"}]}`)
	got := map[string]string{}
	for _, d := range docs {
		for _, c := range d.Claims {
			at := ""
			if !c.At.IsZero() {
				at = c.At.Format(time.DateOnly)
			}
			got[intel.Link{From: c.Subject, Relation: c.Relation, To: c.Object}.String()] = at
		}
	}
	want := map[string]string{
		"actor:cold-lynx uses technique:T1566": "2026-01-02", "actor:cold-lynx uses attack-pattern:CAPEC-98": "",
		"actor:cold-lynx researches product:acme/mail": "", "handle:x/lynx part-of actor:cold-lynx": "",
		"vulnerability:CVE-2099-1 affects product:acme/mail": "", "vulnerability:CVE-2099-1 has-weakness weakness:CWE-79": "",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// endless is a text that goes on with x for ever, and counts what was read.
type endless struct {
	head string
	read int
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.head)
	e.head = e.head[n:]
	for i := n; i < len(p); i++ {
		p[i] = 'x'
	}
	e.read += len(p)
	return len(p), nil
}

func TestAnObjectWithoutEndIsNamedBeforeItIsRead(t *testing.T) {
	for head, want := range map[string]string{
		`{"objects":[{"type":"malware","id":"m","name":"N","description":"A loader."},{"name":"`: "object 2",
		`{"id":"`:     "id",
		`{"objects`:   "more than",
		`{"spec":[["`: "spec",
	} {
		r := &endless{head: head}
		var g Graph
		if err := g.Load(r); !errors.Is(err, intel.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want one that names %q", head, err, want)
		}
		if r.read > 2*mostRead {
			t.Errorf("%s: %d bytes were read", head, r.read)
		}
	}
}

func TestABrokenBundleLowersNoMarking(t *testing.T) {
	g := Graph{Source: "test"}
	err := g.Load(strings.NewReader(`{"objects":[{"type":"malware","id":"m","name":"N","description":"A loader.","object_marking_refs":["marking-definition--1"]},
		{"type":"malware","id":"n","name":"O","description":"A wiper."},{"type":"malware","id":"o","name":"P","description":"A bot.","granular_markings":[{"marking_ref":"marking-definition--1"}]},
		{"type":"indicator","id":"k","pattern":"[ipv4-addr:value = '192.0.2.2']"},{"type":"relationship","id":"r","relationship_type":"indicates","source_ref":"k","target_ref":"m"},{"type":"indicator","id":"i","pattern":"[ipv4-addr:value = '192.0.2.1']"},{"type":"marking-def`))
	var titles []string
	for d := range g.Documents() {
		titles = append(titles, d.Title)
	}
	if err == nil || !slices.Equal(titles, []string{"O"}) {
		t.Errorf("got %q, %v, want what no missing object can contradict", titles, err)
	}
}
