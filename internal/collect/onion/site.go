package onion

import (
	"bytes"
	"crypto/sha3"
	"encoding/base32"
	"errors"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/page"
)

// A site is what is configured of one: its addresses stand for each other.
type site struct {
	collect.Env
	name    string   // the network of its accounts
	mirrors []string // scheme and host
	begin   []string // paths
	under   []string
	genre   intel.Genre
	who     string
	depth   int
	pages   int
	rules   []page.Rule
	cookie  collect.Secret
}

// checkOnion returns an error for what is no host in Tor: 56 letters of a key with its check
// digits (rend-spec-v3, 6), and names before it.
func checkOnion(host string) error {
	name, ok := strings.CutSuffix(strings.ToLower(host), ".onion")
	if !ok {
		return fmt.Errorf("%s is not in Tor: its name does not end in .onion", host)
	}
	name = name[strings.LastIndexByte(name, '.')+1:]
	if len(name) == 16 {
		return fmt.Errorf("%s is an address of version 2, which Tor no longer reaches", host)
	}
	raw, err := base32.StdEncoding.DecodeString(strings.ToUpper(name))
	if err != nil || len(raw) != 35 || raw[34] != 3 {
		return fmt.Errorf("%s is no address in Tor: 56 letters and digits before .onion are wanted", host)
	}
	sum := sha3.Sum256(slices.Concat([]byte(".onion checksum"), raw[:32], raw[34:]))
	if !bytes.Equal(sum[:2], raw[32:34]) {
		return fmt.Errorf("%s is mistyped: its check digits do not fit", host)
	}
	return nil
}

// identity is what makes a page the same on each mirror and at each visit: its path and query,
// without what numbers a session.
func identity(u *url.URL) string {
	query := u.Query()
	for key := range query {
		switch strings.ToLower(key) {
		case "sid", "phpsessid", "session", "sessionid", "s", "token", "csrf", "csrf_token", "_":
			query.Del(key)
		}
	}
	at := url.URL{Path: u.Path, RawPath: u.RawPath, RawQuery: query.Encode()}
	if at.Path == "" {
		at.Path = "/"
	}
	return at.RequestURI()
}

// own reports whether a host is one of the site's.
func (s *site) own(host string) bool {
	return slices.ContainsFunc(s.mirrors, func(m string) bool {
		_, at, _ := strings.Cut(m, "://")
		return strings.EqualFold(at, host)
	})
}

// follow returns what is to be read behind a link on the page at an address, and whether it is.
func (s *site) follow(base *url.URL, to string) (string, bool) {
	u, err := base.Parse(to)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || !s.own(u.Host) || !readable(u) {
		return "", false
	}
	at := identity(u)
	if len(s.under) > 0 && !slices.ContainsFunc(s.under, func(p string) bool { return strings.HasPrefix(at, p) }) {
		return "", false
	}
	return at, len(at) <= 2048
}

var (
	// binary are names of what is no text: it is not asked for.
	binary = regexp.MustCompile(`(?i)^\.(?:jpe?g|jfif|png|gif|webp|bmp|ico|svgz?|avif|heic|tiff?|psd|mp[34g]|m4[av]|avi|mov|mkv|webm|flv|wmv|wav|ogg|flac|zip|rar|7z|gz|tgz|bz2|xz|zst|tar|cab|iso|img|dmg|exe|dll|msi|scr|bat|cmd|ps1|vbs|jar|apk|ipa|deb|rpm|bin|dat|db|sqlite|sql|bak|torrent|js|mjs|css|wasm|swf|woff2?|ttf|otf|eot|pdf|docx?|docm|xlsx?|xlsm|pptx?|rtf|odt|ods|csv|eml|pst|msg|asc|sig)$`)
	// acts are what somebody does who follows a link: a reader only reads.
	acts = regexp.MustCompile(`(?i)^(?:log|sign)[-_]?(?:out|in|off|up|on)|^(?:register|registration|join|cart|basket|checkout|buy|order|purchase|pay|payment|deposit|withdraw|vote|upvote|downvote|like|unlike|thank|report|delete|remove|edit|reply|newreply|newthread|post(?:ing)?_(?:new|reply)|compose|send|subscribe|unsubscribe|follow|download|upload|captcha|report-abuse|sendmessage|pm|mark(?:read)?)$`)
	// doing are names of parameters that do likewise; "order" is how a list is sorted.
	doing = regexp.MustCompile(`(?i)^(?:log[-_]?out|log[-_]?in|add|buy|vote|delete|remove)$`)
)

// readable reports whether what is at an address may be a page, and following it does nothing.
func readable(u *url.URL) bool {
	if ext := path.Ext(u.Path); binary.MatchString(ext) {
		return false
	}
	acting := func(word string) bool {
		word = strings.TrimSuffix(word, path.Ext(word))
		return acts.MatchString(word)
	}
	if slices.ContainsFunc(strings.Split(strings.Trim(u.Path, "/"), "/"), acting) {
		return false
	}
	for key, values := range u.Query() {
		switch strings.ToLower(key) {
		case "action", "act", "do", "mode", "a", "cmd", "op":
			if slices.ContainsFunc(values, acting) {
				return false
			}
		}
		if doing.MatchString(key) {
			return false
		}
	}
	return true
}

var onions = regexp.MustCompile(`(?i)\b[a-z2-7]{56}\.onion\b`)

// listed returns the addresses in Tor that a page lists as mirrors of its site: those in lines
// that speak of mirrors, or below a heading that does. They are told and not followed.
func (s *site) listed(text string) (found []string) {
	speaks := 0
	for line := range strings.Lines(text) {
		lower := strings.ToLower(line)
		switch {
		case strings.Contains(lower, "mirror") || strings.Contains(lower, "зеркал"):
			speaks = 12
		case speaks > 0 && strings.TrimSpace(line) != "" && !onions.MatchString(line):
			speaks = 0
		default:
			speaks--
		}
		if speaks <= 0 {
			continue
		}
		for _, host := range onions.FindAllString(lower, 20) {
			if len(found) < 50 && !s.own(host) && !slices.Contains(found, host) && checkOnion(host) == nil {
				found = append(found, host)
			}
		}
	}
	return found
}

// plain is a text in which the site's addresses are all the same, so that the same page of two
// mirrors is one.
func (s *site) plain(text string) string {
	for _, m := range s.mirrors {
		_, host, _ := strings.Cut(m, "://")
		text = strings.ReplaceAll(text, host, "")
	}
	return text
}

var errBinary = errors.New("what is there is no text, whatever it says it is")
