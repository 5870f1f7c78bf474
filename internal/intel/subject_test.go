package intel_test

import (
	"testing"

	"github.com/portent-cti/portent/internal/intel"
)

func TestOnlyWhatHasAPageHasAnAddress(t *testing.T) {
	for written, want := range map[string]string{
		"actor:Astro Locker":     "/actor/astro-locker",
		"country:DE":             "/country/DE",
		"malware:银狐":             "/malware/%E9%93%B6%E7%8B%90",
		"handle:kelp/a/b":        "/handle/kelp/a%2Fb",
		"channel:telegram/room":  "/channel/telegram/room",
		"ipv4:192.0.2.1":         "/indicator/ipv4/192.0.2.1",
		"file:/a/b.php":          "/indicator/file/%2Fa%2Fb.php",
		"file:..":                "/indicator/file/?value=..",
		"sector:energy":          "",
		"label:something":        "",
		"technique:T1068":        "",
		"product:vendor/product": "/product/vendor/product",
		"vendor:Vendor":          "/vendor/vendor",
		"organization:victim":    "",
		"handle:..":              "",
	} {
		e, err := intel.ParseEntity(written)
		if err != nil {
			t.Fatal(err)
		}
		if got := e.Page(); got != want {
			t.Errorf("%s: page %q, want %q", written, got, want)
		}
	}
	if got := (intel.Entity{}).Page(); got != "" {
		t.Errorf("no entity has the page %q", got)
	}
}

func TestSubjectsHaveNamesOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range intel.Subjects() {
		if back, ok := s.Kind.Subject(); !ok || back != s || s.Kind.Class() != intel.Name || s.Plural == "" || seen[s.Plural] {
			t.Errorf("%+v", s)
		}
		seen[s.Plural] = true
	}
}
