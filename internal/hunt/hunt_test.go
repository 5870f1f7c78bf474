package hunt

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/portent-cti/portent/internal/figures"
	"github.com/portent-cti/portent/internal/intel"
)

// marks reads entities in their written form.
func marks(tb testing.TB, written ...string) *Set {
	tb.Helper()
	var b Builder
	for _, w := range written {
		e, err := intel.ParseEntity(w)
		if err != nil {
			tb.Fatal(err)
		}
		b.Add(Mark{Entity: e, Probability: 0.5, Actors: []string{"actor:cold-lynx"}})
	}
	return b.Set()
}

// hunted returns the matches in a log, as "LINE OFFSET ENTITY FIELD".
func hunted(tb testing.TB, s *Scanner, log string) []string {
	tb.Helper()
	var out []string
	err := s.Scan(tb.Context(), strings.NewReader(log), 0, func(m Match) error {
		out = append(out, fmt.Sprintf("%d %d %s %s", m.Line, m.Offset, m.Entity, m.Field))
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

// entities returns what is found in a text, without where.
func entities(tb testing.TB, set *Set, text string) []string {
	tb.Helper()
	var out []string
	err := NewScanner(set).Scan(tb.Context(), strings.NewReader(text), 0, func(m Match) error {
		out = append(out, m.Entity.String())
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

const (
	md5sum = "d41d8cd98f00b204e9800998ecf8427e"
	sum256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)

// everything is one of each sort.
func everything(tb testing.TB) *Set {
	return marks(tb, "ipv4:192.0.2.7", "ipv6:2001:db8::7", "cidr:198.51.100.0/24", "cidr:198.51.100.128/25", "cidr:2001:db8:5::/48",
		"domain:evil.example", "onion:abcdefghijklmnop.onion", "url:http://cdn.example/drop/a.bin?id=7", "url:https://share.example/x/",
		"url:http://192.0.2.9:8080/p", "email:bob@mail.example", "md5:"+md5sum, "sha256:"+sum256, "btc:bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
		"eth:0xde0B295669a9FD93d5F28D9Ec85E40f4cb697BAe", "filename:dropper.exe", "filename:quarterly report.pdf", "user-agent:EvilClient/1.0 (beta)",
		"domain:xn----8sbcooqjmlkd.xn--p1ai", "url:http://xn--fsqu00a.example/x", `registry-key:HKLM\Software\Nightbell`, "mutex:Global\\nightbell-7", "command:whoami /all /fo csv")
}

func TestIndicatorsAreFoundInEverySpelling(t *testing.T) {
	set := everything(t)
	for text, want := range map[string]string{
		"from 192.0.2.7 to":                           "ipv4:192.0.2.7",
		"192.0.2.7":                                   "ipv4:192.0.2.7",
		"192.0.2.7:8080":                              "ipv4:192.0.2.7",
		"(192.0.2.7).":                                "ipv4:192.0.2.7",
		"a=192.0.2.7,b":                               "ipv4:192.0.2.7",
		"u=%20192.0.2.7%20":                           "ipv4:192.0.2.7",
		"conn_192.0.2.7-5555.log":                     "ipv4:192.0.2.7",
		"11192.0.2.7 192.0.2.77 192.0.2.7.8":          "",
		"::ffff:192.0.2.7 up":                         "ipv4:192.0.2.7",
		"::ffff:c000:207 up":                          "ipv4:192.0.2.7",
		"198.51.100.9":                                "cidr:198.51.100.0/24",
		"198.51.100.200":                              "cidr:198.51.100.128/25",
		"198.51.101.9":                                "",
		"2001:db8::7":                                 "ipv6:2001:db8::7",
		"[2001:DB8:0:0:0::7]:443":                     "ipv6:2001:db8::7",
		"x 2001:0db8:0000:0000:0000:0000:0000:0007.":  "ipv6:2001:db8::7",
		"fe 2001:db8::7%eth0":                         "ipv6:2001:db8::7",
		"2001:db8::7: refused":                        "ipv6:2001:db8::7",
		"2001:db8::77 12001:db8::7 2001:db8::7:1":     "",
		"2001:db8:5:1::9":                             "cidr:2001:db8:5::/48",
		"10:15:32 00:11:22:33:44:55":                  "",
		"EVIL.example":                                "domain:evil.example",
		"a.b.evil.example.":                           "domain:evil.example",
		"Domain=.evil.example;":                       "domain:evil.example",
		"notevil.example evil.example.net xevil":      "",
		"evil.example.exe":                            "",
		`msg\nevil.example\n`:                         "domain:evil.example",
		"q=http%3A%2F%2Fevil.example%2F":              "domain:evil.example",
		"http://www.abcdefghijklmnop.onion/":          "onion:abcdefghijklmnop.onion",
		"http://cdn.example/drop/a.bin?id=7":          "url:http://cdn.example/drop/a.bin?id=7",
		"see https://CDN.example/drop/a.bin?id=7.":    "url:http://cdn.example/drop/a.bin?id=7",
		`"http:\/\/cdn.example\/drop\/a.bin?id=7"`:    "url:http://cdn.example/drop/a.bin?id=7",
		`request=http://cdn.example/drop/a.bin?id\=7`: "url:http://cdn.example/drop/a.bin?id=7",
		`"http://cdn.example/drop/a.bin?id\u003d7"`:   "url:http://cdn.example/drop/a.bin?id=7",
		`"http://cdn.example/drop/a.bin?id\\u003d7"`:  "",
		"http://cdn.example/Drop/a.bin?id=7":          "",
		"http://cdn.example/drop/a.bin":               "",
		"https://share.example/x?utm=1":               "url:https://share.example/x/",
		"https://share.example/x/y":                   "",
		"u=https%3a%2f%2fshare.example%2fx&b=1":       "url:https://share.example/x/",
		"GET http://192.0.2.9:8080/p HTTP/1.0":        "url:http://192.0.2.9:8080/p",
		"<Bob@Mail.Example>":                          "email:bob@mail.example",
		"to=bob%40mail.example&x":                     "email:bob@mail.example",
		"jimbob@mail.example bob@x.mail.example":      "",
		"MD5 (x) = " + strings.ToUpper(md5sum):        "md5:" + md5sum,
		md5sum + ".exe":                               "md5:" + md5sum,
		"a" + md5sum + " " + md5sum + "0":             "",
		"/f/" + sum256 + "/x":                         "sha256:" + sum256,
		"bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq":  "btc:bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
		"BC1QAR0SRRR7XFKVY5L643LYDNW9RE59GTZZWF5MDQ":  "",
		"0xDE0B295669A9FD93D5F28D9EC85E40F4CB697BAE":  "eth:0xde0B295669a9FD93d5F28D9Ec85E40f4cb697BAe",
		`C:\temp\Dropper.EXE`:                         "filename:dropper.exe",
		"notdropper.exe dropper.exe.bak":              "",
		"a.dropper.exe":                               "",
		"/tmp/quarterly report.pdf":                   "filename:quarterly report.pdf",
		"quarterly report.pdfs":                       "",
		`"EvilClient/1.0 (beta)"`:                     "user-agent:EvilClient/1.0 (beta)",
		`"Not EvilClient/1.0 (beta)"`:                 "",
		`ua=EvilClient/1.0 (beta) act=x`:              "user-agent:EvilClient/1.0 (beta)",
		`{"k":"HKLM\\SOFTWARE\\nightbell"}`:           `registry-key:HKLM\Software\Nightbell`,
		`HKLM\Software\Nightbells`:                    "",
		`m Global\Nightbell-7 open`:                   `mutex:Global\nightbell-7`,
		"> whoami /all /fo csv >x":                    "command:whoami /all /fo csv",
		"访问evil.example获取":                            "domain:evil.example",
		"地址192.0.2.7，2001:db8::7":                     "ipv4:192.0.2.7 ipv6:2001:db8::7",
		"见http://cdn.example/drop/a.bin?id=7。":        "url:http://cdn.example/drop/a.bin?id=7",
		"样本" + md5sum + "的":                           "md5:" + md5sum,
		"运行dropper.exe后":                              "filename:dropper.exe",
		"文件quarterly report.pdf的":                     "filename:quarterly report.pdf",
		"evil.example\x00\xff192.0.2.7":               "domain:evil.example",
	} {
		got := strings.Join(entities(t, set, text), " ")
		if !strings.HasPrefix(got, want) || (want == "") != (got == "") {
			t.Errorf("%q: found %q, want %q", text, got, want)
		}
	}
}

func TestTheUsualPortOfAURLTellsNothing(t *testing.T) {
	set := marks(t, "url:http://a.example/x?id=7", "url:https://b.example:443/x", "url:http://c.example:443/x", "url:http://192.0.2.9:80/p")
	for text, want := range map[string]string{
		"https://a.example:443/x?id=7.":                   "url:http://a.example/x?id=7",
		"(http://a.example:80/x?id=7)":                    "url:http://a.example/x?id=7",
		"http://a.example:8080/x?id=7":                    "",
		"http://a.example:80x/x?id=7":                     "",
		`"http:\/\/a.example:80\/x?id=7"`:                 "url:http://a.example/x?id=7",
		`{"host":"a.example:443","url":"/x?id=7"}`:        "url:http://a.example/x?id=7",
		"https://b.example/x https://b.example:443/x?q=1": "url:https://b.example:443/x url:https://b.example:443/x",
		"https://c.example/x":                             "",
		"http://c.example:443/x":                          "url:http://c.example:443/x",
		"GET http://192.0.2.9/p http://192.0.2.9:80/p":    "url:http://192.0.2.9:80/p url:http://192.0.2.9:80/p",
	} {
		if got := strings.Join(entities(t, set, text), " "); got != want {
			t.Errorf("%s: found %q, want %q", text, got, want)
		}
	}
}

func TestAKeyOfTheRegistryIsFoundInEverySpelling(t *testing.T) {
	const current, machine = `registry-key:HKCU\Software\EvilLaz\Run`, `registry-key:HKEY_LOCAL_MACHINE\Software\Nightbell`
	set := marks(t, current, machine, `registry-key:Software\Classes\nightbell`)
	for text, want := range map[string]string{
		`HKEY_CURRENT_USER\Software\EvilLaz\Run`:                                    current,
		`Computer\HKEY_CURRENT_USER\Software\EvilLaz\Run`:                           current,
		`\REGISTRY\USER\S-1-5-21-1-2-3-1001\Software\EvilLaz\Run`:                   current,
		`HKU\S-1-5-21-1-2-3-1001\SOFTWARE\EvilLaz\Run`:                              current,
		`Set-Item HKCU:\Software\EvilLaz\Run`:                                       current,
		`{"k":"HKEY_CURRENT_USER\\Software\\EvilLaz\\Run"}`:                         current,
		`{"k":"\\REGISTRY\\USER\\S-1-5-21-1-2-3-1001\\Software\\EvilLaz\\Run"}`:     current,
		`a\nHKCU\Software\EvilLaz\Run`:                                              current,
		`HKLM\Software\EvilLaz\Run \Software\EvilLaz\Run Software\EvilLaz\Run`:      "",
		`XHKCU\Software\EvilLaz\Run HKCU\Software\EvilLaz\Runs`:                     "",
		`HKLM\S-1-5-21-1\Software\EvilLaz\Run USER\S-1-5-21-1\Software\EvilLaz\Run`: "",
		`\REGISTRY\MACHINE\SOFTWARE\nightbell`:                                      machine,
		`hklm\software\nightbell`:                                                   machine,
		`HKCU\Software\Nightbell`:                                                   "",
		`x Software\Classes\nightbell`:                                              `registry-key:Software\Classes\nightbell`,
	} {
		if got := strings.Join(entities(t, set, text), " "); got != want {
			t.Errorf("%s: found %q, want %q", text, got, want)
		}
	}
}

// Syslog of RFC 3164 does not say which year.
func TestALineWithoutAYearIsOfTheMonthsBeforeTheLogEnds(t *testing.T) {
	set := everything(t)
	until := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for head, want := range map[string]string{"Mar  1 10:00:00": "2026-03-01T10:00:00Z", "Mar  1 23:00:00": "2026-03-01T23:00:00Z", "Mar  3 10:00:00": "2025-03-03T10:00:00Z", "Dec 31 23:59:59": "2025-12-31T23:59:59Z",
		"Feb 29 10:00:00": "0001-01-01T00:00:00Z", "Foo 11 10:00:00": "0001-01-01T00:00:00Z"} {
		s := NewScanner(set)
		for _, s.Until = range []time.Time{until, {}} {
			if s.Until.IsZero() {
				want = "0001-01-01T00:00:00Z"
			}
			matches := 0
			err := s.Scan(t.Context(), strings.NewReader(head+" gate sshd[7]: refused 192.0.2.7\n"), 0, func(m Match) error {
				matches++
				if got := m.At.Format(time.RFC3339); got != want {
					t.Errorf("%s until %v: at %s, want %s", head, s.Until, got, want)
				}
				return nil
			})
			if err != nil || matches != 1 {
				t.Errorf("%s: %d matches, err %v", head, matches, err)
			}
		}
	}
}

func TestAMatchNamesLineOffsetAndField(t *testing.T) {
	set := everything(t)
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		log  string
		want []string
		at   time.Time
	}{
		"combined": {`192.0.2.7 - bob [01/Mar/2026:11:00:00 +0100] "GET /go?to=http%3A%2F%2Fevil.example%2F&f=dropper.exe HTTP/1.1" 200 5 "http://evil.example/" "EvilClient/1.0 (beta)"`,
			[]string{"1 ipv4:192.0.2.7 client", "1 domain:evil.example query.to", "1 filename:dropper.exe query.f", "1 domain:evil.example referer", "1 user-agent:EvilClient/1.0 (beta) user-agent"}, at},
		"absolute":    {`10.0.0.1 - - [01/Mar/2026:10:00:00 +0000] "GET http://evil.example/dropper.exe HTTP/1.1" 200 5`, []string{"1 domain:evil.example host", "1 filename:dropper.exe path"}, at},
		"vhost":       {`evil.example 10.0.0.1 - - [01/Mar/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5`, []string{"1 domain:evil.example host"}, at},
		"squid":       {`1772359200.000    45 192.0.2.7 TCP_MISS/200 1 GET http://evil.example/ - HIER_DIRECT/198.51.100.9 text/html`, []string{"1 ipv4:192.0.2.7 client", "1 domain:evil.example host", "1 cidr:198.51.100.0/24 peer"}, at},
		"json":        {`{"@timestamp":"2026-03-01T10:00:00Z","a":[{"b":"x"},{"c":"say evil.example"}],"n":{"ip":"192.0.2.7"}}`, []string{"1 domain:evil.example a.c", "1 ipv4:192.0.2.7 n.ip"}, at},
		"eve":         {`{"timestamp":"2026-03-01T10:00:00.000000+0000","event_type":"http","dest_ip":"198.51.100.200","http":{"hostname":"cdn.example","url":"/drop/a.bin?id=7"}}`, []string{"1 cidr:198.51.100.128/25 dest_ip", "1 url:http://cdn.example/drop/a.bin?id=7 http.hostname"}, at},
		"escaped eve": {`{"http":{"hostname":"cdn.example","url":"\/drop\/a.bin?id\u003d7"}}`, []string{"1 url:http://cdn.example/drop/a.bin?id=7 http.hostname"}, time.Time{}},
		"zeek":        {"#separator \\x09\n#fields\tts\tuid\tid.resp_h\thost\turi\n1772359200.0\tC1\t192.0.2.7\tshare.example\t/x\n", []string{"3 ipv4:192.0.2.7 id.resp_h", "3 url:https://share.example/x/ host"}, at},
		"cef":         {`<34>Mar  1 10:00:00 fw CEF:0|V|P|1|7|got evil.example|5|src=192.0.2.7 msg=a = b dropper.exe rt=1772359200000`, []string{"1 domain:evil.example name", "1 ipv4:192.0.2.7 src", "1 filename:dropper.exe msg"}, at},
		"syslog":      {`<34>1 2026-03-01T10:00:00Z evil.example su 7 ID [x y="192.0.2.7"] failed for dropper.exe`, []string{"1 domain:evil.example host", "1 ipv4:192.0.2.7 data", "1 filename:dropper.exe message"}, at},
		"bsd syslog":  {"Mar  1 10:00:00 gate sshd[7]: refused 192.0.2.7", []string{"1 ipv4:192.0.2.7 message"}, time.Time{}},
		"rsyslog":     {"2026-03-01T10:00:00+00:00 gate sshd[7]: refused 192.0.2.7", []string{"1 ipv4:192.0.2.7 message"}, at},
		"plain":       {"one\ntwo\r\nand 192.0.2.7 three", []string{"3 ipv4:192.0.2.7 "}, time.Time{}},
		"dated":       {"2026-03-01 10:00:00 and 192.0.2.7 three", []string{"1 ipv4:192.0.2.7 "}, at},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			err := NewScanner(set).Scan(t.Context(), strings.NewReader(test.log), 0, func(m Match) error {
				got = append(got, fmt.Sprintf("%d %s %s", m.Line, m.Entity, m.Field))
				if !strings.HasPrefix(test.log[m.Offset:], m.Text) || m.Text == "" {
					t.Errorf("%s: %q is not at %d", m.Entity, m.Text, m.Offset)
				}
				if !m.At.Equal(test.at) {
					t.Errorf("%s: at %v, want %v", m.Entity, m.At, test.at)
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// jagged is a log with lines of all lengths, some longer than what is held at
// once.
func jagged() string {
	var b strings.Builder
	for i := range 40 {
		fmt.Fprintf(&b, "192.0.2.7 - - [01/Mar/2026:10:00:00 +0000] \"GET http://cdn.example/drop/a.bin?id=7 HTTP/1.1\" %d\n", i)
		if i%10 == 5 {
			for b.Len()%9000 < 8900 {
				b.WriteString("x 192.0.2.7 2001:db8::7 bob@mail.example quarterly report.pdf a.evil.example " + md5sum + " ")
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

func TestNothingIsLostOrDoubledAtAnyCut(t *testing.T) {
	set, log := everything(t), jagged()
	want := hunted(t, NewScanner(set), log)
	if len(want) < 400 {
		t.Fatalf("only %d matches", len(want))
	}
	places := func(all []string) []string { // the field is not known in a piece of a line
		out := make([]string, len(all))
		for i, h := range all {
			out[i] = strings.Join(strings.Fields(h)[:3], " ")
		}
		slices.Sort(out)
		return out
	}
	for most := 2 * overlap; most < 2*overlap+500; most++ {
		s := NewScanner(set)
		s.most = most
		if diff := cmp.Diff(places(want), places(hunted(t, s, log))); diff != "" {
			t.Fatalf("holding %d bytes: -want +got:\n%s", most, diff)
		}
	}
}

func TestHowALogArrivesChangesNothing(t *testing.T) {
	set := everything(t)
	log := jagged()[:3000]
	want := hunted(t, NewScanner(set), log)
	for cut := range len(log) + 1 {
		var got []string
		s := NewScanner(set)
		r := io.MultiReader(strings.NewReader(log[:cut]), strings.NewReader(log[cut:]))
		err := s.Scan(t.Context(), r, 0, func(m Match) error {
			got = append(got, fmt.Sprintf("%d %d %s %s", m.Line, m.Offset, m.Entity, m.Field))
			return nil
		})
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("cut at %d: err %v, %s", cut, err, cmp.Diff(want, got))
		}
	}
}

func TestAScanGoesOnFromAnOffset(t *testing.T) {
	set, log := everything(t), jagged()
	all := hunted(t, NewScanner(set), log)
	for _, from := range []int{0, 1, 97, 5000, 12000, len(log) - 1, len(log), len(log) + 5} {
		var got, want []string
		err := NewScanner(set).Scan(t.Context(), strings.NewReader(log), int64(from), func(m Match) error {
			got = append(got, fmt.Sprintf("%d %d %s", m.Line, m.Offset, m.Entity))
			return nil
		})
		for _, h := range all {
			f := strings.Fields(h)
			var line, offset int
			fmt.Sscan(f[0], &line)
			fmt.Sscan(f[1], &offset)
			if offset >= from {
				want = append(want, fmt.Sprintf("%d %d %s", line, offset, f[2]))
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if missing := len(want) - len(got); err != nil || missing < 0 || missing > 2 { // what the offset cuts in two
			t.Errorf("from %d: err %v, %s", from, err, cmp.Diff(want, got))
		}
	}
	cut := hunted(t, NewScanner(set), "x")
	if err := NewScanner(set).Scan(t.Context(), strings.NewReader("1192.0.2.7 y"), 1, func(m Match) error { cut = append(cut, m.Entity.String()); return nil }); err != nil || len(cut) > 0 {
		t.Errorf("half an address matched: %v, err %v", cut, err)
	}
}

func TestPackedLogsAreReadAndBrokenOnesNamed(t *testing.T) {
	set := everything(t)
	log := strings.Repeat("a line that says nothing at all\n", 2000) + "192.0.2.7\n"
	var zipped, std bytes.Buffer
	g := gzip.NewWriter(&zipped)
	g.Write([]byte(log))
	g.Close()
	z, err := zstd.NewWriter(&std)
	if err != nil {
		t.Fatal(err)
	}
	z.Write([]byte("192.0.2.7\n" + log))
	for i := range 100_000 {
		fmt.Fprintf(z, "line %d says nothing\n", i*i)
	}
	z.Close()
	scan := func(b []byte) (n int, err error) {
		r, err := Open(bytes.NewReader(b))
		if err != nil {
			return 0, err
		}
		defer r.Close()
		return n, NewScanner(set).Scan(t.Context(), r, 0, func(Match) error { n++; return nil })
	}
	double := append(bytes.Clone(zipped.Bytes()), zipped.Bytes()...)
	for name, test := range map[string]struct {
		log  []byte
		want int
		fail bool
	}{
		"plain": {[]byte(log), 1, false}, "empty": {nil, 0, false}, "gzip": {zipped.Bytes(), 1, false}, "two gzip members": {double, 2, false}, "zstd": {std.Bytes(), 2, false},
		"gzip cut": {double[:len(double)-4], 2, true}, "gzip cut early": {double[:zipped.Len()+30], 1, true}, "zstd cut": {std.Bytes()[:std.Len()-9], 2, true},
		"gzip head only": {zipped.Bytes()[:6], 0, true},
	} {
		n, err := scan(test.log)
		if n != test.want || (err != nil) != test.fail {
			t.Errorf("%s: %d matches, err %v; want %d", name, n, err, test.want)
		}
	}
}

func TestEndingAScanIsPrompt(t *testing.T) {
	stop := errors.New("stop")
	n := 0
	err := NewScanner(everything(t)).Scan(t.Context(), strings.NewReader(jagged()), 0, func(Match) error { n++; return stop })
	if !errors.Is(err, stop) || n != 1 {
		t.Errorf("err %v after %d matches", err, n)
	}
}

func TestWhatWasSeenStandsForWhatIsGuessed(t *testing.T) {
	for _, first := range []bool{false, true} {
		var b Builder
		for _, predicted := range []bool{first, !first} {
			b.Add(Mark{Entity: intel.Entity{Kind: intel.Domain, Name: "evil.example"}, Predicted: predicted})
		}
		n := 0
		NewScanner(b.Set()).Scan(t.Context(), strings.NewReader("evil.example"), 0, func(m Match) error {
			n++
			if m.Predicted {
				t.Error("the guess was reported")
			}
			return nil
		})
		if n != 1 {
			t.Errorf("%d matches", n)
		}
	}
}

func TestWhatNoLogHoldsIsLeftOut(t *testing.T) {
	set := marks(t, "domain:example", "asn:AS64500", "filename:update", "cidr:0.0.0.0/0", "mutex:a", "url:http://", "domain:"+strings.Repeat("a", 2000)+".example")
	if set.Left() != 7 {
		t.Errorf("%d left out, want 7", set.Left())
	}
	if got := entities(t, set, "example AS64500 update 1.2.3.4 a http:// x"); len(got) > 0 {
		t.Errorf("found %v", got)
	}
}

func TestWhatEveryLogHoldsIsLeftOut(t *testing.T) {
	for _, w := range []string{"filename:index.html", "filename:INDEX.php", "filename:jquery.min.js", "filename:svchost.exe", "mutex:HTTP/1.1", "mutex:GET / HTTP/1.1", "mutex:abcde",
		"user-agent:Mozilla/5.0", "user-agent:curl/7.68.0", "user-agent:Go-http-client/1.1", "command:200 OK 5 - -", "service:01/Mar/2026", `registry-key:HKLM\Software\Microsoft\`,
		"domain:co.uk", "domain:github.io"} {
		if set := marks(t, w); set.Left() != 1 || set.Len() != 0 {
			t.Errorf("%s is looked for", w)
		}
	}
	for _, w := range []string{"filename:index-7f.html", "filename:svch0st.exe", "mutex:HTTP/1.1-nightbell", "mutex:12345678", "user-agent:EvilClient/1.0", "user-agent:Mozilla/5.0 (Nightbell)",
		"user-agent:Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1)", "command:net user admin", `registry-key:HKLM\Software\Microsoft\Windows\CurrentVersion\Run`,
		"domain:evil.co.uk", "domain:evil.github.io", "mutex:группа-7", "mutex:变异体"} {
		if set := marks(t, w); set.Left() != 0 {
			t.Errorf("%s is not looked for", w)
		}
	}
}

func TestAFloodOfPhrasesHidesNothingMoreProbable(t *testing.T) {
	known := Mark{Entity: intel.Entity{Kind: intel.Command, Name: "vssadmin resize shadowstorage"}, Probability: 0.9}
	var junk []Mark
	for _, word := range strings.Fields(known.Entity.Name) {
		for i := range 2 * mostAnchored {
			digits := strings.Split(fmt.Sprintf("%b", i), "") // too short to be found by
			junk = append(junk, Mark{Entity: intel.Entity{Kind: intel.Command, Name: word + " " + strings.Join(digits, " ")}, Probability: 0.2})
		}
	}
	for name, marks := range map[string][]Mark{"junk first": append(slices.Clone(junk), known), "junk last": append([]Mark{known}, junk...)} {
		var b Builder
		for _, m := range marks {
			b.Add(m)
		}
		set := b.Set()
		if got := entities(t, set, "cmd: vssadmin resize shadowstorage /for=c:"); !slices.Equal(got, []string{known.Entity.String()}) {
			t.Errorf("%s: found %v", name, got)
		}
		if set.Left() != len(junk)+1-3*mostAnchored {
			t.Errorf("%s: %d left out", name, set.Left())
		}
	}
}

// TestMemoryDoesNotGrowWithTheLog reads 256 MB.
func TestMemoryDoesNotGrowWithTheLog(t *testing.T) {
	figures.Only(t)
	if testing.Short() {
		t.Skip("256 MB")
	}
	set := everything(t)
	one := []byte(jagged())
	var r []io.Reader
	total := 0
	for total < 256<<20 {
		if len(r)%4 == 3 { // a line of 8 MiB
			one := bytes.Repeat([]byte("no end 192.0.2.70 "), 8<<20/18)
			r, total = append(r, bytes.NewReader(one)), total+len(one)
			continue
		}
		r = append(r, io.LimitReader(repeating{one}, 16<<20))
		total += 16 << 20
	}
	n, grown := held(t, set, io.MultiReader(r...), func(Match) error { return nil })
	if grown > 4<<20 || n != total {
		t.Errorf("read %d of %d bytes with %d more bytes held", n, total, grown)
	}
}

// held scans a log, and returns how many bytes were read and how many more than
// before were held meanwhile.
func held(t *testing.T, set *Set, log io.Reader, emit func(Match) error) (read int, grown int64) {
	t.Helper()
	var most uint64
	next := 0
	s := NewScanner(set)
	s.Progress = func(bytes int) {
		if read += bytes; read > next {
			next += 8 << 20
			most = max(most, heap())
		}
	}
	before := heap()
	if err := s.Scan(t.Context(), log, 0, emit); err != nil {
		t.Fatal(err)
	}
	return read, int64(most) - int64(before)
}

type repeating struct{ text []byte }

func (r repeating) Read(b []byte) (int, error) { return copy(b, r.text), nil }

func TestCostGrowsNoFasterThanTheLog(t *testing.T) {
	figures.Only(t)
	set := everything(t)
	attack := attacks()
	for name, unit := range map[string]string{
		"letters": "a", "labels": "a.a.", "octets": "1.1.1.", "colons": "::a:", "groups": "abcd:", "at": "a@a.a.", "percent": "%2e%2E", "backslash": `\n\r\\`,
		"braces": `{"a":`, "brackets": `{"a":[[[[`, "bars": "CEF:0|", "pairs": "CEF:0|||||||a=b c=d ", "tabs": "\t", "quotes": `[] "`, "hits": "192.0.2.7 ", "parents": "a.evil.example/",
		"urls": "http://cdn.example/drop/", "mails": "bob@mail.example", "phrase": "HKLM\\Software\\", "agents": `"EvilClient/1.0 (beta)" `, "base64": "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXo",
		"paths": "GET /a/a/a/a", "params": "GET /?a=b&id=c&", "fields": "#fields\ta\tb\n", "traversal": "GET /../../../../",
		"code points": `\u043f.`, "one name": `\u043f`, "capitals": "Я.Я", "users": `S-1-5-21\`, "roots": `\REGISTRY\USER\S-1-5-21\Software\Nightbell`, "ports": "cdn.example:443/",
		"escaped URLs": `http:\/\/xn--fsqu00a.example\/`, "columns": "#fields\turi\turi\n\t/\t/\t",
		"lengths": "(1)a", "lengths that end": "(1)a(0)", "bracketed dots": "a[.]", "bracketed hosts": "x.evil[.]example/a ", "colours": "\x1b[1;31m192.0.2.7", "numbers": "//3221225991/",
		"escaped agents": `"EvilClient\/1.0 (be`, "scripts": "GET /a.php/a.php/a.php/", "semicolons": "GET /;a=b/;?a=b;id=c;", "ends": "1.1.1.1:1 ", "addresses": "1.1.1.1 ",
		"ASA": "%ASA-1 1/1/", "PAN-OS": ",TRAFFIC,", "LEEF": "LEEF:2.0|", "dial": "dial tcp ",
	} {
		for what, set := range map[string]*Set{"indicators": set, "fragments": attack} {
			var steps []int
			for _, size := range []int{128 << 10, 256 << 10, 512 << 10, 1 << 20, 2 << 20, 4 << 20} {
				s := NewScanner(set)
				if err := s.Scan(t.Context(), strings.NewReader(strings.Repeat(unit, size/len(unit))), 0, func(Match) error { return nil }); err != nil {
					t.Fatal(err)
				}
				steps = append(steps, s.steps)
			}
			for i := 1; i < len(steps); i++ {
				// From 1 MiB on it is a line in pieces, which are asked for more
				// and have something in common that is looked at twice.
				slack := steps[i-1] / 50
				if i > 2 {
					slack = steps[i-1] / 8
				}
				if i != 4 && steps[i] > 2*steps[i-1]+slack+20_000 {
					t.Errorf("%s, %s: twice the text takes %v steps", what, name, steps)
				}
			}
			if steps[3] > 40<<20 || steps[5] > 4*40<<20 {
				t.Errorf("%s, %s: %d steps for a megabyte, %d for four", what, name, steps[3], steps[5])
			}
		}
	}
}
