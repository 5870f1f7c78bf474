package csv

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// A Row is one of a list of indicators as its publisher wrote it.
type Row struct {
	Line   int // from 1
	Value  string
	Entity intel.Entity // none if the value is no indicator
	Level  intel.Level  // that the list gives it; empty if it gives none
	Last   time.Time    // when the list says it was seen last; zero if it does not
}

// Rows hands over the rows of a list: a CSV or TSV file with or without a header,
// the tables of a Markdown file that have a column of indicators, or one value a
// line. Comments and empty lines are no rows.
func Rows(ctx context.Context, env collect.Env, file string, each func(Row) error) error {
	f, err := collect.OpenFile(ctx, env, file)
	if err != nil {
		return err
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, 64<<10)
	head, _ := in.Peek(64 << 10) // an error comes again with the lines
	lines := collect.NewLines(env, in)
	named := strings.HasSuffix(strings.TrimSuffix(strings.ToLower(file), ".gz"), ".md")
	t := table{markdown: named || slices.ContainsFunc(bytes.Split(head, []byte("\n")), ruled.Match)}
	for lines.Next() {
		if row, ok := t.row(lines.Text()); ok {
			row.Line = lines.Number()
			if err := each(row); err != nil {
				return err
			}
		}
	}
	return lines.Err()
}

// A table is what the lines so far say of the next.
type table struct {
	begun    bool
	markdown bool           // its tables are such of Markdown, and all else is prose
	before   []string       // cells of the last line of Markdown, in lower case
	at       map[string]int // column of each field; nil outside of a table, or without a header
	comma    rune
}

// ruled is the line below the header of a table of Markdown.
var ruled = regexp.MustCompile(`^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)+\|?\s*$`)

// row reads a line.
func (t *table) row(line string) (Row, bool) {
	line = strings.TrimSpace(line)
	switch {
	case t.markdown:
		return t.piped(line)
	case line == "" || line[0] == '#' || line[0] == ';' || strings.HasPrefix(line, "//"):
		return Row{}, false
	}
	cells := t.cells(line)
	if !t.begun {
		t.begun = true
		if t.at = t.columns(lower(cells)); t.at != nil {
			return Row{}, false
		}
		if r := t.read(cells); r.Entity.Name == "" && len(cells) > 1 {
			return Row{}, false // a header of words we do not know
		}
	}
	return t.read(cells), true
}

// piped reads a line of Markdown, of which those of tables with a column of
// indicators are rows.
func (t *table) piped(line string) (Row, bool) {
	if ruled.MatchString(line) {
		t.at = t.columns(t.before)
		return Row{}, false
	}
	if !strings.Contains(line, "|") {
		t.at, t.before = nil, nil
		return Row{}, false
	}
	cells := piped(line)
	t.before = lower(cells)
	if t.at == nil {
		return Row{}, false
	}
	r := t.read(cells)
	return r, strings.Trim(r.Value, "0123456789") != "" // what is counted in a table is none of it
}

// cells cuts a line of a file with separators; a value alone may have a comment
// behind it.
func (t *table) cells(line string) []string {
	if !t.begun {
		t.comma = separator(line)
	}
	if !strings.ContainsRune(line, t.comma) {
		if at := remark.FindStringIndex(line); at != nil {
			line = line[:at[0]]
		}
		return []string{strings.Trim(strings.TrimSpace(line), `"`)}
	}
	r := csv.NewReader(strings.NewReader(line))
	r.Comma, r.LazyQuotes, r.FieldsPerRecord, r.TrimLeadingSpace = t.comma, true, -1, true
	cells, err := r.Read()
	if err != nil {
		return []string{line}
	}
	return cells
}

// remark is where a comment behind a value begins.
var remark = regexp.MustCompile(`\s(#|;|//)`)

// piped cuts a line of a table of Markdown and takes its marks away.
func piped(line string) []string {
	line = strings.TrimSuffix(strings.TrimPrefix(line, "|"), "|")
	var cells []string
	begin := 0
	for i := 0; i <= len(line); i++ {
		if i < len(line) && (line[i] != '|' || i > 0 && line[i-1] == '\\') {
			continue
		}
		cell := plain(strings.TrimSpace(line[begin:i]))
		cells = append(cells, cell)
		begin = i + 1
	}
	return cells
}

// mostMarks is how many marks around a cell are taken away, one in the other.
const mostMarks = 4

// plain is a cell without its marks: stress, a link, and at last code, in which only
// bars are escaped, or else what is escaped in text.
func plain(cell string) string {
	for range mostMarks {
		bare := cell
		for _, mark := range []string{"**", "__", "*", "_"} {
			if inner, ok := strings.CutPrefix(bare, mark); ok {
				if inner, ok = strings.CutSuffix(inner, mark); ok && inner != "" {
					bare = inner
				}
			}
		}
		if m := linked.FindStringSubmatch(bare); m != nil {
			bare = m[1]
		}
		if bare = strings.TrimSpace(bare); bare == cell {
			break
		}
		cell = bare
	}
	if bare := strings.Trim(cell, "`"); bare != cell {
		return strings.TrimSpace(strings.ReplaceAll(bare, `\|`, "|"))
	}
	return invisible.Replace(escaped.ReplaceAllString(cell, "$1"))
}

var (
	// linked is a link of Markdown, which may have a title.
	linked = regexp.MustCompile(`^\[(.+)\]\([^()\s]*(?:\s+"[^"]*")?\)$`)
	// escaped is what Markdown takes for itself: any mark of ASCII.
	escaped = regexp.MustCompile(`\\([!-/:-@\[-` + "`" + `{-~])`)
	// invisible is what is not printed.
	invisible = strings.NewReplacer("\u200b", "", "<", "", ">", "")
)

// columns finds the fields of a header, or nil if none is of indicators.
func (t *table) columns(cells []string) map[string]int {
	var mapped map[string]string
	if len(cells) > 2 && slices.Contains([]string{"indicator", "indicator_type", "type"}, cells[0]) && cells[1] == "data" && strings.HasPrefix(cells[2], "note") {
		mapped = map[string]string{"type": cells[0], "value": cells[1]} // as SophosLabs heads its lists
	}
	at, err := header(cells, mapped)
	if err != nil {
		return nil
	}
	for field, names := range map[string][]string{"level": {"confidence", "level"}, "last": {"last_seen"}, "first": {"first_seen"}} {
		if i := slices.IndexFunc(cells, func(c string) bool { return slices.Contains(names, c) }); i >= 0 {
			at[field] = i
		}
	}
	return at
}

// read makes a row of cells: the value of its column, or without a header the
// first that is an indicator.
func (t *table) read(cells []string) Row {
	get := func(field string) string {
		if i, ok := t.at[field]; ok && i < len(cells) {
			return strings.Trim(cells[i], " –-")
		}
		return ""
	}
	if t.at == nil {
		r := Row{Value: cells[0]}
		for _, c := range cells {
			if e, _, err := collect.Indicator("", c); err == nil {
				return Row{Value: c, Entity: e}
			}
		}
		return r
	}
	r := Row{Value: cells[min(t.at["value"], len(cells)-1)]}
	if e, _, err := collect.Indicator(typed(get("type")), r.Value); err == nil {
		r.Entity = e
	}
	level, _, _ := strings.Cut(get("level"), " ")
	for _, l := range []intel.Level{intel.High, intel.Medium, intel.Low} {
		if strings.EqualFold(level, string(l)) {
			r.Level = l
		}
	}
	for _, field := range []string{"last", "first", "time"} {
		if when, err := collect.Time(get(field)); err == nil && !when.IsZero() && r.Last.IsZero() {
			r.Last = when
		}
	}
	return r
}

// typed is the kind that a column of types names: ours by any spelling, else what
// feeds write.
func typed(s string) intel.Kind {
	if k := intel.Kind(strings.ReplaceAll(strings.ToLower(s), " ", "-")); k.Known() {
		return k
	}
	return kind(s)
}
