// Package push takes in what other programs send to this server: documents that they
// prepared, or lines of logs to be hunted.
package push

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

const (
	// mostBody is the most bytes of one request, and mostDocuments the most documents.
	mostBody, mostDocuments = 16 << 20, 20_000
	// piece is about how many bytes of lines make a document.
	piece = 1 << 20
	// shortest is how many bytes a token has at least.
	shortest = 16
)

// Settings are who may send.
type Settings struct {
	Token collect.Secret `json:"token" help:"Secret that requests bear: Authorization: Bearer …; 16 characters or more."`
}

// Of returns the connector whose documents are in the form that another reads from files.
func Of(documents collect.Connector) collect.Connector {
	return collect.Connector{
		Name:        "push",
		About:       "documents or log lines that others send to serve",
		Reliability: 'F',
		Live:        true,
		Telemetry:   true,
		Settings:    Settings{},
		Proven:      "requests of curl 7.88",
		Open: func(env collect.Env, decode func(any) error) (collect.Source, error) {
			var s Settings
			if err := decode(&s); err != nil {
				return nil, err
			}
			if s.Token == "" {
				return nil, errors.New("token is missing: env:NAME, file:PATH or age:NAME, whose it is to send")
			}
			return &source{env: env, token: s.Token, documents: documents}, nil
		},
	}
}

type source struct {
	env       collect.Env
	token     collect.Secret
	documents collect.Connector
}

// Collect implements collect.Source: there is nothing to ask for.
func (s *source) Collect(ctx context.Context, _ intel.Cursor, _ collect.Emit) error {
	if _, err := s.secret(); err != nil {
		return collect.Permanent(err)
	}
	if s.env.Once {
		return nil
	}
	<-ctx.Done()
	return ctx.Err()
}

func (s *source) secret() (string, error) {
	token, err := s.env.Reveal(s.token)
	if err == nil && len(token) < shortest {
		err = fmt.Errorf("the token %s has fewer than %d characters", s.token, shortest)
	}
	return token, err
}

// Receive implements collect.Receiver.
func (s *source) Receive(r *http.Request, reject func(item string, reason error)) (collect.Received, error) {
	if err := s.admit(r); err != nil {
		return collect.Received{}, err
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, mostBody+1))
	switch {
	case err != nil:
		return collect.Received{}, fmt.Errorf("body: %w: %w", err, intel.ErrInvalid)
	case len(body) > mostBody || r.ContentLength > mostBody:
		return collect.Received{}, fmt.Errorf("body: %w: more than %d MiB; send it in parts", collect.ErrTooLarge, mostBody>>20)
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err == nil && r.Header.Get("Content-Encoding") != "":
		return collect.Received{}, fmt.Errorf("a body that is packed is not read: %w", intel.ErrInvalid)
	case err == nil && kind == "text/plain":
		return collect.Received{Lines: s.lines(body)}, nil
	case err == nil && (kind == "application/x-ndjson" || kind == "application/jsonl" || kind == "application/json"):
		docs, err := s.read(r.Context(), body, reject)
		return collect.Received{Documents: docs}, err
	}
	return collect.Received{}, fmt.Errorf("Content-Type %q: text/plain has lines to hunt, application/x-ndjson documents: %w", kind, intel.ErrInvalid)
}

// admit compares digests, which takes as long whatever they share.
func (s *source) admit(r *http.Request) error {
	token, err := s.secret()
	if err != nil {
		return err
	}
	scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	want, got := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(strings.TrimSpace(given)))
	if subtle.ConstantTimeCompare(want[:], got[:]) != 1 || !strings.EqualFold(scheme, "Bearer") {
		return collect.ErrStranger
	}
	return nil
}

// lines are the lines of a body, as documents to be hunted.
func (s *source) lines(body []byte) (out []intel.Document) {
	sum := sha256.Sum256(body)
	for n := 0; len(body) > 0; n++ {
		end := len(body)
		if end > piece {
			if i := bytes.LastIndexByte(body[:piece], '\n'); i >= 0 {
				end = i + 1
			}
		}
		out = append(out, intel.Document{ID: intel.NewDocumentID(s.env.ID, hex.EncodeToString(sum[:]), fmt.Sprint(n)), Source: s.env.ID, Genre: intel.Log,
			Channel: "push", Text: string(body[:end])})
		body = body[end:]
	}
	return out
}

// name is what a body is called that is read as a file.
const name = "body"

// read reads documents from a body.
func (s *source) read(ctx context.Context, body []byte, reject func(item string, reason error)) (docs []intel.Document, err error) {
	env := s.env
	env.Files, env.Reject = collect.Memory(name, body), reject
	of, err := s.documents.Open(env, collect.Strict([]byte(`{"path":"`+name+`"}`)))
	if err != nil {
		return nil, err
	}
	err = of.Collect(ctx, "", func(doc intel.Document, _ intel.Cursor) error {
		if len(docs) == mostDocuments {
			return fmt.Errorf("%w: more than %d documents; send them in parts", collect.ErrTooLarge, mostDocuments)
		}
		docs = append(docs, doc)
		return nil
	})
	return docs, err
}
