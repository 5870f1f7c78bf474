// Package collecttest checks that a connector keeps the contract of
// collect.Source, against recorded files and responses and without a network.
package collecttest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

var update = flag.Bool("update", false, "rewrite want.json and want.rejects in the archives")

// Now is the only time a connector under test can see.
var Now = time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)

// Run plays every archive that matches pattern to the connector. An archive
// holds
//
//   - settings.json, the settings of the connector;
//   - "FILE name", a file the connector finds at name in Env.Files;
//   - "GET https://…", the response to that request (or POST, whatever it says): its
//     body, or all of it from "HTTP/1.1 …" on;
//   - "SECRET env:NAME", what is secret there;
//   - want.json, the documents expected, one a line;
//   - want.rejects, the items rejected, one a line as "item: reason"; it may
//     be absent where none is expected;
//   - want.error, a part of the error that Collect returns; absent for none.
//
// With -update the wants are rewritten instead of compared.
func Run(t *testing.T, c collect.Connector, pattern string) {
	t.Helper()
	if _, err := intel.ParseReliability(string(rune(c.Reliability))); err != nil {
		t.Errorf("how reliable is a source of this type? %v", err)
	}
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no archives match %s", pattern)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			p := play{c, name, ar}
			before := runtime.NumGoroutine()
			p.run(t)
			checkGoroutines(t, before)
		})
	}
}

// A play is one archive played to one connector.
type play struct {
	connector collect.Connector
	name      string
	ar        *txtar.Archive
}

func (p play) run(t *testing.T) {
	docs, cursors, rejects := p.all(t, "")
	if *update {
		p.rewrite(t, docs, rejects)
	}
	if diff := cmp.Diff(lines(p.file("want.json")), lines(encode(t, docs))); diff != "" {
		t.Errorf("documents differ; run with -update if the change is meant (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(lines(p.file("want.rejects")), rejects); diff != "" && (p.file("want.rejects") != nil || len(rejects) > 0) {
		t.Errorf("rejected items differ (-want +got):\n%s", diff)
	}
	t.Run("unknown settings are refused", p.checkSettings)
	t.Run("documents are complete", func(t *testing.T) { checkDocuments(t, docs) })
	t.Run("any cursor resumes without loss", func(t *testing.T) {
		for i, c := range cursors {
			rest, _, _ := p.all(t, c)
			if diff := cmp.Diff(lines(encode(t, docs[i+1:])), lines(encode(t, rest))); diff != "" {
				t.Errorf("from cursor %q, after document %d (-want +got):\n%s", c, i+1, diff)
			}
		}
	})
	if len(docs) > 0 {
		t.Run("stops at emit's error", p.checkStops)
	}
	t.Run("stops when cancelled", p.checkCancel)
	if p.file("want.error") == nil {
		t.Run("a cut file is completed by the whole", func(t *testing.T) { p.checkCuts(t, docs) })
	}
}

func (p play) open(t *testing.T, settings []byte, rejects *[]string) (collect.Source, error) {
	t.Helper()
	files := fstest.MapFS{}
	for _, f := range p.ar.Files {
		if name, ok := strings.CutPrefix(f.Name, "FILE "); ok {
			files[name] = &fstest.MapFile{Data: f.Data, Mode: 0o644}
		}
	}
	env := collect.Env{
		ID:     "test",
		Fetch:  &fetch.Client{HTTP: &http.Client{Transport: replay{p}}},
		Files:  files,
		Reject: func(item string, reason error) { *rejects = append(*rejects, item+": "+reason.Error()) },
		Log:    slog.New(slog.NewTextHandler(t.Output(), nil)),
		Now:    func() time.Time { return Now },
		Reveal: p.reveal,
	}
	return p.connector.Open(env, collect.Strict(settings))
}

func (p play) reveal(s collect.Secret) (string, error) {
	if text := p.file("SECRET " + string(s)); text != nil {
		return strings.TrimSpace(string(text)), nil
	}
	return "", collect.Permanent(fmt.Errorf("secret %s is not set", s))
}

func (p play) mustOpen(t *testing.T, rejects *[]string) collect.Source {
	t.Helper()
	src, err := p.open(t, p.file("settings.json"), rejects)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return src
}

// all collects everything after from and checks the error it ends with.
func (p play) all(t *testing.T, from intel.Cursor) (docs []intel.Document, cursors []intel.Cursor, rejects []string) {
	t.Helper()
	err := p.mustOpen(t, &rejects).Collect(t.Context(), from, func(d intel.Document, c intel.Cursor) error {
		docs, cursors = append(docs, d), append(cursors, c)
		return nil
	})
	want := strings.TrimSpace(string(p.file("want.error")))
	switch {
	case err == nil && want != "":
		t.Fatalf("collect from %q ended well, want an error with %q", from, want)
	case err != nil && (want == "" || !strings.Contains(err.Error(), want)):
		t.Fatalf("collect from %q: %v, want an error with %q", from, err, want)
	}
	return docs, cursors, rejects
}

func (p play) file(name string) []byte {
	for _, f := range p.ar.Files {
		if f.Name == name {
			return f.Data
		}
	}
	return nil
}

func (p play) set(name string, data []byte) {
	for i := range p.ar.Files {
		if p.ar.Files[i].Name == name {
			p.ar.Files[i].Data = data
			return
		}
	}
	if len(data) > 0 || name == "want.json" {
		p.ar.Files = append(p.ar.Files, txtar.File{Name: name, Data: data})
	}
}

func (p play) rewrite(t *testing.T, docs []intel.Document, rejects []string) {
	t.Helper()
	p.set("want.json", encode(t, docs))
	var list string
	if len(rejects) > 0 {
		list = strings.Join(rejects, "\n") + "\n"
	}
	p.set("want.rejects", []byte(list))
	if err := os.WriteFile(p.name, txtar.Format(p.ar), 0o600); err != nil {
		t.Fatal(err)
	}
}

// replay answers requests from an archive and refuses all others.
type replay struct{ play }

// RoundTrip implements http.RoundTripper.
func (r replay) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	body := r.file(req.Method + " " + req.URL.String())
	if body == nil {
		return nil, fmt.Errorf("no recorded response to %s %s", req.Method, req.URL)
	}
	if bytes.HasPrefix(body, []byte("HTTP/1.1 ")) {
		return http.ReadResponse(bufio.NewReader(bytes.NewReader(body)), req)
	}
	return &http.Response{StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body)), Request: req}, nil
}

func encode(t *testing.T, docs []intel.Document) []byte {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	for _, d := range docs {
		if err := enc.Encode(d); err != nil {
			t.Fatalf("document %s: %v", d.ID, err)
		}
	}
	return b.Bytes()
}

func lines(text []byte) []string {
	if len(text) == 0 {
		return nil
	}
	return strings.Split(strings.TrimRight(string(text), "\n"), "\n")
}

func (p play) checkSettings(t *testing.T) {
	var rejects []string
	for _, settings := range []string{`{"no such key": 1}`, `[]`, `{"path": 7}`} {
		if _, err := p.open(t, []byte(settings), &rejects); err == nil {
			t.Errorf("open accepts the settings %s", settings)
		}
	}
}

func checkDocuments(t *testing.T, docs []intel.Document) {
	seen := map[intel.DocumentID]bool{}
	for _, d := range docs {
		switch {
		case d.ID == "" || d.Source != "test" || d.Genre == "":
			t.Errorf("document %+v lacks an ID, its source or a genre", d)
		case d.Text == "" && len(d.Claims) == 0:
			t.Errorf("document %s has neither text nor claims", d.ID)
		case seen[d.ID]:
			t.Errorf("document %s was emitted twice", d.ID)
		case d.Published.Location() != time.UTC || d.Learned.Location() != time.UTC:
			t.Errorf("document %s: a time is not in UTC", d.ID)
		}
		seen[d.ID] = true
		for _, c := range d.Claims {
			checkClaim(t, d.ID, c)
		}
	}
}

func checkClaim(t *testing.T, id intel.DocumentID, c intel.Claim) {
	t.Helper()
	for _, e := range []intel.Entity{c.Subject, c.Object} {
		if e.Name == "" || !e.Kind.Known() || e != intel.NewEntity(e.Kind, e.Name) {
			t.Errorf("document %s: entity %q is not canonical", id, e)
		}
	}
	if c.At.Location() != time.UTC {
		t.Errorf("document %s: a claim's time is not in UTC", id)
	}
}

func (p play) checkStops(t *testing.T) {
	var rejects []string
	full, calls := errors.New("disk full"), 0
	err := p.mustOpen(t, &rejects).Collect(t.Context(), "", func(intel.Document, intel.Cursor) error {
		calls++
		return full
	})
	if !errors.Is(err, full) || calls != 1 {
		t.Errorf("got error %v after %d calls of emit, want emit's error after one", err, calls)
	}
}

func (p play) checkCancel(t *testing.T) {
	var rejects []string
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := p.mustOpen(t, &rejects).Collect(ctx, "", func(intel.Document, intel.Cursor) error { return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want context.Canceled", err)
	}
}

// checkGoroutines waits a moment for goroutines to end.
func checkGoroutines(t *testing.T, before int) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Second); runtime.NumGoroutine() > before; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Errorf("%d goroutines are left running", runtime.NumGoroutine()-before)
			return
		}
	}
}
