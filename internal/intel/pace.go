package intel

// A Pace is how busy the last four weeks, of which one is under way, were beside the
// four before them.
type Pace struct {
	Now, Before int
	Direction   Direction
}

// A Direction is how a pace has changed.
type Direction int

// The directions of a pace.
const (
	Unknown Direction = iota // fewer than eight weeks are known
	Silent                   // nothing in eight weeks
	Quieter                  // less by more than a quarter and by two or more: the week under way is not over
	Steady
	Busier // more by more than a quarter
)

// PaceOf returns the pace of contiguous weeks, oldest first.
func PaceOf(weeks []Count) Pace {
	var p Pace
	for i, w := range weeks {
		switch age := len(weeks) - i; {
		case age <= 4:
			p.Now += w.N
		case age <= 8:
			p.Before += w.N
		}
	}
	switch {
	case len(weeks) < 8:
	case p.Now == 0 && p.Before == 0:
		p.Direction = Silent
	case 4*p.Now > 5*p.Before:
		p.Direction = Busier
	case 4*p.Now < 3*p.Before && p.Before-p.Now > 1:
		p.Direction = Quieter
	default:
		p.Direction = Steady
	}
	return p
}
