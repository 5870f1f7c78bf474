package eset

import (
	"bytes"
	"regexp"
	"strings"
)

var (
	linkText  = regexp.MustCompile(`(?:link:)?([^\s\[\]|]+)\[([^\[\]]*)\]`)
	attribute = regexp.MustCompile(`^:[\w-]+:`)
	ending    = regexp.MustCompile(`(?i)\s*(?:[-–—]+\s*)*(?:indicators of compromise.*|iocs?)\s*$`)
)

// prose returns the title of an AsciiDoc text and the text without markup:
// headings and paragraphs as they are, rows of tables as one line each.
func prose(adoc []byte) (title, text string) {
	var b strings.Builder
	for line := range bytes.Lines(bytes.TrimPrefix(bytes.ToValidUTF8(adoc, []byte("\uFFFD")), []byte("\uFEFF"))) {
		s := strings.TrimRight(string(line), " \t\r\n")
		switch {
		case attribute.MatchString(s), strings.HasPrefix(s, "//"), strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]"), s != "" && strings.Trim(s, "-=.|*_+") == "":
			continue
		case strings.HasPrefix(s, "="):
			s = strings.TrimLeft(s, "= ")
			if title == "" {
				title = ending.ReplaceAllString(s, "")
			}
		}
		b.WriteString(inline(s))
		b.WriteByte('\n')
	}
	return title, strings.TrimSpace(b.String())
}

// inline undoes the markup within a line.
func inline(s string) string {
	if strings.HasPrefix(s, "|") {
		cells := strings.Split(strings.Trim(s, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		s = strings.Join(cells, "  ")
	}
	if strings.Contains(s, "://") || strings.Contains(s, "link:") {
		s = linkText.ReplaceAllStringFunc(s, func(m string) string {
			p := linkText.FindStringSubmatch(m)
			switch {
			case !strings.Contains(p[1], "://") && !strings.HasPrefix(m, "link:"):
				return m
			case p[2] == "":
				return p[1]
			}
			return p[2] + " (" + p[1] + ")"
		})
	}
	s = strings.NewReplacer("`+", "", "+`", "", "`", "", "{zwsp}", "", "{nbsp}", " ").Replace(s)
	return s
}
