package mail

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/intel"
)

func TestContract(t *testing.T) { collecttest.Run(t, Connector, "testdata/*.txtar") }

// one reads a single message.
func one(t *testing.T, message string) (intel.Document, error) {
	t.Helper()
	doc, _, err := document(collect.Env{ID: "test", Now: func() time.Time { return collecttest.Now }}, []byte(message), true)
	return doc, err
}

func TestTextIsDecoded(t *testing.T) {
	for name, c := range map[string][2]string{
		"quoted-printable":     {"Content-Type: text/plain; charset=koi8-r\nContent-Transfer-Encoding: quoted-printable\n\n=F0=D2=C9=D7=C5=D4, 192.0.=\n2.1 =zz", "Привет, 192.0.2.1 =zz"},
		"base64":               {"Content-Type: text/plain; charset=\"utf-8\"\nContent-Transfer-Encoding: BASE64\n\n5L2g5aW9\r\nLCDkuJbn\nlYw=\n", "你好, 世界"},
		"base64 that is cut":   {"Content-Transfer-Encoding: base64\nContent-Type: text/plain; charset=utf-8\n\n5L2g5aW9LCDkuJ", "你好, "},
		"gb2312":               {"Content-Type: text/plain; charset=gb2312\n\n\xc4\xe3\xba\xc3", "你好"},
		"no charset, Latin":    {"Subject: x\n\ncaf\xe9", "café"},
		"no charset, UTF-8":    {"Subject: x\n\ncafé", "café"},
		"a charset of nothing": {"Content-Type: text/plain; charset=iso-2022-kr\n\nC2 is at 192.0.2.1", "C2 is at 192.0.2.1"},
		"a wrong charset":      {"Content-Type: text/plain; charset=utf-16\n\nC2 is at 192.0.2.1", "C2 is at 192.0.2.1"},
		"UTF-16":               {"Content-Type: text/plain; charset=utf-16le\n\n\x60\x4f\x7d\x59", "你好"},
		"unknown charset":      {"Content-Type: text/plain; charset=x-odd\n\ncafé", "café"},
		"HTML":                 {"Content-Type: text/html; charset=windows-1251\n\n<p>\xcf\xf0\xe8\xe2\xe5\xf2</p><script>x</script><a href='http://evil.example/a'>here</a>", "Привет\n\nhere <http://evil.example/a>"},
		"flowed":               {"Content-Type: text/plain; format=flowed\n\na long \nline\n> quoted \n> too\n-- \nBob", "a long line\n> quoted too\n-- \nBob"},
		"signed in the open":   {"Subject: x\n\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nsaid\n- -- \nBob\n-----BEGIN PGP SIGNATURE-----\n\niQEzBAEB\n-----END PGP SIGNATURE-----\n", "said\n-- \nBob"},
		"CR LF":                {"Subject: x\r\n\r\na\r\n\r\nb\r\n", "a\n\nb"},
		"a bad content type":   {"Content-Type: text/html charset=utf-8;; x\n\n<p>y</p>", "y"},
		"no name of a folder":  {"Content-Type: application/octet-stream; name=\"..\\\\..\\\\etc/passwd\"\n\nx", `Attachment: "passwd" (application/octet-stream, 1 bytes, sha256-LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE=)`},
	} {
		doc, err := one(t, c[0])
		if err != nil || doc.Text != c[1] {
			t.Errorf("%s: %q (%v), want %q", name, doc.Text, err, c[1])
		}
	}
}

func TestWhoWroteWhereAndWhen(t *testing.T) {
	for name, c := range map[string][2]string{
		"a name":        {"From: \"Jo Doe\" <jo@a.example>\nTo: List <l@b.example>, x@c.example\nDate: Fri, 2 Jan 2026 03:04:05 +0200 (EET)", "mail/Jo Doe mail/l@b.example 2026-01-02T01:04:05Z"},
		"an address":    {"From: JO@a.example\nTo: undisclosed recipients:;\nDate: 2 Jan 26 03:04 GMT", "mail/jo@a.example - 2026-01-02T03:04:00Z"},
		"encoded":       {"From: =?utf-8?B?0JjQstCw0L0=?= <i@a.example>\nList-Id: About it\n <l.b.example>", "mail/Иван mail/l.b.example -"},
		"pipermail":     {"From: jo at a.example (Jo Doe)\nDate: Fri Jan  2 03:04:05 2026", "mail/Jo Doe - -"},
		"garbled":       {"From: jo at a.example\nTo: l at b.example", "mail/jo@a.example mail/l@b.example -"},
		"by the list":   {"From: Jo Doe via Talk <talk@b.example>\nList-Id: <talk.b.example>", "mail/Jo Doe mail/talk.b.example -"},
		"the future":    {"From: a@a.example\nDate: Fri, 2 Jan 2099 03:04:05 +0000\nReceived: from x by y; Thu, 1 Jan 2026 00:00:00 +0000", "mail/a@a.example - 2026-01-01T00:00:00Z"},
		"only future":   {"From: a@a.example\nDate: Fri, 2 Jan 2099 03:04:05 +0000", "mail/a@a.example - -"},
		"slashes":       {"From: a/b <a@a.example>", "mail/a b - -"},
		"nobody":        {"Subject: x", "- - -"},
		"1970":          {"From: a@a.example\nDate: Thu, 1 Jan 1970 00:00:00 +0000", "mail/a@a.example - -"},
		"two of a mind": {"From: a@a.example\nFrom: b@b.example", "mail/a@a.example - -"},
	} {
		doc, err := one(t, c[0]+"\n\nx")
		got := []string{doc.Author, doc.Channel, doc.Published.Format(time.RFC3339)}
		if doc.Published.IsZero() {
			got[2] = ""
		}
		for i := range got {
			if got[i] == "" {
				got[i] = "-"
			}
		}
		if s := strings.Join(got, " "); err != nil || s != c[1] {
			t.Errorf("%s: %q (%v), want %q", name, s, err, c[1])
		}
	}
}

func TestPartsAreBounded(t *testing.T) {
	nested := ""
	for i := range deepest + 2 {
		nested += fmt.Sprintf("Content-Type: multipart/mixed; boundary=b%[1]d\n\n--b%[1]d\n", i)
	}
	if _, err := one(t, nested+"\n\ndeep\n--b0--\n"); err == nil || !strings.Contains(err.Error(), "nested deeper") {
		t.Errorf("%v", err)
	}
	many := "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\nContent-Disposition: attachment; filename=a.exe\n\nx\n", 100_000) + "--b--\n"
	started := time.Now()
	doc, err := one(t, many)
	if n := strings.Count(doc.Text, "Attachment:"); err != nil || n != mostNamed || time.Since(started) > 5*time.Second {
		t.Errorf("%d attachments in %s, %v", n, time.Since(started), err)
	}
	fields := "From: a@a.example\n" + strings.Repeat("X: y\n", 1<<20) + "\nx"
	if doc, err := one(t, fields); err != nil || doc.Text != "x" {
		t.Errorf("%q %v", doc.Text, err)
	}
}

func TestASecondReadingGivesTheSameAndALargeMessageIsPassedOver(t *testing.T) {
	small := "From a@a.example Fri Jan  2 03:04:05 2026\nFrom: a@a.example\nMessage-ID: <1@a.example>\n\nsmall\n\n"
	large := "From b@a.example Fri Jan  2 03:04:05 2026\nFrom: b@a.example\n\n" + strings.Repeat(strings.Repeat("x", 1000)+"\n", maxMessage/1000) + "\n"
	last := "From c@a.example Fri Jan  2 03:04:05 2026\nFrom: c@a.example\n\nlast\n"
	env := collect.Env{ID: "test", Files: fstest.MapFS{"a.mbox": {Data: []byte(small + large + last + "\n" + small)}}}
	var rejects, texts []string
	env.Reject = func(item string, reason error) { rejects = append(rejects, item+": "+reason.Error()) }
	err := read(context.Background(), env, "a.mbox", func(d intel.Document) error { texts = append(texts, d.Text); return nil })
	if err != nil || strings.Join(texts, " ") != "small last" || len(rejects) != 1 || !strings.HasPrefix(rejects[0], "message at line 8: too large") {
		t.Errorf("%v %q %q", err, texts, rejects)
	}
}

func TestRecognise(t *testing.T) {
	for name, c := range map[string]struct {
		file, head string
		want       bool
	}{
		"archive":      {"2026-January.txt", "From jo at a.example  Fri Jan  2 03:04:05 2026\nFrom: jo at a.example\n", true},
		"message":      {"1234.M5P6.host:2,S", "Return-Path: <a@a.example>\nReceived: x\nFrom: a@a.example\nTo: b\n\nx", true},
		"named":        {"x.eml.gz", "Subject: x\n\nx", true},
		"prose":        {"a.txt", "From 10:00 to 12:00 in 2026 we were down\n\nMore", false},
		"a report":     {"a.md", "From: us\nTo: you\nDate: 2026-01-02\nSubject: x\n\nx", false},
		"front matter": {"a.txt", "Title: x\nDate: 2026-01-02\n\nx", false},
		"a list":       {"a.txt", "192.0.2.1\n192.0.2.2\n", false},
		"YAML":         {"a.yaml", "from: x\nto: y\n", false},
	} {
		if got := Connector.Recognise(fs.FS(nil), c.file, []byte(c.head)); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("From a Fri Jan  2 03:04:05 2026\nFrom: a\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n<p>x\n--b\nContent-Disposition: attachment; filename*=utf-8''a%20b.exe\n\nx\n--b--\n\nFrom b Fri Jan  2 03:04:05 2026\n>From x\n\n>From y\n"))
	f.Add([]byte("From: =?koi8-r?Q?=F0?= <a@b>\nContent-Type: text/plain; format=flowed; delsp=yes\nContent-Transfer-Encoding: quoted-printable\n\na =\n=3D\n-----BEGIN PGP SIGNED MESSAGE-----\n"))
	f.Add([]byte("Content-Type: text/plain; charset=iso-2022-jp\nContent-Transfer-Encoding: base64\n\nGyRCJDMbKEI=\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		env := collect.Env{ID: "fuzz", Files: fstest.MapFS{"a": {Data: body}}, Now: func() time.Time { return collecttest.Now }}
		ids := map[intel.DocumentID]bool{}
		_ = read(context.Background(), env, "a", func(d intel.Document) error {
			if ids[d.ID] || d.Text == "" || d.Published.After(collecttest.Now) {
				t.Errorf("%+v", d)
			}
			ids[d.ID] = true
			return nil
		})
	})
}
