package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/collect/collecttest"
)

// serving runs serve until the function that it returns is called, and says where its pages are.
func serving(t *testing.T, db, sources string, actors ...string) (address string, stop func()) {
	t.Helper()
	var out bytes.Buffer
	a := newApp(&cli{DB: db, Quiet: true, SourcesFile: sources}, nil, &out, &out)
	for _, name := range actors {
		knowActor(t, a, name)
	}
	addr := "127.0.0.1:" + strconv.Itoa(collecttest.FreePort(t))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- (&serveCmd{Addr: addr}).Run(ctx, a) }()
	stop = func() {
		cancel()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("serve: %v\n%s", err, out.String())
		}
		a.close()
	}
	return "http://" + addr, stop
}

// shows reports whether a page shows something.
func shows(t testing.TB, address, what string) bool {
	t.Helper()
	resp, err := http.Get(address)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return err == nil && bytes.Contains(body, []byte(what))
}

// ircSource is a file of sources with one, of a server at a port.
func ircSource(t *testing.T, port int, authority collecttest.Authority) string {
	t.Helper()
	return file(t, "sources.toml", fmt.Appendf(nil, `[example-irc]
connector = "irc"
server = "127.0.0.1"
port = %[1]d
network = "example"
nick = "reader"
channels = ["#malware"]
reliability = "B"
allow = ["127.0.0.0/8"]
ports = [%[1]d]
ca = '%[2]s'
`, port, authority.CA))
}

func TestAMessageOnIRCIsARowOfAProfileWhileServeRunsAlsoAfterItsServerWasGone(t *testing.T) {
	authority, port := collecttest.NewAuthority(t), collecttest.FreePort(t)
	irc := collecttest.NgIRCd(t, authority, port, "")
	kelp := irc.Talk(t, "kelp", []string{"#malware"})
	db, sources := newStore(t), ircSource(t, port, authority)
	address, stop := serving(t, db, sources, "Cold Lynx")
	defer stop()
	kelp.Hear(":reader!")
	kelp.Say("PRIVMSG #malware :Cold Lynx uses 45.134.21.8 as its command and control server.")
	until(t, 90*time.Second, func() bool { return shows(t, address+"/actor/cold-lynx", "45.134.21.8") })
	if h := healthOf(t, "--sources-file", sources, "--db", db)["example-irc"]; h.State != "ok" {
		t.Errorf("while it is read: %+v", h)
	}
	irc.Kill()
	until(t, 60*time.Second, func() bool { return healthOf(t, "--sources-file", sources, "--db", db)["example-irc"].LastError != "" })
	irc = collecttest.NgIRCd(t, authority, port, "")
	kelp = irc.Talk(t, "kelp", []string{"#malware"})
	if !strings.Contains(kelp.Hear("JOIN"), ":reader!") {
		t.Error("somebody else came")
	}
	kelp.Say("PRIVMSG #malware :Cold Lynx uses 45.134.21.9 as well as its command and control server.")
	until(t, 90*time.Second, func() bool { return shows(t, address+"/actor/cold-lynx", "45.134.21.9") })
}

func TestAVisitOfASourceWithoutEndEnds(t *testing.T) {
	authority, port := collecttest.NewAuthority(t), collecttest.FreePort(t)
	irc := collecttest.NgIRCd(t, authority, port, "")
	kelp := irc.Talk(t, "kelp", []string{"#malware"})
	kelp.Say("TOPIC #malware :Cold Lynx uses 45.134.21.8")
	kelp.Sync()
	db, sources := newStore(t), ircSource(t, port, authority)
	printed(t, exitDone, "--sources-file", sources, "--db", db, "sources", "run", "--for", "2s")
	if h := healthOf(t, "--sources-file", sources, "--db", db)["example-irc"]; h.State != "ok" || h.LastError != "" {
		t.Errorf("after it was read for two seconds: %+v", h)
	}
	if out := printed(t, exitDone, "--sources-file", sources, "--json", "sources", "try", "example-irc", "--for", "2s"); strings.Count(out, "\n") != 1 {
		t.Errorf("tried: %s", out)
	}
}

func TestAMessageOnMatrixIsARowOfAProfileWhileServeRuns(t *testing.T) {
	h := collecttest.Dendrite(t, t.TempDir(), collecttest.FreePort(t))
	kelp, token := h.Account(t, "kelp"), h.Account(t, "reader")
	room := h.Room(t, kelp, "malware")
	h.Ask(t, token, "POST", "/join/"+url.PathEscape(room), map[string]any{})
	t.Setenv("PORTENT_TEST_TOKEN", token)
	db, sources := newStore(t), file(t, "sources.toml", fmt.Appendf(nil, `[example-rooms]
connector = "matrixchat"
server = "%s"
token = "env:PORTENT_TEST_TOKEN"
rooms = ["#malware:localhost"]
reliability = "B"
allow = ["127.0.0.0/8"]
ports = [%d]
`, h.URL, h.Port))
	address, stop := serving(t, db, sources, "Cold Lynx")
	defer stop()
	h.Send(t, kelp, room, "m.room.message", "1", map[string]any{"msgtype": "m.text", "body": "Cold Lynx uses 45.134.21.8 as its command and control server."})
	until(t, 90*time.Second, func() bool { return shows(t, address+"/actor/cold-lynx", "45.134.21.8") })
	if h := healthOf(t, "--sources-file", sources, "--db", db)["example-rooms"]; h.State != "ok" || strings.Contains(printed(t, exitDone, "--sources-file", sources, "--db", db, "--json", "sources", "list"), token) {
		t.Errorf("while it is read: %+v", h)
	}
}

func TestAMessageOnXMPPIsARowOfAProfileWhileServeRunsAlsoAfterItsServerWasGone(t *testing.T) {
	authority, dir, port := collecttest.NewAuthority(t), collecttest.PublicDir(t), collecttest.FreePort(t)
	accounts := map[string]string{"kelp": "pw", "reader": "correct-horse"}
	xmpp := collecttest.Prosody(t, authority, dir, port, accounts)
	const room = "malware@rooms.localhost"
	kelp := xmpp.Chat(t, "kelp", "pw")
	kelp.Join(room, "kelp")
	t.Setenv("PORTENT_TEST_XMPP", "correct-horse")
	db, sources := newStore(t), file(t, "sources.toml", fmt.Appendf(nil, `[example-xmpp]
connector = "xmpp"
user = "reader@localhost"
password = "env:PORTENT_TEST_XMPP"
server = "127.0.0.1"
port = %[1]d
security = "tls"
rooms = ["%[2]s"]
reliability = "B"
allow = ["127.0.0.0/8"]
ports = [%[1]d]
ca = '%[3]s'
`, port, room, authority.CA))
	address, stop := serving(t, db, sources, "Cold Lynx")
	defer stop()
	kelp.Hear("/reader'")
	kelp.Post(room, "1", "Cold Lynx uses 45.134.21.8 as its command and control server.")
	until(t, 90*time.Second, func() bool { return shows(t, address+"/actor/cold-lynx", "45.134.21.8") })
	if h := healthOf(t, "--sources-file", sources, "--db", db)["example-xmpp"]; h.State != "ok" {
		t.Errorf("while it is read: %+v", h)
	}
	xmpp.Kill()
	until(t, 60*time.Second, func() bool { return healthOf(t, "--sources-file", sources, "--db", db)["example-xmpp"].LastError != "" })
	xmpp = collecttest.Prosody(t, authority, dir, port, accounts)
	kelp = xmpp.Chat(t, "kelp", "pw")
	kelp.Join(room, "kelp")
	kelp.Post(room, "2", "Cold Lynx uses 45.134.21.9 as well as its command and control server.")
	until(t, 90*time.Second, func() bool { return shows(t, address+"/actor/cold-lynx", "45.134.21.9") })
	if out := printed(t, exitDone, "--sources-file", sources, "--db", db, "--json", "sources", "list"); strings.Contains(out, "correct-horse") {
		t.Error("the password is told")
	}
}

func TestPostsOnTelegramAreRowsOfAProfileWhileServeRuns(t *testing.T) {
	telegram := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/s/example_channel":
			io.WriteString(w, `<html><body><section class="tgme_channel_history"><div class="tgme_widget_message" data-post="example_channel/7"><div class="tgme_widget_message_text js-message_text">`+
				`Cold Lynx uses 45.134.21.8 as its command and control server.</div></div></section></body></html>`)
		case r.URL.Path == "/bot123:hunter2/getUpdates" && r.FormValue("offset") == "":
			io.WriteString(w, `{"ok":true,"result":[{"update_id":7,"message":{"message_id":1,"date":1775037600,"chat":{"id":-1,"type":"group"},"from":{"id":5,"username":"kelp"},`+
				`"text":"Cold Lynx uses 45.134.21.9 as its command and control server."}}]}`)
		case r.URL.Path == "/bot123:hunter2/getUpdates":
			io.WriteString(w, `{"ok":true,"result":[]}`)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer telegram.Close()
	u, err := url.Parse(telegram.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PORTENT_TEST_BOT", "123:hunter2")
	db, sources := newStore(t), file(t, "sources.toml", fmt.Appendf(nil, `[example-channels]
connector = "telegram"
channels = ["example_channel"]
server = "%[1]s"
reliability = "B"
allow = ["127.0.0.0/8"]
ports = [%[2]s]
[example-bot]
connector = "telegrambot"
token = "env:PORTENT_TEST_BOT"
server = "%[1]s"
every = "10s"
reliability = "B"
allow = ["127.0.0.0/8"]
ports = [%[2]s]
`, telegram.URL, u.Port()))
	address, stop := serving(t, db, sources, "Cold Lynx")
	defer stop()
	until(t, 90*time.Second, func() bool {
		return shows(t, address+"/actor/cold-lynx", "45.134.21.8") && shows(t, address+"/actor/cold-lynx", "45.134.21.9")
	})
	if out := printed(t, exitDone, "--sources-file", sources, "--db", db, "--json", "sources", "list"); strings.Contains(out, "hunter2") || strings.Count(out, `"state":"ok"`) != 2 {
		t.Errorf("sources: %s", out)
	}
}
