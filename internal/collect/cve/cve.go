// Package cve collects CVE records (CVE JSON 5.x, CVE Program terms): one record
// a line, or one file. Each is an advisory whose text extraction reads for the
// fragments an attack uses.
package cve

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// Connector reads CVE records.
var Connector = collect.Connector{
	Name:        "cve",
	Proven:      "44,130 records of the CVE programme",
	About:       "CVE records (CVE JSON 5.x): files, or what the programme's log says was changed",
	Every:       time.Hour,
	Reliability: 'A',
	Settings:    settings{},
	Open:        open,
	Recognise:   recognise,
}

type settings struct {
	Path string `json:"path" help:"File of this machine, such as /srv/lists/bad.json."`
	URL  string `json:"url" help:"Address of a file, which is read again when it has changed."`
	Log  string `json:"log" help:"Address of the log of changes, deltaLog.json: the records that it names are read."`
}

func open(env collect.Env, decode func(any) error) (collect.Source, error) {
	var s settings
	if err := decode(&s); err != nil {
		return nil, err
	}
	if s.Log != "" {
		if s.Path != "" || s.URL != "" {
			return nil, errors.New("path, url and log are three places; give one")
		}
		return &changes{Env: env, url: s.Log}, collect.CheckURL("log", s.Log)
	}
	if s.Path == "" && s.URL == "" {
		return nil, errors.New("log, url or path is missing")
	}
	return collect.FileSettings{Path: s.Path, URL: s.URL}.Source(env, collect.Records(4*maxRecord, func(env collect.Env, raw []byte) ([]intel.Document, error) {
		doc, err := document(env, raw)
		return []intel.Document{doc}, err
	}))
}

func recognise(_ fs.FS, _ string, head []byte) bool {
	return bytes.Contains(head[:min(len(head), 8<<10)], []byte(`"CVE_RECORD"`)) || bytes.Contains(head, []byte(`"cveMetadata"`))
}

const maxRecord = 8 << 20

type record struct {
	Meta struct {
		ID        string `json:"cveId"`
		Assigner  string `json:"assignerShortName"`
		Published string `json:"datePublished"`
		State     string `json:"state"`
	} `json:"cveMetadata"`
	Containers struct {
		CNA container   `json:"cna"`
		ADP []container `json:"adp"`
	} `json:"containers"`
}

type container struct {
	Title        string `json:"title"`
	Descriptions []struct {
		Language string `json:"lang"`
		Value    string `json:"value"`
	} `json:"descriptions"`
	Affected []struct {
		Vendor  string `json:"vendor"`
		Product string `json:"product"`
	} `json:"affected"`
	Problems []struct {
		Descriptions []struct {
			Weakness string `json:"cweId"`
		} `json:"descriptions"`
	} `json:"problemTypes"`
	References []struct {
		URL string `json:"url"`
	} `json:"references"`
}

func document(env collect.Env, raw []byte) (intel.Document, error) {
	var r record
	if len(raw) > maxRecord {
		return intel.Document{}, collect.ErrTooLarge
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return intel.Document{}, err
	}
	flaw := intel.NewEntity(intel.Vulnerability, r.Meta.ID)
	if !collect.IsCVE(flaw.Name) {
		return intel.Document{}, fmt.Errorf("cveId %q: %w", r.Meta.ID, intel.ErrInvalid)
	}
	at, err := collect.Time(r.Meta.Published)
	if err != nil {
		return intel.Document{}, err
	}
	cna := r.Containers.CNA
	doc := intel.Document{ID: intel.NewDocumentID(env.ID, flaw.Name), Source: env.ID, Genre: intel.Advisory, URL: "https://www.cve.org/CVERecord?id=" + flaw.Name,
		Author: r.Meta.Assigner, Title: strings.TrimSpace(flaw.Name + " " + cna.Title), Text: describe(flaw.Name, cna), Published: at, Learned: at, Assumed: !at.IsZero()}
	doc.Claims = claims(flaw, append([]container{cna}, r.Containers.ADP...))
	for _, ref := range cna.References {
		if len(doc.References) < 50 && strings.HasPrefix(ref.URL, "http") {
			doc.References = append(doc.References, strings.ReplaceAll(ref.URL, "\n", ""))
		}
	}
	return doc, nil
}

// describe is the text of a record: its number, which the fragments belong to,
// and its English descriptions.
func describe(id string, c container) string {
	text := id
	for _, d := range c.Descriptions {
		if strings.HasPrefix(strings.ToLower(d.Language), "en") || len(c.Descriptions) == 1 {
			text += ": " + strings.ToValidUTF8(d.Value, "\uFFFD")
		}
	}
	return text
}

// claims is what a record states in fields, each once, at most 200.
func claims(flaw intel.Entity, containers []container) []intel.Claim {
	var out []intel.Claim
	seen := map[intel.Entity]bool{}
	add := func(rel intel.Relation, e intel.Entity, text string) {
		if e.Name != "" && !seen[e] && len(out) < 200 {
			seen[e] = true
			out = append(out, intel.Claim{Subject: flaw, Relation: rel, Object: e, ObjectText: text})
		}
	}
	for _, c := range containers {
		for _, a := range c.Affected {
			vendor, product := intel.Slug(a.Vendor), intel.Slug(a.Product)
			if vendor != "" && product != "" && vendor != "n-a" && product != "n-a" {
				for _, one := range intel.SplitProducts(a.Product) {
					add(intel.Affects, intel.ProductEntity(a.Vendor, one), strings.TrimSpace(a.Vendor+" "+one))
				}
			}
		}
		for _, p := range c.Problems {
			for _, d := range p.Descriptions {
				if strings.HasPrefix(d.Weakness, "CWE-") {
					add(intel.HasWeakness, intel.NewEntity(intel.Weakness, d.Weakness), "")
				}
			}
		}
	}
	return out
}
