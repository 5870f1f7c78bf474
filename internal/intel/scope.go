package intel

import (
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"
)

// A Scope is the values that an analyst's word is about: one value, all in a
// network, a domain with all below it, or all URLs that begin alike.
type Scope struct {
	Entity Entity // of a prefix of URLs: what they begin with
	Wide   bool   // with what is below the domain, or begins like the URL
}

// String returns the written form, which ParseScope reads: "ipv4:192.0.2.7",
// "cidr:192.0.2.0/24", "domain:*.evil.example", "url:https://evil.example/kit/*".
func (s Scope) String() string {
	switch {
	case !s.Wide:
		return s.Entity.String()
	case s.Entity.Kind == URL:
		return s.Entity.String() + "*"
	}
	return string(s.Entity.Kind) + ":*." + s.Entity.Name
}

// MarshalText implements encoding.TextMarshaler.
func (s Scope) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// ParseScope reads a written form. What is no scope of values is ErrInvalid, and
// the error says what to write instead.
func ParseScope(text string) (s Scope, err error) {
	kind, name, _ := strings.Cut(text, ":")
	name = strings.TrimSpace(name)
	switch prefix, ends := strings.CutSuffix(name, "*"); {
	case Kind(kind) == URL && ends:
		s = Scope{Entity{URL, lowerHost(prefix)}, true}
	case strings.HasPrefix(name, "*."):
		s.Wide = true
		s.Entity, err = ParseEntity(kind + ":" + name[2:])
	default:
		// Before the entity makes them another: bits behind the mask.
		if p, err := netip.ParsePrefix(strings.TrimSpace(name)); err == nil && Kind(kind) == CIDR && p != p.Masked() {
			if err := checkNetwork(p.String()); err != nil {
				return s, err // its masked form is no better
			}
			return s, fmt.Errorf("%s has bits behind its mask: write %s, or the one address: %w", name, p.Masked(), ErrInvalid)
		}
		s.Entity, err = ParseEntity(kind + ":" + name)
	}
	if err != nil {
		return s, err
	}
	return s, s.check()
}

// The widest networks that an analyst can rule on at once.
const (
	widestRuled4 = 8
	widestRuled6 = 19
)

// mostScope bounds how long the value of a word may be.
const mostScope = 4096

// OfAnybody reports whether below the domain of s stands what a company lets to
// anybody, such as pages. What was once ruled of it holds, as it is no suffix of
// registries.
func (s Scope) OfAnybody() bool {
	if s.Entity.Kind != Domain || !s.Wide {
		return false
	}
	suffix, _ := publicsuffix.PublicSuffix(s.Entity.Name)
	return suffix == s.Entity.Name
}

// check says of a scope why it is none.
func (s Scope) check() error {
	switch name := s.Entity.Name; {
	case s.Entity.Kind.Class() != IOC:
		return fmt.Errorf("%s is no indicator: give an address, network, domain, URL, mail address or hash (portent alias rules on names): %w", s.Entity, ErrInvalid)
	case len(name) > mostScope:
		return fmt.Errorf("a value of %d bytes: %d at most: %w", len(name), mostScope, ErrInvalid)
	case s.Entity.Kind == CIDR:
		return checkNetwork(name)
	case s.Entity.Kind == IPv4 || s.Entity.Kind == IPv6:
		if a, err := netip.ParseAddr(name); err != nil || a.Is4() != (s.Entity.Kind == IPv4) {
			return fmt.Errorf("%q is no %s address: %w", name, s.Entity.Kind, ErrInvalid)
		}
	case s.Entity.Kind == Domain && (!strings.Contains(name, ".") && s.Wide || strings.ContainsAny(name, "*/@: ")):
		return fmt.Errorf("%q is no domain: write evil.example: %w", name, ErrInvalid)
	case s.Entity.Kind == Domain && s.Wide:
		if suffix, icann := publicsuffix.PublicSuffix(name); icann && suffix == name {
			return fmt.Errorf("below %s stands what anybody registers: name a domain below it: %w", name, ErrInvalid)
		}
	case s.Wide && s.Entity.Kind == URL:
		u, err := url.Parse(name)
		if err != nil || u.Scheme == "" || u.Host == "" || u.Path == "" {
			return fmt.Errorf("URLs that begin with %q: name scheme and host whole and go on with a slash, as in 'https://evil.example/*': %w", name, ErrInvalid)
		}
	case s.Wide && s.Entity.Kind != Onion:
		return fmt.Errorf("nothing stands below %s: only domains have subdomains: %w", s.Entity, ErrInvalid)
	}
	return nil
}

func checkNetwork(name string) error {
	p, err := netip.ParsePrefix(name)
	if err != nil {
		return fmt.Errorf("%q is no network: write 192.0.2.0/24: %w", name, ErrInvalid)
	}
	widest := widestRuled4
	if p.Addr().Is6() {
		widest = widestRuled6
	}
	if p.Bits() < widest {
		return fmt.Errorf("%s is wider than anybody's network: /%d of IPv4 and /%d of IPv6 are the widest, as %s: %w", p, widestRuled4, widestRuled6, netip.PrefixFrom(p.Addr(), widest).Masked(), ErrInvalid)
	}
	return nil
}

// A ValueVerdict is an analyst's word on whether values are indicators. It is
// kept as a document, so that nothing of what was decided is lost. Of all that
// cover a value the last that holds counts, whoever says it.
type ValueVerdict struct {
	Scope  Scope     `json:"scope"`
	Ruling Ruling    `json:"ruling"`
	Until  time.Time `json:"until,omitzero"` // when it ends; zero is never
	By     SourceID  `json:"by"`             // analyst:USER
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
	// Marking says who may read it. What it does to a row shows to all who see
	// the row.
	Marking Marking `json:"-"`
	// Before is how many verdicts were given before: the same word given again at
	// the same moment, as when what came between is to be undone, is another.
	Before int `json:"-"`
}

// The rulings on values.
const (
	Suppress     Ruling = "suppress"      // no indicators, whatever sources say
	Unsuppress   Ruling = "unsuppress"    // indicators all the same, whatever lists say
	UndoSuppress Ruling = "undo suppress" // what was ruled of this scope counts no more
)

// Document is the verdict as it is kept.
func (v ValueVerdict) Document() Document {
	text := fmt.Sprintf("%s: %s", v.Ruling, v.Scope)
	if !v.Until.IsZero() {
		text += " until " + v.Until.UTC().Format(time.RFC3339)
	}
	doc := Document{Source: v.By, Genre: Verdict, Title: string(v.Ruling), Text: text, Reliability: 'A', Marking: AmberStrict, Published: v.At, Learned: v.At,
		Claims: []Claim{{Subject: v.Scope.Entity, At: v.Until, Context: Context{Note: v.Reason, Method: v.Scope.String()}}}}
	doc.ID = NewDocumentID(v.By, v.Scope.String(), doc.Text, v.Reason, strconv.Itoa(v.Before), v.At.UTC().Format(time.RFC3339Nano))
	return doc
}

// ValueVerdictOf returns the verdict that a document keeps, if it keeps one.
func ValueVerdictOf(doc Document) (v ValueVerdict, ok bool) {
	r := Ruling(doc.Title)
	if doc.Genre != Verdict || !doc.Source.Reserved() || len(doc.Claims) != 1 || r != Suppress && r != Unsuppress && r != UndoSuppress {
		return v, false
	}
	c := doc.Claims[0]
	scope, err := ParseScope(c.Context.Method)
	if err != nil {
		return v, false
	}
	return ValueVerdict{Scope: scope, Ruling: r, Until: c.At, By: doc.Source, Reason: c.Context.Note, At: doc.Learned, Marking: doc.Marking}, true
}
