package tail

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// Settings are which files are read, and how.
type Settings struct {
	Path string `json:"path" help:"File, or pattern of files, rotated ones too: /var/log/nginx/*.log*. Suricata and Zeek: where they write, if missing."`
	New  bool   `json:"new" help:"Whether what the files hold at the first visit is left alone."`
	Live bool   `json:"live" help:"Whether what is appended is read within a second, not at each visit."`
}

// Pattern checks which files are read, and returns them as Tail wants them.
func (s Settings) Pattern() (string, error) {
	if s.Path == "" {
		return "", errors.New("path is missing")
	}
	p := strings.TrimPrefix(path.Clean(s.Path), "/")
	if _, err := path.Match(p, ""); err != nil || !fs.ValidPath(p) {
		return "", fmt.Errorf("path: %q is neither a file nor a pattern such as /var/log/nginx/*.log*", s.Path)
	}
	return p, nil
}

// Lines returns a source of telemetry: each document is some lines of a file, for which
// judge, if not nil, says what of them is to be hunted.
func (s Settings) Lines(env collect.Env, judge func(collect.Env, Piece) []byte) (collect.Source, error) {
	pattern, err := s.Pattern()
	return &lines{tail: Tail{Env: env, Pattern: pattern, New: s.New}, live: s.Live, judge: judge}, err
}

type lines struct {
	tail  Tail
	live  bool
	judge func(collect.Env, Piece) []byte
}

// Streams implements collect.Stream.
func (l *lines) Streams() bool { return l.live }

// Collect implements collect.Source.
func (l *lines) Collect(ctx context.Context, from intel.Cursor, emit collect.Emit) error {
	each := func(p Piece) error {
		from = p.After
		return emit(l.document(p), p.After)
	}
	return l.tail.visit(ctx, l.live, func() error { return l.tail.Read(ctx, from, each) })
}

// pause is how long a live source waits for more.
const pause = time.Second

// visit reads once, or if it is live again and again until ctx ends or it fails.
func (t *Tail) visit(ctx context.Context, live bool, read func() error) error {
	if !live || t.Env.Once {
		return read()
	}
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		if err := read(); err != nil {
			return err
		}
		if !t.amiss {
			t.Env.Noticed(nil)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// document is a piece as it is hunted. It is never kept, and needs no more of an ID than
// that no other piece has it.
func (l *lines) document(p Piece) intel.Document {
	text := p.Text
	if l.judge != nil {
		text = l.judge(l.tail.Env, p)
	}
	id := l.tail.Env.ID
	doc := intel.Document{Source: id, Genre: intel.Log, Channel: "/" + p.Name, Title: path.Base(p.Name), Published: p.Changed, Text: string(text)}
	if len(p.Header) > 0 && len(text) > 0 {
		doc.Text = string(p.Header) + doc.Text
	}
	edges := p.Text[:min(len(p.Text), edge)]
	doc.ID = intel.NewDocumentID(id, p.Name, fmt.Sprint(p.From, len(p.Text)), digest(edges), digest(p.Text[len(p.Text)-len(edges):]))
	return doc
}

// Open returns the Open of a connector of telemetry whose files are usually at a path, "" for
// none; judge is that of Lines.
func Open(usual string, judge func(collect.Env, Piece) []byte) collect.Open {
	return func(env collect.Env, decode func(any) error) (collect.Source, error) {
		var s Settings
		if err := decode(&s); err != nil {
			return nil, err
		}
		s.Path = cmp.Or(s.Path, usual)
		return s.Lines(env, judge)
	}
}
