// Package list collects plain lists of indicators: one a line, in any form, with
// comments after "#" or ";". A list says of its values that they are indicators
// and no more.
package list

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"strings"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// Connector reads plain lists.
var Connector = collect.Connector{
	Name:        "list",
	About:       "plain list of indicators, one a line",
	Reliability: 'F',
	Unnamed:     "list",
	Open:        collect.Files(read),
	Recognise:   recognise,
}

// perDocument is how many values one document holds.
const perDocument = 500

// recognise wants the first lines to be values and little else.
func recognise(_ fs.FS, _ string, head []byte) bool {
	good, bad := 0, 0
	for line := range bytes.Lines(head) {
		v := value(string(line))
		if v == "" {
			continue
		}
		if _, _, err := collect.Indicator("", v); err == nil && !strings.ContainsAny(v, " \t,{}<>\"") {
			good++
		} else {
			bad++
		}
		if good+bad == 40 {
			break
		}
	}
	return good > 0 && good >= 9*bad
}

// value returns what of a line is no comment.
func value(line string) string {
	line, _, _ = strings.Cut(line, "#")
	line, _, _ = strings.Cut(line, ";")
	return strings.TrimSpace(strings.TrimPrefix(line, "\uFEFF"))
}

// origin returns the URL that a comment before the values, such as "# Source:
// https://…", gives as where the list is from.
func origin(line string) []string {
	label, url, ok := strings.Cut(strings.TrimLeft(line, "\uFEFF#; \t/*"), ":")
	url, _, _ = strings.Cut(strings.TrimSpace(url), " ")
	if !ok || !strings.HasPrefix(url, "http") {
		return nil
	}
	switch strings.ToLower(strings.TrimSpace(label)) {
	case "source", "sources", "from", "feed", "feed url", "origin", "original", "via", "reference", "url", "homepage", "quelle", "источник", "来源":
		return []string{url}
	}
	return nil
}

func read(ctx context.Context, env collect.Env, file string, keep func(intel.Document) error) error {
	f, err := collect.OpenFile(ctx, env, file)
	if err != nil {
		return err
	}
	defer f.Close()
	name := collect.Name(file)
	part := 0
	var claims []intel.Claim
	var from []string
	flush := func() error {
		if len(claims) == 0 {
			return nil
		}
		part++
		doc := intel.Document{Source: env.ID, Genre: intel.List, Title: name, Claims: claims, References: from}
		doc.ID = intel.NewContentID(doc, name, fmt.Sprint(part))
		claims = nil
		return keep(doc)
	}
	lines := collect.NewLines(env, f)
	for lines.Next() {
		v := value(lines.Text())
		if v == "" {
			if len(from) == 0 && part == 0 && len(claims) == 0 {
				from = origin(lines.Text())
			}
			continue
		}
		e, port, err := collect.Indicator("", v)
		if err != nil {
			lines.Reject(err)
			continue
		}
		claims = append(claims, intel.Claim{Subject: e, Relation: intel.Indicates, Object: intel.Untagged(), Context: intel.Context{Port: port}})
		if len(claims) == perDocument {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return flush()
}
