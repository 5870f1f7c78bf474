package publish_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/publish"
)

var day = time.Date(2026, 3, 17, 0, 0, 0, 0, time.UTC)

func profile() intel.Profile {
	p := intel.Profile{Entity: intel.Entity{Kind: intel.Actor, Name: "cold-lynx"}, Name: "Cold Lynx", Summary: "Named in 3 documents.", AsOf: day,
		Licence: "Free.", References: []string{"https://blog.example/a", "https://blog.example/b", "https://blog.example/c", "https://blog.example/d"}}
	for i := range 5 {
		p.IOC = append(p.IOC, intel.Row{ID: fmt.Sprint(i), Entity: intel.Entity{Kind: intel.IPv4, Name: fmt.Sprintf("192.0.2.%d", i)}, Value: fmt.Sprintf("192.0.2.%d", i),
			Level: intel.Medium, Probability: .66, First: day, Last: day, Origins: 1, Evidence: []intel.Proof{{Snippet: "secret words", At: day}}})
	}
	p.IOC[0].First = time.Time{}
	p.IOA = []intel.Row{
		{Entity: intel.Entity{Kind: intel.File, Name: "/a.php"}, Value: "/a.php", Predicted: true, Probability: .2},
		{Entity: intel.Entity{Kind: intel.File, Name: "/b.php"}, Value: "/b.php", Level: intel.Low, Probability: .1, Origins: 1},
	}
	p.Activities = intel.Activities{Monthly: []intel.Count{{Start: day, N: 3}}, Events: []intel.Event{{At: day, What: "a claim"}}, Total: 3}
	return p
}

func markdown(t *testing.T, p intel.Profile) string {
	t.Helper()
	var b bytes.Buffer
	if err := publish.Markdown(&b, p, publish.Options{BaseURL: "https://cti.example"}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestAProfileHasTheSeedsColumnsAndThenWhenAndHowSure(t *testing.T) {
	out := markdown(t, profile())
	for _, want := range []string{
		"# Cold Lynx - Cyber Threat Intelligence",
		"<https://cti.example/actor/cold-lynx>",
		"ID | IP address | Hostname | Confidence | First seen | Last seen | Origins",
		"1 | 192.0.2.0 | - | Medium (0.66) | – | 2026-03-17 | 1",
		"* <https://blog.example/a>",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

func TestAProfileWithoutALivePageLinksToNone(t *testing.T) {
	p := profile()
	for written, want := range map[string]bool{"actor:cold-lynx": true, "ipv4:192.0.2.1": true, "sector:energy": false, "label:x": false, "technique:T1068": false} {
		e, err := intel.ParseEntity(written)
		if err != nil {
			t.Fatal(err)
		}
		p.Entity = e
		var b bytes.Buffer
		if err := publish.JSON(&b, p, publish.Options{BaseURL: "https://cti.example"}); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(markdown(t, p), "Live data") != want || strings.Contains(b.String(), `"live":`) != want {
			t.Errorf("%s: a live page in Markdown or JSON is not %t", written, want)
		}
	}
}

func TestOtherIndicatorsFollowTheAddressesInATableOfTheirOwn(t *testing.T) {
	p := profile()
	p.IOC = append([]intel.Row{{Entity: intel.Entity{Kind: intel.Domain, Name: "c2.example"}, Value: "c2.example", Level: intel.High, Probability: .9, Origins: 2, Last: day}}, p.IOC...)
	out := markdown(t, p)
	address, domain := strings.Index(out, "1 | 192.0.2.0 |"), strings.Index(out, "6 | Domain | `c2.example` | High (0.90)")
	if address < 0 || domain < address {
		t.Errorf("addresses at %d, domain at %d in\n%s", address, domain, out)
	}
}

func TestPredictedRowsStandAfterObservedOnesAndSaySo(t *testing.T) {
	out := markdown(t, profile())
	seen, predicted := strings.Index(out, "`/b.php`"), strings.Index(out, "`/a.php`")
	if seen < 0 || predicted < seen || !strings.Contains(out, "`/a.php` | Predicted (0.20) | not yet") {
		t.Errorf("observed at %d, predicted at %d in\n%s", seen, predicted, out)
	}
}

func TestAPreviewNamesNoAttackedHost(t *testing.T) {
	victim := intel.Row{Entity: intel.Entity{Kind: intel.Country, Name: "CA"}, Value: "Canada", Hostname: "www.port.example"}
	reverse := intel.Row{Entity: intel.Entity{Kind: intel.IPv4, Name: "192.0.2.1"}, Value: "192.0.2.1", Hostname: "static.example.net"}
	p := publish.Preview(intel.Profile{Countries: []intel.Row{victim}, IOC: []intel.Row{reverse}, IOA: []intel.Row{victim}}, 3)
	if p.Countries[0].Hostname != "" || p.IOA[0].Hostname != "" || p.IOC[0].Hostname == "" {
		t.Errorf("countries %q, IOA %q, IOC %q; want the reverse name of the indicator alone", p.Countries[0].Hostname, p.IOA[0].Hostname, p.IOC[0].Hostname)
	}
}

func TestWhatAFullProfileLacksIsToldInItsPreviewToo(t *testing.T) {
	full := profile()
	full.Hidden = map[string]int{"ioc": 40}
	if out := markdown(t, full); !strings.Contains(out, "There are 40 more IOC items of a lower probability") {
		t.Errorf("not told what is left out in\n%s", out)
	}
	if p := publish.Preview(full, 3); p.Hidden["ioc"] != 42 {
		t.Errorf("%d indicators are hidden, want 42", p.Hidden["ioc"])
	}
}

func TestAPreviewShowsNRowsAndCountsTheRest(t *testing.T) {
	full := profile()
	p := publish.Preview(full, 3)
	out := markdown(t, p)
	for _, want := range []string{"4 | ... | ...", "There are 2 more IOC items available", "| 2026-03 |", "There are 1 more reference items"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	for _, not := range []string{"2026-03-17 | 1", "secret words", "192.0.2.4", "a claim"} {
		if strings.Contains(out, not) {
			t.Errorf("%q stands in the preview", not)
		}
	}
	if full.IOC[1].Evidence == nil || len(full.IOC) != 5 || full.IOC[1].First.IsZero() {
		t.Error("the full profile was changed")
	}
	var b bytes.Buffer
	if err := publish.JSON(&b, p, publish.Options{}); err != nil || strings.Contains(b.String(), "secret words") {
		t.Errorf("JSON of the preview: err %v\n%s", err, b.String())
	}
}

func TestJSONHasTheStableKeys(t *testing.T) {
	var b bytes.Buffer
	if err := publish.JSON(&b, profile(), publish.Options{}); err != nil {
		t.Fatal(err)
	}
	var got map[string]json.RawMessage
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"name", "aliases", "as_of", "countries", "campaigns", "associated_actors", "activities", "intentions", "research", "attacks",
		"ioc", "ttp", "ioa", "forecasts", "references", "summary", "licence", "hidden"} {
		if v, ok := got[key]; !ok || string(v) == "null" {
			t.Errorf("%s is %s", key, v)
		}
	}
	var rows []map[string]json.RawMessage
	if err := json.Unmarshal(got["ioc"], &rows); err != nil || len(rows) != 5 {
		t.Fatalf("%d rows, err %v", len(rows), err)
	}
	for _, key := range []string{"value", "confidence", "probability", "predicted", "first_seen", "last_seen", "origins", "evidence"} {
		if _, ok := rows[0][key]; !ok {
			t.Errorf("row lacks %s", key)
		}
	}
	if string(rows[0]["first_seen"]) != "null" || string(rows[1]["first_seen"]) == "null" {
		t.Errorf("dates %s and %s", rows[0]["first_seen"], rows[1]["first_seen"])
	}
}

func TestWhatIsUnknownKeepsItsKeyInJSON(t *testing.T) {
	p := intel.Profile{Attacks: []intel.Tally{{}}, Forecasts: []intel.Forecast{{}}}
	for _, table := range p.Tables() {
		*table.Rows = []intel.Row{{Evidence: []intel.Proof{{}}}}
	}
	var b bytes.Buffer
	if err := publish.JSON(&b, p, publish.Options{}); err != nil {
		t.Fatal(err)
	}
	var got map[string]json.RawMessage
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	own := map[string]string{"ioc": "hostname campaign", "countries": "role", "ioa": "type phase", "ttp": "description", "attacks": "value", "forecasts": ""}
	keys := []string{"attacks", "forecasts"}
	for _, table := range p.Tables() {
		keys = append(keys, table.Key)
	}
	for _, key := range keys {
		var rows []map[string]json.RawMessage
		if err := json.Unmarshal(got[key], &rows); err != nil || len(rows) != 1 {
			t.Fatalf("%s: %d rows, err %v", key, len(rows), err)
		}
		want := "confidence probability predicted first_seen last_seen origins evidence"
		if key == "forecasts" {
			want = "id actor kind target horizon_days probability base_rate skill reasons made due rule"
		}
		lacks(t, key, rows[0], want+" "+own[key])
		var proofs []map[string]json.RawMessage
		if key != "forecasts" && key != "attacks" {
			if err := json.Unmarshal(rows[0]["evidence"], &proofs); err != nil || len(proofs) != 1 {
				t.Fatalf("%s: evidence %s, err %v", key, rows[0]["evidence"], err)
			}
			lacks(t, "evidence of "+key, proofs[0], "document source url snippet offset at")
		}
	}
}

// lacks fails for keys that are not there.
func lacks(t *testing.T, what string, got map[string]json.RawMessage, keys string) {
	t.Helper()
	for _, key := range strings.Fields(keys) {
		if _, ok := got[key]; !ok {
			t.Errorf("%s lacks %s", what, key)
		}
	}
}

func hostile() []string {
	return []string{"a | b", "`", "``` x", "<script>alert(1)</script>", "[x](javascript:alert(1))", "a\nb\r\n# h", "\u202egnp.exe", "\x00\x1b[2J", "![x](http://a.example/)",
		"http://evil.example/", "**b**", "&lt;", "\\", strings.Repeat("x", 5000), "../../etc/passwd", "CON", "aux.txt", ".", "", "a:b", "..\\..\\x"}
}

func TestHostileValuesCannotLeaveTheirCell(t *testing.T) {
	want := strings.Count(markdown(t, profile()), "\n")
	for _, h := range hostile() {
		p := profile()
		p.IOC[1].Value, p.IOC[1].Hostname, p.IOC[1].Campaign = h, h, h
		p.Name, p.References[0] = h, h
		out := markdown(t, p)
		if got := strings.Count(out, "\n"); got != want {
			t.Errorf("%q: %d lines, want %d", h, got, want)
		}
		live := markup(out)
		for _, bad := range []string{"<script", "](javascript:", "\u202e", "\x1b", "![", "**"} {
			if strings.Contains(live, bad) {
				t.Errorf("%q: %q stands in\n%s", h, bad, live)
			}
		}
	}
}

// markup is what of a Markdown text may be markup: code spans and escaped
// characters are taken out.
func markup(text string) string {
	code := regexp.MustCompile("(`+)[^`\n](?:.*?[^`\n])??\\s*`+")
	return regexp.MustCompile(`\\.`).ReplaceAllString(code.ReplaceAllString(text, ""), "")
}

func FuzzPathStaysInTheTree(f *testing.F) {
	for _, h := range hostile() {
		f.Add(h)
	}
	f.Fuzz(func(t *testing.T, title string) {
		got := publish.Path(intel.Entity{Kind: intel.Actor, Name: "x"}, title)
		parts := strings.Split(got, "/")
		if len(parts) != 4 || path.Clean(got) != got || strings.ContainsAny(got, "\\\x00:") || !strings.HasPrefix(got, "actors/") || len(parts[2]) > 130 {
			t.Errorf("%q: %q", title, got)
		}
		if utf8.ValidString(title) && !utf8.ValidString(got) {
			t.Errorf("%q: %q is not UTF-8", title, got)
		}
	})
}

func TestPathsDifferByMoreThanCase(t *testing.T) {
	taken := publish.Paths{}
	seen := map[string]bool{}
	long := strings.Repeat("L", 140)
	for _, title := range []string{"Lynx", "lynx", "LYNX", "Lynx 2", long + "alpha", long + "beta", long + "gamma"} {
		p := strings.ToLower(taken.Take(intel.Entity{Kind: intel.Actor, Name: "x"}, title))
		if seen[p] {
			t.Errorf("%s is taken twice", p)
		}
		seen[p] = true
	}
	if got := publish.Path(intel.Entity{Kind: intel.Actor, Name: "astro-locker"}, "Astro Locker"); got != "actors/a/Astro Locker/README.md" {
		t.Errorf("path %q", got)
	}
}

func TestAProfileListsTheDocumentsItsRowsRestOn(t *testing.T) {
	p := profile()
	for i := range p.IOC {
		p.IOC[i].Evidence = []intel.Proof{{Document: "d1", Title: "A [report]\n# x", Source: "blog", URL: "https://blog.example/a", At: day}}
	}
	p.IOC[3].Evidence = []intel.Proof{{Document: "d2", Source: "forum"}}
	out := markdown(t, p)
	_, evidence, _ := strings.Cut(out, "## Evidence\n")
	for _, want := range []string{"<https://blog.example/a> (blog, 2026-03-17): IOC 1–3, 5\n", "* Document d2 (forum, –): IOC 4\n"} {
		if !strings.Contains(evidence, want) {
			t.Errorf("no %q in\n%s", want, evidence)
		}
	}
	if strings.Contains(evidence, "\n# x") {
		t.Errorf("a title left its line:\n%s", evidence)
	}
	if preview := markdown(t, publish.Preview(p, 3)); strings.Contains(preview, "Evidence") || strings.Contains(preview, "forum") {
		t.Errorf("a preview tells its evidence:\n%s", preview)
	}
}

func TestManyProfilesOfAKindHaveAnIndexOfTheirOwn(t *testing.T) {
	var entries []publish.Entry
	for i := range 501 {
		name := fmt.Sprintf("CVE-2099-%04d", i)
		entries = append(entries, publish.Entry{Entity: intel.Entity{Kind: intel.Vulnerability, Name: name}, Name: name, Path: "vulnerabilities/c/" + name + "/README.md"})
	}
	entries = append(entries, publish.Entry{Entity: intel.Entity{Kind: intel.Actor, Name: "a"}, Name: "A", Path: "actors/a/A/README.md"})
	var root bytes.Buffer
	if err := publish.Index(&root, entries, publish.Options{}); err != nil {
		t.Fatal(err)
	}
	if s := root.String(); !strings.Contains(s, "(actors/a/A/README.md)") || !strings.Contains(s, "501 profiles, [listed apart](vulnerabilities/README.md)") || strings.Contains(s, "CVE-2099") {
		t.Errorf("the index of all:\n%s", s)
	}
	pages := map[string]string{}
	err := publish.Indexes(entries, func(path string, page func(io.Writer) error) error {
		var b bytes.Buffer
		err := page(&b)
		pages[path] = b.String()
		return err
	})
	if err != nil || len(pages) != 1 || !strings.Contains(pages["vulnerabilities/README.md"], "[CVE-2099-0500](c/CVE-2099-0500/README.md)") {
		t.Errorf("of %d folders, err %v:\n%.300s", len(pages), err, pages["vulnerabilities/README.md"])
	}
}

func TestAnAssociatedActorHasItsReasonsInEachForm(t *testing.T) {
	p := profile()
	p.Associated = []intel.Row{{Entity: intel.Entity{Kind: intel.Actor, Name: "warm-lynx"}, Value: "Warm Lynx", Relation: intel.AssociatedWith, Level: intel.Medium, Probability: .6, Origins: 1, Documents: 2,
		Common: []intel.Common{{What: "addresses", N: 12, Weight: 4.5}, {What: "malware", N: 3, Weight: 1}, {What: "documents", N: 4, Weight: 2}}}}
	const why = "stated in 2 documents, 12 shared addresses, 3 shared malware, named together in 4 documents"
	if out := markdown(t, p); !strings.Contains(out, "1 | Warm Lynx | Actor | associated-with | "+why+" | Medium (0.60)") {
		t.Errorf("no reasons in\n%s", out)
	}
	var b bytes.Buffer
	if err := publish.JSON(&b, p, publish.Options{}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), `"reasons":[{"what":"addresses","n":12,"weight":4.5},`) {
		t.Errorf("no reasons in %s", b.String())
	}
	p.Associated[0].Common[0].N, p.Associated[0].Common[2].N, p.Associated[0].Documents = 1, 1, 1
	p.Associated[0].Common = append(p.Associated[0].Common, intel.Common{What: "vulnerabilities", N: 1}, intel.Common{What: "techniques", N: 1})
	if got := p.Associated[0].Reason(); got != "stated in 1 document, 1 shared address, 3 shared malware, named together in 1 document, 1 shared vulnerability, 1 shared technique" {
		t.Errorf("one of each is %q", got)
	}
}

func TestNothingUncertainIsSaidToBeCertain(t *testing.T) {
	for p, want := range map[float64]string{.995: ": 99.5 %", .9999: ": over 99.9 %", .0001: ": under 0.1 %", .004: ": 0.4 %", .5: ": 50.0 %"} {
		f := intel.Forecast{Kind: "any activity", Target: "documents", Probability: p, Skill: intel.Skill{.3, .2, .4}}
		if said := publish.Outlook(f); !strings.HasSuffix(said, want) {
			t.Errorf("%g: %s", p, said)
		}
	}
}
