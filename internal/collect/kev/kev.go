// Package kev collects CISA's catalogue of known exploited vulnerabilities
// (CC0): one advisory per entry, dated when it was added.
package kev

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// Connector reads the catalogue's JSON.
var Connector = collect.Connector{
	Name:        "kev",
	Proven:      "the catalogue of CISA",
	About:       "CISA's catalogue of known exploited vulnerabilities (JSON)",
	Reliability: 'A',
	Open:        collect.Files(read),
	Recognise:   recognise,
}

func recognise(_ fs.FS, _ string, head []byte) bool {
	return bytes.Contains(head, []byte(`"catalogVersion"`)) && bytes.Contains(head, []byte(`"vulnerabilities"`)) || bytes.Contains(head, []byte(`"knownRansomwareCampaignUse"`))
}

const maxFile = 64 << 20

type entry struct {
	CVE         string   `json:"cveID"`
	Vendor      string   `json:"vendorProject"`
	Product     string   `json:"product"`
	Name        string   `json:"vulnerabilityName"`
	Added       string   `json:"dateAdded"`
	Description string   `json:"shortDescription"`
	Action      string   `json:"requiredAction"`
	Ransomware  string   `json:"knownRansomwareCampaignUse"`
	Notes       string   `json:"notes"`
	Weaknesses  []string `json:"cwes"`
}

func read(ctx context.Context, env collect.Env, path string, keep func(intel.Document) error) error {
	body, err := collect.ReadText(ctx, env, path, maxFile)
	if err != nil {
		return err
	}
	if err := collect.CheckDepth(body); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	var catalogue struct {
		Entries []json.RawMessage `json:"vulnerabilities"`
	}
	if err := json.Unmarshal(body, &catalogue); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	seen := map[intel.DocumentID]bool{}
	for i, raw := range catalogue.Entries {
		doc, err := document(env, raw)
		if err != nil {
			env.Reject(fmt.Sprint("entry ", i+1), err)
			continue
		}
		if seen[doc.ID] {
			env.Repeated()
			continue
		}
		seen[doc.ID] = true
		if err := keep(doc); err != nil {
			return err
		}
	}
	return nil
}

func document(env collect.Env, raw []byte) (intel.Document, error) {
	var e entry
	if err := json.Unmarshal(raw, &e); err != nil {
		return intel.Document{}, err
	}
	if !collect.IsCVE(e.CVE) {
		return intel.Document{}, fmt.Errorf("cveID %q: %w", e.CVE, intel.ErrInvalid)
	}
	added, err := time.Parse(time.DateOnly, e.Added)
	if err != nil {
		return intel.Document{}, fmt.Errorf("dateAdded %q: %w", e.Added, intel.ErrInvalid)
	}
	flaw := intel.NewEntity(intel.Vulnerability, e.CVE)
	context := intel.Context{Vulnerability: flaw.Name, Note: "known to be exploited"}
	if strings.EqualFold(e.Ransomware, "known") {
		context.Note = "known to be exploited in ransomware campaigns"
	}
	doc := intel.Document{ID: intel.NewDocumentID(env.ID, e.CVE), Source: env.ID, Genre: intel.Advisory, URL: "https://nvd.nist.gov/vuln/detail/" + flaw.Name,
		Author: "cisa", Title: e.Name, Text: strings.TrimSpace(e.Name + "\n\n" + e.Description), Published: added, Learned: added, Assumed: true}
	for _, product := range intel.SplitProducts(e.Product) {
		if e.Vendor == "" && product == "" {
			break
		}
		doc.Claims = append(doc.Claims, intel.Claim{Subject: flaw, Relation: intel.Affects, Object: intel.ProductEntity(e.Vendor, product),
			ObjectText: strings.TrimSpace(e.Vendor + " " + product), Context: context})
	}
	for _, w := range e.Weaknesses {
		if strings.HasPrefix(strings.ToUpper(w), "CWE-") {
			doc.Claims = append(doc.Claims, intel.Claim{Subject: flaw, Relation: intel.HasWeakness, Object: intel.NewEntity(intel.Weakness, w)})
		}
	}
	for _, ref := range strings.FieldsFunc(e.Notes, func(r rune) bool { return r == ';' || r == ' ' }) {
		if strings.HasPrefix(ref, "https://") {
			doc.References = append(doc.References, strings.TrimRight(ref, ".,"))
		}
	}
	return doc, nil
}
