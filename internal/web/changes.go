package web

import (
	"slices"

	"github.com/portent-cti/portent/internal/intel"
)

// A changesPage is what is forecast otherwise than a week ago, ready to print; nil of
// nothing to compare with and nothing judged.
type changesPage struct {
	intel.Changes
	Lines   []changeLine
	Settled []settledLine
	Events  int // judged, that came or did not
}

// A changeLine is one change; Class draws its arrow.
type changeLine struct {
	Class, Direction, Kind, What, Href, Now, Before string
}

// A settledLine is one judged forecast; Class draws its mark.
type settledLine struct {
	intel.Settled
	Class, What, Href, Said, Outcome string
}

func changesOf(c intel.Changes) *changesPage {
	if c.Since.IsZero() && len(c.Judged) == 0 {
		return nil
	}
	page := &changesPage{Changes: c, Events: c.Came + c.CameNot}
	for _, x := range slices.Concat(c.Moved, c.New, c.Gone) {
		line := changeLine{Direction: x.Direction(), Kind: x.Kind, What: target(x.Kind, x.Target, x.Name, x.Horizon), Href: linkTo(x.Target), Now: x.Now.String(), Before: x.Before.String()}
		switch line.Direction {
		case "more", "likelier", "ranked higher", "new":
			line.Class = "up"
		case "less", "less likely", "ranked lower", "gone":
			line.Class = "down"
		default:
			line.Class = "flat"
		}
		page.Lines = append(page.Lines, line)
	}
	for _, s := range c.Judged {
		line := settledLine{Settled: s, Class: "not", What: target(s.Kind, s.Target, s.Name, s.Horizon), Href: linkTo(s.Target), Said: dash, Outcome: s.Outcome()}
		within := s.Counted() && float64(s.Came) >= s.Stand.Low && float64(s.Came) <= s.Stand.Up
		switch {
		case s.Unscoreable != "":
			line.Class = "open-yet"
		case within, !s.Counted() && s.Came > 0:
			line.Class = "came"
		}
		if s.Counted() || s.Stand.Skill.Above() {
			line.Said = s.Stand.String()
		}
		page.Settled = append(page.Settled, line)
	}
	return page
}
