package reference

import (
	"context"
	"errors"
	"io/fs"
)

// A Download is a file of a publisher and the path to store it under so that
// [Read] finds it.
type Download struct {
	URL  string
	Path string
}

// PackNames lists the packs [Read] knows.
func PackNames() []string { return []string{"attack", "actors", "warninglists", "kev", "epss", "cve"} }

// Downloads lists the publisher's own files of the named pack.
func Downloads(name string) []Download { return nil }

// Read reads the named pack from a folder that has the publisher's files
// somewhere below. It is intel.ErrNotFound when there are none. A damaged file
// is an error that names it.
func Read(ctx context.Context, fsys fs.FS, name string) (Pack, error) {
	return Pack{}, errors.New("not yet")
}
