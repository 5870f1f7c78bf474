package stix

import (
	"fmt"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// entities is what an object is in our words: one entity, of an indicator
// those its pattern names, or none. It refuses each value that cannot be what the
// object says that it is.
func (g *Graph) entities(o *object, refuse func(error)) []intel.Entity {
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
		return one(technique(o.External))
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
		return g.pattern(o.Pattern, refuse)
	case "ipv4-addr", "ipv6-addr", "domain-name", "url", "email-addr":
		return g.value(kindAt(o.Type+":value"), o.Value, refuse)
	case "software":
		if o.Vendor != "" && o.Name != "" {
			return one(intel.Product, o.Vendor+"/"+o.Name)
		}
	case "user-account":
		if o.Network != "" && o.Login != "" {
			return one(intel.Handle, o.Network+"/"+o.Login)
		}
	}
	return nil
}

// technique is what references say an attack pattern is called: by ATT&CK, or
// else by CAPEC.
func technique(references []reference) (intel.Kind, string) {
	kind, name := intel.AttackPattern, ""
	for _, x := range references {
		if strings.HasPrefix(x.ID, "T1") && strings.HasPrefix(x.Source, "mitre") {
			return intel.Technique, x.ID
		}
		if strings.HasPrefix(x.ID, "CAPEC-") && name == "" {
			name = x.ID
		}
	}
	return kind, name
}

// weaknesses are the CWE that references of a vulnerability name.
func weaknesses(o *object) []intel.Entity {
	var out []intel.Entity
	for _, x := range o.External {
		if o.Type == "vulnerability" && x.Source == "cwe" && strings.HasPrefix(x.ID, "CWE-") {
			out = append(out, intel.NewEntity(intel.Weakness, x.ID))
		}
	}
	return out
}

// value is the entity that a value of a kind stands for; none if that is refused.
func (g *Graph) value(k intel.Kind, value string, refuse func(error)) []intel.Entity {
	e, err := g.indicator(k, value)
	if err != nil {
		refuse(err)
		return nil
	}
	return []intel.Entity{e}
}

func (g *Graph) indicator(k intel.Kind, value string) (e intel.Entity, err error) {
	if g.Indicator == nil {
		e = intel.NewEntity(k, value)
	} else if e, err = g.Indicator(k, value); err != nil {
		return e, err
	}
	if e.Name == "" {
		return e, fmt.Errorf("no %s: %w", k, intel.ErrInvalid)
	}
	return e, nil
}

// unheard is who refuses what was refused before.
func unheard(error) {}
