package nntp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

const groups = `"groups":["example.security"]`

func TestWhatIsThereAtFirstIsHistoryAndNothingIsGivenTwice(t *testing.T) {
	s := &newsServer{}
	s.post("example.security", 7, note("one", 7))
	s.post("example.security", 9, note("two", 9))
	v := visits(t, listens(t, s.serve), groups)
	v.reads(t, "one two")
	if d := v.docs[0]; d.Text != "Of one we know 192.0.2.1.\n.." || d.Author != "mail/Jo Doe" || d.Channel != "usenet/example.security" || !d.Assumed || d.Learned != d.Published || d.Published.Day() != 7 {
		t.Errorf("history: %+v", d)
	}
	v.reads(t, "")
	s.post("example.security", 12, note("three", 1)) // which came late
	s.post("example.security", 10, note("four", 12))
	v.now = v.now.Add(time.Hour)
	v.reads(t, "four three")
	if d := v.docs[3]; d.Assumed || d.Learned != v.now || d.Published.Day() != 1 {
		t.Errorf("what is new: %+v", d)
	}
	for _, command := range []string{"POST", "IHAVE", "AUTHINFO", "XHDR", "TAKETHIS", "CHECK"} {
		if n := s.said(command); n > 0 {
			t.Errorf("%s was said %d times", command, n)
		}
	}
	if n := s.said("ARTICLE"); n != 4 {
		t.Errorf("%d articles were asked for", n)
	}
}

func TestFromAnyCursorTheRestIsRead(t *testing.T) {
	s := &newsServer{}
	for i := range 12 {
		s.post([]string{"example.security", "example.other"}[i%2], uint64(i+3), note(fmt.Sprint("n", i), i+1))
	}
	const both = `"groups":["example.security","example.other"]`
	port := listens(t, s.serve)
	v := visits(t, port, both)
	v.reads(t, "n0 n2 n4 n6 n8 n10 n1 n3 n5 n7 n9 n11")
	all := "n0 n2 n4 n6 n8 n10 n1 n3 n5 n7 n9 n11"
	for i, c := range v.cursors {
		_, rest, _ := strings.Cut(all+" ", v.docs[i].Title+" ")
		for _, of := range []*visitor{v, visits(t, port, both)} {
			if got, err := of.from(t, c); err != nil || got != strings.TrimSpace(rest) {
				t.Errorf("after %s: %q, err %v, want %q", v.docs[i].Title, got, err, rest)
			}
		}
	}
}

func TestWhatComesToAGroupThatWasEmptyIsNew(t *testing.T) {
	s := &newsServer{groups: map[string]map[uint64]string{"example.security": {}}}
	v := visits(t, listens(t, s.serve), groups)
	v.reads(t, "")
	s.post("example.security", 1, note("one", 1))
	v.reads(t, "one")
	if v.docs[0].Assumed {
		t.Errorf("%+v", v.docs[0])
	}
}

func TestAFirstVisitReadsTheLatest(t *testing.T) {
	s := &newsServer{low: map[string]uint64{"example.security": 1}}
	for n := uint64(1); n <= 9; n++ {
		s.post("example.security", n+4_000_000_000, note(fmt.Sprint("n", n), int(n)))
	}
	v := visits(t, listens(t, s.serve), groups+`,"latest":3`)
	v.reads(t, "n7 n8 n9")
}

func TestGroupsThatAreNumberedAnewAreReadOnWithoutRepeats(t *testing.T) {
	for name, first := range map[string]uint64{"its numbers restart": 1, "and go beyond the last": 102} {
		s := &newsServer{}
		for n := uint64(1); n <= 5; n++ {
			s.post("example.security", 100+n, note(fmt.Sprint("n", n), int(n)))
		}
		v := visits(t, listens(t, s.serve), groups+`,"latest":4`)
		v.reads(t, "n2 n3 n4 n5")
		v.now, v.docs = v.now.Add(time.Hour), nil
		s.groups, s.commands = nil, nil
		for n := uint64(2); n <= 5; n++ {
			s.post("example.security", first+n, note(fmt.Sprint("n", n), int(n)))
		}
		s.post("example.security", first+6, note("old", 1))
		s.post("example.security", first+7, strings.ReplaceAll(note("new", 1), "Thu, 01 Jan 2026 03", v.now.Add(-time.Minute).Format("Mon, 02 Jan 2006 15")))
		v.reads(t, "old new")
		if len(v.docs) == 2 && (!v.docs[0].Assumed || v.docs[1].Assumed || v.docs[1].Learned != v.now) {
			t.Errorf("%s: what was written before the first visit is history, what was since is new: %+v", name, v.docs)
		}
		if n := s.said("ARTICLE"); n != 2 {
			t.Errorf("%s: %d articles were asked for", name, n)
		}
	}
}

func TestAnotherServerHasOtherNumbers(t *testing.T) {
	s := &newsServer{}
	s.post("example.security", 101, note("one", 1))
	v := visits(t, listens(t, s.serve), groups)
	v.reads(t, "one")
	s.post("example.security", 2, note("two", 2))
	elsewhere := strings.Replace(string(v.at()), `"127.0.0.1"`, `"news.example.net"`, 1)
	if got, err := v.from(t, intel.Cursor(elsewhere)); err != nil || got != "two" {
		t.Errorf("read %q, err %v", got, err)
	}
}

func TestAnArticleInTwoGroupsIsGivenOnce(t *testing.T) {
	s := &newsServer{}
	s.post("example.security", 1, note("one", 1))
	s.post("example.other", 1, note("one", 1))
	s.post("example.other", 2, note("two", 2))
	v := visits(t, listens(t, s.serve), `"groups":["example.security","example.other"]`)
	v.reads(t, "one two")
	if v.repeated != 1 || s.said("ARTICLE") != 2 {
		t.Errorf("%d repeats, %d articles asked for", v.repeated, s.said("ARTICLE"))
	}
}

func TestArticlesThatAreGoneArePassedOver(t *testing.T) {
	s := &newsServer{answers: map[string]string{"ARTICLE 2": "423 No such article\r\n", "ARTICLE 3": "430 No such article\r\n"}}
	for n := uint64(1); n <= 4; n++ {
		s.post("example.security", n, note(fmt.Sprint("n", n), int(n)))
	}
	v := visits(t, listens(t, s.serve), groups)
	v.reads(t, "n1 n4")
	s.post("example.security", 4, "") // so that the last is not there
	s.post("example.security", 5, note("n5", 5))
	v.reads(t, "n5")
	s.post("example.security", 5, "")
	s.low = map[string]uint64{"example.security": 4} // and nothing is
	delete(s.groups, "example.security")
	s.groups["example.security"] = map[uint64]string{}
	v.reads(t, "")
	s.low = nil
	s.post("example.security", 6, note("n6", 6))
	v.reads(t, "n6")
	if len(v.rejects) > 0 {
		t.Errorf("rejects %q", v.rejects)
	}
}

func TestServersWithoutAnOverviewAreRead(t *testing.T) {
	for name, without := range map[string][]string{"XOVER": {"OVER"}, "ARTICLE": {"OVER", "XOVER", "MODE"}} {
		s := &newsServer{without: without}
		s.post("example.security", 1, note("one", 1))
		s.post("example.security", 4, note("two", 2))
		v := visits(t, listens(t, s.serve), groups)
		v.reads(t, "one two")
		v.reads(t, "")
		if s.said(name) == 0 {
			t.Errorf("%s was not said", name)
		}
	}
}

func TestAnArticleThatTheServerCannotHandOutHoldsUpNothingForGood(t *testing.T) {
	for name, answer := range map[string]string{"refused": "503 Program fault\r\n", "endless": "220 2 <n2@a.example>\r\n" + strings.Repeat("x", maxSent)} {
		s := &newsServer{answers: map[string]string{"ARTICLE 2": answer}}
		for n := uint64(1); n <= 3; n++ {
			s.post("example.security", n, note(fmt.Sprint("n", n), int(n)))
		}
		v := visits(t, listens(t, s.serve), groups)
		var all []string
		for range patience {
			got, err := v.visit(t)
			if err == nil || collect.IsPermanent(err) {
				t.Errorf("%s: %v", name, err)
			}
			all = append(all, got)
		}
		v.reads(t, "n3")
		if got := strings.Join(all, "|"); got != "n1||" || len(v.rejects) != 1 || !strings.Contains(v.rejects[0], "article 2") {
			t.Errorf("%s: read %q, rejects %q", name, got, v.rejects)
		}
	}
}

func TestAnArticleThatIsTooLargeIsNamedAndPassedOver(t *testing.T) {
	large := note("large", 1) + strings.Repeat(strings.Repeat("x", 78)+"\n", maxArticle/78)
	for name, without := range map[string][]string{"told": nil, "not told": {"OVER", "XOVER"}} {
		s := &newsServer{without: without}
		s.post("example.security", 1, large)
		s.post("example.security", 2, note("small", 2))
		v := visits(t, listens(t, s.serve), groups)
		v.reads(t, "small")
		if len(v.rejects) != 1 || !strings.Contains(v.rejects[0], "too large") {
			t.Errorf("%s: rejects %q", name, v.rejects)
		}
	}
}

func TestFilesInATextAreNamedAndNotRead(t *testing.T) {
	s := &newsServer{}
	s.post("example.security", 1, note("yenc", 1)+"=ybegin line=128 size=3 name=tool.zip\n\xff\x10=}\x80\n=yend size=3\nAs above.\n")
	s.post("example.security", 2, note("uu", 2)+"begin 644 a \"b\".exe\nM"+strings.Repeat("0", 60)+"\n`\nend\nbegin 644 words and no file\nfor all\n")
	v := visits(t, listens(t, s.serve), groups)
	v.reads(t, "yenc uu")
	if got := v.docs[0].Text; !strings.HasSuffix(got, "..\nAttachment: \"tool.zip\"\nAs above.") {
		t.Errorf("yEnc: %q", got)
	}
	if got := v.docs[1].Text; !strings.HasSuffix(got, "..\nAttachment: \"a b.exe\"\nbegin 644 words and no file\nfor all") {
		t.Errorf("uuencode: %q", got)
	}
}

func TestAWithdrawnArticleIsNotedIfItWasKept(t *testing.T) {
	s := &newsServer{}
	control := func(name, what string) string {
		return strings.Replace(note(name, 3), "Subject:", "Control: "+what+"\nSubject:", 1)
	}
	s.post("example.security", 1, note("one", 1))
	s.post("control.cancel", 1, control("c1", "cancel <one@a.example>"))
	s.post("control.cancel", 2, control("c2", "cancel <other@a.example>"))
	s.post("control.cancel", 3, control("c3", "newgroup example.new"))
	s.post("control.cancel", 4, control("c4", "cancel <one@a.example>"))
	v := visits(t, listens(t, s.serve), `"groups":["example.security","control.cancel"]`)
	v.reads(t, "one Deleted")
	v.reads(t, "")
	if d := v.docs[1]; d.Text != "This article was withdrawn." || d.ID == v.docs[0].ID {
		t.Errorf("%+v", d)
	}
}

func TestAGroupThatIsNotThereHoldsUpNoOther(t *testing.T) {
	s := &newsServer{}
	s.post("example.security", 1, note("one", 1))
	port := listens(t, s.serve)
	v := visits(t, port, `"groups":["example.absent","example.security"]`)
	v.reads(t, "one")
	if len(v.rejects) != 1 || !strings.Contains(v.rejects[0], "group example.absent") {
		t.Errorf("rejects %q", v.rejects)
	}
	if _, err := visits(t, port, `"groups":["example.absent"]`).visit(t); !collect.IsPermanent(err) || !strings.Contains(err.Error(), "example.absent") {
		t.Errorf("where none is there: %v", err)
	}
}

func TestABusyGroupIsReadOverSeveralVisits(t *testing.T) {
	s := &newsServer{}
	for n := uint64(1); n <= mostRead+20; n++ {
		s.post("example.security", n, note(fmt.Sprint("n", n), 1))
	}
	v := visits(t, listens(t, s.serve), groups+`,"latest":10000`)
	for visit, most := range []int{mostRead, mostRead + 20} {
		if _, err := v.visit(t); err != nil {
			t.Fatal(err)
		}
		if n := s.said("ARTICLE"); n > most || n < most-50 {
			t.Errorf("visit %d: %d articles were asked for", visit, n)
		}
	}
	if n := len(v.docs); n != mostRead+20 || v.docs[n-1].Title != fmt.Sprint("n", n) {
		t.Errorf("%d documents", n)
	}
}

// plays runs a server that says what a script does, to each who connects: a line that begins with
// "< " is said, one with "> " is what it waits for.
func plays(t *testing.T, script string) (port int) {
	t.Helper()
	return listens(t, func(c net.Conn) {
		defer c.Close()
		c.SetDeadline(time.Now().Add(20 * time.Second))
		for line := range strings.Lines(script) {
			line = strings.TrimSuffix(line, "\n")
			if text, ok := strings.CutPrefix(line, "<| "); ok { // without its end
				io.WriteString(c, text)
				return
			}
			if text, ok := strings.CutPrefix(line, "< "); ok {
				if _, err := io.WriteString(c, text+"\r\n"); err != nil {
					return
				}
				continue
			}
			want, got, one := strings.TrimPrefix(line, "> "), "", make([]byte, 1)
			for !strings.HasSuffix(got, "\r\n") {
				if _, err := c.Read(one); err != nil {
					break
				}
				got += string(one)
			}
			if !strings.HasPrefix(got, want) {
				t.Errorf("the client said %q, want %q", got, want)
				return
			}
		}
	})
}

func TestWhatAServerMaySayIsReadOrRefusedInWords(t *testing.T) {
	const (
		in     = "< 200 hi\n> MODE READER\n< 200 hi\n"
		opened = in + "> GROUP example.security\n< 211 1 4 4 example.security\n> OVER 4-4\n"
		listed = opened + "< 224 x\n< 4\ta\tb\tc\t<a@a.example>\t\t50\t1\n< .\n> ARTICLE 4\n"
		head   = "< 220 4 <a@a.example>\n< Subject: a\n< Message-ID: <a@a.example>\n< \n"
	)
	for name, c := range map[string]struct {
		script, settings string
		want             string // titles, or a part of the error
		permanent        bool
	}{
		"an ordinary one":         {listed + head + "< said\n< .\n> QUIT\n< 205 bye\n", groups, "a", false},
		"no answer to QUIT":       {listed + head + "< said\n< .\n", groups, "a", false},
		"no text":                 {listed + head + "< .\n> QUIT\n", groups, "", false},
		"no header":               {listed + "< 220 4 <a@a.example>\n< \n< .\n> QUIT\n", groups, "", false},
		"markup":                  {listed + head + "< <script>alert(1)</script>\n< .\n> QUIT\n", groups, "a", false},
		"in no order, and twice":  {opened + "< 224 x\n< 9\ta\tb\tc\t<b@a.example>\n< x\n< 4\ta\tb\tc\tno id\t\tx\n< 4\ta\tb\tc\t<a@a.example>\n< .\n> ARTICLE 4\n" + head + "< said\n< .\n> QUIT\n", groups, "a", false},
		"no number in its answer": {listed + "< 220 ok!\n< Subject: a\n< \n< said\n< .\n> QUIT\n", groups, "a", false},
		"nothing in between":      {opened + "< 423 none\n> QUIT\n", groups, "", false},
		"an empty overview":       {opened + "< 224 x\n< .\n> QUIT\n", groups, "", false},
		"an overview of anything": {opened + "< 224 x\n< <html>\n< .\n", groups, "no line of 1", false},
		"cut in an overview":      {opened + "< 224 x\n< 4\ta", groups, "ended the connection", false},
		"cut in an article":       {listed + head + "< sai", groups, "ended the connection", false},
		"an empty group":          {in + "> GROUP\n< 211 0 0 0 example.security\n> QUIT\n", groups, "", false},
		"empty in another way":    {in + "> GROUP\n< 211 0 5 4 example.security\n> QUIT\n", groups, "", false},
		"a group of anything":     {in + "> GROUP\n< 211 lots\n", groups, "of a group it says", false},
		"numbers without end":     {in + "> GROUP\n< 211 1 1 99999999999999999999 x\n", groups, "of a group it says", false},
		"HTTP":                    {"< HTTP/1.1 400 Bad Request\n", groups, "no NNTP", false},
		"a line without end":      {"< 200 " + strings.Repeat("x", maxLine+1) + "\n", groups, "no end", false},
		"a code of anything":      {"< 99x hi\n", groups, "no NNTP", false},
		"mail":                    {"< 220 mx.example.net ESMTP\n", groups, "220", false},
		"nothing":                 {"", groups, "ended the connection", false},
		"unavailable now":         {"< 400 come back \x1b[31mlater\n", groups, `400 "come back [31mlater"`, false},
		"not for you":             {"< 502 no permission\n", groups, "does not let", true},
		"too many at once":        {"< 502 Too many connections\n", groups, "Too many", false},
		"a login is wanted":       {in + "> GROUP\n< 480 log in\n", groups, "user and password", true},
		"first of all":            {"< 200 hi\n> MODE READER\n< 480 log in\n> GROUP\n< 480 log in\n", groups, "user and password", true},
		"TLS is wanted":           {in + "> GROUP\n< 483 TLS\n", groups, "TLS", true},
		"it ends amid":            {in + "> GROUP\n< 400 shutting down\n", groups, "shutting down", false},
		"it fails":                {in + "> GROUP\n< 503 fault\n", groups, `503 "fault"`, false},
		"an overview that fails":  {opened + "< 403 fault\n", groups, `403 "fault"`, false},
		"an article that fails":   {listed + "< 403 fault\n", groups, `article 4: the server says 403 "fault"`, false},
	} {
		t.Run(name, func(t *testing.T) {
			v := visits(t, plays(t, c.script), c.settings)
			got, err := v.visit(t)
			if err != nil {
				got = err.Error()
			}
			if err != nil && c.want == "" || !strings.Contains(got, c.want) || c.want == "" && got != "" || collect.IsPermanent(err) != c.permanent {
				t.Errorf("%q, permanent %v, want %q, rejects %q", got, collect.IsPermanent(err), c.want, v.rejects)
			}
		})
	}
}

func TestWhoeverHasALoginLogsIn(t *testing.T) {
	// A password goes over no plain line, so that this is asked of the conversation alone.
	for name, c := range map[string]struct {
		script, want string
		permanent    bool
	}{
		"a password":          {"< 200 hi\n> MODE READER\n< 200 hi\n> AUTHINFO USER ann\n< 381 more\n> AUTHINFO PASS hunter2\n< 281 ok\n", "", false},
		"a name is enough":    {"< 200 hi\n> MODE READER\n< 200 hi\n> AUTHINFO USER ann\n< 281 ok\n", "", false},
		"before anything":     {"< 200 hi\n> MODE READER\n< 480 no\n> AUTHINFO USER ann\n< 381 more\n> AUTHINFO PASS hunter2\n< 281 ok\n> MODE READER\n< 201 hi\n", "", false},
		"a wrong password":    {"< 200 hi\n> MODE READER\n< 200 hi\n> AUTHINFO USER ann\n< 381 more\n> AUTHINFO PASS hunter2\n< 481 no\n", "env:P", true},
		"not now":             {"< 200 hi\n> MODE READER\n< 200 hi\n> AUTHINFO USER ann\n< 381 more\n> AUTHINFO PASS hunter2\n< 403 backend\n", "403", false},
		"a login that is off": {"< 200 hi\n> MODE READER\n< 200 hi\n> AUTHINFO USER ann\n< 502 no\n", "does not let", true},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", fmt.Sprint("127.0.0.1:", plays(t, c.script)))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			s := &server{settings: settings{User: "ann", Password: "env:P"}, Env: collect.Env{Reveal: func(collect.Secret) (string, error) { return "hunter2", nil }}}
			err = newClient(conn, "ann").greet(s)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) || collect.IsPermanent(err) != c.permanent || err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
	s := &server{settings: settings{User: "ann", Password: "env:P"}, Env: collect.Env{Reveal: func(collect.Secret) (string, error) { return "a\r\nPOST", nil }}}
	if err := (&client{}).login(s); !collect.IsPermanent(err) || strings.Contains(err.Error(), "POST") {
		t.Errorf("a password of two lines: %v", err)
	}
}

func TestBadSettingsAreToldWithWhatIsWanted(t *testing.T) {
	for settings, want := range map[string]string{
		`{}`:                            "server is missing",
		`{"server":"news.example.net"}`: "groups are missing",
		`{"server":"nntps://news.example.net","groups":["a.b"]}`:                                        "no host",
		`{"server":"news.example.net","groups":["a.b"],"port":70000}`:                                   "port",
		`{"server":"news.example.net","groups":["a.*"]}`:                                                "groups",
		`{"server":"news.example.net","groups":["a.b\r\nPOST"]}`:                                        "groups",
		`{"server":"news.example.net","groups":["a.b","a.b"]}`:                                          "twice",
		`{"server":"news.example.net","groups":["a.b"],"latest":-1}`:                                    "latest",
		`{"server":"news.example.net","groups":["a.b"],"latest":20000}`:                                 "latest",
		`{"server":"news.example.net","groups":["a.b"],"user":"ann"}`:                                   "both",
		`{"server":"news.example.net","groups":["a.b"],"user":"ann","password":"hunter2"}`:              "does not stand here",
		`{"server":"news.example.net","groups":["a.b"],"user":"a b","password":"env:P"}`:                "user",
		`{"server":"news.example.net","groups":["a.b"],"user":"ann","password":"env:P","plain":true}`:   "TLS",
		`{"server":"abcdefgh.onion","groups":["a.b"],"user":"ann","password":"env:P","plain":true}`:     "",
		`{"server":"news.example.net","groups":["a.b"],"user":"ann","password":"age:news","latest":10}`: "",
		`{"server":"news.example.net","groups":["a.b"],"colour":"red"}`:                                 "colour",
	} {
		_, err := Connector.Open(collect.Env{ID: "test"}, collect.Strict([]byte(settings)))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", settings, err, want)
		}
	}
	if _, err := intel.ParseReliability(string(rune(Connector.Reliability))); err != nil {
		t.Error(err)
	}
}

func TestASourceStopsWhenItIsToldTo(t *testing.T) {
	before := runtime.NumGoroutine()
	s := &newsServer{}
	s.post("example.security", 1, note("one", 1))
	s.post("example.security", 2, note("two", 2))
	t.Run("by emit", func(t *testing.T) {
		v := visits(t, listens(t, s.serve), groups)
		full, calls := errors.New("disk full"), 0
		if err := v.source.Collect(t.Context(), "", func(intel.Document, intel.Cursor) error { calls++; return full }); !errors.Is(err, full) || calls != 1 {
			t.Errorf("%v after %d calls", err, calls)
		}
		v.reads(t, "one two")
	})
	t.Run("before it begins, and while the server is silent", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		v := visits(t, listens(t, func(c net.Conn) { defer c.Close(); cancel(); io.Copy(io.Discard, c) }), groups)
		began := time.Now()
		for range 2 {
			if err := v.source.Collect(ctx, "", nil); !errors.Is(err, context.Canceled) || time.Since(began) > 5*time.Second {
				t.Errorf("%v after %v", err, time.Since(began))
			}
		}
	})
	for deadline := time.Now().Add(2 * time.Second); runtime.NumGoroutine() > before; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines are left", runtime.NumGoroutine()-before)
		}
	}
	if err := visits(t, 1, groups).source.Collect(t.Context(), "x", nil); !collect.IsPermanent(err) {
		t.Errorf("a cursor of anything: %v", err)
	}
}

func FuzzAnswers(f *testing.F) {
	for _, seed := range []string{
		"200 hi\r\n211 3 1 3 a.b\r\n224 x\r\n1\ta\tb\tc\t<a@b>\t\t5\t1\r\n.\r\n220 1 <a@b>\r\nSubject: a\r\n\r\n..x\r\n.\r\n",
		"400 no\r\n", "211 0 0 0\r\n423 x\r\n430 x\r\n", "211-1 1 1\r\n", "220 1 <a>\r\n=ybegin name=x\r\n\r\n.\r\n", "224 x\r\nbegin 644 a\r\nM\r\n.\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, said []byte) {
		if len(said) > 1<<16 {
			return
		}
		mine, its := net.Pipe()
		go func() { io.Copy(io.Discard, its) }()
		go func() { its.Write(said); its.Close() }()
		c := newClient(mine, "")
		defer mine.Close()
		c.ready(maxLine)
		c.answer(20)
		g, err := c.group("a.b")
		if err == nil && g.low == 0 {
			t.Errorf("%q: a group from 0", said)
		}
		list, _ := c.over(1, span)
		for i, e := range list {
			if e.number < 1 || e.number > span || i > 0 && list[i-1].number >= e.number {
				t.Errorf("%q: %+v", said, list)
			}
		}
		if body, _, err := c.article(entry{number: 1}); err == nil && len(withoutFiles(body)) > len(body)+20*strings.Count(string(body), "\n")+20 {
			t.Errorf("%q became longer", body)
		}
	})
}
