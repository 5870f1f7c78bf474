package classify

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// Bounds on a file of examples.
const (
	maxExamples = 256 << 20 // bytes
	maxRows     = 200_000
)

// ReadRelevance reads texts that are labelled as relevant or not; see readLabelled.
func ReadRelevance(r io.Reader) ([]Example, error) {
	return readLabelled(r, func(label string) (string, bool) {
		switch strings.ToLower(label) {
		case Relevant, "cti-positive", "positive", "1", "true", "yes":
			return Relevant, true
		case Irrelevant, "cti-negative", "negative", "0", "false", "no":
			return Irrelevant, true
		}
		return "", false
	})
}

// ReadIntents reads texts that are labelled by intent; see readLabelled.
func ReadIntents(r io.Reader) ([]Example, error) {
	return readLabelled(r, func(label string) (string, bool) {
		return label, intel.Purpose(label).Known()
	})
}

// readLabelled reads a line of JSON each, {"text":…,"label":…}, or CSV whose head
// names a column text, post or summary and one label, intent or relevance. What
// has a label of another sort is an error, for a file that teaches half of what
// it says would go unseen.
func readLabelled(r io.Reader, label func(string) (string, bool)) ([]Example, error) {
	b := bufio.NewReader(io.LimitReader(r, maxExamples))
	first, err := b.Peek(3)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if bytes.Equal(first, []byte("\xef\xbb\xbf")) {
		b.Discard(3) //nolint:errcheck // they were just read
		first, _ = b.Peek(1)
	}
	next := csvRows(b)
	if len(first) > 0 && first[0] == '{' {
		next = jsonRows(b)
	}
	var out []Example
	for n := 1; ; n++ {
		text, said, err := next()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("row %d: %w", n, err)
		}
		l, ok := label(strings.TrimSpace(said))
		switch {
		case !ok:
			return nil, fmt.Errorf("row %d: label %.40q is none of this model: %w", n, said, intel.ErrInvalid)
		case n > maxRows:
			return nil, fmt.Errorf("more than %d rows: %w", maxRows, intel.ErrInvalid)
		case strings.TrimSpace(text) != "":
			out = append(out, Example{text, l, 1})
		}
	}
}

func jsonRows(r io.Reader) func() (text, label string, err error) {
	d := json.NewDecoder(r)
	return func() (string, string, error) {
		var row struct{ Text, Label, Intent string }
		err := d.Decode(&row)
		return row.Text, cmp.Or(row.Label, row.Intent), err
	}
}

func csvRows(r io.Reader) func() (text, label string, err error) {
	c := csv.NewReader(r)
	text, label := -1, -1
	return func() (string, string, error) {
		if text < 0 {
			head, err := c.Read()
			if err != nil {
				return "", "", err
			}
			column := func(names ...string) int {
				return slices.IndexFunc(head, func(s string) bool { return slices.Contains(names, strings.ToLower(strings.TrimSpace(s))) })
			}
			text, label = column("text", "post", "summary"), column("label", "intent", "relevance")
			if text < 0 || label < 0 {
				return "", "", fmt.Errorf("the head names no text and label: %w", intel.ErrInvalid)
			}
		}
		row, err := c.Read()
		if err != nil {
			return "", "", err
		}
		return row[text], row[label], nil
	}
}
