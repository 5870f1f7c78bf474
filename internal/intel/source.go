package intel

import "time"

// A Circuit is whether a source is visited as configured: one that fails time and again is
// left alone for longer and longer, and one that retrying cannot cure for good.
type Circuit string

// The circuits.
const (
	Closed  Circuit = "closed"
	Opened  Circuit = "open"
	Stopped Circuit = "stopped"
)

// An Outage is a stretch in which a source was not read though it should have been. What
// happened in it is unknown, not nothing.
type Outage struct {
	Source SourceID
	Stretch
	Why string // the error of its last visit; empty if there was none
}

// Overlap is how much of a stretch lies between two moments.
func (s Stretch) Overlap(from, until time.Time) time.Duration {
	if s.From.After(from) {
		from = s.From
	}
	if s.Until.Before(until) {
		until = s.Until
	}
	return max(0, until.Sub(from))
}
