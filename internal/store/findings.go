package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// A finding is what one document came to, as it is kept in one row: what it
// mentions, in order of appearance, and the links it gives evidence of.
type finding struct {
	document int64
	at       sql.NullInt64 // the second that mentions have
	mentions []mention
	links    []int64 // in order, each once
}

// A mention is an observation as a finding holds it.
type mention struct {
	entity        int64
	start, length int
	suppressed    string
}

// undatedAt is the second of mentions in documents without a date: before all others.
const undatedAt = -1 << 40

// packed writes mentions, one a line: the entity, where it stands if it stands
// in the text, and why it is set aside if it is.
func packed(mentions []mention) string {
	var b []byte
	for i, m := range mentions {
		if i > 0 {
			b = append(b, '\n')
		}
		b = strconv.AppendInt(b, m.entity, 10)
		if m.start == -1 && m.length == 0 && m.suppressed == "" {
			continue
		}
		b = fmt.Appendf(b, " %d %d", m.start, m.length)
		if m.suppressed != "" {
			b = append(b, ' ')
			b = append(b, strings.ReplaceAll(text(m.suppressed), "\n", " ")...)
		}
	}
	return string(b)
}

func unpacked(s string) (out []mention, err error) {
	if s == "" {
		return nil, nil
	}
	for line := range strings.SplitSeq(s, "\n") {
		m := mention{start: -1}
		fields := strings.SplitN(line, " ", 4)
		if m.entity, err = strconv.ParseInt(fields[0], 10, 64); err == nil && len(fields) > 1 {
			if m.start, err = strconv.Atoi(fields[1]); err == nil && len(fields) > 2 {
				m.length, err = strconv.Atoi(fields[2])
			}
		}
		if err != nil || len(fields) == 2 {
			return nil, fmt.Errorf("mention %q: %w", line, intel.ErrInvalid)
		}
		if len(fields) == 4 {
			m.suppressed = fields[3]
		}
		out = append(out, m)
	}
	return out, nil
}

func scanFinding(r *sql.Rows, f *finding) error {
	var mentioned, links string
	if err := r.Scan(&f.document, &f.at, &mentioned, &links); err != nil {
		return err
	}
	for _, l := range strings.Fields(links) {
		id, err := strconv.ParseInt(l, 10, 64)
		if err != nil {
			return fmt.Errorf("link %q of document %d: %w", l, f.document, intel.ErrInvalid)
		}
		f.links = append(f.links, id)
	}
	var err error
	f.mentions, err = unpacked(mentioned)
	return err
}

// findings returns what documents came to, in their order.
func findings(ctx context.Context, q engine, documents []int64) (out []finding, err error) {
	err = chunks(documents, func(documents []int64) error {
		some, err := query(ctx, q, scanFinding, `SELECT document, at, mentioned, links FROM findings WHERE document IN `+list(1, len(documents))+` ORDER BY document`, anys(documents)...)
		out = append(out, some...)
		return err
	})
	return out, err
}

// cited returns the pairs of link and document of findings.
func cited(some []finding) (pairs [][2]any) {
	for _, f := range some {
		for _, l := range f.links {
			pairs = append(pairs, [2]any{l, f.document})
		}
	}
	return pairs
}

// saveFindings keeps what documents came to.
func saveFindings(ctx context.Context, tx engine, some []finding) error {
	err := chunks(some, func(some []finding) error {
		args := make([]any, 0, 5*len(some))
		for _, f := range some {
			slices.Sort(f.links)
			args = append(args, f.document, f.at, len(f.mentions), packed(f.mentions), strings.Trim(fmt.Sprint(slices.Compact(f.links)), "[]"))
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO findings (document, at, observations, mentioned, links) VALUES `+values(1, len(some), 5), args...)
		return err
	})
	return err
}

// A sighting is that a document mentions an entity, or sets it aside.
type sighting struct {
	document, entity, at int64
	suppressed           string
}

// sightings returns each mention once.
func (f finding) sightings() []sighting {
	at := int64(undatedAt)
	if f.at.Valid {
		at = f.at.Int64
	}
	out := make([]sighting, 0, len(f.mentions))
	for _, m := range f.mentions {
		s := sighting{f.document, m.entity, at, strings.ReplaceAll(text(m.suppressed), "\n", " ")}
		if !slices.Contains(out[max(0, len(out)-nearSightings):], s) {
			out = append(out, s)
		}
	}
	return out
}

// nearSightings is among how many others the same is sought before it is left to
// the store to see it.
const nearSightings = 32

// apart tells mentions from what is set aside.
func apart(some []sighting) (seen, aside []sighting) {
	for _, s := range some {
		if s.suppressed == "" {
			seen = append(seen, s)
		} else {
			aside = append(aside, s)
		}
	}
	return seen, aside
}
