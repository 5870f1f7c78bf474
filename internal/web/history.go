package web

import (
	"errors"
	"net/http"

	"github.com/portent-cti/portent/internal/intel"
)

// mostTurns is how many turns of a history a page shows.
const mostTurns = 12

// A history is how far a row was believed, ready to print: the first turns and the
// last ones, and how many are between.
type history struct {
	Row         string
	Early, Late []intel.Turn
	More        int
}

func historyOf(h intel.History) *history {
	if len(h.Turns) == 0 {
		return nil
	}
	out := &history{Row: h.Row, Early: h.Turns, More: h.More}
	if more := len(h.Turns) - mostTurns; more > 0 || h.More > 0 {
		n := min(len(h.Turns), mostTurns)
		out.Early, out.Late = h.Turns[:n/3], h.Turns[len(h.Turns)-(n-n/3):]
		out.More += max(0, more)
	}
	return out
}

// open reads the evidence and the history of a row that is open.
func (h *handler) open(r *http.Request, line *row) (err error) {
	if line.Proofs, err = h.Views.Proofs(r.Context(), h.Reader, line.Row.ID); err != nil {
		return err
	}
	line.History, err = h.history(r, line.Row.ID)
	return err
}

// history reads the history of a row; one of which nothing may be seen has none.
func (h *handler) history(r *http.Request, row string) (*history, error) {
	found, err := h.Views.History(r.Context(), h.Reader, row)
	if errors.Is(err, intel.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return historyOf(found), nil
}
