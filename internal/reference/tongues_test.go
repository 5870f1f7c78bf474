package reference

import (
	"slices"
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
	tables, err := readTongues()
	if err != nil {
		t.Fatal(err)
	}
	for _, tongue := range tables {
		said := map[string]string{}
		for _, w := range tongue.rows {
			if kind, binds := strings.CutPrefix(w.key, binding); binds {
				if !slices.Contains([]Binding{Sure, Beside, Members, Joins, Attacks, Crime, Flaws}, Binding(kind)) {
					t.Errorf("%s: %q binds nothing", tongue.tag, w.key)
				}
				continue
			}
			if w.key != nothing && codes[w.key] == "" && !titles[w.key] {
				t.Errorf("%s: %q is no country or sector", tongue.tag, w.key)
			}
			for _, term := range w.terms {
				stem, class, inflected := strings.Cut(term, "+")
				if intel.Compact(stem) == "" || strings.ContainsAny(stem, "|;=_") || inflected && tongue.endings[class] == nil {
					t.Errorf("%s: %s: bad term %q", tongue.tag, w.key, term)
				}
				if other := said[term]; other != "" {
					t.Errorf("%s: %q is both %s and %s", tongue.tag, term, other, w.key)
				}
				said[term] = w.key
			}
		}
	}
}

func TestABrokenTableOfATongueIsRefused(t *testing.T) {
	for table, want := range map[string]string{
		"RU Rossija":               "no bar",
		"+a= x y\n+a= z\nRU|Ros+a": "twice",
	} {
		if _, err := readTongue("xx", table); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want one with %q", table, err, want)
		}
	}
}

func TestTonguesWithoutOtherWordsNameNearlyAllCountriesAndSectors(t *testing.T) {
	tables, err := readTongues()
	if err != nil {
		t.Fatal(err)
	}
	// Of the others ../countries.txt and ../sectors.txt have most words.
	left := map[string]bool{"ar": true, "fr": true, "it": true, "ja": true, "ko": true, "pt": true, "tr": true, "uk": true}
	for _, tongue := range tables {
		if !left[tongue.tag] {
			continue
		}
		delete(left, tongue.tag)
		countries, sectors := map[string]bool{}, map[string]bool{}
		for _, w := range tongue.rows {
			switch {
			case w.key == nothing, strings.HasPrefix(w.key, binding):
			case len(w.key) == 2:
				countries[w.key] = true
			default:
				sectors[w.key] = true
			}
		}
		if len(countries) < 95 || len(sectors) < 18 {
			t.Errorf("%s names %d countries and %d sectors", tongue.tag, len(countries), len(sectors))
		}
	}
	if len(left) > 0 {
		t.Errorf("no tables of %v", left)
	}
}
