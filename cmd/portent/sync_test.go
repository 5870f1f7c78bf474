package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/collect/packs"
	"github.com/portent-cti/portent/internal/reference"
)

// TestAPackThatComesInPartLeavesTheFormerOneInForce lets one of the many files
// of a pack break off.
func TestAPackThatComesInPartLeavesTheFormerOneInForce(t *testing.T) {
	const last = "microsoft-activity-group.json"
	cluster := func(value string) string {
		return `{"type":"threat-actor","name":"Threat Actor","version":1,"values":[{"value":"` + value + `","uuid":"1","meta":{}}]}`
	}
	get := func(value, broken string) getter {
		return func(_ context.Context, url string, w io.Writer) error {
			if broken != "" && strings.HasSuffix(url, broken) {
				return errors.New("unexpected EOF")
			}
			_, err := io.WriteString(w, cluster(value))
			return err
		}
	}
	db := newStore(t)
	sync := func(get getter) (synced, string) {
		t.Helper()
		dir := t.TempDir()
		failed, err := download(t.Context(), get, dir, []string{"actors"})
		if err != nil {
			t.Fatal(err)
		}
		var errs bytes.Buffer
		a := &app{cli: &cli{DB: db}, err: &errs, out: io.Discard, now: time.Now}
		defer a.close()
		if _, err := a.store(t.Context()); err != nil {
			t.Fatal(err)
		}
		results := (&syncCmd{}).packs(t.Context(), a, os.DirFS(dir), []string{"actors"}, failed)
		if len(results) != 1 {
			t.Fatalf("results %+v; want one", results)
		}
		set, err := a.reference(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, n := range set.Names() {
			if strings.HasPrefix(n.Text, "Pale") {
				names = append(names, n.Text)
			}
		}
		return results[0], strings.Join(names, ",")
	}
	if len(reference.Downloads("actors")) < 2 {
		t.Fatal("the pack of actors is one file; this test needs one of several")
	}
	if r, names := sync(get("Pale Heron", "")); r.State != "new" || names == "" {
		t.Fatalf("whole: %+v, names %q", r, names)
	}
	r, names := sync(get("Pale Otter", last))
	if r.State != "failed" || !strings.Contains(r.Reason, last) || !strings.Contains(r.Reason, "unexpected EOF") {
		t.Errorf("in part: %+v; want it failed, naming the file and why", r)
	}
	if !strings.Contains(names, "Pale Heron") || strings.Contains(names, "Otter") {
		t.Errorf("names in force: %q; want those of the whole pack", names)
	}
}

// TestASourceOfPacksPutsThemIntoForce brings in a pack as a source does, and tries it first.
func TestASourceOfPacksPutsThemIntoForce(t *testing.T) {
	from := func() (getter, error) {
		return func(_ context.Context, _ string, w io.Writer) error {
			_, err := io.WriteString(w, `{"type":"threat-actor","name":"Threat Actor","version":1,"values":[{"value":"Pale Heron","uuid":"1","meta":{}}]}`)
			return err
		}, nil
	}
	var out bytes.Buffer
	a := &app{cli: &cli{DB: newStore(t)}, err: io.Discard, out: &out, now: time.Now, log: slog.New(slog.DiscardHandler)}
	defer a.close()
	p, err := a.pipeline(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	known := func() bool {
		return slices.ContainsFunc(p.Reference().Names(), func(n reference.Name) bool { return n.Text == "Pale Heron" })
	}
	if err := a.trying(from)(t.Context(), "actors"); err != nil || known() || !strings.Contains(out.String(), " items ") {
		t.Fatalf("tried: %v, known %t, told %q", err, known(), out.String())
	}
	if err := a.refreshing(from, p, true)(t.Context(), "actors"); err != nil || !known() {
		t.Errorf("brought in: %v, known %t", err, known())
	}
}

// TestEveryPackOfSingleFilesIsOneOfSources holds the connector to what there is to download.
func TestEveryPackOfSingleFilesIsOneOfSources(t *testing.T) {
	var want []string
	for _, name := range reference.PackNames() {
		if len(reference.Downloads(name)) > 0 {
			want = append(want, name)
		}
	}
	if got := packs.Known(); !slices.Equal(got, want) {
		t.Errorf("packs of sources %v, want %v", got, want)
	}
}
