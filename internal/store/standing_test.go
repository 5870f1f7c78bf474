package store_test

import (
	"testing"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

func TestAValueStandsOnWhatTheReaderMaySee(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		first, second, secret, denial := document(9), document(5), document(2), document(1)
		secret.Marking = intel.Red
		save(t, db, first, second, secret, denial)
		from := func(d intel.Document, origin string, to intel.Entity) store.Derived {
			out := derived(d, .5)
			out.Evidence[0].Origin, out.Evidence[0].Link.To = origin, to
			return out
		}
		tool, label := intel.Entity{Kind: intel.Tool, Name: "night"}, intel.Entity{Kind: intel.Label, Name: "untagged"}
		denied := from(denial, "e.example", actor)
		denied.Evidence[0].Stance = intel.Disputes
		derive(t, db, 1, from(first, "a.example", actor), from(second, "b.example", label), from(secret, "c.example", tool), denied)
		for _, c := range []struct {
			reader  intel.Reader
			origins int
			last    intel.Document
		}{{intel.Public(), 2, second}, {all, 3, secret}} {
			got, err := db.Standings(t.Context(), c.reader, []intel.Entity{host, {Kind: intel.IPv4, Name: "192.0.2.77"}}, now, func(said []intel.Evidence) (int, int) { return len(said), len(said) })
			if err != nil {
				t.Fatal(err)
			}
			s := got[host]
			points, err := db.Pointing(t.Context(), c.reader, []intel.Entity{host, {Kind: intel.IPv4, Name: "192.0.2.77"}})
			if err != nil || len(points) != 1 || len(points[host]) != c.origins {
				t.Errorf("%v: points to %v, err %v; want %d", c.reader, points, err, c.origins)
			}
			if len(got) != 1 || s.Origins != c.origins || !s.Last.Equal(c.last.Published) {
				t.Errorf("%v: %+v, want %d origins, last seen %v", c.reader, got, c.origins, c.last.Published)
			}
		}
	})
}
