package collecttest

import (
	"crypto/tls"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// An XMPPServer is one that a test started, of accounts @localhost.
type XMPPServer struct {
	Authority
	Port      int // with TLS at once
	ClearPort int // with STARTTLS
	Kill      func()
}

// Prosody starts Prosody at a port, with what it keeps in a folder, which may be that of one
// before. Rooms at rooms.localhost have an archive, those at plain.localhost have none; both
// show the last 20 messages to who comes.
func Prosody(t testing.TB, a Authority, dir string, port int, accounts map[string]string) XMPPServer {
	t.Helper()
	program := Program(t, "prosody")
	clear := FreePort(t)
	conf := fmt.Sprintf(`run_as_root = true
pidfile = "%[1]s/prosody.pid"
data_path = "%[1]s/data"
plugin_paths = {}
interfaces = { "127.0.0.1" }
c2s_ports = { %[2]d }
c2s_direct_tls_ports = { %[3]d }
s2s_ports = {}
http_ports = {}
https_ports = {}
modules_enabled = { "saslauth", "tls", "disco", "ping", "posix" }
modules_disabled = { "s2s", "offline" }
authentication = "internal_hashed"
storage = "internal"
c2s_require_encryption = true
ssl = { certificate = "%[4]s", key = "%[5]s" }
log = { { levels = { min = "info" }, to = "console" } }
muc_room_locking = false
max_history_messages = 20
VirtualHost "localhost"
Component "rooms.localhost" "muc"
	modules_enabled = { "muc_mam" }
	muc_log_by_default = true
	muc_room_default_persistent = true
Component "plain.localhost" "muc"
	muc_room_default_persistent = true
`, dir, clear, port, a.Cert, a.Key)
	path, users := filepath.Join(dir, "prosody.cfg.lua"), filepath.Join(dir, "data", "localhost", "accounts")
	if err := os.MkdirAll(users, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, password := range accounts {
		file := filepath.Join(users, name+".dat")
		if _, err := os.Stat(file); err == nil {
			continue // it has hashed it
		}
		if err := os.WriteFile(file, fmt.Appendf(nil, "return { [\"password\"] = %q };\n", password), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(path, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	return XMPPServer{a, port, clear, Start(t, port, program, "--config", path, "-F")}
}

// A Chatter is somebody who is on XMPP.
type Chatter struct {
	t    testing.TB
	conn net.Conn
	got  string
}

// Chat logs in as somebody.
func (s XMPPServer) Chat(t testing.TB, name, password string) *Chatter {
	t.Helper()
	dialer := tls.Dialer{Config: &tls.Config{RootCAs: s.Roots, MinVersion: tls.VersionTLS12, ServerName: "localhost"}}
	conn, err := dialer.DialContext(t.Context(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port)))
	if err != nil {
		t.Fatal(err)
	}
	c := &Chatter{t: t, conn: conn}
	t.Cleanup(func() { _ = conn.Close() })
	const stream = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0' to='localhost'>"
	c.Say(stream)
	c.Hear("</stream:features>")
	c.Say("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>%s</auth>", base64.StdEncoding.EncodeToString([]byte("\x00"+name+"\x00"+password)))
	c.Hear("<success")
	c.Say(stream)
	c.Hear("</stream:features>")
	c.Say("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>chat</resource></bind></iq>")
	c.Hear("</bind>")
	return c
}

// Say sends something.
func (c *Chatter) Say(format string, args ...any) {
	c.t.Helper()
	if _, err := fmt.Fprintf(c.conn, format, args...); err != nil {
		c.t.Fatal(err)
	}
}

// Join comes into a room.
func (c *Chatter) Join(room, nick string) {
	c.t.Helper()
	c.Say("<presence to='%s/%s'><x xmlns='http://jabber.org/protocol/muc'/></presence>", room, nick)
	c.Hear("<subject")
}

// Post says something in a room, known to others by an ID, and waits until it is said.
func (c *Chatter) Post(room, id, text string) {
	c.t.Helper()
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(text)); err != nil {
		c.t.Fatal(err)
	}
	c.Say("<message type='groupchat' to='%s' id='%s'><body>%s</body></message>", room, id, b.String())
	c.Hear("id='" + id + "'")
}

// Hear waits for something to be said and returns what was, up to there.
func (c *Chatter) Hear(what string) string {
	c.t.Helper()
	c.conn.SetReadDeadline(time.Now().Add(20 * time.Second)) //nolint:errcheck // reading tells
	for b := make([]byte, 4096); ; {
		if at := strings.Index(c.got, what); at >= 0 {
			said := c.got[:at+len(what)]
			c.got = c.got[at+len(what):]
			return said
		}
		n, err := c.conn.Read(b)
		if err != nil {
			c.t.Fatalf("waiting for %q: %v after %q", what, err, c.got)
		}
		c.got += string(b[:n])
	}
}
