// Package misp collects MISP events from files: one event, a list of events, or
// the answer of a search.
package misp

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/misp"
)

// Connector reads MISP event JSON.
var Connector = collect.Connector{
	Name:        "misp",
	Proven:      "events that ESET publishes",
	About:       "MISP events (JSON)",
	Reliability: 'B',
	Unnamed:     "misp",
	Open:        collect.Files(read),
	Recognise:   recognise,
}

const maxFile = 256 << 20

func recognise(_ fs.FS, _ string, head []byte) bool {
	return bytes.Contains(head, []byte(`"Event"`)) && (bytes.Contains(head, []byte(`"Attribute"`)) || bytes.Contains(head, []byte(`"threat_level_id"`)) || bytes.Contains(head, []byte(`"Orgc"`)))
}

func read(ctx context.Context, env collect.Env, path string, keep func(intel.Document) error) error {
	body, err := text(ctx, env, path)
	if err != nil {
		return err
	}
	docs, err := reader(env).Documents(body)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for d := range docs {
		if err := keep(d); err != nil {
			return err
		}
	}
	return nil
}

// Values hands over the indicators of a file in the order in which they stand, each
// with when it was seen as the file says, zero if it does not. What cannot be read is
// told to env.Reject where it stands.
func Values(ctx context.Context, env collect.Env, path string, each func(intel.Entity, time.Time) error) error {
	body, err := text(ctx, env, path)
	if err != nil {
		return err
	}
	values, err := reader(env).Values(body)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for e, at := range values {
		if err := each(e, at); err != nil {
			return err
		}
	}
	return nil
}

func reader(env collect.Env) misp.Reader {
	return misp.Reader{Source: env.ID, Indicator: collect.Indicator, Reject: env.Reject}
}

// text is the text of a file, no deeper than is read.
func text(ctx context.Context, env collect.Env, path string) ([]byte, error) {
	body, err := collect.ReadText(ctx, env, path, maxFile)
	if err != nil {
		return nil, err
	}
	if err := collect.CheckDepth(body); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return body, nil
}
