package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/reference"
)

const (
	// maxPack is the most bytes of one file of a pack.
	maxPack = 512 << 20
	// packTimeout is how long one file of a pack may take to come.
	packTimeout = 30 * time.Minute
	// userAgent says honestly who asks.
	userAgent = "Portent (self-hosted threat intelligence; +https://github.com/portent-cti/portent)"
)

// A getter writes what is at an address.
type getter func(ctx context.Context, url string, w io.Writer) error

// publishers is the getter that asks the network.
func publishers() (getter, error) {
	client, err := fetch.New(fetch.Options{UserAgent: userAgent, Timeout: packTimeout})
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, url string, w io.Writer) error {
		_, err := client.Download(ctx, url, w, maxPack)
		return err
	}, nil
}

// download brings the publishers' files of packs into a folder. A pack of
// which any file fails to come is among the failed, with the reason: what did
// come of it is not to be read, for it is a part only.
func download(ctx context.Context, get getter, dir string, names []string) (failed map[string]error, err error) {
	failed = map[string]error{}
	for _, name := range names {
		for _, d := range reference.Downloads(name) {
			err := downloadFile(ctx, get, d.URL, filepath.Join(dir, filepath.FromSlash(d.Path)))
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if err != nil {
				failed[name] = fmt.Errorf("download %s: %w", d.Path, err)
				break
			}
		}
	}
	return failed, nil
}

func downloadFile(ctx context.Context, get getter, url, path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := errors.Join(get(ctx, url, f), f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}
