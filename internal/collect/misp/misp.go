// Package misp collects MISP events from files: one event, a list of events, or
// the answer of a search.
package misp

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// Connector reads MISP event JSON.
var Connector = collect.Connector{
	Name:      "misp",
	About:     "MISP events (JSON)",
	Open:      collect.Files(read),
	Recognise: recognise,
}

const (
	maxFile     = 256 << 20
	perDocument = 500
)

func recognise(_ fs.FS, _ string, head []byte) bool {
	return bytes.Contains(head, []byte(`"Event"`)) && (bytes.Contains(head, []byte(`"Attribute"`)) || bytes.Contains(head, []byte(`"threat_level_id"`)) || bytes.Contains(head, []byte(`"Orgc"`)))
}

type tag struct {
	Name string `json:"name"`
}

type attribute struct {
	Type      string `json:"type"`
	Value     string `json:"value"`
	Comment   string `json:"comment"`
	Timestamp string `json:"timestamp"`
	Detect    bool   `json:"to_ids"`
	Tags      []tag  `json:"Tag"`
}

type event struct {
	UUID       string      `json:"uuid"`
	ID         string      `json:"id"`
	Info       string      `json:"info"`
	Date       string      `json:"date"`
	Tags       []tag       `json:"Tag"`
	Attributes []attribute `json:"Attribute"`
	Objects    []struct {
		Attributes []attribute `json:"Attribute"`
	} `json:"Object"`
	Creator struct {
		Name string `json:"name"`
	} `json:"Orgc"`
}

type wrapped struct {
	Event event `json:"Event"`
}

func read(ctx context.Context, env collect.Env, path string, keep func(intel.Document) error) error {
	body, err := collect.ReadFile(ctx, env, path, maxFile)
	if err != nil {
		return err
	}
	events, err := parse(body)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for i, e := range events {
		docs, err := documents(env, e.Event, func(item string, reason error) { env.Reject(fmt.Sprintf("event %d, %s", i+1, item), reason) })
		if err != nil {
			env.Reject(fmt.Sprint("event ", i+1), err)
			continue
		}
		for _, d := range docs {
			if err := keep(d); err != nil {
				return err
			}
		}
	}
	return nil
}

// parse reads one event, a list of them or the answer of a search.
func parse(body []byte) ([]wrapped, error) {
	if err := collect.CheckDepth(body); err != nil {
		return nil, err
	}
	body = bytes.TrimLeft(body, "\uFEFF \t\r\n")
	if bytes.HasPrefix(body, []byte("[")) {
		var list []wrapped
		return list, json.Unmarshal(body, &list)
	}
	var one struct {
		wrapped
		Response []wrapped `json:"response"`
	}
	if err := json.Unmarshal(body, &one); err != nil {
		return nil, err
	}
	if one.Event.UUID == "" && one.Event.Info == "" {
		return one.Response, nil
	}
	return append([]wrapped{one.wrapped}, one.Response...), nil
}

// documents makes one document of an event, or several of a large one.
func documents(env collect.Env, e event, reject func(string, error)) ([]intel.Document, error) {
	if e.UUID == "" && e.ID == "" && e.Info == "" {
		return nil, fmt.Errorf("no uuid: %w", intel.ErrInvalid)
	}
	var at time.Time
	if e.Date != "" {
		var err error
		if at, err = time.Parse(time.DateOnly, e.Date); err != nil {
			return nil, fmt.Errorf("date %q: %w", e.Date, intel.ErrInvalid)
		}
	}
	doc := intel.Document{Source: env.ID, Genre: intel.Report, Author: e.Creator.Name, Title: e.Info, Text: e.Info, Published: at, Learned: at, Assumed: !at.IsZero()}
	subjects := names(e.Tags)
	for _, t := range e.Tags {
		if m, err := intel.ParseMarking(t.Name); err == nil {
			doc.Marking = max(doc.Marking, m)
		}
	}
	all := e.Attributes
	for _, o := range e.Objects {
		all = append(all, o.Attributes...)
	}
	var claims []intel.Claim
	for i, a := range all {
		if a.Type == "link" && strings.HasPrefix(a.Value, "http") {
			doc.References = append(doc.References, strings.TrimSpace(a.Value))
			continue
		}
		some, err := statements(a, subjects)
		if err != nil {
			reject(fmt.Sprint("attribute ", i+1), err)
			continue
		}
		claims = append(claims, some...)
	}
	return split(env, doc, e, claims), nil
}

func split(env collect.Env, doc intel.Document, e event, claims []intel.Claim) []intel.Document {
	var out []intel.Document
	for part := 0; part == 0 || len(claims) > 0; part++ {
		n := min(perDocument, len(claims))
		d := doc
		d.Claims, claims = claims[:n:n], claims[n:]
		d.ID = intel.NewDocumentID(env.ID, e.UUID, e.ID, e.Info, strconv.Itoa(part))
		if part > 0 {
			d.Text = ""
		}
		if d.Text != "" || len(d.Claims) > 0 {
			out = append(out, d)
		}
	}
	return out
}

// names is whom galaxy tags name.
func names(tags []tag) []intel.Claim {
	var out []intel.Claim
	for _, t := range tags {
		galaxy, name, ok := strings.Cut(strings.TrimPrefix(t.Name, "misp-galaxy:"), "=")
		if !ok || !strings.HasPrefix(t.Name, "misp-galaxy:") {
			continue
		}
		name = strings.Trim(name, `"`)
		kind := intel.Malware
		switch galaxy {
		case "threat-actor", "mitre-intrusion-set", "microsoft-activity-group", "ransomware":
			kind = intel.Actor
			name, _, _ = strings.Cut(name, " - G0")
		case "mitre-attack-pattern":
			if i := strings.LastIndex(name, " - "); i >= 0 {
				out = append(out, intel.Claim{Object: intel.NewEntity(intel.Technique, name[i+3:])})
			}
			continue
		case "tool", "mitre-tool":
			kind = intel.Tool
			name, _, _ = strings.Cut(name, " - S")
		case "mitre-malware", "rat", "stealer", "banker", "botnet", "backdoor", "malpedia":
			name, _, _ = strings.Cut(name, " - S")
		default:
			continue
		}
		if e := intel.NewEntity(kind, name); e.Name != "" {
			out = append(out, intel.Claim{Object: e, ObjectText: name})
		}
	}
	return out
}

// statements is what one attribute says: of each name the event is tagged with,
// or else that its value is an indicator.
func statements(a attribute, subjects []intel.Claim) ([]intel.Claim, error) {
	var out []intel.Claim
	subjects = append(append([]intel.Claim{}, subjects...), names(a.Tags)...)
	var at time.Time
	if s, err := strconv.ParseInt(a.Timestamp, 10, 64); err == nil && s > 0 && s < 1<<33 {
		at = time.Unix(s, 0).UTC()
	}
	values, kinds := strings.Split(a.Value, "|"), strings.Split(a.Type, "|")
	if len(values) != len(kinds) {
		values, kinds = []string{a.Value}, []string{a.Type}
	}
	for i, k := range kinds {
		kind, ok := kindOf(k)
		if !ok {
			continue
		}
		e, port, err := collect.Indicator(kind, values[i])
		if err != nil {
			return nil, err
		}
		c := intel.Claim{Subject: e, Relation: intel.Indicates, At: at, Context: intel.Context{Note: a.Comment, Port: port}}
		named := false
		for _, s := range subjects {
			if s.Object.Kind != intel.Technique {
				c.Object, c.ObjectText, named = s.Object, s.ObjectText, true
				out = append(out, c)
			}
		}
		if !named {
			c.Object = intel.Entity{Kind: intel.Label, Name: "untagged"}
			out = append(out, c)
		}
	}
	return out, nil
}

func kindOf(t string) (intel.Kind, bool) {
	k, ok := map[string]intel.Kind{
		"ip-src": intel.IPv4, "ip-dst": intel.IPv4, "ip": intel.IPv4, "domain": intel.Domain, "hostname": intel.Domain, "url": intel.URL, "uri": intel.URL,
		"md5": intel.MD5, "sha1": intel.SHA1, "sha256": intel.SHA256, "sha512": intel.SHA512, "ssdeep": intel.SSDeep, "email-src": intel.Email, "email-dst": intel.Email,
		"email": intel.Email, "filename": intel.Filename, "mutex": intel.Mutex, "regkey": intel.RegistryKey, "user-agent": intel.UserAgent, "AS": intel.ASN,
		"btc": intel.Bitcoin, "xmr": intel.Monero, "vulnerability": intel.Vulnerability, "ja3-fingerprint-md5": intel.JA3, "jarm-fingerprint": intel.JARM,
	}[t]
	return k, ok
}
