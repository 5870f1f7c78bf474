package extract

import (
	"net/url"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// schemes reports whether a word before "://" is the name of one by which hosts are
// reached (RFC 3986 3.1), rather than one for what is on a machine or in a program.
func schemes(name string) bool {
	if len(name) < 2 || len(name) > 16 {
		return false
	}
	switch name {
	case "about", "app", "asset", "blob", "chrome", "classpath", "content", "data", "doi", "intent", "jar", "javascript", "market", "package", "res", "resource", "urn", "vbscript", "zip":
		return false
	}
	return classOf(name)&^(alpha|hex|digit) == 0 && !isDigit(name[0])
}

// datagrams reports whether what has a scheme goes over UDP.
func datagrams(scheme string) bool {
	switch scheme {
	case "udp", "quic", "tftp", "dns", "snmp", "ntp", "coap", "syslog", "dtls", "stun", "turn":
		return true
	}
	return false
}

// longestInner is how many bytes of a URL another is looked for in.
const longestInner = 2048

// carried reads what a URL carries in its path or query: the URL that a redirector
// leads to, an archive keeps or a filter has checked, and what a site that looks
// things up is asked about. The tail stands in the text, up to a place. Known says
// that the host is an ordinary one.
func (v *values) carried(from, to int, known bool) {
	if to-from > longestInner {
		to = from + longestInner
	}
	tail := v.text[from:to]
	v.steps += len(tail)
	if at, end := inner(tail); end > 0 {
		text := tail[at:end]
		if plainly, err := url.QueryUnescape(text); err == nil && !strings.Contains(text, "://") {
			text = plainly
		}
		if strings.Contains(text, "://") {
			v.link(from+at, from+end, plain(text, classOf(text)))
			return
		}
	}
	if i := strings.IndexByte(tail, '?'); i >= 0 {
		v.encodedQuery(from+i+1, to)
	}
	if strings.Contains(tail, "CVE-") || strings.Contains(tail, "cve-") {
		v.cveIn(from, tail)
	}
	if known {
		v.asked(from, tail)
	}
}

// cveIn reads a CVE that is a segment of a path or the value of a parameter. One
// within the words of a title is of another text.
func (v *values) cveIn(from int, tail string) {
	for at := 0; at < len(tail); {
		n := strings.IndexAny(tail[at:], "/?=&#")
		end := at + n
		if n < 0 {
			end = len(tail)
		}
		if part := strings.ToUpper(tail[at:end]); strings.HasPrefix(part, "CVE-") && cve(part[4:]) == len(part)-4 {
			v.note(intel.Entity{Kind: intel.Vulnerability, Name: part}, from+at, from+end, "")
		}
		at = end + 1
	}
}

// inner returns where a URL stands in the tail of another: as it is or with its
// signs percent-encoded; else zeros.
func inner(tail string) (at, end int) {
	if !strings.Contains(tail, "://") && !strings.Contains(tail, "%3") {
		return 0, 0
	}
	lower := strings.ToLower(tail)
	for _, sign := range [...]string{"://", "%3a%2f%2f"} {
		i := strings.Index(lower, sign)
		if i < 0 {
			continue
		}
		for at = i; at > 0 && i-at < 6 && classes[tail[at-1]]&(alpha|hex) != 0 && (at < 3 || tail[at-3] != '%'); {
			at--
		}
		switch lower[at:i] {
		case "http", "https", "hxxp", "hxxps", "ftp":
		default:
			return 0, 0
		}
		end = len(tail)
		if strings.IndexByte(tail[:at], '?') >= 0 || sign != "://" {
			if n := strings.IndexAny(tail[at:], "&"); n > 0 {
				end = at + n
			}
		}
		if n := strings.Index(tail[at:end], "__;"); n > 0 { // the mark of a filter of mail
			end = at + n
		}
		return at, end
	}
	return 0, 0
}

// asked reads what a site is asked about, by the segment of the path before it:
// "/domain/evil.example", "/ip-address/192.0.2.7", "/techniques/T1059/001".
func (v *values) asked(from int, tail string) {
	path, _, _ := strings.Cut(tail, "?")
	at, before, n := from, "", 0
	for segment := range strings.SplitSeq(path, "/") {
		n++
		begin, end := at, at+len(segment)
		at = end + 1
		if n > 12 || segment == "" {
			continue
		}
		switch strings.ToLower(before) {
		case "techniques":
			if rest := v.text[end:min(len(v.text), end+4)]; len(rest) == 4 && rest[0] == '/' && technique(strings.ToUpper(segment)+"."+rest[1:]) {
				v.identifiers(begin, end+4, segment+"."+rest[1:], digit|dot)
			} else {
				v.identifiers(begin, end, segment, digit)
			}
		case "detail", "cve", "cves", "advisories":
			if !strings.EqualFold(segment[:min(4, len(segment))], "CVE-") { // read already
				v.identifiers(begin, end, segment, classOf(segment))
			}
		case "domain", "domains", "host", "hosts", "hostname", "ip", "ips", "ip-address", "ipaddress", "address", "check", "file", "files", "hash", "sample", "samples", "indicator", "ipv4", "ioc", "whois", "report":
			if h, ok := readHost(segment); ok && strong(segment) && h.entity().Name != "" {
				v.note(h.entity(), begin, end, v.navigation(h.name))
			} else if strong(segment) {
				v.digest(begin, end, segment)
			}
		}
		before = segment
	}
}

// device reads the connection that a shell makes by a file that is none:
// "/dev/tcp/192.0.2.7/443".
func (v *values) device(from, to int) bool {
	run := v.text[from:to]
	if !strings.HasPrefix(run, "/dev/tcp/") && !strings.HasPrefix(run, "/dev/udp/") {
		return false
	}
	protocol, rest := run[5:8], run[9:]
	name, port, _ := strings.Cut(rest, "/")
	h, ok := readHost(name)
	if !ok {
		return false
	}
	begin := to - len(rest)
	if e := h.entity(); e.Name != "" {
		v.note(e, begin, begin+len(name), v.navigation(h.name))
	}
	if isPort(port) {
		v.note(intel.Entity{Kind: intel.Port, Name: port + "/" + protocol}, to-len(port), to, "")
	}
	return true
}

// shareHost reads the host of a share of Windows in a path, "\\192.0.2.7\x", with the
// port that WebDAV has: "\\evil.example@SSL@8443\x".
func (v *values) shareHost(from, to int) {
	run := v.text[from:to]
	i := strings.Index(run, `\\`)
	if i < 0 || i > 0 && strings.IndexByte(":=(>", run[i-1]) < 0 || i == 2 && run[1] == ':' {
		return
	}
	at := i
	for at < len(run) && run[at] == '\\' {
		at++
	}
	end := at
	for end < len(run) && run[end] != '\\' && run[end] != '/' {
		end++
	}
	name, service, _ := strings.Cut(run[at:end], "@")
	h, ok := readHost(plain(name, classOf(name)))
	if !ok || at-i != 2 && at-i != 4 {
		return
	}
	if e := h.entity(); e.Name != "" {
		v.note(e, from+at, from+at+len(name), v.navigation(h.name))
	}
	if port := service[strings.LastIndexByte(service, '@')+1:]; isPort(port) {
		v.note(intel.Entity{Kind: intel.Port, Name: port + "/tcp"}, from+end-len(port), from+end, "")
	}
}
