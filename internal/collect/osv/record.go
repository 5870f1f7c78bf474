package osv

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

const (
	// mostClaims is how many claims of a record are kept, and perDocument how many of them are
	// one document.
	mostClaims, perDocument = 5000, 500
	mostReferences          = 50
	// mostNamed is how many packages and other names its text tells.
	mostNamed = 50
	// mostText is how many bytes its text has at most.
	mostText = 1 << 20
)

// documents is what a record comes to: one, or several of one that says much. A record that was
// changed is another document.
func documents(env collect.Env, raw []byte) ([]intel.Document, error) {
	var r record
	if len(raw) > maxRecord {
		return nil, collect.ErrTooLarge
	}
	if err := collect.JSON(raw, &r); err != nil {
		return nil, err
	}
	if r.ID = collect.OneLine(r.ID, 200); r.ID == "" || r.Modified == "" {
		return nil, fmt.Errorf("no record of OSV: id or modified is missing: %w", intel.ErrInvalid)
	}
	changed, err := collect.Time(r.Modified)
	if err != nil {
		return nil, err
	}
	at, err := collect.Time(r.Published)
	if err != nil {
		return nil, err
	}
	if now := env.Now().UTC(); changed.After(now) {
		changed = now
	}
	if at.IsZero() || at.After(changed) {
		at = changed
	}
	var s specific
	_ = json.Unmarshal(r.Specific, &s) // there may be none, and others have such fields of other forms
	doc := intel.Document{Source: env.ID, Genre: intel.Advisory, URL: "https://osv.dev/vulnerability/" + r.ID, Author: author(r.ID),
		Title: collect.OneLine(cmp.Or(r.Summary, r.ID), 300), Text: r.text(s), Published: at, Learned: changed, Assumed: true}
	var claims []intel.MarkedClaim
	if r.Withdrawn != "" {
		doc.Title = collect.OneLine("Withdrawn: "+doc.Title, 300)
	} else {
		claims = r.claims(s, func(err error) { env.Reject("record "+r.ID, err) })
	}
	for _, ref := range r.References {
		if link, ok := collect.Link(ref.URL); ok && len(doc.References) < mostReferences && link != doc.URL {
			doc.References = append(doc.References, collect.OneLine(link, 2000))
		}
	}
	return doc.Split(claims, perDocument, r.ID), nil
}

// author is the database that a record is of, by how its number begins.
func author(id string) string {
	name, _, _ := strings.Cut(strings.ToLower(id), "-")
	if name == "ghsa" {
		return "github" // as its own feed has it
	}
	return name
}

// text is a record in words: its number first, which the fragments of attack belong to. What
// was withdrawn says nothing else.
func (r record) text(s specific) string {
	flaws := r.flaws()
	head := r.ID
	if len(flaws) > 0 && flaws[0] != r.ID {
		head = flaws[0] + " (" + r.ID + ")"
	}
	if r.Withdrawn != "" {
		return collect.OneLine(head+" was withdrawn on "+r.Withdrawn+".", 500)
	}
	parts := []string{head + ": " + cmp.Or(r.Summary, "no summary"), r.Details}
	if all := slices.Concat(r.Aliases, r.Upstream); len(all) > 0 {
		parts = append(parts, "Also known as: "+strings.Join(all[:min(len(all), mostNamed)], ", "))
	}
	if how := r.severe(s); how != "" {
		parts = append(parts, "Severity: "+how)
	}
	var packages []string
	for _, a := range r.Affected {
		if p := a.told(); p != "" && !slices.Contains(packages, p) && len(packages) < mostNamed {
			packages = append(packages, p)
		}
	}
	if len(packages) > 0 {
		parts = append(parts, "Affected: "+strings.Join(packages, "; "))
	}
	parts = slices.DeleteFunc(parts, func(p string) bool { return strings.TrimSpace(p) == "" })
	text := strings.ToValidUTF8(strings.Join(parts, "\n\n"), "\uFFFD")
	if len(text) > mostText {
		text = strings.ToValidUTF8(text[:mostText], "")
	}
	return text
}

// severe is how severe it is said to be, by word and by vector.
func (r record) severe(s specific) string {
	var all []string
	if s.Severity != "" {
		all = append(all, strings.ToLower(s.Severity))
	}
	of := r.Severity
	for _, a := range r.Affected {
		if len(of) == 0 {
			of = a.Severity
		}
	}
	for _, v := range of[:min(len(of), 5)] {
		all = append(all, v.Score)
	}
	return collect.OneLine(strings.Join(all, ", "), 1000)
}

// told is a package with the versions that are attacked.
func (a affected) told() string {
	if a.Package.Name == "" {
		return ""
	}
	out := collect.OneLine(a.Package.Ecosystem+" "+a.Package.Name, 300)
	for _, r := range a.Ranges[:min(len(a.Ranges), 5)] {
		if r.Type == "GIT" { // commits, which nobody reads
			continue
		}
		for _, e := range r.Events[:min(len(r.Events), 10)] {
			switch {
			case e.Introduced != "" && e.Introduced != "0":
				out += " from " + collect.OneLine(e.Introduced, 100)
			case e.Fixed != "":
				out += " before " + collect.OneLine(e.Fixed, 100)
			}
		}
	}
	return out
}

// flaws are the numbers of the CVE programme that it is about.
func (r record) flaws() (out []string) {
	seen := map[string]bool{}
	for _, id := range slices.Concat([]string{r.ID}, r.Aliases, r.Upstream) {
		if id = strings.ToUpper(strings.TrimSpace(id)); collect.IsCVE(id) && !seen[id] && len(out) < mostClaims {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out
}

// claims is what a record states in fields, each once: which packages a flaw is in, of which
// weakness it is, and with whom a malicious package talks.
func (r record) claims(s specific, reject func(error)) (out []intel.MarkedClaim) {
	seen := map[intel.Claim]bool{}
	add := func(c intel.Claim) {
		if !seen[c] && len(out) < mostClaims {
			seen[c] = true
			out = append(out, intel.MarkedClaim{Claim: c})
		}
	}
	var packages []string
	for _, a := range r.Affected {
		if name := ecosystem(a.Package.Ecosystem) + "/" + collect.OneLine(a.Package.Name, 300); a.Package.Name != "" && a.Package.Ecosystem != "" && len(packages) < mostClaims && !slices.Contains(packages, name) {
			packages = append(packages, name)
		}
	}
	for _, id := range r.flaws() {
		if len(out) == mostClaims {
			break
		}
		flaw := intel.NewEntity(intel.Vulnerability, id)
		for _, p := range packages {
			add(intel.Claim{Subject: flaw, Relation: intel.Affects, Object: intel.NewEntity(intel.Product, p)})
		}
		for _, w := range s.Weaknesses[:min(len(s.Weaknesses), mostNamed)] {
			if w = strings.ToUpper(w); strings.HasPrefix(w, "CWE-") && len(w) < 20 {
				add(intel.Claim{Subject: flaw, Relation: intel.HasWeakness, Object: intel.NewEntity(intel.Weakness, w)})
			}
		}
	}
	note := collect.OneLine(strings.Join(packages[:min(len(packages), 5)], " "), 500)
	for _, of := range []struct {
		kind   intel.Kind
		values []string
	}{{intel.Domain, s.Indicators.Domains}, {intel.IPv4, s.Indicators.IPs}, {intel.URL, s.Indicators.URLs}} {
		for _, v := range of.values {
			e, port, err := collect.Indicator(of.kind, v)
			if err != nil {
				reject(err)
				continue
			}
			add(intel.Claim{Subject: e, Relation: intel.Indicates, Object: intel.NewEntity(intel.Label, "malicious package"), Context: intel.Context{Port: port, Note: note}})
		}
	}
	return out
}
