package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// repeats runs a mail server that ends each login with what say makes of the line that
// has the password.
func repeats(t *testing.T, say func(line string) string) (port int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			in := bufio.NewReader(c)
			fmt.Fprint(c, "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi\r\n")
			if _, err := in.ReadString('\n'); err == nil {
				fmt.Fprint(c, "+ \r\n")
				line, _ := in.ReadString('\n')
				fmt.Fprint(c, say(strings.TrimSpace(line)), "\r\n")
			}
			c.Close()
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

func TestASecretThatAServerRepeatsIsNowhereTold(t *testing.T) {
	const secret = "hunter2-and-more"
	t.Setenv("PORTENT_TEST_PASSWORD", secret)
	for name, say := range map[string]func(string) string{
		"as it came":           func(line string) string { return "p1 NO what is " + line + "?" },
		"in the clear":         func(string) string { return "p1 BAD unknown command " + secret },
		"in a farewell":        func(string) string { return "* BYE " + secret + " is not you" },
		"where an answer goes": func(string) string { return "p1 " + secret },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			sources := filepath.Join(dir, "sources.toml")
			port := repeats(t, say)
			if err := os.WriteFile(sources, fmt.Appendf(nil, "[box]\nconnector = \"mailbox\"\nhost = \"127.0.0.1\"\nport = %d\nports = [%d]\nsecurity = \"plain\"\nuser = \"ann\"\npassword = \"env:PORTENT_TEST_PASSWORD\"\nallow = [\"127.0.0.0/8\"]\n", port, port), 0o600); err != nil {
				t.Fatal(err)
			}
			var all bytes.Buffer
			for _, args := range [][]string{{"sources", "try", "box"}, {"sources", "run", "box"}, {"--json", "sources", "list"}} {
				execute(t.Context(), "", append([]string{"--db", "sqlite:" + filepath.Join(dir, "db"), "--sources-file", sources}, args...), nil, &all, &all)
			}
			coded := base64.StdEncoding.EncodeToString([]byte("\x00ann\x00" + secret))
			if s := all.String(); strings.Contains(s, secret) || strings.Contains(s, coded) || !strings.Contains(s, "…") {
				t.Errorf("told: %s", s)
			}
		})
	}
}

func TestWhatAServerSaysOfAFailureIsBounded(t *testing.T) {
	long := fmt.Errorf("it says %s: %w", strings.Repeat("é", 1<<20), io.ErrUnexpectedEOF)
	err := (&hush{}).err(long)
	if n := len(err.Error()); n > mostSaid+len("…") || !utf8.ValidString(err.Error()) || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%d bytes are told", n)
	}
}
