// Package tail reads what is appended to files: through rotation, truncation and packing.
//
// It reads whole lines, in pieces, each with where to go on behind it. A file is known by
// how it begins and by what stands before the place it was read up to, whatever it is
// called by then, so that one that was renamed, copied or packed is read once.
package tail

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

const (
	// MostFiles is how many files one tail follows.
	MostFiles = 1000
	// block is how much is read at once, and longest how long a line may be that is in one
	// piece. Two pieces of a longer one have overlap bytes in common.
	block, longest, overlap = 256 << 10, 1 << 20, 4 << 10
	// settled is how long a last line without an end must have stood to count as whole.
	settled = time.Minute
)

// A Tail follows files. It is used by one goroutine.
type Tail struct {
	Env collect.Env
	// Pattern is which files are read, below Env.Files, as path.Match has it.
	Pattern string
	// New leaves alone what stands in the files that are there at the first visit.
	New bool

	still map[string]found // files that have nothing more to read, by name
	known map[string]bool  // problems that were told
	amiss bool             // a visit noticed something
	wrong bool             // this one did
}

// A Piece is some lines of a file.
type Piece struct {
	Name string
	// Header is the line that names the columns of the lines, with its end, empty for none
	// and where the text has it.
	Header  []byte
	Text    []byte    // valid until each returns; it ends with a line, unless that is a very long one
	From    int64     // where Text begins in the file, once unpacked
	Changed time.Time // the file, at last; zero where that is not known
	// Before and After are the cursors from which Text is read next, and no longer.
	Before, After intel.Cursor
}

// Read hands out what was appended since from, file by file, that changed longest ago
// first. What cannot be read of one file is told at the end, once, and the others are read.
func (t *Tail) Read(ctx context.Context, from intel.Cursor, each func(Piece) error) error {
	marks, err := parse(from)
	if err != nil {
		return err
	}
	t.wrong = false
	defer t.well()
	files, err := t.files(ctx)
	if err != nil {
		return err
	}
	marks = recent(marks, files)
	p := pass{Tail: t, each: each, old: marks, over: make([]bool, len(marks)), cursor: from, buf: make([]byte, 0, block)}
	if from == "" && t.New {
		return p.passOver(ctx, files)
	}
	var broken []error
	for _, f := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		var read readError
		switch err := p.file(ctx, f); {
		case errors.As(err, &read):
			broken = append(broken, read.error)
			t.rest(f)
		case err != nil:
			return err
		}
	}
	return errors.Join(broken...)
}

// A readError is of one file: the others can be read.
type readError struct{ error }

func (e readError) Unwrap() error { return e.error }

// A found is a file that is there.
type found struct {
	name    string
	inode   uint64
	size    int64
	changed time.Time
}

// files are those to read, that changed longest ago first.
func (t *Tail) files(ctx context.Context) ([]found, error) {
	if t.Env.Files == nil {
		return nil, collect.Permanent(errors.New("this source may read no local files"))
	}
	names, err := fs.Glob(t.Env.Files, t.Pattern)
	if err != nil {
		return nil, collect.Permanent(fmt.Errorf("%s: %w", t.Pattern, err))
	}
	if len(names) == 0 {
		t.notice(fmt.Errorf("no file is called /%s", t.Pattern))
	}
	seen := map[uint64]bool{}
	var out []found
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		info, err := fs.Stat(t.Env.Files, name)
		if err != nil || !info.Mode().IsRegular() {
			continue // it is just being rotated, or is none
		}
		f := found{name, inode(info), info.Size(), info.ModTime().UTC()}
		if f.inode != 0 && seen[f.inode] {
			continue // it has two names
		}
		seen[f.inode] = true
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b found) int {
		return cmp.Or(a.changed.Compare(b.changed), cmp.Compare(a.name, b.name))
	})
	if more := len(out) - MostFiles; more > 0 {
		t.notice(fmt.Errorf("%d files are %d too many: those that changed longest ago are not read", len(out), more))
		out = out[more:]
	}
	return out, nil
}

// notice tells what is wrong while other files are read.
func (t *Tail) notice(problem error) {
	t.wrong = true
	t.Env.Noticed(problem)
}

// well tells that what was wrong is so no more.
func (t *Tail) well() {
	if t.amiss && !t.wrong {
		t.Env.Noticed(nil)
	}
	t.amiss = t.wrong
}

// rest notes that a file has nothing to read until it changes.
func (t *Tail) rest(f found) {
	if t.still == nil || len(t.still) > 2*MostFiles {
		t.still = map[string]found{}
	}
	t.still[f.name] = f
}

// tell tells a problem of a file once.
func (t *Tail) tell(name string, problem error) {
	if t.known == nil || len(t.known) > 2*MostFiles {
		t.known = map[string]bool{}
	}
	if key := name + "\x00" + problem.Error(); !t.known[key] {
		t.known[key] = true
		if t.Env.Reject != nil {
			t.Env.Reject(name, problem)
		}
	}
}

// A pass is one visit to all files.
type pass struct {
	*Tail
	each   func(Piece) error
	old    []mark // as the cursor has them
	over   []bool // which of these a file of this pass goes on from
	marks  []mark // of this pass
	cursor intel.Cursor
	buf    []byte
}

// passOver marks all files as read.
func (p *pass) passOver(ctx context.Context, files []found) error {
	for _, f := range files {
		o, err := p.open(ctx, f)
		if err != nil {
			continue
		}
		m := mark{Inode: f.inode}
		if o.packed {
			m.Packed = f.size
		} else if err := o.end(ctx, f.size); err != nil {
			o.close()
			return err
		}
		p.marks = append(p.marks, o.mark(m))
		o.close()
	}
	p.cursor = p.state()
	return p.each(Piece{After: p.cursor})
}

// file reads one file from where it was read up to.
func (p *pass) file(ctx context.Context, f found) error {
	if i := p.unchanged(f); i >= 0 {
		p.goOn(i, p.old[i])
		return nil
	}
	o, err := p.open(ctx, f)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it was just rotated
	}
	if err != nil {
		p.notice(err)
		return nil
	}
	defer o.close()
	if wide(o.start) {
		p.tell(f.name, errors.New("no text in UTF-8; portent hunt reads UTF-16"))
		p.rest(f)
		return nil
	}
	i, err := p.place(ctx, o, f)
	if err != nil {
		return readError{err}
	}
	m := mark{}
	if i >= 0 {
		m = p.old[i]
	}
	m.Inode, m.Packed, o.until = f.inode, 0, f.size
	n := p.goOn(i, m)
	if err := p.lines(ctx, o, f, n); err != nil {
		return err
	}
	if o.packed {
		p.marks[n].Packed = f.size
	}
	if o.packed || p.marks[n].At == f.size {
		p.rest(f)
	}
	return nil
}

// goOn takes over a mark, the i-th of the cursor or none, and returns which it is.
func (p *pass) goOn(i int, m mark) int {
	if i >= 0 {
		p.over[i] = true
	}
	p.marks = append(p.marks, m)
	return len(p.marks) - 1
}

// unchanged returns which mark is of a file that needs no look, -1 for none.
func (p *pass) unchanged(f found) int {
	still, rests := p.still[f.name]
	return slices.IndexFunc(p.old, func(m mark) bool {
		switch {
		case f.inode == 0 || m.Inode != f.inode:
			return false
		case m.Packed > 0:
			return m.Packed == f.size
		}
		return rests && still == f
	})
}

// mostTried is how many marks that begin like a file are held against it.
const mostTried = 16

// place finds the mark of a file, the same by inode before copies and those read furthest
// before others, and has o stand behind it; -1 for none: then o stands at its begin.
func (p *pass) place(ctx context.Context, o *opened, f found) (int, error) {
	order := make([]int, 0, len(p.old))
	for i, m := range p.old {
		if m.begins(o.start) && (m.At > 0 || f.inode != 0 && m.Inode == f.inode) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		x, y := p.old[a], p.old[b]
		return cmp.Or(cmp.Compare(btoi(y.Inode == f.inode), btoi(x.Inode == f.inode)), cmp.Compare(y.At, x.At))
	})
	for _, i := range order[:min(len(order), mostTried)] {
		ok, err := o.at(ctx, p.old[i])
		if ok || err != nil {
			return i, err
		}
	}
	return -1, o.seek(ctx, 0)
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// lines hands out what follows in o, whose mark is the n-th.
func (p *pass) lines(ctx context.Context, o *opened, f found, n int) error {
	buf := p.buf[:0]
	defer func() { p.buf = buf[:0] }()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		buf = slices.Grow(buf, block)
		old := len(buf)
		got, err := o.Read(buf[old : old+block])
		buf = buf[:old+got]
		end := bytes.LastIndexByte(buf[old:], '\n') + 1
		next := 0 // where the piece behind begins
		switch {
		case end > 0:
			end += old
			next = end
		case err == nil && len(buf) < longest:
			continue
		case err == nil:
			end, next = len(buf), len(buf)-overlap
		case errors.Is(err, io.EOF) && got == 0 && (o.packed || p.Env.Now().Sub(f.changed) > settled && p.marks[n].At+int64(len(buf)) == f.size):
			end, next = len(buf), len(buf)
		}
		if end > 0 {
			if err := p.give(o, f, n, buf[:end], next); err != nil {
				return err
			}
			buf = buf[:copy(buf, buf[next:])]
		}
		switch {
		case errors.Is(err, io.EOF) && got == 0:
			return nil
		case err != nil && !errors.Is(err, io.EOF):
			return readError{err}
		}
	}
}

// give hands out one piece, of which the first bytes up to next are done with.
func (p *pass) give(o *opened, f found, n int, text []byte, next int) error {
	m := &p.marks[n]
	piece := Piece{Name: f.name, Text: text, From: m.At, Changed: f.changed, Before: p.cursor}
	if headerOf(text) == nil {
		piece.Header = o.header
	}
	o.pass(text[:next])
	*m = o.mark(*m)
	p.cursor = p.state()
	piece.After = p.cursor
	return p.each(piece)
}
