// Package command collects documents from what a program prints: JSON lines in the form of
// intel.Document, as the connector documents reads them from files.
//
// The program is started without a shell, with no environment but what the settings list, and
// bounded in time and in what it prints. It may print {"cursor": "…"} after documents, and
// finds the last one that counts in PORTENT_CURSOR when it is started again.
package command

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// Connector runs programs.
var Connector = collect.Connector{
	Name:        "command",
	Proven:      "sh of the system",
	About:       "documents that a program of yours prints, as JSON lines",
	Every:       time.Hour,
	Reliability: 'F',
	Settings:    settings{},
	Open:        open,
}

const (
	within     = 10 * time.Minute
	mostOutput = 256 << 20
	mostCursor = 16 << 10
	mostTold   = 100_000 // documents of a run that are told apart
	// cursorName is where the program finds how far it was read.
	cursorName = "PORTENT_CURSOR"
	// killed is how long what a killed program left open is waited for.
	killed = 500 * time.Millisecond
)

type settings struct {
	Run     []string `json:"run" help:"The program and its arguments, such as [\"/opt/collect\", \"--new\"]; no shell reads them."`
	Dir     string   `json:"dir" help:"Folder that it runs in; the one portent runs in if missing."`
	Env     []string `json:"env" help:"Its environment, each NAME=VALUE; it has nothing else of ours."`
	Secrets []string `json:"secrets" help:"What is secret in its environment, each NAME=WHERE, such as TOKEN=age:lab-token."`
	Within  string   `json:"within" help:"How long a run may take; 10m if missing, and no bound where it is live."`
	Live    bool     `json:"live" help:"It goes on and prints what comes, and is started again when it ends."`
}

type source struct {
	collect.Env
	settings
	within  time.Duration
	most    int64 // bytes that it may print
	secrets map[string]collect.Secret
}

func open(env collect.Env, decode func(any) error) (collect.Source, error) {
	s := &source{Env: env, within: within, most: mostOutput, secrets: map[string]collect.Secret{}}
	if err := decode(&s.settings); err != nil {
		return nil, err
	}
	if len(s.Run) == 0 || s.Run[0] == "" {
		return nil, errors.New("run is missing: a program and its arguments are wanted, each a text of a list")
	}
	for i, v := range s.settings.Env {
		if name, _, ok := strings.Cut(v, "="); !ok || name == "" || name == cursorName {
			return nil, fmt.Errorf("env, entry %d: NAME=VALUE is wanted, and no %s: %w", i+1, cursorName, intel.ErrInvalid)
		}
	}
	for i, v := range s.Secrets {
		name, where, _ := strings.Cut(v, "=")
		quoted, err := json.Marshal(where)
		if err != nil {
			return nil, err
		}
		var secret collect.Secret
		if err := secret.UnmarshalJSON(quoted); err != nil || name == "" || secret == "" || name == cursorName {
			return nil, fmt.Errorf("secrets, entry %d: NAME=WHERE is wanted: %w", i+1, cmp.Or(err, intel.ErrInvalid))
		}
		s.secrets[name] = secret
	}
	if s.Within != "" {
		var err error
		if s.within, err = time.ParseDuration(s.Within); err != nil || s.within <= 0 {
			return nil, fmt.Errorf("within: %q is no time such as 90s or 10m", s.Within)
		}
	}
	return s, nil
}

// Streams implements collect.Stream.
func (s *source) Streams() bool { return s.Live }

// Collect implements collect.Source.
func (s *source) Collect(ctx context.Context, from intel.Cursor, emit collect.Emit) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	at, err := newProgress(from)
	if err != nil {
		return err
	}
	environ, hide, err := s.environ(at.own)
	if err != nil {
		return err
	}
	run, stop := context.WithCancel(ctx)
	if !s.Live {
		run, stop = context.WithTimeoutCause(ctx, s.within, fmt.Errorf("it took more than %v and was killed", s.within))
	}
	defer stop()
	said := &tail{}
	cmd := exec.CommandContext(run, s.Run[0], s.Run[1:]...)
	cmd.Dir, cmd.Env, cmd.Stderr, cmd.WaitDelay = s.Dir, environ, said, killed
	apart(cmd)
	cmd.Cancel = func() error { return kill(cmd) }
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return collect.Permanent(fmt.Errorf("start %s: %w", s.Run[0], err))
	}
	defer kill(cmd) //nolint:errcheck // whom it left behind, if anybody
	read := s.read(ctx, out, at, emit)
	if read != nil {
		stop()
	}
	ended := cmd.Wait()
	if errors.Is(ended, exec.ErrWaitDelay) {
		ended = nil // it ended well, and left somebody behind
	}
	switch cause := context.Cause(run); {
	case ctx.Err() != nil:
		return ctx.Err()
	case read != nil:
		return read
	case cause != nil:
		return fmt.Errorf("%s: %w%s", s.Run[0], cause, said.last(hide))
	case ended != nil:
		return fmt.Errorf("%s ended badly: %w%s", s.Run[0], ended, said.last(hide))
	case s.Live:
		return fmt.Errorf("%s ended, and is to go on while it is live%s", s.Run[0], said.last(hide))
	}
	return nil
}

// environ is the environment of the program, and what of it is not to be repeated.
func (s *source) environ(cursor string) (all, hide []string, err error) {
	all = append(all, s.settings.Env...)
	for name, where := range s.secrets {
		text, err := s.Reveal(where)
		if err != nil {
			return nil, nil, err
		}
		if text != "" {
			hide = append(hide, text, "***")
		}
		all = append(all, name+"="+text)
	}
	return append(all, cursorName+"="+cursor), hide, nil
}

// read hands over what the program prints. While it is not live, the last document waits for
// the line behind it, so that a cursor that ends a run counts.
func (s *source) read(ctx context.Context, out io.Reader, at *progress, emit collect.Emit) error {
	if !s.Live {
		out = &bounded{out, s.most, s.most}
	}
	var waits *intel.Document
	flush := func() error {
		if waits == nil {
			return nil
		}
		doc := *waits
		waits = nil
		return emit(doc, at.cursor())
	}
	err := collect.Prepared{Env: s.Env, In: out, Most: mostTold, Other: func(line []byte) (bool, error) {
		next, ok := cursorLine(line)
		if !ok {
			return false, nil
		}
		if len(next) > mostCursor {
			return true, fmt.Errorf("%s: a cursor of %d bytes, and %d are kept: %w", s.Run[0], len(next), mostCursor, intel.ErrInvalid)
		}
		at.reach(next)
		return true, flush()
	}}.Each(func(doc intel.Document) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := flush(); err != nil {
			return err
		}
		if at.seen.Has(string(doc.ID)) {
			s.Repeated()
			return nil
		}
		if doc.Learned.IsZero() {
			doc.Learned = s.Now().UTC()
		}
		at.seen.Add(string(doc.ID))
		waits = &doc
		if s.Live {
			return flush()
		}
		return nil
	})
	if err != nil {
		return errors.Join(fmt.Errorf("%s: %w", s.Run[0], err), flush())
	}
	return flush()
}

// cursorLine is the cursor that a line tells.
func cursorLine(line []byte) (string, bool) {
	line = bytes.TrimSpace(line)
	if !bytes.HasPrefix(line, []byte(`{`)) || len(line) > 8*mostCursor || !bytes.Contains(line, []byte(`"cursor"`)) {
		return "", false
	}
	var said map[string]json.RawMessage
	var next string
	if json.Unmarshal(line, &said) != nil || len(said) != 1 || json.Unmarshal(said["cursor"], &next) != nil {
		return "", false
	}
	return next, true
}

// progress is how far a program was read: the cursor that it told last, and which documents
// came since.
type progress struct {
	own  string
	seen collect.Seen
}

func newProgress(from intel.Cursor) (*progress, error) {
	own, rest, _ := strings.Cut(string(from), " ")
	text, err := base64.RawURLEncoding.DecodeString(own)
	if err != nil {
		return nil, collect.Permanent(fmt.Errorf("cursor of %d bytes: %w", len(from), intel.ErrInvalid))
	}
	seen, err := collect.NewSeen(intel.Cursor(rest))
	return &progress{string(text), seen}, err
}

// reach notes that all before this was told of.
func (p *progress) reach(own string) {
	if own == p.own {
		return
	}
	p.own, p.seen = own, collect.Seen{}
	p.seen, _ = collect.NewSeen("") // of nothing, which is none that is wrong
}

func (p *progress) cursor() intel.Cursor {
	return intel.Cursor(base64.RawURLEncoding.EncodeToString([]byte(p.own))+" ") + p.seen.Cursor()
}
