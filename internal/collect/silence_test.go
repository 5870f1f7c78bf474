package collect

import "testing"

// spoken are the days of half a year on which a source spoke.
func spoken(on func(day int64) bool) (days []int64) {
	for day := range int64(182) {
		if on(day) {
			days = append(days, day)
		}
	}
	return days
}

// TestASourceIsSilentAgainstItsOwnHabitAlone has sources of many habits fall silent for some
// days. Day 0 is a Thursday.
func TestASourceIsSilentAgainstItsOwnHabitAlone(t *testing.T) {
	daily := spoken(func(int64) bool { return true })
	workdays := spoken(func(d int64) bool { return (d+3)%7 < 5 })
	holiday := spoken(func(d int64) bool { return d < 90 || d > 110 })
	monthly := spoken(func(d int64) bool { return d%30 == 1 })
	weekly := spoken(func(d int64) bool { return d%7 == 1 })
	for name, c := range map[string]struct {
		days   []int64
		quiet  int64 // whole days since the last
		silent bool
	}{
		"daily, a week":              {daily, 7, true},
		"daily, a day":               {daily, 1, false},
		"daily, today":               {daily, 0, false},
		"workdays, a weekend":        {workdays, 2, false},
		"workdays, a long weekend":   {workdays, 3, false},
		"workdays, nine days":        {workdays, 9, true},
		"weekly, ten days":           {weekly, 10, false},
		"weekly, six weeks":          {weekly, 42, true},
		"monthly, a week":            {monthly, 7, false},
		"monthly, six weeks":         {monthly, 42, false},
		"monthly, four months":       {monthly, 120, true},
		"daily with a holiday, week": {holiday, 7, true},
		"four days, a year":          {[]int64{1, 2, 3, 4}, 365, false},
		"all on one day, a year":     {[]int64{1}, 365, false},
		"never":                      {nil, 0, false},
	} {
		last := int64(0)
		if len(c.days) > 0 {
			last = c.days[len(c.days)-1]
		}
		since, silent := Silent(c.days, last+c.quiet+1)
		if silent != c.silent || silent && since != last+1 {
			t.Errorf("%s: silent %v since %d, want %v since %d", name, silent, since, c.silent, last+1)
		}
	}
}
