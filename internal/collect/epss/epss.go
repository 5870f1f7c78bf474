// Package epss knows FIRST's EPSS scores when it sees them. They are a reference
// pack, not evidence, so importing them is refused with a word on what to do.
package epss

import (
	"bytes"
	"context"
	"errors"
	"io/fs"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// Connector recognises EPSS scores.
var Connector = collect.Connector{
	Name:        "epss",
	About:       "EPSS scores: a reference pack, read by portent sync epss",
	Reliability: 'F',
	Open:        collect.Files(read),
	Recognise:   recognise,
}

func recognise(_ fs.FS, _ string, head []byte) bool {
	return bytes.HasPrefix(head, []byte("#model_version:")) || bytes.HasPrefix(head, []byte("cve,epss"))
}

func read(ctx context.Context, _ collect.Env, _ string, _ func(intel.Document) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return collect.Permanent(errors.New("EPSS scores are a reference pack: use portent sync epss --from the folder they are in, or a source of the connector packs"))
}
