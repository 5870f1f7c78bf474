package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

func TestACourseHasWhatIsInForceAndWhatWas(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		old, secret := document(300), document(100)
		old.Learned = old.Published
		secret.Marking = intel.Red
		save(t, db, old, secret)
		derive(t, db, 1, derived(old, .5), derived(secret, .5))
		derive(t, db, 2, derived(old, .9))
		id := rows(t, db, all)[0].ID
		for _, c := range []struct {
			reader         intel.Reader
			most           int
			words, ended   int
			voices, unread int
		}{{all, 9, 3, 1, 3, 0}, {all, 1, 1, 1, 1, 2}, {intel.Public(), 9, 2, 1, 2, 0}} {
			got, err := db.Course(t.Context(), c.reader, id, c.most)
			if err != nil {
				t.Fatal(err)
			}
			ended := 0
			for _, w := range got.Words {
				if w.Until != intel.Open {
					ended++
				}
				if w.At != old.Published.UnixMicro() && w.At != secret.Published.UnixMicro() {
					t.Errorf("word %+v", w)
				}
			}
			if len(got.Words) != c.words || ended != c.ended && c.most > 1 || len(got.Voices) != c.voices || got.More != c.unread || got.Link.To != actor {
				t.Errorf("for %+v, %d at most: %d words of %d voices, %d of them ended, %d unread, of %s", c.reader, c.most, len(got.Words), len(got.Voices), ended, got.More, got.Link)
			}
		}
		if _, err := db.Course(t.Context(), all, id+99, 9); !errors.Is(err, intel.ErrNotFound) {
			t.Errorf("a row that is none: %v", err)
		}
	})
}

func TestAWeighingIsNotedWhenItChanges(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		at := func(day int) time.Time { return now.AddDate(0, 0, day) }
		for i, w := range []intel.Weighing{{Rules: 1, Scale: "x"}, {Rules: 1, Scale: "x"}, {Rules: 2, Scale: "x"}, {Rules: 2, Scale: "y"}, {Rules: 1, Scale: "x"}} {
			w.At = at(i)
			if err := db.NoteWeighing(t.Context(), w, false); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.NoteWeighing(t.Context(), intel.Weighing{At: at(9), Rules: 7}, true); err != nil {
			t.Fatal(err)
		}
		got, err := db.Weighings(t.Context())
		want := []intel.Weighing{{At: at(0), Rules: 1, Scale: "x"}, {At: at(2), Rules: 2, Scale: "x"}, {At: at(3), Rules: 2, Scale: "y"}, {At: at(4), Rules: 1, Scale: "x"}}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("err %v, %s", err, diff)
		}
	})
}
