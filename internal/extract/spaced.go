package extract

import (
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// spaced reads "CVE 2021 44228" and "CWE 89".
func (v *values) spaced() {
	v.each("CVE ", v.spacedCVE)
	v.each("CWE ", v.spacedCWE)
}

// each calls read with the places where what stands behind a mark begins.
func (v *values) each(mark string, read func(at int)) {
	for at := 0; len(v.out) < most; {
		i := strings.Index(v.text[at:], mark)
		if i < 0 {
			return
		}
		at += i + len(mark)
		if from := at - len(mark); from == 0 || !isWordByte(v.text[from-1]) {
			read(at)
		}
	}
}

func (v *values) spacedCVE(at int) {
	rest := v.text[at:min(len(v.text), at+14)]
	if len(rest) < 9 || !allDigits(rest[:4]) || rest[4] != ' ' && rest[4] != '-' {
		return
	}
	if n := cve(rest[:4] + "-" + rest[5:]); n > 0 {
		v.note(intel.Entity{Kind: intel.Vulnerability, Name: "CVE-" + rest[:4] + "-" + rest[5:n]}, at-len("CVE "), at+n, "")
	}
}

func (v *values) spacedCWE(at int) {
	end := at
	for end < len(v.text) && end-at < 5 && isDigit(v.text[end]) {
		end++
	}
	if n := end - at; n == 0 || n > 4 || v.text[at] == '0' || end < len(v.text) && isWordByte(v.text[end]) {
		return
	}
	v.note(intel.Entity{Kind: intel.Weakness, Name: "CWE-" + v.text[at:end]}, at-len("CWE "), end, "")
}
