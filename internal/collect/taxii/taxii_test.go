package taxii

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

func TestContract(t *testing.T) { collecttest.Run(t, Connector, "testdata/*.txtar") }

// opened is a source of a server on this machine.
func opened(t *testing.T, settings map[string]any) collect.Source {
	t.Helper()
	text, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	env := collect.Env{ID: "taxii", Fetch: &fetch.Client{HTTP: &http.Client{Timeout: 20 * time.Second}}, Now: time.Now, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		Reject: func(item string, reason error) { t.Logf("rejected %s: %v", item, reason) }, Reveal: func(s collect.Secret) (string, error) { return strings.TrimPrefix(string(s), "env:"), nil }}
	src, err := Connector.Open(env, collect.Strict(text))
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// collected is what a source yields from a cursor on, and where that ends.
func collected(t *testing.T, src collect.Source, from intel.Cursor) (docs []intel.Document, next intel.Cursor, err error) {
	t.Helper()
	next = from
	err = src.Collect(t.Context(), from, func(d intel.Document, c intel.Cursor) error {
		docs, next = append(docs, d), c
		return nil
	})
	return docs, next, err
}

const collectionID = "91a7b528-80eb-42ed-a74d-c6fbd5a26116"

// TestARealServerIsReadWholeAndThenWhatIsNew reads medallion, which OASIS wrote.
func TestARealServerIsReadWholeAndThenWhatIsNew(t *testing.T) {
	address := medallion(t, 25)
	src := opened(t, map[string]any{"url": address + "/taxii2/", "username": "ann", "password": "env:hunter2", "limit": 10})
	docs, at, err := collected(t, src, "")
	if err != nil {
		t.Fatal(err)
	}
	claims := map[string]bool{}
	for _, d := range docs {
		for _, c := range d.Claims {
			claims[c.Subject.String()+" "+string(c.Relation)+" "+c.Object.String()] = true
		}
		if !d.Assumed || d.Author != "Example Labs" {
			t.Errorf("document %+v", d)
		}
	}
	for i := range 25 {
		if want := fmt.Sprintf("ipv4:192.0.2.%d indicates actor:cold-lynx", i); !claims[want] {
			t.Errorf("not said: %s", want)
		}
	}
	if more, _, err := collected(t, src, at); err != nil || len(more) != 0 {
		t.Errorf("again: %d documents, err %v", len(more), err)
	}
	post(t, address, indicator(200), relationship(200))
	later, next, err := collected(t, src, at)
	if err != nil || len(later) != 1 || later[0].Assumed || len(later[0].Claims) != 1 || later[0].Claims[0].Object.String() != "actor:cold-lynx" || later[0].Author != "Example Labs" || next == at {
		t.Errorf("what is new: %+v, err %v", later, err)
	}
	wrong := opened(t, map[string]any{"url": address + "/taxii2/", "username": "ann", "password": "env:other"})
	if _, _, err := collected(t, wrong, ""); !collect.IsPermanent(err) || strings.Contains(err.Error(), "other") {
		t.Errorf("a wrong password: %v", err)
	}
}

func id(kind string, n int) string { return fmt.Sprintf("%s--00000000-0000-4000-8000-%012d", kind, n) }

func indicator(n int) map[string]any {
	return map[string]any{"type": "indicator", "spec_version": "2.1", "id": id("indicator", n), "created": "2026-01-02T03:04:05.000Z", "modified": "2026-01-02T03:04:05.000Z",
		"name": fmt.Sprint("Server ", n), "pattern": fmt.Sprintf("[ipv4-addr:value = '192.0.2.%d']", n), "pattern_type": "stix", "valid_from": "2026-01-02T03:04:05Z", "created_by_ref": id("identity", 1)}
}

func relationship(n int) map[string]any {
	return map[string]any{"type": "relationship", "spec_version": "2.1", "id": id("relationship", n), "created": "2026-01-02T03:04:06.000Z", "modified": "2026-01-02T03:04:06.000Z",
		"relationship_type": "indicates", "source_ref": id("indicator", n), "target_ref": id("intrusion-set", 1)}
}

// medallion starts the server with so many indicators of one actor.
func medallion(t *testing.T, indicators int) string {
	t.Helper()
	bin, err := exec.LookPath("medallion")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("medallion is absent; pip install medallion==3.0.0")
		}
		t.Skip("medallion is absent (pip install medallion==3.0.0)")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	address := fmt.Sprintf("http://127.0.0.1:%d", port)
	dir := t.TempDir()
	config := filepath.Join(dir, "config.json")
	write(t, filepath.Join(dir, "data.json"), data(address, indicators))
	write(t, config, map[string]any{"backend": map[string]any{"module_class": "MemoryBackend", "filename": filepath.Join(dir, "data.json"), "module": "medallion.backends.memory_backend"},
		"users": map[string]string{"ann": "hunter2"}, "taxii": map[string]any{"max_page_size": 10}})
	ctx, stop := context.WithTimeout(context.Background(), 2*time.Minute)
	cmd := exec.CommandContext(ctx, bin, "--host", "127.0.0.1", "--port", fmt.Sprint(port), config)
	cmd.WaitDelay = time.Second
	out, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := make(chan struct{})
	go func() {
		defer close(said)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			t.Log(lines.Text())
		}
	}()
	t.Cleanup(func() { stop(); <-said; _ = cmd.Wait() })
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if conn, err := net.Dial("tcp", strings.TrimPrefix(address, "http://")); err == nil {
			conn.Close()
			return address
		}
		if time.Now().After(deadline) {
			t.Fatal("medallion does not answer")
		}
	}
}

func write(t *testing.T, path string, v any) {
	t.Helper()
	text, err := json.Marshal(v)
	if err == nil {
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// data is what medallion serves.
func data(address string, indicators int) map[string]any {
	objects := []map[string]any{
		{"type": "intrusion-set", "spec_version": "2.1", "id": id("intrusion-set", 1), "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z", "name": "Cold Lynx", "description": "A group.", "created_by_ref": id("identity", 1)},
		{"type": "identity", "spec_version": "2.1", "id": id("identity", 1), "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z", "name": "Example Labs", "identity_class": "organization"},
	}
	for i := range indicators {
		objects = append(objects, relationship(i), indicator(i))
	}
	var manifest []map[string]any
	for i, o := range objects {
		manifest = append(manifest, map[string]any{"id": o["id"], "date_added": fmt.Sprintf("2026-01-03T00:00:%02d.%03dZ", i/10, i), "version": o["modified"], "media_type": "application/stix+json;version=2.1"})
	}
	return map[string]any{
		"/discovery": map[string]any{"title": "Example", "description": "x", "contact": "x", "default": address + "/api1/", "api_roots": []string{address + "/api1/"}},
		"api1": map[string]any{
			"information": map[string]any{"title": "One", "description": "x", "versions": []string{"application/taxii+json;version=2.1"}, "max_content_length": 9765625},
			"status":      []any{},
			"collections": []any{map[string]any{"id": collectionID, "title": "High Value", "description": "x", "can_read": true, "can_write": true, "media_types": []string{"application/stix+json;version=2.1"}, "objects": objects, "manifest": manifest}},
		},
	}
}

// post adds objects to what medallion serves, as their maker does.
func post(t *testing.T, address string, objects ...map[string]any) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"objects": objects})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPost, address+"/api1/collections/"+collectionID+"/objects/", strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("ann", "hunter2")
	req.Header.Set("Accept", media)
	req.Header.Set("Content-Type", media)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		t.Fatalf("posted: %s", resp.Status)
	}
}

// faked is a server that answers what objects are asked for.
func faked(t *testing.T, objects http.HandlerFunc) map[string]any {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api1/{$}", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, `{"title":"One","versions":[%q]}`, media) })
	mux.HandleFunc("GET /api1/collections/{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"collections":[{"id":"c","title":"c","can_read":true}]}`)
	})
	mux.HandleFunc("GET /api1/collections/c/objects/", objects)
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return map[string]any{"url": srv.URL + "/api1/"}
}

func TestAPageThatTheServerForgotIsAskedForByWhenItsObjectsCame(t *testing.T) {
	asked := 0
	src := opened(t, faked(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		switch {
		case r.URL.Query().Get("next") != "":
			w.WriteHeader(http.StatusBadRequest)
		case asked == 1:
			w.Header().Set(added, "2026-01-03T00:00:00.000Z")
			fmt.Fprintf(w, `{"more":true,"next":"x","objects":[{"type":"malware","id":%q,"name":"A","description":"a","created":"2026-01-01T00:00:00Z"}]}`, id("malware", 1))
		default:
			w.Header().Set(added, "2026-01-04T00:00:00.000Z")
			fmt.Fprintf(w, `{"objects":[{"type":"malware","id":%q,"name":"A","description":"a","created":"2026-01-01T00:00:00Z"},{"type":"malware","id":%q,"name":"B","description":"b","created":"2026-01-01T00:00:00Z"}]}`, id("malware", 1), id("malware", 2))
		}
	}))
	docs, _, err := collected(t, src, "")
	if err != nil || len(docs) != 2 {
		t.Errorf("%d documents, err %v", len(docs), err)
	}
}

func TestWhoIsAskedToWaitIsToldSo(t *testing.T) {
	src := opened(t, faked(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	_, _, err := collected(t, src, "")
	if s := (*fetch.StatusError)(nil); !errors.As(err, &s) || s.RetryAfter != 7*time.Second || collect.IsPermanent(err) {
		t.Errorf("err %v", err)
	}
}

func TestAnAnswerThatIsTooLargeOrTooDeepIsRefused(t *testing.T) {
	for body, want := range map[string]error{`{"objects":[{"x":"` + strings.Repeat("a", fetch.MaxBody) + `"}]}`: fetch.ErrTooLarge, `{"objects":[` + strings.Repeat("[", 100) + `]}`: collect.ErrTooDeep} {
		src := opened(t, faked(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }))
		if _, _, err := collected(t, src, ""); !errors.Is(err, want) {
			t.Errorf("err %.200v, want %v", err, want)
		}
	}
}

func FuzzEnvelope(f *testing.F) {
	f.Add([]byte(`{"more":true,"next":"a","objects":[{"type":"indicator"}]}`))
	f.Add([]byte(`{"api_roots":["/a"]}`))
	f.Fuzz(func(_ *testing.T, body []byte) {
		_, _ = parse[envelope](body)
		_, _ = parse[collections](body)
		_, _ = parse[server](body)
		_, _ = newProgress(intel.Cursor(body))
	})
}
