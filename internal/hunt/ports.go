package hunt

import (
	"bytes"
	"net/netip"
)

// connection notes the port that a connection goes to, of which a line in no
// format with named fields tells.
func (l *line) connection(at int) {
	if !l.wantsPort || l.port != nil {
		return
	}
	rest := l.text[at:]
	switch {
	case l.firewall(l.text), l.event(rest), l.paloAlto(rest), l.dial(rest):
	default:
		l.flow(rest)
	}
}

// transport notes which protocol of ports a text names, if none is known.
func (l *line) transport(text []byte) {
	if l.proto != nil {
		return
	}
	for _, name := range [...]string{"TCP", "UDP", "tcp", "udp"} {
		if i := bytes.Index(text, []byte(name)); i >= 0 && (i == 0 || class[text[i-1]] == 0) {
			l.proto = text[i : i+len(name)]
			return
		}
	}
}

// firewall reads the ports of a connection as Cisco's firewalls tell it: that of
// "dst outside:192.0.2.7/443", and of "outside:192.0.2.7/443 … to
// inside:10.0.0.5/51000" the lower, which is that of the service.
func (l *line) firewall(rest []byte) bool {
	i := bytes.IndexByte(rest, '%')
	if i < 0 || !bytes.HasPrefix(rest[i:], []byte("%ASA-")) && !bytes.HasPrefix(rest[i:], []byte("%FTD-")) {
		return false
	}
	rest = rest[i:]
	l.transport(rest)
	if i := bytes.Index(rest, []byte(" dst ")); i >= 0 {
		rest = rest[i+len(" dst "):]
		if i := bytes.IndexByte(rest, ' '); i >= 0 {
			rest = rest[:i]
		}
	}
	least := 1 << 16
	for {
		i := bytes.IndexByte(rest, '/')
		if i < 0 {
			return true
		}
		digits, number := portAt(rest[i+1:])
		if i > 0 && class[rest[i-1]]&(digit|hexed) != 0 && number > 0 && number < least {
			l.port, least = digits, number
		}
		rest = rest[i+1+len(digits):]
	}
}

// portAt returns the digits that text begins with, five at most, and the port
// that they are, 0 if none.
func portAt(text []byte) (digits []byte, number int) {
	n := 0
	for n < len(text) && n < 5 && class[text[n]]&digit != 0 {
		number = number*10 + int(text[n]-'0')
		n++
	}
	if number > 65535 || n < len(text) && class[text[n]]&digit != 0 {
		number = 0
	}
	return text[:n], number
}

// event reads an event of Windows in XML.
func (l *line) event(rest []byte) bool {
	value := func(name string) []byte {
		i := bytes.Index(rest, []byte(name))
		if i < 1 || i+len(name)+2 > len(rest) || bytes.IndexByte([]byte("\"'"), rest[i-1]) < 0 {
			return nil
		}
		text := rest[i+len(name)+1:]
		if text[0] != '>' {
			return nil
		}
		text, _, _ = bytes.Cut(text[1:], []byte("<"))
		return text
	}
	digits, number := portAt(value("DestinationPort"))
	if number == 0 {
		return false
	}
	l.port, l.proto = digits, value("Protocol")
	return true
}

// paloAlto reads the record of a connection in PAN-OS's form, values parted by
// commas: the ports are the 21st and 22nd behind its sort, the protocol the 26th.
func (l *line) paloAlto(rest []byte) bool {
	at := bytes.Index(rest, []byte(",TRAFFIC,"))
	if at < 0 {
		at = bytes.Index(rest, []byte(",THREAT,"))
	}
	if at < 0 {
		return false
	}
	rest = rest[at+1:]
	for n, more := 0, true; more; n++ {
		var value []byte
		value, rest, more = bytes.Cut(rest, []byte(","))
		switch n {
		case 22:
			digits, number := portAt(value)
			if number == 0 || len(digits) < len(value) {
				return false
			}
			l.port = digits
		case 26:
			l.proto = value
			return true
		}
	}
	return l.port != nil
}

// dial reads what programs in Go say of a connection: "dial tcp 192.0.2.7:4444".
func (l *line) dial(rest []byte) bool {
	i := bytes.Index(rest, []byte("dial "))
	if i < 0 {
		return false
	}
	protocol, host, ok := bytes.Cut(rest[i+len("dial "):], []byte(" "))
	if !ok || len(protocol) < 3 || len(protocol) > 4 {
		return false
	}
	if i := bytes.IndexByte(host, ' '); i >= 0 {
		host = host[:i]
	}
	if l.port = portOf(bytes.TrimRight(host, `:",`)); l.port == nil {
		return false
	}
	l.proto = protocol[:3]
	return true
}

// portOf returns the port of "host:port" or of a URL that has one, nil if there is
// none.
func portOf(text []byte) []byte {
	if i := bytes.Index(text, []byte("://")); i >= 0 && i < 10 {
		text = text[i+3:]
	}
	if i := bytes.IndexAny(text, "/?#"); i >= 0 {
		text = text[:i]
	}
	i := bytes.LastIndexByte(text, ':')
	if i < 1 || bytes.IndexByte(text[:i], ':') >= 0 && text[i-1] != ']' {
		return nil
	}
	digits, number := portAt(text[i+1:])
	if number == 0 {
		return nil
	}
	return digits
}

// An end is what a word of a line is to a connection.
type end uint8

const (
	noEnd end = iota
	address
	addressPort
	number
)

// flow reads the two ends of a connection: two addresses and then two ports, parted
// by blanks or commas, as records of flows have them; two addresses with a port each
// and an arrow between them, which leads to the second; and without an arrow, as
// lists of open connections have them, of which the lower port counts.
func (l *line) flow(rest []byte) {
	var kinds [4]end // of the latest words
	var ports [4][]byte
	arrow := false
	l.words(rest, func(word []byte, led bool) bool {
		arrow = arrow || led
		if len(word) == 0 {
			return true
		}
		copy(kinds[:], kinds[1:])
		copy(ports[:], ports[1:])
		kinds[3], ports[3] = endOf(word)
		switch {
		case kinds == [4]end{address, address, number, number}:
			l.port = ports[3]
		case kinds[2] == addressPort && kinds[3] == addressPort:
			l.port = ports[3]
			if _, a := portAt(ports[2]); !arrow {
				if _, b := portAt(ports[3]); a < b {
					l.port = ports[2]
				}
			}
		}
		arrow = false
		return l.port == nil
	})
	if l.port != nil {
		l.transport(rest)
	}
}

// words calls each with the words of a line, and whether an arrow stands before
// one, until it says no.
func (l *line) words(rest []byte, each func(word []byte, led bool) bool) {
	from, led := 0, false
	for i := 0; i <= len(rest); i++ {
		if i < len(rest) {
			switch c := rest[i]; {
			case c == '>' || c == '-' && i+1 < len(rest) && rest[i+1] == '>':
			case c > ' ' && c != ',' && c != ';' && c != '|':
				continue
			}
		}
		if i > from && !each(rest[from:i], led) {
			return
		}
		if i > from {
			led = false
		}
		led = led || i < len(rest) && rest[i] == '>'
		from = i + 1
	}
}

// endOf says what a word is, and its port.
func endOf(word []byte) (end, []byte) {
	if c := class[word[0]]; c&(digit|hexed) == 0 && word[0] != '[' && word[0] != ':' || len(word) > mostSix+8 {
		return noEnd, nil
	}
	for len(word) > 1 && word[len(word)-1] == ':' && word[len(word)-2] != ':' {
		word = word[:len(word)-1]
	}
	colons, dots := bytes.Count(word, []byte(":")), bytes.Count(word, []byte("."))
	switch {
	case colons == 0 && dots == 0:
		if digits, n := portAt(word); n > 0 && len(digits) == len(word) {
			return number, digits
		}
	case colons == 0 && dots == 3:
		if _, ok := fourOf(word); ok {
			return address, nil
		}
	case colons <= 1 && dots == 3+(1-colons): // 192.0.2.7:4444, and 192.0.2.7.4444 of tcpdump
		return fourPort(word, max(bytes.IndexByte(word, ':'), (1-colons)*bytes.LastIndexByte(word, '.')))
	case word[0] == '[':
		if to, err := netip.ParseAddrPort(string(word)); err == nil && to.Port() > 0 {
			return addressPort, portOf(word)
		}
	case colons > 1 && (colons == 7 || bytes.Contains(word, []byte("::"))):
		if dots == 1 {
			i := bytes.IndexByte(word, '.')
			digits, n := portAt(word[i+1:])
			if _, err := netip.ParseAddr(string(word[:i])); err == nil && n > 0 && i+1+len(digits) == len(word) {
				return addressPort, digits
			}
		} else if _, err := netip.ParseAddr(string(word)); err == nil {
			return address, nil
		}
	}
	return noEnd, nil
}

// fourPort reads an IPv4 address before word[at] and a port behind it.
func fourPort(word []byte, at int) (end, []byte) {
	digits, n := portAt(word[at+1:])
	if _, ok := fourOf(word[:at]); !ok || n == 0 || at+1+len(digits) < len(word) {
		return noEnd, nil
	}
	return addressPort, digits
}
