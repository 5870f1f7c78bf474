package collect

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/portent-cti/portent/internal/intel"
)

// MaxDepth is how deep JSON from outside may be nested.
const MaxDepth = 64

// ErrTooDeep means that JSON is nested deeper than MaxDepth.
var ErrTooDeep = errors.New("nested too deep")

// A value of JSON, however short, may take hundreds of bytes once it is read: of more than
// fewValues, one in so many bytes is the most there may be.
const fewValues, perValue = 1 << 16, 8

// Shallow returns a reader of the JSON text in r that ends with ErrTooDeep
// where it is nested deeper than MaxDepth. It looks at each byte once.
func Shallow(r io.Reader) io.Reader { return &shallow{in: r} }

// CheckDepth returns ErrTooDeep if the JSON text is nested deeper than
// MaxDepth, and ErrTooLarge if it has far more values than texts of its length
// have. It does not judge whether the text is valid.
func CheckDepth(text []byte) error {
	var s shallow
	if _, err := s.scan(text); err != nil {
		return err
	}
	if s.values > max(fewValues, len(text)/perValue) {
		return fmt.Errorf("%w: %d values in %d bytes", ErrTooLarge, s.values, len(text))
	}
	return nil
}

// JSON reads what a server answered, bounded in depth, into v.
func JSON(body []byte, v any) error {
	if bytes.HasPrefix(bytes.TrimLeft(body, "\uFEFF \t\r\n"), []byte("<")) {
		return fmt.Errorf("a page where JSON is wanted: %w", intel.ErrInvalid)
	}
	if err := CheckDepth(body); err != nil {
		return err
	}
	if err := json.Unmarshal(body, v); err != nil {
		return fmt.Errorf("%w: %w", intel.ErrInvalid, err)
	}
	return nil
}

type shallow struct {
	in              io.Reader
	depth           int
	values          int // about how many there are: what opens, and what stands behind a comma
	quoted, escaped bool
	err             error
}

// Read implements io.Reader.
func (s *shallow) Read(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.in.Read(p)
	if good, deep := s.scan(p[:n]); deep != nil {
		s.err = deep
		return good, deep
	}
	return n, err
}

// scan returns how many bytes come before the one that goes too deep.
func (s *shallow) scan(text []byte) (int, error) {
	for i, c := range text {
		switch {
		case s.escaped:
			s.escaped = false
		case s.quoted:
			s.escaped, s.quoted = c == '\\', c != '"'
		case c == '"':
			s.quoted = true
		case c == ',':
			s.values++
		case c == '{' || c == '[':
			s.values++
			if s.depth++; s.depth > MaxDepth {
				return i, fmt.Errorf("%w: more than %d levels", ErrTooDeep, MaxDepth)
			}
		case c == '}' || c == ']':
			s.depth--
		}
	}
	return len(text), nil
}

// Values reads a JSON text piece by piece, none of more than so many bytes. What
// is longer ends it with ErrTooLarge, before it is in memory.
type Values struct {
	*json.Decoder
	in  *io.LimitedReader
	max int64
}

// NewValues returns the values of r, of at most limit bytes each. A caller that
// can pass over what is too large for it allows for more than it takes.
func NewValues(r io.Reader, limit int64) *Values {
	in := &io.LimitedReader{R: r, N: limit}
	return &Values{json.NewDecoder(in), in, limit}
}

// Next returns the next value as it stands.
func (v *Values) Next() (raw json.RawMessage, err error) {
	v.in.N = v.max
	err = v.judge(v.Decode(&raw))
	v.in.N = v.max // for the blanks that More reads
	return raw, err
}

// Token is that of json.Decoder.
func (v *Values) Token() (json.Token, error) {
	v.in.N = v.max
	t, err := v.Decoder.Token()
	return t, v.judge(err)
}

func (v *Values) judge(err error) error {
	if err != nil && v.in.N <= 0 {
		return fmt.Errorf("%w: more than %d bytes", ErrTooLarge, v.max)
	}
	return err
}

// Strict returns the decode function for Open from settings in JSON. A key
// that the connector does not know, and anything after the object, is an
// error.
func Strict(settings []byte) func(any) error {
	return func(v any) error {
		if err := CheckDepth(settings); err != nil {
			return fmt.Errorf("settings: %w", err)
		}
		dec := json.NewDecoder(bytes.NewReader(settings))
		dec.DisallowUnknownFields()
		if err := dec.Decode(v); err != nil {
			return fmt.Errorf("settings: %w", err)
		}
		if _, err := dec.Token(); !errors.Is(err, io.EOF) {
			return errors.New("settings: more than one value")
		}
		return nil
	}
}
