package report

import (
	"encoding/xml"
	"strings"
)

// typed turns the elements of WordprocessingML into text: a paragraph a line,
// with an empty line after it, a row of a table a line with tabs between cells,
// headings with as many "#" as their level, and links with where they lead.
type typed struct {
	*parcel
	targets map[string]string // of links by id
	levels  map[string]int    // of headings by style

	root   string // the first element
	out    strings.Builder
	owed   int      // ends of lines before what follows
	gap    bool     // a blank before what follows
	prefix string   // of the paragraph, once something of it follows
	cells  []int    // cells begun in the rows that are open, the innermost last
	skip   int      // how deep in what is not read
	leads  []string // where the links lead that are open
	words  []int    // where their words begin
	field  field
	inText bool
	inCode bool
}

// A field is a link written as a command: HYPERLINK "https://…".
type field struct {
	depth   int
	code    strings.Builder
	target  string
	from    int
	showing bool
}

// start implements reader.
func (t *typed) start(e xml.StartElement) {
	if t.root == "" {
		t.root = e.Name.Local
	}
	if t.skip > 0 || skipped(e.Name.Local) {
		t.skip++
		return
	}
	switch e.Name.Local {
	case "p":
		if len(t.cells) > 0 {
			t.blank()
		} else {
			t.part(1)
		}
		t.prefix = ""
	case "pStyle":
		t.styled(t.levels[value(e, "val")])
	case "numPr":
		if t.prefix == "" && len(t.cells) == 0 {
			t.prefix = "- "
		}
	case "tbl":
		if len(t.cells) == 0 {
			t.part(2)
		}
	case "tr":
		if len(t.cells) == 0 {
			t.part(1)
		}
		t.cells = append(t.cells, 0)
	case "tc":
		t.cell()
	case "t":
		t.inText = true
	case "tab", "ptab":
		t.write(" ")
	case "br", "cr":
		if len(t.cells) > 0 {
			t.blank()
		} else {
			t.part(1)
		}
	case "noBreakHyphen":
		t.write("-")
	case "hyperlink":
		t.write("")
		t.leads, t.words = append(t.leads, t.targets[value(e, "id")]), append(t.words, t.out.Len())
	case "instrText":
		t.inCode = true
	case "fldChar":
		t.command(value(e, "fldCharType"))
	case "fldSimple":
		t.write("")
		t.leads, t.words = append(t.leads, linked(value(e, "instr"))), append(t.words, t.out.Len())
	}
}

// styled marks a paragraph as a heading of that level or an item of a list.
func (t *typed) styled(level int) {
	switch {
	case len(t.cells) > 0:
	case level == item:
		t.prefix = "- "
	case level > 0:
		t.prefix = strings.Repeat("#", level) + " "
		t.part(2)
	}
}

// skipped reports whether what is in an element is not part of the text: what
// was struck out, moved away, or is there a second time.
func skipped(name string) bool {
	switch name {
	case "del", "moveFrom", "Fallback", "delText", "delInstrText", "sectPr", "rubyPr":
		return true
	}
	return false
}

// end implements reader.
func (t *typed) end(name string) {
	if t.skip > 0 {
		t.skip--
		return
	}
	switch name {
	case "p":
		if len(t.cells) == 0 {
			t.part(2)
		}
	case "tr":
		if len(t.cells) > 0 {
			t.cells = t.cells[:len(t.cells)-1]
		}
		if len(t.cells) == 0 {
			t.part(1)
		} else {
			t.blank()
		}
	case "tbl":
		if len(t.cells) == 0 {
			t.part(2)
		}
	case "t":
		t.inText = false
	case "instrText":
		t.inCode = false
	case "hyperlink", "fldSimple":
		if last := len(t.leads) - 1; last >= 0 {
			t.lead(t.leads[last], t.words[last])
			t.leads, t.words = t.leads[:last], t.words[:last]
		}
	}
}

// chars implements reader.
func (t *typed) chars(s string) {
	switch {
	case t.skip > 0:
	case t.inText:
		t.write(s)
	case t.inCode && t.field.code.Len() < 4096:
		t.field.code.WriteString(s)
	}
}

// command follows the parts of a field: its command, then what it shows.
func (t *typed) command(part string) {
	f := &t.field
	switch part {
	case "begin":
		if f.depth++; f.depth == 1 {
			f.code.Reset()
			f.target, f.showing = "", false
		}
	case "separate":
		if f.depth == 1 {
			t.write("")
			f.target, f.from, f.showing = linked(f.code.String()), t.out.Len(), true
		}
	case "end":
		if f.depth == 1 && f.showing {
			t.lead(f.target, f.from)
		}
		f.depth = max(0, f.depth-1)
	}
}

// linked is the address in the command of a field that is a link.
func linked(command string) string {
	rest, ok := strings.CutPrefix(strings.TrimSpace(command), "HYPERLINK")
	if !ok {
		return ""
	}
	_, rest, _ = strings.Cut(rest, `"`)
	to, _, ok := strings.Cut(rest, `"`)
	if !ok {
		return ""
	}
	return to
}

// lead writes where a link leads behind its words, unless they say it.
func (t *typed) lead(to string, from int) {
	if to == "" || len(to) > 2048 || strings.ContainsAny(to, " \t\r\n<>") || !strings.Contains(to, ":") {
		return
	}
	words := strings.TrimSpace(t.out.String()[min(from, t.out.Len()):])
	if !strings.EqualFold(strings.TrimSuffix(words, "/"), strings.TrimSuffix(strings.TrimPrefix(to, "mailto:"), "/")) {
		t.write(" <" + to + ">")
	}
}

// part ends the line and leaves n-1 lines empty, once something follows.
func (t *typed) part(n int) { t.owed, t.gap = max(t.owed, n), false }

// blank parts words within a cell, once something follows.
func (t *typed) blank() { t.gap = true }

// cell begins a cell: apart from the one before it.
func (t *typed) cell() {
	last := len(t.cells) - 1
	if last < 0 {
		return
	}
	if t.cells[last]++; t.cells[last] > 1 {
		if last == 0 {
			t.gap = false
			t.write("\t")
		} else {
			t.blank()
		}
	}
}

func (t *typed) write(s string) {
	if t.owed > 0 && t.out.Len() > 0 {
		t.out.WriteString("\n\n"[:min(t.owed, 2)])
	}
	t.owed = 0
	t.out.WriteString(t.prefix)
	t.prefix = ""
	if t.gap && s != "" {
		if before := t.out.String(); before != "" && !strings.ContainsAny(before[len(before)-1:], " \t\n") {
			t.out.WriteByte(' ')
		}
		t.gap = false
	}
	t.out.WriteString(s)
}
