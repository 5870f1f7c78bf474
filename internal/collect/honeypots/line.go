package honeypots

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// A line is one of a log.
type line struct {
	fields map[string]any
	pot    pot
}

// read reads a line of one of the honeypots; ok is false of one that tells of nothing that
// anybody did.
func read(text []byte, of []pot) (l line, ok bool, err error) {
	if err := collect.CheckDepth(text); err != nil {
		return l, false, err
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&l.fields); err != nil {
		return l, false, fmt.Errorf("no JSON object: %w", err)
	}
	for _, p := range of {
		if !slices.ContainsFunc(p.has, func(c string) bool { return !l.meets(c) }) {
			l.pot = p
			return l, !slices.ContainsFunc(p.skip, l.meets), nil
		}
	}
	return l, false, fmt.Errorf("no line of %s: %w", strings.Join(names(of), ", "), intel.ErrInvalid)
}

// names is what honeypots are called, each once.
func names(of []pot) (out []string) {
	for _, p := range of {
		if !slices.Contains(out, p.name) {
			out = append(out, p.name)
		}
	}
	return out
}

// mostValues is how many values of a field count.
const mostValues = 100

// at is what stands at a path. Some write fields whose names have dots.
func at(v any, path string, out []any) []any {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			if len(out) < mostValues {
				out = at(e, path, out)
			}
		}
	case map[string]any:
		if is, ok := v[path]; ok {
			return append(out, is)
		}
		for i := range path {
			if is, ok := v[path[:i]]; ok && path[i] == '.' {
				out = at(is, path[i+1:], out)
			}
		}
	}
	return out
}

// all is the values of a field.
func (l line) all(field string) (out []string) {
	if field == "" {
		return nil
	}
	for _, v := range at(l.fields, field, nil) {
		out = flat(v, out)
	}
	return out
}

func flat(v any, out []string) []string {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			if len(out) < mostValues {
				out = flat(e, out)
			}
		}
	case string:
		out = append(out, v)
	case json.Number:
		out = append(out, v.String())
	case bool:
		out = append(out, strconv.FormatBool(v))
	case map[string]any:
		out = append(out, "{}") // there is something
	}
	return out
}

// first is the first value that some fields have.
func (l line) first(fields ...string) string {
	for _, f := range fields {
		for _, v := range l.all(f) {
			if v != "" {
				return v
			}
		}
	}
	return ""
}

// meets reports whether a condition is met.
func (l line) meets(condition string) bool {
	field, want, ok := strings.Cut(condition, "=")
	if !ok {
		return l.first(field) != ""
	}
	begins, open := strings.CutSuffix(want, "*")
	if open && begins == "" {
		return len(at(l.fields, field, nil)) > 0
	}
	return slices.ContainsFunc(l.all(field), func(v string) bool { return v == want || open && strings.HasPrefix(v, begins) })
}

// when is when it happened.
func (l line) when() (time.Time, error) {
	text := l.first(l.pot.at...)
	if stripped, ok := strings.CutSuffix(text, "+00:00Z"); ok { // as adbhoneypot has it
		text = stripped + "Z"
	}
	at, err := collect.Time(text)
	if err != nil {
		for _, layout := range []string{"2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05Z07:00"} {
			if at, err := time.Parse(layout, text); err == nil {
				return at.UTC(), nil
			}
		}
		return at, err
	}
	if at.IsZero() {
		return at, fmt.Errorf("%s is missing: %w", strings.Join(l.pot.at, " or "), intel.ErrInvalid)
	}
	return at, nil
}

// who is the address of who came.
func (l line) who() (intel.Entity, error) {
	text := l.first(l.pot.from...)
	from, _, err := collect.Indicator("", text)
	if err != nil || from.Kind != intel.IPv4 && from.Kind != intel.IPv6 {
		return from, fmt.Errorf("%s %.50q is no address: %w", strings.Join(l.pot.from, " or "), text, intel.ErrInvalid)
	}
	return from, nil
}

// port is what was spoken to, such as 445/tcp.
func (l line) port() string {
	n, err := strconv.ParseUint(l.first(l.pot.port...), 10, 16)
	usual, transport, _ := strings.Cut(l.pot.usual, "/")
	if over := strings.ToLower(l.first(l.pot.over)); over == "udp" || over == "tcp" {
		transport = over
	}
	switch {
	case err == nil && n > 0:
		usual = strconv.FormatUint(n, 10)
	case usual == "":
		return ""
	}
	if transport == "" {
		transport = "tcp"
	}
	return usual + "/" + transport
}

// does is what who came did at most, as a label.
func (l line) does() string {
	switch {
	case l.first(slices.Concat(l.pot.commands, l.pot.left, l.pot.fetched, l.pot.malware)...) != "":
		return "intrusion"
	case l.attack() != "":
		return "web attack"
	case slices.ContainsFunc(l.pot.tries, l.meets):
		return "brute force"
	}
	return "scanner"
}

// attack is the kind of attack that a honeypot of web pages takes it for.
func (l line) attack() string {
	if a := l.first(l.pot.attack); !slices.Contains(plain(), a) {
		return clipped(a)
	}
	return ""
}

const (
	// longestWord is how many bytes of what an attacker sent are told, longestNote of all, and
	// mostNames how many names he tried.
	longestWord, longestNote = 500, 2000
	mostNames                = 20
)

// note is what who came did, in a line. It is a note and no text, for a text is extracted, and
// an attacker says what he likes of anybody. Passwords are left out: one may be somebody's.
func (l line) note() string {
	did := map[string]string{"intrusion": "ran commands or left files on", "web attack": "attacked", "brute force": "tried to log in on", "scanner": "connected to"}[l.does()]
	parts := []string{did + " a honeypot (" + l.pot.name + ")"}
	if a := l.attack(); a != "" {
		parts = append(parts, "attack "+a)
	}
	var tried []string
	for _, f := range l.pot.names {
		for _, n := range l.all(f) {
			if n = clipped(n); n != "" && len(tried) < mostNames && !slices.Contains(tried, n) {
				tried = append(tried, n)
			}
		}
	}
	if len(tried) > 0 {
		parts = append(parts, "as "+strings.Join(tried, " "))
	}
	for _, f := range l.pot.commands {
		for _, c := range l.all(f) {
			parts = append(parts, "$ "+discreet(c))
		}
	}
	for _, f := range l.pot.sent {
		for _, s := range l.all(f) {
			if s = discreet(unhex(f, s)); s != "" {
				parts = append(parts, s)
			}
		}
	}
	note := strings.Join(parts, " | ")
	if len(note) > longestNote {
		note = strings.ToValidUTF8(note[:longestNote], "") + " …"
	}
	return note
}

// unhex is what a field says that has it in hexadecimal digits, by its name.
func unhex(field, text string) string {
	if !strings.HasSuffix(field, "_hex") {
		return text
	}
	raw, err := hex.DecodeString(text[:min(len(text), 4*longestWord)&^1])
	if err != nil {
		return ""
	}
	return string(raw)
}

// discreet is what was sent without what may be a password: of a line that logs in the first
// word, and of lines of mail those that are commands.
func discreet(text string) string {
	var out []string
	for part := range strings.Lines(text[:min(len(text), 16*longestWord)]) {
		words := strings.Fields(strings.ToValidUTF8(strings.Map(printable, part), ""))
		if len(words) == 0 {
			continue
		}
		switch first := strings.ToUpper(words[0]); {
		case slices.Contains([]string{"AUTH", "PASS", "PASSWORD", "LOGIN", "AUTHORIZATION:", "PROXY-AUTHORIZATION:", "COOKIE:"}, first):
			words = words[:1]
		case slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(w, "requirepass") || strings.EqualFold(w, "masterauth") }):
			words = words[:1]
		case len(words) == 1 && encoded(words[0]): // such as a password after AUTH LOGIN
			continue
		}
		out = append(out, strings.Join(words, " "))
	}
	return clipped(strings.Join(out, " "))
}

// encoded reports whether a word may be text in base64.
func encoded(word string) bool {
	return len(word) >= 4 && len(word)%4 == 0 && strings.Trim(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") == "" &&
		(strings.HasSuffix(word, "=") || word != strings.ToUpper(word) && word != strings.ToLower(word))
}

func printable(r rune) rune {
	if r < ' ' && r != '\t' || r == 0x7f {
		return -1
	}
	return r
}

// clipped is a text of an attacker in one line that is not too long.
func clipped(text string) string {
	return collect.OneLine(text[:min(len(text), longestWord)], longestWord)
}
