package store

import (
	"database/sql"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// Relations and levels stand in rows by number. A number keeps its meaning for
// good: it is in every store.

// relations are numbered from 1 in this order; new ones come last.
var relations = []intel.Relation{intel.Uses, intel.Indicates, intel.Exploits, intel.Targets, intel.OriginatesFrom, intel.RoutesThrough, intel.ResolvesTo,
	intel.Affects, intel.HasWeakness, intel.PartOf, intel.AliasOf, intel.NotAliasOf, intel.AssociatedWith, intel.Researches, intel.Offers, intel.ClaimsAttack, intel.Intends}

// number is that of a relation; 0, which no row has, of one that is unknown.
func number(r intel.Relation) int { return slices.Index(relations, r) + 1 }

// rel writes the numbers of relations into a statement.
func rel(some ...intel.Relation) string {
	out := make([]string, len(some))
	for i, r := range some {
		out[i] = strconv.Itoa(number(r))
	}
	return strings.Join(out, ", ")
}

// numbered reads the number of a relation.
type numbered struct{ *intel.Relation }

// Scan implements sql.Scanner.
func (n numbered) Scan(v any) error {
	i, ok := v.(int64)
	if !ok || i < 1 || int(i) > len(relations) {
		return fmt.Errorf("relation %v: %w", v, intel.ErrInvalid)
	}
	*n.Relation = relations[i-1]
	return nil
}

var levels = []intel.Level{intel.Low, intel.Medium, intel.High}

func levelNumber(l intel.Level) int { return max(0, slices.Index(levels, l)) }

// leveled reads the number of a level.
type leveled struct{ *intel.Level }

// Scan implements sql.Scanner.
func (n leveled) Scan(v any) error {
	i, ok := v.(int64)
	if !ok || i < 0 || int(i) >= len(levels) {
		return fmt.Errorf("level %v: %w", v, intel.ErrInvalid)
	}
	*n.Level = levels[i]
	return nil
}

// millionths is a weight as it is kept.
func millionths(w float64) int64 { return int64(math.Round(1e6 * min(max(w, 0), 1))) }

// weighted reads a weight.
type weighted struct{ *float64 }

// Scan implements sql.Scanner.
func (w weighted) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return fmt.Errorf("weight %v: %w", v, intel.ErrInvalid)
	}
	*w.float64 = float64(n) / 1e6
	return nil
}

// whole reads a number that is not NULL. It spares database/sql to ask what an int64
// is, for each column of millions of rows.
type whole int64

// Scan implements sql.Scanner.
func (w *whole) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return fmt.Errorf("number %v: %w", v, intel.ErrInvalid)
	}
	*w = whole(n)
	return nil
}

// maybe is whole for what may be NULL.
type maybe sql.NullInt64

// Scan implements sql.Scanner.
func (m *maybe) Scan(v any) error {
	if m.Valid = v != nil; m.Valid {
		return (*whole)(&m.Int64).Scan(v)
	}
	m.Int64 = 0
	return nil
}

// briefly reads a moment that is kept so (brief); NULL leaves it as it is.
type briefly struct{ *time.Time }

// Scan implements sql.Scanner.
func (b briefly) Scan(v any) error {
	switch n, ok := v.(int64); {
	case v == nil:
	case !ok:
		return fmt.Errorf("time %v: %w", v, intel.ErrInvalid)
	case n >= farSecond || n <= -farSecond:
		*b.Time = time.UnixMicro(n).UTC()
	default:
		*b.Time = time.Unix(n, 0).UTC()
	}
	return nil
}
