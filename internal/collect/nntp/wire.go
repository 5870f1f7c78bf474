package nntp

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	// longestOver is the longest line of an overview, in bytes.
	longestOver = 64 << 10
	// mostNumber is the largest number of an article: room for one more is left above it.
	mostNumber = 1<<63 - 1
)

// A group is what a server tells of a newsgroup: the numbers of its first and last article.
type group struct{ low, high uint64 }

// empty reports whether a group has no article, of which there are several ways to tell.
func (g group) empty() bool { return g.high == 0 || g.high < g.low }

// readGroup reads "count low high name".
func readGroup(text string) (group, error) {
	var n [3]uint64
	words := strings.Fields(text)
	for i := range n {
		if i >= len(words) {
			return group{}, fmt.Errorf("it speaks no NNTP: of a group it says %q", clip(text))
		}
		v, err := strconv.ParseUint(words[i], 10, 63)
		if err != nil || v >= mostNumber {
			return group{}, fmt.Errorf("it speaks no NNTP: of a group it says %q", clip(text))
		}
		n[i] = v
	}
	return group{max(n[1], 1), n[2]}, nil
}

// named is the Message-ID in "number <id> …", if it is one.
func named(text string) string {
	if words := strings.Fields(text); len(words) > 1 {
		return messageID(words[1])
	}
	return ""
}

// messageID is text that can be a Message-ID.
func messageID(text string) string {
	text = strings.TrimSpace(text)
	if len(text) > 2 && word(text) && text[0] == '<' && text[len(text)-1] == '>' {
		return text
	}
	return ""
}

func clip(s string) string { return s[:min(len(s), 200)] }

// An entry is what an overview tells of an article.
type entry struct {
	number uint64
	id     string // empty where it is not told
	bytes  int64
}

// readOver reads an overview: a line for each article, of number, subject, author, date,
// Message-ID, references, bytes and lines between tabs. Lines that are none are passed over.
func readOver(in io.Reader, from, to uint64) (list []entry, err error) {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, longestOver)
	n := 0
	for ; lines.Scan(); n++ {
		cells := strings.SplitN(lines.Text(), "\t", 8)
		number, err := strconv.ParseUint(cells[0], 10, 63)
		if err != nil || number < from || number > to || len(cells) < 5 {
			continue
		}
		e := entry{number: number, id: messageID(cells[4])}
		if len(cells) > 6 {
			e.bytes, _ = strconv.ParseInt(cells[6], 10, 64) // 0 if it is not told
		}
		if len(list) >= 2*span {
			return nil, errEndless
		}
		list = append(list, e)
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if n > 0 && len(list) == 0 {
		return nil, fmt.Errorf("it speaks no NNTP: no line of %d that tell of articles can be read", n)
	}
	slices.SortStableFunc(list, func(a, b entry) int { return int(int64(a.number) - int64(b.number)) })
	return slices.CompactFunc(list, func(a, b entry) bool { return a.number == b.number }), nil
}

var (
	yBegin = regexp.MustCompile(`^=ybegin .*\bname=(.+)$`)
	uBegin = regexp.MustCompile(`^begin [0-7]{3,4} (\S.*)$`)
)

// withoutFiles is an article with the name of a file in place of each that stands in its text as
// yEnc or uuencode has it.
func withoutFiles(article []byte) []byte {
	out := make([]byte, 0, len(article))
	until := ""
	for len(article) > 0 {
		line, rest, _ := bytes.Cut(article, []byte("\n"))
		name, end := fileBegins(line, rest)
		switch {
		case until != "":
			if bytes.HasPrefix(line, []byte(until)) {
				until = ""
			}
		case name != "":
			out = append(out, "Attachment: \""+strings.ReplaceAll(name, `"`, "")+"\"\n"...)
			until = end
		default:
			out = append(out, article[:len(article)-len(rest)]...)
		}
		article = rest
	}
	return out
}

// fileBegins reports whether a line begins a file: its name, and what the line begins with that
// ends it.
func fileBegins(line, rest []byte) (name, end string) {
	line = bytes.TrimRight(line, " \r")
	if m := yBegin.FindSubmatch(line); m != nil {
		return string(m[1]), "=yend"
	}
	if m := uBegin.FindSubmatch(line); m != nil {
		next, _, _ := bytes.Cut(rest, []byte("\n"))
		next = bytes.TrimRight(next, "\r")
		if len(next) > 1 && next[0] > ' ' && next[0] <= 'M' && len(next) >= 1+(int(next[0]-' ')*4+2)/3 {
			return string(m[1]), "end"
		}
	}
	return "", ""
}
