package pipeline_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
)

// associated is why actors are associated with one, by name.
func (h house) associated(t *testing.T, r intel.Reader, name string) map[string]string {
	t.Helper()
	p, totals, err := h.ed.Profile(t.Context(), r, intel.Entity{Kind: intel.Actor, Name: name}, pipeline.Window{}, now)
	if err != nil {
		t.Fatal(err)
	}
	if totals["associated_actors"] != len(p.Associated) {
		t.Errorf("%d of %d are associated with %s", len(p.Associated), totals["associated_actors"], name)
	}
	out := map[string]string{}
	for _, row := range p.Associated {
		out[row.Entity.Name] = row.Reason()
		if row.Origins == 0 && row.Level == intel.High {
			t.Errorf("what nobody states is believed: %+v", row)
		}
	}
	return out
}

func TestAnAssociatedActorSaysWhatBothHaveInCommon(t *testing.T) {
	onEachEngine(t, nil, func(t *testing.T, h house) {
		var lines strings.Builder
		for i := range 12 {
			fmt.Fprintf(&lines, "ipv4:45.134.21.%d indicates actor:alpha-crane\nipv4:45.134.21.%d indicates actor:beta-crane\n", i, i)
		}
		for _, who := range []string{"alpha", "beta"} {
			fmt.Fprintf(&lines, "actor:%s-crane uses malware:nightbell\nactor:%s-crane exploits vulnerability:CVE-2026-0001\nactor:%s-crane uses technique:T1068\n", who, who, who)
		}
		lines.WriteString("actor:beta-crane uses malware:dayfall\n")
		h.keep(t, said(t, "one", lines.String()))
		want := map[string]string{"beta-crane": "12 shared addresses, named together in 1 document, 1 shared malware, 1 shared technique, 1 shared vulnerability"}
		if d := cmp.Diff(want, h.associated(t, intel.Everything(), "alpha-crane")); d != "" {
			t.Error(d)
		}
		h.keep(t, said(t, "two", "actor:gamma-crane associated-with actor:alpha-crane"))
		got := h.associated(t, intel.Everything(), "alpha-crane")
		if got["gamma-crane"] != "stated in 1 document, named together in 1 document" {
			t.Errorf("who is said to be associated is so because of %q", got["gamma-crane"])
		}
	})
}

// TestAReasonCountsADocumentOnceThatUsesTwoNames has names that stand for each other, and
// documents that use both, or say a thing in a claim and in their text.
func TestAReasonCountsADocumentOnceThatUsesTwoNames(t *testing.T) {
	onEachEngine(t, nil, func(t *testing.T, h house) {
		const both = "actor:alpha-crane exploits vulnerability:CVE-2026-0001\nactor:pale-crane exploits vulnerability:CVE-2026-0001\n"
		h.keep(t, said(t, "one", "actor:pale-crane alias-of actor:alpha-crane\n"), said(t, "two", both), said(t, "three", both),
			said(t, "four", "actor:pale-crane alias-of actor:alpha-crane\nactor:alpha-crane exploits vulnerability:CVE-2026-0001\n"))
		p, _, err := h.ed.Profile(t.Context(), intel.Everything(), intel.Entity{Kind: intel.Vulnerability, Name: "CVE-2026-0001"}, pipeline.Window{}, now)
		if err != nil || len(p.Associated) != 1 || len(p.Associated[0].Joins) != 2 {
			t.Fatalf("%+v, err %v", p.Associated, err)
		}
		if got := p.Associated[0].Reason(); !strings.Contains(got, "stated in 3 documents") {
			t.Errorf("three documents say so: %q", got)
		}
	})
}

func TestWhatManyHaveInCommonAssociatesNobody(t *testing.T) {
	onEachEngine(t, nil, func(t *testing.T, h house) {
		// Forty actors use one address and a tool, as shared hosting is used; a hundred
		// another; two have one to themselves.
		var docs []intel.Document
		for i := range 100 {
			lines := fmt.Sprintf("ipv4:45.134.21.99 indicates actor:crane-%03d\n", i)
			if i < 40 {
				lines += fmt.Sprintf("ipv4:45.134.21.8 indicates actor:crane-%03d\nactor:crane-%03d uses tool:mimikatz\n", i, i)
			}
			if i < 2 {
				lines += fmt.Sprintf("ipv4:45.134.21.7 indicates actor:crane-%03d\n", i)
			}
			docs = append(docs, said(t, fmt.Sprintf("s%d", i), lines))
		}
		h.keep(t, docs...)
		want := map[string]string{"crane-001": "2 shared addresses, 1 shared tool"}
		if d := cmp.Diff(want, h.associated(t, intel.Everything(), "crane-000")); d != "" {
			t.Error(d)
		}
		p, _, err := h.ed.Profile(t.Context(), intel.Everything(), intel.Entity{Kind: intel.Actor, Name: "crane-000"}, pipeline.Window{}, now)
		if err != nil || len(p.Associated) != 1 {
			t.Fatalf("%+v, err %v", p.Associated, err)
		}
		row := p.Associated[0]
		if i := slices.IndexFunc(row.Common, func(c intel.Common) bool { return c.What == "addresses" }); i < 0 || row.Common[i].Weight < .52 || row.Common[i].Weight > .53 {
			t.Errorf("reasons %+v, want an address of two and one of forty to weigh 0.525", row.Common)
		}
		if row.Level != intel.Low || row.Relation != intel.AssociatedWith || row.First.IsZero() {
			t.Errorf("row %+v", row)
		}
	})
}

func TestWhatIsSharedInSecretAssociatesNobodyInPublic(t *testing.T) {
	onEachEngine(t, nil, func(t *testing.T, h house) {
		secret := said(t, "one", "ipv4:45.134.21.8 indicates actor:beta-crane\nipv4:45.134.21.9 indicates actor:beta-crane\nactor:alpha-crane uses malware:nightbell")
		secret.Marking = intel.Amber
		h.keep(t, secret, said(t, "two", "ipv4:45.134.21.8 indicates actor:alpha-crane\nipv4:45.134.21.9 indicates actor:alpha-crane"), said(t, "three", "actor:beta-crane uses malware:dayfall"))
		if got := h.associated(t, intel.Everything(), "alpha-crane"); len(got) != 1 {
			t.Errorf("who may see all is told of %v", got)
		}
		if got := h.associated(t, intel.Public(), "alpha-crane"); len(got) != 0 {
			t.Errorf("the public is told of %v", got)
		}
	})
}

// A document that names a thousand actors, and an actor with as many indicators
// as a flood brings.
func TestWhatActorsHaveInCommonIsFoundInBoundedTime(t *testing.T) {
	onEachEngine(t, nil, func(t *testing.T, h house) {
		var docs []intel.Document
		for d := range 4 {
			var b strings.Builder
			for i := range 2000 {
				fmt.Fprintf(&b, "ipv4:45.%d.%d.%d indicates actor:crane-%03d\n", 100+d%2, i/250, i%250, d*100+i%100)
			}
			docs = append(docs, said(t, fmt.Sprintf("s%d", d), b.String()))
		}
		var b strings.Builder
		for i := range 2000 {
			fmt.Fprintf(&b, "ipv4:45.%d.%d.%d indicates actor:alpha-crane\n", 100+i%2, i/250, i%250)
		}
		h.keep(t, append(docs, said(t, "alpha", b.String()))...)
		within(t, 30*time.Second, "a profile of 2,000 indicators that others have", func() {
			if got := h.associated(t, intel.Everything(), "alpha-crane"); len(got) == 0 || len(got) > 25 {
				t.Errorf("%d are associated", len(got))
			}
		})
	})
}
