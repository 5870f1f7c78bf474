package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

// load saves a version of a pack on a day, of items written "key=body".
func load(t *testing.T, db *store.DB, p store.Pack, day int, items string) {
	t.Helper()
	p.Digest, p.Loaded = fmt.Sprint(day), now.AddDate(0, 0, day)
	_, err := db.SavePack(t.Context(), p, func(yield func(string, []byte) error) error {
		for _, it := range strings.Fields(items) {
			key, body, _ := strings.Cut(it, "=")
			if err := yield(key, []byte(body)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// items writes a pack as it was on a day.
func items(t *testing.T, db *store.DB, pack string, then time.Time) string {
	t.Helper()
	var out []string
	err := db.PackItems(t.Context(), pack, then, func(key string, body []byte) error {
		out = append(out, key+"="+string(body))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(out, " ")
}

func TestAPackIsReadAsOfADay(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		kev, epss := store.Pack{Name: "kev"}, store.Pack{Name: "epss", Fleeting: true}
		load(t, db, kev, 0, "a=1 b=1 c=1")
		load(t, db, kev, 10, "a=1 b=2 d=1")
		load(t, db, kev, 20, "b=3 d=1 c=1")
		load(t, db, epss, 0, "a=.1 b=.1")
		load(t, db, epss, 10, "a=.2")
		day := func(n int) time.Time { return now.AddDate(0, 0, n) }
		for then, want := range map[time.Time]string{
			day(-1): "", day(0): "a=1 b=1 c=1", day(9): "a=1 b=1 c=1", day(10): "a=1 b=2 d=1", day(19): "a=1 b=2 d=1", day(20): "b=3 c=1 d=1", {}: "b=3 c=1 d=1",
		} {
			if got := items(t, db, "kev", then); got != want {
				t.Errorf("as of %s: %q, want %q", then, got, want)
			}
		}
		if got := items(t, db, "epss", day(9)); got != "" {
			t.Errorf("scores of a past day are kept: %q", got)
		}
		if got := items(t, db, "epss", time.Time{}); got != "a=.2" {
			t.Errorf("scores %q", got)
		}
		for _, test := range []struct {
			key        string
			then, want time.Time
			body       string
		}{{"b", day(5), day(0), "1"}, {"b", day(15), day(10), "2"}, {"b", time.Time{}, day(20), "3"}, {"d", day(5), day(10), "1"}, {"c", day(15), day(20), "1"}} {
			it, err := db.PackItem(t.Context(), "kev", test.key, test.then)
			if err != nil || string(it.Body) != test.body || !it.Since.Equal(test.want) {
				t.Errorf("%s as of %s: %s since %s, err %v; want %s since %s", test.key, test.then, it.Body, it.Since, err, test.body, test.want)
			}
		}
		if _, err := db.PackItem(t.Context(), "kev", "a", day(30)); !errors.Is(err, intel.ErrNotFound) {
			t.Errorf("an item that was taken out: err %v", err)
		}
	})
}

func TestFormerItemsOfAPackAreBounded(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		for day := range 9 {
			load(t, db, store.Pack{Name: "kev"}, day, fmt.Sprintf("a=%d b=%d", day, day))
		}
		for day, want := range map[int]string{3: "", 4: "a=4 b=4", 8: "a=8 b=8"} {
			if got := items(t, db, "kev", now.AddDate(0, 0, day)); got != want {
				t.Errorf("day %d: %q, want %q", day, got, want)
			}
		}
	})
}
