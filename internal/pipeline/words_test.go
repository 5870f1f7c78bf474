package pipeline_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/figures"
	"github.com/portent-cti/portent/internal/intel"
)

// TestNoSourceMovesAForecastByMoreThanAFifthHoweverLongItKeepsOn imports week by week what
// one source tells beside a collector, and beside three of which none is.
func TestNoSourceMovesAForecastByMoreThanAFifthHoweverLongItKeepsOn(t *testing.T) {
	figures.Only(t)
	ghost := intel.NewEntity(intel.Actor, "Ghost")
	for _, honest := range [][]string{{"blog"}, {"blog", "wire", "lens"}} {
		calm := hear(t)
		all := calm.ten(honest...)
		calm.weekly()
		for name, flood := range map[string]func(h *heard){
			"one document a week for twelve weeks":  func(h *heard) { h.flood("pastes", "x", all[9], 12, 84) },
			"one document a week for half a year":   func(h *heard) { h.flood("pastes", "x", all[9], 26, 182) },
			"ten documents a week for twenty weeks": func(h *heard) { h.flood("pastes", "x", all[9], 200, 140) },
			"by two vouched accounts for half a year": func(h *heard) {
				h.flood("pastes", "x", all[9], 26, 182)
				h.flood("pastes", "y", all[9], 26, 182)
			},
			"of somebody else every week": func(h *heard) {
				for i := range all {
					h.flood("pastes", "x", all[i], 13, 182)
				}
			},
			"of twenty that do not exist, by turns": func(h *heard) {
				for i := range 20 {
					h.burst("pastes", intel.NewEntity(intel.Actor, fmt.Sprintf("Ghost %d", i)), 12+i%12)
				}
			},
			"by one that is known":       func(h *heard) { h.flood(honest[len(honest)-1], "mallory", all[9], 120, 20) },
			"of one that does not exist": func(h *heard) { h.flood("pastes", "x", ghost, 26, 182) },
		} {
			t.Run(fmt.Sprint(honest, " ", name), func(t *testing.T) {
				h := hear(t)
				h.ten(honest...)
				flood(h)
				h.weekly()
				h.near(calm, all)
				if strings.HasPrefix(name, "one document") && !bounded(t, h.of(all[9])["any activity 28"]) {
					t.Errorf("it is not told that one source was bounded: %+v", h.of(all[9])["any activity 28"].Reasons)
				}
			})
		}
	}
}

// burst lets a source be silent of somebody for so many weeks, time and again, and then
// tell a lot: of whom it was silent as long something seems to come.
func (h *heard) burst(source string, e intel.Entity, silent int) {
	for week := 23; week >= 0; week-- {
		if age := 23 - week; age == 0 || age%silent < 4 {
			for range 3 {
				h.say(source, "x", e, 7*week+2)
			}
		}
	}
}

// TestNobodyEndsAnOutageOfTheCollector lets a source tell of somebody else every week while
// the collector is silent: that others are not told of then makes them no quieter.
func TestNobodyEndsAnOutageOfTheCollector(t *testing.T) {
	silent := func() (*heard, []intel.Entity) {
		h := hear(t)
		all := h.ten("blog")
		h.docs = slices.DeleteFunc(h.docs, func(d intel.Document) bool {
			ago := int(now.Sub(d.Published).Hours() / 24)
			return ago >= 5 && ago < 75
		})
		h.base = len(h.docs)
		return h, all
	}
	calm, all := silent()
	calm.weekly()
	if p := calm.of(all[0])["any activity 28"].Probability; p < .8 {
		t.Fatalf("an outage makes quiet: %.2f", p)
	}
	h, _ := silent()
	h.flood("pastes", "x", intel.NewEntity(intel.Actor, "Ghost"), 40, 140)
	h.weekly()
	h.near(calm, all)
}

// TestWhoAloneTellsOfSomebodyIsHeldToItsHabit has a source beside the collector tell of
// somebody of whom nobody else does, and then a lot.
func TestWhoAloneTellsOfSomebodyIsHeldToItsHabit(t *testing.T) {
	lone := intel.NewEntity(intel.Actor, "Loner")
	stores := map[bool]*heard{}
	for _, flood := range []bool{false, true} {
		h := hear(t)
		h.ten("blog")
		for week := 8; week < 36; week += 9 {
			h.say("pastes", "x", lone, 7*week)
		}
		if flood {
			h.flood("pastes", "x", lone, 120, 20)
		}
		h.weekly()
		stores[flood] = h
	}
	stores[true].near(stores[false], []intel.Entity{lone})
	if f := stores[true].of(lone)["any activity 28"]; !bounded(t, f) {
		t.Errorf("it is not told that one source was bounded: %+v", f.Reasons)
	}
}

// TestAFloodByTheCollectorMovesNoForecastByMoreThanAFifth has who alone tells of anybody tell a
// lot in the last four weeks of somebody of whom it told for eight weeks, and then no more.
func TestAFloodByTheCollectorMovesNoForecastByMoreThanAFifth(t *testing.T) {
	figures.Only(t)
	world := func() (*heard, []intel.Entity) {
		h := hear(t)
		all := h.ten("blog")
		for i := range 6 {
			all = append(all, intel.NewEntity(intel.Actor, fmt.Sprintf("Spell %d", i)))
			for week := 28 - 4*i; week < 36-4*i; week++ {
				h.say("blog", "desk", all[10+i], 7*week+2)
				h.say("blog", "desk", all[10+i], 7*week+4)
			}
		}
		return h, all
	}
	calm, all := world()
	calm.weekly()
	for _, who := range []intel.Entity{all[15], all[2]} { // and of somebody of whom it tells every week
		for _, n := range []int{40, 400, 4000} {
			for _, accounts := range [][]string{{"desk"}, {"x", "y"}} {
				t.Run(fmt.Sprint(n, " of ", who.Name, " by ", accounts), func(t *testing.T) {
					h, _ := world()
					for _, account := range accounts {
						h.flood("blog", account, who, n/len(accounts), 28)
					}
					h.weekly()
					h.near(calm, all)
					bounded(t, h.of(who)["any activity 28"])
				})
			}
		}
	}
}
