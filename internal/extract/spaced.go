package extract

import (
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// spaced reads "CVE 2021 44228", "CVE: 2021-44228", "CWE 89" and "CAPEC 66", and
// "CVE-" at the end of a line, where a word is so written.
func (v *values) spaced(from, to int) {
	if from > 0 && isWordByte(v.text[from-1]) || len(v.out) >= most {
		return
	}
	switch v.text[from:to] {
	case "CVE":
		for _, between := range [...]string{" ", ": ", "-\n"} {
			if strings.HasPrefix(v.text[to:], between) {
				v.spacedCVE(from, to+len(between))
			}
		}
	case "CWE":
		v.spacedNumber(intel.Weakness, "CWE-", from, to)
	case "CAPEC":
		v.spacedNumber(intel.AttackPattern, "CAPEC-", from, to)
	}
}

// loggedIDs reads such identifiers in lines of access logs.
func (v *values) loggedIDs(triggers *announcers) {
	for _, w := range v.logged {
		if t := triggers.of(w.hash); t == signWord || t == idWord {
			v.spaced(int(w.from), int(w.to))
		}
	}
}

func (v *values) spacedCVE(from, at int) {
	rest := v.text[at:min(len(v.text), at+14)]
	if len(rest) < 9 || !allDigits(rest[:4]) || rest[4] != ' ' && rest[4] != '-' {
		return
	}
	if n := cve(rest[:4] + "-" + rest[5:]); n > 0 {
		v.note(intel.Entity{Kind: intel.Vulnerability, Name: "CVE-" + rest[:4] + "-" + rest[5:n]}, from, at+n, "")
	}
}

func (v *values) spacedNumber(kind intel.Kind, prefix string, from, to int) {
	at := to + 1
	if !strings.HasPrefix(v.text[to:], " ") {
		return
	}
	end := at
	for end < len(v.text) && end-at < 5 && isDigit(v.text[end]) {
		end++
	}
	if n := end - at; n == 0 || n > 4 || v.text[at] == '0' || end < len(v.text) && isWordByte(v.text[end]) {
		return
	}
	v.note(intel.Entity{Kind: kind, Name: prefix + v.text[at:end]}, from, end, "")
}
