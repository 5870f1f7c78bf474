package tail

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/portent-cti/portent/internal/collect"
)

// startSize is how much of the begin of a file is looked at for what its columns are.
const startSize = 8 << 10

// An opened is a file that is read from some place on.
type opened struct {
	env    collect.Env
	name   string
	in     io.ReadCloser
	place  int64 // of in, once unpacked
	until  int64 // where it ended when it was looked for; what came since waits, 0 for no such place
	packed bool
	start  []byte // how it begins
	header []byte // the line that names its columns, as of place
	head   []byte // what begins it of what was handed out
	last   []byte // what was handed out last
	done   int64  // how much was handed out
}

// open opens a file; packed is told by its content.
func (t *Tail) open(ctx context.Context, f found) (*opened, error) {
	o := &opened{env: t.Env, name: f.name}
	if err := o.again(ctx); err != nil {
		return nil, err
	}
	o.start = make([]byte, startSize)
	n, err := io.ReadFull(o, o.start)
	o.start = o.start[:n]
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		o.close()
		return nil, err
	}
	o.header = headerOf(o.start)
	return o, nil
}

// again opens the file anew, to stand at its begin.
func (o *opened) again(ctx context.Context) error {
	if o.in != nil {
		o.in.Close()
	}
	o.in, o.place = nil, 0
	f, err := o.env.Files.Open(o.name)
	if err != nil {
		return err
	}
	magic := make([]byte, 2)
	n, err := io.ReadFull(f, magic)
	if o.packed = n == 2 && magic[0] == 0x1f && magic[1] == 0x8b; !o.packed {
		if seeker, ok := f.(io.Seeker); ok && (err == nil || n < 2) {
			_, err = seeker.Seek(0, io.SeekStart)
			o.in = f
			return err
		}
	}
	f.Close()
	o.in, err = collect.OpenFile(ctx, o.env, o.name)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) { // its header is being written
		o.in, err = empty{bytes.NewReader(nil), err}, nil
	}
	return err
}

// empty is a packed file that has not begun.
type empty struct {
	*bytes.Reader
	err error
}

// Read implements io.Reader.
func (e empty) Read([]byte) (int, error) { return 0, e.err }

// Close implements io.Closer.
func (empty) Close() error { return nil }

// Read implements io.Reader.
func (o *opened) Read(p []byte) (int, error) {
	if o.until > 0 && !o.packed {
		if o.place >= o.until {
			return 0, io.EOF
		}
		p = p[:min(int64(len(p)), o.until-o.place)]
	}
	n, err := o.in.Read(p)
	o.place += int64(n)
	return n, err
}

func (o *opened) close() {
	if o.in != nil {
		_ = o.in.Close() // it was only read
	}
}

// seek has the file stand at a byte, or at its end if that comes before.
func (o *opened) seek(ctx context.Context, to int64) error {
	if seeker, ok := o.in.(io.Seeker); ok && !o.packed {
		_, err := seeker.Seek(to, io.SeekStart)
		o.place = to
		return err
	}
	if to < o.place {
		if err := o.again(ctx); err != nil {
			return err
		}
	}
	_, err := io.CopyN(io.Discard, o, to-o.place)
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// at reports whether what stands before the place of a mark is what was read there, and has
// the file stand at that place if so.
func (o *opened) at(ctx context.Context, m mark) (bool, error) {
	last := make([]byte, min(m.At, edge))
	if err := o.seek(ctx, m.At-int64(len(last))); err != nil {
		return false, err
	}
	n, err := io.ReadFull(o, last)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	if err != nil || digest(last[:n]) != m.Last {
		return false, err
	}
	o.head, o.last, o.done = o.start[:m.Long], last, m.At
	return true, nil
}

// end has the file stand behind its last whole line.
func (o *opened) end(ctx context.Context, size int64) error {
	from := max(0, size-longest)
	if err := o.seek(ctx, from); err != nil {
		return err
	}
	text, err := io.ReadAll(io.LimitReader(o, size-from))
	text = text[:bytes.LastIndexByte(text, '\n')+1]
	o.done = from + int64(len(text))
	o.head = o.start[:min(int64(len(o.start)), o.done, edge)]
	o.last = text[max(0, len(text)-edge):]
	return err
}

// pass notes that text was handed out.
func (o *opened) pass(text []byte) {
	if header := lastHeader(text); header != nil {
		o.header = bytes.Clone(header)
	}
	if room := edge - len(o.head); room > 0 {
		o.head = append(bytes.Clone(o.head), text[:min(room, len(text))]...)
	}
	if len(text) >= edge {
		o.last = bytes.Clone(text[len(text)-edge:])
	} else {
		o.last = append(bytes.Clone(o.last), text...)
		o.last = o.last[max(0, len(o.last)-edge):]
	}
	o.done += int64(len(text))
}

// mark is m as of what was handed out.
func (o *opened) mark(m mark) mark {
	m.At, m.Long, m.Head, m.Last = o.done, len(o.head), digest(o.head), digest(o.last)
	return m
}

// headerOf is the first line of a text that names columns, with its end, nil for none.
func headerOf(text []byte) []byte {
	for line := range bytes.Lines(text) {
		if isHeader(line) {
			return line
		}
		if len(line) > 0 && line[0] != '#' {
			return nil
		}
	}
	return nil
}

// lastHeader is the last such line.
func lastHeader(text []byte) []byte {
	for _, name := range [][]byte{[]byte("#fields\t"), []byte("#Fields: ")} {
		for end := len(text); ; {
			i := bytes.LastIndex(text[:end], name)
			if i < 0 {
				break
			}
			if i == 0 || text[i-1] == '\n' {
				if n := bytes.IndexByte(text[i:], '\n'); n >= 0 {
					return text[i : i+n+1]
				}
			}
			end = i
		}
	}
	return nil
}

// wide reports whether a text begins as UTF-16 does.
func wide(start []byte) bool {
	if len(start) < 8 {
		return false
	}
	if mark := string(start[:2]); mark == "\xff\xfe" || mark == "\xfe\xff" {
		return true
	}
	return start[0] != start[1] && (start[0] == 0 && start[2] == 0 && start[4] == 0 || start[1] == 0 && start[3] == 0 && start[5] == 0)
}

// isHeader reports whether a whole line names columns, as Zeek or the W3C has them.
func isHeader(line []byte) bool {
	return (bytes.HasPrefix(line, []byte("#fields\t")) || bytes.HasPrefix(line, []byte("#Fields: "))) && bytes.HasSuffix(line, []byte("\n"))
}
