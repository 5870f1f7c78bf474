package collect

import (
	"context"
	"errors"
	"path"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// A FileReader reads the file at path in env.Files and hands each document to
// keep, whose error it returns.
type FileReader func(ctx context.Context, env Env, path string, keep func(intel.Document) error) error

// Name is the name of the file at path, whether it is packed or not.
func Name(file string) string { return strings.TrimSuffix(path.Base(file), ".gz") }

// Files returns the Open of a connector that reads one file and has no setting
// but its path. The cursor is the number of documents read so far.
func Files(read FileReader) Open {
	return func(env Env, decode func(any) error) (Source, error) {
		var s struct {
			Path string `json:"path"`
		}
		if err := decode(&s); err != nil {
			return nil, err
		}
		if s.Path == "" {
			return nil, errors.New("path is missing")
		}
		return fileSource{env, s.Path, read}, nil
	}
}

type fileSource struct {
	env  Env
	path string
	read FileReader
}

// Collect implements Source.
func (s fileSource) Collect(ctx context.Context, from intel.Cursor, emit Emit) error {
	keep, err := Numbered(ctx, from, emit)
	if err != nil {
		return err
	}
	return s.read(ctx, s.env, s.path, keep)
}
