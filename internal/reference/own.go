package reference

import (
	"encoding/json"
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
	return intel.NewEntity(intel.Product, intel.Slug(p.Vendor)+"/"+intel.Slug(p.Product))
}

// names returns the wordings that can only mean the product: with its vendor,
// and alone where they are more than one word.
func (p Product) names() []string {
	if strings.HasPrefix(strings.ToLower(p.Product), strings.ToLower(p.Vendor)) {
		return []string{p.Product}
	}
	list := []string{p.Vendor + " " + p.Product}
	if words := strings.Fields(p.Product); len(words) > 1 && len(intel.Compact(p.Product)) > 9 {
		list = append(list, p.Product)
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
	e := p.Entity()
	s.products[e] = p
	s.titles[e] = p.names()[0]
	return nil
}
