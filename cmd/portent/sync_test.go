package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

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
