package reference

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// A List is values that are usually benign. It is the body of an item of the
// warninglists pack, whose key is the list's name.
//
// Type says how the values match: string (equal), substring, hostname (the
// host and all below it, of URLs too), cidr, regex, or lifted. A lifted list
// holds addresses, ranges, domains (with all below them) and plain values that
// are ordinary whatever any other list or reserved range says: an exercise
// that plays in documentation ranges lifts them.
type List struct {
	Name string `json:"name"`
	Type string `json:"type"`
	// Attributes are MISP attribute types that the list is about; none means
	// whatever its type fits.
	Attributes []string `json:"matching_attributes,omitempty"`
	Values     []string `json:"list"`
}

// WarninglistsPack builds a warninglists pack of lists. It is for applications
// that bring their own; [Read] reads the publisher's.
func WarninglistsPack(version string, lists []List) Pack {
	p := Pack{Name: "warninglists", Version: version}
	for _, l := range lists {
		body, _ := json.Marshal(l) // strings only: cannot fail
		p.Items = append(p.Items, Item{l.Name, body})
	}
	seal(&p)
	return p
}

// warninglistDownloads names the lists that matter most to an installation
// that starts without a copy of the whole repository.
func warninglistDownloads() []Download {
	var list []Download
	for _, name := range strings.Fields(`akamai alexa amazon-aws apple automated-malware-analysis bank-website cisco_top1000 cloudflare
		alphastrike-scanning censys-scanning circl-security-scanning internetcleanup-scanner modat-scanner netsecscan-scanning onyphe-scanner
		rapid7-nt-scanning research-scanner-nt-scanning shadowserver-nt-scanning shodan-scanning stretchoid-nt-scanning parking-domain parking-domain-ns
		common-contact-emails common-ioc-false-positive crl-hostname crl-ip digitalside disposable-email eicar.com empty-hashes fastly findip-host
		github google google-gcp google-gmail-sending-ips googlebot ipv6-linklocal link-in-bio microsoft microsoft-azure microsoft-office365
		microsoft-office365-ip microsoft-win10-connection-endpoints moz-top500 mozilla-CA mozilla-IntermediateCA multicast ovh-cluster
		public-dns-hostname public-dns-v4 public-dns-v6 rfc1918 rfc3849 rfc5735 rfc6598 rfc6761 second-level-tlds security-provider-blogpost
		sinkholes smtp-receiving-ips smtp-sending-ips stackpath telegram-ips tlds tranco10k university_domains url-shortener whats-my-ip
		wikimedia zscaler`) {
		list = append(list, Download{"https://raw.githubusercontent.com/MISP/misp-warninglists/main/lists/" + name + "/list.json",
			"misp-warninglists/lists/" + name + "/list.json"})
	}
	return list
}

// readWarninglists reads every NAME/list.json.
func readWarninglists(ctx context.Context, fsys fs.FS, p *Pack) error {
	files, err := find(ctx, fsys, func(f string) bool {
		base := path.Base(f)
		return base == "list.json" || base == "list.json.gz"
	})
	if err != nil {
		return err
	}
	for _, f := range files {
		err := read(ctx, fsys, f, func(r io.Reader) error {
			name := path.Base(path.Dir(f))
			l, version, err := parseList(r)
			if err != nil {
				return err
			}
			if name != "." {
				l.Name = name
			}
			// Versions are dates of eight digits where the list is generated.
			if len(version) == 8 && strings.HasPrefix(version, "20") && version > p.Version {
				p.Version = version
			}
			return p.add(l.Name, l)
		})
		if err != nil {
			return err
		}
	}
	if p.Version == "" {
		p.Version = "undated"
	}
	return nil
}

// parseList reads one list.
func parseList(r io.Reader) (l List, version string, err error) {
	found := false
	err = elements(r, "list", func(key string, v json.RawMessage) error {
		switch key {
		case "name":
			return json.Unmarshal(v, &l.Name)
		case "type":
			return json.Unmarshal(v, &l.Type)
		case "matching_attributes":
			return json.Unmarshal(v, (*texts)(&l.Attributes))
		case "version":
			version = clip(strings.Trim(string(v), `"`), maxName)
		}
		return nil
	}, func(v json.RawMessage) error {
		found = true
		var s string
		if err := json.Unmarshal(v, &s); err != nil {
			return err
		}
		if s = strings.TrimSpace(s); s != "" && len(s) <= maxValue {
			l.Values = append(l.Values, s)
		}
		return nil
	})
	if err != nil {
		return List{}, "", err
	}
	l.Name = clip(l.Name, maxName)
	switch l.Type {
	case "string", "substring", "hostname", "cidr", "regex", "lifted":
	default:
		return List{}, "", fmt.Errorf("list of type %q: %w", clip(l.Type, maxName), intel.ErrInvalid)
	}
	if !found {
		return List{}, "", fmt.Errorf("no list in it: %w", intel.ErrInvalid)
	}
	return l, version, nil
}
