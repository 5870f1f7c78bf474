package telegrambot

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

func TestContract(t *testing.T) { collecttest.Run(t, Connector, "testdata/*.txtar") }

func TestSettingsAreChecked(t *testing.T) {
	for settings, want := range map[string]string{
		`{}`:                  "token is missing",
		`{"token":"123:abc"}`: "secret does not stand here",
		`{"token":"env:BOT","server":"api.telegram.org"}`: "server:",
		`{"token":"env:BOT"}`:                             "",
	} {
		_, err := Connector.Open(collect.Env{ID: "test"}, collect.Strict([]byte(settings)))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", settings, err, want)
		}
	}
	if err := (&bot{}).Collect(t.Context(), "x", nil); !collect.IsPermanent(err) {
		t.Errorf("cursor: %v", err)
	}
}

// A failing is a way to nowhere, whose errors name where it was to lead.
type failing struct{ status int }

// RoundTrip implements http.RoundTripper.
func (f failing) RoundTrip(req *http.Request) (*http.Response, error) {
	if f.status == 0 {
		return nil, errors.New("no route")
	}
	return &http.Response{StatusCode: f.status, Header: http.Header{"Retry-After": {"7"}}, Body: http.NoBody, Request: req}, nil
}

func TestNoErrorTellsTheToken(t *testing.T) {
	for _, status := range []int{0, 200, 401, 404, 409, 429, 500} {
		b := &bot{collect.Env{Fetch: &fetch.Client{HTTP: &http.Client{Transport: failing{status}}}, Now: time.Now,
			Reveal: func(collect.Secret) (string, error) { return "123:hunter2", nil }}, settings{Token: "env:BOT", Server: "https://api.telegram.org"}}
		err := b.Collect(t.Context(), "", func(intel.Document, intel.Cursor) error { return nil })
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("status %d: %v", status, err)
		}
		if s := (*fetch.StatusError)(nil); status == 429 && (!errors.As(err, &s) || s.RetryAfter != 7*time.Second) {
			t.Errorf("it is not told how long to wait: %v", err)
		}
	}
}

// A crowd says a hundred things at once whatever is asked, and counts how often that is.
type crowd struct{ asked *int }

// RoundTrip implements http.RoundTripper.
func (c crowd) RoundTrip(req *http.Request) (*http.Response, error) {
	*c.asked++
	var all []string
	for i := range most {
		n := *c.asked*most + i
		all = append(all, fmt.Sprintf(`{"update_id":%d,"message":{"message_id":%d,"date":1775037600,"chat":{"id":-1,"type":"group"},"text":"a"}}`, n, n))
	}
	body := `{"ok":true,"result":[` + strings.Join(all, ",") + `]}`
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: req}, nil
}

func TestNothingIsForgottenThatIsNotKept(t *testing.T) {
	asked, given := 0, 0
	b := &bot{collect.Env{ID: "test", Fetch: &fetch.Client{HTTP: &http.Client{Transport: crowd{&asked}}}, Now: time.Now,
		Reveal: func(collect.Secret) (string, error) { return "123:abc", nil }}, settings{Token: "env:BOT", Server: "https://api.telegram.org"}}
	err := b.Collect(t.Context(), "", func(intel.Document, intel.Cursor) error {
		if given++; asked > 1 {
			return errors.New("it was asked for more before this was kept")
		}
		return nil
	})
	if err != nil || given != most {
		t.Errorf("%d documents, asked %d times, err %v", given, asked, err)
	}
}

func FuzzUpdate(f *testing.F) {
	f.Add([]byte(`{"update_id":1,"message":{"message_id":1,"date":1775037600,"chat":{"id":-1,"type":"group"},"from":{"id":2,"username":"kelp"},"text":"a","entities":[{"type":"text_link","url":"https://a.example"}]}}`))
	f.Add([]byte(`{"update_id":1,"edited_channel_post":{"message_id":1,"edit_date":-1,"chat":{"id":-1,"type":"channel"},"caption":"a"}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var u update
		if len(raw) > 1<<16 || json.Unmarshal(raw, &u) != nil {
			return
		}
		b := &bot{Env: collect.Env{ID: "test", Now: time.Now}}
		if doc, ok := b.document(u); ok && (doc.Text == "" || doc.Author == network || doc.Published.Location() != time.UTC) {
			t.Errorf("%+v", doc)
		}
	})
}
