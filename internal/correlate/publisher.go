package correlate

import (
	"cmp"
	_ "embed"
	"slices"
	"strings"
	"sync"

	"github.com/portent-cti/portent/internal/intel"
)

//go:embed publishers.txt
var publisherText string

// publishers is who publishes under a site, an account or a name, read once.
var publishers = sync.OnceValue(func() map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(publisherText) {
		if name, of, ok := strings.Cut(strings.TrimSpace(line), " "); ok && name != "#" {
			out[name] = of
		}
	}
	return out
})

// Publisher names who speaks under a site, an account or a name, so that whoever
// publishes under several is one voice: github.com/NAME, NAME.github.io, NAME.com and
// blog.NAME.com are NAME's, and others by what is known of them. Of a country's domain
// that is not said: cert.pl and cert.se are two. People and hunts of this installation
// are who they are.
func Publisher(voice string) string {
	if intel.SourceID(voice).Reserved() || len(voice) > mostHost {
		return voice
	}
	voice = strings.ToLower(voice)
	known := publishers()
	if of := known[voice]; of != "" {
		return of
	}
	name := voice
	switch {
	case strings.ContainsAny(voice, "/."):
		name = called(voice)
	case strings.Contains(voice, " "):
		name = cmp.Or(known[intel.Slug(voice)], voice) // an author's, who is no slug
	}
	return cmp.Or(known[name], name)
}

// called is the name that a site or an account bears if that is the publisher's own,
// otherwise the site or the account.
func called(voice string) string {
	if name, ok := strings.CutPrefix(voice, "github.com/"); ok && name != "" && !strings.ContainsAny(name, "/.") {
		return name
	}
	host, tld := voice, ""
	if i := strings.LastIndexByte(voice, '.'); i > 0 {
		host, tld = voice[:i], voice[i+1:]
	}
	if name, ok := strings.CutSuffix(host, ".github"); ok && tld == "io" && !strings.Contains(name, ".") {
		return name
	}
	_, own := network(voice)
	if !own || anybodys(voice) || !slices.Contains([]string{"com", "net", "org", "io"}, tld) {
		return voice
	}
	if part, rest, ok := strings.Cut(host, "."); ok && slices.Contains([]string{"blog", "blogs", "news", "research", "labs", "documents", "content", "info", "go", "resources", "support"}, part) {
		host = rest
	}
	if host == "" || strings.ContainsAny(host, "./") {
		return voice
	}
	return host
}
