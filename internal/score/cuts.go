package score

import (
	"github.com/portent-cti/portent/internal/intel"
)

// Cuts are the probabilities from which rows are High and Medium. Zero fields are
// those that ship.
type Cuts struct {
	High   float64 `json:"high,omitempty"`
	Medium float64 `json:"medium,omitempty"`
}

// The cuts that ship.
const (
	leastHigh   = 0.8
	leastMedium = 0.5
)

// set is c with the cuts that ship where it has none.
func (c Cuts) set() Cuts {
	return Cuts{max(c.High, leastHigh), max(c.Medium, leastMedium)}
}

// Level puts a probability in words. High also asks for a known date and for two
// independent origins; see [Level].
func (c Cuts) Level(p float64, origins int, dated bool) intel.Level {
	switch c = c.set(); {
	case p >= c.High && origins >= 2 && dated:
		return intel.High
	case p >= c.Medium:
		return intel.Medium
	}
	return intel.Low
}
