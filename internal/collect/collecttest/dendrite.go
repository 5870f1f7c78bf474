package collecttest

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A Homeserver is one of Matrix that a test started.
type Homeserver struct {
	URL  string
	Port int
	Kill func()
}

// Dendrite starts the homeserver that PORTENT_TEST_DENDRITE names at a port, with what it
// keeps in a folder, which may be that of one before.
func Dendrite(t testing.TB, dir string, port int) Homeserver {
	t.Helper()
	program := os.Getenv("PORTENT_TEST_DENDRITE")
	if program == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("PORTENT_TEST_DENDRITE names no homeserver; .ci/run builds it")
		}
		t.Skip("PORTENT_TEST_DENDRITE names no homeserver")
	}
	key := filepath.Join(dir, "key.pem")
	if _, err := os.Stat(key); err != nil {
		seed := make([]byte, 32)
		if _, err := rand.Read(seed); err != nil {
			t.Fatal(err)
		}
		text := pem.EncodeToMemory(&pem.Block{Type: "MATRIX PRIVATE KEY", Headers: map[string]string{"Key-ID": "ed25519:test"}, Bytes: seed})
		if err := os.WriteFile(key, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var conf strings.Builder
	fmt.Fprintf(&conf, `version: 2
global:
  server_name: localhost
  private_key: %[1]s/key.pem
  disable_federation: true
  jetstream: {storage_path: %[1]s/jetstream, in_memory: false}
client_api:
  registration_disabled: false
  rate_limiting: {enabled: false}
logging: [{type: std, level: warn}]
`, dir)
	fmt.Fprintf(&conf, "media_api:\n  base_path: %[1]s/media\n  database: {connection_string: \"file:%[1]s/media.db\"}\n", dir)
	for _, part := range []string{"federation_api", "key_server", "mscs", "relay_api", "room_server", "sync_api"} {
		fmt.Fprintf(&conf, "%s:\n  database: {connection_string: \"file:%s/%s.db\"}\n", part, dir, part)
	}
	fmt.Fprintf(&conf, "user_api:\n  account_database: {connection_string: \"file:%s/account.db\"}\n", dir)
	path := filepath.Join(dir, "dendrite.yaml")
	if err := os.WriteFile(path, []byte(conf.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprint("127.0.0.1:", port)
	stop := Start(t, port, program, "--config", path, "--http-bind-address", address, "--really-enable-open-registration")
	return Homeserver{"http://" + address, port, stop}
}

// Ask makes a request of a homeserver as who has the token, and returns its answer.
func (h Homeserver) Ask(t testing.TB, token, method, path string, body any) (answer map[string]any) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, h.URL+"/_matrix/client/v3"+path, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err == nil {
		err = json.Unmarshal(got, &answer)
	}
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %d %s %v", method, path, resp.StatusCode, got, err)
	}
	return answer
}

// Account makes one and returns its access token.
func (h Homeserver) Account(t testing.TB, name string) (token string) {
	t.Helper()
	a := h.Ask(t, "", "POST", "/register", map[string]any{"username": name, "password": "correct-horse-of-" + name, "auth": map[string]string{"type": "m.login.dummy"}})
	return a["access_token"].(string)
}

// Room makes a room of that alias that anybody may join.
func (h Homeserver) Room(t testing.TB, token, alias string) (id string) {
	t.Helper()
	return h.Ask(t, token, "POST", "/createRoom", map[string]any{"preset": "public_chat", "room_alias_name": alias})["room_id"].(string)
}

// Send sends an event of that type to a room, which becomes known under a name.
func (h Homeserver) Send(t testing.TB, token, room, kind, name string, content map[string]any) (id string) {
	t.Helper()
	return h.Ask(t, token, "PUT", "/rooms/"+url.PathEscape(room)+"/send/"+kind+"/"+name, content)["event_id"].(string)
}
