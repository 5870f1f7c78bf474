package reference

import (
	_ "embed"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

var (
	//go:embed tables/countries.txt
	countriesText string
	//go:embed tables/techniques.txt
	techniquesText string
	//go:embed tables/sectors.txt
	sectorsText string
	//go:embed tables/weaknesses.txt
	weaknessesText string
)

// BuiltIn is the name of what this package says of itself.
const BuiltIn = "portent"

// countries is the built-in table of countries.
type countries struct {
	entries []*entry
	titles  map[string]string // by code
	byName  map[string]string // codes by compact name
}

func countryTable() countries {
	c := countries{titles: map[string]string{}, byName: map[string]string{}}
	for line := range rows(countriesText) {
		code, rest, _ := strings.Cut(line, "|")
		title, rest, _ := strings.Cut(rest, "|")
		e := &entry{class: countryClass, kind: intel.Country, list: BuiltIn, pack: BuiltIn, id: code, title: title,
			entity: intel.NewEntity(intel.Country, code)}
		for name := range strings.FieldsFuncSeq(rest, func(r rune) bool { return r == ',' || r == ';' }) {
			if name = strings.TrimSpace(name); name != "" {
				e.names = append(e.names, name)
			}
		}
		for _, name := range append(e.names, title, code) {
			c.byName[intel.Compact(name)] = code
		}
		c.titles[code] = title
		c.entries = append(c.entries, e)
	}
	return c
}

// ambiguousCountry reports whether the compact name of a country is also an
// ordinary word or name.
func ambiguousCountry(key string) bool {
	switch key {
	case "america", "kingdom", "emirates", "turkey", "georgia", "georgian", "georgians", "jordan", "chad", "jersey", "guinea", "polish", "poles", "reunion", "réunion", "guernsey",
		"niger", "mali", "togo", "tonga", "saintmartin", "dominica", "montserrat", "hindú", "mongol", "island", "wales", "indio", "irland",
		"gabon", "benin", "congo", "malta", "turks", "swiss", "somali", "thais", "danes", "chinas", "macedonia",
		"sirio", "rusa", "americana", "holysee", "westbank", "checo", "letón", "sueco", "belga":
		return true
	}
	return false
}

// sectorTable is the built-in sectors. Names that are too ordinary resolve but
// are not looked for.
func sectorTable() []*entry {
	var list []*entry
	for line := range rows(sectorsText) {
		title, rest, _ := strings.Cut(line, "|")
		plain, ordinary, _ := strings.Cut(rest, "|")
		e := &entry{class: sectorClass, kind: intel.Sector, list: BuiltIn, pack: BuiltIn, title: title}
		for _, part := range []string{plain, ordinary} {
			for name := range strings.SplitSeq(part, ";") {
				if name = strings.TrimSpace(name); name != "" {
					e.names = append(e.names, name)
				}
			}
		}
		list = append(list, e)
	}
	return list
}

// ordinarySectors is the names of sectors that need context, by compact name.
func ordinarySectors() map[string]bool {
	set := map[string]bool{}
	for line := range rows(sectorsText) {
		parts := strings.SplitN(line, "|", 3)
		if len(parts) == 3 {
			for name := range strings.SplitSeq(parts[2], ";") {
				set[intel.Compact(name)] = true
			}
		}
	}
	return set
}

// techniqueWordings calls said with how reports speak of techniques.
func techniqueWordings(said func(id, wording string)) {
	for line := range rows(techniquesText) {
		id, rest, _ := strings.Cut(line, "|")
		for wording := range strings.SplitSeq(rest, ";") {
			said(id, strings.TrimSpace(wording))
		}
	}
}

// A weaknessRow is a CWE with the techniques that go with it.
type weaknessRow struct {
	name       string
	techniques []string
}

func weaknessTable() map[string]weaknessRow {
	table := map[string]weaknessRow{}
	for line := range rows(weaknessesText) {
		id, rest, _ := strings.Cut(line, "|")
		name, techniques, _ := strings.Cut(rest, "|")
		table["CWE-"+id] = weaknessRow{name, strings.Fields(techniques)}
	}
	return table
}

// rows yields the lines of a table that are not comments.
func rows(table string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for line := range strings.Lines(table) {
			line = strings.TrimSpace(line)
			if line != "" && !strings.HasPrefix(line, "#") && !yield(line) {
				return
			}
		}
	}
}
