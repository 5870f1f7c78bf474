package intel

import (
	"strings"
	"unicode"
)

// ProductEntity returns the product of a vendor, written vendor/product. An
// abbreviation in parentheses is no part of its name: "Adaptive Security Appliance
// (ASA)" is cisco/adaptive-security-appliance.
func ProductEntity(vendor, product string) Entity {
	full, _ := SplitAbbreviation(product)
	return NewEntity(Product, Slug(vendor)+"/"+Slug(full))
}

// SplitAbbreviation returns the name of a product and the abbreviation that a
// catalogue gives behind it in parentheses, which may be empty.
func SplitAbbreviation(product string) (name, abbreviation string) {
	product = strings.TrimSpace(product)
	i := strings.LastIndex(product, " (")
	if i <= 0 || !strings.HasSuffix(product, ")") {
		return product, ""
	}
	short := product[i+2 : len(product)-1]
	if len(short) < 2 || len(short) > 8 || strings.ContainsFunc(short, func(r rune) bool { return !unicode.IsUpper(r) && !unicode.IsDigit(r) }) {
		return product, ""
	}
	return product[:i], short
}

// mostProducts is the most products that one wording is taken apart into.
const mostProducts = 8

// SplitProducts takes a catalogue's wording of several products apart: "Connect
// Secure, Policy Secure, and ZTA Gateways" are three. A wording in which a part
// would be one plain word, such as "Backup and Replication", is one product, and
// so is one that holds more than eight.
func SplitProducts(wording string) []string {
	wording = strings.TrimSpace(wording)
	parts := []string{wording}
	for _, by := range []string{", and ", ", ", " and "} {
		var all []string
		for _, part := range parts {
			all = append(all, strings.Split(part, by)...)
		}
		parts = all
	}
	if len(parts) > mostProducts {
		return []string{wording}
	}
	for i, part := range parts {
		parts[i] = strings.TrimSpace(part)
		if !strings.Contains(parts[i], " ") && !coined(parts[i]) {
			return []string{wording}
		}
	}
	return parts
}

// coined reports whether a word is written as only a name is: with a digit or a
// capital inside, such as iPadOS, ESXi or AC7.
func coined(word string) bool {
	for i, r := range word {
		if unicode.IsDigit(r) || i > 0 && unicode.IsUpper(r) {
			return true
		}
	}
	return false
}
