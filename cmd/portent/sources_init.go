package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// defaultSources is the file of sources that a user begins with.
//
//go:embed sources_default.toml
var defaultSources []byte

type sourcesInitCmd struct{}

// Run implements the command. A file that is there is left as it is.
func (c *sourcesInitCmd) Run(_ context.Context, a *app) error {
	path, err := a.sourcesFile()
	if err != nil {
		return err
	}
	all, err := readSources(defaultSources)
	if err != nil {
		return err
	}
	on := 0
	for _, w := range all {
		if !w.Off {
			on++
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := newFile(path, defaultSources); errors.Is(err, fs.ErrExist) {
		return usageError{fmt.Errorf("%s is there already, and stays as it is; portent sources add adds to it", path)}
	} else if err != nil {
		return err
	}
	if a.cli.JSON {
		return a.print(map[string]any{"file": path, "sources": len(all), "on": on})
	}
	_, err = fmt.Fprintf(a.out, "%s has %d sources, of which %d are on; portent serve reads them\n", path, len(all), on)
	return err
}

// newFile writes a file that is not there yet, whole or not at all.
func newFile(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Link(f.Name(), path)
	}
	return errors.Join(err, os.Remove(f.Name()))
}
