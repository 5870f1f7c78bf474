package activity

import (
	"math/rand/v2"
	"testing"
)

func TestTheNearestPrecedentIsTheSameCourseOfAnotherSeries(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	p := &Panel{Start: start(), Weeks: 60}
	for s := range 12 {
		one := Series{Name: string(rune('a' + s)), Counts: make([]int, p.Weeks)}
		for w := range one.Counts {
			one.Counts[w] = rng.IntN(4)
		}
		p.Series = append(p.Series, one)
	}
	course := []int{9, 1, 30, 2, 14, 0, 0, 41, 3, 5, 5, 22, 60} // nobody else's
	copy(p.Series[4].Counts[47:], course)
	copy(p.Series[7].Counts[20:], append(course, 70, 80, 90, 100))
	for w := range 47 { // as old, and as rich before
		p.Series[4].Counts[w] = 0
	}
	for w := range 20 {
		p.Series[7].Counts[w] = 0
	}
	p.Series[4].First, p.Series[7].First = 47, 20
	for _, h := range []int{1, 4} {
		m := Gather(p, h).Fit(60)
		got := m.Precedents(4, 3)
		want := map[int]int{1: 70, 4: 340}[h]
		if len(got) != 3 || got[0] != (Precedent{7, 33, want}) {
			t.Fatalf("%d weeks: %+v", h, got)
		}
		for i, a := range got {
			for _, b := range got[:i] {
				if a.Series == b.Series && max(a.Week, b.Week) < min(a.Week, b.Week)+h {
					t.Errorf("%d weeks: %+v and %+v tell of the same weeks", h, a, b)
				}
			}
			if a.Week+h > 60 {
				t.Errorf("%+v is not closed", a)
			}
		}
	}
	if got := Gather(p, 4).Fit(8).Precedents(1, 3); got != nil {
		t.Errorf("of too little: %+v", got)
	}
	if got := Gather(p, 4).Fit(60).Precedents(1, 10_000); len(got) == 0 || len(got) > 12*60/4 {
		t.Errorf("%d precedents", len(got))
	}
}
