package push

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

const token = "0123456789abcdef"

// lined reads a document for each line, but for those that say "bad".
func lined() collect.Connector {
	return collect.Connector{Open: collect.Files(func(ctx context.Context, env collect.Env, path string, keep func(intel.Document) error) error {
		f, err := collect.OpenFile(ctx, env, path)
		if err != nil {
			return err
		}
		defer f.Close()
		lines := collect.NewLines(env, f)
		for lines.Next() {
			if lines.Text() == "bad" {
				lines.Reject(intel.ErrInvalid)
				continue
			}
			if err := keep(intel.Document{Source: env.ID, Text: lines.Text()}); err != nil {
				return err
			}
		}
		return lines.Err()
	})}
}

func opened(t testing.TB, secret string) collect.Receiver {
	t.Helper()
	env := collect.Env{ID: "test", Now: time.Now, Reveal: func(s collect.Secret) (string, error) {
		if secret == "" {
			return "", fmt.Errorf("secret %s is not set", s)
		}
		return secret, nil
	}}
	s, err := Of(lined()).Open(env, collect.Strict([]byte(`{"token":"env:TOKEN"}`)))
	if err != nil {
		t.Fatal(err)
	}
	return s.(collect.Receiver)
}

func received(t testing.TB, r collect.Receiver, authorization, kind, body string) (got collect.Received, rejects []string, err error) {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), "POST", "/api/push/test", strings.NewReader(body))
	req.Header.Set("Authorization", authorization)
	req.Header.Set("Content-Type", kind)
	got, err = r.Receive(req, func(item string, reason error) { rejects = append(rejects, item+": "+reason.Error()) })
	return got, rejects, err
}

func TestOnlyWhoBearsTheTokenIsHeard(t *testing.T) {
	r := opened(t, token)
	for _, authorization := range []string{"", "Bearer", "Bearer ", token, "Basic " + token, "Bearer " + token[1:], "Bearer " + token + "0", "Bearer " + strings.ToUpper(token)} {
		if got, _, err := received(t, r, authorization, "text/plain", "line"); !errors.Is(err, collect.ErrStranger) || len(got.Lines) > 0 {
			t.Errorf("%q: %v", authorization, err)
		}
	}
	if got, _, err := received(t, r, "bearer "+token, "text/plain", "line"); err != nil || len(got.Lines) != 1 {
		t.Errorf("%v, %v", got, err)
	}
	for _, secret := range []string{"", "short"} {
		r := opened(t, secret)
		if _, _, err := received(t, r, "Bearer "+secret, "text/plain", "line"); err == nil || errors.Is(err, collect.ErrStranger) {
			t.Errorf("without a token that is one: %v", err)
		}
		if err := r.Collect(t.Context(), "", nil); !collect.IsPermanent(err) || strings.Contains(err.Error(), "short") {
			t.Errorf("collect: %v", err)
		}
	}
}

func TestABodyIsDocumentsOrLinesAsItsTypeSays(t *testing.T) {
	r, bearer := opened(t, token), "Bearer "+token
	if got, rejects, err := received(t, r, bearer, "application/x-ndjson", "one\nbad\ntwo\n"); err != nil || len(got.Documents) != 2 || len(got.Lines) != 0 || len(rejects) != 1 || got.Documents[0].Source != "test" {
		t.Errorf("%+v, %v, %v", got, rejects, err)
	}
	if got, _, err := received(t, r, bearer, "text/plain; charset=utf-8", "one\ntwo\n"); err != nil || len(got.Documents) != 0 || len(got.Lines) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	for _, kind := range []string{"", "text/html", "application/octet-stream", ";"} {
		if _, _, err := received(t, r, bearer, kind, "one"); !errors.Is(err, intel.ErrInvalid) {
			t.Errorf("%q: %v", kind, err)
		}
	}
	if _, _, err := received(t, r, bearer, "text/plain", strings.Repeat("x", mostBody+1)); !errors.Is(err, collect.ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
	if _, _, err := received(t, r, bearer, "application/x-ndjson", strings.Repeat("x\n", mostDocuments+1)); !errors.Is(err, collect.ErrTooLarge) {
		t.Errorf("too many: %v", err)
	}
}

func TestABodyOfLinesIsCutBetweenThem(t *testing.T) {
	line := strings.Repeat("x", 999) + "\n"
	got, _, err := received(t, opened(t, token), "Bearer "+token, "text/plain", strings.Repeat(line, 3000))
	if err != nil {
		t.Fatal(err)
	}
	whole := ""
	for _, doc := range got.Lines {
		if !strings.HasSuffix(doc.Text, "\n") || len(doc.Text) > piece {
			t.Errorf("a piece of %d bytes", len(doc.Text))
		}
		whole += doc.Text
	}
	if len(got.Lines) < 3 || whole != strings.Repeat(line, 3000) {
		t.Errorf("%d pieces of %d bytes", len(got.Lines), len(whole))
	}
}

func TestItWaitsForNothingAndEndsWithItsContext(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := opened(t, token).Collect(ctx, "", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	for _, settings := range []string{`{}`, `{"token":"s3cr3t-in-the-open"}`, `{"token":"env:A","colour":1}`} {
		if _, err := Of(lined()).Open(collect.Env{}, collect.Strict([]byte(settings))); err == nil || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %v", settings, err)
		}
	}
}

func FuzzReceive(f *testing.F) {
	f.Add("Bearer "+token, "text/plain", "a\nb")
	f.Add("Bearer "+token, "application/json", "{}")
	r := opened(f, token)
	f.Fuzz(func(t *testing.T, authorization, kind, body string) {
		if len(body) > 1<<16 {
			return
		}
		got, _, err := received(t, r, authorization, kind, body)
		n := 0
		for _, doc := range got.Lines {
			n += len(doc.Text)
		}
		if n > len(body) || err != nil && n > 0 {
			t.Errorf("%d bytes of %d, err %v", n, len(body), err)
		}
	})
}
