package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
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

// A mention is an observation as a finding holds it. Of what a claim mentions on another day
// than the document's start is onClaimed and length that day, since 1970.
type mention struct {
	entity        int64
	start, length int
	suppressed    string
}

// onClaimed stands for where in a text what is claimed of a day stands: nowhere, as -1, which
// titles have with a length of their own.
const onClaimed = -2

// undatedAt is the second of mentions in documents without a date: before all others.
const undatedAt = -1 << 40

// Mentions and links are kept as lists of bytes, numbers in the variable length of
// encoding/binary: a store has millions, which text made twice as long.

// packed writes mentions: twice the entity, and one more where it stands in the text
// or is set aside; where it stands and how long, and why it is set aside, follow.
func packed(mentions []mention) []byte {
	b := make([]byte, 0, 4*len(mentions))
	for _, m := range mentions {
		if m.start == -1 && m.length == 0 && m.suppressed == "" {
			b = binary.AppendUvarint(b, uint64(m.entity)<<1)
			continue
		}
		b = binary.AppendUvarint(b, uint64(m.entity)<<1|1)
		b = binary.AppendVarint(b, int64(m.start))
		b = binary.AppendVarint(b, int64(m.length))
		why := strings.ReplaceAll(text(m.suppressed), "\n", " ")
		b = binary.AppendUvarint(b, uint64(len(why)))
		b = append(b, why...)
	}
	return b
}

func unpacked(b []byte) (out []mention, err error) {
	r := bytes.NewReader(b)
	for r.Len() > 0 {
		m, err := unpackedOne(r)
		if err != nil {
			return nil, fmt.Errorf("mention %d: %w: %w", len(out), err, intel.ErrInvalid)
		}
		out = append(out, m)
	}
	return out, nil
}

func unpackedOne(r *bytes.Reader) (mention, error) {
	m := mention{start: -1}
	entity, err := binary.ReadUvarint(r)
	m.entity = int64(entity >> 1)
	if err != nil || entity&1 == 0 {
		return m, err
	}
	start, bad := binary.ReadVarint(r)
	length, worse := binary.ReadVarint(r)
	n, err := binary.ReadUvarint(r)
	if err = errors.Join(bad, worse, err); err == nil && n > uint64(r.Len()) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return m, err
	}
	why := make([]byte, n)
	_, err = io.ReadFull(r, why)
	m.start, m.length, m.suppressed = int(start), int(length), string(why)
	return m, err
}

// packedLinks writes links in order, each by how much it is more than the one before.
func packedLinks(links []int64) []byte {
	b := make([]byte, 0, 3*len(links))
	last := int64(0)
	for _, l := range links {
		b = binary.AppendUvarint(b, uint64(l-last))
		last = l
	}
	return b
}

func unpackedLinks(b []byte) (out []int64, err error) {
	last := int64(0)
	for len(b) > 0 {
		more, n := binary.Uvarint(b)
		if n <= 0 || more > math.MaxInt64-uint64(last) {
			return nil, fmt.Errorf("link %d: %w", len(out), intel.ErrInvalid)
		}
		last += int64(more)
		out, b = append(out, last), b[n:]
	}
	return out, nil
}

func scanFinding(r *sql.Rows, f *finding) error {
	var mentioned, links sql.RawBytes
	err := r.Scan(&f.document, &f.at, &mentioned, &links)
	if err != nil {
		return err
	}
	if f.mentions, err = unpacked(mentioned); err == nil {
		f.links, err = unpackedLinks(links)
	}
	if err != nil {
		return fmt.Errorf("findings of document %d: %w", f.document, err)
	}
	return nil
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
			args = append(args, f.document, f.at, len(f.mentions), packed(f.mentions), packedLinks(slices.Compact(f.links)))
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
		at := at
		if m.start == onClaimed {
			at = int64(m.length) * perDay
		}
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
