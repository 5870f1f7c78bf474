package packs

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/collect"
)

// TestWhatFailedIsAskedForAgainAndNothingElse has one pack of three fail at the first visit.
func TestWhatFailedIsAskedForAgainAndNothingElse(t *testing.T) {
	var asked []string
	broken := true
	env := collect.Env{ID: "packs", Refresh: func(_ context.Context, name string) error {
		asked = append(asked, name)
		if broken && name == "kev" {
			return errors.New("pack kev: it did not come")
		}
		return nil
	}}
	src, err := Connector.Open(env, collect.Strict([]byte(`{"packs":["actors","kev","epss"]}`)))
	if err != nil {
		t.Fatal(err)
	}
	if err := src.Collect(t.Context(), "", nil); err == nil || !strings.Contains(err.Error(), "pack kev: it did not come") {
		t.Errorf("a pack that does not come: %v", err)
	}
	broken = false
	for range 2 {
		if err := src.Collect(t.Context(), "", nil); err != nil {
			t.Error(err)
		}
	}
	if want := strings.Fields("actors kev epss kev actors kev epss"); !slices.Equal(asked, want) {
		t.Errorf("asked for %v, want %v", asked, want)
	}
}

func TestPacksThatAreNoneAreRefused(t *testing.T) {
	for settings, want := range map[string]string{
		`{"packs":["cve"]}`: `no pack "cve"; there are attack, actors, warninglists, kev, epss`,
		`{"pack":"kev"}`:    "pack",
	} {
		if _, err := Connector.Open(collect.Env{ID: "packs"}, collect.Strict([]byte(settings))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", settings, err, want)
		}
	}
	src, err := Connector.Open(collect.Env{ID: "packs"}, collect.Strict([]byte(`{}`)))
	if err != nil {
		t.Fatal(err)
	}
	if err := src.Collect(t.Context(), "", nil); !collect.IsPermanent(err) {
		t.Errorf("where nothing can be brought in: %v, want an error for good", err)
	}
}
