package web

import (
	"net/url"
	"slices"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// A menuKind is a kind that has a list and pages of its own.
type menuKind struct {
	Kind     intel.Kind
	List     string // path of the list
	One      string // path before a name
	Singular string
	Plural   string
	Main     bool // stands in the main menu
}

// menu lists the kinds with pages, in the order of the menu of lists.
func menu() []menuKind {
	return []menuKind{
		{intel.Actor, "/actors", "/actor/", "Actor", "Actors", true},
		{intel.Malware, "/malware", "/malware/", "Malware", "Malware", true},
		{intel.Tool, "/tools", "/tool/", "Tool", "Tools", false},
		{intel.Campaign, "/campaigns", "/campaign/", "Campaign", "Campaigns", true},
		{intel.Vulnerability, "/vulnerabilities", "/vulnerability/", "Vulnerability", "Vulnerabilities", true},
		{intel.Country, "/countries", "/country/", "Country", "Countries", true},
		{intel.Handle, "/handles", "/handle/", "Handle", "Handles", false},
		{intel.Channel, "/channels", "/channel/", "Channel", "Channels", false},
	}
}

func menuFor(match func(menuKind) bool) (menuKind, bool) {
	all := menu()
	i := slices.IndexFunc(all, match)
	if i < 0 {
		return menuKind{}, false
	}
	return all[i], true
}

// Path returns the address of the page of e. Entities without a page lead to a
// search for their name.
func Path(e intel.Entity) string {
	if e.Name == "" {
		return "/search"
	}
	if c := e.Kind.Class(); e.Kind.Known() && (c == intel.IOC || c == intel.IOA) {
		if e.Name == "." || e.Name == ".." { // a browser would walk up
			return "/indicator/" + string(e.Kind) + "/?value=" + url.QueryEscape(e.Name)
		}
		return "/indicator/" + string(e.Kind) + "/" + url.PathEscape(e.Name)
	}
	m, ok := menuFor(func(m menuKind) bool { return m.Kind == e.Kind })
	if !ok || e.Name == "." || e.Name == ".." {
		return "/search?q=" + url.QueryEscape(e.Title())
	}
	if network, name, ok := strings.Cut(e.Name, "/"); ok && plain(network) && plain(name) {
		return m.One + url.PathEscape(network) + "/" + url.PathEscape(name)
	}
	return m.One + url.PathEscape(e.Name)
}

// plain reports whether s stands as a segment of a path without being walked.
func plain(s string) bool { return s != "" && s != "." && s != ".." }

// documentPath returns the address of a document, at a byte of its text if
// offset is not negative.
func documentPath(id intel.DocumentID, offset int) string {
	p := "/document/" + url.PathEscape(string(id))
	if offset >= 0 {
		p += "#b" + itoa(offset)
	}
	return p
}

// outside returns u if it is a link one may follow, else nothing.
func outside(u string) string {
	p, err := url.Parse(u)
	if err != nil || p.Host == "" || (p.Scheme != "https" && p.Scheme != "http") {
		return ""
	}
	if strings.HasSuffix(strings.ToLower(p.Hostname()), ".onion") {
		return ""
	}
	return u
}
