package forum

import (
	"testing"
	"time"
)

func TestDatesAreReadAsForumsWriteThem(t *testing.T) {
	now := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC) // a Wednesday
	moscow := time.FixedZone("", 3*3600)
	for _, c := range []struct {
		said     string
		zone     *time.Location
		dayFirst bool
		want     string
	}{
		{"Fri Jan 02, 2026 3:04 am", time.UTC, false, "2026-01-02T03:04:00Z"},                       // phpBB
		{"by alice » 02 Jan 2026, 15:04", moscow, false, "2026-01-02T12:04:00Z"},                    // phpBB
		{"01-02-2026, 03:04 PM", time.UTC, false, "2026-01-02T15:04:00Z"},                           // MyBB, vBulletin
		{"01-02-2026, 03:04 PM", time.UTC, true, "2026-02-01T15:04:00Z"},                            // the same where the day stands first
		{"02.01.2026, 03:04", moscow, false, "2026-01-02T00:04:00Z"},                                // vBulletin
		{"« Reply #3 on: January 02, 2026, 03:04:05 PM »", time.UTC, false, "2026-01-02T15:04:05Z"}, // SMF
		{"on: Today at 03:04:05 AM", moscow, false, "2026-04-01T00:04:05Z"},                         // SMF
		{"Yesterday, 11:30 PM", moscow, false, "2026-03-31T20:30:00Z"},                              // MyBB
		{"01-04-2026, 03:04 PM 2 hours ago", time.UTC, false, "2026-01-04T15:04:00Z"},               // MyBB, with the time behind it
		{"2 hours ago", moscow, false, "2026-04-01T10:00:00Z"},
		{"An hour ago", moscow, false, "2026-04-01T11:00:00Z"},
		{"5 minutes ago", moscow, false, "2026-04-01T11:55:00Z"},
		{"Monday at 3:04 PM", time.UTC, false, "2026-03-30T15:04:00Z"}, // XenForo
		{"Wednesday at 3:04 PM", time.UTC, false, "2026-03-25T15:04:00Z"},
		{"just now", moscow, false, "2026-04-01T12:00:00Z"},
		{"2 января 2026, 03:04", moscow, false, "2026-01-02T00:04:00Z"},
		{"Сегодня, 14:04", moscow, false, "2026-04-01T11:04:00Z"},
		{"5 минут назад", moscow, false, "2026-04-01T11:55:00Z"},
		{"2nd January 2026 12:04 am", time.UTC, false, "2026-01-02T00:04:00Z"},
		{"2026-01-02T03:04:05+0300", time.UTC, false, "2026-01-02T00:04:05Z"},
		{"2026-01-02T03:04:05.000Z", moscow, false, "2026-01-02T03:04:05Z"},
		{"2026-01-02T03:04:05", moscow, false, "2026-01-02T00:04:05Z"}, // vBulletin 5
		{"#12", time.UTC, false, "0001-01-01T00:00:00Z"},
		{"31-02-2026, 25:00", time.UTC, false, "0001-01-01T00:00:00Z"},
		{"01-02-2036, 03:04 PM", time.UTC, false, "0001-01-01T00:00:00Z"}, // yet to come
	} {
		if got := (clock{now, c.zone, c.dayFirst}).when(c.said).Format(time.RFC3339); got != c.want {
			t.Errorf("%q in %v: %s, want %s", c.said, c.zone, got, c.want)
		}
	}
}

func FuzzWhen(f *testing.F) {
	f.Add("Yesterday, 11:30 PM")
	f.Add("2 января 2026, 03:04")
	now := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, said string) {
		if at := (clock{now, time.UTC, false}).when(said); at.Location() != time.UTC || at.After(now.Add(48*time.Hour)) {
			t.Errorf("%q is %v", said, at)
		}
	})
}
