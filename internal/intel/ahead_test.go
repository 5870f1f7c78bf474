package intel

import "testing"

func TestADistributionRisesEvenlyBetweenItsCounts(t *testing.T) {
	d := Distribution{At: []int{2, 3, 13}, Below: []float64{.2, .5, 1}}
	for level, want := range map[float64]int{0: 2, .1: 2, .2: 2, .21: 3, .5: 3, .51: 4, .55: 4, .551: 5, .75: 8, .999: 13, 1: 13, 2: 13} {
		if got := d.Quantile(level); got != want {
			t.Errorf("quantile %v is %d, want %d", level, got, want)
		}
	}
}
