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
	Singular string
	Plural   string
	Main     bool // stands in the main menu
}

// menu lists the kinds with pages, in the order of the menu of lists.
func menu() []menuKind {
	var out []menuKind
	for _, s := range intel.Subjects() {
		if s.Paged {
			aside := s.Kind == intel.Tool || s.Kind == intel.Handle || s.Kind == intel.Channel || s.Kind == intel.Product || s.Kind == intel.Vendor
			out = append(out, menuKind{s.Kind, "/" + s.Plural, capital(string(s.Kind)), capital(s.Plural), !aside})
		}
	}
	return out
}

// capital begins an English word with a capital.
func capital(word string) string { return strings.ToUpper(word[:1]) + word[1:] }

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
	switch page := e.Page(); {
	case page != "":
		return page
	case e.Name == "":
		return "/search"
	}
	return candidatesPath(e)
}

// candidatesPath is the address of the search that tells whom a name means.
func candidatesPath(e intel.Entity) string { return "/search?q=" + url.QueryEscape(e.Title()) }

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
