package hunt

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/intel"
)

// attacksFrom are the fragments of attacks and an address.
func attacksFrom(tb testing.TB) *Set {
	tb.Helper()
	var b Builder
	for _, w := range []string{"file:/admin/x.php", "argument:id", "input:../../", "input:admin", "function:evalCode"} {
		kind, name, _ := strings.Cut(w, ":")
		b.Add(Mark{Entity: intel.Entity{Kind: intel.Kind(kind), Name: name}, Probability: 0.5, Actors: []string{"actor:cold-lynx"}})
	}
	b.Add(Mark{Entity: intel.NewEntity(intel.IPv4, "192.0.2.7"), Probability: 0.9, Actors: []string{"actor:cold-lynx"}})
	return b.Set()
}

// places returns line, offset and entity of what is found by a scanner that
// holds most bytes at once.
func places(tb testing.TB, set *Set, most int, log string) []string {
	tb.Helper()
	s := NewScanner(set)
	s.most = most
	var got []string
	err := s.Scan(tb.Context(), strings.NewReader(log), 0, func(m Match) error {
		if text := log[m.Offset : m.Offset+int64(len(m.Text))]; text != m.Text {
			tb.Errorf("at %d stands %.40q, not %.40q", m.Offset, text, m.Text)
		}
		got = append(got, fmt.Sprintf("%d %d %s", m.Line, m.Offset, m.Entity))
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return got
}

func TestFragmentsAreFoundAcrossThePiecesOfALine(t *testing.T) {
	set := attacksFrom(t)
	filler := func(n int) string { return strings.Repeat("quarterly report ", n/17+1)[:n] }
	log := "first\n" + filler(longestLine-15) + " GET /admin/x.php?id=7&f=../../etc HTTP/1.1 " + filler(2<<20) + " POST /site/admin/x.php " + filler(1000) + "\nGET /admin/x.php\n"
	at := func(n int, part string) int { // where part stands for the nth time
		from := 0
		for range n {
			from += strings.Index(log[from:], part) + 1
		}
		return from - 1
	}
	want := []string{
		fmt.Sprintf("2 %d file:/admin/x.php", at(1, "/admin/x.php")), fmt.Sprintf("2 %d argument:id", at(1, "id=7")), fmt.Sprintf("2 %d input:../../", at(1, "f=../../")),
		fmt.Sprintf("2 %d file:/admin/x.php", at(1, "/site/admin")), fmt.Sprintf("3 %d file:/admin/x.php", at(3, "/admin/x.php")),
	}
	if diff := cmp.Diff(want, places(t, set, longestLine, log)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestALongLineOfJSONHasItsIndicatorsAndFragments(t *testing.T) {
	set := attacksFrom(t)
	var b strings.Builder
	b.WriteString("[")
	for i := 0; b.Len() < 3<<20; i++ {
		fmt.Fprintf(&b, `{"n":%d,"src_ip":"10.0.0.1","http":{"hostname":"h.example","url":"\/index\/%d.html"}},`, i, i)
	}
	b.WriteString(`{"src_ip":"192.0.2.7","http":{"http_method":"GET","url": "\/admin\/x.php?id=7\u0026f=..\/..\/"}},{"file":"/admin/x.php","msg":"/admin/x.php"}]`)
	log := b.String()
	want := []string{
		fmt.Sprintf("1 %d ipv4:192.0.2.7", strings.Index(log, "192.0.2.7")),
		fmt.Sprintf("1 %d file:/admin/x.php", strings.Index(log, `\/admin`)),
		fmt.Sprintf("1 %d argument:id", strings.Index(log, "id=7")),
		fmt.Sprintf("1 %d input:../../", strings.Index(log, "id=7")),
	}
	if diff := cmp.Diff(want, places(t, set, longestLine, log)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestARequestThatServersTakeIsReadWholeWhereverALineIsCut(t *testing.T) {
	set := attacksFrom(t)
	request := "GET /evalCode/" + strings.Repeat("a/", 15<<10) + "admin/x.php HTTP/1.1"
	for _, before := range []int{longestLine - len(request)/2, longestLine - 40, longestLine - overlap} {
		log := strings.Repeat("a ", before/2) + request + strings.Repeat(" a", longestRequest)
		var got []string
		for _, p := range places(t, set, longestLine, log) {
			got = append(got, strings.Fields(p)[2])
		}
		if strings.Join(got, " ") != "file:/admin/x.php function:evalCode" {
			t.Errorf("%d bytes into a line: found %q", before, got)
		}
	}
}

func TestARequestOfMegabytesIsLookedAtToItsEnd(t *testing.T) {
	set := attacksFrom(t)
	for name, test := range map[string]struct{ log, want string }{
		"path":            {"GET /" + strings.Repeat("a/", 3<<19) + "admin/x.php?id=7 HTTP/1.1", "file:/admin/x.php argument:id"},
		"other path":      {"GET /" + strings.Repeat("a/", 3<<19) + "badmin/x.php?id=7 HTTP/1.1", ""},
		"input":           {"GET /" + strings.Repeat("a", 5<<19) + "/../../" + strings.Repeat("a", 1<<20) + " HTTP/1.1", "input:../../"},
		"query":           {"GET /admin/x.php?" + strings.Repeat("a=b&", 3<<18) + "id=7&u=admin HTTP/1.1", "file:/admin/x.php argument:id input:admin"},
		"value":           {"GET /a?v=" + strings.Repeat("a", 3<<20) + "../../ HTTP/1.1", "input:../../"},
		"half of a name":  {"GET /admin/x.php?" + strings.Repeat("xid=7&bid=7&", 3<<18) + " HTTP/1.1", "file:/admin/x.php"},
		"once":            {"GET /admin/x.php?" + strings.Repeat("id=7&", 3<<18) + " HTTP/1.1", "file:/admin/x.php argument:id"},
		"quoted":          {`{"a":1,"uri":"` + strings.Repeat(`\/a`, 1<<20) + `\/admin\/x.php"}`, "file:/admin/x.php"},
		"key of CEF":      {"CEF:0|V|P|1|7|n|5|msg=" + strings.Repeat("a ", 3<<19) + "request=/admin/x.php?id=1", "file:/admin/x.php argument:id"},
		"key in capitals": {"CEF:0|V|P|1|7|n|5|msg=" + strings.Repeat("a ", 3<<19) + "Request=/admin/x.php?id\\=1", "file:/admin/x.php argument:id"},
		"key and tab":     {`{"a":"` + strings.Repeat("a ", 3<<19) + "\",\"url\":\t\"/admin/x.php?id=1\"}", "file:/admin/x.php argument:id"},
		"column":          {"#fields\tts\tuser\turi\tb\n1.0\t" + strings.Repeat("a ", 3<<19) + "\t/admin/x.php?id='1\t/admin/x.php\n", "file:/admin/x.php argument:id"},
		"other column":    {"#fields\tts\tuser\tb\turi\n1.0\t" + strings.Repeat("a ", 3<<19) + "\t/admin/x.php?id=1\t-\n", ""},
		"long column":     {"#fields\tts\turi\tb\n1.0\t/" + strings.Repeat("a/", 3<<19) + "admin/x.php?id=1\t/admin/x.php\n", "file:/admin/x.php argument:id"},
		"no columns":      {"#fields\tts\turi\n{\t/" + strings.Repeat("a/", 3<<19) + "admin/x.php\n", ""},
		"no request":      {strings.Repeat("a ", 3<<19) + "/admin/x.php?id=1 xGET /admin/x.php \"name\":\"/admin/x.php\"", ""},
		"of another line": {"GET /" + strings.Repeat("a/", 3<<19) + "\nadmin/x.php?id=7 HTTP/1.1", ""},
	} {
		var got []string
		for _, p := range places(t, set, longestLine, test.log) {
			got = append(got, strings.Fields(p)[2])
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s: found %.200q, want %q", name, got, test.want)
		}
	}
}

func TestFragmentsAreNeitherLostNorDoubledAtAnyCut(t *testing.T) {
	set := attacksFrom(t)
	var b strings.Builder
	for i := range 400 {
		fmt.Fprintf(&b, `x%d GET /site/admin/x.php?id=%d&f=..%%2f../ HTTP/1.1 {"url": "\/admin\/x.php?u=admin"} /admin/x.php GET /badmin/x.phpx?id=7 `, i, i)
	}
	one := places(t, set, 16<<10, b.String())
	if len(one) != 400*5 {
		t.Errorf("%d matches of 400 requests and 400 of JSON", len(one))
	}
	for most := 2 * overlap; most < 2*overlap+300; most++ {
		if got := places(t, set, most, b.String()); !slices.Equal(sorted(got), sorted(one)) {
			t.Fatalf("holding %d bytes: -want +got:\n%s", most, cmp.Diff(sorted(one), sorted(got)))
		}
	}
}

func TestColumnsAreToldApartAtAnyCut(t *testing.T) {
	set := attacksFrom(t)
	log := "#fields\tts\tb\turi\tc\turi\td\n1.0\t/admin/x.php"
	for range 3 {
		log += strings.Repeat("/", 3*overlap)
	}
	log += "\t/admin/x.php?id=7\t/admin/x.php" + strings.Repeat(" b", overlap) + "\t/site/admin/x.php" + strings.Repeat("\t/admin/x.php", 400) + "\n"
	for most := 2 * overlap; most < 2*overlap+300; most++ {
		var got []string
		for _, p := range places(t, set, most, log) {
			got = append(got, strings.Fields(p)[2])
		}
		if strings.Join(got, " ") != "file:/admin/x.php argument:id file:/admin/x.php" {
			t.Fatalf("holding %d bytes: found %q", most, got)
		}
	}
}

func sorted(s []string) []string { return slices.Sorted(slices.Values(s)) }

func TestALineOfManyMegabytesIsNotHeld(t *testing.T) {
	set := attacksFrom(t)
	unit := []byte(`x GET /site/admin/x.php?id=7 {"url":"/a/` + strings.Repeat("b", 4000) + `"} `)
	const size = 48 << 20
	found := 0
	n, grown := held(t, set, io.LimitReader(&endless{unit: unit}, size), func(Match) error { found++; return nil })
	if grown > 4<<20 || n != size || found/2 != (size+len(unit)-1)/len(unit) {
		t.Errorf("read %d of %d bytes with %d more held, %d matches in %d units", n, size, grown, found, size/len(unit))
	}
}

// endless reads the same text again and again.
type endless struct {
	unit []byte
	at   int
}

func (e *endless) Read(b []byte) (int, error) {
	n := 0
	for n < len(b) {
		m := copy(b[n:], e.unit[e.at:])
		n, e.at = n+m, (e.at+m)%len(e.unit)
	}
	return n, nil
}

func TestTwoRequestsInALineKeepTheirFragments(t *testing.T) {
	got := strings.Join(entities(t, attacks(), `{"url":"/admin/x.php?id=7","path":"/other"}`), " ")
	if got != "file:/admin/x.php argument:id" {
		t.Errorf("found %s", got)
	}
}
