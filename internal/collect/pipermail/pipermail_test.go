package pipermail

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

func TestContract(t *testing.T) { collecttest.Run(t, Connector, "testdata/*.txtar") }

// list is a server with an archive.
type list struct {
	files map[string][]byte
	mute  bool     // it tells no validators
	asked []string // what was answered with more than "not modified"
}

// ServeHTTP implements http.Handler.
func (l *list) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/pipermail/talk/")
	if name == "" {
		for file := range l.files {
			fmt.Fprintf(w, "<td><A href=\"%s\">[ Gzip'd Text 1 KB ]</a></td>\n", file)
		}
		return
	}
	body, ok := l.files[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	tag := strconv.Quote(fmt.Sprint(name, len(body)))
	if !l.mute {
		w.Header().Set("ETag", tag)
	}
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	l.asked = append(l.asked, name)
	w.Write(body)
}

// note is a message of a month.
func note(name string, at time.Time) string {
	return fmt.Sprintf("From jo at a.example  %s\nFrom: jo at a.example (Jo Doe)\nDate: %s\nSubject: %s\nMessage-ID: <%[3]s@a.example>\n\nOf %[3]s we know 192.0.2.1.\n\n", at.Format(time.ANSIC), at.Format(time.RFC1123Z), name)
}

func packed(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// reads opens an archive at a moment.
func reads(t *testing.T, l *list, now *time.Time) collect.Source {
	t.Helper()
	srv := httptest.NewServer(l)
	t.Cleanup(srv.Close)
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	client, err := fetch.New(fetch.Options{Ports: []uint16{uint16(port)}, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Pace: &fetch.Pace{PerSecond: 1000}})
	if err != nil {
		t.Fatal(err)
	}
	env := collect.Env{ID: "test", Fetch: client, Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Now: func() time.Time { return *now },
		Reject: func(item string, reason error) { t.Errorf("rejected %s: %v", item, reason) }}
	source, err := Connector.Open(env, collect.Strict(fmt.Appendf(nil, `{"url": "%s/pipermail/talk/"}`, srv.URL)))
	if err != nil {
		t.Fatal(err)
	}
	return source
}

func TestMonthsAreReadOnceButForTheLastTwo(t *testing.T) {
	now := time.Date(2026, 3, 20, 0, 0, 0, 0, time.UTC)
	day := func(month time.Month, day int) time.Time { return time.Date(2026, month, day, 1, 2, 3, 0, time.UTC) }
	l := &list{files: map[string][]byte{
		"2026-January.txt.gz":  packed(t, note("jan", day(1, 5))),
		"2026-February.txt.gz": packed(t, note("feb", day(2, 5))),
		"2026-March.txt":       []byte(note("mar", day(3, 5))),
	}}
	source := reads(t, l, &now)
	var at intel.Cursor
	var docs []intel.Document
	visit := func(source collect.Source, want, asked string) {
		t.Helper()
		docs, l.asked = nil, nil
		if err := source.Collect(t.Context(), at, func(doc intel.Document, next intel.Cursor) error {
			docs, at = append(docs, doc), next
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, d := range docs {
			got = append(got, d.Title)
		}
		if s := strings.Join(got, " "); s != want || strings.Join(l.asked, " ") != asked {
			t.Errorf("read %q of %q, want %q of %q", s, l.asked, want, asked)
		}
	}
	visit(source, "jan feb mar", "2026-January.txt.gz 2026-February.txt.gz 2026-March.txt")
	visit(source, "", "")
	now = day(4, 2)
	l.files["2026-March.txt"] = append(l.files["2026-March.txt"], note("late", day(3, 31))...)
	visit(source, "late", "2026-March.txt")
	if d := docs[0]; d.Assumed || d.Learned != now || d.Channel != "mail/talk.127.0.0.1" || !strings.HasSuffix(d.URL, "/pipermail/talk/2026-March/thread.html") {
		t.Errorf("what is new: %+v", d)
	}
	l.files["2026-April.txt"] = []byte(note("apr", day(4, 1)))
	l.files["2026-March.txt.gz"] = packed(t, note("mar", day(3, 5))+note("late", day(3, 31))+note("later", day(3, 31)))
	delete(l.files, "2026-March.txt")
	visit(source, "later apr", "2026-March.txt.gz 2026-April.txt")
	l.files["2026-February.txt.gz"] = packed(t, note("feb", day(2, 5))+note("never", day(2, 6)))
	visit(source, "", "")
	visit(reads(t, l, &now), "", "2026-March.txt.gz 2026-April.txt") // after a restart
}

func TestABusyMonthThatDidNotChangeIsNotGivenAgain(t *testing.T) {
	now := time.Date(2026, 3, 20, 0, 0, 0, 0, time.UTC)
	var text strings.Builder
	const all = 2500 // more than a cursor remembers
	for i := range all {
		text.WriteString(note(fmt.Sprint("n", i), now.AddDate(0, 0, -1)))
	}
	l := &list{files: map[string][]byte{"2026-March.txt": []byte(text.String())}, mute: true}
	source := reads(t, l, &now)
	n, at := 0, intel.Cursor("")
	for range 2 {
		if err := source.Collect(t.Context(), at, func(_ intel.Document, next intel.Cursor) error { n, at = n+1, next; return nil }); err != nil || n != all {
			t.Errorf("%d documents, err %v", n, err)
		}
	}
}

func TestABusyMonthThatIsWordedAnewGivesWhatIsNew(t *testing.T) {
	now := time.Date(2026, 3, 20, 0, 0, 0, 0, time.UTC)
	const all = 2500 // more than a cursor remembers
	month := func(boundary string, messages int) []byte {
		var text strings.Builder
		for i := range messages {
			head, body, _ := strings.Cut(note(fmt.Sprint("n", i), now.AddDate(0, 0, -1)), "\n\n")
			fmt.Fprintf(&text, "%s\nContent-Type: multipart/mixed; boundary=%[2]s\n\n--%[2]s\n\n%[3]s--%[2]s--\n\n", head, boundary, body)
		}
		return []byte(text.String())
	}
	l := &list{mute: true}
	source := reads(t, l, &now)
	at := intel.Cursor("")
	for i, want := range []int{all, 0, 1} {
		l.files = map[string][]byte{"2026-March.txt": month(fmt.Sprint("b", i), all+i/2)}
		n := 0
		if err := source.Collect(t.Context(), at, func(_ intel.Document, next intel.Cursor) error { n, at = n+1, next; return nil }); err != nil || n != want {
			t.Errorf("visit %d: %d documents, want %d, err %v", i, n, want, err)
		}
	}
}

// exports answers as HyperKitty 1.3.12 did, of an archive that its hyperkitty_import made of
// invented posts: what it gave out stands in testdata.
func exports(t *testing.T, again *bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		name, ok := strings.CutPrefix(r.URL.Path, "/archives/list/talk@lists.b.example/export/talk@lists.b.example-")
		if *again && strings.HasPrefix(name, "2026-02") {
			name = "2026-02.again.mbox.gz"
		}
		body, err := os.ReadFile("testdata/hyperkitty/" + name)
		if !ok || err != nil {
			t.Errorf("asked for %s: %v", r.URL, err)
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/gzip")
		w.Header().Set("Content-Disposition", "attachment; filename=\"talk@lists.b.example-"+name+"\"")
		w.Header().Set("Vary", "Accept-Language, Cookie")
		w.Write(body)
	}
}

func TestWhatHyperKittyGaveOutIsRead(t *testing.T) {
	now, again := time.Date(2026, 4, 20, 0, 0, 0, 0, time.UTC), false
	srv := httptest.NewServer(exports(t, &again))
	t.Cleanup(srv.Close)
	env := collecttest.Local(t, srv.URL, fetch.Options{})
	env.Now = func() time.Time { return now }
	source, err := Connector.Open(env, collect.Strict(fmt.Appendf(nil, `{"url": "%s/archives/list/talk@lists.b.example/", "since": "2026-02"}`, srv.URL)))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	at := intel.Cursor("")
	emit := func(doc intel.Document, next intel.Cursor) error {
		got, at = append(got, doc.Published.Format(time.DateTime)+" "+doc.Author+": "+doc.Title+": "+doc.Text), next
		if doc.Channel != "mail/talk.lists.b.example" || !doc.Assumed {
			t.Errorf("%+v", doc)
		}
		return nil
	}
	if err := source.Collect(t.Context(), at, emit); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"2026-02-02 03:04:05 mail/Jo Doe: new C2: Seen at 192.0.2.1, and at https://c2.example/gate?a=1&b=2 .\n\nFrom the logs of 10:15 it came back.\nFrom quoted by hand\n.\n-- \nJo",
		"2026-02-03 08:04:05 mail/Ann Döe: Re: new C2, größer als gedacht und mit einem sehr langen Betreff, der gefaltet wird: On Mon, Jo Doe wrote:\n> Seen at 192.0.2.1.\n\nGrüße, auch an bob@c.example – und 192.0.2.2.",
		"2026-02-28 23:59:59 mail/Bob, of C: samples: Hashes are attached.\n\nhash,name\n" + strings.Repeat("a", 64) + ",x.exe\n\nAttachment: \"sampleä.zip\" (application/zip, 13 bytes, sha256-c7qLEIHc7+9m3vmmoQwCsuNpY8+J01pz/7Pvj1iOEl0=)",
		"2026-04-01 03:04:05 mail/Eve: in HTML: Plain of 192.0.2.3.",
		"2026-04-01 04:04:05 mail/Fay: HTML alone: Only HTML: see <https://evil.example/x> 192.0.2.4",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	again = true
	if err := source.Collect(t.Context(), at, emit); err != nil || len(got) != len(want) {
		t.Errorf("again: %q, err %v", got[len(want):], err)
	}
}

func TestAMonthThatBreaksOffGivesWhatIsWhole(t *testing.T) {
	now := time.Date(2026, 3, 20, 0, 0, 0, 0, time.UTC)
	var text strings.Builder
	for i := range 2000 {
		text.WriteString(note(fmt.Sprint("n", i, strings.Repeat("x", i%50)), now.AddDate(0, 0, -1)))
	}
	whole := packed(t, text.String())
	l := &list{files: map[string][]byte{"2026-March.txt.gz": whole[:len(whole)/2]}}
	n := 0
	emit := func(intel.Document, intel.Cursor) error { n++; return nil }
	if err := reads(t, l, &now).Collect(t.Context(), "", emit); err == nil || n < 100 || n >= 2000 {
		t.Errorf("%d documents, err %v", n, err)
	}
}

func TestAMonthLikeABombIsNamedAndReadNoFurther(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := io.WriteString(z, strings.Repeat("x", 100))
	if err = errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	b, err := collect.Unpack(packed.Bytes(), 50)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, b); err == nil || n > 50 {
		t.Errorf("read %d, err %v", n, err)
	}
}

func TestWhatIsNoArchiveIsRefusedInSettings(t *testing.T) {
	for settings, want := range map[string]string{
		`{}`: "url is missing", `{"url":"ftp://lists.b.example/"}`: "url", `{"url":"https://lists.b.example/pipermail/talk","since":"March"}`: "since", `{"url":"https://lists.b.example"}`: "",
	} {
		_, err := Connector.Open(collect.Env{ID: "test"}, collect.Strict([]byte(settings)))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", settings, err, want)
		}
	}
}

func FuzzListed(f *testing.F) {
	f.Add([]byte(`<td><A href="2026-March.txt.gz">[ Gzip'd Text 2 KB ]</a></td>`))
	f.Add([]byte("<a href='Week-of-Mon-20260302.txt'>x</a><a href=2026q1.txt>x</a><a href=\"%zz.txt\">"))
	base := &url.URL{Scheme: "https", Host: "lists.b.example", Path: "/pipermail/talk/"}
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) > 1<<16 {
			return
		}
		for _, m := range listed(body, base) {
			if !strings.HasPrefix(m.address, "https://lists.b.example/pipermail/talk/") || m.at.IsZero() {
				t.Errorf("%q leads to %+v", body, m)
			}
		}
	})
}
