package misp

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/intel"
)

const event1 = `{"Event":{"uuid":"x","info":"Bells","Tag":[{"name":"misp-galaxy:threat-actor=\"Cold Lynx\""},{"name":"tlp:green"}],
	"Attribute":[{"type":"ip-dst|port","value":"192.0.2.1|80"},{"type":"link","value":"https://blog.example/1"},{"type":"md5","value":" "}]}}`

func TestAnEventSaysWhomItsAttributesIndicate(t *testing.T) {
	var rejected []string
	docs, err := Reader{Source: "s", Reject: func(item string, _ error) { rejected = append(rejected, item) }}.Documents([]byte(event1))
	if err != nil {
		t.Fatal(err)
	}
	all := slices.Collect(docs)
	if len(all) != 1 || len(all[0].Claims) != 1 || all[0].Marking != intel.Green || !slices.Equal(all[0].References, []string{"https://blog.example/1"}) {
		t.Fatalf("got %+v", all)
	}
	c := all[0].Claims[0]
	if got := (intel.Link{From: c.Subject, Relation: c.Relation, To: c.Object}).String(); got != "ipv4:192.0.2.1 indicates actor:cold-lynx" {
		t.Errorf("got %s", got)
	}
	if !slices.Equal(rejected, []string{"event 1, attribute 3"}) {
		t.Errorf("rejected %q", rejected)
	}
}

func TestWhatATagHidesIsHiddenAlone(t *testing.T) {
	docs, err := Reader{Source: "s"}.Documents([]byte(`{"Event":{"uuid":"x","info":"Bells","Tag":[{"name":"tlp:clear"}],"Attribute":[
		{"type":"ip-dst","value":"192.0.2.1"},{"type":"ip-dst","value":"192.0.2.2","Tag":[{"name":"TLP: RED"}]},{"type":"ip-dst","value":"192.0.2.3","Tag":[{"name":"tlp:ex:chr"}]},
		{"type":"link","value":"https://blog.example/1"},{"type":"link","value":"https://blog.example/2","Tag":[{"name":"tlp:red"}]}],
		"Object":[{"Tag":[{"name":"tlp:green"}],"Attribute":[{"type":"ip-dst","value":"192.0.2.4"},{"type":"ip-dst","value":"192.0.2.5","Tag":[{"name":"tlp:red"}]}]}]}}`))
	if err != nil {
		t.Fatal(err)
	}
	got := map[intel.Marking]string{}
	for d := range docs {
		for _, c := range d.Claims {
			got[d.Marking] += strings.TrimPrefix(c.Subject.Name, "192.0.2.") + " "
		}
		got[d.Marking] += fmt.Sprint(len(d.References), " ", d.Text)
	}
	if diff := cmp.Diff(map[intel.Marking]string{intel.Clear: "1 1 Bells", intel.Green: "4 1 ", intel.Red: "2 3 5 2 "}, got); diff != "" {
		t.Error(diff)
	}
}

func TestTooManyNamesAttributeNothing(t *testing.T) {
	tags := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,{"name":"misp-galaxy:threat-actor=\"Actor %d\""}`, i)
		}
		return b.String()[1:]
	}
	attributes := func(n int, tags string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,{"type":"ip-dst","value":"45.%d.%d.1","Tag":[%s]}`, i/256, i%256, tags)
		}
		return b.String()[1:]
	}
	for _, c := range []struct {
		name, event, attributes string
		claims                  int
		rejected                []string
	}{
		{"24 of an event", tags(24), attributes(30, ""), 24 * 30, nil},
		{"300 of an event", tags(300), attributes(3000, ""), 3000, []string{"event 1, tags"}},
		{"300 of an event and one of an attribute", tags(300), attributes(1, tags(1)), 1, []string{"event 1, tags"}},
		{"300 of an attribute", tags(2), attributes(1, tags(300)), 2, []string{"event 1, attribute 1, tags"}},
		{"24 of each of 5000 attributes", tags(1), attributes(5000, tags(24)), 100_000, []string{"event 1, attribute 4001 and all after it"}},
		{"an attribute of many values", tags(24), `{"type":"ip-dst|ip-dst|ip-dst","value":"1.2.3.4|1.2.3.5|1.2.3.6"}`, 0, nil},
	} {
		var rejected []string
		docs, err := Reader{Source: "s", Reject: func(item string, _ error) { rejected = append(rejected, item) }}.Documents([]byte(`{"Event":{"uuid":"x","Tag":[` + c.event + `],"Attribute":[` + c.attributes + `]}}`))
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for d := range docs {
			n += len(d.Claims)
		}
		if n != c.claims || !slices.Equal(rejected, c.rejected) {
			t.Errorf("%s: %d claims, rejected %q; want %d and %q", c.name, n, rejected, c.claims, c.rejected)
		}
	}
}

func TestAnEventNamesAHundredReferences(t *testing.T) {
	body := `{"Event":{"uuid":"x","info":"y","Attribute":[` + strings.Repeat(`{"type":"link","value":"https://blog.example/1"},`, 200) + `{}]}}`
	docs, err := Reader{Source: "s"}.Documents([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	for d := range docs {
		if len(d.References) != 100 {
			t.Errorf("%d references", len(d.References))
		}
	}
}

func TestValuesAreToldInTheOrderInWhichTheyStand(t *testing.T) {
	var got []string
	r := Reader{Reject: func(item string, _ error) { got = append(got, "no "+item) }}
	values, err := r.Values([]byte(`[{"Event":{"info":"x","date":"2026-10-20","Tag":[{"name":"tlp:green"}],"Attribute":[
		{"type":"ip-dst","value":"192.0.2.1","Tag":[{"name":"tlp:red"}]},{"type":"md5","value":" "},{"type":"link","value":"https://blog.example/1"},
		{"type":"domain|ip","value":" |192.0.2.2"},{"type":"ip-dst|port","value":"192.0.2.3|80","timestamp":"1790000000"}],
		"Object":[{"Attribute":[{"type":"domain","value":"evil.example"}]}]}},{"Event":{}},{"Event":{"info":"y","Attribute":[{"type":"ip-src","value":"192.0.2.4"}]}}]`))
	if err != nil {
		t.Fatal(err)
	}
	for e, at := range values {
		got = append(got, e.Name+at.Format(" 2006-01-02"))
	}
	want := []string{"192.0.2.1 2026-10-20", "no event 1, attribute 2", "no event 1, attribute 4", "192.0.2.2 2026-10-20", "192.0.2.3 2026-09-21",
		"evil.example 2026-10-20", "no event 2", "192.0.2.4 0001-01-01"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAllValuesOfAnEventAreToldHoweverMany(t *testing.T) {
	values, err := Reader{}.Values([]byte(`{"Event":{"info":"x","Attribute":[` + strings.Repeat(`{"type":"ip","value":"192.0.2.1"},`, mostClaims) + `{"type":"ip","value":"192.0.2.2"}]}}`))
	if err != nil {
		t.Fatal(err)
	}
	n, last := 0, ""
	for e := range values {
		n, last = n+1, e.Name
	}
	if n != mostClaims+1 || last != "192.0.2.2" {
		t.Errorf("%d values, the last %s", n, last)
	}
}

func FuzzDocuments(f *testing.F) {
	f.Add([]byte(event1))
	f.Add([]byte(`{"response":[{"Event":{"id":"1","date":"2026-01-02"}}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		docs, err := Reader{}.Documents(body)
		if err != nil {
			return
		}
		for range docs {
			continue
		}
		values, err := Reader{}.Values(body)
		if err != nil {
			t.Fatal(err)
		}
		for e := range values {
			if e.Name == "" {
				t.Fatal("a value is none")
			}
		}
	})
}
