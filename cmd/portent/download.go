package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/reference"
)

// maxPack is the most bytes of one file of a pack.
const maxPack = 512 << 20

// download brings the publishers' files of packs into a temporary folder,
// which the returned function removes. A file that fails to come leaves its
// pack out; what is said of it comes from reading the pack.
func download(ctx context.Context, a *app, names []string) (fs.FS, func(), error) {
	dir, err := os.MkdirTemp("", "portent-sync-")
	if err != nil {
		return nil, nil, err
	}
	remove := func() {
		if err := os.RemoveAll(dir); err != nil {
			a.log.Warn("remove downloads", "err", err)
		}
	}
	client, err := fetch.New(fetch.Options{UserAgent: userAgent})
	if err != nil {
		remove()
		return nil, nil, err
	}
	for _, name := range names {
		for _, d := range reference.Downloads(name) {
			if err := downloadFile(ctx, client, d.URL, filepath.Join(dir, filepath.FromSlash(d.Path))); err != nil {
				if ctx.Err() != nil {
					remove()
					return nil, nil, ctx.Err()
				}
				fmt.Fprintf(a.err, "%s: %v\n", name, err)
			}
		}
	}
	return os.DirFS(dir), remove, nil
}

// userAgent says honestly who asks.
const userAgent = "Portent (self-hosted threat intelligence; +https://github.com/portent-cti/portent)"

func downloadFile(ctx context.Context, client *fetch.Client, url, path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = client.Download(ctx, url, f, maxPack)
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}
