package reference

import (
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
)

func TestTablesOfTonguesAreWellFormed(t *testing.T) {
	codes := countryTable().titles
	titles := map[string]bool{}
	for _, e := range sectorTable() {
		titles[e.title] = true
	}
	files, err := tongues.ReadDir("tables/tongues")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := tongues.ReadFile("tables/tongues/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		classes, terms := map[string]bool{}, map[string]string{}
		for line := range rows(string(text)) {
			if class, ok := strings.CutPrefix(line, "+"); ok {
				name, _, _ := strings.Cut(class, "=")
				if name = strings.TrimSpace(name); classes[name] {
					t.Errorf("%s: endings %s are declared twice", f.Name(), name)
				}
				classes[name] = true
			}
		}
		for line := range rows(string(text)) {
			if strings.HasPrefix(line, "+") {
				continue
			}
			key, rest, ok := strings.Cut(line, "|")
			if !ok || key != nothing && codes[key] == "" && !titles[key] {
				t.Errorf("%s: %q is no country or sector", f.Name(), key)
			}
			for term := range strings.SplitSeq(rest, ",") {
				term = strings.TrimSpace(term)
				stem, class, inflected := strings.Cut(term, "+")
				if intel.Compact(stem) == "" || strings.ContainsAny(stem, "|;=_") || inflected && !classes[class] {
					t.Errorf("%s: %s: bad term %q", f.Name(), key, term)
				}
				if other := terms[term]; other != "" {
					t.Errorf("%s: %q is both %s and %s", f.Name(), term, other, key)
				}
				terms[term] = key
			}
		}
	}
}

func TestEveryTongueNamesTheCountriesThatReportsName(t *testing.T) {
	for _, tag := range []string{"ar", "fr", "it", "ja", "ko", "pt", "tr", "uk"} {
		text, err := tongues.ReadFile("tables/tongues/" + tag + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		countries, sectors := 0, 0
		for line := range rows(string(text)) {
			switch key, _, _ := strings.Cut(line, "|"); {
			case key == nothing || strings.HasPrefix(line, "+"):
			case len(key) == 2:
				countries++
			default:
				sectors++
			}
		}
		if countries < 95 || sectors < 18 {
			t.Errorf("%s names %d countries and %d sectors", tag, countries, sectors)
		}
		t.Logf("%s: %d countries, %d sectors", tag, countries, sectors)
	}
}

func TestAProductsNameThatTwoVendorsHaveIsOneOfThemInEachRun(t *testing.T) {
	p, err := ProductsPack("1", []Product{{Vendor: "Brackwater", Product: "Longname Secure Gate"}, {Vendor: "Aldermoor", Product: "Longname Secure Gate"}})
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		s, err := NewSet(p)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range s.Names() {
			if n.Text == "Longname Secure Gate" && n.Entity.Name != "aldermoor/longname-secure-gate" {
				t.Fatalf("%s is %v", n.Text, n.Entity)
			}
		}
	}
}
