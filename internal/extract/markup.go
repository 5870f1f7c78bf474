package extract

import (
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

const (
	struckOut = "struck out"
	remark    = "comment or author of a text in AsciiDoc"
)

// markedAside sets aside what the markup of a document says is not its text: what is
// struck out, and in a report in AsciiDoc its comments and the line of its author.
func markedAside(found []intel.Observation, doc intel.Document) {
	if strings.Contains(doc.Text, "~~") {
		aside(found, struck(doc.Text), struckOut)
	}
	if doc.Genre == intel.Report && strings.HasPrefix(doc.Text, "= ") {
		aside(found, remarks(doc.Text), remark)
	}
}

// struck returns what stands between two tildes on either side on a line, in order, as
// GitHub's Markdown has what is struck out. More tildes are a rule or a fence.
func struck(text string) (spans [][2]int) {
	from, end := -1, 0
	for at := 0; ; {
		i := strings.Index(text[at:], "~~")
		if i < 0 {
			return spans
		}
		at += i
		mark := at
		for at < len(text) && text[at] == '~' {
			at++
		}
		if from >= 0 && strings.IndexByte(text[end:mark], '\n') >= 0 {
			from = -1
		}
		end = at
		switch {
		case at-mark != 2:
			from = -1
		case from >= 0 && text[mark-1] > ' ':
			spans, from = append(spans, [2]int{from, mark}), -1
		case at < len(text) && text[at] > ' ' && (mark == 0 || !isWordByte(text[mark-1])):
			from = at
		}
	}
}

// remarks returns the comments of a text in AsciiDoc and the line below its title that
// names who wrote it, in order.
func remarks(text string) (spans [][2]int) {
	at, number, block := 0, 0, false
	for line := range strings.Lines(text) {
		begin := at
		at += len(line)
		number++
		s := strings.TrimRight(line, " \t\r\n")
		if s == "////" {
			block = !block
		}
		_, mail, author := strings.Cut(s, "<")
		author = author && strings.HasSuffix(mail, ">") && strings.Contains(mail, "@") && number == 2
		if block || strings.HasPrefix(s, "//") || author {
			spans = append(spans, [2]int{begin, at})
		}
	}
	return spans
}
