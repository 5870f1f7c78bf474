package pipeline_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
)

// What is too long for an index of PostgreSQL took what stood beside it along.
func TestANameTooLongToKeepCostsNothingElseOnAnyEngine(t *testing.T) {
	long := strings.Repeat("z", 900_000)
	claim := func(value string, by string) intel.Claim {
		return intel.Claim{Subject: intel.NewEntity(intel.URL, value), Relation: intel.Indicates, Object: intel.NewEntity(intel.Actor, "Cold Lynx"), By: by}
	}
	list := intel.Document{Source: "feed", Genre: intel.List, Title: "list"}
	for i := range 60 {
		list.Claims = append(list.Claims, claim(fmt.Sprintf("https://c%d.example/", i), ""))
	}
	const good = 60 + 2            // the claim whose reference is dropped, and the country of its address
	random := func(n int) string { // what does not pack
		var b strings.Builder
		for x := uint32(1); b.Len() < n; x = x*1664525 + 1013904223 {
			fmt.Fprintf(&b, "%08x", x)
		}
		return b.String()
	}
	list.Claims = append(list.Claims, claim("https://c.example/"+random(6000), ""), claim("https://c.example/", random(6000)),
		intel.Claim{Subject: intel.NewEntity(intel.IPv4, "45.134.21.8"), Relation: intel.Indicates, Object: intel.NewEntity(intel.Actor, random(6000))},
		intel.Claim{Subject: intel.NewEntity(intel.IPv4, "45.134.21.9"), Relation: intel.Indicates, Object: intel.NewEntity(intel.Actor, "Cold Lynx"), Reference: "https://" + random(6000) + ".example/"})
	post := intel.Document{Source: "room", Genre: intel.Social, Author: "x/" + random(6000) + long, Text: "Cold Lynx uses https://d.example/" + random(3900) + " and 45.134.21.10 as C2, via @" + random(6000) + "@" + random(6000) + ".example"}
	list.ID, post.ID = intel.NewContentID(list), intel.NewContentID(post)
	onEachEngine(t, nil, func(t *testing.T, h house) {
		h.keep(t, list, post)
		parked, err := h.db.Parked(t.Context(), 10)
		if err != nil || len(parked) > 0 {
			t.Errorf("parked %+v, err %v", parked, err)
		}
		given, err := h.db.Given(t.Context(), intel.Everything(), list.ID)
		if err != nil || len(given) != good {
			t.Errorf("the list gives %d pieces of evidence, want %d; err %v", len(given), good, err)
		}
		known, err := h.db.Integers(t.Context(), []intel.Entity{intel.NewEntity(intel.IPv4, "45.134.21.10")})
		if err != nil || len(known) != 1 {
			t.Errorf("of the post %v is known, err %v", known, err)
		}
	})
}
