package pipeline

import (
	"context"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/reference"
)

// A Screening is what a change of lists came to.
type Screening struct {
	Values   int       `json:"values"`    // different ones that were looked at
	SetAside int       `json:"set_aside"` // that lists say now are usually benign, and did not before
	Returned int       `json:"returned"`  // of which it is the other way round
	Renamed  int       `json:"renamed"`   // set aside as before, for another reason
	Derived  int       `json:"derived"`   // documents derived again
	Changes  []Changed `json:"changes"`   // the first of them
}

// A Changed value is set aside, or no longer, or for another reason.
type Changed struct {
	Value intel.Entity `json:"value"`
	Was   string       `json:"was"` // the reason; none is ""
	Is    string       `json:"is"`
}

// mostChanges is how many changed values a screening names.
const mostChanges = 20

// Screen looks at every value that is kept, once, and tells what other lists
// change. Rows are judged as they are read, so that all of it holds already; what
// is derived from an address and is not its row, the country an actor goes through,
// is derived again from the documents of those that changed. Seen is told how many
// values were looked at.
func (p *Pipeline) Screen(ctx context.Context, was *reference.Set, seen func(int)) (s Screening, err error) {
	is := p.Reference()
	var moved []intel.Entity // addresses that changed
	err = p.DB.EachValue(ctx, func(e intel.Entity) error {
		s.Values++
		if seen != nil && s.Values%1000 == 0 {
			seen(1000)
		}
		before, _ := was.Benign(e)
		after, _ := is.Benign(e)
		switch {
		case before == after:
			return nil
		case before == "":
			s.SetAside++
		case after == "":
			s.Returned++
		default:
			s.Renamed++
		}
		if len(s.Changes) < mostChanges {
			s.Changes = append(s.Changes, Changed{e, before, after})
		}
		if (before == "" || after == "") && (e.Kind == intel.IPv4 || e.Kind == intel.IPv6) {
			moved = append(moved, e)
		}
		return nil
	})
	if err != nil || len(moved) == 0 {
		return s, err
	}
	if s.Derived, err = p.DB.Again(ctx, moved); err != nil {
		return s, err
	}
	return s, p.Finish(ctx)
}
