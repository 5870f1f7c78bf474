package intel

import (
	"maps"
	"slices"
	"strconv"
)

// A MarkedClaim is a claim and who may see it.
type MarkedClaim struct {
	Claim
	Marking Marking
}

// Split puts claims into documents like d of at most n claims each, in the order
// they come, the stricter ones into documents of their own: what one claim says
// is hidden with it and no other. Id is what makes d the same item for its
// source. Only the first document as strict as d keeps its text; one that would
// say nothing is left out.
func (d Document) Split(claims []MarkedClaim, n int, id ...string) []Document {
	by := map[Marking][]Claim{d.Marking: nil}
	for _, c := range claims {
		m := max(d.Marking, c.Marking)
		by[m] = append(by[m], c.Claim)
	}
	var out []Document
	for _, m := range slices.Sorted(maps.Keys(by)) {
		rest := by[m]
		for part := 0; part == 0 || len(rest) > 0; part++ {
			k := min(n, len(rest))
			one, key := d, append(slices.Clone(id), strconv.Itoa(part))
			one.Claims, rest = rest[:k:k], rest[k:]
			if m != d.Marking {
				one.Marking, key = m, append(key, m.String())
			}
			if part > 0 || m != d.Marking {
				one.Text = ""
			}
			one.ID = NewContentID(one, key...)
			if one.Text != "" || len(one.Claims) > 0 {
				out = append(out, one)
			}
		}
	}
	return out
}
