package extract_test

import (
	"encoding/csv"
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/extract"
	"github.com/portent-cti/portent/internal/intel"
)

// A listed report is a text and the values that its publisher lists beside it.
type listed struct {
	path, text string
	values     map[intel.Entity]bool
}

// sophos reads the lists of SophosLabs: as text, and as the values that their
// column of types calls hashes, addresses and domains.
func sophos(t testing.TB) []listed {
	t.Helper()
	var out []listed
	for p, b := range files(t, "sophos/*.csv") {
		l := listed{path: filepath.Base(p), text: string(b), values: map[intel.Entity]bool{}}
		r := csv.NewReader(strings.NewReader(l.text))
		r.FieldsPerRecord, r.LazyQuotes = -1, true
		for {
			row, err := r.Read()
			if err != nil {
				break
			}
			if len(row) > 1 {
				l.list(row[0], row[1])
			}
		}
		out = append(out, l)
	}
	return out
}

// eset reads the reports of ESET, with the values of the event and the lists of
// samples in the folder that stand in the text.
func eset(t testing.TB) []listed {
	t.Helper()
	var out []listed
	for p, b := range files(t, "eset/*/*.adoc") {
		folder := "eset/" + filepath.Base(filepath.Dir(p))
		l := listed{path: strings.TrimPrefix(folder, "eset/") + "/" + filepath.Base(p), text: string(b), values: map[intel.Entity]bool{}}
		beside := listed{values: map[intel.Entity]bool{}}
		for f, b := range files(t, folder+"/*.*") {
			switch ext := strings.TrimPrefix(filepath.Ext(f), "."); ext {
			case "md5", "sha1", "sha256":
				for line := range strings.Lines(string(b)) {
					beside.list(ext, strings.TrimSpace(line))
				}
			case "json":
				beside.event(b)
			}
		}
		plain := strings.NewReplacer("[.]", ".", "[:]", ":", "hxxp", "http").Replace(strings.ToLower(l.text))
		for e := range beside.values {
			if regexp.MustCompile(`(^|[^a-z0-9.-])` + regexp.QuoteMeta(e.Name) + `($|[^a-z0-9.-]|\.($|[^a-z0-9]))`).MatchString(plain) {
				l.values[e] = true
			}
		}
		out = append(out, l)
	}
	return out
}

func (l *listed) event(b []byte) {
	var event struct {
		Event struct {
			Attribute []struct{ Type, Value string }
		}
	}
	if json.Unmarshal(b, &event) != nil {
		return
	}
	for _, a := range event.Event.Attribute {
		l.list(a.Type, a.Value)
	}
}

// list takes in a value under the name of its type in a list.
func (l *listed) list(kind, value string) {
	value = strings.ToLower(strings.TrimSpace(strings.NewReplacer("[.]", ".", "hxxp", "http").Replace(value)))
	put := func(k intel.Kind, shape string) {
		if regexp.MustCompile(`^(?:` + shape + `)$`).MatchString(value) {
			l.values[intel.Entity{Kind: k, Name: value}] = true
		}
	}
	switch strings.ToLower(strings.Trim(kind, "\ufeff ")) {
	case "sha256", "sha_256":
		put(intel.SHA256, "[0-9a-f]{64}")
	case "sha1", "sha_1":
		put(intel.SHA1, "[0-9a-f]{40}")
	case "md5":
		put(intel.MD5, "[0-9a-f]{32}")
	case "ip", "ip address", "ip-dst", "ip-src":
		put(intel.IPv4, `\d{1,3}(\.\d{1,3}){3}`)
	case "domain", "hostname":
		put(intel.IPv4, `\d{1,3}(\.\d{1,3}){3}`)
		put(intel.Domain, `[a-z0-9_-]+(\.[a-z0-9_-]+)*\.[a-z][a-z0-9-]+`)
	}
}

// TestListedValuesAreFound holds the hashes, addresses and domains that ESET and
// SophosLabs list beside their reports against what the texts yield. What is set
// aside with its reason, such as an address of a cloud, counts as found. Right is
// what the publisher lists, alone or in a longer value, or marks as a value.
func TestListedValuesAreFound(t *testing.T) {
	s := extract.New(realSet(t))
	hashes, others := tally{}, tally{}
	aside := 0
	for _, r := range append(sophos(t), eset(t)...) {
		found := map[intel.Entity]bool{}
		for _, o := range s.Observations(intel.Document{Text: r.text}) {
			c := &others
			switch o.Entity.Kind {
			case intel.MD5, intel.SHA1, intel.SHA256:
				c = &hashes
			case intel.IPv4, intel.Domain:
			default:
				continue
			}
			if found[o.Entity] {
				continue
			}
			found[o.Entity] = true
			switch {
			case r.values[o.Entity]:
				c.right++
				if o.Suppressed != "" {
					aside++
				}
			case o.Suppressed == "" && !r.marked(o):
				c.wrong++
				t.Logf("wrong: %s: %s", r.path, o.Entity)
			}
		}
		for e := range r.values {
			if !found[e] {
				c := &others
				if e.Kind != intel.IPv4 && e.Kind != intel.Domain {
					c = &hashes
				}
				c.missed++
				t.Logf("missed: %s: %s", r.path, e)
			}
		}
	}
	t.Logf("hashes: precision %.4f, recall %.4f, %+v", hashes.precision(), hashes.recall(), hashes)
	t.Logf("addresses and domains: precision %.4f, recall %.4f, %+v; %d listed values set aside", others.precision(), others.recall(), others, aside)
	if hashes.recall() < 1 || hashes.precision() < 0.99 || others.recall() < 0.99 || others.precision() < 0.99 {
		t.Error("want a recall of 1 for hashes and 0.99 for the others, and a precision of 0.99")
	}
}

// marked reports whether the publisher shows a mention as a value: in a cell of
// its own or of a longer value, or in the type of a literal.
func (l listed) marked(o intel.Observation) bool {
	line := l.text[strings.LastIndexByte(l.text[:o.Offset], '\n')+1:]
	if i := strings.IndexByte(line, '\n'); i >= 0 {
		line = line[:i]
	}
	if strings.HasSuffix(l.path, ".csv") {
		cells := strings.SplitN(line, ",", 3)
		return len(cells) > 1 && strings.Contains(cells[1], o.Text)
	}
	if bare := strings.Fields(line); len(bare) > 0 && strings.Contains(bare[0], o.Text) && len(bare) < 6 {
		return true // a line of a listing
	}
	return regexp.MustCompile("[`|*+-] ?[`+]*[^` ]*" + regexp.QuoteMeta(o.Text) + "[^` ]*[`+]*").MatchString(line)
}
