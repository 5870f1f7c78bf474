package stix

import (
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// entities is what an object is in our words: one entity, of an indicator
// those its pattern names, or none.
func (g *Graph) entities(o *object) []intel.Entity {
	one := func(k intel.Kind, name string) []intel.Entity {
		if e := intel.NewEntity(k, name); e.Name != "" {
			return []intel.Entity{e}
		}
		return nil
	}
	switch o.Type {
	case "intrusion-set", "threat-actor":
		return one(intel.Actor, o.Name)
	case "malware":
		return one(intel.Malware, o.Name)
	case "tool":
		return one(intel.Tool, o.Name)
	case "campaign":
		return one(intel.Campaign, o.Name)
	case "attack-pattern":
		for _, x := range o.External {
			if strings.HasPrefix(x.ID, "T1") && strings.HasPrefix(x.Source, "mitre") {
				return one(intel.Technique, x.ID)
			}
		}
	case "vulnerability":
		if strings.HasPrefix(strings.ToUpper(o.Name), "CVE-") {
			return one(intel.Vulnerability, o.Name)
		}
	case "location":
		if len(o.Country) == 2 {
			return one(intel.Country, o.Country)
		}
	case "identity":
		if o.Class == "class" || len(o.Sectors) > 0 {
			return one(intel.Sector, strings.Join(append(o.Sectors, o.Name)[:1], ""))
		}
		return one(intel.Organization, o.Name)
	case "indicator":
		return g.pattern(o.Pattern)
	case "ipv4-addr", "ipv6-addr", "domain-name", "url", "email-addr":
		return g.observable(o.Type, o.Value)
	}
	return nil
}

func (g *Graph) observable(kind, value string) []intel.Entity {
	k, ok := map[string]intel.Kind{"ipv4-addr": intel.IPv4, "ipv6-addr": intel.IPv6, "domain-name": intel.Domain, "url": intel.URL, "email-addr": intel.Email,
		"md5": intel.MD5, "sha-1": intel.SHA1, "sha1": intel.SHA1, "sha-256": intel.SHA256, "sha256": intel.SHA256, "sha-512": intel.SHA512, "sha512": intel.SHA512,
		"ssdeep": intel.SSDeep, "name": intel.Filename, "mutex": intel.Mutex}[strings.ToLower(kind)]
	if !ok {
		return nil
	}
	if g.Indicator == nil {
		return []intel.Entity{intel.NewEntity(k, value)}
	}
	e, err := g.Indicator(k, value)
	if err != nil {
		return nil
	}
	return []intel.Entity{e}
}

// pattern reads the comparisons of a STIX pattern that say that something
// equals a value: [ipv4-addr:value = '192.0.2.1' OR file:hashes.'SHA-256' = '…'].
// What it does not understand it passes over.
func (g *Graph) pattern(p string) []intel.Entity {
	var out []intel.Entity
	for len(p) > 0 && len(out) < 1000 {
		i := strings.IndexByte(p, '=')
		if i < 0 {
			break
		}
		left, rest := strings.TrimSpace(p[:i]), strings.TrimLeft(p[i+1:], " ")
		p = rest
		if strings.HasSuffix(left, "!") || strings.HasSuffix(left, ">") || strings.HasSuffix(left, "<") || !strings.HasPrefix(rest, "'") {
			continue
		}
		value, after := literal(rest[1:])
		p = after
		if j := strings.LastIndexAny(left, "[ ("); j >= 0 {
			left = left[j+1:]
		}
		out = append(out, g.comparison(left, value)...)
	}
	return out
}

// literal reads a quoted value up to its end and undoes the escapes.
func literal(s string) (value, rest string) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			if i+1 < len(s) {
				i++
				b.WriteByte(s[i])
			}
		case '\'':
			return b.String(), s[i+1:]
		default:
			b.WriteByte(s[i])
		}
	}
	return "", ""
}

// comparison is the entity that an object path and a value stand for.
func (g *Graph) comparison(path, value string) []intel.Entity {
	kind, property, ok := strings.Cut(path, ":")
	if !ok {
		return nil
	}
	switch {
	case property == "value":
		return g.observable(kind, value)
	case kind == "file" && strings.HasPrefix(property, "hashes."):
		return g.observable(strings.Trim(strings.TrimPrefix(property, "hashes."), "'\""), value)
	case kind == "file" && property == "name":
		return g.observable("name", value)
	case kind == "mutex" && property == "name":
		return g.observable("mutex", value)
	}
	return nil
}
