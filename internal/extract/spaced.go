package extract

import (
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// spaced reads "CVE 2021 44228", "CVE: 2021-44228", "CWE 89" and "CAPEC 66", and
// "CVE-" at the end of a line.
func (v *values) spaced() {
	v.each("CVE", func(from, at int) {
		for _, between := range [...]string{" ", ": ", "-\n"} {
			if strings.HasPrefix(v.text[at:], between) {
				v.spacedCVE(from, at+len(between))
			}
		}
	})
	v.each("CWE ", func(from, at int) { v.spacedNumber(intel.Weakness, "CWE-", from, at) })
	v.each("CAPEC ", func(from, at int) { v.spacedNumber(intel.AttackPattern, "CAPEC-", from, at) })
}

// each calls read with the places where a mark begins and what stands behind it.
func (v *values) each(mark string, read func(from, at int)) {
	for at := 0; len(v.out) < most; {
		i := strings.Index(v.text[at:], mark)
		if i < 0 {
			return
		}
		at += i + len(mark)
		if from := at - len(mark); from == 0 || !isWordByte(v.text[from-1]) {
			read(from, at)
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

func (v *values) spacedNumber(kind intel.Kind, prefix string, from, at int) {
	end := at
	for end < len(v.text) && end-at < 5 && isDigit(v.text[end]) {
		end++
	}
	if n := end - at; n == 0 || n > 4 || v.text[at] == '0' || end < len(v.text) && isWordByte(v.text[end]) {
		return
	}
	v.note(intel.Entity{Kind: kind, Name: prefix + v.text[at:end]}, from, end, "")
}
