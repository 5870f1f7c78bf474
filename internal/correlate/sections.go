package correlate

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"unicode"

	"github.com/portent-cti/portent/internal/intel"
)

// A part of a document under a heading may list what is none of the attacker's:
// networks that were attacked, and what the author has read.

// longestHeading is how many bytes a heading has at most.
const longestHeading = 60

// foreign is which sort of part that is none of the attacker's a heading opens.
type foreign uint8

const (
	attackers foreign = iota
	victims
	readings
)

// A part is a span of a text with what it lists.
type part struct {
	span
	of foreign
}

// parts returns the parts of a text that list what is none of the attacker's, in
// order: those under such headings, and entries "[14] …" of a list of references.
func parts(text string) (found []part) {
	open, numbered, at := attackers, false, 0
	emptyBefore := true
	for line := range strings.Lines(text) {
		end := at + len(line)
		words := strings.TrimSpace(line)
		switch {
		case headed(words, emptyBefore && blank(text[end:])):
			open, numbered = opens(words), false
		case open == attackers && entry(words):
			open, numbered = readings, true
		case numbered && emptyBefore && words != "" && words[0] != '[':
			open, numbered = attackers, false // the list is over
		}
		if open != attackers {
			if n := len(found); n > 0 && found[n-1].to == at && found[n-1].of == open {
				found[n-1].to = end
			} else {
				found = append(found, part{span{at, end}, open})
			}
		}
		emptyBefore = words == ""
		at = end
	}
	return found
}

// headed reports whether a line is a heading, by its marks or because it stands alone
// as no sentence does.
func headed(words string, alone bool) bool {
	if words == "" || len(words) > longestHeading+8 || strings.ContainsAny(words, "|\t") || strings.Contains(words, "  ") || strings.Contains(words, "://") {
		return false
	}
	if strings.HasPrefix(words, "#") || strings.HasPrefix(words, "==") || strings.HasPrefix(words, "**") && strings.HasSuffix(strings.TrimRight(words, ":"), "**") {
		return true
	}
	if !strings.Contains(words, " ") && len(words) > 24 {
		return false // a hash
	}
	return alone && !strings.ContainsAny(words, ".@\\/") && !strings.ContainsAny(words[len(words)-1:], ",;") && !strings.ContainsAny(words[:1], "-*[<>`\"'")
}

// opens returns which sort of part a heading opens, by its first word.
func opens(words string) foreign {
	of := strings.FieldsFunc(lower(words), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.Is(unicode.M, r) })
	if len(of) == 0 || len(of) > 5 {
		return attackers
	}
	switch of[0] {
	case "targeted", "targetted", "targets", "victims", "victim", "affected", "impacted", "жертвы", "цели", "пострадавшие", "víctimas", "objetivos", "afectados", "opfer", "ziele", "betroffene", "قربانیان", "اهداف":
		return victims
	case "references", "reference", "bibliography", "sources", "ссылки", "источники", "литература", "referencias", "bibliografía", "quellen", "literatur", "منابع":
		if len(of) <= 2 {
			return readings
		}
	}
	for _, w := range []string{"受害", "目标"} {
		if strings.HasPrefix(of[0], w) {
			return victims
		}
	}
	if strings.HasPrefix(of[0], "参考") {
		return readings
	}
	return attackers
}

// entry reports whether a line is the first of a numbered list of references.
func entry(words string) bool {
	rest, ok := strings.CutPrefix(words, "[1] ")
	return ok && rest != ""
}

// elsewhere tells which mentions stand in a part that lists what is none of the
// attacker's.
func elsewhere(text string) func(intel.Observation) bool {
	found := parts(text)
	return func(o intel.Observation) bool {
		if o.Entity.Kind.Class() != intel.IOC {
			return false
		}
		i, within := slices.BinarySearchFunc(found, o.Offset, func(p part, at int) int {
			if at >= p.from && at < p.to {
				return 0
			}
			return cmp.Compare(p.from, at)
		})
		if !within {
			return false
		}
		switch o.Entity.Kind {
		case intel.URL, intel.Domain, intel.Email, intel.Onion:
			return true
		}
		return found[i].of == victims
	}
}

// longestRow is how many bytes of a row of a table are looked through to either side
// of a value.
const longestRow = 2 << 10

// netblocks returns the networks that stand in a row of a table beside an address in
// them: there they say where that stands, and whose the network is, not that all of
// it is an attacker's.
func netblocks(text string, observations []intel.Observation) map[intel.Entity]bool {
	rows := map[int][]netip.Addr{}
	for _, o := range observations {
		if o.Entity.Kind == intel.IPv4 || o.Entity.Kind == intel.IPv6 {
			if at, ok := row(text, o); ok {
				if a, err := netip.ParseAddr(o.Entity.Name); err == nil {
					rows[at] = append(rows[at], a)
				}
			}
		}
	}
	var found map[intel.Entity]bool
	for _, o := range observations {
		if o.Entity.Kind != intel.CIDR || len(rows) == 0 {
			continue
		}
		p, err := netip.ParsePrefix(o.Entity.Name)
		if at, ok := row(text, o); err == nil && ok && slices.ContainsFunc(rows[at], p.Contains) {
			if found == nil {
				found = map[intel.Entity]bool{}
			}
			found[o.Entity] = true
		}
	}
	return found
}

// row returns where the row of a table begins that an observation stands in, if it
// does, by the bars or tabs between its cells. A range is in no row but its own.
func row(text string, o intel.Observation) (from int, ok bool) {
	if o.Offset < 0 || o.Length < 0 || o.Offset+o.Length > len(text) {
		return 0, false
	}
	least := max(0, o.Offset-longestRow)
	from = least + strings.LastIndexByte(text[least:o.Offset], '\n') + 1
	end := min(len(text), o.Offset+o.Length+longestRow)
	if i := strings.IndexByte(text[o.Offset+o.Length:end], '\n'); i >= 0 {
		end = o.Offset + o.Length + i
	}
	return from, strings.ContainsAny(text[from:o.Offset], "|\t") || strings.ContainsAny(text[o.Offset+o.Length:end], "|\t")
}
