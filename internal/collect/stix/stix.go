// Package stix collects STIX 2.0 and 2.1 bundles from files: one document per
// object that relationships start from, with what they state as claims.
package stix

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/stix"
)

// Connector reads STIX bundles.
var Connector = collect.Connector{
	Name:        "stix",
	Proven:      "bundles of MITRE ATT&CK",
	About:       "STIX 2.0 or 2.1 bundle",
	Reliability: 'B',
	Unnamed:     "stix",
	Open:        collect.Files(read),
	Recognise:   recognise,
}

func recognise(_ fs.FS, _ string, head []byte) bool {
	head = bytes.TrimLeft(head, "\uFEFF \t\r\n")
	return bytes.HasPrefix(head, []byte("{")) && bytes.Contains(head, []byte(`"bundle`)) && bytes.Contains(head, []byte(`"objects"`))
}

func read(ctx context.Context, env collect.Env, path string, keep func(intel.Document) error) error {
	return load(ctx, env, path, func(g *stix.Graph) error {
		for doc := range g.Documents() {
			if err := keep(doc); err != nil {
				return err
			}
		}
		return nil
	})
}

// Values hands over the values that the patterns and the observables of a file are of,
// in the order in which they stand, each with when it was seen as the file says, zero
// if it does not. What cannot be read is told to env.Reject where it stands.
func Values(ctx context.Context, env collect.Env, path string, each func(intel.Entity, time.Time) error) error {
	return load(ctx, env, path, func(g *stix.Graph) error {
		for e, at := range g.Values() {
			if err := each(e, at); err != nil {
				return err
			}
		}
		return nil
	})
}

// load hands over what can be read of a bundle, and then says why that is not all.
func load(ctx context.Context, env collect.Env, path string, use func(*stix.Graph) error) error {
	f, err := collect.OpenFile(ctx, env, path)
	if err != nil {
		return err
	}
	defer f.Close()
	g := &stix.Graph{Source: env.ID, Indicator: indicator, Reject: env.Reject}
	broken := g.Load(collect.Shallow(collect.Encoded(env, f)))
	if err := use(g); err != nil {
		return err
	}
	if broken != nil {
		return fmt.Errorf("%s: %w", path, broken)
	}
	return nil
}

// indicator reads the value of an indicator as of every feed: it may be
// defanged, padded or of another kind than stated.
func indicator(kind intel.Kind, value string) (intel.Entity, error) {
	e, _, err := collect.Indicator(kind, value)
	return e, err
}
