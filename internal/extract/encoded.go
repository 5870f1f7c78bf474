package extract

import (
	"slices"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// Command lines that requests carry, and the queries of URLs, have plus signs for
// blanks and other signs percent-encoded (RFC 3986 2.1). What stands in them is read
// decoded, once: what is encoded twice stays as it is.

// encodedRun reads a run that is encoded as the text that it stands for, and reports
// whether that holds a value. What is read belongs to the run alone.
func (v *values) encodedRun(from, to int) bool {
	if v.decoding || from < v.decodedTo {
		return false
	}
	v.decodedTo = to
	run := v.text[from:to]
	if run[0] == '/' { // a path asks for nothing
		i := strings.IndexByte(run, '?')
		if i < 0 {
			return false
		}
		run, from = run[i+1:], from+i+1
	}
	if strings.IndexByte(run, '.') < 0 || strings.Contains(run, "://") {
		return false
	}
	plus := plusForBlank(run) || v.text[from-min(from, 1)] == '?' && strings.IndexByte(run, '+') >= 0
	return (plus || percents(run)) && v.decoded(from, to, plus, nil)
}

// encodedQuery reads what the query of a URL asks for, which may be anything: only
// addresses, URLs and what a command line names count.
func (v *values) encodedQuery(from, to int) {
	query := v.text[from:to]
	if v.decoding || strings.IndexByte(query, '.') < 0 || !percents(query) && strings.IndexByte(query, '+') < 0 && strings.Count(query, ".") < 3 {
		return
	}
	v.decoded(from, to, true, func(o intel.Observation, before string) bool {
		return o.Entity.Kind == intel.IPv4 || o.Entity.Kind == intel.Port || strings.Contains(strings.ToLower(o.Text), "%3a%2f%2f") || fetches(before)
	})
}

// decoded notes the values in an encoded text of which keep, if there is one, says
// that they count by what stands before them. It reports whether it noted any.
func (v *values) decoded(from, to int, plus bool, keep func(o intel.Observation, before string) bool) bool {
	n := unescape(v.text[from:to], plus)
	one := values{text: n.text, set: v.set, own: v.own, advisory: v.advisory, signs: len(n.text) + 1, decoding: true}
	one.run(0, len(n.text))
	v.steps += one.steps + to - from
	found := slices.DeleteFunc(one.out, func(o intel.Observation) bool { return !fromEncoded(o.Entity.Kind) })
	places := slices.Clone(found)
	told := len(v.out)
	for i, o := range n.widened(found, v.text[from:to]) {
		if o.Offset += from; keep == nil || keep(o, n.text[:places[i].Offset]) {
			v.out = append(v.out, o)
		}
	}
	return len(v.out) > told
}

// fromEncoded reports whether values of a kind are read from an encoded text. Its
// paths are those of the command or the site.
func fromEncoded(k intel.Kind) bool {
	return k.Class() == intel.IOC && k != intel.Filename || k == intel.Port || k == intel.Vulnerability
}

// encodedPath reports whether what ends as the name of a file has slashes or colons
// that are encoded.
func encodedPath(s string) bool {
	if strings.IndexByte(s, '%') < 0 {
		return false
	}
	s = strings.ToLower(s)
	return strings.Contains(s, "%2f") || strings.Contains(s, "%5c") || strings.Contains(s, "%3a")
}

// percents reports whether a text has a sign of ASCII percent-encoded.
func percents(s string) bool {
	for at := 0; ; {
		i := strings.IndexByte(s[at:], '%')
		if i < 0 {
			return false
		}
		at += i + 1
		if _, ok := percent(s[at-1:]); ok {
			return true
		}
	}
}

// percent returns the printable sign of ASCII, or the blank, that is encoded at the
// beginning of s.
func percent(s string) (byte, bool) {
	if len(s) < 3 || s[0] != '%' || !isHex(s[1:3]) {
		return 0, false
	}
	c := fromHex(s[1])<<4 | fromHex(s[2])
	if c == '\n' || c == '\t' || c == '\r' {
		return '\n', true
	}
	return c, c >= ' ' && c < 0x7f
}

// plusForBlank reports whether the plus signs of a run are blanks: in a query, or
// behind the program that a command line starts. "1.2.3.4+deb10u1" is a version.
func plusForBlank(run string) bool {
	i := strings.IndexByte(run, '+')
	if i <= 0 {
		return false
	}
	head := run[:i]
	return strings.ContainsAny(head, "=?&") || fetches(head) || starts(strings.ToLower(lastWord(head)))
}

// unescape undoes the encoding of a text, and parts its parameters by blanks.
func unescape(s string, plus bool) narrowing {
	var n narrowing
	var b strings.Builder
	gained := 0
	for at := 0; at < len(s); at++ {
		c, ok := percent(s[at:])
		switch {
		case ok:
			b.WriteByte(c)
			at, gained = at+2, gained+2
			n.places, n.gained = append(n.places, b.Len()), append(n.gained, gained)
		case plus && s[at] == '+', s[at] == '&':
			b.WriteByte(' ')
		default:
			b.WriteByte(s[at])
		}
	}
	n.text = b.String()
	return n
}

// fetches reports whether one of the last words of a text is a program that takes a
// host as what it is to reach.
func fetches(before string) bool {
	before = strings.ToLower(before[max(0, len(before)-64):])
	for range 6 {
		before = strings.TrimRightFunc(before, func(r rune) bool { return !isWord(r) })
		word := lastWord(before)
		switch word {
		case "wget", "curl", "nc", "ncat", "netcat", "tftp", "ftpget", "ftp", "telnet", "ping", "ping6", "fetch", "lwp-download", "nslookup", "dig", "host", "certutil", "bitsadmin", "mshta", "regsvr32", "iwr", "invoke-webrequest", "ssh", "scp":
			return true
		case "":
			return false
		}
		before = before[:len(before)-len(word)]
	}
	return false
}

// lastWord is what a text ends with of letters, digits and dashes.
func lastWord(s string) string {
	i := len(s)
	for i > 0 && classes[s[i-1]]&(alpha|hex|digit|dash) != 0 {
		i--
	}
	return s[i:]
}
