package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

func TestWhatADocumentMentionsIsReadAsItWasKept(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		d := document(1)
		save(t, db, d)
		v := store.Derived{Document: d.ID, Observations: []intel.Observation{
			{Document: d.ID, Entity: actor, Offset: -1},
			{Document: d.ID, Entity: host, Offset: 0, Length: 10},
			{Document: d.ID, Entity: host, Offset: 15, Length: 10},
			{Document: d.ID, Entity: intel.Entity{Kind: intel.IPv4, Name: "8.8.8.8"}, Offset: 40, Length: 7, Suppressed: "warninglist: public  dns, of several"},
		}}
		derive(t, db, 1, v)
		got, err := db.Observations(t.Context(), all, d.ID)
		if diff := cmp.Diff(v.Observations, got); err != nil || diff != "" {
			t.Errorf("err %v\n%s", err, diff)
		}
		v.Observations = v.Observations[1:2]
		derive(t, db, 2, v)
		got, err = db.Observations(t.Context(), all, d.ID)
		if diff := cmp.Diff(v.Observations, got); err != nil || diff != "" {
			t.Errorf("derived again: err %v\n%s", err, diff)
		}
		if _, err := db.Title(t.Context(), all, actor); !errors.Is(err, intel.ErrNotFound) {
			t.Errorf("what is mentioned no more: err %v", err)
		}
		aside, err := db.Suppressions(t.Context(), all, intel.Entity{Kind: intel.IPv4, Name: "8.8.8.8"})
		if err != nil || len(aside) != 0 {
			t.Errorf("what is set aside no more: %v, err %v", aside, err)
		}
	})
}

func TestFindingsOfAnOldStoreReadTheSame(t *testing.T) {
	atEachEngine(t, func(t *testing.T, url string) {
		old, err := store.OpenAt(t.Context(), url, 17)
		if err != nil {
			t.Fatal(err)
		}
		kinds := []struct{ at, mentioned, links, reads string }{
			{"1628467258", "19\n648\n19", "80 81 612 70000000000", "{1628467258 true} [{19 -1 0 } {648 -1 0 } {19 -1 0 }] [80 81 612 70000000000]"},
			{"NULL", "7 0 9\n8 15 10 warninglist: public  dns, of several\n9 -1 0 why", "5", "{0 false} [{7 0 9 } {8 15 10 warninglist: public  dns, of several} {9 -1 0 why}] [5]"},
			{"-1", "", "", "{-1 true} [] []"},
		}
		const documents = 2500 // more than are moved at a time
		var fill, want []string
		for i := range documents {
			k := kinds[i%len(kinds)]
			fill = append(fill, fmt.Sprintf(`(%d, %s, %d, '%s', '%s')`, 3*i+1, k.at, []int{3, 3, 0}[i%3], k.mentioned, k.links))
			want = append(want, fmt.Sprintf("%d %s", 3*i+1, k.reads))
		}
		if err := old.Run(t.Context(), `INSERT INTO findings (document, at, observations, mentioned, links) VALUES `+strings.Join(fill, ", ")); err != nil {
			t.Fatal(err)
		}
		old.Close()
		db := open(t, url)
		got, err := db.Findings(t.Context())
		if d := cmp.Diff(want, got); err != nil || d != "" {
			t.Errorf("err %v\n%s", err, d)
		}
		sum, err := db.Lines(t.Context(), `SELECT SUM(observations) FROM findings`)
		if d := cmp.Diff([]string{"5001"}, sum); err != nil || d != "" {
			t.Errorf("observations: err %v\n%s", err, d)
		}
	})
}

func FuzzUnpack(f *testing.F) {
	for _, s := range []string{"", "\x02", "\x03\x00\x06\x00", "\x03\x01\x00\x09a  reason\x02", "\x03\x01\x00\xff\xff\xff\x7f", "\x80", "\x03\x01"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, repack := range []func([]byte) ([]byte, error){store.Repack, store.RepackLinks} {
			once, err := repack(b)
			if err != nil {
				continue
			}
			if twice, err := repack(once); err != nil || !bytes.Equal(twice, once) {
				t.Errorf("%q, then %q, err %v", once, twice, err)
			}
		}
	})
}

func FuzzMentionLines(f *testing.F) {
	for _, s := range []string{"", "1", "1 0 3", "1 -1 0 warninglist: a  list\n7", "1 2", "x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once, err := store.RepackLines(s)
		if err != nil {
			return
		}
		if twice, err := store.Repack(once); err != nil || !bytes.Equal(twice, once) {
			t.Errorf("%q, then %q, err %v", once, twice, err)
		}
	})
}
