package intel

import (
	"net/url"
	"slices"
	"strings"
)

// A Subject is a kind of entity that has profiles.
type Subject struct {
	Kind   Kind
	Plural string // names its lists and folders
	Paged  bool   // it has pages and files, and a list of them
}

// Subjects returns the kinds that have profiles, in the order in which a bare
// name is taken for one of them.
func Subjects() []Subject {
	return []Subject{
		{Actor, "actors", true},
		{Campaign, "campaigns", true},
		{Malware, "malware", true},
		{Tool, "tools", true},
		{Vulnerability, "vulnerabilities", true},
		{Country, "countries", true},
		{Sector, "sectors", false},
		{Handle, "handles", true},
		{Channel, "channels", true},
		{Product, "products", true},
		{Vendor, "vendors", true},
		{Label, "labels", false},
	}
}

// Subject returns k as a subject; false if it has no profiles.
func (k Kind) Subject() (Subject, bool) {
	all := Subjects()
	i := slices.IndexFunc(all, func(s Subject) bool { return s.Kind == k })
	if i < 0 {
		return Subject{}, false
	}
	return all[i], true
}

// Page returns the address of the page of e on a server, such as
// "/actor/astro-locker"; empty if it has none.
func (e Entity) Page() string {
	walked := e.Name == "." || e.Name == ".." // a browser would walk up
	switch c := e.Kind.Class(); {
	case e.Name == "" || !e.Kind.Known():
		return ""
	case c == IOC || c == IOA:
		if walked {
			return "/indicator/" + string(e.Kind) + "/?value=" + url.QueryEscape(e.Name)
		}
		return "/indicator/" + string(e.Kind) + "/" + url.PathEscape(e.Name)
	}
	if s, ok := e.Kind.Subject(); !ok || !s.Paged || walked {
		return ""
	}
	one := "/" + string(e.Kind) + "/"
	if network, name, ok := strings.Cut(e.Name, "/"); ok && plain(network) && plain(name) {
		return one + url.PathEscape(network) + "/" + url.PathEscape(name)
	}
	return one + url.PathEscape(e.Name)
}

// plain reports whether s stands as a segment of a path without being walked.
func plain(s string) bool { return s != "" && s != "." && s != ".." }
