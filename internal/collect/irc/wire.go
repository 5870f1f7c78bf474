package irc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// longest is how many bytes a line has at most: 8,191 of tags, 512 of the rest.
	longest = 8191 + 512
	// endless is how many bytes may come without the end of a line.
	endless = 1 << 20
	// mostParams is how many parameters of a line are read.
	mostParams = 32
)

// A message is a line of a server.
type message struct {
	at      time.Time // as the server tells; zero if it does not
	timed   bool      // at is that
	past    bool      // it is told of the past
	id      string    // that it has of the server, if any
	batch   string    // that it is part of, if any
	from    string    // nick or server
	command string
	params  []string
}

// param is a parameter, empty where there is none.
func (m message) param(i int) string {
	if i < 0 || i >= len(m.params) {
		return ""
	}
	return m.params[i]
}

// last is the last parameter, which tells what people are to read.
func (m message) last() string { return m.param(len(m.params) - 1) }

// read reads a line; of one without a command it is false.
func read(line []byte) (m message, ok bool) {
	text := decoded(line)
	if rest, tagged := strings.CutPrefix(text, "@"); tagged {
		var tags string
		tags, text, _ = strings.Cut(rest, " ")
		m.tags(tags)
		text = strings.TrimLeft(text, " ")
	}
	if rest, named := strings.CutPrefix(text, ":"); named {
		var source string
		source, text, _ = strings.Cut(rest, " ")
		m.from, _, _ = strings.Cut(source, "!")
		text = strings.TrimLeft(text, " ")
	}
	m.command, text, _ = strings.Cut(text, " ")
	m.command = strings.ToUpper(m.command)
	for len(m.params) < mostParams {
		text = strings.TrimLeft(text, " ")
		if text == "" {
			break
		}
		if rest, last := strings.CutPrefix(text, ":"); last {
			m.params = append(m.params, rest)
			break
		}
		var one string
		one, text, _ = strings.Cut(text, " ")
		m.params = append(m.params, one)
	}
	return m, m.command != ""
}

// tags reads what a line says of itself (IRCv3 message tags).
func (m *message) tags(text string) {
	for text != "" {
		var tag string
		tag, text, _ = strings.Cut(text, ";")
		key, value, _ := strings.Cut(tag, "=")
		switch key {
		case "time":
			if at, err := time.Parse(time.RFC3339Nano, value); err == nil {
				m.at = at.UTC().Truncate(time.Millisecond)
			}
		case "msgid":
			m.id = value
		case "batch":
			m.batch = value
		}
	}
}

// decoded is what bytes say: UTF-8, or else Latin-1.
func decoded(line []byte) string {
	if utf8.Valid(line) {
		return string(line)
	}
	runes := make([]rune, len(line))
	for i, b := range line {
		runes[i] = rune(b)
	}
	return string(runes)
}

// shown is a text without the codes of bold, colours and the like.
func shown(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == 0x03:
			i = colour(text, i+1, 2, digit)
		case c == 0x04:
			i = colour(text, i+1, 6, hexadecimal)
		case c == '\t':
			b.WriteByte(' ')
			i++
		case c < ' ' || c == 0x7f:
			i++
		default:
			b.WriteByte(c)
			i++
		}
	}
	return strings.TrimSpace(b.String())
}

// colour is where a colour that begins at i ends: one of at most so many digits, and another
// behind a comma.
func colour(text string, i, most int, is func(byte) bool) int {
	number := func(i int) int {
		for n := 0; n < most && i < len(text) && is(text[i]); n++ {
			i++
		}
		return i
	}
	end := number(i)
	if end == i || end+1 >= len(text) || text[end] != ',' || !is(text[end+1]) {
		return end
	}
	return number(end + 1)
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func hexadecimal(c byte) bool { return digit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

// folded is a nick or a channel as servers compare them (RFC 1459).
func folded(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= '^':
			return r + 32
		}
		return r
	}, name)
}

// errTooLong means that a server sends what is no line.
var errTooLong = errors.New("what comes has no end of a line; that is no IRC server")

// lines reads the lines of a server. A read that fails may be tried again.
type lines struct {
	from io.Reader
	got  []byte // not yet read
	skip int    // bytes of a line that is too long
	in   [4096]byte
}

// next returns the next line that is not too long, without its end.
func (l *lines) next() ([]byte, error) {
	for {
		if end := bytes.IndexByte(l.got, '\n'); end >= 0 {
			line := bytes.TrimRight(l.got[:end], "\r")
			l.got = l.got[end+1:]
			if l.skip == 0 && len(line) <= longest {
				return line, nil
			}
			l.skip = 0
			continue
		}
		if len(l.got) > longest {
			l.skip += len(l.got)
			l.got = nil
		}
		if l.skip > endless {
			return nil, errTooLong
		}
		n, err := l.from.Read(l.in[:])
		l.got = append(l.got, l.in[:n]...)
		if err != nil && n == 0 {
			return nil, fmt.Errorf("read: %w", err)
		}
	}
}
