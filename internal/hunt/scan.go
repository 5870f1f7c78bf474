package hunt

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"time"
)

const (
	// block is how much a scanner reads at once.
	block = 256 << 10
	// longestLine is from where on a line is looked at in pieces.
	longestLine = 1 << 20
	// overlap is what two pieces of a line have in common at least: more than
	// any indicator with what bounds it.
	overlap = 4 << 10
)

// A Scanner looks for the marks of a set in one log after another.
type Scanner struct {
	// Progress, if set, is told how many bytes were looked at.
	Progress func(bytes int)
	// Until is when the log ends: lines that do not say which year are of the twelve
	// months before. Zero is unknown, and so is their time then.
	Until time.Time

	set     *Set
	most    int // bytes of one line held at once
	emit    func(Match) error
	err     error
	steps   int // bytes and rows looked at, for tests of what it costs
	columns columns

	position
	walked
	current line
	wide    bool // only what has characters beyond ASCII is reported
	pieces  pieces
	buffers
}

// A position is where in a log a scanner is.
type position struct {
	base                int64 // offset of the first byte of the block
	seen                int64 // indicators that end before it have been reported
	line                int64 // number of the line at counted
	counted             int   // in the block
	cutBefore, cutAfter bool  // the block begins or ends within a line
}

// walked is up to where in the block runs of a sort have been walked over: once is
// enough.
type walked struct {
	sixDone, urlDone, nativeDone int
	labelsAt, dotsAt             int // where signs of other dress stand next
}

// buffers are used again and again.
type buffers struct {
	found                   []uint32
	scratch, joint, spelled []byte
	request                 requestScratch
}

// NewScanner returns a scanner for set.
func NewScanner(set *Set) *Scanner { return &Scanner{set: set, most: longestLine} }

// Scan reads a log to its end and reports each match in order, line by line.
// It begins at the byte from, before which only lines are counted. An error of
// r or of emit ends it; what was read before is matched.
func (s *Scanner) Scan(ctx context.Context, r io.Reader, from int64, emit func(Match) error) error {
	s.emit, s.err, s.columns = emit, nil, columns{}
	s.base, s.seen, s.line, s.cutBefore = 0, 0, 1, false
	s.pieces = pieces{}
	buf := make([]byte, 0, s.most)
	if err := s.skip(ctx, r, from, buf[:cap(buf)]); err != nil {
		return err
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		old := len(buf)
		n, err := r.Read(buf[old:min(cap(buf), old+block)])
		buf = buf[:old+n]
		if s.Progress != nil {
			s.Progress(n)
		}
		if err != nil {
			s.cutAfter = !errors.Is(err, io.EOF)
			s.look(buf)
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return errors.Join(s.err, err)
		}
		end := bytes.LastIndexByte(buf[old:], '\n') + 1
		switch {
		case end > 0:
			end += old
			s.cutAfter = false
			s.look(buf[:end])
			s.cutBefore = false
		case len(buf) == cap(buf):
			s.cutAfter = true
			s.look(buf)
			s.cutBefore = true
			s.seen = s.base + int64(len(buf))
			end = len(buf) - s.repeated(len(buf))
		default:
			continue
		}
		if s.err != nil {
			return s.err
		}
		s.base += int64(end)
		buf = buf[:copy(buf, buf[end:])]
	}
}

// Offset is up to where the log has been looked at: from there another scan
// may go on.
func (s *Scanner) Offset() int64 { return s.base }

// skip reads up to from and counts the lines.
func (s *Scanner) skip(ctx context.Context, r io.Reader, from int64, buf []byte) error {
	last := byte('\n')
	for s.base < from {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := r.Read(buf[:min(int64(len(buf)), from-s.base)])
		if n > 0 {
			s.line += int64(bytes.Count(buf[:n], []byte("\n")))
			s.base += int64(n)
			last = buf[n-1]
			s.header(buf[:n])
		}
		if errors.Is(err, io.EOF) {
			return nil // nothing is left to look at
		}
		if err != nil {
			return err
		}
	}
	s.cutBefore = last != '\n'
	return nil
}

// header takes up the columns of a log from what is skipped.
func (s *Scanner) header(b []byte) {
	if i := nextHeader(b); i >= 0 {
		end := bytes.IndexByte(b[i:], '\n')
		if end > 0 {
			s.columns = newColumns(b[i : i+end])
		}
	}
}

// nextHeader returns where in b a line begins that names columns, or -1.
func nextHeader(b []byte) int {
	for at := 0; ; {
		i := bytes.Index(b[at:], []byte("ields"))
		if i < 0 {
			return -1
		}
		begin := at + i - len("#f")
		at += i + len("ields")
		if begin < 0 || begin > 0 && b[begin-1] != '\n' {
			continue
		}
		if line := b[begin:]; bytes.HasPrefix(line, []byte("#fields\t")) || bytes.HasPrefix(line, []byte("#Fields: ")) {
			return begin
		}
	}
}

// look matches a block that ends with a line, or is a piece of one.
func (s *Scanner) look(b []byte) {
	s.counted, s.walked = 0, walked{labelsAt: -1, dotsAt: -1}
	s.current = line{spans: s.current.spans[:0], names: s.current.names[:0], targets: s.current.targets[:0]}
	for from := 0; from < len(b); {
		to := len(b)
		if i := nextHeader(b[from:]); i == 0 {
			if n := bytes.IndexByte(b[from:], '\n'); n >= 0 {
				to = from + n + 1
			}
			s.columns = newColumns(b[from:to])
		} else if i > 0 {
			to = from + i
		}
		s.stretch(b, from, to)
		from = to
	}
	s.number(b, len(b))
}

// stretch matches b[from:to], whose lines have one set of columns.
func (s *Scanner) stretch(b []byte, from, to int) {
	if s.set.attack == nil {
		if s.set.size > 0 {
			s.dressed(b, from, to)
		}
		return
	}
	for from < to {
		end := to
		if n := bytes.IndexByte(b[from:to], '\n'); n >= 0 {
			end = from + n + 1
		}
		if s.set.size > 0 {
			s.dressed(b, from, end)
		}
		if s.torn(b, from, end) {
			s.piece(b, from, end)
		} else {
			s.fragments(b, from)
		}
		from = end
	}
}

// number counts the lines of a block up to pos.
func (s *Scanner) number(b []byte, pos int) {
	if pos > s.counted {
		s.line += int64(bytes.Count(b[s.counted:pos], []byte("\n")))
		s.counted = pos
	}
}

// at returns the line around pos, or nil if only a piece of it is there.
func (s *Scanner) at(b []byte, pos int) *line {
	l := &s.current
	if l.text == nil || pos < l.from || pos > l.from+len(l.text) {
		// Matches come in order: what lies before the last line need not be
		// searched, but for one that a mail address begins in.
		from := bytes.LastIndexByte(b[:pos], '\n') + 1
		to := len(b)
		if n := bytes.IndexByte(b[pos:], '\n'); n >= 0 {
			to = pos + n
		}
		*l = line{text: b[from:to:to], from: from, spans: l.spans[:0], names: l.names[:0], targets: l.targets[:0],
			wantsPort: s.set.attack != nil && len(s.set.attack.ports) > 0}
		l.piece = from == 0 && s.cutBefore || to == len(b) && s.cutAfter
	}
	if l.piece {
		return nil
	}
	return l
}

// hit reports that a row's mark is b[from:to].
func (s *Scanner) hit(n uint32, b []byte, from, to int) {
	if s.wide && !slices.ContainsFunc(b[from:to], func(c byte) bool { return class[c] == high }) {
		return
	}
	if s.base+int64(to) < s.seen {
		return
	}
	r := s.set.row(n)
	s.report(b, from, to, func() Match {
		return Match{Entity: s.set.entity(r), Probability: round(r.probability), Actors: s.set.actorsOf(r), Predicted: r.predicted}
	})
}

// round takes off what a float32 adds to a probability.
func round(p float32) float64 { return float64(int(float64(p)*1e6+0.5)) / 1e6 }

// excerpt is how many bytes of a line are shown to each side of a match.
const excerpt = 60

func (s *Scanner) report(b []byte, from, to int, mark func() Match) {
	if s.err != nil {
		return
	}
	m := mark()
	s.number(b, from)
	m.Line, m.Offset = s.line, s.base+int64(from)
	if l := s.at(b, from); l != nil {
		l.parse(s.columns)
		m.Field, m.At = l.field(from-l.from), l.when(s.Until)
	}
	text, at := s.current.text, from-s.current.from
	end := min(at+to-from, len(text))
	m.Before = clean(text[max(0, at-excerpt):at])
	m.Text = clean(text[at:end])
	m.After = clean(text[end:min(len(text), end+excerpt)])
	s.err = s.emit(m)
}

func clean(b []byte) string { return strings.ToValidUTF8(string(b), "") }
