package reference

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// A Record is what we keep of a CVE record: the body of an item of the cve
// pack. Its key is the CVE.
type Record struct {
	Updated     string    `json:"updated"` // time, as the record writes it
	Published   string    `json:"published,omitempty"`
	State       string    `json:"state,omitempty"` // empty for PUBLISHED
	Assigner    string    `json:"assigner,omitempty"`
	Title       string    `json:"title,omitempty"`
	Description string    `json:"description,omitempty"`
	Affected    []Product `json:"affected,omitempty"`
	Weaknesses  []string  `json:"weaknesses,omitempty"` // "CWE-79"
	CVSS        *CVSS     `json:"cvss,omitempty"`       // the newest version of the metric that is there
	References  int       `json:"references"`
	// Exploitation, Automatable and Impact are CISA's SSVC decision points.
	Exploitation string `json:"exploitation,omitempty"` // none, poc, active
	Automatable  string `json:"automatable,omitempty"`  // yes, no
	Impact       string `json:"impact,omitempty"`       // partial, total
	Exploited    string `json:"exploited,omitempty"`    // date CISA listed it as exploited
}

// Summary is the first sentence of the description.
func (r Record) Summary() string { return summary(r.Description) }

// A Product is something a vulnerability affects.
type Product struct {
	Vendor  string `json:"vendor,omitempty"`
	Product string `json:"product"`
}

// CVSS is a severity metric.
type CVSS struct {
	Version  string  `json:"version"`
	Score    float64 `json:"score"`
	Severity string  `json:"severity,omitempty"`
	Vector   string  `json:"vector,omitempty"`
}

// container is a CNA or ADP container of a CVE record.
type container struct {
	Title        string `json:"title"`
	Descriptions []struct {
		Lang  string `json:"lang"`
		Value string `json:"value"`
	} `json:"descriptions"`
	Affected []struct {
		Vendor  string `json:"vendor"`
		Product string `json:"product"`
	} `json:"affected"`
	Problems []struct {
		Descriptions []struct {
			CWE  string `json:"cweId"`
			Text string `json:"description"`
		} `json:"descriptions"`
	} `json:"problemTypes"`
	References []json.RawMessage `json:"references"`
	Metrics    []struct {
		V40   *metric `json:"cvssV4_0"`
		V31   *metric `json:"cvssV3_1"`
		V30   *metric `json:"cvssV3_0"`
		V20   *metric `json:"cvssV2_0"`
		Other struct {
			Type    string `json:"type"`
			Content struct {
				Options   []map[string]any `json:"options"`
				DateAdded string           `json:"dateAdded"`
			} `json:"content"`
		} `json:"other"`
	} `json:"metrics"`
}

type metric struct {
	Version  string  `json:"version"`
	Score    float64 `json:"baseScore"`
	Severity string  `json:"baseSeverity"`
	Vector   string  `json:"vectorString"`
}

// addRecord adds one CVE record to p. Records in other formats than 5.x are
// refused.
func addRecord(raw []byte, p *Pack) error {
	if tooDeep(raw) {
		return fmt.Errorf("nested deeper than %d: %w", maxDepth, intel.ErrInvalid)
	}
	var rec struct {
		Version string `json:"dataVersion"`
		Meta    struct {
			ID        string `json:"cveId"`
			State     string `json:"state"`
			Assigner  string `json:"assignerShortName"`
			Published string `json:"datePublished"`
			Updated   string `json:"dateUpdated"`
		} `json:"cveMetadata"`
		Containers struct {
			CNA container   `json:"cna"`
			ADP []container `json:"adp"`
		} `json:"containers"`
	}
	if err := json.Unmarshal(raw, &rec); err != nil {
		return err
	}
	if !cveID.MatchString(rec.Meta.ID) || !strings.HasPrefix(rec.Version, "5") {
		return fmt.Errorf("record %q of version %q: %w", clip(rec.Meta.ID, maxName), clip(rec.Version, maxName), intel.ErrInvalid)
	}
	r := Record{Updated: clip(rec.Meta.Updated, maxName), Published: clip(rec.Meta.Published, maxName),
		Assigner: clip(rec.Meta.Assigner, maxName), Title: clip(rec.Containers.CNA.Title, maxText)}
	if rec.Meta.State != "PUBLISHED" {
		r.State = clip(rec.Meta.State, maxName)
	}
	// The CNA's word comes first; others add what it leaves open.
	r.merge(rec.Containers.CNA)
	for _, c := range rec.Containers.ADP {
		r.merge(c)
	}
	return p.add(rec.Meta.ID, r)
}

func (r *Record) merge(c container) {
	r.References += len(c.References)
	for _, d := range c.Descriptions {
		if r.Description == "" && strings.HasPrefix(strings.ToLower(d.Lang), "en") {
			r.Description = clip(d.Value, maxText)
		}
	}
	for _, a := range c.Affected {
		pr := Product{clip(a.Vendor, maxName), clip(a.Product, maxName)}
		if pr.Product != "" && pr.Product != "n/a" && len(r.Affected) < maxRefs && !slices.Contains(r.Affected, pr) {
			r.Affected = append(r.Affected, pr)
		}
	}
	for _, t := range c.Problems {
		for _, d := range t.Descriptions {
			id := d.CWE
			if id == "" {
				id, _, _ = strings.Cut(d.Text, " ")
				id = strings.TrimSuffix(id, ":")
			}
			if weakness(id) && len(r.Weaknesses) < maxRefs && !slices.Contains(r.Weaknesses, id) {
				r.Weaknesses = append(r.Weaknesses, id)
			}
		}
	}
	for _, m := range c.Metrics {
		for _, v := range []*metric{m.V40, m.V31, m.V30, m.V20} {
			if v != nil && (r.CVSS == nil || v.Version > r.CVSS.Version) {
				r.CVSS = &CVSS{clip(v.Version, 8), v.Score, clip(v.Severity, 16), clip(v.Vector, maxName)}
			}
		}
		switch m.Other.Type {
		case "ssvc":
			r.decide(m.Other.Content.Options)
		case "kev":
			r.Exploited = clip(m.Other.Content.DateAdded, 10)
		}
	}
}

func (r *Record) decide(options []map[string]any) {
	for _, o := range options {
		for key, to := range map[string]*string{"Exploitation": &r.Exploitation, "Automatable": &r.Automatable, "Technical Impact": &r.Impact} {
			if s, ok := o[key].(string); ok {
				*to = clip(s, 16)
			}
		}
	}
}

// weakness reports whether id is written "CWE-" and digits.
func weakness(id string) bool {
	digits, ok := strings.CutPrefix(id, "CWE-")
	return ok && digits != "" && len(digits) < 6 && strings.Trim(digits, "0123456789") == ""
}
