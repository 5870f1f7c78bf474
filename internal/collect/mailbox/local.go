package mailbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/mail"
	"github.com/portent-cti/portent/internal/intel"
)

// maxMessage is the longest message of a Maildir that is read.
const maxMessage = 32 << 20

// local is a Maildir or mbox file of this machine. Its cursor is when it was first visited, and
// which messages were kept.
type local struct {
	collect.Env
	path string
	last intel.Cursor // which what follows goes with
	// known is what was read: documents by ID, and files by name, also those that cannot be.
	known map[string]bool
	file  fs.FileInfo // the file as it was read
}

// Collect implements collect.Source.
func (l *local) Collect(ctx context.Context, from intel.Cursor, emit collect.Emit) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if l.Files == nil {
		return collect.Permanent(fmt.Errorf("%s: this source may read no local files", l.path))
	}
	if !fs.ValidPath(l.path) {
		return collect.Permanent(fmt.Errorf("path %q: %w", l.path, intel.ErrInvalid))
	}
	place, err := collect.NewPlace(from, l.Now())
	if err != nil {
		return err
	}
	v := &visiting{l, place, emit}
	if l.known == nil || from != l.last {
		l.last, l.known, l.file = from, map[string]bool{}, nil
	}
	info, err := fs.Stat(l.Files, l.path)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return v.maildir(ctx)
	}
	return v.archive(ctx, info)
}

// visiting is one visit to a mailbox of this machine.
type visiting struct {
	*local
	place collect.Place
	emit  collect.Emit
}

// keep hands out a document that came at a time, zero for one that is not known, unless it was
// before.
func (v *visiting) keep(doc intel.Document, came time.Time) error {
	id := string(doc.ID)
	if v.known[id] || v.place.Has(id) {
		v.Repeated()
		return nil
	}
	if !came.Before(v.place.Since) {
		doc.Learned, doc.Assumed = v.Now().UTC(), false
	}
	next, err := v.place.Add([]string{id})
	if err != nil {
		return err
	}
	if err := v.emit(doc, next); err != nil {
		return err
	}
	v.last, v.known[id] = next, true
	return nil
}

// A delivery is a message of a Maildir.
type delivery struct {
	path, name string // name stays when the message is read, moved from new to cur, or flagged
	came       time.Time
	draft      bool
}

// maildir reads what is new in a Maildir, those that came first first.
func (v *visiting) maildir(ctx context.Context) error {
	list, err := v.deliveries()
	if err != nil {
		return err
	}
	for _, d := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		if d.draft || v.known[d.name] {
			continue
		}
		doc, ok, err := v.message(ctx, d)
		switch {
		case errors.Is(err, fs.ErrNotExist): // moved meanwhile: it has another place next time
			continue
		case err != nil:
			return err
		case ok:
			if err := v.keep(doc, d.came); err != nil {
				return err
			}
		}
		v.known[d.name] = true
	}
	return nil
}

// deliveries lists a Maildir. What is still being delivered is in a folder of its own, tmp.
func (v *visiting) deliveries() (list []delivery, err error) {
	found := 0
	for _, in := range []string{"new", "cur"} {
		files, err := fs.ReadDir(v.Files, path.Join(v.path, in))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		found++
		for _, f := range files {
			info, err := f.Info()
			if err != nil || !info.Mode().IsRegular() || strings.HasPrefix(f.Name(), ".") {
				continue
			}
			name, flags, _ := strings.Cut(f.Name(), ":2,")
			list = append(list, delivery{path.Join(v.path, in, f.Name()), name, info.ModTime(), strings.Contains(flags, "D")})
		}
	}
	if found == 0 {
		return nil, fmt.Errorf("%s is no Maildir: it has neither new nor cur", v.path)
	}
	slices.SortStableFunc(list, func(a, b delivery) int { return cmp.Or(a.came.Compare(b.came), cmp.Compare(a.name, b.name)) })
	return list, nil
}

// message reads a message of a Maildir; ok is false where it says nothing, or cannot be read.
func (v *visiting) message(ctx context.Context, d delivery) (doc intel.Document, ok bool, err error) {
	body, err := collect.ReadFile(ctx, v.Env, d.path, maxMessage)
	if errors.Is(err, collect.ErrTooLarge) {
		v.Reject(d.name, err)
		return doc, false, nil
	}
	if err != nil {
		return doc, false, err
	}
	doc, mended, err := mail.Document(v.Env, body)
	if mended {
		v.Reject(d.name, collect.ErrEncoding)
	}
	if err != nil {
		v.Reject(d.name, err)
		return doc, false, nil
	}
	return doc, doc.Text != "", nil
}

// archive reads what is new in an mbox file, if that has changed.
func (v *visiting) archive(ctx context.Context, info fs.FileInfo) error {
	if v.file != nil && v.file.Size() == info.Size() && v.file.ModTime().Equal(info.ModTime()) {
		return nil
	}
	f, err := collect.OpenFile(ctx, v.Env, v.path)
	if err != nil {
		return err
	}
	defer f.Close()
	err = mail.Read(ctx, v.Env, v.path, f, func(doc intel.Document) error {
		return v.keep(doc, doc.Published)
	})
	if err == nil {
		v.file = info
	}
	return err
}
