package pipeline_test

import (
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/pipeline"
)

// weeksOf is so many documents in each week from one on, so many weeks.
func weeksOf(n, from, weeks int) map[int]int {
	out := map[int]int{}
	for w := range weeks {
		out[from+w] = n
	}
	return out
}

func TestTheCollectorIsWhoToldTheMostInMostWeeksAndNobodyIsItNoLongerForAnothersFlood(t *testing.T) {
	for name, c := range map[string]struct {
		told map[string]map[int]int
		want string // empty: nobody
	}{
		"who alone tells":                                  {map[string]map[int]int{"leaks": weeksOf(1, 99, 1)}, "leaks"},
		"who tells the most":                               {map[string]map[int]int{"leaks": weeksOf(9, 0, 60), "blog": weeksOf(2, 0, 60)}, "leaks"},
		"nobody tells more than all others":                {map[string]map[int]int{"a": weeksOf(4, 0, 60), "b": weeksOf(3, 0, 60), "c": weeksOf(2, 0, 60)}, ""},
		"a flood of half a year":                           {map[string]map[int]int{"leaks": weeksOf(9, 0, 60), "flood": weeksOf(1000, 34, 26)}, "leaks"},
		"a flood in one week of any number":                {map[string]map[int]int{"leaks": weeksOf(9, 0, 20), "flood": weeksOf(1_000_000, 3, 1)}, "leaks"},
		"a flood of two months where all is new":           {map[string]map[int]int{"leaks": weeksOf(9, 0, 20), "flood": weeksOf(1000, 11, 9)}, "leaks"},
		"a flood after which nobody tells the most":        {map[string]map[int]int{"leaks": weeksOf(9, 0, 50), "flood": weeksOf(1000, 24, 25)}, "leaks"},
		"a flood for longer than all is known, and longer": {map[string]map[int]int{"leaks": weeksOf(9, 0, 90), "flood": weeksOf(1000, 30, 60)}, "flood"},
		"another takes its place when it fell silent":      {map[string]map[int]int{"old": weeksOf(9, 0, 30), "new": weeksOf(9, 30, 68)}, "new"},
		"a flood while nobody else tells":                  {map[string]map[int]int{"leaks": weeksOf(9, 0, 20), "flood": weeksOf(1000, 20, 50)}, "leaks"},
		"a flood beside two that tell the same":            {map[string]map[int]int{"a": weeksOf(9, 0, 20), "b": weeksOf(9, 0, 20), "flood": weeksOf(1000, 20, 78)}, ""},
		"what was told of late does not count":             {map[string]map[int]int{"leaks": weeksOf(9, 0, 9), "flood": weeksOf(1000, 100, 60)}, "leaks"},
	} {
		who, ok := pipeline.Collector(c.told, 98)
		if who != c.want || ok != (c.want != "") {
			t.Errorf("%s: %q, %v; want %q", name, who, ok, c.want)
		}
	}
}

func TestWhatIsDatedBackIsToldWhenItComesInUnlessAStoreIsBeingFilled(t *testing.T) {
	first := time.Date(2025, 3, 1, 6, 0, 0, 0, time.UTC)
	long := first.AddDate(-1, 0, 0)
	for name, c := range map[string]struct{ dated, in, want time.Time }{
		"with the first":        {long, first.Add(23 * time.Hour), long},
		"a day after":           {long, first.Add(24 * time.Hour), first.Add(24 * time.Hour)},
		"a week late":           {first.AddDate(0, 1, 0), first.AddDate(0, 1, 7), first.AddDate(0, 1, 0)},
		"a month late":          {first.AddDate(0, 1, 0), first.AddDate(0, 2, 0), first.AddDate(0, 2, 0)},
		"dated in the future":   {first.AddDate(9, 0, 0), first.AddDate(0, 2, 0), first.AddDate(9, 0, 0)},
		"as it is being filled": {first.AddDate(0, 0, -1), first, first.AddDate(0, 0, -1)},
	} {
		if got := pipeline.ToldAt(c.dated, c.in, first); !got.Equal(c.want) {
			t.Errorf("%s: told on %v, want %v", name, got, c.want)
		}
	}
}
