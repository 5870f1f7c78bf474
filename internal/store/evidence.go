package store

import (
	"database/sql"

	"github.com/portent-cti/portent/internal/intel"
)

// Evidence is what a store has most of. It is written to narrow rows, the tables
// evidence_rows and former_evidence_rows, and read by the views evidence and
// former_evidence, which undo what the functions below do; who reads very many takes how,
// kept_at and kept_learned as they are kept.

// mannerBits are the lowest of how: reliability (see graded), marking and stance.
const mannerBits = 13

// inHow is the source, weight, reliability, marking and stance of evidence in one number,
// the same for what is alike: a weight of whole thousandths with the source before it
// and the rest after it, any other in millionths and below zero. There are fewer than 2^30
// sources.
func inHow(source int64, e intel.Evidence) int64 {
	manner := int64(graded(e))<<5 | int64(e.Marking&7)<<2 | int64(e.Stance&3)
	w := millionths(e.Weight)
	if w%1000 == 0 {
		return (source<<10|w/1000)<<mannerBits | manner
	}
	return -(source<<20|w)<<mannerBits | manner
}

// readHow undoes inHow.
func (p *piece) readHow(how int64) {
	w := (how >> mannerBits & 1023) * 1000
	if p.source = how >> mannerBits >> 10; how < 0 {
		both := -(how >> mannerBits)
		p.source, w = both>>20, both&(1<<20-1)
	}
	p.Weight = float64(w) / 1e6
	p.Reliability, p.Speaker, p.Graded = ungraded(int(how >> 5 & 0xff))
	p.Marking, p.Stance = intel.Marking(how>>2&7), intel.Stance(how&3)
}

// inSeconds is a moment as evidence keeps it: whole seconds as such, and others in
// microseconds, so much farther from 1970 that they are beyond all whole seconds.
func inSeconds(us sql.NullInt64) sql.NullInt64 {
	switch s := us.Int64 / second; {
	case us.Int64%second == 0 && s < farSecond && s > -farSecond:
		us.Int64 = s
	case us.Int64 >= 0:
		us.Int64 += farSecond
	default:
		us.Int64 -= farSecond
	}
	return us
}

// sinceSeconds undoes inSeconds.
func sinceSeconds(kept sql.NullInt64) sql.NullInt64 {
	switch {
	case kept.Int64 >= farSecond:
		kept.Int64 -= farSecond
	case kept.Int64 <= -farSecond:
		kept.Int64 += farSecond
	default:
		kept.Int64 *= second
	}
	return kept
}

// inSpan is where evidence stands in a text, from -1, and how long; nowhere is 0.
func inSpan(start, length int) int64 {
	if length < 1<<12 {
		return int64(start+1)<<12 | int64(length)
	}
	return -(int64(start+1)<<31 | int64(length))
}
