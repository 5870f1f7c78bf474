package main

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/reference"
)

func TestARunningServerTakesUpPacksThatASyncBringsIn(t *testing.T) {
	var out bytes.Buffer
	c := &cli{DB: newStore(t), Quiet: true, Now: time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)}
	server, other := newApp(c, nil, &out, &out), newApp(c, nil, &out, &out)
	defer server.close()
	defer other.close()
	p, err := server.pipeline(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if code, c, errs := portent(t, c.DB, "import", file(t, "tour.json", []byte(tour))); code != exitDone {
		t.Fatalf("exit %d, %+v: %s", code, c, errs)
	}
	before, err := packsInForce(t.Context(), server)
	if err != nil {
		t.Fatal(err)
	}
	db, err := other.store(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	pack := reference.ActorsPack("1", []reference.Cluster{{Galaxy: "threat-actor", Value: "Winter Cat", Synonyms: []string{"Cold Lynx"}}})
	if _, err := savePack(t.Context(), other, db, pack); err != nil {
		t.Fatal(err)
	}
	after, err := refresh(t.Context(), server, p, before)
	if err != nil || after == before {
		t.Fatalf("packs %q after %q, err %v", after, before, err)
	}
	rs, err := server.db.StandsFor(t.Context(), intel.Everything(), intel.Entity{Kind: intel.Actor, Name: "cold-lynx"})
	if err != nil || len(rs) != 1 || rs[0].Canonical.Name != "winter-cat" {
		t.Errorf("Cold Lynx stands for %+v, err %v", rs, err)
	}
	if again, err := refresh(t.Context(), server, p, after); again != after || err != nil {
		t.Errorf("nothing changed: %q, err %v", again, err)
	}
}

func TestPagesAreServedToThisMachineAlone(t *testing.T) {
	var errs bytes.Buffer
	c := &cli{DB: newStore(t), Quiet: true}
	a := newApp(c, nil, &errs, &errs)
	defer a.close()
	var usage usageError
	if err := (&serveCmd{Addr: "0.0.0.0:0"}).Run(t.Context(), a); !errors.As(err, &usage) {
		t.Errorf("served to everybody: %v", err)
	}
}
