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
	"github.com/portent-cti/portent/internal/pipeline"
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
func (c clients) publishers() (getter, error) {
	client, err := fetch.New(fetch.Options{UserAgent: userAgent, Timeout: packTimeout, Pace: c.pace})
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

// temporaryFolder makes a folder for what is downloaded.
func (a *app) temporaryFolder() (dir string, remove func(), err error) {
	dir, err = os.MkdirTemp("", "portent-sync-")
	return dir, func() {
		if err := os.RemoveAll(dir); err != nil {
			a.log.Warn("remove downloads", "err", err)
		}
	}, err
}

// downloaded is a pack as its publisher has it now.
func (a *app) downloaded(ctx context.Context, get getter, name string) (reference.Pack, error) {
	dir, remove, err := a.temporaryFolder()
	if err != nil {
		return reference.Pack{}, err
	}
	defer remove()
	failed, err := download(ctx, get, dir, []string{name})
	if err = errors.Join(err, failed[name]); err != nil {
		return reference.Pack{}, fmt.Errorf("pack %s: %w", name, err)
	}
	return reference.Read(ctx, os.DirFS(dir), name)
}

// refreshing keeps a pack as its publisher has it now. Once says that nobody else, as serve
// does, puts it into force.
func (a *app) refreshing(from func() (getter, error), p *pipeline.Pipeline, once bool) func(context.Context, string) error {
	return func(ctx context.Context, name string) error {
		get, err := from()
		if err != nil {
			return err
		}
		before, err := packsInForce(ctx, a)
		if err != nil {
			return err
		}
		pack, err := a.downloaded(ctx, get, name)
		if err != nil {
			return err
		}
		if _, err := savePack(ctx, a, a.db, pack); err != nil || !once {
			return err
		}
		_, err = refresh(ctx, a, p, before)
		return err
	}
}

// trying tells of a pack as its publisher has it now, and keeps nothing.
func (a *app) trying(from func() (getter, error)) func(context.Context, string) error {
	return func(ctx context.Context, name string) error {
		get, err := from()
		if err != nil {
			return err
		}
		pack, err := a.downloaded(ctx, get, name)
		if err == nil {
			_, err = fmt.Fprintf(a.out, "%-13s %8d items  %s\n", pack.Name, len(pack.Items), line(pack.Version))
		}
		return err
	}
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
