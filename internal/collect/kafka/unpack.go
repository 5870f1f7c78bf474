package kafka

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"

	"github.com/portent-cti/portent/internal/collect"
)

// An unpacker reads what was packed in one of the ways that Kafka knows. Nothing is unpacked
// before it is read: who reads it bounds it.
type unpacker struct {
	zstd *zstd.Decoder // which is dear to make; nil until one is wanted
}

// open begins to read what was packed. What was opened before is read no further.
func (u *unpacker) open(packed []byte, way int) (io.Reader, error) {
	in := bytes.NewReader(packed)
	switch way {
	case 0:
		return in, nil
	case 1:
		return gzip.NewReader(in)
	case 2:
		return snapped(packed), nil
	case 3:
		return lz4.NewReader(in), nil
	case 4:
		if u.zstd == nil {
			var err error
			if u.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(mostUnpacked)); err != nil {
				return nil, err
			}
		}
		return u.zstd, u.zstd.Reset(in)
	}
	return nil, fmt.Errorf("packed in the way %d, which is unknown", way)
}

// close ends reading.
func (u *unpacker) close() {
	if u.zstd != nil {
		u.zstd.Close()
	}
}

// blocks are what Snappy packed: one, or several behind their lengths.
type blocks struct {
	packed []byte
	framed bool
	block  []byte // unpacked
	left   []byte // of it
}

// mostOfSnappy is more than a byte of Snappy can stand for: room is made for what a block claims.
const mostOfSnappy = 64

// framing begins what the library of Java frames; the numbers of two versions follow.
const framing, versions = "\x82SNAPPY\x00", 8

func snapped(packed []byte) *blocks {
	rest, framed := bytes.CutPrefix(packed, []byte(framing))
	if framed {
		rest = rest[min(versions, len(rest)):]
	}
	return &blocks{packed: rest, framed: framed}
}

// Read implements io.Reader.
func (b *blocks) Read(p []byte) (int, error) {
	for len(b.left) == 0 {
		if len(b.packed) == 0 {
			return 0, io.EOF
		}
		if err := b.more(); err != nil {
			return 0, err
		}
	}
	n := copy(p, b.left)
	b.left = b.left[n:]
	return n, nil
}

// more unpacks the next block.
func (b *blocks) more() (err error) {
	one := b.packed
	if b.framed {
		if len(one) < 4 {
			return io.ErrUnexpectedEOF
		}
		size := int64(binary.BigEndian.Uint32(one))
		if one = one[4:]; size > int64(len(one)) {
			return io.ErrUnexpectedEOF
		}
		one, b.packed = one[:size], one[size:]
	} else {
		b.packed = nil
	}
	size, err := snappy.DecodedLen(one)
	if err != nil {
		return err
	}
	if size > mostUnpacked || size > mostOfSnappy*len(one) {
		return fmt.Errorf("%w: %d bytes are to unpack to %d", collect.ErrTooLarge, len(one), size)
	}
	b.block, err = snappy.Decode(b.block[:cap(b.block)], one)
	b.left = b.block
	return err
}
