package csv_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/csv"
)

// rowsOf returns the rows of a list, one a line: where it stands, what it is,
// and what the list says of it.
func rowsOf(t testing.TB, content string) []string {
	t.Helper()
	env := collect.Env{Files: fstest.MapFS{"l": {Data: []byte(content)}}}
	var out []string
	err := csv.Rows(context.Background(), env, "l", func(r csv.Row) error {
		what := r.Entity.String()
		if r.Entity.Name == "" {
			what = "? " + r.Value
		}
		last := ""
		if !r.Last.IsZero() {
			last = r.Last.Format(" 2006-01-02")
		}
		out = append(out, strings.TrimSpace(fmt.Sprintf("%d %s %s%s", r.Line, what, r.Level, last)))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRowsOfAListAreReadInEveryForm(t *testing.T) {
	for name, c := range map[string]struct{ content, want string }{
		"a value a line":                 {"# ours\n45.134.21.8\n\n 1.1.1.1 # resolver\nhello\nevil[.]org\n", "2 ipv4:45.134.21.8\n4 ipv4:1.1.1.1\n5 ? hello\n6 domain:evil.org"},
		"a header":                       {"ioc;type;last_seen\r\n45.134.21.8;ip;2026-11-01\r\nevil.org;domain;\r\n", "2 ipv4:45.134.21.8  2026-11-01\n3 domain:evil.org"},
		"no header":                      {"x,45.134.21.8\n\"y, z\",evil.org\n", "1 ipv4:45.134.21.8\n2 domain:evil.org"},
		"types, data and notes":          {"Indicator_type\tData\tNote\nip\t999.1.1.1\tn\ndomain\t-bad_.\tn\nip\t45.134.21.8\tn\n", "2 ? 999.1.1.1\n3 ? -bad_.\n4 ipv4:45.134.21.8"},
		"types headed as indicators":     {"Indicator;Data;Notes\nip;999.1.1.1;n\nip;45.134.21.8;n\n", "2 ? 999.1.1.1\n3 ipv4:45.134.21.8"},
		"indicators beside data of them": {"indicator,type,data\n45.134.21.8,ip,x\n", "2 ipv4:45.134.21.8"},
		"data of an unknown header":      {"id,data\n7,45.134.21.8\n", "2 ipv4:45.134.21.8"},
		"unknown header":                 {"foo,bar\n45.134.21.8,x\n", "2 ipv4:45.134.21.8"},
		"tables of Markdown": {"# A | B\n\nProse of 45.134.21.9 | and such.\n\nID | IP address | Hostname | Confidence | First seen | Last seen\n-- | --- | --- | --- | --- | ---\n1 | 45.134.21.8 | - | Low (0.01) | 2021-03-30 | 2021-03-31\n\n" +
			"ID | Name\n--|--\n1 | evil.org\n\n| Type | Indicator |\n|---|:-:|\n| SHA256 | `0a671d9d7ca62274e5e210813d02d860846baf59188e2a07522cd3a1cc3f9cc0` |\n| Command | `a \\| b` |\n| Domain | a\\_b.evil.org |\n",
			"7 ipv4:45.134.21.8 Low 2021-03-31\n15 sha256:0a671d9d7ca62274e5e210813d02d860846baf59188e2a07522cd3a1cc3f9cc0\n16 command:a | b\n17 domain:a_b.evil.org"},
		"comments behind values":     {"45.134.21.8 ; dns\n45.134.21.9\t// mail\n", "1 ipv4:45.134.21.8\n2 ipv4:45.134.21.9"},
		"remarks without separators": {"45.134.21.7\n45.134.21.8 ; dns\n45.134.21.9\t# mail\nhttps://evil.org/a#b\n", "1 ipv4:45.134.21.7\n2 ipv4:45.134.21.8\n3 ipv4:45.134.21.9\n4 url:https://evil.org/a#b"},
		"marks of Markdown": {"Indicator | Type\n--|--\n**evil.org** | domain\n*evil[.]net* | domain\n[45.134.21.8](https://vt.example/ip) | ip\n**[evil\\.com](https://vt.example/d \"seen\")** | domain\n[`evil.io`](https://vt.example/d) | domain\nhxxp://evil\\.example\\.org/x | url\n<https://evil.org/a> | url\n",
			"3 domain:evil.org\n4 domain:evil.net\n5 ipv4:45.134.21.8\n6 domain:evil.com\n7 domain:evil.io\n8 url:http://evil.example.org/x\n9 url:https://evil.org/a"},
	} {
		if diff := cmp.Diff(c.want, strings.Join(rowsOf(t, c.content), "\n")); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func FuzzRows(f *testing.F) {
	f.Add("ioc;type\n1.2.3.4;ip")
	f.Add("a|Indicator\n-|-\n`|1.2.3.4\\|")
	f.Add("\xff\"\n|--|--|\n,\n")
	f.Fuzz(func(t *testing.T, content string) {
		last := 0
		for _, r := range rowsOf(t, content) {
			var line int
			if _, err := fmt.Sscan(r, &line); err != nil || line <= last {
				t.Fatalf("row %q after line %d of %q", r, last, content)
			}
			last = line
		}
	})
}
