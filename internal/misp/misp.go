// Package misp is MISP's events in our words: a Reader turns one event, a list
// of events, or the answer of a search into documents.
//
// It does no I/O of its own and judges nothing: how dirty values are read, and
// how large and deep a text may be, its caller decides.
package misp

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

const (
	perDocument    = 500
	mostNames      = 24 // in the tags of one event or attribute
	mostClaims     = 100_000
	mostReferences = 100
)

// A Reader turns MISP events into documents. The zero Reader reads values as
// they stand.
type Reader struct {
	// Source is whose documents are made.
	Source intel.SourceID
	// Indicator returns the entity that a value stands for where an attribute
	// says of which kind it is, and the port it carries; an error rejects the
	// attribute. Nil takes values as they stand.
	Indicator func(kind intel.Kind, value string) (e intel.Entity, port string, err error)
	// Reject is told of each event and attribute that cannot be read; nil for
	// nobody.
	Reject func(item string, reason error)
}

// Documents yields what the events of a text say: of each one document, or
// several of a large one.
func (r Reader) Documents(body []byte) (iter.Seq[intel.Document], error) {
	events, err := parse(body)
	if err != nil {
		return nil, err
	}
	return func(yield func(intel.Document) bool) {
		for i, e := range events {
			docs, err := r.documents(e.Event, fmt.Sprint("event ", i+1))
			if err != nil {
				r.reject(fmt.Sprint("event ", i+1), err)
			}
			for _, d := range docs {
				if !yield(d) {
					return
				}
			}
		}
	}, nil
}

// Values yields the indicators of the events of a text in the order in which they
// stand, each with when its attribute, or else its event, says that it was seen. What
// cannot be read is told to Reject where it stands; of an attribute of two values
// either may be.
func (r Reader) Values(body []byte) (iter.Seq2[intel.Entity, time.Time], error) {
	events, err := parse(body)
	if err != nil {
		return nil, err
	}
	return func(yield func(intel.Entity, time.Time) bool) {
		for i, e := range events {
			name := fmt.Sprint("event ", i+1)
			day, err := e.Event.day()
			if err != nil {
				r.reject(name, err)
				continue
			}
			for j, a := range e.Event.all(intel.Clear) {
				if a.gone() {
					continue
				}
				for _, v := range a.values() {
					ioc, _, err := r.indicator(v.kind, v.text)
					if err != nil {
						r.reject(fmt.Sprintf("%s, attribute %d", name, j+1), err)
					} else if !yield(ioc, cmp.Or(a.at(), day)) {
						return
					}
				}
			}
		}
	}, nil
}

func (r Reader) reject(item string, reason error) {
	if r.Reject != nil {
		r.Reject(item, reason)
	}
}

type tag struct {
	Name string `json:"name"`
}

type attribute struct {
	Type      string `json:"type"`
	Value     string `json:"value"`
	Comment   string `json:"comment"`
	Timestamp string `json:"timestamp"`
	Tags      []tag  `json:"Tag"`
	Deleted   any    `json:"deleted"` // true or "1"

	marking intel.Marking // with those of its object and event
}

// gone reports whether somebody deleted the attribute, or its object.
func (a attribute) gone() bool { return deleted(a.Deleted) }

// deleted reads what MISP says of it in several ways.
func deleted(said any) bool {
	return said == true || said == "1" || said == "true" || said == float64(1)
}

type event struct {
	UUID       string      `json:"uuid"`
	ID         string      `json:"id"`
	Info       string      `json:"info"`
	Date       string      `json:"date"`
	Tags       []tag       `json:"Tag"`
	Attributes []attribute `json:"Attribute"`
	Objects    []struct {
		Deleted    any         `json:"deleted"`
		Tags       []tag       `json:"Tag"`
		Attributes []attribute `json:"Attribute"`
	} `json:"Object"`
	Creator struct {
		Name string `json:"name"`
	} `json:"Orgc"`
}

type wrapped struct {
	Event event `json:"Event"`
}

// parse reads one event, a list of them or the answer of a search.
func parse(body []byte) ([]wrapped, error) {
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
func (r Reader) documents(e event, name string) ([]intel.Document, error) {
	at, err := e.day()
	if err != nil {
		return nil, err
	}
	doc := intel.Document{Source: r.Source, Genre: intel.Report, Author: e.Creator.Name, Title: e.Info, Text: e.Info, Published: at, Learned: at, Assumed: !at.IsZero()}
	doc.Marking = stricter(intel.Clear, e.Tags)
	claims, links := r.claims(e, name, doc.Marking)
	docs := doc.Split(claims, perDocument, e.UUID, e.ID, e.Info)
	for i, d := range docs {
		for _, l := range links {
			if l.marking <= d.Marking && len(docs[i].References) < mostReferences {
				docs[i].References = append(docs[i].References, l.url)
			}
		}
	}
	return docs, nil
}

// day is the date of an event, zero if it has none; what is no event is an error.
func (e event) day() (at time.Time, err error) {
	if e.UUID == "" && e.ID == "" && e.Info == "" {
		return at, fmt.Errorf("no uuid: %w", intel.ErrInvalid)
	}
	if e.Date == "" {
		return at, nil
	}
	if at, err = time.Parse(time.DateOnly, e.Date); err != nil {
		return at, fmt.Errorf("date %q: %w", e.Date, intel.ErrInvalid)
	}
	return at, nil
}

// claims is what the attributes of an event say, and where it has that from.
func (r Reader) claims(e event, name string, m intel.Marking) ([]intel.MarkedClaim, []link) {
	subjects, err := names(e.Tags)
	if err != nil {
		r.reject(name+", tags", err)
	}
	var claims []intel.MarkedClaim
	var links []link
	for i, a := range e.all(m) {
		item := fmt.Sprintf("%s, attribute %d", name, i+1)
		if a.gone() {
			continue
		}
		if a.Type == "link" && strings.HasPrefix(a.Value, "http") {
			links = append(links, link{strings.TrimSpace(a.Value), a.marking})
			continue
		}
		more, err := names(a.Tags)
		if err != nil {
			r.reject(item+", tags", err)
		}
		some, err := r.statements(a, slices.Concat(subjects, more))
		if err != nil {
			r.reject(item, err)
			continue
		}
		if len(claims)+len(some) > mostClaims {
			r.reject(item+" and all after it", fmt.Errorf("more than %d claims: %w", mostClaims, intel.ErrInvalid))
			break
		}
		for _, c := range some {
			claims = append(claims, intel.MarkedClaim{Claim: c, Marking: a.marking})
		}
	}
	return claims, links
}

// link is where an event has something from, and who may see that.
type link struct {
	url     string
	marking intel.Marking
}

// all is the attributes of an event and of its objects, each as strict as
// whatever it is part of.
func (e event) all(m intel.Marking) []attribute {
	out := slices.Clone(e.Attributes)
	for i, a := range out {
		out[i].marking = stricter(m, a.Tags)
	}
	for _, o := range e.Objects {
		of := stricter(m, o.Tags)
		for _, a := range o.Attributes {
			a.marking = stricter(of, a.Tags)
			if deleted(o.Deleted) {
				a.Deleted = true
			}
			out = append(out, a)
		}
	}
	return out
}

// stricter is the strictest of m and of what tags say.
func stricter(m intel.Marking, tags []tag) intel.Marking {
	for _, t := range tags {
		m = max(m, intel.MarkingOf(t.Name))
	}
	return m
}

// names is whom galaxy tags name, with the names as they are written there. So
// many that they attribute nothing are an error.
func names(tags []tag) ([]named, error) {
	var out []named
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
		case "tool", "mitre-tool":
			kind = intel.Tool
			name, _, _ = strings.Cut(name, " - S")
		case "mitre-malware", "rat", "stealer", "banker", "botnet", "backdoor", "malpedia":
			name, _, _ = strings.Cut(name, " - S")
		default:
			continue
		}
		if e := intel.NewEntity(kind, name); e.Name != "" {
			out = append(out, named{e, name})
		}
	}
	if len(out) > mostNames {
		return nil, fmt.Errorf("%d names of actors and tools, more than %d, attribute nothing: %w", len(out), mostNames, intel.ErrInvalid)
	}
	return out, nil
}

// named is whom a tag names, and its words.
type named struct {
	intel.Entity
	text string
}

// statements is what one attribute says: of each name it or its event is tagged
// with, or else that its value is an indicator.
func (r Reader) statements(a attribute, subjects []named) ([]intel.Claim, error) {
	var out []intel.Claim
	for _, v := range a.values() {
		e, port, err := r.indicator(v.kind, v.text)
		if err != nil {
			return nil, err
		}
		c := intel.Claim{Subject: e, Relation: intel.Indicates, At: a.at(), Context: intel.Context{Note: a.Comment, Port: port}}
		for _, s := range subjects {
			c.Object, c.ObjectText = s.Entity, s.text
			out = append(out, c)
		}
		if len(subjects) == 0 {
			c.Object = intel.Untagged()
			out = append(out, c)
		}
	}
	return out, nil
}

// at is when an attribute was changed last, zero if it does not say.
func (a attribute) at() time.Time {
	if s, err := strconv.ParseInt(a.Timestamp, 10, 64); err == nil && s > 0 && s < 1<<33 {
		return time.Unix(s, 0).UTC()
	}
	return time.Time{}
}

// value is a value of an attribute and of which kind it says that it is.
type value struct {
	kind intel.Kind
	text string
}

// values is the values of an attribute that are of kinds of ours.
func (a attribute) values() []value {
	values, kinds := strings.Split(a.Value, "|"), strings.Split(a.Type, "|")
	if len(values) != len(kinds) || len(kinds) > 2 {
		values, kinds = []string{a.Value}, []string{a.Type}
	}
	var out []value
	for i, k := range kinds {
		if kind, ok := kindOf(k); ok {
			out = append(out, value{kind, values[i]})
		}
	}
	return out
}

func (r Reader) indicator(kind intel.Kind, value string) (intel.Entity, string, error) {
	if r.Indicator != nil {
		return r.Indicator(kind, value)
	}
	e := intel.NewEntity(kind, value)
	if e.Name == "" {
		return e, "", fmt.Errorf("no %s: %w", kind, intel.ErrInvalid)
	}
	return e, "", nil
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
