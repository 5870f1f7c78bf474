package extract

import (
	"strings"
	"unicode/utf8"
)

// plain undoes the disguises of a value: signs in brackets, character
// references, odd dots and dashes, invisible characters, schemes with letters
// changed.
func plain(s string, has class) string {
	if has&(bracket|backslash|ampersand|odd) != 0 || has&(dot|other) == dot|other && strings.Contains(s, ".]") {
		s = undisguised(s)
	}
	if s != "" && (s[0]|0x20 == 'h' || s[0]|0x20 == 'm' || s[0]|0x20 == 'f' || s[0]|0x20 == 't') {
		s = scheme(s)
	}
	return s
}

func undisguised(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == '[' || c == '(' || c == '{':
			if sign, n := disguise(s[i:]); n > 0 {
				b.WriteString(sign)
				i += n
				continue
			}
		case c == '.' && i+1 < len(s) && s[i+1] == ']' && strings.IndexByte(s[:i], '[') < 0:
			b.WriteByte('.')
			i += 2
			continue
		case c == '\\' && i+1 < len(s) && s[i+1] == '.':
			i++
			continue
		case c == '&':
			if end := strings.IndexByte(s[i:min(len(s), i+10)], ';'); end > 0 {
				if r := entityOf(s[i+1 : i+end]); r != 0 {
					b.WriteByte(r)
					i += end + 1
					continue
				}
			}
		case c == '<' && strings.HasPrefix(s[i:], "<.>"):
			b.WriteByte('.')
			i += len("<.>")
			continue
		case c == ' ':
			if n := spelledDot(s[i:]); n > 0 {
				b.WriteByte('.')
				i += n
				continue
			}
			i++
			continue
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRuneInString(s[i:])
			switch {
			case invisible(r):
			case oddDot(r):
				b.WriteByte('.')
			case oddDash(r):
				b.WriteByte('-')
			case r >= 0xFF01 && r <= 0xFF5E:
				b.WriteByte(byte(r - 0xFEE0))
			default:
				b.WriteString(s[i : i+size])
			}
			i += size
			continue
		}
		b.WriteByte(s[i])
		i++
	}
	return b.String()
}

// disguise reads the sign in brackets at the beginning of s: what it stands
// for and its length, which is 0 if it is none. A bracket that is opened before
// a dot and closed nowhere counts too.
func disguise(s string) (sign string, length int) {
	closing := strings.IndexAny(s[1:min(len(s), 9)], "])}")
	if closing < 0 {
		if len(s) > 2 && s[1] == '.' && s[0] == '[' {
			return ".", 2
		}
		return "", 0
	}
	inner := strings.ToLower(strings.Trim(s[1:1+closing], " "))
	length = closing + 2
	switch inner {
	case ".", ",", "dot", "d", "punkt", "punto", "point":
		return ".", length
	case "[.", "(.", "(dot", "[dot": // "[[.]]"
		if length < len(s) && strings.IndexByte("])", s[length]) >= 0 {
			length++
		}
		return ".", length
	case ":":
		return ":", length
	case "::":
		if length < len(s) && isHex(s[length:length+1]) {
			return "::", length
		}
	case "://", ":/", ":]//", "://]":
		return "://", length
	case "/":
		return "/", length
	case "@", "at", "a":
		return "@", length
	case "-", "dash":
		return "-", length
	case "www":
		return "www", length
	case "http", "https", "hxxp", "hxxps":
		return strings.Replace(inner, "xx", "tt", 1), length
	}
	if s[0] == '[' && s[1] == '.' && closing > 1 { // "[.com]"
		return ".", 2
	}
	return "", 0
}

// entityOf is the character that a reference of HTML stands for, of those that
// values consist of, or 0.
func entityOf(name string) byte {
	switch strings.ToLower(name) {
	case "#46", "#x2e", "period", "#046":
		return '.'
	case "#58", "#x3a", "colon":
		return ':'
	case "#47", "#x2f", "sol":
		return '/'
	case "#64", "#x40", "commat":
		return '@'
	case "#45", "#x2d", "hyphen":
		return '-'
	case "amp", "#38":
		return '&'
	case "#61", "equals":
		return '='
	case "lbrack", "lsqb", "#91":
		return '['
	case "rbrack", "rsqb", "#93":
		return ']'
	case "lowbar", "#95":
		return '_'
	}
	return 0
}

// scheme mends a scheme whose letters were changed so that nothing follows it.
func scheme(s string) string {
	head := s[:min(len(s), 12)]
	if i := strings.Index(head, ":/"); i > 2 && i+2 < len(s) && s[i+2] != '/' && webScheme(s[:i]) { // a slash is missing
		s = s[:i] + "://" + s[i+2:]
	} else if i := strings.Index(head, "__"); i > 3 && i+2 < len(s) && webScheme(s[:i]) {
		s = s[:i] + "://" + s[i+2:]
	}
	i := strings.Index(s[:min(len(s), 12)], "://")
	if i < 0 {
		return s
	}
	switch strings.ToLower(s[:i]) {
	case "ttp", "hxxp", "h**p", "h__p", "hxtp", "htxp", "httx", "h--p", "hxp", "meow", "h11p", "http_", "http]", "hxxp]", "h\\*\\*p":
		return "http" + s[i:]
	case "ttps", "hxxps", "h**ps", "h__ps", "hxtps", "htxps", "h--ps", "meows", "hxps", "http[s]", "hxxp[s]", "https]", "hxxps]":
		return "https" + s[i:]
	case "fxp", "f*p", "fxps":
		return "ftp" + s[i:]
	}
	return s
}

// webScheme reports whether a word is the scheme of a page, or disguises one.
func webScheme(s string) bool {
	switch strings.ToLower(s) {
	case "http", "https", "hxxp", "hxxps":
		return true
	}
	return false
}
