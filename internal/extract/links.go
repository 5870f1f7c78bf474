package extract

import (
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// In a report that came as Markdown the pictures, and what words are links to,
// are the page itself and what it cites. What it warns of it names in full.

const (
	pictured = "picture of the page"
	cites    = "link to what is cited"
)

// longestPicture is how far before a link its words are looked for.
const longestPicture = 300

// linked is the reason to set aside a URL that begins as it is written within a
// run, if it is that of a picture or words of a report are a link to it.
func (v *values) linked(from, to int, begins string) string {
	if !v.report {
		return ""
	}
	i := strings.Index(v.text[from:to], begins)
	if i < 0 {
		return "" // somebody disguised it
	}
	from += i
	if v.defined(from) {
		return cites
	}
	if from < 2 || v.text[from-2:from] != "](" {
		return ""
	}
	line := v.text[max(0, from-2-longestPicture) : from-2]
	line = line[strings.LastIndexByte(line, '\n')+1:]
	i = openedBy(line)
	switch {
	case i > 0 && line[i-1] == '!':
		return pictured
	case i >= 0 && (worded(line[i+1:]) || leadsElsewhere(line[i+1:], v.text[from:to])):
		return cites
	}
	return ""
}

// openedBy returns where the bracket opens that the end of a line closes, or -1.
func openedBy(line string) int {
	depth := 1
	for i := len(line) - 1; i >= 0; i-- {
		switch line[i] {
		case ']':
			depth++
		case '[':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// leadsElsewhere reports whether a label is a value of which the link tells something:
// its target is at another site.
func leadsElsewhere(label, target string) bool {
	label = strings.Trim(label, " *_`")
	value := plain(label, classOf(label))
	return strong(value) && !strings.Contains(target, strings.TrimSuffix(value, "/"))
}

// defined reports whether a URL is the target that a label of Markdown stands for,
// "[1]: https://…". Lists of indicators have labels such as "[C2]:".
func (v *values) defined(from int) bool {
	line := v.text[max(0, from-64):from]
	line = strings.Trim(line[strings.LastIndexByte(line, '\n')+1:], " <")
	label, ok := strings.CutSuffix(line, "]:")
	if !ok || len(label) < 2 || label[0] != '[' || strings.ContainsAny(label[1:], "[]") {
		return false
	}
	label = strings.ToLower(label)
	for _, word := range [...]string{"c2", "ioc", "url", "domain", "host", "server", "payload", "malware", "ip"} {
		if strings.Contains(label, word) {
			return false
		}
	}
	return true
}

// captioned is the reason to set aside a URL of AsciiDoc with its words in brackets
// behind it.
func (v *values) captioned(to int, tail string) string {
	label, _, _ := strings.Cut(v.text[to+1:min(len(v.text), to+longestLabel)], "]")
	switch {
	case tail == "":
		return "link to a site that is named"
	case v.report && worded(label):
		return cites
	}
	return ""
}

// worded reports whether the label of a link is words, not a value that the link
// leads to.
func worded(label string) bool {
	label = strings.Trim(label, " *_`")
	return strings.ContainsFunc(label, isWord) && !strings.Contains(label, "://") && (strings.Contains(label, " ") || !strings.ContainsAny(label, "./@"))
}

// publisher returns the only host that the pictures of a report come from, "" if
// none or several are: a copy that lost its address has its own site there.
func publisher(doc intel.Document, text string) string {
	if doc.Genre != intel.Report {
		return ""
	}
	found := ""
	for rest := text; ; {
		i := strings.Index(rest, "![")
		if i < 0 {
			return found
		}
		rest = rest[i+2:]
		_, link, ok := strings.Cut(rest[:min(len(rest), longestPicture)], "](http")
		if !ok {
			continue
		}
		_, link, _ = strings.Cut(link, "://")
		if end := strings.IndexAny(link, "/)?#:"); end >= 0 {
			link = link[:end]
		}
		name, known := hostName(link)
		switch {
		case !known:
		case found == "":
			found = name
		case found != name:
			return ""
		}
	}
}
