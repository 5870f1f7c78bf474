package hunt

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/intel"
)

// attacks are fragments of two actors.
func attacks() *Set {
	var b Builder
	add := func(actor, cve string, predicted bool, written ...string) {
		for _, w := range written {
			kind, name, _ := strings.Cut(w, ":")
			b.Add(Mark{Entity: intel.Entity{Kind: intel.Kind(kind), Name: name}, Probability: 0.5, Actors: []string{actor}, Vulnerability: cve, Predicted: predicted})
		}
	}
	add("actor:cold-lynx", "", false, "file:/admin/x.php", "argument:id", "input:../../", "input:admin", "port:4444/tcp", "port:443/tcp", "function:evalCode")
	add("actor:amber-stoat", "CVE-2099-1", true, "file:upload.cgi", "argument:cmd")
	add("actor:amber-stoat", "", false, "file:status.cgi", "library:libfoo.so")
	return b.Set()
}

func access(target string) string {
	return `10.0.0.1 - - [01/Mar/2026:10:00:00 +0000] "GET ` + target + ` HTTP/1.1" 200 5`
}

func TestFragmentsMatchWhereTheyAttack(t *testing.T) {
	set := attacks()
	for log, want := range map[string]string{
		access("/admin/x.php"):                                                 "file:/admin/x.php",
		access("/site/admin/x.php?a=b"):                                        "file:/admin/x.php",
		access("http://h.example/admin/x.php"):                                 "file:/admin/x.php",
		access("/%61dmin/x%2ephp"):                                             "file:/admin/x.php",
		access("/%2561dmin/x.php"):                                             "",
		access("/Admin/x.php"):                                                 "",
		access("/badmin/x.php"):                                                "",
		access("/admin/x.php/more"):                                            "file:/admin/x.php",
		access("/admin/x.php?id=7"):                                            "file:/admin/x.php argument:id",
		access("/admin/x.php?%69d=7&act=evalCode"):                             "file:/admin/x.php argument:id function:evalCode",
		access("/admin/x.php?ID=7&user=admin"):                                 "file:/admin/x.php input:admin",
		access("/other.php?id=7&user=admin"):                                   "",
		access("/a?f=../../etc/passwd"):                                        "input:../../",
		access("/a?f=%2e%2e%2f%2e%2e%2fetc"):                                   "input:../../",
		access("/a?f=%252e%252e%252f%252e%252e%252"):                           "",
		access("/cgi-bin/upload.cgi?cmd=ls"):                                   "file:upload.cgi argument:cmd",
		access("/cgi-bin/upload.cgi?id=ls"):                                    "file:upload.cgi",
		access("/cgi-bin/status.cgi?cmd=ls"):                                   "file:status.cgi",
		access("/lib/libfoo.so"):                                               "",
		access("/lib/libfoo.so/status.cgi"):                                    "file:status.cgi library:libfoo.so",
		`{"http":{"hostname":"h.example","url":"\/admin\/x.php?id=7"}}`:        "file:/admin/x.php argument:id",
		`{"url":"/admin/x.php","dest_port":4444,"proto":"TCP"}`:                "file:/admin/x.php port:4444/tcp",
		`{"dest_port":4444,"proto":"UDP"}`:                                     "",
		`{"dest_port":443,"src_port":4444}`:                                    "",
		"#fields\tts\tid.resp_p\tproto\turi\n1.0\t4444\ttcp\t/admin/x.php\n":   "port:4444/tcp file:/admin/x.php",
		"CEF:0|V|P|1|7|n|5|dpt=4444 request=http://h.example/admin/x.php?id=1": "port:4444/tcp file:/admin/x.php argument:id",
		"2026-03-01 10:00:00 worker GET /admin/x.php?id=7 took 5 ms":           "file:/admin/x.php argument:id",
		`{"message":"10.0.0.5 - - [01/Mar/2026:10:00:00 +0000] \"GET /admin/x.php?id=1 HTTP/1.1\" 200 1"}`: "file:/admin/x.php argument:id",
		`{"log":"10.0.0.5 - - [x] \"POST \/admin\/x.php?id=1 HTTP/1.1\" 200 1\n","stream":"stdout"}`:       "file:/admin/x.php argument:id",
		`{"msg":"GET /admin/x.php?id=7"}`:                                                           "file:/admin/x.php argument:id",
		`{"http_request":{"uri":"/admin/x.php?id=1"}}`:                                              "file:/admin/x.php argument:id",
		`{"log":{"file":{"path":"/var/www/admin/x.php"}},"msg":"see /admin/x.php, A /admin/x.php"}`: "",
		"Mar  1 10:00:00 fw kernel: IN=eth0 DST=8.8.4.4 PROTO=TCP SPT=1 DPT=4444":                   "port:4444/tcp",
		`date=2026-03-01 dstport=4444 srcport=9 hostname="h.example" url="/admin/x.php?id=7"`:       "port:4444/tcp file:/admin/x.php argument:id",
		"LEEF:1.0|V|P|1|7|src=10.0.0.1\tdstPort=4444\tproto=TCP":                                    "port:4444/tcp",
		"#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port c-ip\n2026-03-01 10:00:00 10.0.0.1 POST /admin/x.php a=b&id=7 4444 10.0.0.2\n2026-03-01 10:00:00 10.0.0.1 GET /admin/y.php id=7 80 -": "file:/admin/x.php argument:id port:4444/tcp",
		"#Fields: date time cs-uri-stem cs-uri-query\n2026-03-01\t10:00:00\t/admin/x.php\tid=7":                                                                                                                  "file:/admin/x.php argument:id",
		`{"url":{"query":"user=admin&id=7","path":"/admin/x.php"}}`:                                                                                                                                              "input:admin argument:id file:/admin/x.php",
		`{"url":{"query":"id=7","path":"/other.php"}}`:                                                                                                                                                           "",
		"<166>Mar 01 2026 10:00:00: %ASA-6-302013: Built outbound TCP connection 1 for outside:192.0.2.5/4444 (192.0.2.5/4444) to inside:10.0.0.5/51000":                                                         "port:4444/tcp",
		"Mar  1 10:00:00 fw kernel: PROTO=UDP DPT=4444":                                                                                                                                                          "",
		"mail of admin/x.php?id=7": "",
	} {
		got := strings.Join(entities(t, set, log), " ")
		if got != want {
			t.Errorf("%s: found %q, want %q", log, got, want)
		}
	}
}

// TestAFragmentIsDecodedOnceAsARequestIs takes what a report gives percent-encoded
// for what it comes to, and no more.
func TestAFragmentIsDecodedOnceAsARequestIs(t *testing.T) {
	var b Builder
	for _, name := range []string{"%2e%2e%2fvtadmin", "%27+OR+1%3D1"} {
		b.Add(Mark{Entity: intel.Entity{Kind: intel.Input, Name: name}, Actors: []string{"actor:cold-lynx"}})
	}
	b.Add(Mark{Entity: intel.Entity{Kind: intel.File, Name: "/%61dmin/y.php"}, Actors: []string{"actor:cold-lynx"}})
	b.Add(Mark{Entity: intel.Entity{Kind: intel.Argument, Name: "a%5b%5d"}, Actors: []string{"actor:cold-lynx"}})
	set := b.Set()
	for target, want := range map[string]string{
		"/vt_login.cgi?user=%2e%2e%2fvtadmin":       "input:%2e%2e%2fvtadmin",
		"/vt_login.cgi?user=../vtadmin":             "input:%2e%2e%2fvtadmin",
		"/vt_login.cgi?user=%252e%252e%252fvtadmin": "",
		"/a?q=%27%20or+1=1":                         "",
		"/a?q=7%27%20OR+1=1":                        "input:%27+OR+1%3D1",
		"/admin/y.php?a[]=1":                        "file:/%61dmin/y.php argument:a%5b%5d",
		"/admin/y.php?a%5B%5D=1":                    "file:/%61dmin/y.php argument:a%5b%5d",
	} {
		if got := strings.Join(entities(t, set, access(target)), " "); got != want {
			t.Errorf("%s: found %q, want %q", target, got, want)
		}
	}
}

func TestEscapesOfJSONAndCEFAreTakenOutOfRequests(t *testing.T) {
	set := attacks()
	for log, want := range map[string]string{
		`CEF:0|V|P|1|7|n|5|request=/admin/x.php?id\=7 act=x`:             "file:/admin/x.php argument:id",
		`CEF:0|V|P|1|7|n|5|act=x request=/admin/x.php?user\=admin&id\=7`: "file:/admin/x.php input:admin argument:id",
		`{"url":"\/admin\/x.php?user\u003dadmin"}`:                       "file:/admin/x.php input:admin",
		`{"url":"/a?f=\u002e\u002e/..\/etc"}`:                            "input:../../",
		`{"url":"/a?f=\\u002e\\u002e/..\/etc"}`:                          "",
		`{"url":"/a?f=\ud83d\ude00../../"}`:                              "input:../../",
		`{"url":"/a?f=\ud83d../..\`:                                      "",
	} {
		for _, before := range []string{"", strings.Repeat(" ", longestLine)} { // as a line and in pieces
			if got := strings.Join(entities(t, set, before+log), " "); got != want {
				t.Errorf("%d blanks and %s: found %q, want %q", len(before), log, got, want)
			}
		}
	}
}

func TestFragmentsTellWhereTheyStandAndThatTheyAreGuessed(t *testing.T) {
	got := hunted(t, NewScanner(attacks()), "x\n"+access("/admin/x.php?a=b&id=7"))
	if diff := cmp.Diff([]string{"2 49 file:/admin/x.php path", "2 66 argument:id query.id"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	err := NewScanner(attacks()).Scan(t.Context(), strings.NewReader(access("/upload.cgi")), 0, func(m Match) error {
		if !m.Predicted || m.Text != "/upload.cgi" || m.Actors[0] != "actor:amber-stoat" {
			t.Errorf("got %+v", m)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestAMarkIsReportedOncePerRequest(t *testing.T) {
	var b Builder
	for _, w := range []string{"file:/admin/x.php", "file://admin/x.php", "argument:id", "input:admin", "input:../../", "function:evalCode"} {
		kind, name, _ := strings.Cut(w, ":")
		b.Add(Mark{Entity: intel.Entity{Kind: intel.Kind(kind), Name: name}, Probability: 0.5, Actors: []string{"actor:cold-lynx"}})
	}
	set := b.Set()
	line := access("/evalCode/evalCode/../../../../admin/x.php?" + strings.Repeat("id&id=admin&f=../../../../&f=evalCode&", 1000))
	want := []string{"file:/admin/x.php", "function:evalCode", "input:../../", "argument:id", "input:admin"}
	slices.Sort(want)
	for _, log := range []string{line, line + "\n" + line} {
		got := entities(t, set, log)
		slices.Sort(got)
		if n := strings.Count(log, "\n") + 1; len(got) != n*len(want) || !slices.Equal(slices.Compact(slices.Clone(got)), want) {
			t.Errorf("%d requests: %d matches of %v", n, len(got), slices.Compact(got))
		}
	}
}
