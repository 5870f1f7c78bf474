package reference

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// AttackPack builds an attack pack of techniques alone. It is for applications
// that bring their own; [Read] reads the publisher's.
func AttackPack(version string, techniques []Technique) (Pack, error) {
	p := Pack{Name: "attack", Version: version}
	for _, t := range techniques {
		o := object{ID: t.ID, Type: "attack-pattern", Name: t.Name, Description: t.Description, Tactics: t.Tactics,
			Revoked: t.Revoked, Deprecated: t.Deprecated, RevokedBy: t.RevokedBy}
		if err := p.add(t.ID, o); err != nil {
			return p, err
		}
	}
	seal(&p)
	return p, nil
}

// productsName names the pack that has no publisher.
const productsName = "products"

// ProductsPack builds a pack of products, for applications that bring their
// own.
func ProductsPack(version string, products []Product) (Pack, error) {
	p := Pack{Name: productsName, Version: version}
	for _, pr := range products {
		if err := p.add(pr.Entity().Name, pr); err != nil {
			return p, err
		}
	}
	seal(&p)
	return p, nil
}

// Entity returns the product as vendor/product.
func (p Product) Entity() intel.Entity {
	return intel.ProductEntity(p.Vendor, p.Product)
}

// names returns the wordings that can only mean the product: with its vendor,
// its abbreviation with its vendor, and alone where they are more than one word
// and the product is not one of several in the wording of a catalogue.
func (p Product) names(several bool) []string {
	name, short := intel.SplitAbbreviation(p.Product)
	var list []string
	if strings.HasPrefix(strings.ToLower(name), strings.ToLower(p.Vendor)) {
		list = []string{name}
	} else {
		list = []string{p.Vendor + " " + name}
		if words := strings.Fields(name); len(words) > 1 && len(intel.Compact(name)) > 9 && !several {
			list = append(list, name)
		}
	}
	if short != "" {
		list = append(list, p.Vendor+" "+short)
	}
	return list
}

// product takes in an item of the packs products and kev.
func (s *Set) product(body []byte) error {
	var p Product
	if err := json.Unmarshal(body, &p); err != nil {
		return err
	}
	if p.Vendor == "" || p.Product == "" || strings.Contains(strings.ToLower(p.Product), "multiple") {
		return nil
	}
	parts := intel.SplitProducts(p.Product)
	for _, part := range parts {
		one := Product{Vendor: p.Vendor, Product: part}
		e := one.Entity()
		names := one.names(len(parts) > 1)
		s.titles[e] = names[0]
		for _, n := range names {
			if !slices.Contains(s.products[e], n) {
				s.products[e] = append(s.products[e], n)
			}
		}
	}
	return nil
}
