package collecttest

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/textproto"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// innPrograms is where Debian has the programs of INN, and innUser whom they run as.
const innPrograms, innUser = "/usr/lib/news/bin", "news"

// An INN is a news server of that name (InterNetNews), on this machine.
type INN struct {
	Authority
	Port           int    // of readers, over TLS, with and without a login
	User, Password string // who may read example.private too
	Stop           func() // until Start
	dir            string
	feed           int // port that articles are taken at
}

// NewINN starts a news server that ends with the test, with the groups example.security,
// example.other and example.private. Where INN
// is not installed, or cannot run, the test is skipped, but fails where CI=true.
func NewINN(t testing.TB, a Authority) *INN {
	t.Helper()
	absent := ""
	if _, err := os.Stat(filepath.Join(innPrograms, "innd")); err != nil {
		absent = "INN is not installed: apt-get install inn2"
	} else if who, err := user.Current(); err != nil || who.Uid != "0" && who.Username != innUser {
		absent = "INN runs as the user " + innUser + " alone, which root alone becomes"
	}
	switch {
	case absent != "" && os.Getenv("CI") == "true":
		t.Fatal(absent)
	case absent != "":
		t.Skip(absent)
	}
	n := &INN{Authority: a, Port: FreePort(t), feed: FreePort(t), User: "ann", Password: "pass-word", dir: PublicDir(t)}
	n.configure(t)
	n.Empty(t)
	n.Start(t)
	return n
}

func (n *INN) file(t testing.TB, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(n.dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (n *INN) configure(t testing.TB) {
	t.Helper()
	for _, dir := range []string{"etc", "run", "tmp"} {
		if err := os.MkdirAll(filepath.Join(n.dir, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	n.file(t, "etc/inn.conf", fmt.Sprintf(`organization: test
pathhost: news.example.net
domain: example.net
server: 127.0.0.1
bindaddress: 127.0.0.1
bindaddress6: none
port: %[1]d
mta: "/bin/true %%s"
hismethod: hisv6
enableoverview: true
ovmethod: tradindexed
wireformat: true
patharticles: %[2]s/spool/articles
pathoverview: %[2]s/spool/overview
pathspool: %[2]s/spool
pathdb: %[2]s/db
pathetc: %[2]s/etc
pathrun: %[2]s/run
pathlog: %[2]s/log
pathtmp: %[2]s/tmp
pathnews: /usr/lib/news
pathbin: %[3]s
artcutoff: 0
nnrpdloadlimit: 0
tlscafile: %[4]s
tlscertfile: %[5]s
tlskeyfile: %[2]s/etc/key.pem
`, n.feed, n.dir, innPrograms, n.CA, n.Cert))
	key, err := os.ReadFile(n.Key) // which nobody else may read
	if err == nil {
		err = os.WriteFile(filepath.Join(n.dir, "etc/key.pem"), key, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	n.file(t, "etc/storage.conf", "method tradspool {\n newsgroups: *\n class: 0\n}\n")
	n.file(t, "etc/incoming.conf", "peer ME {\n hostname: \"127.0.0.1, localhost\"\n}\n")
	n.file(t, "etc/newsfeeds", "ME:*::\n")
	n.file(t, "etc/expire.ctl", "/remember/:1\n*:A:1:1:1\n")
	for _, name := range []string{"control.ctl", "moderators", "innfeed.conf"} {
		n.file(t, "etc/"+name, "")
	}
	n.file(t, "etc/login", "#!/bin/sh\ntr -d '\\r' | grep -qx 'ClientPassword: "+n.Password+"' && echo User:"+n.User+"\n")
	n.file(t, "etc/readers.conf", `auth all {
 hosts: "*"
 auth: "`+n.dir+`/etc/login"
 default: "anybody"
}
access anybody { users: "anybody" newsgroups: "*,!example.private" access: R }
access user { users: "`+n.User+`" newsgroups: "*" access: R }
`)
	if err := os.Chmod(filepath.Join(n.dir, "etc/login"), 0o755); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
}

// Empty has the server forget all articles and their numbers. It is not to run.
func (n *INN) Empty(t testing.TB) {
	t.Helper()
	for _, dir := range []string{"spool", "db", "log"} {
		if err := os.RemoveAll(filepath.Join(n.dir, dir)); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{"spool/articles", "spool/overview", "spool/incoming/bad", "spool/innfeed", "spool/outgoing", "spool/archive", "db", "log/OLD"} {
		if err := os.MkdirAll(filepath.Join(n.dir, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	active := ""
	for _, group := range []string{"control", "control.cancel", "junk", "example.security", "example.other", "example.private"} {
		active += group + " 0000000000 0000000001 n\n"
	}
	n.file(t, "db/active", active)
	n.file(t, "db/newsgroups", "")
	n.file(t, "db/active.times", "")
	n.file(t, "db/history", "")
	if os.Getuid() == 0 {
		if out, err := exec.CommandContext(t.Context(), "chown", "-R", innUser+":", n.dir).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	n.run(t, "makedbz", "-i", "-o")
}

// run runs a program of the server's.
func (n *INN) run(t testing.TB, name string, args ...string) {
	t.Helper()
	if out, err := n.program(name, args...); err != nil {
		t.Fatalf("%s: %v: %s", name, err, out)
	}
}

func (n *INN) program(name string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second) // also when the test has ended
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(innPrograms, name), args...)
	cmd.Env = append(os.Environ(), n.conf())
	return cmd.CombinedOutput()
}

func (n *INN) conf() string { return "INNCONF=" + filepath.Join(n.dir, "etc/inn.conf") }

// Start starts the server, again after Stop.
func (n *INN) Start(t testing.TB) {
	t.Helper()
	ends := Start(t, n.feed, "env", n.conf(), innPrograms+"/innd", "-f")
	reads := Start(t, n.Port, "env", n.conf(), innPrograms+"/nnrpd", "-D", "-f", "-b", "127.0.0.1", "-p", strconv.Itoa(n.Port), "-S")
	n.Stop = sync.OnceFunc(func() {
		reads()
		if out, err := n.program("ctlinnd", "-t", "10", "shutdown", "the test ends"); err != nil { // of a signal it thinks long
			t.Errorf("end INN: %v: %s", err, out)
		}
		ends()
	})
	t.Cleanup(n.Stop)
}

// Take has the server take an article, as one that another server hands on.
func (n *INN) Take(t testing.TB, id, article string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", fmt.Sprint("127.0.0.1:", n.feed))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	in, out := textproto.NewReader(bufio.NewReader(conn)), bufio.NewWriter(conn)
	hears := func(code int) {
		t.Helper()
		if _, _, err := in.ReadCodeLine(code); err != nil {
			log, _ := os.ReadFile(filepath.Join(n.dir, "log/news"))
			t.Fatalf("the server says %v: %s", err, log)
		}
	}
	hears(20)
	w := textproto.NewWriter(out)
	if err := w.PrintfLine("IHAVE %s", id); err != nil {
		t.Fatal(err)
	}
	hears(335)
	dot := w.DotWriter()
	if _, err := dot.Write([]byte(strings.ReplaceAll(article, "\r\n", "\n"))); err != nil {
		t.Fatal(err)
	}
	if err := dot.Close(); err != nil {
		t.Fatal(err)
	}
	hears(235)
}

// Cancel has the server drop an article.
func (n *INN) Cancel(t testing.TB, id string) {
	t.Helper()
	n.run(t, "ctlinnd", "-t", "20", "cancel", id)
}
