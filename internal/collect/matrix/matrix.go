// Package matrix collects the Ransomware Vulnerability Matrix: Markdown tables
// of products, vulnerabilities, the groups that exploit them and the sources
// that say so. A file is one document; each claim names its own reference.
package matrix

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// Connector reads the tables of the matrix.
var Connector = collect.Connector{
	Name:        "matrix",
	Proven:      "the matrix itself",
	About:       "which ransomware group exploits which CVE (Ransomware Vulnerability Matrix)",
	Reliability: 'C',
	Open:        collect.Files(read),
	Recognise:   recognise,
}

func recognise(_ fs.FS, name string, head []byte) bool {
	return strings.HasSuffix(strings.TrimSuffix(name, ".gz"), ".md") && bytes.Contains(head, []byte("| CVE(s) | Ransomware Group(s) |"))
}

// read hands over what one file holds.
func read(ctx context.Context, env collect.Env, file string, keep func(intel.Document) error) error {
	f, err := collect.OpenFile(ctx, env, file)
	if err != nil {
		return err
	}
	defer f.Close()
	base := collect.Name(file)
	t := table{said: map[intel.Claim]bool{}, doc: intel.Document{
		Source: env.ID, Genre: intel.List, Title: "Ransomware Vulnerability Matrix: " + strings.TrimSuffix(base, ".md"),
	}}
	lines := collect.NewLines(env, f)
	for lines.Next() {
		if err := t.line(strings.TrimSpace(lines.Text())); err != nil {
			lines.Reject(err)
		}
	}
	if err := lines.Err(); err != nil || len(t.doc.Claims) == 0 {
		return err
	}
	t.doc.ID = intel.NewContentID(t.doc, base)
	return keep(t.doc)
}

var (
	cve  = regexp.MustCompile(`(?i)CVE-\d{4}-\d{4,7}`)
	link = regexp.MustCompile(`\]\((https?://[^\s()]+(?:\([^\s()]*\)[^\s()]*)*)\)`)
)

// A table is a document in the making.
type table struct {
	doc    intel.Document
	vendor string
	inside bool // a table with a column of CVEs
	said   map[intel.Claim]bool
}

func (t *table) line(s string) error {
	if name, ok := strings.CutPrefix(s, "###"); ok {
		t.vendor = strings.Trim(name, " `")
		return nil
	}
	switch {
	case !strings.HasPrefix(s, "|"):
		t.inside = false
		return nil
	case strings.Contains(s, "CVE(s)"):
		t.inside = true
		return nil
	case !t.inside || strings.Trim(s, "|-: ") == "":
		return nil // another sort of table, or the line under the head
	}
	s = strings.NewReplacer("\u2010", "-", "\u2011", "-", "\u2013", "-").Replace(s)
	cells := strings.Split(strings.Trim(s, "|"), "|")
	if len(cells) < 3 {
		return fmt.Errorf("%w: a row has the cells product, CVE, group and source", intel.ErrInvalid)
	}
	ids := cve.FindAllString(cells[1], -1)
	if len(ids) == 0 {
		return fmt.Errorf("%w: no CVE in %q", intel.ErrInvalid, cells[1])
	}
	references := []string{""}
	if found := link.FindAllStringSubmatch(strings.Join(cells[3:], "|"), -1); len(found) > 0 {
		references = references[:0]
		for _, f := range found {
			references = append(references, f[1])
		}
	}
	for _, id := range ids {
		t.row(intel.NewEntity(intel.Vulnerability, id), strings.TrimSpace(cells[0]), cells[2], references)
	}
	return nil
}

// row says who exploits a vulnerability and what it affects.
func (t *table) row(vulnerability intel.Entity, product, groups string, references []string) {
	for _, reference := range references {
		for group := range strings.SplitSeq(groups, ",") {
			group = strings.Trim(strings.TrimSpace(group), "*`")
			e := intel.NewEntity(intel.Actor, group)
			if e.Name == "" {
				continue
			}
			c := intel.Claim{Subject: e, Relation: intel.Exploits, Object: vulnerability, Reference: reference, At: published(reference),
				Context: intel.Context{Vulnerability: vulnerability.Name, Note: strings.TrimSpace(t.vendor + " " + product)}}
			if e.Name != group {
				c.SubjectText = group
			}
			t.say(c)
		}
		if v, p := intel.Slug(t.vendor), intel.Slug(product); v != "" && p != "" {
			t.say(intel.Claim{Subject: vulnerability, Relation: intel.Affects, Object: intel.NewEntity(intel.Product, v+"/"+p),
				ObjectText: strings.TrimSpace(t.vendor + " " + product), Reference: reference})
		}
	}
}

var (
	advisory = regexp.MustCompile(`/(?:alerts|cybersecurity-advisories)/aa(\d{2}-\d{3})[a-z]?$`)
	status   = regexp.MustCompile(`^https://(?:twitter|x)\.com/\w+/status/(\d{15,19})$`)
)

// published is when a reference says by its address that it was published: a day in the
// path, the day of the year in the number of an advisory of CISA, the time in the number
// of a post on X. Zero: it says nothing.
func published(reference string) time.Time {
	if found := advisory.FindStringSubmatch(reference); found != nil {
		at, err := time.Parse("06-002", found[1])
		if err != nil {
			return time.Time{}
		}
		return at
	}
	if found := status.FindStringSubmatch(reference); found != nil {
		n, err := strconv.ParseInt(found[1], 10, 64)
		if err != nil {
			return time.Time{}
		}
		return time.UnixMilli(n>>22 + 1288834974657).UTC().Truncate(24 * time.Hour) // since the numbers begin
	}
	return collect.Day(reference)
}

func (t *table) say(c intel.Claim) {
	if !t.said[c] {
		t.said[c] = true
		t.doc.Claims = append(t.doc.Claims, c)
	}
}
