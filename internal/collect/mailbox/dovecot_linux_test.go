package mailbox

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

// of opens the mailbox of a server, with settings besides.
func (k *kept) of(t *testing.T, d *collecttest.Dovecot, more map[string]any) collect.Source {
	t.Helper()
	ca, err := os.ReadFile(d.CA)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	client, err := fetch.New(fetch.Options{Ports: []uint16{uint16(d.Port), uint16(d.ClearPort)}, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Roots: roots, Pace: &fetch.Pace{PerSecond: 100}})
	if err != nil {
		t.Fatal(err)
	}
	settings := map[string]any{"host": "127.0.0.1", "port": d.Port, "user": d.User, "password": "env:PASSWORD", "poll": true}
	for name, value := range more {
		settings[name] = value
	}
	text, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	env := collect.Env{ID: "test", Fetch: client, Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Now: time.Now,
		Reject: func(item string, reason error) { k.reject = append(k.reject, item+": "+reason.Error()) },
		Reveal: func(s collect.Secret) (string, error) {
			if s == "env:PASSWORD" {
				return d.Password, nil
			}
			return "wrong " + string(s), nil
		}}
	source, err := Connector.Open(env, collect.Strict(text))
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// note is a message of that name.
func note(name string) string {
	return fmt.Sprintf("From: Jo Doe <jo@a.example>\r\nTo: talk@b.example\r\nSubject: %[1]s\r\nDate: Fri, 2 Jan 2026 03:04:05 +0000\r\nMessage-ID: <%[1]s@a.example>\r\n\r\nOf %[1]s we know 192.0.2.1.\r\n", name)
}

func TestAMailboxOfDovecotIsReadAndNotTouched(t *testing.T) {
	d := collecttest.NewDovecot(t, "")
	for _, name := range []string{"one", "two", "three"} {
		d.Deliver(t, "", note(name))
	}
	d.Deliver(t, "", "Subject: empty\r\n\r\n")
	there := "one two three"
	for _, more := range []map[string]any{nil, {"security": "starttls", "port": d.ClearPort}} {
		k := &kept{}
		source := k.of(t, d, more)
		if err := source.Collect(t.Context(), "", k.emit); err != nil {
			t.Fatalf("%v: %v", more, err)
		}
		if k.titles() != there {
			t.Fatalf("%v: read %q, rejects %q", more, k.titles(), k.reject)
		}
		if doc := k.docs[0]; doc.Text != "Of one we know 192.0.2.1." || doc.Author != "mail/Jo Doe" || doc.Channel != "mail/talk@b.example" || !doc.Assumed || doc.Genre != intel.Mail {
			t.Errorf("%v: %+v", more, doc)
		}
		d.Deliver(t, "", note("later"+fmt.Sprint(len(k.docs))))
		there += " later" + fmt.Sprint(len(k.docs))
		if err := source.Collect(t.Context(), k.at, k.emit); err != nil || k.titles() != there {
			t.Fatalf("%v: then read %q, err %v", more, k.titles(), err)
		}
		if last := k.docs[len(k.docs)-1]; last.Assumed || time.Since(last.Learned) > time.Minute {
			t.Errorf("%v: what came while it was watched was learned at %v, assumed %t", more, last.Learned, last.Assumed)
		}
	}
	if flags := d.Doveadm(t, "fetch", "-u", d.User, "flags", "mailbox", "INBOX", "all"); strings.Contains(flags, `\Seen`) || !strings.Contains(flags, "flags:") {
		t.Errorf("flags: %s", flags)
	}
}

// watch collects until stop is called, which returns what Collect did.
func watch(t *testing.T, source collect.Source, from intel.Cursor, emit collect.Emit) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- source.Collect(ctx, from, emit) }()
	return func() error {
		cancel()
		select {
		case err := <-done:
			return err
		case <-time.After(10 * time.Second):
			return errors.New("it goes on long after it was to end")
		}
	}
}

func until(t *testing.T, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); !so(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not so within 15 s")
		}
	}
}

func TestAMessageComesAsSoonAsDovecotHasIt(t *testing.T) {
	d := collecttest.NewDovecot(t, "")
	d.Deliver(t, "", note("one"))
	before := runtime.NumGoroutine()
	k := &kept{}
	stop := watch(t, k.of(t, d, map[string]any{"poll": false}), "", k.emit)
	until(t, func() bool { return k.titles() == "one" })
	for _, name := range []string{"two", "three"} {
		d.Deliver(t, "", note(name))
		until(t, func() bool { return strings.HasSuffix(k.titles(), name) })
	}
	if err := stop(); !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
	if k.docs[0].Assumed == k.docs[2].Assumed {
		t.Errorf("history and what came live are learned alike: %+v", k.docs)
	}
	until(t, func() bool { return runtime.NumGoroutine() <= before })
}

func TestAServerThatIsKilledLosesAndRepeatsNothing(t *testing.T) {
	d := collecttest.NewDovecot(t, "")
	const all = 250
	for i := range all {
		d.Deliver(t, "", note(fmt.Sprint("n", i)))
	}
	k := &kept{}
	source := k.of(t, d, map[string]any{"poll": false})
	err := source.Collect(t.Context(), "", func(doc intel.Document, next intel.Cursor) error {
		if len(k.docs) == 120 {
			d.Kill(t)
		}
		return k.emit(doc, next)
	})
	if err == nil || collect.IsPermanent(err) || len(k.docs) < 121 || len(k.docs) >= all {
		t.Fatalf("after %d: %v", len(k.docs), err)
	}
	d.Start(t)
	again := k.of(t, d, nil) // as after a restart of this side too
	if err := again.Collect(t.Context(), k.at, k.emit); err != nil {
		t.Fatal(err)
	}
	given := map[intel.DocumentID]bool{}
	for _, doc := range k.docs {
		given[doc.ID] = true
	}
	if len(given) != all || len(k.docs) != all {
		t.Errorf("%d documents, %d of them different, of %d messages", len(k.docs), len(given), all)
	}

	stop := watch(t, source, k.at, k.emit)
	d.Deliver(t, "", note("last"))
	until(t, func() bool { return strings.HasSuffix(k.titles(), " last") })
	d.Kill(t)
	time.Sleep(50 * time.Millisecond)
	if err := stop(); err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("a server that went soon, while it was waited for: %v", err)
	}
}

func TestMessagesThatAreNumberedAnewAreTheSameDocuments(t *testing.T) {
	d := collecttest.NewDovecot(t, "")
	d.Deliver(t, "", note("one"))
	d.Deliver(t, "", note("two"))
	k := &kept{}
	source := k.of(t, d, nil)
	if err := source.Collect(t.Context(), "", k.emit); err != nil {
		t.Fatal(err)
	}
	d.Renumber(t, 777777)
	d.Deliver(t, "", note("three"))
	if err := source.Collect(t.Context(), k.at, k.emit); err != nil {
		t.Fatal(err)
	}
	if k.titles() != "one two one two three" || k.docs[0].ID != k.docs[2].ID || k.docs[1].ID != k.docs[3].ID || !strings.Contains(string(k.at), "777777") {
		t.Errorf("read %q up to %s", k.titles(), k.at)
	}
}

func TestFoldersAreReadByNameAndAMessageInTwoOnce(t *testing.T) {
	d := collecttest.NewDovecot(t, "")
	d.Deliver(t, "", note("one"))
	d.Doveadm(t, "mailbox", "create", "-u", d.User, "Größe & Co", "empty")
	d.Doveadm(t, "copy", "-u", d.User, "Größe & Co", "mailbox", "INBOX", "all")
	d.Deliver(t, "lists", note("two"))
	k := &kept{}
	source := k.of(t, d, map[string]any{"folders": []string{"INBOX", "Größe & Co", "lists", "empty"}})
	if err := source.Collect(t.Context(), "", k.emit); err != nil || k.titles() != "one two" {
		t.Errorf("read %q, err %v", k.titles(), err)
	}
	err := k.of(t, d, map[string]any{"folders": []string{"nowhere"}}).Collect(t.Context(), "", k.emit)
	if !collect.IsPermanent(err) || !strings.Contains(err.Error(), `"nowhere"`) {
		t.Errorf("of a folder that is not there: %v", err)
	}
}

func TestOfALargeMessageTheTextIsRead(t *testing.T) {
	d := collecttest.NewDovecot(t, "")
	head, text, _ := strings.Cut(note("large"), "\r\n\r\n")
	d.Deliver(t, "", head+"\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n"+text+"--b\r\nContent-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n"+
		strings.Repeat(strings.Repeat("QUFB", 19)+"\r\n", 9<<20/78)+"\r\n--b--\r\n")
	d.Deliver(t, "", note("small"))
	k := &kept{}
	if err := k.of(t, d, nil).Collect(t.Context(), "", k.emit); err != nil || k.titles() != "large small" {
		t.Fatalf("read %q, err %v", k.titles(), err)
	}
	if want := "Of large we know 192.0.2.1.\n\nAttachment: \"a.zip\""; k.docs[0].Text != want || len(k.reject) != 1 || !strings.Contains(k.reject[0], "too large") {
		t.Errorf("%q, rejects %q", k.docs[0].Text, k.reject)
	}
}

func TestAWrongPasswordStopsTheSourceAndStandsNowhere(t *testing.T) {
	d := collecttest.NewDovecot(t, "")
	k := &kept{}
	for _, more := range []map[string]any{{"password": "env:OTHER"}, {"password": "env:OTHER", "security": "starttls", "port": d.ClearPort}, {"user": "nobody@example.org"}} {
		err := k.of(t, d, more).Collect(t.Context(), "", k.emit)
		if !collect.IsPermanent(err) || !strings.Contains(err.Error(), "log in as") || strings.Contains(err.Error(), "wrong env") || strings.Contains(err.Error(), d.Password) {
			t.Errorf("%v: %v", more, err)
		}
	}
	err := k.of(t, d, map[string]any{"password": "", "token": "env:TOKEN"}).Collect(t.Context(), "", k.emit)
	if !collect.IsPermanent(err) || !strings.Contains(err.Error(), "XOAUTH2") {
		t.Errorf("of a server that takes no tokens: %v", err)
	}
}

func TestACertificateOfAnybodyIsRefused(t *testing.T) {
	d, other := collecttest.NewDovecot(t, ""), collecttest.NewDovecot(t, "")
	d.CA = other.CA
	k := &kept{}
	for _, more := range []map[string]any{nil, {"security": "starttls", "port": d.ClearPort}} {
		var unknown x509.UnknownAuthorityError
		if err := k.of(t, d, more).Collect(t.Context(), "", k.emit); !errors.As(err, &unknown) {
			t.Errorf("%v: %v", more, err)
		}
	}
}

func TestAMaildirThatDovecotWroteIsRead(t *testing.T) {
	d := collecttest.NewDovecot(t, "")
	d.Deliver(t, "", note("one"))
	d.Deliver(t, "", note("two"))
	d.Doveadm(t, "mailbox", "create", "-u", d.User, "drafts")
	d.Doveadm(t, "copy", "-u", d.User, "drafts", "mailbox", "INBOX", "all") // as Dovecot writes them
	d.Doveadm(t, "flags", "add", "-u", d.User, `\Draft`, "mailbox", "drafts", "subject", "two")
	k := &kept{}
	inbox, drafts := k.here(t, d.Maildir), k.here(t, filepath.Join(d.Maildir, ".drafts"))
	if err := inbox.Collect(t.Context(), "", k.emit); err != nil || k.titles() != "one two" {
		t.Fatalf("read %q, err %v", k.titles(), err)
	}
	d.Doveadm(t, "flags", "add", "-u", d.User, `\Seen \Flagged`, "mailbox", "INBOX", "all") // renames them
	d.Deliver(t, "", note("three"))
	for _, source := range []collect.Source{inbox, k.here(t, d.Maildir)} {
		again := &kept{}
		if err := source.Collect(t.Context(), k.at, again.emit); err != nil || again.titles() != "three" || again.docs[0].Assumed {
			t.Errorf("then read %q, err %v", again.titles(), err)
		}
	}
	of := &kept{}
	if err := drafts.Collect(t.Context(), "", of.emit); err != nil || of.titles() != "one" || len(k.reject) > 0 {
		t.Errorf("of what is being written: %q, err %v, rejects %q", of.titles(), err, k.reject)
	}
}

// here opens a mailbox of this machine.
func (k *kept) here(t *testing.T, path string) collect.Source {
	t.Helper()
	env := collect.Env{ID: "test", Files: os.DirFS("/"), Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Now: time.Now,
		Reject: func(item string, reason error) { k.reject = append(k.reject, item+": "+reason.Error()) }}
	source, err := Connector.Open(env, collect.Strict(fmt.Appendf(nil, `{"path": %q}`, path)))
	if err != nil {
		t.Fatal(err)
	}
	return source
}
