package collect

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
)

// Unpack reads what came of an address and may be packed with gzip, whatever it is called:
// servers unpack some that are called .gz. What unpacks to more than most bytes is ErrTooLarge.
func Unpack(body []byte, most int64) (io.Reader, error) {
	if !bytes.HasPrefix(body, []byte{0x1f, 0x8b}) {
		return bytes.NewReader(body), nil
	}
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	return Bounded(z, most), nil
}

// Bounded reads what may turn out to be of any size. More than most bytes are ErrTooLarge.
func Bounded(in io.Reader, most int64) io.Reader { return &bounded{in, most, most} }

// bounded fails where there is more to read than is allowed.
type bounded struct {
	in         io.Reader
	left, most int64
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.in.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, fmt.Errorf("%w: it unpacks to more than %d bytes", ErrTooLarge, b.most)
	}
	return n, err
}
