package osv

import "encoding/json"

// record is one in the format of OSV, schema 1.x, as far as it is of use.
type record struct {
	ID         string     `json:"id"`
	Modified   string     `json:"modified"`
	Published  string     `json:"published"`
	Withdrawn  string     `json:"withdrawn"`
	Aliases    []string   `json:"aliases"`
	Upstream   []string   `json:"upstream"` // what an advisory of a distribution is about
	Summary    string     `json:"summary"`
	Details    string     `json:"details"`
	Severity   []severity `json:"severity"`
	Affected   []affected `json:"affected"`
	References []struct {
		URL string `json:"url"`
	} `json:"references"`
	Specific json.RawMessage `json:"database_specific"` // of any form
}

type severity struct {
	Type  string `json:"type"`  // CVSS_V3
	Score string `json:"score"` // its vector, or a word
}

type affected struct {
	Package struct {
		Ecosystem string `json:"ecosystem"` // Debian:12
		Name      string `json:"name"`
	} `json:"package"`
	Ranges []struct {
		Type   string `json:"type"`
		Events []struct {
			Introduced string `json:"introduced"`
			Fixed      string `json:"fixed"`
		} `json:"events"`
	} `json:"ranges"`
	Severity []severity `json:"severity"`
}

// specific is what the databases of GitHub and of malicious packages add.
type specific struct {
	Severity   string   `json:"severity"`
	Weaknesses []string `json:"cwe_ids"`
	Indicators struct {
		Domains []string `json:"domains"`
		IPs     []string `json:"ips"`
		URLs    []string `json:"urls"`
	} `json:"iocs"`
}
