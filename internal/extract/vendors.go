package extract

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/portent-cti/portent/internal/intel"
)

// marketed reports whether the name of a vendor, or a product's without its vendor,
// from word i to end is told of for what it makes or for a flaw in that: "Fortinet
// FortiGate", "Cisco routers", "flaws in Ivanti". Who employs, reports or is attacked
// is no vendor there.
func (s *search) marketed(p *phrase, i, end int) bool {
	const most = 4 // others in a list
	s.steps += 2 * sentenceReach
	if s.hyphened(i) || everyday(p.exact) && s.begins(i) && !s.makes(p, end) && !s.patches(end) {
		return false
	}
	if s.flawIn(p, i) || s.versioned(p, end) || s.makes(p, end) || s.sells(p, end) || s.patches(end) || s.soldBeside(i, end) {
		return true
	}
	for range most {
		if end = s.vendorNext(end); end < 0 {
			return false
		}
		if s.makes(p, end) || s.sells(p, end) {
			return true
		}
	}
	return false
}

// everyday reports whether the name of a vendor is a word with which sentences begin.
func everyday(name string) bool {
	switch name {
	case "Nice", "Progress", "Quest", "Arm", "Meta", "Elastic", "Versa", "Rails", "Apple", "Git", "Intel", "Plex", "Veritas", "Oracle", "Checkbox", "Docker", "Sudo":
		return true
	}
	return false
}

// flaw reports whether word n is one for flaws.
func (s *search) flaw(n int) bool {
	if s.roles[s.words[n].hash]&ofFlaw != 0 {
		return n+1 == len(s.words) || !strings.EqualFold(s.word(n+1), "bounty")
	}
	return (s.word(n) == "zero" || s.word(n) == "Zero") && n+1 < len(s.words) && (s.word(n+1) == "day" || s.word(n+1) == "days")
}

// flawIn reports whether what stands before word i, a name, is a flaw of it, or says
// that it has one.
func (s *search) flawIn(p *phrase, i int) bool {
	if i == 0 || !s.close(i) || s.ends(i) {
		return false
	}
	switch strings.ToLower(s.word(i - 1)) {
	case "exploiting", "exploited", "unpatched", "vulnerable", "outdated":
		return true
	case "in", "on", "of", "for", "against", "affecting", "impacting", "targeting", "bei", "von", "en", "de", "del", "dans", "chez", "do", "da", "em", "di", "nel", "в", "у", "на", "від", "في":
	default:
		return !p.common && s.flaw(i-1)
	}
	const far = 4
	for n := i - 2; n >= max(0, i-2-far) && !s.ends(n+1); n-- {
		if s.flaw(n) {
			return true
		}
	}
	return false
}

// versioned reports whether the number of a version stands behind a product that ends
// before word end: "ScreenConnect 23.9.7".
func (s *search) versioned(p *phrase, end int) bool {
	if p.entity.Kind != intel.Product || end >= len(s.words) || !s.blank(end) {
		return false
	}
	to := int(s.words[end].to)
	w := strings.TrimLeft(s.word(end), "vV")
	return w != "" && allDigits(w) && to+1 < len(s.text) && s.text[to] == '.' && isDigit(s.text[to+1])
}

// makes reports whether a word that only products are called by stands behind a vendor
// that ends before word end: "Progress MOVEit".
func (s *search) makes(p *phrase, end int) bool {
	if p.entity.Kind != intel.Vendor || end >= len(s.words) || !s.blank(end) || !s.capital(end) {
		return false
	}
	w := s.word(end)
	switch w {
	case "GitHub", "LinkedIn", "YouTube", "DeepMind", "OpenAI", "McAfee", "CrowdStrike":
		return false // companies
	}
	small, coined := false, false
	for n, r := range w {
		coined = coined || small && unicode.IsUpper(r) || n > 1 && unicode.IsLower(r) && shouted(w[:n]) // MOVEit
		small = small || unicode.IsLower(r)
	}
	if coined || !shouted(w) || len(w) < 3 {
		return coined
	}
	return s.sells(p, end+1) || end+1 < len(s.words) && s.blank(end+1) && isDigit(s.word(end + 1)[0])
}

// sells reports whether a word for wares or flaws stands behind a name that ends before
// word end, with words of a product's name between: "Cisco Small Business routers".
func (s *search) sells(p *phrase, end int) bool {
	const most = 3 // words between
	for n, last := s.own(end), end+most; n < min(len(s.words), last+1) && s.blank(n); n++ {
		switch w := s.word(n); {
		case s.flaw(n):
			return isLower(w) || shouted(w) || s.headline(n)
		case wares(strings.ToLower(w)):
			return isLower(w) || s.headline(n)
		case !p.common && goods(w):
			return true
		case !s.capital(n):
			if signs(w) {
				return s.flawInSigns(n)
			}
			return false
		}
		if _, known := s.first.of(s.words[n].hash); known && n > end && s.vendor(n) > 0 {
			return false
		}
	}
	return end < len(s.words) && s.flawInSigns(end)
}

// flawInSigns reports whether a script without blanks has a word for flaws at word n.
func (s *search) flawInSigns(n int) bool {
	if r, _ := utf8.DecodeRuneInString(s.text[s.words[n].from:]); !isHan(r) {
		return false
	}
	rest := s.text[s.words[n].from:min(len(s.text), int(s.words[n].from)+36)]
	for _, w := range s.flaws {
		if strings.Contains(rest, w) {
			return true
		}
	}
	return false
}

// wares reports whether a word is for what only vendors of it sell.
func wares(word string) bool {
	switch word {
	case "appliance", "appliances", "firewall", "firewalls", "router", "routers", "gateway", "gateways", "vpn", "vpns", "switch", "switches", "nas", "hypervisor", "hypervisors", "modem", "modems", "firmware":
		return true
	}
	return false
}

// goods reports whether a word is for what vendors sell, and others have.
func goods(word string) bool {
	switch word {
	case "device", "devices", "server", "servers", "product", "products", "instance", "instances", "software", "equipment", "camera", "cameras", "controllers", "installations", "systems":
		return true
	}
	return false
}

// patches reports whether what stands behind a vendor that ends before word n says
// that it mended a flaw.
func (s *search) patches(n int) bool {
	if n < len(s.words) && s.blank(n) && (s.word(n) == "has" || s.word(n) == "have") {
		n++
	}
	if n >= len(s.words) || !s.blank(n) {
		return false
	}
	switch s.word(n) {
	case "patched", "patches", "fixed", "fixes", "released", "releases":
	default:
		return false
	}
	for n, last := n+1, n+8; n < min(len(s.words), last) && !s.ends(n); n++ {
		if s.flaw(n) {
			return true
		}
	}
	return false
}

// soldBeside reports whether a name from word i to end goes on a list of vendors and
// products, which others follow or with which a clause ends.
func (s *search) soldBeside(i, end int) bool {
	to := s.comesAfter(i)
	if to < 0 || len(s.out) == 0 || end < len(s.words) && s.blank(end) && s.comesNext(end) < 0 {
		return false
	}
	if !conjunction(s.word(i-1)) && s.comesNext(end) < 0 {
		return false
	}
	last := s.out[len(s.out)-1]
	return (last.Entity.Kind == intel.Vendor || last.Entity.Kind == intel.Product) && last.Offset+last.Length == int(s.words[to].to)
}

// vendorNext returns where the vendor ends that stands in a list behind the word
// before end, -1 if none does.
func (s *search) vendorNext(end int) int {
	from := s.comesNext(end)
	if from < 0 {
		return -1
	}
	n := s.vendor(from)
	if n == 0 {
		return -1
	}
	return from + n
}

// vendor returns how many words of a vendor's name begin at word i.
func (s *search) vendor(i int) int {
	if !s.capital(i) {
		return 0
	}
	return s.nameOf(intel.Vendor, i)
}
