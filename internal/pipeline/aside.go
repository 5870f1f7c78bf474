package pipeline

import (
	"context"
	"sync"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
	"github.com/portent-cti/portent/internal/store"
)

// verdicts keeps what analysts said of values for as long as nobody says more.
type verdicts struct {
	mu    sync.Mutex
	n     int
	index *score.Verdicts
}

// Verdicts returns what analysts said of values until now.
func (ed *Editor) Verdicts(ctx context.Context) (*score.Verdicts, error) {
	n, err := ed.DB.Verdicts(ctx)
	if err != nil {
		return nil, err
	}
	ed.verdicts.mu.Lock()
	defer ed.verdicts.mu.Unlock()
	if ed.verdicts.index == nil || ed.verdicts.n != n {
		all, err := ed.DB.ValueVerdicts(ctx)
		if err != nil {
			return nil, err
		}
		// One that came behind the count is read again next time.
		ed.verdicts.n, ed.verdicts.index = n, score.NewVerdicts(all)
	}
	return ed.verdicts.index, nil
}

// Screen says which values are set aside for a reader, as of a moment: by the
// lists in force and by what analysts said. Rows are judged as they are read, so
// that a list, a verdict and its undoing hold from the next read on.
func (ed *Editor) Screen(ctx context.Context, r intel.Reader, now time.Time) (score.Screen, error) {
	v, err := ed.Verdicts(ctx)
	return score.Screen{Listed: ed.Reference().Benign, Despite: score.Learned().SetAside(), Verdicts: v, Reader: r, Now: now}, err
}

// screened reads the rows of a section of indicators until so many of them are
// believed, and marks those that are set aside; they stand behind the others. A
// read of one level has no row that is set aside.
func (ed *Editor) screened(ctx context.Context, r intel.Reader, o store.Outline, s store.Section, most int, w Window, now time.Time) (rows []intel.Row, total int, err error) {
	screen, err := ed.Screen(ctx, r, now)
	if err != nil {
		return nil, 0, err
	}
	for limit := most; ; limit *= 2 {
		found, n, err := ed.DB.RowsOf(ctx, r, o, s, limit, 0)
		if err != nil {
			return nil, 0, err
		}
		rows, total = rows[:0], n
		believed := 0
		for _, a := range found {
			row := ed.row(a, s, w.cuts, now)
			if aside := screen.Of(row.Entity); aside.Reason == "" {
				believed++
			} else if s.Level != "" {
				total--
				continue
			} else {
				row = score.Disbelieved(row, aside)
			}
			rows = append(rows, row)
		}
		if believed >= most || len(found) < limit || limit >= everything {
			return rows, total, nil
		}
	}
}

// last orders rows that are set aside behind all others.
func last(r intel.Row) int {
	if r.Suppressed != "" {
		return 1
	}
	return 0
}
