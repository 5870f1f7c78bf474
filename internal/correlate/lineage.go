package correlate

import (
	"cmp"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/portent-cti/portent/internal/intel"
)

// Origin names the independent origin of a document: whom it says or cites that
// it has this from, otherwise who speaks. What an account links to is no such
// thing unless it says so: it speaks for itself.
func Origin(doc intel.Document) string {
	own := Voice(doc)
	if doc.Genre.HasAccounts() {
		return cmp.Or(relayed(doc, own), own)
	}
	if len(doc.References) > 0 {
		if s := publisher(doc.References[0]); s != "" {
			return s
		}
	}
	return cmp.Or(credited(doc), own)
}

// Voice names who speaks in a document: the account, the site of a report, the
// publisher, or the source where none is told.
func Voice(doc intel.Document) string {
	own := intel.Account(doc.Author)
	if doc.Genre.HasAccounts() && own != "" {
		return own
	}
	if doc.Genre == intel.Report {
		own = cmp.Or(publisher(doc.URL), own)
	}
	return Publisher(cmp.Or(own, string(doc.Source)))
}

// Speaker says who speaks in a document where its word is that of origin.
func Speaker(doc intel.Document, origin string) intel.Speaker {
	switch {
	case !doc.Genre.HasAccounts() || doc.Author == "":
		return intel.Publisher
	case origin == intel.Account(doc.Author):
		return intel.Self
	}
	return intel.Relay
}

// network is what accounts of a host are said to be of, "" where a host is its
// publisher's own, and whether they stand in the path with an "@".
func network(host string) (name string, spelt bool) {
	switch strings.TrimPrefix(host, "mobile.") {
	case "twitter.com", "x.com", "nitter.net", "fxtwitter.com", "vxtwitter.com", "fixupx.com":
		return "x", false
	case "t.me", "telegram.me":
		return "telegram", false
	case "github.com", "raw.githubusercontent.com", "gist.github.com", "gist.githubusercontent.com":
		return "github.com", false
	case "gitlab.com", "bitbucket.org", "codeberg.org":
		return host, false
	}
	return host, true
}

// The longest names of hosts and of accounts, in bytes.
const mostHost, mostHandle = 253, 100

// site names whose a URL is: its host without "www.", or the account where a host
// has those of anybody; "" for what is no URL of the web.
func site(ref string) string {
	u, err := url.Parse(ref)
	if err != nil || u.Hostname() == "" || len(u.Hostname()) > mostHost {
		return ""
	}
	h := strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.")
	net, spelt := network(h)
	name, _, _ := strings.Cut(strings.TrimPrefix(u.EscapedPath(), "/"), "/")
	if net == "telegram" && name == "s" { // the preview of a channel
		name, _, _ = strings.Cut(strings.TrimPrefix(u.EscapedPath(), "/s/"), "/")
	}
	if handle, ok := strings.CutPrefix(name, "@"); ok || !spelt {
		if n := handleEnd(handle); n == len(handle) && n > 1 && n <= mostHandle && !slices.Contains([]string{"i", "search", "hashtag", "home", "intent"}, handle) {
			return strings.ToLower(net + "/" + handle)
		}
	}
	return h
}

// publisher names who publishes where a URL leads; "" for what is no URL of the web.
func publisher(ref string) string { return Publisher(site(ref)) }

// handleEnd is how far a handle at the beginning of s goes.
func handleEnd(s string) int {
	n := strings.IndexFunc(s, func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != '-'
	})
	if n < 0 {
		n = len(s)
	}
	return n
}

const (
	// mostLineage is how much of a text is looked at, at its beginning and at its
	// end, for whom it has this from; passing is the length from which on it may
	// name others in passing.
	mostLineage, passing = 2048, 600
	// mostLeads is how many accounts and links are looked at.
	mostLeads = 64
)

// relayed names whom the text of an account says that it has this from, the first
// in a chain of several, who is the last that is named; "" if nobody but itself.
func relayed(doc intel.Document, own string) string {
	if doc.Text == "" || doc.Genre == intel.LeakSite || doc.Genre == intel.Market {
		return ""
	}
	origin := ""
	for _, part := range margins(doc.Text) {
		for _, t := range leads(part) {
			c := cueBefore(part[:t.at])
			if c == uncued || c == byColon && !t.link && doc.Genre == intel.Mail {
				continue
			}
			if name := t.voice(doc); name != "" && name != own {
				origin = name
			}
		}
	}
	if origin == "" && len(doc.Text) <= passing {
		if name := Publisher(named(doc.Text)); name != own {
			origin = name
		}
	}
	return origin
}

// credited names the site that a line such as "Source: https://…" of a
// publisher's text gives as where it is from.
func credited(doc intel.Document) string {
	home := publisher(doc.URL)
	for _, part := range margins(doc.Text) {
		for _, t := range leads(part) {
			if !t.link || cueBefore(part[:t.at]) != byColon {
				continue
			}
			if name := t.voice(doc); name != "" && name != home {
				return name
			}
		}
	}
	return ""
}

// margins are the beginning and the end of a text.
func margins(text string) []string {
	if len(text) <= 2*mostLineage {
		return []string{text}
	}
	return []string{text[:mostLineage], text[len(text)-mostLineage:]}
}

// A lead is an account or a link in a text.
type lead struct {
	at   int
	name string // the handle, or the URL
	host string // of a handle that names its own, as on Mastodon
	link bool
}

// leads finds the accounts and links of a text, in order.
func leads(text string) (out []lead) {
	for at := 0; len(out) < mostLeads; {
		i := strings.IndexAny(text[at:], "@:")
		if i < 0 {
			break
		}
		i += at
		at = i + 1
		if text[i] == '@' {
			if n := handleEnd(text[i+1:]); n > 1 && n <= 40 && !word(text[:i]) {
				t := lead{at: i, name: text[i+1 : i+1+n]}
				if rest := text[i+1+n:]; strings.HasPrefix(rest, "@") && hostEnd(rest[1:]) <= mostHost {
					t.host = strings.Trim(rest[1:1+hostEnd(rest[1:])], ".-")
				}
				at = i + 1 + n + len(t.host)
				out = append(out, t)
			}
			continue
		}
		if t, ok := linkAt(text, i); ok {
			at = t.at + len(t.name)
			out = append(out, t)
		}
	}
	return out
}

// linkAt reads the URL whose scheme ends at i.
func linkAt(text string, i int) (lead, bool) {
	if !strings.HasPrefix(text[i:], "://") {
		return lead{}, false
	}
	for _, scheme := range []string{"https", "http"} {
		if from := i - len(scheme); from >= 0 && strings.EqualFold(text[from:i], scheme) && !word(text[:from]) {
			n := strings.IndexFunc(text[i:], func(r rune) bool {
				return unicode.IsSpace(r) || strings.ContainsRune("<>\"'()[]{}|，。；）】」", r)
			})
			if n < 0 {
				n = len(text) - i
			}
			return lead{at: from, name: strings.TrimRight(text[from:i+n], ".,;:!?"), link: true}, true
		}
	}
	return lead{}, false
}

func hostEnd(s string) int {
	n := strings.IndexFunc(s, func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '.' && r != '-'
	})
	if n < 0 {
		n = len(s)
	}
	return n
}

// word reports whether a text ends within a word.
func word(before string) bool {
	r, _ := utf8.DecodeLastRuneInString(before)
	return r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' || r == '.' || r == '@' || r == '/')
}

// voice is whom a target of a document means: an account of the network of its
// author, or the site of a link. What tells of anybody, or of what the document
// warns of, is nobody.
func (t lead) voice(doc intel.Document) string {
	if !t.link {
		if t.host != "" {
			return strings.ToLower(t.host + "/" + t.name)
		}
		if network, _, ok := strings.Cut(doc.Author, "/"); ok {
			return intel.Account(network + "/" + t.name)
		}
		return intel.Account(t.name)
	}
	name := site(t.name)
	host, _, _ := strings.Cut(name, "/")
	if _, err := netip.ParseAddr(host); err == nil || anybodys(host) || !strings.ContainsAny(name, "./") {
		return ""
	}
	for _, c := range doc.Claims {
		for _, e := range []intel.Entity{c.Subject, c.Object} {
			if e.Kind == intel.Domain && e.Name == host || e.Kind == intel.URL && site(e.Name) == name {
				return ""
			}
		}
	}
	return Publisher(name)
}

// anybodys reports whether a host speaks for nobody: it shortens links, or shows
// what machines say of samples.
func anybodys(host string) bool {
	switch host {
	case "t.co", "bit.ly", "tinyurl.com", "ow.ly", "buff.ly", "dlvr.it", "is.gd", "lnkd.in", "goo.gl",
		"virustotal.com", "app.any.run", "any.run", "tria.ge", "urlscan.io", "shodan.io", "search.censys.io", "web.archive.org", "archive.org", "pastebin.com", "youtube.com", "youtu.be":
		return true
	}
	return false
}
