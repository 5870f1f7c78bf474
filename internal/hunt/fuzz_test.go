package hunt

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

var logs = []string{
	access("/admin/x.php?id=7&f=..%2f..%2f"), "192.0.2.7 ::ffff:192.0.2.7 2001:db8::7 bob@mail.example evil.example. http:\\/\\/cdn.example\\/drop\\/a.bin?id=7",
	`{"@timestamp":"2026-03-01T10:00:00Z","http":{"hostname":"cdn.example","url":"\/drop\/a.bin?id=7"},"dest_port":4444}`,
	"#fields\tts\thost\turi\n1.0\tcdn.example\t/drop/a.bin?id=7\n", "<34>Mar  1 10:00:00 fw CEF:0|V|P\\||1|7|n|5|src=192.0.2.7 request=/admin/x.php msg=a = b\\=c",
	"<34>1 2026-03-01T10:00:00Z h su 7 ID [x y=\"]\"] {\"a\":\"evil.example\"}", "1772359200.000    45 192.0.2.7 TCP_MISS/200 1 GET http://evil.example/ - D/- text/html",
	"HKLM\\\\Software\\\\Nightbell", strings.Repeat("[{", 200), "\x00\xff\\", `\u043f\u0440\u0438\u043c\u0435\u0440-\u0431\u0430\u043d\u043a.\u0440\u0444 {"host":"\u4f8b\u5b50.example","url":"\/x"} ПРИМЕР-банк.рф`,
	`\REGISTRY\USER\S-1-5-21-7\Software\Nightbell HKEY_LOCAL_MACHINE\Software\Nightbell https://cdn.example:443/drop/a.bin?id\=7`, "访问evil.example获取 пример.example", "%", "#fields\t", "<1>", "CEF:", "[] \"",
	"(3)www(4)evil(7)example(0) evil[.]example/x \x1b[1;31m192.0.2.7\x1b[0m IP 10.0.0.5.51234 > 192.0.2.7.4444: http://3221225991/ 192.000.002.007", "LEEF:2.0|V|P|1|7|^|dstPort=4444^proto=6",
	`{"ua":"EvilClient\/1.0\u0020(beta)","request":{"uri":"//admin/./x.php;a/b?id[]=1;cmd=2","body":"id=1"}} EvilClient/1.0+(beta)`, "TCP 10.0.0.5:51234 -> [2001:db8::7]:4444",
	"1,t,TRAFFIC,end,2560,t,10.0.0.5,192.0.2.7,0,0,r,,,ssl,v,a,b,c,d,e,t,1,1,51234,4444,1,2,0x4,tcp,allow", "<Data Name='DestinationPort'>4444<", "dial tcp 192.0.2.7:4444: x", "a\tGET\th\t/admin/x.php\t1\t2\t3\tid=7",
}

// FuzzScan hunts in anything: it never fails, and finds the same however much
// of it is held at once.
func FuzzScan(f *testing.F) {
	for _, l := range logs {
		f.Add(l)
	}
	set, attack := everything(f), attacks()
	f.Fuzz(func(t *testing.T, log string) {
		for _, set := range []*Set{set, attack} {
			s := NewScanner(set)
			var found []string
			err := s.Scan(t.Context(), strings.NewReader(log), 0, func(m Match) error {
				if m.Offset < 0 || m.Offset > int64(len(log)) || m.Line != int64(1+strings.Count(log[:m.Offset], "\n")) {
					t.Errorf("%+v is not in %q", m, log)
				}
				found = append(found, fmt.Sprint(m.Offset, m.Entity))
				return nil
			})
			if err != nil || s.steps > 200*len(log)+1000 {
				t.Fatalf("%q: err %v, %d steps", log, err, s.steps)
			}
			again := NewScanner(set)
			var second []string
			if err := again.Scan(t.Context(), oneByte{strings.NewReader(log)}, 0, func(m Match) error {
				second = append(second, fmt.Sprint(m.Offset, m.Entity))
				return nil
			}); err != nil || !slices.Equal(found, second) {
				t.Errorf("%q: found %v at once and %v byte by byte, err %v", log, found, second, err)
			}
			small := NewScanner(set) // every line is read in pieces
			small.most = 64
			if err := small.Scan(t.Context(), strings.NewReader(log), 0, func(m Match) error {
				if m.Offset < 0 || m.Offset > int64(len(log)) || m.Line != int64(1+strings.Count(log[:m.Offset], "\n")) {
					t.Errorf("%+v is not in %q", m, log)
				}
				return nil
			}); err != nil {
				t.Errorf("%q: in pieces: %v", log, err)
			}
		}
	})
}

type oneByte struct{ r *strings.Reader }

func (o oneByte) Read(b []byte) (int, error) { return o.r.Read(b[:min(1, len(b))]) }

// fuzzFormat tests one parser on any line: fields lie in the line, in order and
// apart.
func fuzzFormat(f *testing.F, parse func(*line)) {
	for _, l := range logs {
		f.Add(l)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "\n") {
			return
		}
		b := []byte(text)
		l := &line{text: b[:len(b):len(b)]}
		parse(l)
		last := 0
		for _, s := range l.spans {
			if s.from < last || s.to <= s.from || s.to > len(text) || s.nameFrom > s.nameTo || s.nameTo > len(l.names) {
				t.Fatalf("%q: field %+v after %d", text, s, last)
			}
			last = s.to
		}
		l.when(time.Unix(1_700_000_000, 0))
	})
}

func FuzzAccess(f *testing.F) { fuzzFormat(f, func(l *line) { l.access(0) }) }
func FuzzProxy(f *testing.F)  { fuzzFormat(f, func(l *line) { l.proxy(0) }) }
func FuzzJSON(f *testing.F)   { fuzzFormat(f, func(l *line) { l.json(0) }) }
func FuzzCEF(f *testing.F)    { fuzzFormat(f, func(l *line) { l.cef(0) }) }
func FuzzSyslog(f *testing.F) { fuzzFormat(f, func(l *line) { l.syslog() }) }
func FuzzPlain(f *testing.F) {
	fuzzFormat(f, func(l *line) {
		l.wantsPort = true
		l.plain(0)
	})
}
func FuzzZeek(f *testing.F) {
	fuzzFormat(f, func(l *line) { l.columns(newColumns([]byte("#fields\tts\thost\turi\tid.resp_p"))) })
}
func FuzzExtended(f *testing.F) {
	fuzzFormat(f, func(l *line) { l.columns(newColumns([]byte("#Fields: date time cs-uri-stem cs-uri-query s-port"))) })
}
func FuzzLine(f *testing.F) { fuzzFormat(f, func(l *line) { l.parse(columns{}) }) }
