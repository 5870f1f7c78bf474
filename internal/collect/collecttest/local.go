package collecttest

import (
	"log/slog"
	"net/netip"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/fetch"
)

// Local is what a source has around it that reads a server of the test at an address, without
// a pause between requests. Secrets are what is behind the colon of where they stand.
func Local(t *testing.T, address string, o fetch.Options) collect.Env {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	o.Ports, o.Allow, o.Pace = append(o.Ports, uint16(port)), []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, &fetch.Pace{PerSecond: 1e6}
	c, err := fetch.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return collect.Env{ID: "test", Fetch: c, Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Now: func() time.Time { return Now },
		Reject: func(item string, reason error) { t.Logf("rejected %s: %v", item, reason) },
		Reveal: func(s collect.Secret) (string, error) { return string(s[len("env:"):]), nil }}
}
