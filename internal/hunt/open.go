package hunt

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding/unicode"
)

// window is the most memory that a compressed log may ask for: what zstd's
// highest level uses.
const window = 128 << 20

// Open returns a log decompressed, if its first bytes say that it is gzip, zstd or
// bzip2, and as UTF-8 if they say that it is UTF-16. A damaged or broken-off one
// gives what could be read, then an error; what is no text is refused.
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
		return openText(bufio.NewReader(z), z)
	case bytes.Equal(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(window))
		if err != nil {
			return nil, fmt.Errorf("zstd: %w", err)
		}
		return openText(bufio.NewReader(z), z.IOReadCloser())
	case bytes.HasPrefix(head, []byte("BZh")):
		return openText(bufio.NewReader(bzip2.NewReader(in)), io.NopCloser(nil))
	}
	return openText(in, io.NopCloser(nil))
}

// An unpacked log is text, with what to close after it.
type unpacked struct {
	io.Reader
	io.Closer
}

// openText reads what is decompressed as what its first bytes say it is. It waits
// for no more of them than come at once: a log may be written meanwhile.
func openText(in *bufio.Reader, c io.Closer) (io.ReadCloser, error) {
	in.Peek(1) //nolint:errcheck // an error comes again where the log is read
	head, err := in.Peek(min(in.Buffered(), 4096))
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	if what := unreadable(head); what != "" {
		return nil, errors.Join(fmt.Errorf("no text: %s", what), c.Close())
	}
	if order, ok := utf16Order(head); ok {
		return unpacked{unicode.UTF16(order, unicode.UseBOM).NewDecoder().Reader(in), c}, nil
	}
	return unpacked{in, c}, nil
}

// magics are what files begin with that hold no text as it is.
var magics = [...]struct{ begin, what string }{
	{"\xfd7zXZ\x00", "packed with xz"},
	{"7z\xbc\xaf\x27\x1c", "packed with 7-Zip"},
	{"PK\x03\x04", "packed with ZIP"},
	{"Rar!\x1a\x07", "packed with RAR"},
	{"\x04\x22\x4d\x18", "packed with LZ4"},
	{"\x5d\x00\x00", "packed with LZMA"},
	{"LZIP", "packed with lzip"},
	{"\x89LZO\x00", "packed with LZO"},
	{"\xff\x06\x00\x00sNaPpY", "packed with Snappy"},
	{"\x1f\x9d", "packed with compress"},
	{"\x1f\x8b", "packed twice with gzip"},
	{"\x28\xb5\x2f\xfd", "packed twice with zstd"},
	{"ElfFile\x00", "an event log of Windows (EVTX)"},
	{"LPKSHHRH", "a binary journal of systemd"},
	{"\xd4\xc3\xb2\xa1", "a capture of packets"},
	{"\xa1\xb2\xc3\xd4", "a capture of packets"},
	{"\x0a\x0d\x0d\x0a", "a capture of packets"},
	{"PAR1", "a table of Parquet"},
	{"SQLite format 3\x00", "a database of SQLite"},
	{"\x7fELF", "a program"},
	{"%PDF-", "a PDF"},
	{"\xff\xfe\x00\x00", "UTF-32"},
	{"\x00\x00\xfe\xff", "UTF-32"},
}

// unreadable says what a log is that is no text, "" if it may be some.
func unreadable(head []byte) string {
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.begin)) {
			return m.what
		}
	}
	if _, ok := utf16Order(head); ok {
		return ""
	}
	// No encoding of text has these; of bytes at random they are one of 13. A log
	// that was cut while it was written begins with NULs, and some formats part
	// their fields with others.
	controls, zeros := 0, bytes.Count(head, []byte{0})
	for _, c := range head {
		if c > 1 && c < '\b' || c > '\r' && c < 0x1b {
			controls++
		}
	}
	if controls > 8 && controls*16 > len(head)-zeros {
		return "binary"
	}
	return ""
}

// utf16Order reports whether a text is UTF-16, by its mark or because every other
// byte is NUL, and in which order its bytes are.
func utf16Order(head []byte) (order unicode.Endianness, ok bool) {
	switch {
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}):
		return unicode.LittleEndian, true
	case bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		return unicode.BigEndian, true
	}
	var zeros [2]int
	for i, c := range head {
		if c == 0 {
			zeros[i%2]++
		}
	}
	pairs := len(head) / 2
	switch {
	case pairs < 4:
	case zeros[0] == 0 && zeros[1] > pairs/2:
		return unicode.LittleEndian, true
	case zeros[1] == 0 && zeros[0] > pairs/2:
		return unicode.BigEndian, true
	}
	return unicode.LittleEndian, false
}
