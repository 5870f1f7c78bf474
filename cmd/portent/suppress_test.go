package main

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/web"
)

// onEachStore runs f on an empty store of every engine. PostgreSQL is skipped
// when PORTENT_TEST_POSTGRES is unset, which CI never leaves unset.
func onEachStore(t *testing.T, f func(t *testing.T, db string)) {
	t.Run("sqlite", func(t *testing.T) { f(t, newStore(t)) })
	t.Run("postgres", func(t *testing.T) {
		server := os.Getenv("PORTENT_TEST_POSTGRES")
		if server == "" {
			if os.Getenv("CI") == "true" {
				t.Fatal("PORTENT_TEST_POSTGRES is unset; CI must test on PostgreSQL")
			}
			t.Skip("PORTENT_TEST_POSTGRES is unset: PostgreSQL is not tested")
		}
		pool, err := sql.Open("pgx", server)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256([]byte(t.Name() + time.Now().String()))
		schema := "test_" + hex.EncodeToString(sum[:8])
		if _, err := pool.ExecContext(t.Context(), "CREATE SCHEMA "+schema); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if _, err := pool.Exec("DROP SCHEMA " + schema + " CASCADE"); err != nil {
				t.Error(err)
			}
			pool.Close()
		})
		u, err := url.Parse(server)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		q.Set("search_path", schema)
		u.RawQuery = q.Encode()
		f(t, u.String())
	})
}

// What "cold lynx" is said to use: one document each, of two sources.
var lynxUses = []string{"ipv4:45.134.21.8", "ipv4:45.134.21.9", "domain:c2.lynx-c2.net", "domain:lynx-c2.net", "url:https://files.lynx-c2.net/kit/a.zip", "url:https://files.lynx-c2.net/other"}

// lynxStore holds a profile with lynxUses.
func lynxStore(t *testing.T, db string) {
	t.Helper()
	for _, source := range []string{"a", "b"} {
		var b strings.Builder
		for i, v := range lynxUses {
			fmt.Fprintf(&b, `{"text":"Seen by %s, item %d of the list.","author":"%s","published":"2026-05-01T00:00:00Z","claims":[{"subject":%q,"relation":"indicates","object":"actor:cold-lynx"}]}`+"\n", source, i, source, v)
		}
		printed(t, exitDone, "--db", db, "--now", "2026-05-02", "import", "--as", "documents", "--source", source, "--reliability", "A", file(t, "d.jsonl", []byte(b.String())))
	}
}

// lists is a folder of warninglists, by name; those of networks are of type cidr.
func lists(t *testing.T, values map[string][]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, list := range values {
		sort, about := "hostname", []string{"domain", "hostname", "url"}
		if strings.HasPrefix(name, "net-") {
			sort, about = "cidr", []string{"ip-src", "ip-dst"}
		}
		body, err := json.Marshal(map[string]any{"name": name, "type": sort, "matching_attributes": about, "list": list})
		if err != nil {
			t.Fatal(err)
		}
		at := filepath.Join(dir, "misp-warninglists", "lists", name)
		if err := os.MkdirAll(at, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(at, "list.json"), body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// lynx returns the reason by which each indicator of the profile is set aside,
// "" for one that is believed, and checks that every other form agrees.
func lynx(t *testing.T, db string, args ...string) map[string]string {
	t.Helper()
	head := append([]string{"--db", db, "-q"}, args...)
	with := func(args ...string) []string { return append(append([]string{}, head...), args...) }
	var p struct {
		IOC []struct {
			Entity, Suppressed, Confidence string
			Probability                    float64
		}
	}
	if err := json.Unmarshal([]byte(printed(t, exitDone, with("profile", "cold lynx", "--format", "json")...)), &p); err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	aside := false
	var values strings.Builder
	for _, r := range p.IOC {
		out[r.Entity] = r.Suppressed
		_, value, _ := strings.Cut(r.Entity, ":")
		values.WriteString(value + "\n")
		if r.Suppressed == "" && aside {
			t.Errorf("%s is believed and stands behind what is not", r.Entity)
		}
		aside = aside || r.Suppressed != ""
		if low := r.Confidence == "Low" && r.Probability <= 0.3; low != (r.Suppressed != "") {
			t.Errorf("%s: %s (%.2f), set aside: %q", r.Entity, r.Confidence, r.Probability, r.Suppressed)
		}
	}
	if len(out) != len(lynxUses) {
		t.Fatalf("the profile shows %d indicators, want %d: %v", len(out), len(lynxUses), out)
	}
	if args[0] != "--as-of" { // hunts and ratings are of now
		agree(t, out, values.String(), with)
	}
	return out
}

type finding struct{ Value, Suppressed, Level string }

// agree checks that lookups, ratings, the STIX form, the text of the profile and
// hunts say the same of each value as the profile does.
func agree(t *testing.T, out map[string]string, values string, with func(...string) []string) {
	t.Helper()
	list, log := file(t, "list.csv", []byte(values)), file(t, "access.log", []byte(values))
	stix := printed(t, exitDone, with("profile", "cold lynx", "--format", "stix")...)
	markdown := printed(t, exitDone, with("profile", "cold lynx")...)
	hunted := printed(t, exitDone, with("--json", "hunt", "--min-probability", "0.02", log)...)
	rated := printed(t, exitDone, with("--json", "rate", list)...)
	found := map[string]finding{}
	for _, line := range strings.Split(strings.TrimSpace(printed(t, exitDone, with(append([]string{"--json", "lookup"}, strings.Fields(values)...)...)...)), "\n") {
		var f finding
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatal(err)
		}
		found[f.Value] = f
	}
	for e, reason := range out {
		_, value, _ := strings.Cut(e, ":")
		f := found[value]
		if f.Suppressed != reason || (reason != "") != (f.Level == "Low") {
			t.Errorf("lookup of %s says %q, %s; the profile %q", e, f.Suppressed, f.Level, reason)
		}
		if is := strings.Contains(rated, fmt.Sprintf(`"value":%q,"grade":"F"`, value)); is != (reason != "") {
			t.Errorf("rate grades %s F: %v; set aside is %q\n%s", e, is, reason, rated)
		}
		if is := strings.Contains(stix, "'"+value+"'"); is != (reason == "") {
			t.Errorf("the STIX form has %s: %v; set aside is %q", e, is, reason)
		}
		if is := strings.Contains(hunted, fmt.Sprintf("%q", e)); is != (reason == "") {
			t.Errorf("a hunt finds %s: %v; set aside is %q\n%s", e, is, reason, hunted)
		}
		if reason != "" && !strings.Contains(markdown, reason) {
			t.Errorf("the profile's text lacks the reason %q\n%s", reason, markdown)
		}
	}
}

// wantAside checks which values are set aside for a reason that begins so.
func wantAside(t *testing.T, got map[string]string, reason string, want ...string) {
	t.Helper()
	for e, r := range got {
		is := false
		for _, w := range want {
			is = is || w == e
		}
		if is != (r != "") || is && !strings.HasPrefix(r, reason) {
			t.Errorf("%s is set aside for %q; want %v for %q", e, r, is, reason)
		}
	}
}

func TestAListThatGainsAndLosesAValueHoldsForAllThatIsKept(t *testing.T) {
	onEachStore(t, func(t *testing.T, db string) {
		lynxStore(t, db)
		sync := func(day string, values map[string][]string) (s struct {
			Screened struct {
				Values, SetAside, Returned, Renamed, Derived int
			}
		}) {
			t.Helper()
			text := printed(t, exitDone, "--db", db, "--now", day, "--json", "sync", "--from", lists(t, values), "warninglists")
			text = strings.NewReplacer("set_aside", "SetAside").Replace(text)
			if err := json.Unmarshal([]byte(text), &s); err != nil {
				t.Fatal(err)
			}
			return s
		}
		sync("2026-05-03", map[string][]string{"other": {"unrelated.org"}})
		wantAside(t, lynx(t, db, "--now", "2026-05-03"), "")

		s := sync("2026-05-04", map[string][]string{"net-cdn": {"45.134.21.8/31"}, "sites": {"files.lynx-c2.net"}})
		if s.Screened.Values != len(lynxUses) || s.Screened.SetAside != 4 || s.Screened.Returned != 0 || s.Screened.Derived != 4 {
			t.Errorf("the list that gains: %+v; want 4 of %d set aside, and the documents of the addresses alone derived again", s.Screened, len(lynxUses))
		}
		got := lynx(t, db, "--now", "2026-05-04")
		wantAside(t, got, "warninglist: ", "ipv4:45.134.21.8", "ipv4:45.134.21.9", "url:https://files.lynx-c2.net/kit/a.zip", "url:https://files.lynx-c2.net/other")
		if got["ipv4:45.134.21.8"] != "warninglist: net-cdn" {
			t.Errorf("the list is not named: %q", got["ipv4:45.134.21.8"])
		}

		if s := sync("2026-05-05", map[string][]string{"net-cdn": {"45.134.21.9/32"}, "sites": {"files.lynx-c2.net"}}); s.Screened.SetAside != 0 || s.Screened.Returned != 1 {
			t.Errorf("the list that loses: %+v; want one that returns", s.Screened)
		}
		wantAside(t, lynx(t, db, "--now", "2026-05-05"), "warninglist: ", "ipv4:45.134.21.9", "url:https://files.lynx-c2.net/kit/a.zip", "url:https://files.lynx-c2.net/other")
		if s := sync("2026-05-06", map[string][]string{"net-cdn": {"45.134.21.9/32"}, "pages": {"files.lynx-c2.net"}}); s.Screened.Renamed != 2 {
			t.Errorf("the list under another name: %+v; want two for another reason", s.Screened)
		}
		wantAside(t, lynx(t, db, "--as-of", "2026-05-03T12:00:00Z"), "") // what was believed then
		wantAside(t, lynx(t, db, "--as-of", "2026-05-04T12:00:00Z"), "warninglist: ", "ipv4:45.134.21.8", "ipv4:45.134.21.9", "url:https://files.lynx-c2.net/kit/a.zip", "url:https://files.lynx-c2.net/other")
	})
}

func TestEachFormOfAWordCoversWhatItSaysAndIsUndone(t *testing.T) {
	onEachStore(t, func(t *testing.T, db string) {
		lynxStore(t, db)
		run := func(args ...string) {
			t.Helper()
			printed(t, exitDone, append([]string{"--db", db, "--now", "2026-05-03"}, args...)...)
		}
		for _, form := range []struct {
			args []string
			want []string
		}{
			{[]string{"45.134.21.8"}, []string{"ipv4:45.134.21.8"}},
			{[]string{"45.134.21[.]8"}, []string{"ipv4:45.134.21.8"}},
			{[]string{"45.134.21.8/31"}, []string{"ipv4:45.134.21.8", "ipv4:45.134.21.9"}},
			{[]string{"lynx-c2.net"}, []string{"domain:lynx-c2.net"}},
			{[]string{"LYNX-c2.net", "--subdomains"}, []string{"domain:lynx-c2.net", "domain:c2.lynx-c2.net", "url:https://files.lynx-c2.net/kit/a.zip", "url:https://files.lynx-c2.net/other"}},
			{[]string{"*.c2.lynx-c2.net"}, []string{"domain:c2.lynx-c2.net"}},
			{[]string{"hxxps://files.lynx-c2[.]net/other"}, []string{"url:https://files.lynx-c2.net/other"}},
			{[]string{"https://Files.lynx-c2.net/kit/*"}, []string{"url:https://files.lynx-c2.net/kit/a.zip"}},
		} {
			run(append([]string{"suppress", "--by", "ana", "--reason", "ours"}, form.args...)...)
			wantAside(t, lynx(t, db, "--now", "2026-05-03"), "analyst:ana: ours", form.want...)
			run(append([]string{"suppress", "undo", "--by", "ana"}, form.args...)...)
		}
		wantAside(t, lynx(t, db, "--now", "2026-05-03"), "")
		all := printed(t, exitDone, "--db", db, "suppress", "list", "--all")
		if n := strings.Count(all, "\n"); n != 16 {
			t.Errorf("%d words are kept, want all 16:\n%s", n, all)
		}
	})
}

func TestASuppressedURLStaysSoInEverySpellingOfAFeed(t *testing.T) {
	db := newStore(t)
	printed(t, exitDone, "--db", db, "--now", "2026-11-20", "suppress", "https://pfx.top/kit/*")
	list := "indicator,malware,date\n"
	for _, url := range []string{"https://PFX.TOP/kit/a", "https://pfx.top./kit/b", "https://u:p@pfx.top/kit/c", "https://pfx.top:443/kit/d", "https://pfx.top/%6bit/e", "https://pfx.top/./kit/f"} {
		list += url + ",CobaltStrike,2026-11-20\n"
	}
	printed(t, exitDone, "--db", db, "import", "--source", "lab", "--reliability", "B", file(t, "v6.csv", []byte(list)))
	var p struct {
		IOC []intel.Row
	}
	if err := json.Unmarshal([]byte(printed(t, exitDone, "--db", db, "--now", "2026-11-28", "profile", "--format", "json", "malware:cobaltstrike")), &p); err != nil {
		t.Fatal(err)
	}
	if len(p.IOC) != 6 {
		t.Errorf("%d rows, want 6", len(p.IOC))
	}
	for _, row := range p.IOC {
		if row.Suppressed == "" || row.Level != intel.Low {
			t.Errorf("%s is %s (%.2f), not set aside", row.Value, row.Level, row.Probability)
		}
	}
}

func TestAWordEndsByItselfAndTheLastThatHoldsCounts(t *testing.T) {
	onEachStore(t, func(t *testing.T, db string) {
		lynxStore(t, db)
		printed(t, exitDone, "--db", db, "--now", "2026-05-03", "sync", "--from", lists(t, map[string][]string{"net-cdn": {"45.134.21.8/32"}}), "warninglists")
		wantAside(t, lynx(t, db, "--now", "2026-05-03"), "warninglist", "ipv4:45.134.21.8")

		// Ana disputes the list for a while, Bob the whole network for less.
		printed(t, exitDone, "--db", db, "--now", "2026-05-04", "unsuppress", "45.134.21.8", "--until", "2026-06-01", "--by", "ana", "--reason", "rented by them")
		wantAside(t, lynx(t, db, "--now", "2026-05-04"), "")
		printed(t, exitDone, "--db", db, "--now", "2026-05-05", "suppress", "45.134.21.0/24", "--until", "2026-05-20", "--by", "bob", "--reason", "our exercise")
		wantAside(t, lynx(t, db, "--now", "2026-05-05"), "analyst:bob, until 2026-05-20: our exercise", "ipv4:45.134.21.8", "ipv4:45.134.21.9")

		text := printed(t, exitDone, "--db", db, "--now", "2026-05-05", "lookup", "45.134.21.8")
		for _, both := range []string{"set aside (analyst:bob", "usually benign by lists (warninglist: net-cdn)", "analyst:ana takes for an indicator all the same ipv4:45.134.21.8 until 2026-06-01: rented by them", "analyst:bob sets aside cidr:45.134.21.0/24"} {
			if !strings.Contains(text, both) {
				t.Errorf("the lookup lacks %q:\n%s", both, text)
			}
		}
		wantAside(t, lynx(t, db, "--now", "2026-05-20"), "") // Bob's word has ended, Ana's holds
		wantAside(t, lynx(t, db, "--now", "2026-06-01"), "warninglist", "ipv4:45.134.21.8")
		wantAside(t, lynx(t, db, "--as-of", "2026-05-04T12:00:00Z"), "") // nobody had heard Bob
		wantAside(t, lynx(t, db, "--as-of", "2026-05-10"), "analyst:bob", "ipv4:45.134.21.8", "ipv4:45.134.21.9")
		if list := printed(t, exitDone, "--db", db, "--now", "2026-05-21", "suppress", "list"); strings.Contains(list, "bob") || !strings.Contains(list, "ana") {
			t.Errorf("what holds on 2026-05-21:\n%s", list)
		}
	})
}

func TestAVerdictDerivesNothingAgain(t *testing.T) {
	db := newStore(t)
	lynxStore(t, db)
	count := func() (n [3]int) {
		t.Helper()
		pool, err := sql.Open("sqlite", strings.TrimPrefix(db, "sqlite:"))
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		err = pool.QueryRowContext(t.Context(), `SELECT (SELECT COUNT(*) FROM evidence) + (SELECT COUNT(*) FROM former_evidence), (SELECT SUM(observations) FROM findings), (SELECT SUM(at) FROM assessments)`).Scan(&n[0], &n[1], &n[2])
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := count()
	printed(t, exitDone, "--db", db, "--now", "2026-05-04", "suppress", "lynx-c2.net", "--subdomains")
	printed(t, exitDone, "--db", db, "--now", "2026-05-04", "suppress", "undo", "lynx-c2.net", "--subdomains")
	if after := count(); after != before {
		t.Errorf("pieces of evidence, observations and assessments: %v, want %v as before", after, before)
	}
}

func TestAWordThatIsNoneIsRefusedWithWhatToWrite(t *testing.T) {
	db := newStore(t)
	for _, bad := range []struct {
		args []string
		says string
	}{
		{[]string{"suppress", "45.134.21.8/24"}, "write 45.134.21.0/24"},
		{[]string{"suppress", "0.0.0.0/0"}, "widest"},
		{[]string{"suppress", "::/3"}, "widest"},
		{[]string{"suppress", "co.uk", "--subdomains"}, "name a domain below it"},
		{[]string{"suppress", "github.io", "--subdomains"}, "name a domain below it"},
		{[]string{"suppress", "45.134.21.8/33"}, "is no network"},
		{[]string{"unsuppress", "45.134.21.8/x"}, "is no network"},
		{[]string{"suppress", "undo", "2001:db8::1/129"}, "is no network"},
		{[]string{"suppress", "45.134.21.8", "--subdomains"}, "goes with a domain"},
		{[]string{"suppress", "https://evil.org*"}, "go on with a slash"},
		{[]string{"suppress", "actor:cold-lynx"}, "portent alias"},
		{[]string{"suppress", "Cold Lynx"}, "give an address"},
		{[]string{"unsuppress", "evil.org", "--until", "2020-01-01"}, "is past"},
		{[]string{"unsuppress", "evil.org", "--until", "tomorrow"}, "no time such as"},
		{[]string{"suppress"}, "expected"},
	} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), append([]string{"--db", db, "--now", "2026-05-04"}, bad.args...), strings.NewReader(""), &out, &errs); code != exitUsage || !strings.Contains(errs.String(), bad.says) {
			t.Errorf("%v: exit %d, %s; want a word of %q", bad.args, code, &errs, bad.says)
		}
	}
	if s, err := intel.ParseScope("domain:*.github.io"); err != nil || !s.OfAnybody() {
		t.Errorf("what an older version took is %v, err %v; it must be read, and be undone", s, err)
	}
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"--db", db, "suppress", "undo", "evil.org"}, strings.NewReader(""), &out, &errs); code != exitFailed || !strings.Contains(errs.String(), "suppress list") {
		t.Errorf("undo of nothing: exit %d, %s", code, &errs)
	}
}

func TestPagesShowWhatIsSetAsideNowAndNotWhatWas(t *testing.T) {
	db := newStore(t)
	lynxStore(t, db)
	ask := func() (mention, indicator, row string) {
		t.Helper()
		at := time.Date(2026, 5, 5, 0, 0, 0, 0, time.UTC)
		a := newApp(&cli{DB: db, Now: at, Quiet: true}, nil, nil, nil)
		defer a.close()
		ed, err := a.editor(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		v := &views{ed: ed, db: a.db, now: a.now}
		e := intel.Entity{Kind: intel.IPv4, Name: "45.134.21.8"}
		i, err := v.Indicator(t.Context(), a.reader(), e, 5)
		if err != nil || len(i.Documents) == 0 {
			t.Fatalf("%+v, err %v", i, err)
		}
		p, err := v.Profile(t.Context(), a.reader(), intel.Entity{Kind: intel.Actor, Name: "cold-lynx"}, web.Window{})
		if err != nil || p.Totals["ioc"] != len(lynxUses) {
			t.Fatalf("%v, err %v", p.Totals, err)
		}
		for _, r := range p.IOC {
			if r.Entity == e {
				row = r.Suppressed
			}
		}
		d, err := v.Document(t.Context(), a.reader(), i.Documents[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range d.Observations {
			if o.Entity == e {
				mention = o.Suppressed
			}
		}
		return mention, i.Suppressed, row
	}
	for _, step := range []struct {
		want string
		args []string
	}{
		{"", nil},
		{"warninglist: net-cdn", []string{"sync", "--from", lists(t, map[string][]string{"net-cdn": {"45.134.21.8/32"}}), "warninglists"}},
		{"", []string{"unsuppress", "45.134.21.8", "--by", "ana"}},
		{"analyst:bob: ours", []string{"suppress", "45.134.21.0/28", "--by", "bob", "--reason", "ours"}},
		{"", []string{"suppress", "undo", "45.134.21.0/28"}},
	} {
		if step.args != nil {
			printed(t, exitDone, append([]string{"--db", db, "--now", "2026-05-04"}, step.args...)...)
		}
		if mention, indicator, row := ask(); mention != step.want || indicator != step.want || row != step.want {
			t.Errorf("after %v: in its document %q, on its page %q, on its actor's %q; want %q", step.args, mention, indicator, row, step.want)
		}
	}
}

// The history names who ruled and who took it back, the list what still decides.
func TestWhoTookAWordBackIsNamedAndWhatCountsIsMarked(t *testing.T) {
	db, row := newStore(t), "ipv4:45.134.21.8 indicates actor:cold-lynx"
	printed(t, exitDone, "--db", db, "-q", "--now", "2026-03-04", "import", "--source", "feed", "--as", "documents", "--reliability", "B", file(t, "d.jsonl", claims(row)))
	for _, args := range [][]string{
		{"2026-03-05", "suppress", "45.134.21.8", "--by", "ana", "--reason", "ours"},
		{"2026-03-06", "unsuppress", "45.134.21.0/24", "--by", "ben", "--reason", "not ours"},
	} {
		printed(t, exitDone, append([]string{"--db", db, "--now"}, args...)...)
	}
	if list := printed(t, exitDone, "--db", db, "--now", "2026-03-07", "suppress", "list"); strings.Contains(list, "analyst:ana ") || !strings.Contains(list, "analyst:ben ") {
		t.Errorf("want what decides alone:\n%s", list)
	}
	all := printed(t, exitDone, "--db", db, "--now", "2026-03-07", "suppress", "list", "--all")
	if lines := strings.Split(all, "\n"); !strings.HasSuffix(lines[0], " (counts no more)") || strings.Contains(lines[1], "counts no more") {
		t.Errorf("want the first marked:\n%s", all)
	}
	if all := printed(t, exitDone, "--db", db, "--now", "2026-03-07", "--json", "suppress", "list", "--all"); !strings.Contains(all, `"counts":false`) || !strings.Contains(all, `"counts":true`) {
		t.Errorf("want it in JSON too:\n%s", all)
	}
	printed(t, exitDone, "--db", db, "--now", "2026-03-08", "suppress", "undo", "45.134.21.0/24", "--by", "carol")
	printed(t, exitDone, "--db", db, "--now", "2026-03-09", "suppress", "undo", "45.134.21.8", "--by", "dan", "--reason", "a slip")
	history := printed(t, exitDone, "--db", db, "--now", "2026-03-10", "explain", "--history", row)
	for _, want := range []string{"set aside: analyst:ana: ours; analyst:ana: suppress ipv4:45.134.21.8", "no longer set aside: analyst:ana: ours; analyst:ben: unsuppress cidr:45.134.21.0/24, not ours",
		"set aside: analyst:ana: ours; analyst:carol: undo suppress cidr:45.134.21.0/24", "no longer set aside: analyst:ana: ours; analyst:dan: undo suppress ipv4:45.134.21.8, a slip"} {
		if !strings.Contains(history, want) {
			t.Errorf("want %q in\n%s", want, history)
		}
	}
}
