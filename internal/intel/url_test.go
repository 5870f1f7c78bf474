package intel_test

import (
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
)

func TestAURLIsOneThingHoweverItsHostIsWritten(t *testing.T) {
	want := intel.Entity{Kind: intel.URL, Name: "https://pfx.top/Kit/A"}
	for _, written := range []string{"https://pfx.top/Kit/A", "HTTPS://PFX.top/Kit/A", "https://Pfx.Top./Kit/A"} {
		if got := intel.NewEntity(intel.URL, written); got != want {
			t.Errorf("%s is %s, want %s", written, got, want)
		}
	}
	if got := intel.NewEntity(intel.URL, "https://User:Word@PFX.top:8443/A"); got.Name != "https://User:Word@pfx.top:8443/A" {
		t.Errorf("%s: a user or a port is another thing", got)
	}
}

func TestSpellingsOfOneRequestAreOne(t *testing.T) {
	for _, c := range []struct{ url, want string }{
		{"https://u:p@pfx.top/kit/a", "https://pfx.top/kit/a"},
		{"https://PFX.top:443/kit/a", "https://pfx.top/kit/a"},
		{"http://pfx.top:80/kit/a", "http://pfx.top/kit/a"},
		{"http://pfx.top:443/kit/a", "http://pfx.top:443/kit/a"},
		{"https://pfx.top./%6bit/%61", "https://pfx.top/kit/a"},
		{"https://pfx.top/./kit/x/../a", "https://pfx.top/kit/a"},
		{"https://pfx.top/%2e/kit/a", "https://pfx.top/kit/a"},
		{"https://pfx.top/../kit/.", "https://pfx.top/kit/"},
		{"https://pfx.top/kit%2fa", "https://pfx.top/kit%2fa"},
		{"https://pfx.top/kit?u=/../a", "https://pfx.top/kit?u=/../a"},
		{"https://pfx.top", "https://pfx.top/"},
		{"https://[2001:DB8::1]:443/a", "https://[2001:db8::1]/a"},
		{"no url", "no url"}, {"://", "://"}, {"https://pfx.top/%6", "https://pfx.top/%6"},
	} {
		if got := intel.Request(c.url); got != c.want {
			t.Errorf("%s asks for %s, want %s", c.url, got, c.want)
		}
	}
	for _, c := range []struct{ prefix, want string }{{"https://pfx.top/.", "https://pfx.top/."}, {"https://pfx.top/./kit/..", "https://pfx.top/kit/.."}, {"https://PFX.top:443/k", "https://pfx.top/k"}} {
		if got := intel.RequestPrefix(c.prefix); got != c.want {
			t.Errorf("what begins with %s asks for %s, want %s", c.prefix, got, c.want)
		}
	}
}

func FuzzRequest(f *testing.F) {
	for _, s := range []string{"https://u@A.b.:443/%2e%2e/./x?y#z", "http://[::1]:80", "://%", "a://%41@:1", ":// .", "a://b . ."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, url string) {
		once := intel.Request(url)
		if len(once) > max(len(url), len(strings.ToLower(url)))+1 {
			t.Errorf("%q grew to %q", url, once)
		}
		if e := intel.NewEntity(intel.URL, url); intel.NewEntity(intel.URL, e.Name) != e {
			t.Errorf("%q becomes %q, and that %q", url, e.Name, intel.NewEntity(intel.URL, e.Name).Name)
		}
	})
}
