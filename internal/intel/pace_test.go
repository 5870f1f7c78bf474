package intel_test

import (
	"testing"

	"github.com/portent-cti/portent/internal/intel"
)

func TestAPaceChangesByMoreThanAQuarter(t *testing.T) {
	for _, test := range []struct {
		weeks []int
		want  intel.Pace
	}{
		{nil, intel.Pace{}},
		{[]int{1, 2, 3}, intel.Pace{Now: 6}},
		{[]int{1, 1, 1, 1, 1, 1, 9}, intel.Pace{Now: 12, Before: 3}},
		{[]int{7, 0, 0, 0, 0, 0, 0, 0, 0}, intel.Pace{Direction: intel.Silent}},
		{[]int{9, 5, 5, 5, 5, 5, 5, 5, 10}, intel.Pace{Now: 25, Before: 20, Direction: intel.Steady}},
		{[]int{5, 5, 5, 5, 5, 5, 5, 11}, intel.Pace{Now: 26, Before: 20, Direction: intel.Busier}},
		{[]int{5, 5, 5, 5, 5, 5, 5, 0}, intel.Pace{Now: 15, Before: 20, Direction: intel.Steady}},
		{[]int{5, 5, 5, 5, 5, 5, 4, 0}, intel.Pace{Now: 14, Before: 20, Direction: intel.Quieter}},
		{[]int{0, 0, 0, 0, 0, 0, 0, 1}, intel.Pace{Now: 1, Direction: intel.Busier}},
		{[]int{0, 0, 0, 1, 0, 0, 0, 0}, intel.Pace{Before: 1, Direction: intel.Steady}}, // it may be 22 days old
		{[]int{0, 0, 0, 2, 0, 0, 0, 0}, intel.Pace{Before: 2, Direction: intel.Quieter}},
	} {
		var counts []intel.Count
		for _, n := range test.weeks {
			counts = append(counts, intel.Count{N: n})
		}
		if got := intel.PaceOf(counts); got != test.want {
			t.Errorf("%v: got %+v, want %+v", test.weeks, got, test.want)
		}
	}
}
