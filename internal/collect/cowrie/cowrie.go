// Package cowrie collects what attackers did on the honeypot Cowrie, alone or within
// T-Pot: one document for each session that has ended.
//
// Nobody has any business there, so that who comes is evidence, and is extracted, unlike
// the lines of logs of servers that people use.
package cowrie

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/tail"
)

// usual is where Cowrie keeps its log, those of former days too.
const usual = "/home/cowrie/cowrie/var/log/cowrie/cowrie.json*"

// Settings are where the log is.
type Settings struct {
	Path string `json:"path" help:"File, or pattern of files, rotated ones too: /home/cowrie/cowrie/var/log/cowrie/cowrie.json*."`
	Live bool   `json:"live" help:"Whether what is appended is read within a second, not at each visit."`
}

// Connector reads cowrie.json.
var Connector = collect.Connector{
	Name:        "cowrie",
	About:       "sessions on the honeypot Cowrie, of T-Pot too (cowrie.json)",
	Every:       time.Minute,
	Reliability: 'B',
	Settings:    Settings{},
	Proven:      "a session of OpenSSH's client on Cowrie 3.1.4",
	Recognise:   recognise,
	Open: func(env collect.Env, decode func(any) error) (collect.Source, error) {
		var s Settings
		if err := decode(&s); err != nil {
			return nil, err
		}
		pattern, err := tail.Settings{Path: cmp.Or(s.Path, usual)}.Pattern()
		return &source{Env: env, Kept: tail.Kept{Tail: tail.Tail{Env: env, Pattern: pattern}, Live: s.Live}}, err
	},
}

func recognise(_ fs.FS, name string, head []byte) bool {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	return strings.Contains(path.Base(name), "cowrie") && bytes.Contains(line, []byte(`"cowrie.`)) && bytes.Contains(line, []byte(`"eventid"`))
}

type source struct {
	collect.Env
	tail.Kept
	open sessions // those that go on
}

// Collect implements collect.Source.
func (s *source) Collect(ctx context.Context, from intel.Cursor, emit collect.Emit) error {
	anew := func() { s.open = sessions{by: map[key]*session{}} }
	return s.Visit(ctx, from, anew, func(p tail.Piece) error { return s.piece(p, emit) })
}

// piece takes in some lines of the log.
func (s *source) piece(p tail.Piece, emit collect.Emit) error {
	number := 0
	for line := range bytes.Lines(p.Text) {
		number++
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		e, err := read(line)
		if err != nil {
			s.reject(fmt.Sprintf("%s: byte %d, line %d", p.Name, p.From, number), err)
			continue
		}
		if e.ID == "" {
			continue
		}
		for _, old := range s.open.late(e.at) {
			s.reject(old.String(), errUnended)
		}
		one := s.open.take(e, p.Before)
		if !e.ends() {
			continue
		}
		s.open.drop(one)
		if err := s.emit(one, p.Before, emit); err != nil {
			return err
		}
	}
	return nil
}

func (s *source) reject(item string, reason error) {
	if s.Reject != nil {
		s.Reject(item, reason)
	}
}

// emit hands on a session that has ended. It is read on from where the first of those
// began that have not: what ended since is known from the cursor.
func (s *source) emit(one *session, before intel.Cursor, emit collect.Emit) error {
	id := []string{one.source, one.id} // of one read in part, what began it is before the cursor
	doc, ok := one.document(s.Env)
	if s.Has(id...) || !ok {
		return nil
	}
	if first := s.open.first(); first != nil {
		before = first.before
	}
	return emit(doc, s.Add(before, id...))
}
