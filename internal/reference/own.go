package reference

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode"

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
	if p.Vendor != "" {
		s.vendor(p.Vendor)
	}
	if p.Vendor == "" || p.Product == "" || strings.Contains(strings.ToLower(p.Product), "multiple") {
		return nil
	}
	parts := intel.SplitProducts(p.Product)
	for _, part := range parts {
		one := Product{Vendor: p.Vendor, Product: part}
		e := one.Entity()
		names := one.names(len(parts) > 1)
		if name, _ := intel.SplitAbbreviation(part); camel(name) {
			if other, known := s.coined[name]; known && other != e {
				s.coined[name] = intel.Entity{} // of two vendors
			} else {
				s.coined[name] = e
			}
		}
		s.titles[e] = names[0]
		for _, n := range names {
			if !slices.Contains(s.products[e], n) {
				s.products[e] = append(s.products[e], n)
			}
		}
	}
	return nil
}

// vendor takes in who makes a product, by its name and the abbreviation behind it.
func (s *Set) vendor(wording string) {
	name, short := intel.SplitAbbreviation(wording)
	if strings.ContainsAny(name, ":/") || strings.Contains(name, " and ") || len(name) < 2 {
		return
	}
	e := intel.NewEntity(intel.Vendor, intel.Slug(wording))
	s.titles[e] = name
	s.makers[name] = e
	if short != "" {
		s.makers[short] = e
	}
}

// camel reports whether a name is one word with a capital behind a small letter, as
// no ordinary word is: FortiOS, ScreenConnect.
func camel(name string) bool {
	if len(name) < 6 || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		return false
	}
	small := false
	for _, r := range name {
		if unicode.IsUpper(r) && small {
			return true
		}
		small = small || unicode.IsLower(r)
	}
	return false
}
