// Package misp collects MISP events from files: one event, a list of events, or
// the answer of a search.
package misp

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/misp"
)

// Connector reads MISP event JSON.
var Connector = collect.Connector{
	Name:        "misp",
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
	body, err := collect.ReadText(ctx, env, path, maxFile)
	if err != nil {
		return err
	}
	if err := collect.CheckDepth(body); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	docs, err := misp.Reader{Source: env.ID, Indicator: collect.Indicator, Reject: env.Reject}.Documents(body)
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
