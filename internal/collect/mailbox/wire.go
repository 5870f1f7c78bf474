package mailbox

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/portent-cti/portent/internal/intel"
)

const (
	// maxLine is the longest line of a server.
	maxLine = 64 << 10
	// maxSent is the most bytes of messages that are kept of what a server sends at once; what
	// goes beyond is read and dropped.
	maxSent = 32 << 20
)

// errMalformed means that a server says what is no IMAP.
var errMalformed = errors.New("the server speaks no IMAP that can be read")

// A reply is one response of a server: a line, and what it quotes by length.
type reply struct {
	text string // where a literal stood, its {length}
	// literals are in the order of their places; nil for one that was too large.
	literals [][]byte
}

// readReply reads a reply, of whose literals room bytes are kept.
func readReply(in *bufio.Reader, room int) (reply, error) {
	var r reply
	for {
		line, err := readLine(in, maxLine-len(r.text))
		if err != nil {
			return r, err
		}
		r.text += line
		n, ok := literal(line)
		if !ok || !fetched(r.text) {
			return r, nil
		}
		var body []byte
		if n <= room {
			body = make([]byte, n)
			_, err = io.ReadFull(in, body)
			room -= n
		} else {
			_, err = io.CopyN(io.Discard, in, int64(n))
		}
		if err != nil {
			return r, cutShort(err)
		}
		r.literals = append(r.literals, body)
	}
}

// readLine reads a line without its end.
func readLine(in *bufio.Reader, most int) (string, error) {
	var line []byte
	for {
		piece, err := in.ReadSlice('\n')
		line = append(line, piece...)
		if len(line) > most {
			return "", fmt.Errorf("%w: a line is longer than %d bytes", errMalformed, maxLine)
		}
		if err == nil {
			return strings.TrimRight(string(line), "\r\n"), nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return "", cutShort(err)
		}
	}
}

// cutShort is an error of reading from a server that was not done.
func cutShort(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the server ended the connection: %w", io.ErrUnexpectedEOF)
	}
	return err
}

// literal is the length of what follows a line, if it says so at its end.
func literal(line string) (n int, ok bool) {
	at := strings.LastIndexByte(line, '{')
	if at < 0 || !strings.HasSuffix(line, "}") {
		return 0, false
	}
	long, err := strconv.ParseUint(strings.TrimSuffix(line[at+1:len(line)-1], "+"), 10, 31)
	return int(long), err == nil
}

// fetched reports whether a reply is of a message: only these quote by length here.
func fetched(text string) bool {
	rest, ok := strings.CutPrefix(text, "* ")
	_, rest, _ = strings.Cut(rest, " ")
	return ok && len(rest) >= 6 && strings.EqualFold(rest[:6], "FETCH ")
}

// A message is what a server tells of one.
type message struct {
	uid   uint32
	size  int64
	draft bool
	body  []byte
	// sent says that its body was, also where that is too large to be kept.
	sent bool
}

// fetch reads what a reply tells of a message.
func (r reply) fetch() (m message, err error) {
	_, list, ok := strings.Cut(r.text, "(")
	bad := fmt.Errorf("%w: of a message it says %q", errMalformed, clip(r.text))
	if !ok {
		return m, bad
	}
	literals := r.literals
	for list = strings.TrimLeft(list, " "); list != "" && list[0] != ')'; list = strings.TrimLeft(list, " ") {
		name, rest, ok := strings.Cut(list, " ")
		if !ok {
			return m, bad
		}
		value, quoted, rest, ok := datum(rest)
		if !ok {
			return m, bad
		}
		list = rest
		if _, is := literal(value); is && !quoted && len(literals) > 0 {
			value, m.body, m.sent = "", literals[0], m.sent || body(name)
			if !body(name) {
				m.body = nil
			}
			literals = literals[1:]
		} else if body(name) && quoted {
			m.body, m.sent = []byte(value), true
		}
		switch strings.ToUpper(name) {
		case "UID":
			n, err := strconv.ParseUint(value, 10, 32)
			if err != nil || n == 0 {
				return m, bad
			}
			m.uid = uint32(n)
		case "RFC822.SIZE":
			if m.size, err = strconv.ParseInt(value, 10, 64); err != nil {
				return m, bad
			}
		case "FLAGS":
			m.draft = strings.Contains(strings.ToLower(value), `\draft`)
		}
	}
	if list == "" {
		return m, bad
	}
	return m, nil
}

// body reports whether a datum is the body of a message.
func body(name string) bool { return len(name) >= 6 && strings.EqualFold(name[:6], "BODY[]") }

// datum cuts a value off a list: an atom, a quoted string, or what stands in brackets.
func datum(s string) (value string, quoted bool, rest string, ok bool) {
	switch {
	case s == "":
		return "", false, "", false
	case s[0] == '"':
		var b strings.Builder
		for i := 1; i < len(s); i++ {
			switch {
			case s[i] == '"':
				return b.String(), true, s[i+1:], true
			case s[i] == '\\' && i+1 < len(s):
				i++
			}
			b.WriteByte(s[i])
		}
		return "", false, "", false
	case s[0] == '(':
		depth := 0
		for i := range len(s) {
			switch s[i] {
			case '(':
				depth++
			case ')':
				depth--
			}
			if depth == 0 {
				return s[:i+1], false, s[i+1:], true
			}
		}
		return "", false, "", false
	}
	end := strings.IndexAny(s, " )")
	if end < 0 {
		return s, false, "", true
	}
	return s[:end], false, s[end:], end > 0
}

// A status is how a server answers a command, or what it says by itself.
type status struct {
	word string // OK, NO, BAD, BYE or PREAUTH
	code string // in brackets, such as AUTHENTICATIONFAILED
	text string
}

// newStatus reads what stands behind a tag or star; ok is false where it is no status.
func newStatus(text string) (s status, ok bool) {
	word, rest, _ := strings.Cut(text, " ")
	s.word = strings.ToUpper(word)
	switch s.word {
	case "OK", "NO", "BAD", "BYE", "PREAUTH":
	default:
		return s, false
	}
	if code, after, is := strings.Cut(strings.TrimPrefix(rest, "["), "]"); is && strings.HasPrefix(rest, "[") {
		s.code, rest = code, strings.TrimSpace(after)
	}
	s.text = clip(rest)
	return s, true
}

// coded is the value of a code such as "UIDNEXT 4"; ok is false where it is another.
func (s status) coded(name string) (value string, ok bool) {
	have, value, _ := strings.Cut(s.code, " ")
	return value, strings.EqualFold(have, name)
}

// clip is what of a server's words stands in an error.
func clip(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if r := []rune(s); len(r) > 200 {
		return string(r[:200]) + "…"
	}
	return s
}

// quoted is text as a command holds it. What has signs beyond ASCII cannot be so.
func quoted(text string) (string, error) {
	for _, r := range text {
		if r < ' ' || r > '~' {
			return "", fmt.Errorf("it has signs that are not in ASCII: %w", intel.ErrInvalid)
		}
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`, nil
}

// folderName is the name of a folder in the alphabet of IMAP, its own UTF-7 (RFC 3501, 5.1.3).
func folderName(name string) string {
	var out strings.Builder
	var other []uint16
	flush := func() {
		if len(other) == 0 {
			return
		}
		bytes := make([]byte, 0, 2*len(other))
		for _, u := range other {
			bytes = append(bytes, byte(u>>8), byte(u))
		}
		out.WriteString("&" + strings.ReplaceAll(base64.RawStdEncoding.EncodeToString(bytes), "/", ",") + "-")
		other = nil
	}
	for _, r := range name {
		switch {
		case r == '&':
			flush()
			out.WriteString("&-")
		case r >= ' ' && r <= '~':
			flush()
			out.WriteRune(r)
		default:
			other = utf16.AppendRune(other, r)
		}
	}
	flush()
	return out.String()
}
