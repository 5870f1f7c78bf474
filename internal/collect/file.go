package collect

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/portent-cti/portent/internal/intel"
)

// ErrTooLarge means that a file, or an item of one, exceeds what is read.
var ErrTooLarge = errors.New("too large")

// MaxFile is the most bytes that are read of a file, after decompression.
const MaxFile = 8 << 30

// bounds of one file, after decompression.
type bounds struct {
	size  int64 // the most bytes
	ratio int64 // the most decompressed bytes for each compressed one …
	after int64 // … once this many were read
}

var fileBounds = bounds{size: MaxFile, ratio: 200, after: 256 << 20}

// OpenFile opens the file at name in env.Files for reading, decompressed if it
// is gzip, which is told by its content and not by its name.
//
// Every error, of opening and of reading, names the file. What is complete
// before a gzip stream breaks off is handed out before the error is. Reading
// ends with ErrTooLarge where the file exceeds MaxFile or unpacks like a bomb,
// with an error where it shrinks while it is read, and with ctx.
func OpenFile(ctx context.Context, env Env, name string) (io.ReadCloser, error) {
	return openFile(ctx, env, name, fileBounds)
}

func openFile(ctx context.Context, env Env, name string, b bounds) (io.ReadCloser, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if env.Files == nil {
		return nil, Permanent(fmt.Errorf("%s: this source may read no local files", name))
	}
	if !fs.ValidPath(name) {
		return nil, Permanent(fmt.Errorf("%s: %w: a path below the folder is wanted, without .. or a leading slash", name, intel.ErrInvalid))
	}
	f, err := env.Files.Open(name)
	if err != nil {
		return nil, naming(name, err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("not a regular file")
	}
	if err != nil {
		f.Close()
		return nil, naming(name, err)
	}
	r := &file{ctx: ctx, name: name, raw: f, size: info.Size(), bounds: b}
	buffered := bufio.NewReaderSize(io.TeeReader(f, &r.taken), 64<<10)
	r.plain = buffered
	if magic, err := buffered.Peek(2); err == nil && bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		zr, err := gzip.NewReader(buffered)
		if err != nil {
			f.Close()
			return nil, fmt.Errorf("%s: gzip header: %w", name, err)
		}
		r.plain, r.packed = zr, true
	}
	return r, nil
}

// naming puts the name of a file in front of an error that lacks it.
func naming(name string, err error) error {
	if p := (*fs.PathError)(nil); errors.As(err, &p) && p.Path == name {
		return err
	}
	return fmt.Errorf("%s: %w", name, err)
}

// count counts the bytes written to it.
type count int64

func (c *count) Write(p []byte) (int, error) { *c += count(len(p)); return len(p), nil }

// A file is an open file as OpenFile hands it out.
type file struct {
	ctx    context.Context //nolint:containedctx // an io.Reader cannot be handed one
	name   string
	raw    fs.File
	plain  io.Reader
	packed bool
	size   int64 // on disk, when it was opened
	taken  count // bytes read from disk
	read   int64 // bytes handed out
	bounds bounds
	err    error
}

// Read implements io.Reader.
func (f *file) Read(p []byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	if err := f.ctx.Err(); err != nil {
		return 0, err
	}
	if room := f.bounds.size - f.read + 1; int64(len(p)) > room {
		p = p[:room]
	}
	n, err := f.plain.Read(p)
	f.read += int64(n)
	f.err = f.judge(err)
	return n, f.err
}

func (f *file) judge(err error) error {
	switch {
	case f.read > f.bounds.size:
		return fmt.Errorf("%s: %w: more than %d bytes", f.name, ErrTooLarge, f.bounds.size)
	case f.packed && f.read > f.bounds.after && f.read > f.bounds.ratio*int64(f.taken):
		return fmt.Errorf("%s: %w: unpacks to more than %d times its size", f.name, ErrTooLarge, f.bounds.ratio)
	case err == nil:
		return nil
	case errors.Is(err, io.EOF) && int64(f.taken) < f.size:
		return fmt.Errorf("%s: %w: it shrank from %d to %d bytes while it was read", f.name, io.ErrUnexpectedEOF, f.size, f.taken)
	case errors.Is(err, io.EOF):
		return io.EOF
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%s: gzip stream is cut short after %d bytes of content: %w", f.name, f.read, err)
	}
	return fmt.Errorf("%s: after %d bytes: %w", f.name, f.read, err)
}

// Close implements io.Closer.
func (f *file) Close() error { return f.raw.Close() }

// ReadFile returns the whole content of a file, as OpenFile reads it, which
// must not be longer than limit. Whatever was read before an error is returned
// with it.
func ReadFile(ctx context.Context, env Env, name string, limit int64) ([]byte, error) {
	f, err := openFile(ctx, env, name, bounds{size: min(limit, MaxFile), ratio: fileBounds.ratio, after: fileBounds.after})
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}
