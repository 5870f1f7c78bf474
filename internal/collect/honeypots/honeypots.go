// Package honeypots collects what attackers did on honeypots that write a JSON object a line:
// those of T-Pot but Cowrie, which is read by sessions, and others. Which field of whose lines
// says what is a table; a line that is in no form of it is rejected.
//
// Nobody has any business there, so that who comes is evidence, and is extracted, unlike the
// lines of logs of servers that people use.
package honeypots

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/tail"
)

// Settings are where the log is.
type Settings struct {
	Path     string `json:"path" help:"File, or pattern of files, rotated ones too: /home/tsec/tpotce/data/dionaea/log/dionaea.json*."`
	Honeypot string `json:"honeypot" help:"Whose lines they are, such as dionaea; told by the lines themselves if missing."`
	Live     bool   `json:"live" help:"Whether what is appended is read within a second, not at each visit."`
}

// Connector reads the logs of honeypots.
var Connector = collect.Connector{
	Name:        "honeypots",
	About:       "visits to honeypots, of T-Pot too: " + strings.Join(names(pots()), ", "),
	Every:       time.Minute,
	Reliability: 'B',
	Settings:    Settings{},
	Proven:      "what adbhoneypot 3.0.2, elasticpot 2.0.3, Heralding 1.0.7, honeypots 0.66 and OpenCanary 0.9.10 wrote of visits; the others on invented lines",
	Recognise:   recognise,
	Open: func(env collect.Env, decode func(any) error) (collect.Source, error) {
		var s Settings
		if err := decode(&s); err != nil {
			return nil, err
		}
		of := pots()
		if s.Honeypot != "" {
			of = slices.DeleteFunc(of, func(p pot) bool { return p.name != s.Honeypot })
		}
		if len(of) == 0 {
			return nil, fmt.Errorf("honeypot: %q is none of %s", s.Honeypot, strings.Join(names(pots()), ", "))
		}
		pattern, err := tail.Settings{Path: s.Path}.Pattern()
		return &source{Env: env, Kept: tail.Kept{Tail: tail.Tail{Env: env, Pattern: pattern}, Live: s.Live}, pots: of}, err
	},
}

func recognise(_ fs.FS, _ string, head []byte) bool {
	first, _, _ := bytes.Cut(head, []byte("\n"))
	if !bytes.HasPrefix(first, []byte("{")) || !json.Valid(first) {
		return false
	}
	_, _, err := read(first, pots())
	return err == nil
}

type source struct {
	collect.Env
	tail.Kept
	pots []pot
}

// Collect implements collect.Source.
func (s *source) Collect(ctx context.Context, from intel.Cursor, emit collect.Emit) error {
	return s.Visit(ctx, from, func() {}, func(p tail.Piece) error { return s.piece(p, emit) })
}

// piece takes in some lines of the log. With the last of what they tell they count as read.
func (s *source) piece(p tail.Piece, emit collect.Emit) error {
	type visit struct {
		doc intel.Document
		key []string
	}
	var all []visit
	told := map[string]bool{}
	number := 0
	for text := range bytes.Lines(p.Text) {
		number++
		if text = bytes.TrimSpace(text); len(text) == 0 {
			continue
		}
		item := fmt.Sprintf("%s: byte %d, line %d", p.Name, p.From, number)
		doc, key, err := s.document(item, text)
		if err != nil {
			s.reject(item, err)
			continue
		}
		if id := strings.Join(key, "\x00"); key != nil && !told[id] && !s.Has(key...) {
			told[id] = true
			all = append(all, visit{doc, key})
		}
	}
	for i, v := range all {
		where := p.Before
		if i == len(all)-1 {
			where = p.After
		}
		if err := emit(v.doc, s.Add(where, v.key...)); err != nil {
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

// recent is how old what is read of a log that is written just now may be; what is older is history.
const recent = time.Hour

// document is what a line comes to, and what it is known by: what who came did first in that
// hour of that sort. The key is nil of one that tells nothing.
func (s *source) document(item string, text []byte) (doc intel.Document, key []string, err error) {
	l, ok, err := read(text, s.pots)
	if err != nil || !ok {
		return doc, nil, err
	}
	from, err := l.who()
	if err != nil {
		return doc, nil, err
	}
	at, err := l.when()
	if err != nil {
		return doc, nil, err
	}
	now := s.Now().UTC()
	if at.After(now) {
		at = now
	}
	doc = intel.Document{Source: s.ID, Genre: intel.Log, Title: "On a honeypot (" + l.pot.name + ") from " + from.Name, Published: at, Learned: at, Assumed: true}
	if now.Sub(at) < recent {
		doc.Learned, doc.Assumed = now, false
	}
	c := intel.Context{Port: l.port(), Method: clipped(strings.TrimSuffix(cmp.Or(l.first(l.pot.speaks...), l.pot.spoken), "_server")), Note: l.note()}
	doc.Claims = []intel.Claim{{Subject: from, Relation: intel.Indicates, Object: intel.NewEntity(intel.Label, l.does()), Context: c, At: at}}
	key = []string{l.pot.name, from.Name, c.Port, l.does(), at.Format("2006-01-02T15")}
	for _, f := range l.files(at, func(err error) { s.reject(item, err) }) {
		doc.Claims = append(doc.Claims, f)
		key = append(key, f.Subject.Name)
	}
	doc.ID = intel.NewDocumentID(s.ID, key...)
	return doc, key, nil
}

// files claims of files that came in, and of where from, that they are malware's.
func (l line) files(at time.Time, reject func(error)) (out []intel.Claim) {
	for _, of := range []struct {
		fields      []string
		kind        intel.Kind
		label, note string
	}{
		{l.pot.fetched, intel.URL, "malware download", "fetched from a honeypot"},
		{l.pot.malware, intel.SHA256, "malware download", "fetched from a honeypot"},
		{l.pot.left, intel.SHA256, "dropped file", "left on a honeypot"},
	} {
		for _, field := range of.fields {
			for _, value := range l.all(field) {
				if value == "" {
					continue
				}
				e, _, err := collect.Indicator(of.kind, value)
				if err == nil && of.kind == intel.URL && e.Kind != intel.URL {
					err = &collect.ValueError{Kind: of.kind, Value: value}
				}
				if err != nil {
					reject(err)
					continue
				}
				c := intel.Claim{Subject: e, Relation: intel.Indicates, Object: intel.NewEntity(intel.Label, of.label), Context: intel.Context{Note: of.note}, At: at}
				if !slices.Contains(out, c) {
					out = append(out, c)
				}
			}
		}
	}
	return out
}
