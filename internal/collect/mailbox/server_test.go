package mailbox

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

// A kept is what a source gave, and how far it was read.
type kept struct {
	mu     sync.Mutex
	docs   []intel.Document
	at     intel.Cursor
	reject []string
}

func (k *kept) emit(doc intel.Document, next intel.Cursor) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.docs, k.at = append(k.docs, doc), next
	return nil
}

func (k *kept) titles() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	var all []string
	for _, d := range k.docs {
		all = append(all, d.Title)
	}
	return strings.Join(all, " ")
}

func TestContract(t *testing.T) { collecttest.Run(t, Connector, "testdata/*.txtar") }

// plays runs a server that says what a script does: a line that begins with "> " is said, one
// with "< " is what it waits for, "!" ends the connection.
func plays(t *testing.T, script string) (port int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-done })
	go func() {
		defer close(done)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(20 * time.Second))
		in := bufio.NewReader(conn)
		for line := range strings.Lines(script) {
			line = strings.TrimSuffix(line, "\n")
			switch {
			case strings.HasPrefix(line, "> "):
				conn.Write([]byte(line[2:] + "\r\n"))
			case strings.HasPrefix(line, "< "):
				if said, err := in.ReadString('\n'); err != nil || !strings.HasPrefix(said, line[2:]) {
					t.Errorf("the client said %q (%v), want %q", said, err, line[2:])
					return
				}
			}
		}
		if !strings.HasSuffix(script, "!") {
			in.ReadString('\n') // until it goes
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

// played reads a mailbox of a server that plays a script.
func played(t *testing.T, script, settings string, k *kept) error {
	t.Helper()
	port := plays(t, script)
	client, err := fetch.New(fetch.Options{Ports: []uint16{uint16(port)}, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	if err != nil {
		t.Fatal(err)
	}
	env := collect.Env{ID: "test", Fetch: client, Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Now: func() time.Time { return collecttest.Now },
		Reject: func(item string, reason error) { k.reject = append(k.reject, item+": "+reason.Error()) },
		Reveal: func(collect.Secret) (string, error) { return "hunter2", nil }}
	source, err := Connector.Open(env, collect.Strict(fmt.Appendf(nil, `{"host":"127.0.0.1","port":%d,"security":"plain","user":"ann",%s}`, port, settings)))
	if err != nil {
		t.Fatal(err)
	}
	return source.Collect(t.Context(), k.at, k.emit)
}

const (
	byPassword = `"password":"env:P","poll":true`
	live       = `"password":"env:P"`
	in         = "> * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi\n< p1 AUTHENTICATE PLAIN\n> +\n< AGFubgBodW50ZXIy\n> p1 OK [CAPABILITY IMAP4rev1] in\n"
	opened     = "< p2 EXAMINE \"INBOX\"\n> * 2 EXISTS\n> * OK [UIDVALIDITY 7] x\n> * OK [UIDNEXT 10] x\n> p2 OK [READ-ONLY] x\n" +
		"< p3 EXAMINE \"INBOX\"\n> * 2 EXISTS\n> * OK [UIDVALIDITY 7] x\n> * OK [UIDNEXT 10] x\n> p3 OK [READ-ONLY] x\n"
	out = "< p6 LOGOUT\n> * BYE x\n> p6 OK x\n"
)

func TestWhatAServerMaySayIsReadOrRefusedInWords(t *testing.T) {
	one := "Subject: a\r\nMessage-ID: <a@a.example>\r\n\r\nsaid"
	fetchOne := func(body string) string {
		return in + opened + "< p4 UID FETCH 1:* (UID RFC822.SIZE FLAGS)\n> * 1 FETCH (UID 4 RFC822.SIZE 50 FLAGS (\\Seen))\n> p4 OK x\n" +
			"< p5 UID FETCH 4 (UID BODY.PEEK[])\n" + body
	}
	literal := func(s string) string {
		return "{" + strconv.Itoa(len(s)) + "}\n> " + strings.ReplaceAll(s, "\r\n", "\n> ")
	}
	for name, c := range map[string]struct {
		script, settings string
		want             string // titles, or a part of the error
		permanent        bool
	}{
		"an ordinary one":         {fetchOne("> * 1 FETCH (UID 4 BODY[] " + literal(one) + ")\n> p5 OK x\n" + out), byPassword, "a", false},
		"flags amid":              {fetchOne("> * 1 FETCH (FLAGS (\\Recent))\n> * 1 FETCH (BODY[] " + literal(one) + " UID 4 FLAGS ())\n> * 3 EXISTS\n> p5 OK x\n" + out), byPassword, "a", false},
		"in quotes":               {fetchOne("> * 1 FETCH (UID 4 BODY[] \"Subject: a (\\\"x\\\") {3}\")\n> p5 OK x\n" + out), byPassword, "", false},
		"too large":               {in + opened + "< p4 UID\n> * 1 FETCH (UID 4 RFC822.SIZE 9000000 FLAGS ())\n> p4 OK x\n< p5 UID FETCH 4 (UID BODY.PEEK[]<0.1048576>)\n> * 1 FETCH (UID 4 BODY[]<0> " + literal(one) + ")\n> p5 OK x\n" + out, byPassword, "a", false},
		"deleted meanwhile":       {fetchOne("> p5 NO [EXPUNGEISSUED] some are gone\n" + out), byPassword, "", false},
		"none":                    {fetchOne("> * 1 FETCH (UID 4 BODY[] NIL)\n> p5 OK x\n" + out), byPassword, "", false},
		"a draft":                 {in + opened + "< p4 UID\n> * 1 FETCH (UID 4 RFC822.SIZE 50 FLAGS (\\Draft))\n> p4 OK x\n< p5 UID\n> * 1 FETCH (UID 4 BODY[] " + literal(one) + ")\n> p5 OK x\n" + out, byPassword, "", false},
		"cut in a message":        {fetchOne("> * 1 FETCH (UID 4 BODY[] {5000}\n> Subject: a\n!"), byPassword, "ended the connection", false},
		"cut in a line":           {in + "!", byPassword, "ended the connection", false},
		"a length of anything":    {fetchOne("> * 1 FETCH (UID 4 BODY[] {99999999999}\n> p5 OK x\n"), byPassword, "no IMAP", false},
		"far more than asked":     {fetchOne("> * 1 FETCH (UID 4 BODY[] {2000000000}\n!"), byPassword, "ended the connection", false},
		"no UID":                  {in + opened + "< p4 UID\n> * 1 FETCH (UID x)\n", byPassword, "no IMAP", false},
		"no end":                  {in + opened + "< p4 UID\n> * 1 FETCH (UID 4 FLAGS (\n", byPassword, "no IMAP", false},
		"a line without end":      {"> * OK " + strings.Repeat("x", maxLine+1) + "\n", byPassword, "longer than", false},
		"HTTP":                    {"> HTTP/1.1 400 Bad Request\n", byPassword, "no IMAP", false},
		"busy":                    {"> * BYE [UNAVAILABLE] come back later\n", byPassword, "come back later", false},
		"goes with a word":        {in + "< p2 EXAMINE\n> * BYE closing for \x1b[31mthe night\n!", byPassword, "saying: closing for  [31mthe night", false},
		"a wrong password":        {"> * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi\n< p1 A\n> +\n< A\n> p1 NO [AUTHENTICATIONFAILED] not you\n", byPassword, "not you", true},
		"logging in later":        {"> * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi\n< p1 A\n> +\n< A\n> p1 NO [UNAVAILABLE] try later\n", byPassword, "try later", false},
		"LOGIN alone":             {"> * OK hi\n< p1 CAPABILITY\n> * CAPABILITY IMAP4rev1\n> p1 OK x\n< p2 LOGIN \"ann\" \"hunter2\"\n> p2 NO bad\n", byPassword, "NO: bad", true},
		"no password in clear":    {"> * OK [CAPABILITY IMAP4rev1 LOGINDISABLED STARTTLS] hi\n", byPassword, "starttls", true},
		"a token":                 {"> * OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2] hi\n< p1 AUTHENTICATE XOAUTH2\n> + \n< dXNlcj1hbm4BYXV0aD1CZWFyZXIgaHVudGVyMgEB\n> + eyJzdGF0dXMiOiI0MDAifQ==\n< \r\n> p1 NO AUTHENTICATE failed.\n", `"token":"env:T"`, "may have expired", false},
		"no such folder":          {in + "< p2 EXAMINE\n> p2 NO [NONEXISTENT] Unknown Mailbox: INBOX\n", byPassword, `folder "INBOX"`, true},
		"a number of anything":    {in + "< p2 EXAMINE\n> * OK [UIDVALIDITY 99999999999999] x\n", byPassword, "UIDVALIDITY", false},
		"known already":           {"> * PREAUTH in\n< p1 CAPABILITY\n> * CAPABILITY IMAP4rev1\n> p1 OK x\n< p2 EXAMINE\n> * 0 EXISTS\n> p2 OK x\n< p3 EXAMINE\n> * 0 EXISTS\n> p3 OK x\n< p4 LOGOUT\n> p4 BAD x\n", byPassword, "", false},
		"IDLE that is none":       {strings.Replace(in, "[CAPABILITY IMAP4rev1] in", "[CAPABILITY IMAP4rev1 IDLE] in", 1) + strings.ReplaceAll(opened, "2 EXISTS", "0 EXISTS") + "< p4 IDLE\n> p4 BAD no\n< p5 EXAMINE\n> p5 OK x\n!", live, "ended the connection", false},
		"ending an IDLE":          {strings.Replace(in, "[CAPABILITY IMAP4rev1] in", "[CAPABILITY IMAP4rev1 IDLE] in", 1) + strings.ReplaceAll(opened, "2 EXISTS", "0 EXISTS") + "< p4 IDLE\n> + idling\n> * OK still here\n> * BYE idle for too long\n!", live, "idle for too long", false},
		"asked to read by itself": {strings.Replace(in, "[CAPABILITY IMAP4rev1] in", "[CAPABILITY IMAP4rev1 IDLE] in", 1) + strings.ReplaceAll(opened, "2 EXISTS", "0 EXISTS") + "< p4 LOGOUT\n> p4 OK x\n", byPassword, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			k := &kept{}
			err := played(t, c.script, c.settings, k)
			if err == nil && k.titles() != c.want || err != nil && (c.want == "" || !strings.Contains(err.Error(), c.want)) || collect.IsPermanent(err) != c.permanent {
				t.Errorf("read %q, err %v (permanent %t), want %q", k.titles(), err, collect.IsPermanent(err), c.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("a secret is told: %v", err)
			}
		})
	}
}

func TestOfOneAnswerNoMoreIsKeptThanThereIsRoomFor(t *testing.T) {
	const replies, size = 5, maxSent / 2
	one := "* 1 FETCH (UID 4 BODY[] {" + strconv.Itoa(size) + "}\r\n" + strings.Repeat("x", size) + ")\r\n"
	c := &client{in: bufio.NewReader(io.MultiReader(strings.NewReader(strings.Repeat(one, replies)), strings.NewReader("p1 OK x\r\n")))}
	came, kept := 0, 0
	_, err := c.answer("p1", func(r reply) error {
		came, kept = came+1, kept+len(r.literals[0])
		return nil
	})
	if err != nil || came != replies || kept > maxSent {
		t.Errorf("%d replies with %d bytes, err %v; want %d, and no more than %d bytes", came, kept, err, replies, maxSent)
	}
}

func TestMessagesThatAreLargerThanTheServerToldAreReadOneByOne(t *testing.T) {
	const size = maxSent/2 + 100
	both := func(n int) string {
		return fmt.Sprintf("> * %d FETCH (UID %d BODY[] {%d}\n> Subject: %d\n> \n> %s)\n", n, n, size, n, strings.Repeat("x", size-14))
	}
	script := in + opened + "< p4 UID\n> * 1 FETCH (UID 1 RFC822.SIZE 9)\n> * 2 FETCH (UID 2 RFC822.SIZE 9)\n> p4 OK x\n" +
		"< p5 UID FETCH 1,2\n" + both(1) + both(2) + "> p5 OK x\n< p6 UID FETCH 2 \n" + both(2) + "> p6 OK x\n" + strings.ReplaceAll(out, "p6", "p7")
	k := &kept{}
	if err := played(t, script, byPassword, k); err != nil || k.titles() != "1 2" || len(k.reject) > 0 {
		t.Errorf("read %q, rejects %q, err %v", k.titles(), k.reject, err)
	}
}

func TestWhatTheServerGivesOutOfOrderIsKeptInOrder(t *testing.T) {
	body := func(n int) string {
		return fmt.Sprintf("> * %d FETCH (UID %d BODY[] {23}\n> Subject: %d\n> \n> said so %d)\n", n, n, n, n)
	}
	list := "< p4 UID\n> * 3 FETCH (UID 3 RFC822.SIZE 9)\n> * 1 FETCH (UID 1 RFC822.SIZE 9)\n> * 2 FETCH (UID 2 RFC822.SIZE 9)\n> p4 OK x\n"
	k := &kept{}
	if err := played(t, in+opened+list+"< p5 UID FETCH 1,2,3 (UID BODY.PEEK[])\n"+body(3)+body(1)+body(2)+"> p5 OK x\n"+out, byPassword, k); err != nil || k.titles() != "1 2 3" {
		t.Errorf("read %q, err %v", k.titles(), err)
	}
}

func TestAMessageThatAServerCannotGiveHoldsUpNoOther(t *testing.T) {
	list := "< p4 UID\n> * 1 FETCH (UID 1 RFC822.SIZE 9)\n> * 2 FETCH (UID 2 RFC822.SIZE 9)\n> p4 OK x\n"
	k := &kept{}
	err := played(t, in+opened+list+"< p5 UID FETCH 1,2 \n> p5 NO broken\n< p6 UID FETCH 1 \n> p6 NO broken\n< p7 UID FETCH 2 \n> * 2 FETCH (UID 2 BODY[] {20}\n> Subject: two\n> \n> said)\n> p7 OK x\n"+strings.ReplaceAll(out, "p6", "p8"), byPassword, k)
	if err != nil || k.titles() != "two" || len(k.reject) != 1 || !strings.Contains(k.reject[0], "message 1") {
		t.Errorf("read %q, err %v, rejects %q", k.titles(), err, k.reject)
	}
}

func TestBadSettingsAreToldWithWhatIsWanted(t *testing.T) {
	for settings, want := range map[string]string{
		`{}`:                          "host is missing",
		`{"host":"imap.example.org"}`: "user is missing",
		`{"host":"imap.example.org","user":"ann"}`:                                             "password or token",
		`{"host":"imap.example.org","user":"ann","password":"hunter2"}`:                        "does not stand here",
		`{"host":"imap.example.org","user":"ann","password":"env:P","token":"env:T"}`:          "one of them",
		`{"host":"https://imap.example.org","user":"ann","password":"env:P"}`:                  "a name such as",
		`{"host":"imap.example.org","user":"ann","password":"env:P","security":"none"}`:        "security",
		`{"host":"imap.example.org","user":"ann","password":"env:P","port":70000}`:             "port",
		`{"host":"imap.example.org","user":"ann","password":"env:P","folders":["a\r\nb"]}`:     "folders",
		`{"host":"imap.example.org","user":"a\r\nb","password":"env:P"}`:                       "user",
		`{"host":"imap.example.org","user":"ann","password":"env:P","path":"/var/mail/ann"}`:   "two mailboxes",
		`{"host":"imap.example.org","user":"ann","password":"env:P","folders":["a","b","a"]}`:  "",
		`{"host":"imap.example.org","user":"ann","token":"file:/run/t","security":"starttls"}`: "",
	} {
		_, err := Connector.Open(collect.Env{ID: "test"}, collect.Strict([]byte(settings)))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", settings, err, want)
		}
	}
}

func TestAFolderIsCalledInTheAlphabetOfIMAP(t *testing.T) {
	for name, want := range map[string]string{
		"INBOX": "INBOX", "A&B": "A&-B", "Entwürfe": "Entw&APw-rfe", "台北": "&U,BTFw-", "~peter/mail/台北/日本語": "~peter/mail/&U,BTFw-/&ZeVnLIqe-", "😀": "&2D3eAA-",
	} {
		if got := folderName(name); got != want {
			t.Errorf("%q is called %q, want %q", name, got, want)
		}
	}
}

func TestACursorOfAnythingIsRefused(t *testing.T) {
	for _, path := range []string{"", `"path":"box",`} {
		settings := `{` + path + `"host":"imap.example.org","user":"ann","password":"env:P"}`
		if path != "" {
			settings = `{"path":"box"}`
		}
		source, err := Connector.Open(collect.Env{ID: "test", Files: os.DirFS(t.TempDir()), Now: time.Now}, collect.Strict([]byte(settings)))
		if err != nil {
			t.Fatal(err)
		}
		for _, cursor := range []intel.Cursor{"x", "7", "[]", "1 abc"} {
			if err := source.Collect(t.Context(), cursor, nil); err == nil || path == "" && !collect.IsPermanent(err) {
				t.Errorf("%s: cursor %q: %v", settings, cursor, err)
			}
		}
	}
}

func FuzzReply(f *testing.F) {
	for _, seed := range []string{
		"* 1 FETCH (UID 4 RFC822.SIZE 50 FLAGS (\\Seen))\r\n", "* 1 FETCH (UID 4 BODY[] {3}\r\nabc BODY[]<0> \"x\\\"\" FLAGS (a (b)))\r\n",
		"* OK [UIDVALIDITY 7] x\r\n", "p1 NO [ALERT]\r\n", "+\r\n", "* 1 FETCH (BODY[] {2000000000}\r\n", "* 2 FETCH (UID {1}\r\nx)\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, said []byte) {
		if len(said) > 1<<16 {
			return
		}
		in := bufio.NewReader(strings.NewReader(string(said)))
		for {
			r, err := readReply(in, 1<<12)
			if err != nil {
				return
			}
			kept := 0
			for _, l := range r.literals {
				kept += len(l)
			}
			if kept > 1<<12 {
				t.Fatalf("%d bytes are kept", kept)
			}
			if _, err := r.fetch(); err != nil && !errors.Is(err, errMalformed) {
				t.Fatalf("%q: %v", r.text, err)
			}
			newStatus(strings.TrimPrefix(r.text, "* "))
		}
	})
}
