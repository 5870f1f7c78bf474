package reference

import (
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// shortest is how many letters of a group's name must be left of what a crawler
// made of it.
const shortest = 4

// dressed resolves the compact name of an extorting group as crawlers of leak
// sites write it: with the number of its software ("lockbit2"), with what the
// site is ("hiveleak", "ransomblog_noname"), with a numeral in letters
// ("threeam"), or without the "-Locker" of the lists. Only a group with a site
// is meant so, and only one whose main name it is when no other actor has that
// name. It is nil for what may be a group of its own.
func (s *Set) dressed(key string) []Candidate {
	if g := s.bare[key]; g != nil {
		return []Candidate{{g.entity, 1, []string{"its bare name"}}}
	}
	for _, core := range undressed(key) {
		groups := s.actors.byName[core.name]
		if len(groups) == 1 && groups[0].has(ransomwareList) && groups[0].mains[core.name] {
			return []Candidate{{groups[0].entity, 1, []string{core.by}}}
		}
	}
	return nil
}

// A core is what may be the name within another, and by what that tells.
type core struct{ name, by string }

// undressed returns the cores of a compact name, likeliest first.
func undressed(key string) (cores []core) {
	if base := unnumbered(key); base != "" {
		cores = append(cores, core{base, "its number"})
	}
	for _, word := range []string{"leaksite", "leaks", "leak", "blog", "news"} {
		if base, ok := strings.CutSuffix(key, word); ok && len(base) >= shortest {
			cores = append(cores, core{base, "its site"})
			break
		}
	}
	for _, word := range []string{"ransomblog", "project"} {
		if base, ok := strings.CutPrefix(key, word); ok && len(base) >= shortest {
			cores = append(cores, core{base, "its site"})
		}
	}
	for digit, word := range []string{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"} {
		if rest, ok := strings.CutPrefix(key, word); ok && rest != "" {
			cores = append(cores, core{string(rune('0'+digit)) + rest, "its numeral"})
		}
	}
	return cores
}

// undecorated finds extorting groups by the words of their main names before one
// that says what they are: "Babuk-Locker", "abyss-data". A name that is another
// actor's, or what is left of several, finds nobody; nor does one written in one
// word, such as MedusaLocker, who is not Medusa.
func undecorated(actors index) map[string]*group {
	found := map[string]*group{}
	for _, g := range actors.groups {
		for _, m := range g.members {
			words := strings.Split(intel.Slug(m.title), "-")
			last := len(words) - 1
			if m.list != ransomwareList || last == 0 || !decorates(words[last]) {
				continue
			}
			key := strings.Join(words[:last], "")
			if len(key) < shortest || generic(key) || actors.byName[key] != nil {
				continue
			}
			if other, taken := found[key]; taken && other != g {
				found[key] = nil
			} else {
				found[key] = g
			}
		}
	}
	return found
}

func decorates(word string) bool {
	switch word {
	case "locker", "data", "leak", "leaks", "blog", "team", "group", "gang":
		return true
	}
	return false
}
