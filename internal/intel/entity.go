package intel

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"unicode"
)

// A Kind is a sort of entity, such as "actor" or "ipv4".
type Kind string

// The kinds of entity. The text of each is the prefix of its written form and
// is what the store, the API and every export use.
const (
	Actor         Kind = "actor"
	Campaign      Kind = "campaign"
	Malware       Kind = "malware"
	Tool          Kind = "tool"
	Technique     Kind = "technique"
	Weakness      Kind = "weakness"
	AttackPattern Kind = "attack-pattern" // CAPEC
	Vulnerability Kind = "vulnerability"
	Country       Kind = "country"
	Sector        Kind = "sector"
	Product       Kind = "product" // vendor/product
	Vendor        Kind = "vendor"
	Organization  Kind = "organization"
	Handle        Kind = "handle"  // network/name: an account, nick or vendor
	Channel       Kind = "channel" // network/name: a room, group or board
	Intent        Kind = "intent"
	// Label is a name whose kind its source does not say, such as a hash tag.
	// Correlation turns it into the kind the reference knows it as.
	Label Kind = "label"

	IPv4        Kind = "ipv4"
	IPv6        Kind = "ipv6"
	CIDR        Kind = "cidr"
	Domain      Kind = "domain"
	URL         Kind = "url"
	Email       Kind = "email"
	MD5         Kind = "md5"
	SHA1        Kind = "sha1"
	SHA256      Kind = "sha256"
	SHA512      Kind = "sha512"
	SSDeep      Kind = "ssdeep"
	JARM        Kind = "jarm"
	JA3         Kind = "ja3"
	ASN         Kind = "asn"
	Bitcoin     Kind = "btc"
	Ethereum    Kind = "eth"
	Monero      Kind = "xmr"
	Onion       Kind = "onion"
	Mutex       Kind = "mutex"
	RegistryKey Kind = "registry-key"
	UserAgent   Kind = "user-agent"

	// Host artefacts: indicators of compromise of a softer kind.
	Filename      Kind = "filename"
	Command       Kind = "command"
	Service       Kind = "service"
	ScheduledTask Kind = "scheduled-task"

	// Fragments used in attacking.
	File     Kind = "file" // path on the attacked product, such as /admin/x.php
	Library  Kind = "library"
	Function Kind = "function"
	Argument Kind = "argument"
	Input    Kind = "input"
	Pattern  Kind = "pattern"
	Port     Kind = "port" // 445/tcp
)

// A Class says which table of a profile a kind belongs in.
type Class int

// The classes of kind.
const (
	Name Class = iota // actors, malware, places and other things with names
	IOC               // indicators of compromise
	TTP               // techniques and weaknesses
	IOA               // indicators (fragments) of attack
)

// byClass lists the kinds of each class in the order in which readers choose
// among them.
var byClass = [...][]Kind{
	Name: {Actor, Campaign, Malware, Tool, Vulnerability, Country, Sector, Product, Vendor, Organization, Handle, Channel, Intent, Label},
	TTP:  {Technique, Weakness, AttackPattern},
	IOC: {IPv4, IPv6, CIDR, Domain, URL, Email, MD5, SHA1, SHA256, SHA512, SSDeep, JARM, JA3, ASN, Onion, Bitcoin, Ethereum, Monero,
		Filename, Command, Service, ScheduledTask, RegistryKey, Mutex, UserAgent},
	IOA: {File, Library, Function, Argument, Input, Pattern, Port},
}

var classes = func() map[Kind]Class {
	out := map[Kind]Class{}
	for c, kinds := range byClass {
		for _, k := range kinds {
			out[k] = Class(c)
		}
	}
	return out
}()

// Known reports whether k is one of the kinds of this package.
func (k Kind) Known() bool { _, ok := classes[k]; return ok }

// Class returns the class of k.
func (k Kind) Class() Class { return classes[k] }

// KindsOf returns the kinds of a class, in the order in which readers choose
// among them.
func KindsOf(c Class) []Kind { return slices.Clone(byClass[c]) }

// Slugged reports whether names of kind k are written as slugs: things people
// give names to, whose spelling varies in case, spaces and hyphens.
func (k Kind) Slugged() bool {
	switch k {
	case Actor, Campaign, Malware, Tool, Sector, Intent, Label, Organization:
		return true
	}
	return false
}

// An Entity is anything we can say something about. Name is canonical: two
// entities are the same exactly when they are equal.
type Entity struct {
	Kind Kind
	Name string
}

// Untagged is the label of a value of which its source says nothing else: that it is
// labelled by nobody.
func Untagged() Entity { return Entity{Kind: Label, Name: "untagged"} }

// NewEntity returns the entity of that kind in canonical spelling. It does not
// judge whether the name is a sensible one; extraction does.
func NewEntity(kind Kind, name string) Entity {
	name = strings.TrimSpace(name)
	switch {
	case kind.Slugged():
		name = Slug(name)
	default:
		switch kind {
		case IPv4, IPv6:
			if a, err := netip.ParseAddr(name); err == nil {
				name = a.Unmap().WithZone("").String()
			}
		case CIDR:
			if p, err := netip.ParsePrefix(name); err == nil {
				name = p.Masked().String()
			}
		case Domain, Onion:
			name = strings.TrimRightFunc(strings.ToLower(name), func(r rune) bool { return r == '.' || unicode.IsSpace(r) })
		case URL:
			name = lowerHost(name)
		case MD5, SHA1, SHA256, SHA512, JARM, JA3, Email, Port, Handle, Channel, Product, Vendor, Filename:
			name = strings.ToLower(name)
		case Technique, Weakness, AttackPattern, Vulnerability, Country, ASN:
			name = strings.ToUpper(name)
		}
	}
	return Entity{kind, name}
}

// String returns the written form, such as "actor:cold-lynx".
func (e Entity) String() string { return string(e.Kind) + ":" + e.Name }

// MarshalText implements encoding.TextMarshaler. No entity is no text.
func (e Entity) MarshalText() ([]byte, error) {
	if e == (Entity{}) {
		return nil, nil
	}
	return []byte(e.String()), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (e *Entity) UnmarshalText(b []byte) (err error) {
	if len(b) == 0 {
		*e = Entity{}
		return nil
	}
	*e, err = ParseEntity(string(b))
	return err
}

// ParseEntity reads the written form. The name is brought to its canonical
// spelling; an unknown kind or an empty name is ErrInvalid.
func ParseEntity(s string) (Entity, error) {
	kind, name, ok := strings.Cut(s, ":")
	if !ok || name == "" || !Kind(kind).Known() {
		return Entity{}, fmt.Errorf("entity %q: %w", s, ErrInvalid)
	}
	e := NewEntity(Kind(kind), name)
	if e.Name == "" {
		return Entity{}, fmt.Errorf("entity %q: %w", s, ErrInvalid)
	}
	return e, nil
}

// Slug returns name in lower case with everything but letters and digits
// turned into single hyphens: "Astro Locker" and "astro_locker" both become
// "astro-locker". Letters of every script stay.
func Slug(name string) string {
	var b strings.Builder
	b.Grow(len(name))
	gap := false
	for _, r := range name {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.M, r) {
			gap = b.Len() > 0
			continue
		}
		if gap {
			b.WriteByte('-')
			gap = false
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// Compact returns the slug of name without hyphens, the key under which
// spellings such as "CobaltStrike" and "Cobalt Strike" meet.
func Compact(name string) string { return strings.ReplaceAll(Slug(name), "-", "") }

// Title returns a readable form of a slug: "astro-locker" becomes "Astro
// Locker". It is what is shown where no source says how a name is written.
func (e Entity) Title() string {
	if !e.Kind.Slugged() {
		return e.Name
	}
	words := strings.Split(e.Name, "-")
	for i, w := range words {
		r := []rune(w)
		if len(r) > 0 {
			r[0] = unicode.ToUpper(r[0])
		}
		words[i] = string(r)
	}
	return strings.Join(words, " ")
}
