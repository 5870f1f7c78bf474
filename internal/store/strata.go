package store

import (
	"context"
	"database/sql"
	"slices"
	"strconv"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// hot is the number of documents from which what is said of a link is kept in
// sum, too, and is weighed by Reweigh, from time to time, and no longer at each
// arrival. A date that lay in the future when it was summed up is believed no
// more until everything is weighed anew.
const hot = 1000

// strataOf returns the pieces of those links that are kept in sum.
func strataOf(ctx context.Context, q engine, now time.Time, links []int64) ([]piece, error) {
	if len(links) == 0 {
		return nil, nil
	}
	until := cut(now)
	all, err := query(ctx, q, func(r *sql.Rows, p *piece) error {
		var how int64
		var first, last, learned sql.NullInt64
		err := r.Scan(&p.link, &p.origin, &how, weighted{&p.Weight}, &first, &last, &learned, &p.n, &p.note)
		if first.Int64 > until {
			first.Valid = false
		}
		if last.Int64 > until {
			last = first
		}
		p.set(how)
		p.Since, p.At, p.Learned = toTime(first), toTime(last), toTime(learned)
		return err
	}, `SELECT link, origin, how, weight, first, last, learned, documents, context FROM strata WHERE link IN `+list(1, len(links))+` ORDER BY link, origin, how, weight`, anys(links)...)
	if err != nil {
		return nil, err
	}
	return all, nameSources(ctx, q, all)
}

// how is what pieces of a stratum have in common, as it is kept.
func (p piece) how() int64 {
	return p.source<<24 | int64(graded(p.Evidence))<<16 | int64(p.Marking)<<8 | int64(p.Stance)
}

func (p *piece) set(how int64) {
	p.Origin, p.source = strconv.FormatInt(p.origin, 10), how>>24
	p.Reliability, p.Speaker, p.Graded = ungraded(int(how >> 16 & 0xff))
	p.Marking, p.Stance = intel.Marking(how>>8&0xff), intel.Stance(how&0xff)
}

// Who speaks, and whether a person gave the letter, is kept in four bits of the
// reliability, which letters leave free.
const (
	byPublisher = 1 << 7
	byRelay     = 1 << 5
	byCopy      = byPublisher | byRelay
	byPerson    = 1 << 4
	byMirror    = 1 << 3
	letters     = 0xff &^ (byPublisher | byRelay | byPerson | byMirror)
)

// graded is the reliability of evidence, and who speaks, as it is kept.
func graded(e intel.Evidence) int {
	n := int(e.Reliability) & letters
	switch e.Speaker {
	case intel.Publisher:
		n |= byPublisher
	case intel.Relay:
		n |= byRelay
	case intel.Copy:
		n |= byCopy
	case intel.Mirror:
		n |= byMirror
	}
	return n | lettered(0, e.Graded)
}

// lettered is a letter as it is kept, given by a person or not.
func lettered(r intel.Reliability, graded bool) int {
	if graded {
		return int(r) | byPerson
	}
	return int(r)
}

// ungraded is what graded keeps.
func ungraded(n int) (r intel.Reliability, by intel.Speaker, graded bool) {
	r, graded = intel.Reliability(n&letters), n&byPerson != 0
	switch n & byCopy {
	case byPublisher:
		by = intel.Publisher
	case byRelay:
		by = intel.Relay
	case byCopy:
		by = intel.Copy
	}
	if n&byMirror != 0 {
		by = intel.Mirror
	}
	return r, by, graded
}

// addStrata adds pieces to what is kept in sum.
func addStrata(ctx context.Context, tx engine, pieces []piece) error {
	return chunks(pieces, func(pieces []piece) error {
		args := make([]any, 0, 9*len(pieces))
		for _, p := range pieces {
			args = append(args, p.link, p.origin, p.how(), millionths(p.Weight), fromTime(p.Since), fromTime(p.At), fromTime(p.Learned), p.n, p.note)
		}
		least := func(what, than string) string {
			return what + ` = CASE WHEN strata.` + what + ` ` + than + ` excluded.` + what + ` OR excluded.` + what + ` IS NULL THEN strata.` + what + ` ELSE excluded.` + what + ` END`
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO strata (link, origin, how, weight, first, last, learned, documents, context) VALUES `+values(1, len(pieces), 9)+`
			ON CONFLICT (link, origin, how, weight) DO UPDATE SET documents = strata.documents + excluded.documents, `+
			least("first", "<")+`, `+least("last", ">")+`, `+least("learned", ">")+`, `+least("context", ">"), args...)
		return err
	})
}

// hotPieces returns the pieces of links of which so much is said that they are to
// be kept in sum.
func hotPieces(pieces []piece) (out []piece) {
	for from := 0; from < len(pieces); {
		to, n := from, 0
		for to < len(pieces) && pieces[to].link == pieces[from].link {
			n += pieces[to].n
			to++
		}
		if n > hot {
			out = append(out, pieces[from:to]...)
		}
		from = to
	}
	return out
}

// summed returns which of sorted links are kept in sum.
func summed(ctx context.Context, q engine, links []int64) (out []int64, err error) {
	err = chunks(links, func(links []int64) error {
		some, err := query(ctx, q, scanInt, `SELECT DISTINCT link FROM strata WHERE link IN `+list(1, len(links))+` ORDER BY link`, anys(links)...)
		out = append(out, some...)
		return err
	})
	return out, err
}

// loudness parts the links that are kept in sum, of which few pieces are looked at, from
// the others. What was believed then (zero: now) is looked at as a whole.
func (db *DB) loudness(ctx context.Context, links []int64, then time.Time) (loud, quiet []int64, err error) {
	if then.IsZero() {
		loud, err = summed(ctx, db.read, links)
	}
	quiet = slices.DeleteFunc(slices.Clone(links), func(l int64) bool { return slices.Contains(loud, l) })
	return loud, quiet, err
}

// sumUp adds what documents say to the sums of links that have one.
func sumUp(ctx context.Context, tx engine, now time.Time, links, documents []int64) error {
	links, err := summed(ctx, tx, links)
	if err != nil {
		return err
	}
	return chunks(links, func(links []int64) error {
		return chunks(documents, func(documents []int64) error {
			pieces, err := somePieces(ctx, tx, now, `evidence WHERE link IN `+list(1, len(links))+` AND document IN `+list(len(links)+1, len(documents)),
				append(anys(links), anys(documents)...)...)
			if err != nil {
				return err
			}
			return addStrata(ctx, tx, pieces)
		})
	})
}

// forget takes away the sums of links, of which something was taken back.
func forget(ctx context.Context, tx engine, links []int64) error {
	return chunks(links, func(links []int64) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM strata WHERE link IN `+list(1, len(links)), anys(links)...)
		return err
	})
}

// weighed returns the pieces of links, in order, from what is kept in sum where it
// is, and what is to be kept so from now on.
func weighed(ctx context.Context, tx engine, now time.Time, links []int64) (pieces, fresh []piece, err error) {
	if pieces, err = strataOf(ctx, tx, now, links); err != nil {
		return nil, nil, err
	}
	has := make(map[int64]bool)
	for _, p := range pieces {
		has[p.link] = true
	}
	var others []int64
	for _, l := range links {
		if !has[l] {
			others = append(others, l)
		}
	}
	if len(others) == 0 {
		return pieces, nil, nil
	}
	more, err := piecesOf(ctx, tx, now, time.Time{}, `evidence WHERE link IN `+list(1, len(others)), anys(others)...)
	return append(pieces, more...), hotPieces(more), err
}
