// Package csv collects indicators from comma- or tab-separated files with a
// header. Columns are known by their usual names; the setting "columns" tells
// others.
package csv

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// Connector reads generic CSV and TSV.
var Connector = collect.Connector{
	Name:        "csv",
	About:       "CSV or TSV of indicators with a header",
	Reliability: 'F',
	Unnamed:     "csv",
	Settings:    settings{},
	Open:        open,
	Recognise:   recognise,
}

type settings struct {
	Path    string            `json:"path" help:"File of this machine, such as /srv/lists/bad.csv."`
	URL     string            `json:"url" help:"Address of the file, which is read again when it has changed."`
	Columns map[string]string `json:"columns" help:"What columns are called where the usual names do not tell: value=IOC,time=Seen. What is wanted is value, type, actor, malware, tags, time, reference, by and note."`
}

func open(env collect.Env, decode func(any) error) (collect.Source, error) {
	var s settings
	if err := decode(&s); err != nil {
		return nil, err
	}
	for field := range s.Columns {
		if _, ok := usual()[field]; !ok {
			return nil, fmt.Errorf("columns: no field %q; there are %s", field, strings.Join(slices.Sorted(maps.Keys(usual())), ", "))
		}
	}
	return collect.FileSettings{Path: s.Path, URL: s.URL}.Source(env, func(ctx context.Context, env collect.Env, path string, keep func(intel.Document) error) error {
		return read(ctx, env, path, s.Columns, keep)
	})
}

// usual is the names under which columns are known.
func usual() map[string][]string {
	return map[string][]string{
		"value":     {"value", "indicator", "ioc", "ioc_value", "indicator_value", "observable", "ip", "ip_address", "dst_ip", "domain", "hostname", "url", "hash", "md5", "sha1", "sha256"},
		"type":      {"type", "indicator_type", "ioc_type", "kind", "category"},
		"actor":     {"actor", "threat_actor", "group", "adversary", "attribution"},
		"malware":   {"malware", "family", "malware_family", "malware_printable", "signature"},
		"tags":      {"tags", "tag", "labels"},
		"time":      {"time", "timestamp", "date", "first_seen", "first_seen_utc", "dateadded", "created", "last_seen"},
		"reference": {"reference", "references", "link", "report", "source_url", "urlhaus_link"},
		"by":        {"reporter", "reported_by", "source", "source_name", "feed", "feed_name", "provider", "credit"},
		"note":      {"note", "notes", "comment", "description"},
	}
}

// recognise asks for two columns it knows, or for one in a file that is called a
// table.
func recognise(_ fs.FS, name string, head []byte) bool {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	if len(line) > 4096 {
		return false
	}
	columns := split(string(line))
	known := 0
	for field, names := range usual() {
		if field != "by" && slices.ContainsFunc(columns, func(c string) bool { return slices.Contains(names, c) }) {
			known++
		}
	}
	_, err := header(columns, nil)
	table := strings.TrimSuffix(strings.ToLower(name), ".gz")
	return err == nil && (known >= 2 || known == 1 && (strings.HasSuffix(table, ".csv") || strings.HasSuffix(table, ".tsv")))
}

// split is a header line's columns in lower case.
func split(line string) []string {
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(line, "\uFEFF")))
	r.Comma, r.LazyQuotes, r.FieldsPerRecord = separator(line), true, -1
	fields, err := r.Read()
	if err != nil {
		return nil
	}
	return lower(fields)
}

func lower(fields []string) []string {
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = strings.ToLower(strings.ReplaceAll(strings.Trim(f, " #\uFEFF\""), " ", "_"))
	}
	return out
}

func separator(line string) rune {
	best, most := ',', strings.Count(line, ",")
	for _, c := range "\t;" {
		if n := strings.Count(line, string(c)); n > most {
			best, most = c, n
		}
	}
	return best
}

// header says which column holds which field.
func header(columns []string, mapped map[string]string) (map[string]int, error) {
	at := map[string]int{}
	for field, names := range usual() {
		if name, ok := mapped[field]; ok {
			names = lower([]string{name})
		}
		for _, n := range names {
			if i := slices.Index(columns, n); i >= 0 {
				at[field] = i
				break
			}
		}
		if name, ok := mapped[field]; ok && !slices.Contains(columns, lower([]string{name})[0]) {
			return nil, fmt.Errorf("no column %q in the header %q: %w", name, columns, intel.ErrInvalid)
		}
	}
	if _, ok := at["value"]; !ok {
		return nil, fmt.Errorf("no column of indicators in the header %q; one of %q is wanted, or the setting columns: %w", columns, usual()["value"], intel.ErrInvalid)
	}
	return at, nil
}

// perDocument is how many rows one document holds.
const perDocument = 200

func read(ctx context.Context, env collect.Env, file string, mapped map[string]string, keep func(intel.Document) error) error {
	f, err := collect.OpenFile(ctx, env, file)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := collect.NewLines(env, f)
	if !lines.Next() {
		return lines.Err()
	}
	comma := separator(lines.Text())
	at, err := header(split(lines.Text()), mapped)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	b := &batch{env: env, name: collect.Name(file), keep: keep}
	for lines.Next() {
		if strings.TrimSpace(lines.Text()) == "" || strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		r := csv.NewReader(strings.NewReader(lines.Text()))
		r.Comma, r.LazyQuotes, r.FieldsPerRecord = comma, true, -1
		fields, err := r.Read()
		if err == nil {
			err = b.row(fields, at)
		}
		var kept keepError
		if errors.As(err, &kept) {
			return kept.error
		}
		if err != nil && !errors.Is(err, io.EOF) {
			lines.Reject(err)
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	if err := b.flush(&b.dated); err != nil {
		return err
	}
	return b.flush(&b.undated)
}

type keepError struct{ error }

// A batch gathers rows into documents.
type batch struct {
	env  collect.Env
	name string
	keep func(intel.Document) error
	// dated and undated are the rows that have a date and those that have none, which stay
	// apart: a document is of the day of its newest row, and that is no date of the others.
	dated, undated part
}

// A part is rows that are of one document, and how many documents there were before.
type part struct {
	claims []intel.Claim
	latest time.Time
	before int
}

func (b *batch) row(fields []string, at map[string]int) error {
	get := func(field string) string {
		if i, ok := at[field]; ok && i < len(fields) {
			return strings.TrimSpace(fields[i])
		}
		return ""
	}
	e, port, err := collect.Indicator(kind(get("type")), get("value"))
	if err != nil {
		return err
	}
	when, wrong := collect.Time(get("time"))
	if wrong != nil {
		wrong = fmt.Errorf("%w; the row is kept without a date", wrong)
	}
	c := intel.Claim{Subject: e, Relation: intel.Indicates, At: when, Reference: cmp.Or(reference(get("reference")), reference(get("by"))), By: by(get("by")), Context: intel.Context{Port: port, Note: get("note")}}
	p := &b.dated
	if when.IsZero() {
		p = &b.undated
	}
	for _, o := range objects(get) {
		c.Object, c.ObjectText = o.entity, o.text
		p.claims = append(p.claims, c)
	}
	if when.After(p.latest) {
		p.latest = when
	}
	if len(p.claims) >= perDocument {
		if err := b.flush(p); err != nil {
			return keepError{err}
		}
	}
	return wrong
}

type object struct {
	entity intel.Entity
	text   string
}

// objects is whom a row says its indicator belongs to.
func objects(get func(string) string) []object {
	var out []object
	add := func(k intel.Kind, name string) {
		if e := intel.NewEntity(k, name); e.Name != "" {
			out = append(out, object{e, name})
		}
	}
	add(intel.Actor, get("actor"))
	add(intel.Malware, get("malware"))
	for _, t := range strings.FieldsFunc(get("tags"), func(r rune) bool { return r == ',' || r == '|' || r == ' ' || r == ';' }) {
		add(intel.Label, strings.Trim(t, "#\"'"))
	}
	if len(out) == 0 {
		add(intel.Label, "untagged")
	}
	return out
}

func reference(s string) string {
	if strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://") {
		return s
	}
	return ""
}

// mostBy bounds the name of who a row is from.
const mostBy = 100

// by is who a row is from: what is an address, or a URL, names nobody.
func by(s string) string {
	if _, err := netip.ParseAddr(s); err == nil || len(s) > mostBy || reference(s) != "" || strings.ContainsFunc(s, unicode.IsControl) {
		return ""
	}
	return s
}

func kind(s string) intel.Kind {
	s = strings.ToLower(s)
	for _, c := range []struct {
		word string
		kind intel.Kind
	}{{"sha256", intel.SHA256}, {"sha-256", intel.SHA256}, {"sha1", intel.SHA1}, {"md5", intel.MD5}, {"url", intel.URL}, {"mail", intel.Email}, {"domain", intel.Domain},
		{"hostname", intel.Domain}, {"cidr", intel.CIDR}, {"ip", intel.IPv4}} {
		if strings.Contains(s, c.word) {
			return c.kind
		}
	}
	return ""
}

func (b *batch) flush(p *part) error {
	if len(p.claims) == 0 {
		return nil
	}
	p.before++
	doc := intel.Document{Source: b.env.ID, Genre: intel.List, Title: b.name, Claims: p.claims, Published: p.latest, Learned: p.latest, Assumed: !p.latest.IsZero()}
	doc.ID = intel.NewContentID(doc, b.name, fmt.Sprint(p.before))
	p.claims, p.latest = nil, time.Time{}
	return b.keep(doc)
}
