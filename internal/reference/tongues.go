package reference

import (
	"cmp"
	"embed"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// tongues is how one language each writes countries and sectors, in the forms
// that stand in its texts. tables/tongues/README.md says how they are written.
//
//go:embed tables/tongues/*.txt
var tongues embed.FS

// nothing is the key of phrases that look like a country or sector and are none.
const nothing = "-"

// A tongue is the table of one language.
type tongue struct {
	tag     string
	endings map[string][]string
}

// shared reports whether a language shares its letters with many others, so that
// a word of it may be any other's: peru, russo, sirio.
func (t tongue) shared() bool {
	switch t.tag {
	case "de", "es", "fa", "fr", "it", "pt", "tr":
		return true
	}
	return false
}

// tongueNames returns the wordings of all tables.
func tongueNames(sectors map[string]intel.Entity) ([]Name, error) {
	files, err := tongues.ReadDir("tables/tongues")
	if err != nil {
		return nil, err
	}
	var all []Name
	for _, f := range files {
		text, err := tongues.ReadFile("tables/tongues/" + f.Name())
		if err != nil {
			return nil, err
		}
		tag, _, _ := strings.Cut(f.Name(), ".")
		t := tongue{tag, map[string][]string{}}
		for line := range rows(string(text)) {
			if class, ok := strings.CutPrefix(line, "+"); ok {
				name, endings, _ := strings.Cut(class, "=")
				t.endings[strings.TrimSpace(name)] = strings.Fields(endings)
			}
		}
		for line := range rows(string(text)) {
			if strings.HasPrefix(line, "+") {
				continue
			}
			key, terms, _ := strings.Cut(line, "|")
			var e intel.Entity
			switch {
			case key == nothing:
			case len(key) == 2:
				e = intel.NewEntity(intel.Country, key)
			default:
				e = cmp.Or(sectors[intel.Compact(key)], intel.NewEntity(intel.Sector, key))
			}
			for term := range strings.SplitSeq(terms, ",") {
				all = t.names(all, strings.TrimSpace(term), e)
			}
		}
	}
	return all, nil
}

// names appends the forms of a term.
func (t tongue) names(all []Name, term string, e intel.Entity) []Name {
	n := Name{Entity: e, Pack: builtIn, Cased: strings.ToLower(term) != term}
	if t.shared() {
		n.Language = t.tag
	}
	stem, class, inflected := strings.Cut(term, "+")
	forms := []string{""}
	if inflected {
		forms = t.endings[class]
	}
	for _, ending := range forms {
		n.Text = stem + strings.TrimPrefix(ending, "-")
		all = append(all, n)
		if t.tag == "ar" {
			for _, text := range clitics(n.Text) {
				n.Text = text
				all = append(all, n)
			}
		}
	}
	return all
}

// clitics returns an Arabic name with the words that are written as one with it:
// and, in, for, and their pairs.
func clitics(name string) []string {
	to := "ل" + name
	if rest, ok := strings.CutPrefix(name, "ال"); ok {
		to = "لل" + rest
	}
	return []string{"و" + name, "ب" + name, to, "وب" + name, "و" + to}
}

// tongue adds the names of the tables that no other source has for the same
// thing.
func (t *nameTable) tongue(names []Name) {
	said := map[Name]bool{}
	for _, n := range names {
		key := intel.Compact(n.Text)
		same := Name{Text: strings.ToLower(n.Text), Entity: n.Entity, Language: n.Language}
		if key == "" || said[same] {
			continue
		}
		said[same] = true
		if i, ok := t.seen[nameKey{same.Text, n.Entity.Kind}]; ok && t.rows[i].Entity == n.Entity && !t.rows[i].Common && strings.EqualFold(t.rows[i].Text, n.Text) {
			continue
		}
		t.rows = append(t.rows, row{n, key, 1})
	}
}
