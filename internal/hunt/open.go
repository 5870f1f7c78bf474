package hunt

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// window is the most memory that a compressed log may ask for: what zstd's
// highest level uses.
const window = 128 << 20

// Open returns a log decompressed, if its first bytes say that it is gzip or
// zstd. A damaged or broken-off one gives what could be read, then an error.
func Open(r io.Reader) (io.ReadCloser, error) {
	in := bufio.NewReaderSize(r, block)
	head, err := in.Peek(4)
	if err != nil && len(head) == 0 {
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return io.NopCloser(in), err
	}
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("gzip: %w", err)
		}
		return z, nil
	case bytes.Equal(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(window))
		if err != nil {
			return nil, fmt.Errorf("zstd: %w", err)
		}
		return z.IOReadCloser(), nil
	}
	return io.NopCloser(in), nil
}
