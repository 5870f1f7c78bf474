package extract

import (
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// Identifiers of flaws, weaknesses and techniques stand in lists that say what they
// share once.

// slashedIDs reads identifiers with slashes between them, "T1190/T1133", of CVEs also
// those that go on with their number alone, "CVE-2021-34473/34523/31207".
func (v *values) slashedIDs(from int, p string) bool {
	first, rest, _ := strings.Cut(p, "/")
	if !id(first) || len(rest) == 3 && allDigits(rest) { // "T1059/001"
		return false
	}
	v.identifiers(from, from+len(first), first, classOf(first))
	year := ""
	if len(first) > 9 && (first[0] == 'C' || first[0] == 'c') && cve(first[4:]) > 0 {
		year = "CVE-" + first[4:9]
	}
	at := from + len(first) + 1
	for part := range strings.SplitSeq(rest, "/") {
		if year != "" && allDigits(part) && len(part) > 3 && len(part) < 8 {
			v.note(intel.Entity{Kind: intel.Vulnerability, Name: year + part}, at, at+len(part), "")
		} else if has := classOf(part); worth(has, len(part)) {
			v.candidate(at, at+len(part), has)
		}
		at += len(part) + 1
	}
	return true
}

// id reports whether s is an identifier of a flaw, weakness or technique.
func id(s string) bool {
	up := strings.ToUpper(s[:min(len(s), 20)])
	switch {
	case strings.HasPrefix(up, "CVE-"):
		return cve(up[4:]) == len(s)-4
	case strings.HasPrefix(up, "CWE-"):
		return digits(up[4:])
	case strings.HasPrefix(up, "CAPEC-"):
		return digits(up[6:])
	case strings.HasPrefix(up, "GHSA-"):
		return ghsa(s[5:])
	}
	return len(s) == len(up) && technique(s)
}

// flaw reads a CVE, run in capitals, and what else stands in its run.
func (v *values) flaw(from, to int, p, run string) bool {
	rest := strings.TrimLeft(run[3:], "-_: ")
	n := cve(rest)
	if n == 0 {
		return v.cutCVE(from, to, run)
	}
	name, used := "CVE-"+rest[:4]+"-"+rest[5:n], len(run)-len(rest)+n
	end := to
	if more := len(p) == to-from && used < len(run); more && run[used] == '_' && fileName(p) {
		v.note(intel.NewEntity(intel.Filename, p), from, to, "")
		to = from + used
		end = to
	} else if more {
		to = from + used
	}
	v.note(intel.Entity{Kind: intel.Vulnerability, Name: name}, from, to, "")
	v.sameYear(name, to)
	if to+1 < end {
		v.candidate(to+1, end, classOf(v.text[to+1:end]))
	}
	return true
}

// mostNumbers is how many numbers go on a CVE.
const mostNumbers = 16

// sameYear reads the numbers that go on a CVE: "CVE-2021-44228, -45046", and without
// hyphens where they have as many digits and nothing is counted: "CVE-2021-26855, 26857
// and 27065".
func (v *values) sameYear(run string, to int) {
	size, bare := len(run)-9, 0
	for range mostNumbers {
		rest := v.text[to:min(len(v.text), to+16)]
		number := strings.TrimLeft(rest, ", /")
		joined := false
		for _, word := range [...]string{"and ", "& "} {
			if after, ok := strings.CutPrefix(number, word); ok && len(number) < len(rest) {
				number, joined = strings.TrimLeft(after, " "), true
			}
		}
		gap := len(rest) - len(number)
		if gap == 0 || number == "" {
			return
		}
		hyphen := number[0] == '-'
		if number = strings.TrimPrefix(number, "-"); hyphen {
			gap++
		}
		n := cve(run[4:9] + number)
		if n -= 5; n < 4 || !hyphen && (n != size || !v.goesOnList(to+gap+n, joined && bare > 0)) {
			return
		}
		if !hyphen {
			bare++
		}
		v.note(intel.Entity{Kind: intel.Vulnerability, Name: run[:9] + number[:n]}, to+gap, to+gap+n, "")
		to += gap + n
	}
}

// goesOnList reports whether a list of numbers goes on at a place, or ends there: last
// says that this one is its last, behind which anything may stand.
func (v *values) goesOnList(at int, last bool) bool {
	rest := v.text[at:min(len(v.text), at+6)]
	if rest == "" || strings.IndexByte(",;.)/\n", rest[0]) >= 0 {
		return len(rest) < 2 || rest[0] != '.' || !isDigit(rest[1])
	}
	return last && rest[0] == ' ' || strings.HasPrefix(rest, " and ") || strings.HasPrefix(rest, " / ") || strings.HasPrefix(rest, " & ")
}
