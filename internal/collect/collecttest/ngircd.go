package collecttest

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// An IRCServer is one that a test started.
type IRCServer struct {
	Authority
	Port int // with TLS
	Kill func()
}

// NgIRCd starts ngIRCd with TLS at a port, which clients give a password if there is one.
func NgIRCd(t testing.TB, a Authority, port int, password string) IRCServer {
	t.Helper()
	program := Program(t, "ngircd")
	dir := PublicDir(t)
	conf := fmt.Sprintf(`[Global]
Name = irc.example.net
Info = of a test
Network = Example
Listen = 127.0.0.1
Ports = %d
MotdPhrase = "Be kind."
Password = %s
[Limits]
MaxConnectionsIP = 0
[Options]
DNS = no
Ident = no
PAM = no
[SSL]
CertFile = %s
KeyFile = %s
Ports = %d
`, FreePort(t), password, a.Cert, a.Key, port)
	path := filepath.Join(dir, "ngircd.conf")
	if err := os.WriteFile(path, []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
	return IRCServer{a, port, Start(t, port, program, "-n", "-f", path)}
}

// A Talker is somebody who is on IRC.
type Talker struct {
	t    testing.TB
	conn net.Conn
	in   *bufio.Reader
}

// Talk connects as somebody and joins channels. What stands before is said first.
func (s IRCServer) Talk(t testing.TB, nick string, channels []string, before ...string) *Talker {
	t.Helper()
	dialer := tls.Dialer{Config: &tls.Config{RootCAs: s.Roots, MinVersion: tls.VersionTLS12}}
	conn, err := dialer.DialContext(t.Context(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port)))
	if err != nil {
		t.Fatal(err)
	}
	w := &Talker{t, conn, bufio.NewReader(conn)}
	t.Cleanup(func() { _ = conn.Close() })
	for _, line := range before {
		w.Say("%s", line)
	}
	w.Say("NICK %s", nick)
	w.Say("USER %s 0 * :%s", nick, nick)
	w.Hear(" 001 ")
	for _, c := range channels {
		w.Say("JOIN %s", c)
		w.Hear(" 366 ")
	}
	return w
}

// Say sends a line.
func (w *Talker) Say(format string, args ...any) {
	w.t.Helper()
	if _, err := fmt.Fprintf(w.conn, format+"\r\n", args...); err != nil {
		w.t.Fatal(err)
	}
}

// Sync waits until the server has taken in what was said.
func (w *Talker) Sync() {
	w.t.Helper()
	w.Say("PING :sync")
	w.Hear("PONG")
}

// Hear waits for a line with something in it, and answers what the server asks meanwhile.
func (w *Talker) Hear(what string) string {
	w.t.Helper()
	w.conn.SetReadDeadline(time.Now().Add(20 * time.Second)) //nolint:errcheck // reading tells
	for {
		line, err := w.in.ReadString('\n')
		if err != nil {
			w.t.Fatalf("waiting for %q: %v", what, err)
		}
		if rest, ping := strings.CutPrefix(line, "PING "); ping {
			w.Say("PONG %s", strings.TrimSpace(rest))
		}
		if strings.Contains(line, what) {
			return line
		}
	}
}
