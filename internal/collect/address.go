package collect

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// CheckURL returns an error unless a setting is the address of something on the web.
func CheckURL(setting, address string) error {
	if address == "" {
		return fmt.Errorf("%s is missing", setting)
	}
	u, err := url.Parse(address)
	switch {
	case err != nil, u.Scheme != "https" && u.Scheme != "http", u.Host == "":
		return fmt.Errorf("%s: %w: an address such as https://blog.example/feed is wanted", setting, intel.ErrInvalid)
	case u.User != nil:
		return fmt.Errorf("%s: %w: a password stands in the address; what is secret is never part of one", setting, intel.ErrInvalid)
	}
	return nil
}

// Here reports whether what is said to a host stays on this machine, or within Tor.
func Here(host string) bool {
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback() || host == "localhost" || strings.HasSuffix(strings.ToLower(host), ".onion")
}
