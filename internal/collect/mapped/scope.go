package mapped

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// A scope is where fields are looked up: an element of a list of an item, if any, and the item.
type scope struct {
	rule    *rule
	item    any
	element any
}

// walk is what stands at a path, each element of the lists on the way by itself; the list
// itself where the path ends at one. A step such as descriptions[lang=en] goes on with those
// elements alone whose field is so.
func walk(v any, path string) []any {
	if path == "" {
		return []any{v}
	}
	at := []any{v}
	for name := range strings.SplitSeq(path, ".") {
		var below []any
		name, only, _ := strings.Cut(strings.TrimSuffix(name, "]"), "[")
		for _, v := range at {
			list, ok := v.([]any)
			if !ok {
				list = []any{v}
			}
			for _, e := range list {
				if fields, ok := e.(map[string]any); ok && fields[name] != nil {
					below = append(below, those(fields[name], only)...)
				}
			}
		}
		at = below
	}
	return at
}

// those is the elements of a list whose field is as said; all as it is where nothing is said.
func those(v any, only string) (out []any) {
	field, value, ok := strings.Cut(only, "=")
	if !ok {
		return []any{v}
	}
	list, _ := v.([]any)
	for _, e := range list {
		if fields, ok := e.(map[string]any); ok && fields[field] == value {
			out = append(out, e)
		}
	}
	return out
}

// mostValues is how many values of a field count.
const mostValues = 10_000

// all is the values of a field.
func (s scope) all(field string) (out []string) {
	if field == "" {
		return nil
	}
	for _, from := range []any{s.element, s.item} {
		for _, v := range walk(from, field) {
			out = s.flat(out, field, v)
		}
		if len(out) > 0 {
			break
		}
	}
	return out
}

// flat adds what a value says.
func (s scope) flat(out []string, field string, v any) []string {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			out = s.flat(out, field, e)
		}
	case string:
		parts := []string{v}
		if by := s.rule.Lists[field]; by != "" {
			parts = strings.Split(v, by)
		}
		for _, p := range parts {
			p = strings.TrimSpace(strings.ToValidUTF8(p, "\uFFFD"))
			if p != "" && !slices.Contains(s.rule.Empty, p) && len(out) < mostValues {
				out = append(out, p)
			}
		}
	case json.Number:
		out = append(out, v.String())
	case bool:
		out = append(out, strconv.FormatBool(v))
	}
	return out
}

func (s scope) first(field string) string {
	if all := s.all(field); len(all) > 0 {
		return all[0]
	}
	return ""
}

// time is the first of some fields that is there, zero if none is.
func (s scope) time(fields []string) (time.Time, error) {
	for _, f := range fields {
		v := s.first(f)
		if v == "" {
			continue
		}
		if n, err := strconv.ParseInt(v, 10, 64); err == nil && n > 0 && n < 1<<33 {
			return time.Unix(n, 0).UTC(), nil
		}
		return collect.Time(v)
	}
	return time.Time{}, nil
}

// expand is what a template says, once for each value of its fields; nothing where one has
// none.
func (s scope) expand(template string) []string {
	before, rest, ok := strings.Cut(template, "{")
	if !ok {
		return []string{template}
	}
	field, rest, ok := strings.Cut(rest, "}")
	if !ok {
		return nil
	}
	var out []string
	tails := s.expand(rest)
	for _, v := range s.all(field) {
		for _, tail := range tails {
			if len(out) == mostValues {
				return out
			}
			out = append(out, before+v+tail)
		}
	}
	return out
}

// line is what a template says at first, in one line.
func (s scope) line(template string) string {
	if template == "" {
		return ""
	}
	for _, t := range s.expand(template) {
		return strings.Join(strings.Fields(t), " ")
	}
	return ""
}

// text is what templates say, each a paragraph.
func (s scope) text(templates []string) string {
	var out []string
	for _, t := range templates {
		if all := s.expand(t); len(all) > 0 {
			out = append(out, strings.Join(all, "\n"))
		}
	}
	return strings.Join(out, "\n\n")
}

// named is an entity, its wording and its port.
type named struct {
	intel.Entity
	text, port string
}

// entities is what a template of an entity says. What is of a kind that the rule does not know
// is passed over.
func (s scope) entities(c claim, template string, reject func(error)) (out []named) {
	kind, rest, _ := strings.Cut(template, ":")
	if strings.HasPrefix(template, "{kind:") {
		field, after, ok := strings.Cut(strings.TrimPrefix(template, "{kind:"), "}:")
		if kind = c.Types[s.first(field)]; !ok || kind == "" {
			return nil
		}
		rest = after
	}
	for _, value := range s.expand(rest) {
		e, port, err := c.entity(kind, value)
		if err != nil {
			reject(err)
			continue
		}
		text := ""
		if e.Kind.Slugged() && e.Name != value {
			text = value
		}
		if n := (named{e, text, port}); !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// claims is what the claims of the rule come to.
func (s scope) claims(reject func(error)) (out []intel.Claim) {
	for _, c := range s.rule.Claims {
		scopes := []scope{s}
		if c.From != "" {
			scopes = nil
			for _, list := range walk(s.item, c.From) {
				elements, ok := list.([]any)
				if !ok {
					elements = []any{list}
				}
				for _, e := range elements {
					scopes = append(scopes, scope{s.rule, s.item, e})
				}
			}
		}
		for _, in := range scopes {
			out = in.claim(out, c, reject)
		}
	}
	return out
}

// mostClaims is how many claims of one item are kept.
const mostClaims = 50_000

func (s scope) claim(out []intel.Claim, c claim, reject func(error)) []intel.Claim {
	subjects := s.entities(c, c.Subject, reject)
	if len(subjects) == 0 {
		return out
	}
	var objects []named
	for _, o := range c.Object {
		if objects = s.entities(c, o, reject); len(objects) > 0 {
			break
		}
	}
	if len(objects) == 0 && intel.Relation(c.Relation) == intel.Indicates {
		objects = []named{{Entity: intel.Untagged()}}
	}
	at, err := s.time(c.At)
	if err != nil {
		reject(err)
	}
	reference, _ := collect.Link(s.line(c.Reference))
	if !strings.HasPrefix(reference, "http") {
		reference = ""
	}
	for _, a := range subjects {
		for _, b := range objects {
			if len(out) == mostClaims {
				reject(fmt.Errorf("more than %d claims: %w", mostClaims, intel.ErrInvalid))
				return out
			}
			one := intel.Claim{Subject: a.Entity, SubjectText: a.text, Relation: intel.Relation(c.Relation), Object: b.Entity, ObjectText: b.text, At: at, Reference: reference, By: s.line(c.By),
				Context: intel.Context{Port: a.port, Note: s.line(c.Note)}}
			if port := s.first(c.Port); port != "" {
				one.Context.Port = port
			}
			out = append(out, one)
		}
	}
	return out
}
