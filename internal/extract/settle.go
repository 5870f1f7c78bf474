package extract

import (
	"slices"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/portent-cti/portent/internal/intel"
)

// settle takes the doubtful names that the document has beyond doubt elsewhere,
// or beside other names of the kind in the same line.
func (s *search) settle() {
	if len(s.doubtful) == 0 {
		return
	}
	accepted := s.out
	sure := map[string]bool{} // compact names that stand beyond doubt
	for n := range accepted {
		if e := &accepted[n].Entity; named(e.Kind) {
			sure[compact(*e)] = true
		}
	}
	settled := make([]bool, len(s.doubtful))
	for n := range s.doubtful {
		settled[n] = sure[compact(s.doubtful[n].Entity)]
	}
	// Who stands in a list with one that is settled is settled too, whichever way
	// the list is read.
	s.spread(settled, accepted, 0, 1)
	s.spread(settled, accepted, len(s.doubtful)-1, -1)
	at := map[int]bool{} // by offset
	for n := range s.doubtful {
		if d := &s.doubtful[n]; settled[n] {
			at[d.Offset] = true
			s.out = append(s.out, d.Observation)
		}
	}
	if len(at) > 0 {
		s.out = slices.DeleteFunc(s.out, func(o intel.Observation) bool { return o.Entity.Kind == intel.Country && at[o.Offset] })
	}
}

// compact is the name of a mention as [intel.Compact] has it: it is a slug already.
func compact(e intel.Entity) string { return strings.ReplaceAll(e.Name, "-", "") }

// spread settles doubtful names beside which others stand in a list, from one on in
// steps.
func (s *search) spread(settled []bool, accepted []intel.Observation, n, step int) {
	var last *intel.Observation // the one settled before
	for ; n >= 0 && n < len(settled); n += step {
		d := &s.doubtful[n]
		twin := last != nil && last.Offset == d.Offset // of another kind
		settled[n] = settled[n] || twin || !d.alone && (s.listed(&d.Observation, accepted) || last != nil && s.aligned(last, &d.Observation)) || d.alone && s.among(&d.Observation, accepted)
		if settled[n] {
			last = &d.Observation
		}
	}
}

// listed reports whether a doubtful name stands in a list with other names.
func (s *search) listed(o *intel.Observation, among []intel.Observation) bool {
	at := firstFrom(among, o.Offset)
	for n := max(0, at-2); n < min(len(among), at+2); n++ {
		if k := among[n].Entity.Kind; (k == intel.Actor || k == intel.Malware || k == intel.Tool) && s.aligned(&among[n], o) {
			return true
		}
	}
	return at > 1 && s.skips(among[:at], o)
}

// firstFrom returns the place of the first observation, of some in order, that stands
// at an offset or behind it.
func firstFrom(some []intel.Observation, offset int) int {
	return sort.Search(len(some), func(i int) bool { return some[i].Offset >= offset })
}

// skips reports whether one that nobody knows stands in a list between the last of
// two and more names and o: "PsExec, Rclone, WinSCP and Sliver".
func (s *search) skips(before []intel.Observation, o *intel.Observation) bool {
	const far = 40 // bytes between
	last := &before[len(before)-1]
	from := last.Offset + last.Length
	if !named(last.Entity.Kind) || o.Offset < from || o.Offset-from > far {
		return false
	}
	between, ok := strings.CutPrefix(s.text[from:o.Offset], ", ")
	stranger, joined := strings.CutSuffix(between, " and ")
	if !joined {
		stranger, joined = strings.CutSuffix(between, ", ")
	}
	if stranger = strings.TrimSuffix(stranger, ","); !ok || !joined {
		return false
	}
	for one := range strings.SplitSeq(stranger, ", ") {
		if !proper(one) {
			return false
		}
	}
	for _, o := range slices.Backward(before[max(0, len(before)-6):]) {
		if end := o.Offset + o.Length; named(o.Entity.Kind) && end < last.Offset {
			return !strings.ContainsAny(s.text[end:last.Offset], ".;:\n") && strings.Contains(s.text[end:last.Offset], ", ")
		}
	}
	return false
}

// proper reports whether all words of a text begin with a capital.
func proper(text string) bool {
	for word := range strings.FieldsSeq(text) {
		if r, _ := utf8.DecodeRuneInString(word); !unicode.IsUpper(r) || strings.ContainsAny(word, ".,;:()") {
			return false
		}
	}
	return text != ""
}

// among reports whether a name that is written otherwise than it is known stands in
// a list right before or behind two others: "Bitter, Donot and SideWinder".
func (s *search) among(o *intel.Observation, sure []intel.Observation) bool {
	at := firstFrom(sure, o.Offset)
	return s.inRow(o, sure, at, 1) || s.inRow(o, sure, at-1, -1)
}

// inRow reports whether two names of different places, each beside the one before it,
// begin a row of names beside o, which goes on with those from i on in steps.
func (s *search) inRow(o *intel.Observation, among []intel.Observation, i, step int) bool {
	const most = 6 // of different kinds at one place
	n := 0
	for range most {
		if i < 0 || i >= len(among) {
			return false
		}
		a := &among[i]
		i += step
		if a.Offset == o.Offset || !named(a.Entity.Kind) {
			continue
		}
		if !s.aligned(o, a) {
			return false
		}
		if o, n = a, n+1; n == 2 {
			return true
		}
	}
	return false
}

// counts drops what a list gives in brackets behind each name if it begins with a
// number: "Play (35 victims), Akira (30)".
func counts(gap string) string {
	rest, ok := strings.CutPrefix(gap, " (")
	if !ok || rest == "" || !isDigit(rest[0]) {
		return gap
	}
	_, rest, ok = strings.Cut(rest, ")")
	if !ok {
		return gap
	}
	return rest
}

// itemised reports whether the next item of a numbered list begins behind a gap:
// "1. Play (35 victims) 2. Akira".
func itemised(gap string) bool {
	gap = strings.Trim(counts(gap), " ,;\r\n*_\u00a0")
	digits := strings.TrimRight(gap, ".)")
	return len(digits) > 0 && len(digits) < 3 && len(digits) < len(gap) && allDigits(digits)
}

// bulleted reports whether two names fill lines of a list with bullets: from where
// the first stands, a gap, and where the second ends.
func (s *search) bulleted(from int, gap string, end int) bool {
	inner := strings.Trim(gap, " \r")
	if inner == "" || inner[0] != '\n' || end < len(s.text) && s.text[end] != '\n' && s.text[end] != '\r' {
		return false
	}
	bullet := strings.TrimSpace(inner)
	return (bullet == "-" || bullet == "*" || bullet == "•" || bullet == "+") && strings.HasSuffix(strings.TrimRight(s.text[max(0, from-8):from], " "), bullet)
}

// aligned reports whether two names stand in one list beside each other.
func (s *search) aligned(a, b *intel.Observation) bool {
	if a.Offset > b.Offset {
		a, b = b, a
	}
	from, to := a.Offset+a.Length, b.Offset
	if to < from || to-from > 24 {
		return false
	}
	gap := s.text[from:to]
	if gap == ", " || strings.ContainsAny(gap, "0123456789") && itemised(gap) || strings.Contains(gap, "\n") && s.bulleted(a.Offset, gap, to+b.Length) {
		return true
	}
	switch strings.ToLower(strings.Trim(counts(gap), " \u00a0*_\"'“”‘’")) {
	case ",", "and", ", and", "or", ", or", "&", "/", "и", "y", "und", "et", "e", "、", "和", "as well as", "(", ") and", "aka", ", aka", "/ ", "|", "with", "plus", "or the", "and the", "->", "→", "=>", "…", "… and", "... and", "та", "й", "і", "o", "ou", "oder", "ve", "و", "と", "과", "와", "및", "·",
		"rebranded as", "rebranded to", "rebranded itself as", "has rebranded as", "was rebranded as", "renamed to", "formerly", "(formerly", ", formerly", ", formerly known as", "formerly known as",
		", also called", ", also known as", "also known as", "(also called", "(aka", "(also known as", "a.k.a.", "(a.k.a.":
		return true
	}
	return false
}
