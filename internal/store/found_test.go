package store_test

import (
	"slices"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

func TestACommandIsFoundWhateverItsBlanksIfTheReaderMaySeeIt(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		open, secret := document(1), document(2)
		secret.Marking = intel.Red
		save(t, db, open, secret)
		see := func(kind intel.Kind, name string) intel.Observation {
			return intel.Observation{Entity: intel.Entity{Kind: kind, Name: name}}
		}
		task, command, hidden := see(intel.ScheduledTask, "a_b.exe /i\u00a0C:\\50%.dll"), see(intel.Command, "a_b.exe  /i C:\\50%.dll"), see(intel.Command, "A_b.exe /i C:\\50%.dll")
		derive(t, db, 1, store.Derived{Document: open.ID, Observations: []intel.Observation{task, command, see(intel.Command, "a_b.exe /i C:\\51%.dll"), see(intel.Command, "aXb.exe /i C:\\50%.dll")}},
			store.Derived{Document: secret.ID, Observations: []intel.Observation{hidden}})
		for _, c := range []struct {
			reader intel.Reader
			kinds  []intel.Kind
			value  string
			want   []intel.Entity
		}{
			{intel.Public(), []intel.Kind{intel.ScheduledTask}, "a_b.exe /i c:\\50%.dll", []intel.Entity{task.Entity}},
			{intel.Public(), []intel.Kind{intel.ScheduledTask, intel.Command}, " a_b.exe /i C:\\50%.dll", []intel.Entity{task.Entity, command.Entity}},
			{all, []intel.Kind{intel.Command}, "a_b.exe /i C:\\50%.dll", []intel.Entity{hidden.Entity, command.Entity}},
			{all, []intel.Kind{intel.Command}, "a_b.exe", nil}, {all, nil, "a_b.exe", nil}, {all, []intel.Kind{intel.Command}, " ", nil},
		} {
			if got, err := db.Worded(t.Context(), c.reader, c.kinds, c.value); err != nil || !slices.Equal(got, c.want) {
				t.Errorf("%q of %v for %v: %+v, err %v; want %+v", c.value, c.kinds, c.reader, got, err, c.want)
			}
		}
	})
}

func TestNamesAreFoundWhateverTheirCaseIfTheReaderMaySeeThem(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		open, secret := document(1), document(2)
		secret.Marking = intel.Red
		save(t, db, open, secret)
		see := func(kind intel.Kind, name, suppressed string) intel.Observation {
			return intel.Observation{Entity: intel.Entity{Kind: kind, Name: name}, Suppressed: suppressed}
		}
		derive(t, db, 1, store.Derived{Document: open.ID, Observations: []intel.Observation{
			see(intel.Vulnerability, "CVE-2099-0001", ""), see(intel.Domain, "cve-2099.example", "reserved domain")}},
			store.Derived{Document: secret.ID, Observations: []intel.Observation{see(intel.Vulnerability, "CVE-2099-0002", "")}})
		for words, want := range map[string]int{"cve-2099": 2, "CVE-2099": 2, "2099-0002": 0, "100%": 0} {
			got, err := db.Find(t.Context(), intel.Reader{Clearance: intel.Clear}, words, 10)
			if err != nil || len(got) != want {
				t.Errorf("%s: %+v, err %v; want %d", words, got, err, want)
			}
		}
		if got, err := db.Find(t.Context(), all, "2099-0002", 10); err != nil || len(got) != 1 {
			t.Errorf("with clearance: %+v, err %v", got, err)
		}
	})
}
