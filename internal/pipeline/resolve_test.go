package pipeline_test

import (
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
	"github.com/portent-cti/portent/internal/score"
	"github.com/portent-cti/portent/internal/store"
)

// said is a document of a source that claims "FROM RELATION TO" with each of
// its lines.
func said(t *testing.T, source, lines string) intel.Document {
	t.Helper()
	d := intel.Document{ID: intel.NewDocumentID(intel.SourceID(source), lines), Source: intel.SourceID(source), Genre: intel.Report, Reliability: 'A',
		Title: source, Published: now.AddDate(0, 0, -7), Learned: now.AddDate(0, 0, -7)}
	for line := range strings.Lines(lines) {
		f := strings.Fields(line)
		from, err := intel.ParseEntity(f[0])
		if err != nil {
			t.Fatal(err)
		}
		to, err := intel.ParseEntity(f[2])
		if err != nil {
			t.Fatal(err)
		}
		c := intel.Claim{Subject: from, Relation: intel.Relation(f[1]), Object: to}
		if len(f) > 3 {
			c.Reference = f[3]
		}
		d.Claims = append(d.Claims, c)
	}
	return d
}

func TestOneVoiceDoesNotMoveANameThatOthersSpeakOf(t *testing.T) {
	const (
		address = "ipv4:45.134.21.8 indicates actor:alpha-crane"
		evil    = "actor:alpha-crane alias-of actor:evil-name"
	)
	alpha, bad := intel.Entity{Kind: intel.Actor, Name: "alpha-crane"}, intel.Entity{Kind: intel.Actor, Name: "evil-name"}
	one, two, claim := said(t, "one", address), said(t, "two", address), said(t, "stranger", evil)
	secret := said(t, "one", address)
	secret.Marking = intel.Amber
	for name, test := range map[string]struct {
		docs []intel.Document
		want intel.Entity
		open intel.Entity // what a reader of TLP:CLEAR is told, if something else
	}{
		"others spoke first":                {[]intel.Document{one, two, claim}, alpha, alpha},
		"others speak later":                {[]intel.Document{claim, one, two}, alpha, alpha},
		"one other":                         {[]intel.Document{one, claim}, alpha, alpha},
		"nobody else speaks of it":          {[]intel.Document{claim}, bad, bad},
		"the same speaks of it":             {[]intel.Document{said(t, "stranger", address), claim}, bad, bad},
		"two say so":                        {[]intel.Document{one, two, claim, said(t, "another", evil)}, bad, bad},
		"two relay one":                     {[]intel.Document{one, claim, said(t, "another", evil+" https://x.example/"), said(t, "third", evil+" https://www.x.example/b")}, bad, bad},
		"two relay one, and nobody else":    {[]intel.Document{one, said(t, "another", evil+" https://x.example/"), said(t, "third", evil+" https://www.x.example/b")}, alpha, alpha},
		"one cites many":                    {[]intel.Document{one, said(t, "stranger", evil+" https://x.example/\n"+evil+" https://y.example/")}, alpha, alpha},
		"one file invents two sources":      {[]intel.Document{one, said(t, "documents/a", evil), said(t, "documents/b", evil)}, alpha, alpha},
		"one cites who spoke":               {[]intel.Document{one, said(t, "stranger", evil+" https://one/")}, alpha, alpha},
		"one makes the other name the main": {[]intel.Document{one, said(t, "stranger", "actor:evil-name alias-of actor:alpha-crane\nactor:x alias-of actor:evil-name\nactor:y alias-of actor:evil-name")}, alpha, alpha},
		"others speak in secret":            {[]intel.Document{secret, claim}, alpha, bad},
	} {
		t.Run(name, func(t *testing.T) {
			_, p, ed := open(t)
			for _, d := range test.docs {
				if _, err := p.Keep(t.Context(), []intel.Document{d}); err != nil {
					t.Fatal(err)
				}
				if err := p.Finish(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			for r, want := range map[intel.Reader]intel.Entity{intel.Everything(): test.want, intel.Public(): test.open} {
				if m, err := ed.Lookup(t.Context(), r, "alpha crane"); err != nil || len(m) != 1 || m[0].Entity != want {
					t.Errorf("clearance %v: stands for %+v, err %v; want %s", r.Clearance, m, err, want)
				}
			}
		})
	}
}

func TestAnAliasThatMovesNothingIsShownAsAClaim(t *testing.T) {
	db, p, ed := open(t)
	docs := []intel.Document{said(t, "one", "ipv4:45.134.21.8 indicates actor:alpha-crane"), said(t, "stranger", "actor:alpha-crane alias-of actor:evil-name")}
	if _, err := p.Keep(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
	if err := p.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, other := range map[string]string{"alpha-crane": "evil-name", "evil-name": "alpha-crane"} {
		got, _, err := ed.Profile(t.Context(), intel.Everything(), intel.Entity{Kind: intel.Actor, Name: name}, pipeline.Window{}, now)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Aliases) != 0 || len(got.Associated) != 1 || got.Associated[0].Entity.Name != other || got.Associated[0].Relation != intel.AliasOf {
			t.Errorf("%s: aliases %+v, associated %+v", name, got.Aliases, got.Associated)
		}
	}
	// Withdrawn, what the others said holds the name no longer.
	err := db.SaveDerived(t.Context(), []store.Derived{{Document: docs[0].ID}}, store.Derivation{Version: 1 << 30, Now: now,
		Judge: func(e []intel.Evidence) []intel.Assessment { return score.Learned().Links(e, now) }})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	if rs, err := db.StandsFor(t.Context(), intel.Everything(), intel.Entity{Kind: intel.Actor, Name: "alpha-crane"}); err != nil || len(rs) != 1 {
		t.Errorf("stands for %+v, err %v; want the other", rs, err)
	}
}
