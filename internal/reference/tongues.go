package reference

import (
	"cmp"
	"embed"
	"fmt"
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
	endings map[string][]string // by the name of their class
	rows    []wording
}

// A wording is what a country or sector is called.
type wording struct {
	key   string   // the code of a country, the title of a sector, or nothing
	terms []string // stems may have the name of a class of endings behind them
}

// shared reports whether a language shares its letters with many others, so that
// a word of it may be one of theirs too: peru, russo, sirio.
func (t tongue) shared() bool {
	switch t.tag {
	case "de", "es", "fa", "fr", "it", "pt", "tr":
		return true
	}
	return false
}

// readTongues reads all tables.
func readTongues() ([]tongue, error) {
	files, err := tongues.ReadDir("tables/tongues")
	if err != nil {
		return nil, err
	}
	var all []tongue
	for _, f := range files {
		tag := strings.TrimSuffix(f.Name(), ".txt")
		text, err := tongues.ReadFile("tables/tongues/" + f.Name())
		if err != nil {
			return nil, err
		}
		t, err := readTongue(tag, string(text))
		if err != nil {
			return nil, fmt.Errorf("words of %s: %w", tag, err)
		}
		all = append(all, t)
	}
	return all, nil
}

func readTongue(tag, table string) (tongue, error) {
	t := tongue{tag: tag, endings: map[string][]string{}}
	for line := range rows(table) {
		if class, ok := strings.CutPrefix(line, "+"); ok {
			name, endings, _ := strings.Cut(class, "=")
			name = strings.TrimSpace(name)
			if t.endings[name] != nil {
				return tongue{}, fmt.Errorf("endings %q are declared twice", name)
			}
			t.endings[name] = strings.Fields(endings)
			continue
		}
		key, terms, ok := strings.Cut(line, "|")
		if !ok {
			return tongue{}, fmt.Errorf("no bar in %q", line)
		}
		w := wording{key: key}
		for term := range strings.SplitSeq(terms, ",") {
			w.terms = append(w.terms, strings.TrimSpace(term))
		}
		t.rows = append(t.rows, w)
	}
	return t, nil
}

// tongueNames returns the names of all tables; sectors are the known ones by
// their compact titles.
func tongueNames(tables []tongue, sectors map[string]intel.Entity) []Name {
	var all []Name
	for _, t := range tables {
		for _, w := range t.rows {
			var e intel.Entity
			switch {
			case strings.HasPrefix(w.key, binding):
				continue
			case w.key == nothing:
			case len(w.key) == 2:
				e = intel.NewEntity(intel.Country, w.key)
			default:
				e = cmp.Or(sectors[intel.Compact(w.key)], intel.NewEntity(intel.Sector, w.key))
			}
			for _, term := range w.terms {
				all = t.names(all, term, e)
			}
		}
	}
	return all
}

// names appends the forms of a term.
func (t tongue) names(all []Name, term string, e intel.Entity) []Name {
	n := Name{Entity: e, Pack: BuiltIn, Cased: strings.ToLower(term) != term}
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

// addSpoken adds the names of the tables that no other source has for the same
// thing.
func (t *nameTable) addSpoken(names []Name) {
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
