package reference

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"unicode/utf8"

	"github.com/portent-cti/portent/internal/intel"
)

// Limits of a publisher's file. The largest real ones are a quarter of them.
const (
	maxFile    = 4 << 30 // bytes of a file after decompression
	maxItem    = 8 << 20 // bytes of one element of it
	maxItems   = 2_000_000
	maxDepth   = 64
	maxNames   = 400   // aliases of one thing
	maxValues  = 2e6   // values of one list
	maxText    = 4000  // bytes of a description
	maxName    = 200   // bytes of a name
	maxRefs    = 40    // references of one thing
	maxPattern = 1000  // bytes of a regular expression
	maxUses    = 4000  // techniques or software of one thing
	maxValue   = 2_000 // bytes of one value of a list
)

// read opens the file, unpacks it if it is gzipped, and calls do with it. It
// fails unless do takes all of the file and the file is whole.
func read(ctx context.Context, fsys fs.FS, path string, do func(io.Reader) error) error {
	f, err := fsys.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := whole(ctx, f, do); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func whole(ctx context.Context, f io.Reader, do func(io.Reader) error) error {
	in := bufio.NewReaderSize(f, 1<<16)
	var body io.Reader = in
	if magic, _ := in.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(in)
		if err != nil {
			return err
		}
		body = z
	}
	limited := &bounded{ctx: ctx.Err, r: body, left: maxFile}
	if err := do(limited); err != nil {
		if errors.Is(err, io.EOF) && limited.left == maxFile {
			return fmt.Errorf("nothing is in it: %w", intel.ErrInvalid)
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("truncated: %w", intel.ErrInvalid)
		}
		return err
	}
	// The checksum of a gzip file stands at its end.
	if _, err := io.Copy(io.Discard, limited); err != nil {
		return err
	}
	return nil
}

// bounded is a reader that ends with an error at a limit or when its context
// does.
type bounded struct {
	ctx  func() error
	r    io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if err := b.ctx(); err != nil {
		return 0, err
	}
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, fmt.Errorf("larger than %d bytes: %w", int64(maxFile), intel.ErrInvalid)
	}
	return n, err
}

// elements decodes a JSON object. Elements of the array under the key list are
// handed to each, one at a time; every other value is handed to head.
func elements(r io.Reader, list string, head func(key string, v json.RawMessage) error, each func(json.RawMessage) error) error {
	in := &io.LimitedReader{R: r}
	dec := values{json.NewDecoder(in), in}
	if err := delim(dec, '{'); err != nil {
		return err
	}
	for dec.More() {
		t, err := dec.token()
		if err != nil {
			return err
		}
		key, _ := t.(string)
		if key == list {
			err = array(dec, each)
		} else {
			var v json.RawMessage
			if v, err = element(dec); err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
			err = head(key, v)
		}
		if err != nil {
			return err
		}
	}
	if err := delim(dec, '}'); err != nil {
		return err
	}
	if _, err := dec.token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("more after the end: %w", intel.ErrInvalid)
	}
	return nil
}

// values are the pieces of a JSON text, none of more than maxItem bytes.
type values struct {
	*json.Decoder
	in *io.LimitedReader
}

func (v values) token() (json.Token, error) {
	v.in.N = maxItem
	t, err := v.Token()
	return t, v.judge(err)
}

func (v values) judge(err error) error {
	if err != nil && v.in.N <= 0 {
		return fmt.Errorf("more than %d bytes: %w", maxItem, intel.ErrInvalid)
	}
	return err
}

func array(dec values, each func(json.RawMessage) error) error {
	if err := delim(dec, '['); err != nil {
		return err
	}
	for n := 0; dec.More(); n++ {
		if n >= maxItems {
			return fmt.Errorf("more than %d items: %w", maxItems, intel.ErrInvalid)
		}
		v, err := element(dec)
		if err == nil {
			err = each(v)
		}
		if err != nil {
			return fmt.Errorf("item %d: %w", n+1, err)
		}
	}
	return delim(dec, ']')
}

func element(dec values) (v json.RawMessage, err error) {
	dec.in.N = maxItem
	err = dec.judge(dec.Decode(&v))
	dec.in.N = maxItem // for the blanks that More reads
	if err != nil {
		return nil, err
	}
	if len(v) > maxItem {
		return nil, fmt.Errorf("item of %d bytes: %w", len(v), intel.ErrInvalid)
	}
	if tooDeep(v) {
		return nil, fmt.Errorf("nested deeper than %d: %w", maxDepth, intel.ErrInvalid)
	}
	return v, nil
}

// tooDeep reports whether v nests deeper than maxDepth.
func tooDeep(v []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(v); i++ {
		switch c := v[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

func delim(dec values, want json.Delim) error {
	t, err := dec.token()
	if err != nil {
		return err
	}
	if t != want {
		return fmt.Errorf("%s is wanted, and %s found: %w", named(want), named(t), intel.ErrInvalid)
	}
	return nil
}

// named says what a JSON token is, or begins.
func named(t json.Token) string {
	switch t := t.(type) {
	case json.Delim:
		return map[json.Delim]string{'{': "an object", '[': "an array", '}': "the end of an object", ']': "the end of an array"}[t]
	case string:
		return "a string"
	case bool:
		return "true or false"
	case nil:
		return "null"
	}
	return "a number"
}

// clip returns s without surrounding space, in valid UTF-8 and at most n bytes.
func clip(s string, n int) string {
	s = strings.TrimSpace(strings.ToValidUTF8(s, ""))
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// clipAll clips each string and drops those that are empty, keeping at most
// count.
func clipAll(list []string, count, n int) []string {
	var out []string
	for _, s := range list {
		if s = clip(s, n); s != "" && len(out) < count {
			out = append(out, s)
		}
	}
	return out
}

// texts is a JSON string or an array of them; publishers write both. Values of
// other types are ignored.
type texts []string

// UnmarshalJSON implements json.Unmarshaler.
func (t *texts) UnmarshalJSON(b []byte) error {
	*t = nil
	if len(b) > 0 && b[0] == '"' {
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*t = texts{s}
		return nil
	}
	if len(b) == 0 || b[0] != '[' {
		return nil
	}
	var list []any
	if err := json.Unmarshal(b, &list); err != nil {
		return err
	}
	for _, v := range list {
		if s, ok := v.(string); ok {
			*t = append(*t, s)
		}
	}
	return nil
}
