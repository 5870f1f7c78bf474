package intel

import (
	"strings"
	"unicode"
)

// A location is the parts of a URL: "https", "user@", "evil.example", ":8443" and
// "/kit?a=b".
type location struct{ scheme, user, host, port, rest string }

// locate divides a URL. What has no host is none.
func locate(url string) (l location, ok bool) {
	scheme, rest, ok := strings.Cut(url, "://")
	if !ok {
		return l, false
	}
	end := strings.IndexAny(rest, `/?#\`)
	if end < 0 {
		end = len(rest)
	}
	l = location{scheme: strings.ToLower(scheme), host: rest[:end], rest: rest[end:]}
	if at := strings.LastIndexByte(l.host, '@') + 1; at > 0 {
		l.user, l.host = l.host[:at], l.host[at:]
	}
	if colon := strings.LastIndexByte(l.host, ':'); colon > strings.LastIndexByte(l.host, ']') {
		l.host, l.port = l.host[:colon], l.host[colon:]
	}
	l.host = strings.TrimRightFunc(strings.ToLower(l.host), func(r rune) bool { return r == '.' || unicode.IsSpace(r) })
	return l, l.host != ""
}

// lowerHost writes the scheme and the host of a URL in lower case, the host without a
// dot behind it.
func lowerHost(url string) string {
	l, ok := locate(url)
	if !ok {
		return url
	}
	return l.scheme + "://" + l.user + l.host + l.port + l.rest
}

// Request is a URL as the server that it names is asked for it, which is the same for
// all spellings that clients take for one: without a user, the port that its scheme has
// anyway, segments of dots, and escapes of letters, digits and "-._~".
func Request(url string) string { return requested(url, undotted) }

// RequestPrefix is what the [Request] of every URL begins with that begins with url.
func RequestPrefix(url string) string {
	return requested(url, func(path string) string {
		last := strings.LastIndexByte(path, '/') + 1 // what stands behind it may go on
		return undotted(path[:last]) + path[last:]
	})
}

func requested(url string, path func(string) string) string {
	l, ok := locate(url)
	if !ok {
		return url
	}
	if l.port == ":" || l.scheme == "http" && l.port == ":80" || l.scheme == "https" && l.port == ":443" {
		l.port = ""
	}
	way, query := unescaped(l.rest), ""
	if i := strings.IndexAny(way, "?#"); i >= 0 {
		way, query = undotted(way[:i]), way[i:]
	} else {
		way = path(way)
	}
	if !strings.HasPrefix(way, "/") {
		way = "/" + way
	}
	return l.scheme + "://" + l.host + l.port + way + query
}

// undotted is a path without the segments "." and "..", as clients ask for it.
func undotted(path string) string {
	if !strings.Contains(path, "/.") {
		return path
	}
	var out []string
	segments := strings.Split(path, "/")
	for i, s := range segments {
		switch s {
		case "..":
			if len(out) > 1 {
				out = out[:len(out)-1]
			}
			fallthrough
		case ".":
			if i == len(segments)-1 {
				out = append(out, "")
			}
		default:
			out = append(out, s)
		}
	}
	return strings.Join(out, "/")
}

// unescaped writes out the escapes of what needs none.
func unescaped(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if c, ok := escaped(s[i:]); ok {
			out = append(out, c)
			i += 2
			continue
		}
		out = append(out, s[i])
	}
	return string(out)
}

// escaped is the character whose needless escape s begins with.
func escaped(s string) (c byte, ok bool) {
	if len(s) < 3 || s[0] != '%' {
		return 0, false
	}
	for _, d := range []byte(s[1:3]) {
		switch {
		case d >= '0' && d <= '9':
			c = c<<4 | (d - '0')
		case d|0x20 >= 'a' && d|0x20 <= 'f':
			c = c<<4 | (d | 0x20 - 'a' + 10)
		default:
			return 0, false
		}
	}
	return c, c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0
}
