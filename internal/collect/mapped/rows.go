package mapped

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// A row is an item of a feed.
type row struct {
	scope
	key []string
	at  time.Time // when it was published, zero if it does not say
	now time.Time // when it was changed
}

// mostItems is how many lines or rows of CSV a feed has at most; those of JSON are bounded by
// how long they are.
const mostItems = 1 << 19

var errItems = fmt.Errorf("%w: more than %d items", collect.ErrTooLarge, mostItems)

// A page is what came at once.
type page struct {
	rows  []row
	next  string
	items int // with those that are passed over
	total int
}

// read reads a page by the rule.
func (r *rule) read(body []byte, env collect.Env) (p page, err error) {
	var items []any
	switch r.Format {
	case "csv":
		items, err = r.table(body, env)
	case "text":
		for line := range strings.Lines(string(body)) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
				items = append(items, map[string]any{"line": line})
			}
			if len(items) > mostItems {
				return p, errItems
			}
		}
	default:
		items, p.next, p.total, err = r.values(body)
	}
	p.items = len(items)
	if err != nil {
		return p, err
	}
	for i, item := range items {
		one, ok, err := r.row(item)
		if err != nil {
			env.Reject(fmt.Sprint("item ", i+1), err)
		} else if ok {
			p.rows = append(p.rows, one)
		}
	}
	return p, nil
}

// row judges an item; what is passed over is not ok.
func (r *rule) row(item any) (one row, ok bool, err error) {
	one.scope = scope{rule: r, item: item}
	if _, is := item.(map[string]any); !is {
		return one, false, fmt.Errorf("no item with fields: %w", intel.ErrInvalid)
	}
	for field, values := range r.Skip {
		for _, v := range one.all(field) {
			if slices.Contains(values, "*") || slices.Contains(values, v) {
				return one, false, nil
			}
		}
	}
	said := false
	for _, field := range r.ID {
		v := one.first(field)
		one.key, said = append(one.key, v), said || v != ""
	}
	if !said {
		return one, false, fmt.Errorf("it has none of %s: %w", strings.Join(r.ID, ", "), intel.ErrInvalid)
	}
	if one.at, err = one.time(r.Time); err != nil {
		return one, false, err
	}
	one.now = one.at
	if r.Changed != "" {
		one.now, err = one.time([]string{r.Changed})
	}
	return one, true, err
}

// sorted is rows from the first that was changed to the last, those without a date before all
// and as they stand.
func sorted(rows []row) []row {
	slices.SortStableFunc(rows, func(a, b row) int {
		if c := a.now.Compare(b.now); c != 0 {
			return c
		}
		return strings.Compare(strings.Join(a.key, "\x00"), strings.Join(b.key, "\x00"))
	})
	return rows
}

// table reads CSV. Its header may be a comment.
func (r *rule) table(body []byte, env collect.Env) (items []any, err error) {
	header := r.Header
	lines := collect.NewLines(env, bytes.NewReader(body))
	for lines.Next() {
		line := strings.TrimSpace(lines.Text())
		if line == "" {
			continue
		}
		comment := strings.HasPrefix(line, "#")
		fields, err := cells(strings.TrimSpace(strings.TrimLeft(line, "# ")))
		switch {
		case err != nil && !comment:
			lines.Reject(err)
		case len(r.Header) == 0 && err == nil && r.heads(fields):
			header = fields
		case comment, err != nil:
		case header == nil:
			return nil, fmt.Errorf("no header that names %s: %w", strings.Join(r.ID, ", "), intel.ErrInvalid)
		case len(fields) < min(len(header), 3):
			lines.Reject(fmt.Errorf("%d fields, want %d: %w", len(fields), len(header), intel.ErrInvalid))
		default:
			item := map[string]any{}
			for i, f := range fields[:min(len(fields), len(header))] {
				item[header[i]] = f
			}
			if items = append(items, item); len(items) > mostItems {
				return nil, errItems
			}
		}
	}
	return items, lines.Err()
}

// heads reports whether cells are names of columns: those that the rule tells items apart by.
func (r *rule) heads(cells []string) bool {
	return !slices.ContainsFunc(r.ID, func(name string) bool { return !slices.Contains(cells, name) })
}

func cells(line string) ([]string, error) {
	in := csv.NewReader(strings.NewReader(line))
	in.LazyQuotes, in.FieldsPerRecord, in.TrimLeadingSpace = true, -1, true
	fields, err := in.Read()
	for i, f := range fields {
		fields[i] = strings.TrimSpace(f)
	}
	return fields, err
}

// values reads the items of JSON.
func (r *rule) values(body []byte) (items []any, next string, total int, err error) {
	if err := collect.CheckDepth(body); err != nil {
		return nil, "", 0, err
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	for {
		var v any
		if err := dec.Decode(&v); errors.Is(err, io.EOF) && r.Format == "lines" {
			return items, "", 0, nil
		} else if err != nil {
			return nil, "", 0, fmt.Errorf("it is not the JSON that the rule reads: %w", err)
		}
		if r.Format == "lines" {
			items = append(items, v)
			continue
		}
		top := scope{rule: r, item: v}
		for _, found := range walk(v, r.Items) {
			if list, ok := found.([]any); ok {
				total, _ = strconv.Atoi(top.first(r.Total)) // none where there is none
				return list, top.first(r.Next), total, nil
			}
		}
		return nil, "", 0, fmt.Errorf("no list of items at %q: %w", r.Items, intel.ErrInvalid)
	}
}
