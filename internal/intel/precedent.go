package intel

import (
	"cmp"
	"fmt"
	"time"
)

// A Precedent is a state of somebody in the past that is near to that of whom a forecast
// is of: how many documents there were in four weeks, and how many in the weeks that
// followed.
type Precedent struct {
	Series  Entity `json:"series"`
	Name    string `json:"name,omitempty"` // of the series, as shown; not kept
	Stretch        // that followed
	Before  int    `json:"before"` // in the four weeks before it that were watched
	Came    int    `json:"came"`
	// Documents are the latest of those weeks that the reader may see, and then of the
	// four before; not kept.
	Documents []Event `json:"documents,omitempty"`
}

// Last is the last day of what followed.
func (p Precedent) Last() time.Time { return p.Until.AddDate(0, 0, -1) }

// String says it in one line.
func (p Precedent) String() string {
	return fmt.Sprintf("%s, %s to %s: %d in the four weeks before, %d came", cmp.Or(p.Name, p.Series.Title()), p.From.UTC().Format(time.DateOnly), p.Last().UTC().Format(time.DateOnly), p.Before, p.Came)
}
