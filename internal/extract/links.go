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
	if from += i; from < 2 || v.text[from-2:from] != "](" {
		return ""
	}
	line := v.text[max(0, from-2-longestPicture) : from-2]
	line = line[strings.LastIndexByte(line, '\n')+1:]
	i = strings.LastIndexByte(line, '[')
	switch {
	case i > 0 && line[i-1] == '!':
		return pictured
	case i >= 0 && worded(line[i+1:]):
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
